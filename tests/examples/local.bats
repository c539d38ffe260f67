#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The first pages of the oldest manuals: two engines, started as it is written there.

load typed

setup_file() {
  world_make
  in_background "$WORLD/local.log" ipcluster local -n 2 >"$WORLD/local.pid"
  wait_until 40 "two engines" grep -q ready "$WORLD/local.log" || {
    world_show_logs
    return 1
  }
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

@test "ipcluster local -n 2 says that it is ready, and how it ends" {
  assert_equal "$(head -n 1 "$WORLD/local.log")" \
    "2 engines ready (0-1). Stop: ipcluster stop. Log: ipcluster log"
}

@test "their ids" {
  typed 'ipls'
  assert_output $'0\n1'
}

@test "Hello world! from each" {
  typed "ipexec -l -k 'print(\"Hello world!\")'"
  assert_output $'0: Hello world!\n1: Hello world!'
}

@test "x**2 over 0 to 9" {
  typed "seq 0 9 | ipmap 'x**2'"
  assert_output "$(printf '%s\n' 0 1 4 9 16 25 36 49 64 81)"
}

@test "values go to the engines and come back" {
  typed "ippush a=30 b='to the engines!' && ippull a b"
  assert_output $'30\nto the engines!\n30\nto the engines!'
  typed "ipexec 'c = [a, b.upper()]' && ippull -t 1 c"
  assert_output '[30, "TO THE ENGINES!"]'
}

@test "a function goes there, is used, and comes back" {
  printf '%s\n' 'import math' '' 'def sqrt(x):' '    """Of x."""' '    return math.sqrt(x)' >f.py
  typed 'ippush --code sqrt=f.py && ipapply sqrt 2'
  assert_output $'1.4142135623730951\n1.4142135623730951'
  typed 'rm f.py; ippull -t 0 --code sqrt >back.py'
  assert_equal "$(<back.py)" $'def sqrt(x):\n    """Of x."""\n    return math.sqrt(x)'
  assert_equal "$(compute 'import math; exec(open("back.py").read()); print(sqrt(16))')" 4.0
}

@test "numpy's arange(100), spread, computed with, collected" {
  need_numpy
  compute 'import numpy; numpy.save("a.npy", numpy.arange(100))'
  typed "ipexec 'import numpy' && ipscatter --type npy a a.npy &&
    ipexec 'b = 2*numpy.cos(a) - 4*numpy.sin(a)' && ippull 'len(a)'"
  assert_output $'50\n50'
  typed 'ipgather --npy b >b.npy && ipgather b >b.txt && ipgather a | cmp - <(seq 0 99)'
  compute '
import math, numpy
expected = [2 * math.cos(x) - 4 * math.sin(x) for x in range(100)]
array = numpy.load("b.npy")
assert array.shape == (100,) and array.dtype == float, array
assert numpy.allclose(array, expected, rtol=1e-12)
assert [float(line) for line in open("b.txt")] == array.tolist()'
}

@test "pi is 3 on one, 3.14 on the other, and then the same on all" {
  typed "ipexec -t 0 'pi = 3'; ipexec -t 1 'pi = 3.14'; ippull pi"
  assert_output $'3\n3.14'
  typed "ippush pi=3.14159 && ippull -l pi"
  assert_output $'0: 3.14159\n1: 3.14159'
}

@test "something long does not block, its result is fetched later" {
  typed "ipexec -a -p -t 0 '$(held go '6*7')'"
  job=$output
  assert_output --regexp '^job:[^ ]+$'
  run_typed "ipresult --timeout 0 $job"
  assert_status 124
  assert_output ""
  typed "ipexec -p -t 1 '\"free\"'"
  assert_output free
  touch go
  typed "ipwait $job && ipresult $job"
  assert_output 42
}
