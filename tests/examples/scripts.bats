#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# docs/examples: the programs in them give the right answers, serial and parallel.

load typed

setup_file() {
  world_make
  cluster_start 4
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  PATH=$ROOT/docs/examples:$PATH
}


# durations FIRST COUNT: the seconds that engines took for `y = sum_of_primes(x)`, summed, of COUNT
# records from number FIRST.
durations() {
  records duration --where 'code~y = sum_of_primes*' | tail -n "+$1" | head -n "$2" |
    awk '{sum += $1} END {print sum}'
}

@test "primes: one engine, all, balanced, compiled; the same sum, and faster" {
  cc --version >/dev/null 2>&1 || skip "no C compiler"
  typed 'primes 200000'
  assert_equal "${#lines[@]}" 5
  for line in "${lines[@]}"; do
    matches --regexp "$line" ' 1709600813  [0-9.]+ s  [0-9.]+ times as fast$' || fail "$line"
  done
  # By the records, which do not depend on how many processors there are: engines work at once, and
  # compiled code takes them a fraction of the time, a tenth when nothing else runs.
  (($(at_once --where 'code~y = sum_of_primes*') >= 2))
  is_instrumented ||
    awk -v python="$(durations 1 4)" -v compiled="$(durations 9 4)" \
      'BEGIN {print python, compiled; exit !(python > 3 * compiled)}'
  # The fourth line was of Python code that calls a compiled function.
  typed "ippull -t 0 'type(is_prime).__name__' 'type(sum_of_primes).__name__'"
  assert_output $'_FuncPtr\nfunction'
}

@test "wigner: the surmise is met, serial and parallel have the same numbers" {
  need_numpy
  typed 'wigner 100 80'
  assert_line -n 0 --regexp '^100 matrices of 80 by 80: one engine .* s, all .* s$'
  assert_line -n 14 --regexp '^[0-9]+ spacings, 0\.0[012][0-9]* from the surmise$'
  [[ ${lines[14]%% *} -gt 3500 ]]
}

# solution FILE PENALTY: its first line, coefficients as JSON, is the minimum for all the rows that
# the engines have: what is left is orthogonal to the terms up to the penalty, and exactly the
# penalty where a term is in.
solution() {
  run_limited 20 ipgather -n --npy A >A.npy
  run_limited 20 ipgather -n --npy b >b.npy
  compute '
import json, numpy, sys
z, penalty = numpy.array(json.loads(open(sys.argv[1]).readline())), float(sys.argv[2])
A, b = numpy.load("A.npy"), numpy.load("b.npy")
assert A.shape == (240, 20) and b.shape == (240,), A.shape
pull = A.T @ (b - A @ z)
assert (abs(pull) <= penalty + 0.01).all(), pull
assert (abs(pull - penalty * numpy.sign(z))[z != 0] <= 0.01).all(), pull
print(*numpy.flatnonzero(z))' "$1" "$2"
}

@test "lasso: push, apply, gather in a loop of the shell, until it converges" {
  need_numpy
  typed 'lasso 400 >z 2>rounds'
  assert_equal "$(solution z 400)" '0 1 3'
  [[ $(<rounds) =~ ^[0-9]+\ rounds\ on\ 4\ engines$ ]]
}

@test "lasso.py: the same from ipyparallel's client, with @view.remote" {
  need_numpy
  compute 'import ipyparallel' 2>/dev/null || skip "no ipyparallel"
  typed "$IPKIT_PYTHON $ROOT/docs/examples/lasso.py >z 2>rounds"
  assert_equal "$(solution z 5)" '0 1 2 3 4'
}
