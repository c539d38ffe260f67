#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The ssh launcher, with real sshd on three loopback addresses as hosts.

load ../lib/cluster
load ../lib/sshd

setup_file() {
  world_make
  sshd_make
  sshd_start 2 3 4
}
teardown_file() {
  sshd_stop
  assert_world_empty
}
setup() {
  world_enter
  PROFILE=$IPYTHONDIR/profile_$BATS_TEST_NUMBER
  RECORD=$PROFILE/pid/ipcluster.ssh.launched
  LAUNCH=$IPKIT_BUILD/libexec/ipkit/ipkit-launch-ssh
  export IPKIT_PROFILE=$BATS_TEST_NUMBER IPKIT_KERNEL=sh
  mkdir -p "$PROFILE/pid"
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || tail -n 20 "$PROFILE"/log/* || true
  run_limited 40 ipcluster stop >/dev/null 2>&1 || true
  wait_until 20 "the end of all engines" no_ipkit_left || kill_marked IPKIT_TEST_WORLD "$WORLD"
}

ask() { run --separate-stderr run_limited 60 "$@"; }
# settings HOSTS [LINE…]: the profile, with more lines for its section ssh.
settings() {
  printf '%s\n' "launcher: ssh" "timeouts: {start: 20s}" "ssh:" "  hosts: $1" \
    "  config: $SSH/config" "${@:2}" >"$PROFILE/ipkit.yaml"
}
# Controllers, engines, kernels and launchers of this world; sshd is none of them.
ipkit_pids() {
  local all
  all=$(marked IPKIT_TEST_WORLD "$WORLD")
  if [[ -z $all ]]; then return; fi
  ps -o pid=,comm= -p "${all//$'\n'/,}" | sed -n '/ sshd/!s/^ *\([0-9]*\) .*/\1/p'
}
one_left() { [[ $(ipkit_pids) =~ ^[0-9]+$ ]]; }
none_seen() { [[ -z $(ipkit_pids) ]]; }
no_ipkit_left() { [[ -z $(ipkit_pids) ]] && sleep 0.1 && [[ -z $(ipkit_pids) ]]; }
started() {
  ask ipcluster start --daemonize "$@"
  assert_status 0
}
stopped() {
  ask ipcluster stop
  assert_status 0
  # The second look is teardown's.
  wait_until 20 "" none_seen || fail "left: $(ps -o pid=,args= -p "$(ipkit_pids | paste -sd,)")"
  [[ ! -e $RECORD ]] || fail "$(cat "$RECORD")"
  assert_equal "$(ls "$PROFILE/pid")" ""
}
# launch VERB [LINE…]: the launcher itself, about what is on record in RECORD.
launch() { printf '%s\n' "record: $RECORD" "${@:2}" | run_limited 40 "$LAUNCH" "$1"; }
# ask_for HOSTS COUNT: a request for so many `sleep 60`.
ask_for() {
  printf '%s\n' "record: $RECORD" "role: engine" "count: $2" \
    "program: $IPKIT_BUILD/bin/ipengine" "profile_dir: $PROFILE" "directory: $PWD" \
    "settings: {hosts: '$1', config: $SSH/config, prologue: exec sleep 60}"
}
sleepers() { run_limited 40 "$LAUNCH" start < <(ask_for "$@"); }

@test "a cluster on three hosts does the main job, and nothing is left of it" {
  settings 'node[2-3]:2 node4'
  export IPKIT_KERNEL=python
  started
  assert_output --partial "5 engines ready (0-4)"
  ask bash -c "seq 64 | ipscatter x | ipexec 'y = [int(v)**10 for v in x]' | ipgather y"
  assert_status 0
  assert_equal "$output" "$(seq 64 | "$IPKIT_PYTHON" -c 'import sys
for v in sys.stdin: print(int(v) ** 10)')"
  ask bash -c "ipexec -p 'import os; os.environ[\"IPKIT_TEST_NODE\"]' | sort | uniq -c | xargs"
  assert_output "2 node2 2 node3 1 node4"
  assert_equal "$(stat -c %a "$RECORD")" 600
  stopped
}

@test "nothing shared: directories made with 0700, connection by the channel, prologue, variables" {
  settings node2 "  profile_dir: ~/there/profile_x" "  prologue: |" "    GREETING=hello" \
    "    export GREETING" "engines: {n: 2, env: {OTHER: 'a \"b\" \$c'}}"
  rm -rf "$HOME/there"
  started
  ask ipexec --sh 'echo "$GREETING $OTHER"'
  assert_output $'hello a "b" $c\nhello a "b" $c'
  run stat -c %a "$HOME"/there/profile_x{,/pid,/log,/security}
  assert_output $'700\n700\n700\n700'
  assert_equal "$(ls "$HOME/there/profile_x/security")" ""
  assert_equal "$(find "$HOME/there/profile_x/log" -name 'ipengine-*.log' | wc -l)" 2
  # The key is in no argument list.
  local key
  key=$(jq -r .key "$PROFILE/security/ipcontroller-engine.json")
  run --separate-stderr grep -l "$key" /proc/[0-9]*/cmdline
  assert_output ""
  stopped
  assert_equal "$(ls "$HOME/there/profile_x/pid")" ""
}

@test "the controller on a host, too: its files come here and go with it" {
  settings node3 "  controller: node4" "  profile_dir: ~/far" "controller: {launcher: ssh}"
  rm -rf "$HOME/far"
  started -n 2
  assert_equal "$(stat -c %a "$PROFILE"/security/*.json)" $'600\n600'
  assert_equal "$(jq -r .location "$PROFILE/security/ipcontroller-client.json")" \
    "$(jq -r .location "$HOME/far/security/ipcontroller-client.json")"
  ask ipexec --sh 'echo $IPKIT_TEST_NODE'
  assert_output $'node3\nnode3'
  stopped
  run find "$PROFILE/security" "$HOME/far/security" -name '*.json'
  assert_output ""
}

@test "a controller on a host that does not start: its own words" {
  settings node3 "  profile_dir: ~/far2" "controller: {launcher: ssh, ip: 192.0.2.77}"
  ask ipcluster start --daemonize -n 1
  assert_status 69
  assert_stderr --partial "node3: "
  assert_stderr --partial "192.0.2.77"
  wait_until 20 "the end of all" no_ipkit_left
}

@test "where: the counts of the hosts, then in proportion; engines are added and removed" {
  settings 'node2:2 node3'
  started -n 6
  ask bash -c "ipexec --sh 'echo \$IPKIT_TEST_NODE' | sort | uniq -c | xargs"
  assert_output "4 node2 2 node3"
  ask ipcluster engines -n 1 --hosts=node4
  assert_output --partial "1 engine ready (6)"
  ask ipcluster engines --remove=0-5
  assert_status 0
  ask ipexec --sh 'echo $IPKIT_TEST_NODE'
  assert_output node4
  stopped
}

@test "one of four hosts cannot be reached: 75 with the system's words, the others work" {
  settings 'node[2-5]'
  ask ipcluster start --daemonize
  assert_status 75
  assert_stderr --regexp "3 of 4 engines after .*missing: 3 \(node5: .*Connection refused"
  assert_stderr --partial "the others work"
  ask ipexec --sh 'echo $IPKIT_TEST_NODE'
  assert_equal "$(sort <<<"$output")" $'node2\nnode3\nnode4'
  stopped
  started --wait=3
  assert_output --partial "3 engines ready"
  stopped
}

@test "one of three engines ends at once: its last words come from its host" {
  settings 'node[2-4]' "  prologue: |" \
    '    if [ $IPKIT_TEST_NODE = node3 ]; then echo no licence here >&2; exit 3; fi'
  ask ipcluster start --daemonize
  assert_status 75
  assert_stderr --partial "2 of 3 engines after "
  assert_stderr --partial 'missing: 1 (it ended; last words: "no licence here / the prologue ended'
  assert_stderr --partial 'ended with exit status 3"'
  stopped
}

@test "one of three engines never comes, and one home is not shared: which, on what it waits" {
  settings 'node[2-4]' "  prologue: |" \
    '    if [ $IPKIT_TEST_NODE = node4 ]; then exec sleep 60; fi'
  ask ipcluster start --daemonize --timeout=2
  assert_status 75
  assert_stderr --regexp "2 of 3 engines after 2.*missing: 2 \(running but not registered; log: "
  stopped
  settings node2 "  profile_dir: ~/elsewhere" "  connection: file"
  ask ipcluster start --daemonize --timeout=1
  assert_status 75
  assert_stderr --partial "waiting for a controller: no file $HOME/elsewhere/security/ipcontroller-"
  stopped
}

@test "through another host: ProxyJump of the configuration, and what to do if that fails" {
  sed '1i Host behind\n  HostName 127.0.0.3\n  ProxyJump node2' "$SSH/config" >config
  settings behind
  sed -i "s|$SSH/config|$PWD/config|" "$PROFILE/ipkit.yaml"
  local before
  before=$(grep -c 'Accepted publickey' "$SSH/host2.log" || true)
  started
  assert_output --partial "1 engine ready"
  (($(grep -c 'Accepted publickey' "$SSH/host2.log") > before))
  ask ipexec --sh 'echo $IPKIT_TEST_NODE'
  assert_output node3
  stopped
  # The same in the usual place.
  mkdir -p "$HOME/.ssh"
  mv config "$HOME/.ssh/config"
  sed -i "/^  config:/d" "$PROFILE/ipkit.yaml"
  started
  stopped
  sed -i 's/ProxyJump node2/ProxyJump node5/' "$HOME/.ssh/config"
  ask ipcluster start --daemonize
  assert_status 69
  assert_stderr --partial "behind: "
  assert_stderr --partial "it is reached by ssh -o BatchMode=yes"
  assert_stderr --partial "see what that says: ssh -o BatchMode=yes -F $HOME/.ssh/config behind"
  rm "$HOME/.ssh/config"
}

@test "no host: unreachable 69, unknown 69, none named 78, a bad list" {
  settings node5
  ask ipcluster start --daemonize
  assert_status 69
  assert_stderr --partial "node5: "
  assert_stderr --partial "Connection refused"
  [[ ! -e $RECORD ]]
  settings no-such-host.invalid
  ask ipcluster start --daemonize
  assert_status 69
  assert_stderr --partial "no-such-host.invalid: "
  settings ""
  ask ipcluster start --daemonize
  assert_status 78
  assert_stderr --partial "ssh.hosts is not set"
  ask ipcluster start --daemonize --hosts='node[2'
  assert_status 64
  assert_stderr --partial "'node[2' is not a host with a count"
  wait_until 20 "the end of all" no_ipkit_left
}

@test "another host key than the known one, and none known: 77 with host and file" {
  local right
  right="[127.0.0.2]:$SSH_PORT $(cut -d' ' -f1,2 "$SSH/host2.pub")"
  sed -i "/^.127.0.0.2.:/d" "$SSH/known_hosts"
  echo "[127.0.0.2]:$SSH_PORT $(cut -d' ' -f1,2 "$SSH/host3.pub")" >>"$SSH/known_hosts"
  settings node2
  ask ipcluster start --daemonize
  assert_status 77
  assert_stderr --partial "node2: its key is not the one in $SSH/known_hosts"
  assert_stderr --partial "SHA256:"
  assert_stderr --partial "ssh-keygen -f $SSH/known_hosts -R '[127.0.0.2]:$SSH_PORT'"
  sed -i "/^.127.0.0.2.:/d" "$SSH/known_hosts"
  # Nor does a configuration that would take any key change that.
  sed 's/^Host \*/&\n  StrictHostKeyChecking no/' "$SSH/config" >config
  sed -i "s|$SSH/config|$PWD/config|" "$PROFILE/ipkit.yaml"
  ask ipcluster start --daemonize
  assert_status 77
  assert_stderr --partial "[127.0.0.2]:$SSH_PORT is not in $SSH/known_hosts; its key is ssh-ed"
  echo "$right" >>"$SSH/known_hosts"
  started -n 1
  stopped
}

@test "a key that the host does not know: 77 in its words" {
  ssh-keygen -q -t ed25519 -N '' -f "$PWD/wrong"
  sed "s|IdentityFile .*|IdentityFile $PWD/wrong|" "$SSH/config" >config
  settings node2
  sed -i "s|$SSH/config|$PWD/config|" "$PROFILE/ipkit.yaml"
  SSH_AUTH_SOCK="" ask ipcluster start --daemonize
  assert_status 77
  assert_stderr --regexp "node2: Access denied.*publickey"
}

@test "no home there, no program there, no directory there: whose words" {
  touch "$HOME/file"
  settings node2 "  profile_dir: ~/file/profile"
  ask ipcluster start --daemonize
  assert_status 77
  assert_stderr --partial "node2: mkdir: "
  assert_stderr --partial "Not a directory"
  settings node2 "  bin: /nowhere/bin"
  ask ipcluster start --daemonize
  assert_status 66
  assert_stderr --partial "node2: no program /nowhere/bin/ipengine there"
  settings node2 "  directory: /nowhere"
  ask ipcluster start --daemonize
  assert_status 66
  assert_stderr --partial "node2: no directory /nowhere there"
  wait_until 20 "the end of all" no_ipkit_left
}

@test "the disk is full for the record: nothing is started" {
  unshare -rm true 2>/dev/null || skip "no user namespaces"
  # shellcheck disable=SC2016
  run --separate-stderr unshare -rm bash -c '
    mount -t tmpfs -o size=4k none "$1" && head -c 4096 /dev/zero >"$1/fill"
    printf "%s\n" "record: $1/r" "role: engine" "program: $2/bin/ipengine" "profile_dir: $3" \
      "directory: /" "settings: {hosts: node2, config: $4, prologue: exec sleep 60}" |
      "$2/libexec/ipkit/ipkit-launch-ssh" start' \
    - "$PROFILE/pid" "$IPKIT_BUILD" "$PROFILE" "$SSH/config"
  assert_status 70
  assert_stderr --partial "No space left on device"
  wait_until 20 "the end of all" no_ipkit_left
}

@test "the disk is full on a host: nothing runs there, whose disk it is" {
  mkdir "$HOME/full"
  mount -t tmpfs -o size=4k none "$HOME/full" || skip "no file systems can be mounted here"
  head -c 4096 /dev/zero >"$HOME/full/ballast"
  settings node2 "  profile_dir: ~/full/profile"
  ask ipcluster start --daemonize
  umount "$HOME/full"
  assert_status 70
  assert_stderr --partial "node2: ipkit-launch-local: "
  assert_stderr --partial "ipcluster.ssh-node2.remote: cannot write: No space left on device"
  no_ipkit_left
}

@test "ipcluster is killed: a new ipcluster stop ends everything on every host" {
  settings 'node[2-4]'
  started
  kill -9 "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  ask ipexec --sh 'echo alive'
  assert_equal "$(grep -c alive <<<"$output")" 3
  stopped
}

@test "the launcher is killed at any moment of a start: what runs is on record, stop ends it" {
  local delay at_once=()
  for delay in 0.1 0.16 0.22 0.28 0.34 0.4; do
    killed_after "$delay" &
    at_once+=($!)
  done
  for delay in "${at_once[@]}"; do wait "$delay"; done
  wait_until 10 "the end of all" no_ipkit_left
}
# killed_after SECS: a start is killed then, and what it did undone.
killed_after() {
  local pid RECORD=$PROFILE/pid/killed-$1.ssh.launched
  ask_for 'node[2-4]:2' 6 >"request-$1"
  "$LAUNCH" start <"request-$1" >/dev/null 2>&1 &
  pid=$!
  sleep "$1" # how far it has come is what varies
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" || true
  launch stop >/dev/null
}

@test "signal and status go by the id; the same pid with another start is left alone" {
  run sleepers 'node[2-3]' 2
  assert_status 0
  local ids pids other
  mapfile -t ids < <(sed -nE 's/.*- id: "(.*)"$/\1/p' <<<"$output")
  mapfile -t pids < <(sed -nE 's/^ +pid: ([0-9]+)$/\1/p' <<<"$output")
  assert_equal "${ids[0]%%/*} ${ids[1]%%/*}" "node2 node3"
  run launch signal "ids: ['${ids[0]}']" "signal: 9"
  assert_status 0
  wait_until 20 "its end" one_left
  run launch status
  assert_equal "$(grep -o 'state: .*' <<<"$output")" $'state: "ended"\nstate: "running"'
  # The record over there now means another process, which has the pid but began at another time.
  other=$(in_background /dev/null sleep 60)
  sed -i "s/pid: ${pids[1]},/pid: $other,/" "$PROFILE/pid/ipcluster.ssh-node3.remote"
  run launch stop
  assert_status 0
  kill -0 "$other" || fail "another process was killed"
  kill -0 "${pids[1]}"
  kill "$other" "${pids[1]}"
}

@test "a host that has gone: status says so, stop ends the rest and fails, later it succeeds" {
  run sleepers 'node[2-3]' 2
  assert_status 0
  sshd_stop 3
  run launch status
  assert_status 0
  assert_output --partial 'why: "not known: node3: '
  run --separate-stderr launch stop
  assert_status 69
  assert_stderr --partial "node3: "
  assert_stderr --partial "or remove $RECORD if the machine is gone for good"
  wait_until 20 "the end on node2" one_left
  sshd_start 3
  run launch stop
  assert_status 0
  wait_until 20 "the end of all" no_ipkit_left
  [[ ! -e $RECORD ]]
}

@test "engines end with their controller, also when nobody stops them; detached ones wait" {
  settings node2 "engines: {args: [--orphan-timeout=1s]}" "controller: {ping: 200}"
  started -n 1
  local pid
  kill -9 "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  kill -9 "$(jq .controller.pid "$PROFILE/pid/ipcluster.json")"
  wait_until 20 "the end of the engine" no_ipkit_left
  run ipcluster stop
  settings node2 "  detach: yes" "controller: {ping: 200}"
  started -n 1
  pid=$(jq '.engines[0].pid' "$PROFILE/pid/ipcluster.json")
  kill -9 "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  kill -9 "$(jq .controller.pid "$PROFILE/pid/ipcluster.json")"
  wait_until 20 "its remark" grep -q 'the engine stops in 3153' "$PROFILE/log/ipengine-$pid.log"
  kill -0 "$pid"
  stopped
}

@test "64 hosts, a login each, some at a time: every engine registers" {
  # One sshd plays them all.
  sed '1i Host far*\n  HostName 127.0.0.2' "$SSH/config" >config
  settings 'far[01-64]' "  fanout: 24"
  sed -i "s|$SSH/config|$PWD/config|" "$PROFILE/ipkit.yaml"
  started --timeout=90s
  assert_output --partial "64 engines ready (0-63)"
  stopped
}

@test "a start that was cut on its way starts nothing" {
  # What the launcher sends, without its end.
  printf '%s\n' "$IPKIT_BUILD/libexec/ipkit/ipkit-launch-local" start "record: $PROFILE/pid/r" \
    "role: engine" "program: /bin/sleep" "arguments: ['60']" >./cut.yaml
  local script
  script=$(tr '\0' '\n' <"$LAUNCH" | grep -a '^IFS= read -r launcher; IFS= read -r verb; document=')
  run ssh -F "$SSH/config" node2 "exec /bin/sh -c '$script'" <./cut.yaml
  assert_status 65
  assert_output --partial "the request was cut"
}

@test "--dry-run shows what each host would be asked, without a key and without a word to it" {
  settings 'node5:2 me@nowhere.invalid' "  profile_dir: ~/p"
  ask ipcluster start -n 3 --dry-run
  assert_status 0
  assert_line --partial "# ssh node5 $IPKIT_BUILD/libexec/ipkit/ipkit-launch-local start"
  assert_line --partial "# ssh me@nowhere.invalid "
  assert_line 'count: 2'
  assert_line '  - "--profile-dir=~/p"'
  [[ ! -e $RECORD ]]
}

@test "profile: create --launcher ssh explains itself, and is complete but for the hosts" {
  rm -r "$PROFILE"
  ask ipprofile create --launcher ssh "$IPKIT_PROFILE"
  assert_status 0
  ask ipprofile check "$IPKIT_PROFILE"
  assert_status 0
  ask ipcluster start
  assert_status 78
  assert_stderr --partial "ssh.hosts is not set"
  sed -i "s|^  config:|  config: $SSH/config|" "$PROFILE/ipkit.yaml"
  started --hosts=node[2-3]
  assert_output --partial "2 engines ready"
  stopped
}
