#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipprofile: what there is, what it says, where from.

load ../lib/cluster

setup() {
  world_make
  world_enter
}

profile() { run --separate-stderr run_limited 10 ipprofile "$@"; }

@test "create makes a file with every key, and prints its path" {
  profile create lab
  assert_status 0
  assert_output "$IPYTHONDIR/profile_lab/ipkit.yaml"
  [[ $(stat -c %a "$IPYTHONDIR/profile_lab/security") == 700 ]]
  profile check lab
  assert_status 0
  assert_output ""
  # Every key that show knows is in it, or in the profile of its launcher.
  local key file
  while read -r key _; do
    file=$IPYTHONDIR/profile_lab/ipkit.yaml
    if [[ $key == batch.* ]]; then file=$ROOT/profiles/; fi
    if [[ $key == @(ssh|mpi|winhpc).* ]]; then file=$ROOT/profiles/${key%%.*}.yaml; fi
    grep -rqE "^ *${key##*.}:" "$file" || fail "no $key in $file"
  done < <(ipprofile show --all lab)
  profile create lab
  assert_status 73
  assert_stderr --partial "is there already"
}

@test "create --launcher sets it; one that does not exist is refused" {
  mkdir launchers
  printf '#!/bin/sh\n' >launchers/ipkit-launch-mine
  chmod 755 launchers launchers/ipkit-launch-mine
  export IPKIT_LAUNCHER_PATH=$PWD/launchers
  profile create --launcher=mine lab
  assert_status 0
  profile show lab
  assert_output --regexp "^launcher +mine +.*/profile_lab/ipkit.yaml:[0-9]+"
  profile create other --launcher slrum
  assert_status 64
  assert_stderr --partial "no launcher 'slrum'"
  [[ ! -e $IPYTHONDIR/profile_other ]]
  # What is gone later, or can be changed by others, is found out.
  chmod 777 launchers
  profile check lab
  assert_status 77
  rm -r launchers
  profile check lab
  assert_status 78
  assert_stderr --regexp "profile_lab/ipkit.yaml:[0-9]+: no launcher 'mine'"
}

@test "create --launcher: each profile asks nothing, explains itself and loads" {
  local file kind
  for file in "$ROOT"/profiles/*.yaml; do
    kind=$(basename "$file" .yaml)
    if [[ $kind == default ]]; then continue; fi
    profile create "my$kind" --launcher "$kind"
    assert_status 0
    assert_output "$IPYTHONDIR/profile_my$kind/ipkit.yaml"
    cmp "$output" "$file"
    profile check "my$kind"
    assert_status 0
    profile show "my$kind"
    assert_output --regexp "^launcher +$kind +.*/profile_my$kind/ipkit.yaml:[0-9]+"
    # How to begin, what must be there, and a word on each key that has no keys below it.
    grep -q "^#     ipcluster start --profile=NAME" "$file" || fail "$file: no command to try"
    grep -q "^# Needed: " "$file" || fail "$file: not a word on what is needed"
    # Those of batch.controller are explained above it.
    run awk '/^  controller:/ {below = 1} /^[a-z]/ {below = 0}
      /^ +[a-z_]+:( |$)/ && !/#/ && !below {print FILENAME ": " $0}' "$file"
    assert_output ""
  done
}

@test "show: what counts, and where each value comes from" {
  mkdir -p "$IPYTHONDIR/profile_lab"
  printf 'engines:\n  n: 3\n  args: [--nice=5]\n  env: {A: b}\ngroups:\n  gpu: 0-1\n' \
    >"$IPYTHONDIR/profile_lab/ipkit.yaml"
  IPKIT_KERNEL="sh" profile show lab
  assert_status 0
  assert_line --regexp "^engines.n +3 +.*/ipkit.yaml:2$"
  assert_line --regexp "^engines.kernel +sh +.IPKIT_KERNEL$"
  assert_line --regexp "^timeouts.start +60s +built-in$"
  [[ $output != *controller.ip* ]]
  profile show --all --profile=lab
  assert_line --regexp "^controller.ip +- +address to listen on$"
  profile show lab --json
  assert_equal "$(jq -r 'select(.key == "engines.n").value' <<<"$output")" 3
  assert_equal "$(jq -r 'select(.key == "engines.env").value.A' <<<"$output")" b
  assert_equal "$(jq -r 'select(.key == "engines.args").value[0]' <<<"$output")" --nice=5
  assert_equal "$(jq -r 'select(.key == "groups").value.gpu[0]' <<<"$output")" 0-1
}

@test "list: the default one, and those that have a directory" {
  profile list
  assert_output default
  mkdir -p "$IPYTHONDIR/profile_lab/security"
  echo '{}' >"$IPYTHONDIR/profile_lab/security/ipcontroller-2-client.json"
  profile list
  assert_output $'default\nlab'
  profile list -l
  assert_line --regexp "^lab +1 +-$"
  profile list --json
  assert_equal "$(jq -r 'select(.profile == "lab").clusters' <<<"$output")" 1
}

@test "locate: the directory; --profile-dir names one" {
  mkdir -p "$IPYTHONDIR/profile_lab" here
  profile locate lab
  assert_output "$IPYTHONDIR/profile_lab"
  profile locate --profile-dir=here
  assert_output "$PWD/here"
  IPKIT_PROFILE=lab profile locate
  assert_output "$IPYTHONDIR/profile_lab"
}

@test "check: the line that is wrong; files that others can write" {
  mkdir -p "$IPYTHONDIR/profile_lab"
  local file=$IPYTHONDIR/profile_lab/ipkit.yaml
  printf 'engines:\n  nn: 3\n' >"$file"
  profile check lab
  assert_status 78
  assert_stderr --partial "ipkit.yaml:2: unknown key 'nn'"
  echo 'engines: {n: three}' >"$file"
  profile check lab
  assert_status 78
  assert_stderr --partial "'engines.n' must be a whole number"
  echo 'engines: {n: 3}' >"$file"
  chmod 666 "$file"
  profile check lab
  assert_status 77
  assert_stderr --partial "can be written by others; chmod go-w"
  chmod 600 "$file"
  mkdir -m 755 "$IPYTHONDIR/profile_lab/security"
  profile check lab
  assert_status 77
  assert_stderr --partial "security is open to others"
}

@test "mistakes" {
  profile
  assert_status 64
  assert_stderr --partial "no verb given; one of: list, show, locate, check, create"
  profile lst
  assert_status 64
  assert_stderr --partial "did you mean 'list'?"
  profile show nope
  assert_status 66
  assert_stderr --partial "no profile 'nope'; ipprofile list"
  profile show a b
  assert_status 64
  profile show a --profile=b
  assert_status 64
  assert_stderr --partial "two profiles are named"
  profile create
  assert_status 64
  profile list lab
  assert_status 64
  profile locate a/b
  assert_status 64
}
