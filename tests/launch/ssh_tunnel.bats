#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Tunnels: clients and engines reach a controller through an ssh server, each in its own process.

load ../lib/cluster
load ../lib/sshd

setup() {
  world_make
  world_enter
  SSHD_LOG_LEVEL=DEBUG1
  sshd_make
  sshd_start 2 3
  export IPKIT_KERNEL=sh
  PROFILE=$IPYTHONDIR/profile_default
  mkdir -p "$HOME/.ssh" "$PROFILE"
  cp "$SSH/config" "$HOME/.ssh/config"
  # On one machine our programs would use local sockets.
  printf 'controller: {args: [--transport=tcp], location: elsewhere}\n' >"$PROFILE/ipkit.yaml"
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  if [[ -s $WORLD/engine-0.pid ]]; then kill "$(<"$WORLD/engine-0.pid")"; fi
  run_limited 30 ipcluster stop >/dev/null 2>&1 || true
  sshd_stop
  assert_world_empty
}

ask() { run --separate-stderr run_limited 60 "$@"; }
# forwarded N: how many connections host N has forwarded.
forwarded() { grep -c 'direct_tcpip: originator' "$SSH/host$1.log" || true; }

@test "clients by one server, engines by another, as the files say; large values arrive whole" {
  ask ipcluster start -n 2 --daemonize --ssh=node2 --enginessh=node3
  assert_status 0
  assert_output --partial "2 engines ready"
  (($(forwarded 2) >= 1)) && (($(forwarded 3) >= 8))
  head -c 6000000 /dev/urandom | base64 -w 0 >big
  ask bash -c 'ippush -t 0 big=@- <big && ipexec -t 0 --sh "printf %s \"\$big\"" | cmp - big'
  assert_status 0
  ask bash -c "seq 1000 | ipmap --sh 'echo {}' | sort -n | cmp - <(seq 1000)"
  assert_status 0
  # What clients opened has gone with them.
  ask ipcluster stop
  assert_status 0
}

@test "IPKIT_SSH and ipengine --ssh: whatever the file says" {
  ask ipcluster start -n 0 --daemonize
  assert_status 0
  IPKIT_SSH=node2 ask ipstat
  assert_status 0
  (($(forwarded 2) >= 1))
  in_background "$WORLD/engine-0.log" ipengine --ssh=node3 --sshkey="$SSH/key" \
    >"$WORLD/engine-0.pid"
  ask ipwait -n 1
  assert_status 0
  (($(forwarded 3) >= 4))
  ask ipexec --sh 'echo here'
  assert_output here
}

@test "no way there: the server's words, and its status" {
  ask ipcluster start -n 0 --daemonize
  assert_status 0
  IPKIT_SSH=node5 ask ipstat
  assert_status 69
  assert_stderr --partial "node5: "
  assert_stderr --partial "Connection refused"
  IPKIT_SSH=node5 ask ipengine
  assert_status 69
  assert_stderr --partial "node5: "
  sed -i "/^.127.0.0.2.:/d" "$SSH/known_hosts"
  echo "[127.0.0.2]:$SSH_PORT $(cut -d' ' -f1,2 "$SSH/host3.pub")" >>"$SSH/known_hosts"
  IPKIT_SSH=node2 ask ipstat
  assert_status 77
  assert_stderr --partial "node2: its key is not the one in $SSH/known_hosts"
}

@test "the ssh server goes away and comes back: engines and their names are still there" {
  ask ipcluster start -n 2 --daemonize --enginessh=node3
  assert_status 0
  IPKIT_SSH=none ask ipexec --sh 'x=kept'
  assert_status 0
  local before session
  before=$(forwarded 3)
  # Both engines' logins, which are children of the listener.
  for session in $(pgrep -P "$(<"$SSH/host3.background")"); do kill "$session"; done
  more_forwarded() { (($(forwarded 3) > before + 8)); }
  wait_until 20 "new logins" more_forwarded
  IPKIT_SSH=none ask ipexec --timeout=20 --sh 'echo $x'
  assert_output $'kept\nkept'
}
