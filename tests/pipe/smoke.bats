# SPDX-License-Identifier: BSD-3-Clause
# Every program once, with little work: quick, and what runs under the sanitizers.
load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# quick CMD…: runs it with a limit that leaves room for the sanitizers.
quick() { run --separate-stderr run_limited 60 "$@"; }

@test "every program has help and a version" {
  local program
  for program in "$IPKIT_BUILD"/bin/ip*; do
    quick "$program" --help
    assert_status 0
    assert_line --partial Usage
    assert_stderr ""
    quick "$program" --version
    assert_status 0
    assert_output --regexp "^${program##*/} \(ipkit\) [0-9.]+$"
  done
}

@test "namespaces: push, exec, pull" {
  quick ippush a=30 b='to the engines!'
  assert_status 0
  assert_output ""
  quick ipexec 'c = a + 12'
  assert_status 0
  quick ippull c
  assert_output $'42\n42'
  quick ippull -t 0 b
  assert_output 'to the engines!'
}

@test "a pipeline: scatter, exec, gather" {
  quick bash -c "seq 64 | ipscatter x | ipexec 'y = [int(v)**10 for v in x]' | ipgather y | tail -1"
  assert_status 0
  assert_output 1152921504606846976
}

@test "errors of remote code: traceback, status, folded" {
  quick ipexec '1/0'
  assert_status 1
  assert_stderr --partial ZeroDivisionError
  assert_output ""
}

@test "shell kernels" {
  quick ipexec -t 0 --sh 'v=7; echo $((v * 6))'
  assert_output 42
  quick ipexec -t 0 --sh 'echo $v'
  assert_output 7
}

@test "tasks: an expression and a command" {
  quick bash -c "seq 0 15 | ipmap 'x**2' | tail -1"
  assert_output 225
  quick ipmap --sh 'echo {}{}' ::: a 'b c'
  assert_output $'aa\nb cb c'
}

@test "jobs: -a and ipwait" {
  quick ipexec -a 'z = 1'
  assert_status 0
  assert_equal "${#lines[@]}" 2
  quick ipwait "${lines[@]}"
  assert_status 0
  quick ipwait -n 2
  assert_status 0
}

@test "what there is: ipls, ipstat, ipcluster" {
  quick ipls
  assert_status 0
  assert_equal "${#lines[@]}" 2
  quick ipstat
  assert_status 0
  quick ipcluster status
  assert_status 0
  quick ipkit
  assert_status 0
  assert_line --partial ipexec
}
