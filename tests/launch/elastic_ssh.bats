#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Engines that come with the tasks and go after them, on hosts reached by ssh, and in jobs of
# batch systems that are stood in for.

load ../lib/cluster
load ../lib/sshd

setup() {
  world_make
  world_enter
  export IPKIT_KERNEL=sh
  PROFILE=$IPYTHONDIR/profile_default
  mkdir -p "$PROFILE"
}
teardown() {
  [[ -n ${BATS_TEST_COMPLETED-} ]] || world_show_logs
  run_limited 40 ipcluster stop >/dev/null 2>&1 || true
  if [[ -n ${SSH-} ]]; then sshd_stop; fi
  assert_world_empty
}

ask() { run --separate-stderr run_limited 60 "$@"; }
engines_are() { [[ $(ipcluster status --json | jq '.engines | length') == "$1" ]]; }
# on_nodes: how many engines each host has.
on_nodes() {
  ask ipexec --sh 'echo $IPKIT_TEST_NODE'
  assert_status 0
  sort <<<"$output" | uniq -c | xargs
}

@test "ssh: places are dealt out by what runs, not by what ever ran" {
  sshd_make
  sshd_start 2 3 4
  printf '%s\n' "launcher: ssh" "ssh:" "  hosts: node[2-3]:2 node4" "  config: $SSH/config" \
    >"$PROFILE/ipkit.yaml"
  ask ipcluster start --daemonize
  assert_status 0
  local all here
  all=$(on_nodes)
  # Those of node2 go, and as many come.
  here=$(ipexec --json --sh 'echo $IPKIT_TEST_NODE' |
    jq -r 'select(.stdout == "node2\n" or .text == "node2\n") | .engine' | sort -u | paste -sd,)
  ask ipcluster engines remove -t "$here"
  assert_status 0
  ask ipcluster engines add 2
  assert_status 0
  assert_equal "$(on_nodes)" "$all"
  ask ipcluster stop
  ask ipcluster start --max 3 --min 1 --idle-timeout 1s --daemonize
  assert_status 0
  ask ipmap --sh 'echo {}' < <(seq 20)
  assert_status 0
  assert_equal "$(sort -n <<<"$output")" "$(seq 20)"
  wait_until 40 "one engine" engines_are 1
}

@test "PBS and HTCondor: jobs when tasks wait; they end by themselves" {
  export STAND_IN=$WORLD/system
  mkdir -p "$STAND_IN" bin
  local name kind
  for name in qsub qstat qdel qsig condor_submit condor_q condor_rm; do
    ln -s "$ROOT/tests/launch/stand_in.py" bin/$name
  done
  PATH=$PWD/bin:$PATH
  for kind in pbs condor; do
    ask ipcluster start --max 2 --idle-timeout 0.5s --engines=$kind --daemonize
    assert_status 0
    ask ipmap --sh 'echo {}' < <(seq 9)
    assert_status 0
    assert_equal "$(sort -n <<<"$output")" "$(seq 9)"
    wait_until 30 "no engines" engines_are 0
    ask ipcluster stop
    assert_status 0
    assert_equal "$(jq -r .state "$STAND_IN"/task-* | sort -u)" over
  done
}
