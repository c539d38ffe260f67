#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipmap -f: functions of a file that only exists here.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  cat >sim.py <<'PYTHON'
import math

scale = 10


def helper(v):
    return v * scale


def run(v):
    return helper(v) + math.floor(0.5)


class Box:
    def __init__(self, v):
        self.v = v

    def __add__(self, other):
        return Box(self.v + other.v)

    def __repr__(self):
        return 'Box(%d)' % self.v

    @staticmethod
    def double(v):
        return v * 2
PYTHON
}

script() { run --separate-stderr run_limited 40 bash -c "$1"; }

@test "FILE:FUNCTION: with the file's imports, names and other functions" {
  script "seq 3 | ipmap -f sim.py:run"
  assert_status 0
  assert_output $'10\n20\n30'
  script "ipmap -f '$PWD/sim.py:Box.double' ::: 4 a"
  assert_output $'8\naa'
  script "ipmap --file sim.py:run --tag ::: 1"
  assert_output $'1\t10'
  # Nothing of it stays in the engine's namespace.
  script "ipls -t 0 names; ipexec -t 0 run"
  refute_output --partial run
  assert_stderr --partial "NameError"
}

@test "FILE and an expression, which sees the file's names and the engines'" {
  script "ipexec 'offset = 5'; seq 2 | ipmap -f sim.py 'helper(x) + offset + len(_)'"
  assert_output $'16\n26'
  script "seq 2 | ipmap -f sim.py 'scale'"
  assert_output $'10\n10'
}

@test "it runs once on each engine, and anew in the next map" {
  echo "open('$PWD/loads', 'a').write('x')" >>sim.py
  script "seq 3000 | ipmap --chunk 1 -f sim.py:run | tail -n 1"
  assert_output 30000
  assert_equal "$(<loads)" xx
  sed -i 's/scale = 10/scale = 2/' sim.py
  script "ipmap -f sim.py:run ::: 1"
  assert_output 2
}

@test "a kernel that died gets it again" {
  script "seq 40 | ipmap --chunk 1 -j 2 -f sim.py \
    '__import__(\"os\").kill(__import__(\"os\").getpid(), 9) if x == 20 else run(x)'"
  assert_status 1
  assert_output "$(seq 40 | grep -v '^20$' | sed 's/$/0/')"
}

@test "--reduce sees its names; its classes travel" {
  script "seq 100 | ipmap --chunk 2 -f sim.py --reduce 'a + b' 'Box(x)'"
  assert_output 'Box(5050)'
  script "seq 3 | ipmap -f sim.py:run --reduce 'helper(a) + b'"
  assert_status 0
}

@test "with --joblog and --resume, --json, --results, --colsep, --direct" {
  seq 4 >in
  script "head -n 2 in | ipmap -f sim.py:run --joblog log; cut -f 1,9 log | tail -n 1
    ipmap -f sim.py:run --joblog log --resume <in"
  assert_output $'10\n20\n2\tsim.py:run ::: 2\n30\n40'
  script "ipmap -f sim.py:run --json --results dir ::: 3"
  assert_output --partial '"status":"ok","value":30}'
  assert_equal "$(<dir/1/3/stdout)" 30
  script "echo 2,3 | ipmap --colsep , -f sim.py 'run(x[1]) + x[0]'"
  assert_output 32
  script "ipmap --direct --results dir -f sim.py:run <in"
  assert_output $'10\n20\n30\n40'
  assert_equal "$(<dir/1/4/stdout)" 40
}

@test "what is wrong with the file, said once" {
  script "seq 3 | ipmap -f nosuch.py:run"
  assert_status 66
  assert_stderr --partial nosuch.py
  printf 'def f(x):\n    return 1\ndef g(:\n' >bad.py
  script "seq 300 | ipmap -f bad.py:f"
  assert_status 65
  assert_stderr --regexp '^ipmap: bad.py:3: '
  script "seq 300 | ipmap -f sim.py:nosuch"
  assert_status 65
  assert_stderr "ipmap: sim.py defines no nosuch"
  script "seq 3 | ipmap -f sim.py:scale"
  assert_status 65
  assert_stderr "ipmap: sim.py: scale is no function"
  echo 'import nosuchmodule' >late.py
  script "seq 300 | ipmap -f late.py:f"
  assert_status 1
  assert_equal "$(grep -c 'No module named' <<<"$stderr")" 1
  printf '\xff\n' >bytes.py
  script "echo 1 | ipmap -f bytes.py:f"
  assert_status 65
}

@test "errors in it have its lines" {
  printf 'def f(v):\n    return 1 / v\n' >div.py
  script "ipmap -f div.py:f ::: 0 2"
  assert_status 1
  assert_output 0.5
  assert_stderr --partial "ZeroDivisionError: division by zero, line 2: return 1 / v"
}

@test "usage" {
  script "echo 1 | ipmap -f sim.py"
  assert_status 64
  assert_stderr --partial "-f FILE:FUNCTION"
  script "echo 1 | ipmap -f sim.py:run x"
  assert_status 64
  assert_stderr --partial "'x' is too much"
  script "echo 1 | ipmap --sh -f sim.py:run"
  assert_status 64
  script "echo 1 | ipmap ./sim.py:run"
  assert_status 64
  assert_stderr --partial "-f ./sim.py:run"
}

@test "kernels that are not Python's say what they do not have" {
  local form
  for form in '-f sim.py' '--reduce a+b' --pipe; do
    script "seq 3 | ipmap --kernel native $form x"
    assert_status 1
    assert_stderr --partial "NotImplementedError: this kernel has no map with --"
  done
}
