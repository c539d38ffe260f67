#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Who must not get in does not: keys, replays, strangers' files and directories (docs/security.md).

load ../lib/cluster

setup_file() {
  world_make
  export IPKIT_KERNEL=sh
  cluster_start 1
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  SECURITY=$IPYTHONDIR/profile_default/security
  FILE=$SECURITY/ipcontroller-client.json
}

ask() { run --separate-stderr run_limited 30 "$@"; }
intruder() { ask "$IPKIT_PYTHON" "$BATS_TEST_DIRNAME/intruder.py" "$@"; }
logs() { cat "$IPYTHONDIR"/profile_"${1:-default}"/log/ipcontroller-*.log; }
only_root() { [[ $(id -u) == 0 ]] || skip "only root can give files to somebody else"; }
# refused WORDS…: status 77, and standard error has all of these.
refused() {
  local word
  assert_status 77
  for word; do assert_stderr --partial "$word"; done
}
# copy_of NAME: a profile with the files of the cluster.
copy_of() {
  rm -rf "$IPYTHONDIR/profile_$1"
  mkdir -p "$IPYTHONDIR/profile_$1"
  cp -a "$SECURITY" "$IPYTHONDIR/profile_$1/"
}
# controller NAME OPTION…: one of its own, without engines; end it with controller_end.
controller() {
  local name=$1
  shift
  in_background "$WORLD/$name.log" "$IPKIT_BUILD/bin/ipcontroller" --profile="$name" "$@" \
    >"$WORLD/controller-$name.pid"
  wait_until 20 "READY of $name" grep -q '^READY' "$WORLD/$name.log"
}
controller_end() {
  local pid
  pid=$(<"$WORLD/controller-$1.pid")
  kill "${2:--TERM}" "$pid"
  wait_until 20 "the end of $1" not_there "$pid"
  : >"$WORLD/$1.log"
}
# nowhere GREP-ARGUMENT…: grep finds nothing.
nowhere() { if grep -sF "$@"; then fail "found: ${*: -2}"; fi; }
not_there() { ! kill -0 "$1" 2>/dev/null; }
fact() { jq -r ".$2 // \"\"" "$IPYTHONDIR/profile_$1/security/ipcontroller-${3:-client}.json"; }

# -- keys

@test "a wrong key, and none: silence on the wire, a word for people, the peer in the log" {
  intruder key "$FILE" guessed
  assert_output silence
  intruder key "$FILE" ""
  assert_output silence
  intruder key "$FILE" "$(jq -r .key "$FILE")"
  assert_output connection_reply
  run logs
  assert_line --regexp "hub: message with a wrong signature dropped, from 127.0.0.1 \([0-9a-f]+\)"
  local key
  for key in wrong ""; do
    copy_of other
    jq --arg key "$key" '.key = $key' "$FILE" >"$IPYTHONDIR/profile_other/security/new"
    chmod 600 "$IPYTHONDIR/profile_other/security/new"
    mv "$IPYTHONDIR/profile_other/security/new" \
      "$IPYTHONDIR/profile_other/security/ipcontroller-client.json"
    ask ipexec --profile=other true
    refused "wrong key"
  done
}

@test "an engine with a wrong key does not register" {
  jq '.key = "wrong"' "$SECURITY/ipcontroller-engine.json" >engine.json
  chmod 600 engine.json
  ask ipengine --file=engine.json --timeout=3s
  [[ $status != 0 ]]
  ask ipls -q
  assert_output 0
}

@test "a flood of wrong signatures: a few lines, that peer is not heard, others are" {
  local before
  before=$(logs | wc -l)
  intruder flood "$FILE" 500
  assert_line "the same: silence"
  assert_line "another: connection_reply"
  run logs
  assert_line --regexp "hub: 20 wrong signatures: for 10 s nothing is taken from 127.0.0.1 \("
  (($(logs | wc -l) - before < 10))
}

@test "who asks again gets the same answer, somebody else nothing, and nothing is done twice" {
  intruder again "$FILE" "echo ran >> $PWD/again"
  assert_status 0
  assert_line "mux: execute_reply execute_reply silence"
  assert_line "task: execute_reply execute_reply silence"
  assert_equal "$(<again)" $'ran\nran'
}

@test "a stranger under an engine's name gets nothing: the name is taken" {
  local uuid
  uuid=$(ipls -l --json | jq -r 'select(.engine == 0).uuid')
  mkfifo held
  in_background "$PWD/name" bash -c 'exec "$0" "$@" <held' "$IPKIT_PYTHON" \
    "$BATS_TEST_DIRNAME/intruder.py" name "$SECURITY/ipcontroller-engine.json" "$uuid" >stranger
  exec 8>held
  wait_until 20 "the stranger" grep -q there name
  ask bash -c "seq 200 | ipmap --sh 'echo {}'" 8>&-
  assert_status 0
  assert_output "$(seq 200)"
  exec 8>&-
  wait_until 20 "its end" bash -c '! kill -0 "$0" 2>/dev/null' "$(<stranger)"
}

@test "what was heard on the wire and is sent again is not done again, on any channel" {
  intruder replay "$FILE" "echo ran >> $PWD/ran"
  assert_status 0
  assert_line "hub: connection_reply silence connection_reply"
  assert_line "mux: execute_reply execute_reply"
  assert_line "task: execute_reply execute_reply"
  assert_line "broadcast: execute_reply execute_reply"
  assert_equal "$(<ran)" $'ran\nran\nran'
  run logs
  assert_line --partial "hub: message seen before dropped (replay), from 127.0.0.1"
  assert_line --partial "task channel: a task with an id there was before dropped, from 127.0.0.1"
  assert_line --partial "broadcast channel: message seen before dropped (replay), from 127.0.0.1"
  ask ipls
  assert_status 0
}

@test "keys are in no command line, no log, and no file that others can read" {
  : >list
  controller secret --ip='*' --authorized-keys="$PWD/list"
  local keys key pid file
  keys="$(jq -r .key "$FILE") $(<"$IPYTHONDIR/profile_secret/security/ipcontroller.curve") \
    $(fact secret ipkit.curve_secretkey) $(fact secret ipkit.curve_secretkey engine)"
  (($(wc -w <<<"$keys") == 4))
  for key in $keys; do
    for pid in /proc/[0-9]*; do
      nowhere -q -- "$key" "$pid/cmdline"
    done
    nowhere -r -- "$key" "$IPYTHONDIR"/profile_*/log "$WORLD"/*.log
    while read -r file; do
      assert_equal "$(stat -c %a "$file") $file" "600 $file"
    done < <(grep -rlF -- "$key" "$IPYTHONDIR" "$HOME" "$TMPDIR")
  done
  controller_end secret
}

@test "a key on the command line is worth a warning" {
  controller loud --Session.key=known
  grep -qF -- "--Session.key: every user of this machine can read that key" "$WORLD/loud.log"
  nowhere known "$WORLD/loud.log"
  controller_end loud
}

# -- CURVE

@test "who listens beyond this machine encrypts, unless told not to; a restart keeps the key" {
  local key
  controller net --ip='*'
  key=$(fact net curve_serverkey)
  assert_equal "${#key} $(fact net key)" "40 "
  ask ipls -q --profile=net
  assert_status 0
  controller_end net -KILL
  controller net --ip='*' --reuse
  assert_equal "$(fact net curve_serverkey)" "$key"
  controller_end net
  controller net --ip='*' --no-curve
  assert_equal "$(fact net curve_serverkey)" ""
  [[ -n $(fact net key) ]]
  controller_end net
  controller net
  assert_equal "$(fact net curve_serverkey)" ""
  controller_end net
}

@test "a list of keys: the files' own get in, a stranger's does not, and the list can change" {
  : >list
  controller club --authorized-keys="$PWD/list"
  in_background "$WORLD/engine-club.log" "$IPKIT_BUILD/bin/ipengine" --profile=club --kernel=sh \
    >"$WORLD/engine-club.pid"
  wait_until 30 "its engine" bash -c '[[ $(ipls -q --profile=club 2>/dev/null) == 0 ]]'
  ask ipexec --profile=club 'echo hello'
  assert_output hello
  copy_of guest
  jq 'del(.ipkit.curve_publickey, .ipkit.curve_secretkey)' \
    "$IPYTHONDIR/profile_club/security/ipcontroller-client.json" \
    >"$IPYTHONDIR/profile_guest/security/ipcontroller-client.json"
  ask ipls -q --profile=guest
  refused "encryption keys"
  grep -qE "refused: the key .{40} from .* is not in .*/list" "$WORLD/club.log"
  echo "$(ipprofile key guest) a guest" >>list
  assert_equal "$(stat -c %a "$IPYTHONDIR/profile_guest/security/curve.key")" 600
  ask ipls -q --profile=guest
  assert_output 0
  chmod 644 "$IPYTHONDIR/profile_guest/security/curve.key"
  ask ipls -q --profile=guest
  refused curve.key "chmod 600"
  chmod 600 "$IPYTHONDIR/profile_guest/security/curve.key"
  echo "# nobody" >list
  ask ipls -q --profile=guest
  refused "encryption keys"
  kill "$(<"$WORLD/engine-club.pid")"
  controller_end club
}

@test "a list that is none, or that others can write" {
  echo "too short" >list
  ask ipcontroller --profile=club --authorized-keys=list
  assert_status 65
  assert_stderr --partial "list:1: 'too' is no public key"
  : >list
  chmod 666 list
  ask ipcontroller --profile=club --authorized-keys=list
  refused "can be written by others" "chmod go-w"
}

# -- files

@test "a file with a key that others can read is refused, by whoever reads it" {
  copy_of open
  chmod 644 "$IPYTHONDIR"/profile_open/security/*.json
  ask ipexec --profile=open true
  refused ipcontroller-client.json "chmod 600"
  ask ipengine --profile=open --timeout=3s
  refused ipcontroller-engine.json "chmod 600"
  echo secret >key
  chmod 640 key
  ask ipcontroller --profile=new --keyfile=key
  refused "key can be read or written by others" "chmod 600"
  chmod 600 key
  controller new --keyfile=key
  assert_equal "$(fact new key)" secret
  controller_end new
}

@test "somebody else's connection file is refused" {
  only_root
  copy_of theirs
  chown nobody "$IPYTHONDIR/profile_theirs/security/ipcontroller-client.json"
  ask ipexec --profile=theirs true
  refused "belongs to nobody"
  IPKIT_TRUST=daemon,nobody ask ipexec --profile=theirs true
  assert_status 0
}

@test "a stranger cannot read our files, and his own process does not get in" {
  only_root
  ask setpriv --reuid=nobody --regid=nogroup --clear-groups cat "$FILE"
  assert_status 1
  # What can be guessed of it, or seen in /proc/net: everything but the key.
  local place
  place=$(mktemp -d /tmp/ipkit-stranger-XXXXXX)
  jq '.key = "guessed"' "$FILE" >"$place/file.json"
  chown -R nobody "$place"
  chmod 600 "$place/file.json"
  ask setpriv --reuid=nobody --regid=nogroup --clear-groups \
    env HOME="$place" IPKIT_CONNECTION="$place/file.json" "$IPKIT_BUILD/bin/ipls" -q
  rm -r "$place"
  refused "wrong key"
  assert_output ""
  run logs
  assert_line --regexp "wrong signature dropped, from process [0-9]+ of user $(id -u nobody) \("
}

@test "a profile that is a link into a stranger's directory is refused" {
  only_root
  mkdir -p theirs
  cp -a "$IPYTHONDIR/profile_default" theirs/profile
  chown -R nobody theirs
  rm -rf "$IPYTHONDIR/profile_link"
  ln -s "$PWD/theirs/profile" "$IPYTHONDIR/profile_link"
  ask ipexec --profile=link true
  refused "belongs to nobody"
  ask ipcontroller --profile=link
  refused "profile_link belongs to nobody"
  ask ipcluster start --profile=link -n 1 --daemonize
  refused "profile_link belongs to nobody"
  ask ipprofile check link
  refused "profile_link belongs to nobody"
  # Ours, but where a stranger can put another in its place.
  chown -R root theirs/profile
  ask ipcontroller --profile=link
  refused "is in a directory of nobody"
  rm "$IPYTHONDIR/profile_link"
}

@test "profiles that others can write are refused: the directory, its settings" {
  local what
  copy_of shared
  echo 'engines: {n: 1}' >"$IPYTHONDIR/profile_shared/ipkit.yaml"
  for what in "" /ipkit.yaml; do
    chmod go+w "$IPYTHONDIR/profile_shared$what"
    ask ipcluster start --profile=shared --daemonize
    refused "profile_shared$what can be written by others" "chmod go-w"
    ask ipprofile check shared
    refused "profile_shared$what can be written by others"
    chmod go-w "$IPYTHONDIR/profile_shared$what"
  done
  chmod o+w "$IPYTHONDIR/profile_shared"
  ask ipcontroller --profile=shared
  refused "profile_shared can be written by others"
  chmod o-w "$IPYTHONDIR/profile_shared"
  echo "c.IPController.ip = '*'" >"$IPYTHONDIR/profile_shared/ipcontroller_config.py"
  chmod 666 "$IPYTHONDIR/profile_shared/ipcontroller_config.py"
  ask ipcontroller --profile=shared
  refused "ipcontroller_config.py can be written by others"
}

@test "plugins where others can write are not run" {
  mkdir -p plugins
  printf '#!/bin/sh\ntouch %s/ran\n' "$PWD" >plugins/ipkit-launch-mine
  cp plugins/ipkit-launch-mine plugins/ipkit-kernel-mine
  chmod 755 plugins/*
  chmod 777 plugins
  IPKIT_LAUNCHER_PATH=$PWD/plugins ask ipcluster start --profile=p --engines=mine -n 1 --daemonize
  refused ipkit-launch-mine "written by others"
  IPKIT_KERNEL_PATH=$PWD/plugins ask ipexec --serial --kernel=mine true
  [[ $status != 0 && ! -e ran ]]
}

# -- what is worth a warning

@test "doctor: what lets others in" {
  ask ipcluster doctor
  assert_line --regexp "^ok +safety +messages are signed"
  controller unsafe --ip='*' --no-curve --no-secure
  chmod 644 "$IPYTHONDIR/profile_unsafe/tasks.db"
  mkdir -p plugins
  chmod 777 plugins
  IPKIT_LAUNCHER_PATH=$PWD/plugins ask ipcluster doctor --profile=unsafe
  assert_line --regexp "^warn +safety +messages are neither signed nor encrypted: .*--no-secure"
  assert_line --regexp "^warn +safety +open to the network without CURVE: .*--no-curve"
  assert_line --regexp "^warn +safety +.*tasks.db holds code and results.*chmod go="
  assert_line --regexp "^warn +safety +.*plugins can be written by others"
  controller_end unsafe
}
