#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipscatter --cyclic and --flatten, and ipgather --cyclic, which undoes the first.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 3
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

piped() { run --separate-stderr run_limited 30 bash -o pipefail -c "$1"; }
gather() { run --separate-stderr run_limited 30 ipgather -n "$@"; }
pull() { run --separate-stderr run_limited 30 ippull -n "$@"; }

@test "--cyclic: element i to engine i mod n; ipgather --cyclic undoes it" {
  piped 'seq 8 | ipscatter --cyclic x'
  assert_status 0
  assert_output ""
  pull x
  assert_output $'["1", "4", "7"]\n["2", "5", "8"]\n["3", "6"]'
  gather x
  assert_output $'1\n4\n7\n2\n5\n8\n3\n6'
  gather --cyclic x
  assert_status 0
  assert_output "$(seq 8)"
  piped 'seq 8 | ipscatter --cyclic x | ipexec "y = [int(v)**2 for v in x]" | ipgather --cyclic y'
  assert_output $'1\n4\n9\n16\n25\n36\n49\n64'
}

@test "--cyclic: empty input, fewer elements than engines, no newline at the end" {
  piped ': | ipscatter --cyclic x | ipgather --cyclic x'
  assert_status 0
  assert_output ""
  piped 'printf "a\nb" | ipscatter --cyclic x | ipgather --cyclic x'
  assert_output $'a\nb'
  pull x
  assert_output $'["a"]\n["b"]\n[]'
}

@test "--cyclic: NULs, separators, JSON, bytes" {
  piped 'printf "a\nb\0c\0" | ipscatter -0 --cyclic x | ipgather -0 --cyclic x | od -An -c |
    tr -s " "'
  assert_output ' a \n b \0 c \0'
  pull 'x'
  assert_output $'["a\\nb"]\n["c"]\n[]'
  gather --cyclic x
  assert_output $'a\nb\nc'
  piped 'printf "a,b,c,d" | ipscatter -d , --cyclic x'
  pull x
  assert_output $'["a", "d"]\n["b"]\n["c"]'
  piped 'echo "[1, [2], null, 4]" | ipscatter --type json --cyclic x | ipgather --cyclic x'
  assert_output $'1\n[2]\nnull\n4'
  piped 'printf abcdefg | ipscatter --type bytes --cyclic x'
  assert_equal "$(run_limited 20 ippull -n -t 0 x)" adg
  gather --cyclic x
  assert_status 1
  assert_output ""
  assert_stderr --partial "has bytes, not a list"
}

@test "--cyclic: rows of an array, there and back" {
  /usr/bin/python3 -c 'import numpy' || skip "no NumPy"
  /usr/bin/python3 -c '
import numpy
numpy.save("a.npy", numpy.arange(14.0).reshape(7, 2))
numpy.save("e.npy", numpy.zeros((0, 2)))'
  piped 'ipscatter --cyclic --type npy a a.npy'
  assert_status 0
  pull 'a[:, 0]'
  assert_output $'[0.0, 6.0, 12.0]\n[2.0, 8.0]\n[4.0, 10.0]'
  run_limited 30 ipgather -n --cyclic --npy a >b.npy
  /usr/bin/python3 -c '
import numpy
assert (numpy.load("b.npy") == numpy.load("a.npy")).all()'
  piped 'ipscatter --cyclic --type npy a e.npy && ipgather -n --cyclic --npy a >f.npy'
  assert_status 0
  /usr/bin/python3 -c 'import numpy; assert numpy.load("f.npy").shape == (0, 2)'
}

@test "--cyclic: more than one message for each, byte for byte" {
  seq 1000000 >big
  piped 'ipscatter --cyclic x big && ipgather -n --cyclic x | cmp - big'
  assert_status 0
}

@test "--cyclic: parts that were not dealt out are refused" {
  run_limited 20 ipexec -n -t 0 'z = [1]'
  run_limited 20 ipexec -n -t 1,2 'z = [1, 2, 3]'
  gather --cyclic z
  assert_status 1
  assert_output ""
  assert_stderr --partial "engine 0 has 1 elements and engine 1 3"
  gather --cyclic --json z
  assert_status 64
}

@test "--flatten: a part of one element is that element" {
  piped 'ipls | ipscatter --flatten id'
  assert_status 0
  pull id 'type(id).__name__'
  assert_output $'0\nstr\n1\nstr\n2\nstr'
  piped 'printf "a\nb\nc\nd" | ipscatter --flatten x'
  pull x
  assert_output $'["a", "b"]\nc\nd'
  piped 'echo "[1, [2], null]" | ipscatter --type json --flatten x'
  pull x
  assert_output $'1\n[2]\nnull'
  piped 'printf "a\nb\0" | ipscatter -0 --flatten x'
  pull x
  assert_output $'a\nb\n[]\n[]'
  piped 'seq 4 | ipscatter --cyclic --flatten x'
  pull x
  assert_output $'["1", "4"]\n2\n3'
}

@test "--flatten: a row of an array, a number of a vector" {
  /usr/bin/python3 -c 'import numpy' || skip "no NumPy"
  /usr/bin/python3 -c '
import numpy
numpy.save("a.npy", numpy.arange(6.0).reshape(3, 2))
numpy.save("v.npy", numpy.arange(3))'
  piped 'ipscatter --flatten --type npy a a.npy && ipscatter --flatten --type npy v v.npy'
  assert_status 0
  pull a 'a.shape' v 'v.shape'
  assert_output $'[0.0, 1.0]\n[2]\n0\n[]\n[2.0, 3.0]\n[2]\n1\n[]\n[4.0, 5.0]\n[2]\n2\n[]'
}

@test "--flatten has no meaning for bytes" {
  piped 'printf abc | ipscatter --flatten --type bytes x'
  assert_status 64
  assert_stderr --partial "--flatten is for elements"
}
