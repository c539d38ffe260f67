#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipkernel without a front end: its connection file, what it registers, what it refuses.
# tests/interop/ipkernel.bats has the front ends.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  export XDG_STATE_HOME=$PWD/state JUPYTER_DATA_DIR=$PWD/jupyter
  unset JUPYTER_RUNTIME_DIR JUPYTER_PATH VIRTUAL_ENV CONDA_PREFIX
  KERNEL=
}
teardown() {
  if [[ -n $KERNEL ]]; then kill "$KERNEL" 2>/dev/null || true; fi
}

ipkernel_() { run --separate-stderr run_limited 30 ipkernel "$@"; }
spec() { jq -r "$1" "$JUPYTER_DATA_DIR/kernels/${2-ipkit}/kernel.json"; }
is_over() { ! state_of "$KERNEL" >/dev/null || [[ $(state_of "$KERNEL") == Z* ]]; }

@test "serves with a file of its own, for its owner alone, and says how to attach" {
  KERNEL=$(in_background out.log "$IPKIT_BUILD/bin/ipkernel" -t 1)
  local file=$JUPYTER_DATA_DIR/runtime/kernel-ipkit-$KERNEL.json
  wait_until 30 "how to attach" grep -q existing out.log
  assert_equal "$(cat out.log)" "engines 1: jupyter console --existing kernel-ipkit-$KERNEL.json"
  assert_equal "$(stat -c %a "$file")" 600
  assert_equal "$(stat -c %a "${file%/*}")" 700
  assert_equal "$(jq -r '.ip, .transport, .signature_scheme, (.key | length)' "$file" | xargs)" \
    "127.0.0.1 tcp hmac-sha256 64"
  kill "$KERNEL"
  wait_until 20 "its end" is_over
  [[ ! -e $file ]]
}

@test "-f: a file that is there says where it listens, and stays" {
  KERNEL=$(in_background out.log "$IPKIT_BUILD/bin/ipkernel" -f "$PWD/k.json")
  wait_until 30 "how to attach" grep -q "existing $PWD/k.json" out.log
  cp k.json given.json
  kill "$KERNEL"
  wait_until 20 "its end" is_over
  [[ ! -e k.json ]]
  KERNEL=$(in_background again.log "$IPKIT_BUILD/bin/ipkernel" -f "$PWD/given.json")
  local port
  port=$(jq .shell_port given.json)
  listens() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
  wait_until 30 "the port" listens
  kill "$KERNEL"
  wait_until 20 "its end" is_over
  [[ -e given.json ]]
  assert_equal "$(cat again.log)" ""
}

@test "refuses a file without a key, a port that is taken, what is no such file" {
  printf '{"shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":5,"key":""}' >k
  ipkernel_ -f k
  assert_status 65
  assert_stderr --partial "no key"
  echo '{}' >k
  ipkernel_ -f k
  assert_status 65
  assert_stderr --partial "no shell_port"
  KERNEL=$(in_background out.log "$IPKIT_BUILD/bin/ipkernel" -f "$PWD/one.json")
  wait_until 30 "how to attach" grep -q existing out.log
  ipkernel_ -f one.json
  assert_status 70
  assert_stderr --partial "cannot listen on"
}

@test "without a controller, an engine: as every program, unless a front end waits" {
  ipkernel_ --profile none
  assert_status 69
  ipkernel_ -t 7
  assert_status 68
  ipkernel_ nonsense
  assert_status 64
  ipkernel_ install one
  assert_status 64
}

@test "install: a kernelspec that starts this program with these options" {
  ipkernel_ install
  assert_status 0
  assert_output "ipkit  $JUPYTER_DATA_DIR/kernels/ipkit"
  assert_equal "$(spec '.argv | join(" ")')" "$IPKIT_BUILD/bin/ipkernel -f {connection_file}"
  assert_equal "$(spec '.interrupt_mode, .language, .display_name' | paste -sd ' ')" \
    "message python all engines of default (ipkit)"
  ipkernel_ install --profile lab -t 0-3 --sh --own-engines --connection x.json
  assert_status 0
  assert_equal "$(spec '.argv[3:] | join(" ")' ipkit-lab)" \
    "--sh --own-engines --targets=0-3 --profile=lab --connection=$PWD/x.json"
  assert_equal "$(spec .language ipkit-lab)" bash
  ipkernel_ install --name mine --display-name 'Four of them' --prefix "$PWD/prefix"
  assert_status 0
  assert_equal "$(jq -r .display_name prefix/share/jupyter/kernels/mine/kernel.json)" 'Four of them'
  VIRTUAL_ENV=$PWD/venv ipkernel_ install --sys-prefix
  [[ -s venv/share/jupyter/kernels/ipkit/kernel.json ]]
  ipkernel_ install --user --sys-prefix
  assert_status 64
  ipkernel_ install --name ../up
  assert_status 64
}

@test "list and uninstall know ours only" {
  ipkernel_ install --name one
  mkdir -p "$JUPYTER_DATA_DIR/kernels/other"
  echo '{"argv": ["python3"]}' >"$JUPYTER_DATA_DIR/kernels/other/kernel.json"
  ipkernel_ list
  assert_output $'one\tall engines of default (ipkit)\t'"$JUPYTER_DATA_DIR/kernels/one"
  ipkernel_ uninstall --name one
  assert_status 0
  [[ ! -e $JUPYTER_DATA_DIR/kernels/one ]]
  ipkernel_ uninstall --name one
  assert_status 66
  ipkernel_ uninstall --name other
  assert_status 77
  ipkernel_ install --name other
  assert_status 73
}
