#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Functions as values: ippush --code, ippull --code, ipls --source.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
  cat >"$WORLD/model.py" <<'TEXT'
import math

SCALE = 2


def helper(x):
    return math.sqrt(x) * SCALE


def fit(x):
    """Twice the root."""
    return helper(x)


class Model:
    kind = 'linear'

    @property
    def twice(self):
        return helper(4)


if __name__ == '__main__':
    raise SystemExit('run as a script')
TEXT
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  cp "$WORLD/model.py" .
}

ours() { run --separate-stderr run_limited 20 "$@"; }

@test "ippush --code: a function, with all that its file defines" {
  ours ippush -n --code f=model.py:fit
  assert_status 0
  assert_output ""
  assert_stderr ""
  ours ipapply f 9
  assert_output $'6.0\n6.0'
  ours ipls --names
  assert_output f
  ours ippush -n --code fit=model.py --code m=model.py:Model a=1
  assert_status 0
  ours ipexec -t 0 -p '[fit(16), m().twice, a]'
  assert_output '[8.0, 4.0, 1]'
}

@test "errors in it name its file and line" {
  run_limited 20 ippush -n --code f=model.py:fit
  ours ipapply -t 0 f -1
  assert_status 1
  assert_stderr --partial "ValueError: "
  assert_stderr --partial "model.py:7, in helper: return math.sqrt(x) * SCALE"
}

@test "ippush --code: what is wrong with it" {
  ours ippush -n --code f=model.py:nosuch
  assert_status 1
  assert_stderr "ippush: 0-1 (2): AttributeError: model.py defines no nosuch"
  ours ippush -n --code f
  assert_status 64
  ours ippush -n --code 1=model.py:fit
  assert_status 64
  ours ippush -n --code f=nofile.py
  assert_status 66
  assert_stderr --partial nofile.py
  ours ippush -n --code f=model.py:fit f=1
  assert_status 64
  assert_stderr --partial "'f' is given twice"
  echo 'def f(:' >bad.py
  ours ippush -n --code f=bad.py
  assert_status 1
  assert_stderr --partial SyntaxError
}

@test "ippull --code: the text that defines it, pushed or typed" {
  run_limited 20 ippush -n --code f=model.py:fit
  ours ippull -n -t 0 --code f
  assert_status 0
  assert_output $'def fit(x):\n    """Twice the root."""\n    return helper(x)'
  run_limited 20 ipexec -n 'def g(a):
  return a + 1
class C:
  def m(self): pass
  x = 1
n = 5'
  ours ippull -n -t 0 --code g C
  assert_output $'def g(a):\n  return a + 1\nclass C:\n  def m(self): pass\n  x = 1'
  ours ippull -n -t 0 --code -o g.py g
  assert_status 0
  ours ippush -n --code again=g.py:g
  ours ipapply -t 0 again 1
  assert_output 2
}

@test "ippull --code: what has no source" {
  run_limited 20 ipexec -n 'n = 5'
  ours ippull -n -t 0 --code n
  assert_status 1
  assert_output ""
  assert_stderr --partial "a value of type int has no source"
  ours ippull -n --code nosuch
  assert_status 1
  assert_stderr "ippull: 0-1 (2): no 'nosuch'"
  ours ippull -n -t 0 --code --npy f
  assert_status 64
  ours ippull -n -t 0 --code --json f
  assert_status 64
  ours ippull -n -t 0 --code --to 1 f
  assert_status 64
}

@test "ipls --source: equal ones once, others under their engines" {
  run_limited 20 ipexec -n 'def h(): return 1'
  ours ipls --source h
  assert_status 0
  assert_output 'def h(): return 1'
  run_limited 20 ipexec -n -t 1 'def h(): return 2'
  ours ipls --source h
  assert_output $'# 0\ndef h(): return 1\n# 1\ndef h(): return 2'
  run_limited 20 ipexec -n -t 1 'del h'
  ours ipls --source h
  assert_status 1
  assert_output $'# 0\ndef h(): return 1'
  assert_stderr "ipls: 1: no 'h'"
  ours ipls --source
  assert_status 64
  ours ipls --source --json h
  assert_status 64
}

@test "shell functions: from a file, their text back" {
  cat >lib.sh <<'TEXT'
# Twice.
scale=2
helper() { echo $(($1 * scale)); }
fit() {
  local x=$(helper "$1")
  echo "fit $x"
}
TEXT
  ours ippush -n --kernel sh --code fit=lib.sh --code other=lib.sh:helper
  assert_status 0
  assert_output ""
  assert_stderr ""
  ours ipexec -n -t 0 --sh 'fit 21; other 4'
  assert_output $'fit 42\n8'
  ours ippull -n -t 0 --kernel sh --code fit
  assert_status 0
  assert_output "$(bash -c '. ./lib.sh; declare -f fit')"
  run_limited 20 ippull -n -t 1 --kernel sh --code fit other >back.sh
  ours bash -c '. ./back.sh; scale=3; helper() { echo "$1"; }; fit 5; other 5'
  assert_output $'fit 5\n15'
  ours ipls --kernel sh --source helper
  assert_output $'helper () \n{ \n    echo $(($1 * scale))\n}'
  # What it calls itself by is there, too.
  printf 'count() { [ "$1" -le 0 ] || { printf . ; count $(($1 - 1)); }; }\n' >count.sh
  ours ippush -n --kernel sh --code dots=count.sh:count
  ours ipexec -n -t 0 --sh 'dots 5'
  assert_output .....
}

@test "shell functions: what is wrong with them" {
  printf '%s\n' 'echo read' 'f() { :; }' 'false' >lib.sh
  ours ippush -n --kernel sh --code f=lib.sh
  assert_status 0
  ours ippush -n --kernel sh --code f=lib.sh:nosuch
  assert_status 1
  assert_stderr "ippush: 0-1 (2): AttributeError: lib.sh defines no nosuch: exit status 1"
  printf 'g() { :; }\nf() {\n(\n}\n' >bad.sh
  ours ippush -n --kernel sh --code f=bad.sh
  assert_status 1
  assert_stderr --regexp "^ippush: 0-1 \(2\): SyntaxError: bad.sh: line 4: syntax error"
  ours ippull -n -t 0 --kernel sh --code g
  assert_status 1
  assert_stderr "ippull: 0: no 'g'"
  # One of before is not taken for it.
  echo 'exit 3' >other.sh
  ours ippush -n --kernel sh --code f=other.sh
  assert_status 1
  assert_stderr --partial "other.sh defines no f: exit status 3"
  ours ippull -n -t 0 --kernel sh --code f
  assert_status 1
  ours ipexec -n -t 0 --sh 'n=5; constant() { :; }; declare -rf constant'
  ours ippull -n -t 0 --kernel sh --code n
  assert_status 1
  assert_stderr --partial "a variable has no source: functions have"
  echo 'constant() { echo new; }' >lib.sh
  ours ippush -n -t 0 --kernel sh --code constant=lib.sh
  assert_status 1
  assert_stderr --partial "TypeError: constant: readonly function"
}
