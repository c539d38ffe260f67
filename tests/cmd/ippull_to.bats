#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ippull --to: values from one engine to others, whole or not at all.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

pull() { run --separate-stderr run_limited 30 ippull "$@"; }

@test "--to moves values to other engines, with their types" {
  run_limited 20 ipexec -n 'import numpy' || skip "no NumPy"
  run_limited 20 ipexec -n -t 0 'class C: pass
c = C()'
  run_limited 20 ipexec -n -t 0 'm = {"a": [1]}; t = "1"
b = b"\xff" * 3000000; a = numpy.arange(3) * 0.5'
  pull -t 0 --to all m t b a
  assert_status 0
  assert_output ""
  assert_stderr ""
  assert_equal "$(run_limited 20 ippull -n -t 1 m t 'len(b)' 'type(b).__name__' 'a.dtype.name' a)" \
    $'{"a": [1]}\n1\n3000000\nbytes\nfloat64\n[0.0, 0.5, 1.0]'
  assert_equal "$(run_limited 20 ippull -n -t 1 'type(t).__name__')" str
  pull --to 1 m
  assert_status 64
  pull -t 0 --to 9 m
  assert_status 68
  pull -t 0 --to 1 nosuch
  assert_status 1
  assert_stderr "ippull: 0: no 'nosuch'"
  pull -t 0 --to 1 c
  assert_status 1
  assert_stderr --partial "'c' has no form that can be moved"
  pull -t 0 --to 1 'm[0]'
  assert_status 64
}

@test "--to: arrays of the shell kernel stay arrays, whatever is in them" {
  run_limited 20 ipexec -n --sh -t 0 "list=('a b' \$'c\\nd' '') word=x"
  pull --sh -t 0 --to 1 list word
  assert_status 0
  assert_stderr ""
  # shellcheck disable=SC2016 # for the engine's shell
  run run_limited 20 ipexec -n --sh -t 1 'printf "<%s>" "${#list[@]}" "${list[@]}" "$word"'
  assert_output $'<3><a b><c\nd><><x>'
}

@test "--to: 100 MB to several engines, in little memory" {
  run_limited 20 ipexec -n -t 0 'huge = bytes(range(256)) * 400_000'
  run run_limited 60 /usr/bin/python3 -c 'import resource, subprocess
subprocess.run("ippull -n -t 0 --to all huge".split(), check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)'
  assert_status 0
  at_most "$output" 80000 ippull
  assert_equal "$(run_limited 20 ippull -n -t 1-3 'huge == bytes(range(256)) * 400_000')" \
    $'true\ntrue\ntrue'
}

@test "--to: an empty value, several names, to the engine itself" {
  run_limited 20 ipexec -n -t 0 'e = b""; s = ""; l = []'
  pull -t 0 --to 0-2 e s l
  assert_status 0
  assert_equal "$(run_limited 20 ippull -n -t 2 'repr((e, s, l))')" "(b'', '', [])"
}

@test "--to: one engine that cannot take it; the others have it" {
  # shellcheck disable=SC2016 # for the engine's shell
  run_limited 20 ipexec -n --sh -t 0 'text=$(head -c 5000000 /dev/zero | tr "\0" x)'
  run_limited 20 ipexec -n --sh -t 2 'readonly text=mine'
  pull --sh -t 0 --to all text
  assert_status 1
  assert_stderr --regexp '^ippull: 2: .*readonly'
  # shellcheck disable=SC2016 # for the engine's shell
  run run_limited 20 ipexec -n --sh -k 'echo ${#text}'
  assert_output $'5000000\n5000000\n4\n5000000'
}

# piece_at ENGINE: its kernel holds a part of a value.
piece_at() {
  [[ $(run_limited 20 ipexec -n -t "$1" -p \
    'any(vars(m).get("_stages") for m in list(__import__("sys").modules.values()))') == true ]]
}

@test "--to: an engine that dies on the way is named, the others have the value" {
  run_limited 20 ipexec -n -t 0 'huge = bytes(100_000_000)'
  ipexec -n -a -t 3 "$(held go 'import os; os.kill(os.getppid(), 9)')"
  run_limited 60 ippull -n -t 0 --to 1-3 huge 2>said 3>&- &
  wait_until 20 "the first piece" piece_at 1 # engine 3 has been sent it too, and does not take it
  touch go
  local status=0
  wait $! || status=$?
  assert_equal "$status" 1
  grep -qE '^ippull: 3: .*died' said || fail "$(<said)"
  assert_equal "$(run_limited 20 ippull -n -t 1,2 'len(huge)')" $'100000000\n100000000'
}
