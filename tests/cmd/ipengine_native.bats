# SPDX-License-Identifier: BSD-3-Clause
# Engines whose kernel calls compiled functions: the very text of docs/kernels.md, and what a user
# meets on the way.
load ../lib/cluster

setup_file() {
  world_make
  cd "$WORLD" || return
  examples c >stats.c
  examples cpp >mean.cpp
  build
  cluster_start 2 --kernel native
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# examples LANGUAGE: what docs/kernels.md has in it.
examples() {
  awk -v open="\`\`\`$1" '$0 == open {on = 1; next} /^```/ {on = 0} on' "$ROOT/docs/kernels.md"
}

# build: the examples, and a library of bad manners.
build() {
  cc -Wall -Wextra -Werror -O2 -shared -fPIC -I "$ROOT/include" -o libstats.so stats.c &&
    c++ -Wall -Wextra -Werror -O2 -shared -fPIC -I "$ROOT/include" -o libmean.so mean.cpp &&
    cc -Wall -Werror -shared -fPIC -I "$ROOT/include" -o libbad.so -x c - <<'TEXT'
#include <ipkit/native.h>
#include <signal.h>
#include <unistd.h>
IPKIT_FUNCTION(crash) {
  puts("about to");
  signal(SIGSEGV, SIG_DFL);  // a sanitizer has a handler of its own
  return raise(SIGSEGV);
}
IPKIT_FUNCTION(fail) {
  fputs("on stderr\n", stderr);
  return ipkit_fail(call, "no %s", "luck") + 2;
}
IPKIT_FUNCTION(linger) {
  puts("begun");
  while (!ipkit_interrupted(call)) usleep(1000);
  return 0;
}
TEXT
}

ours() { run --separate-stderr run_limited 20 "$@"; }
piped() { run --separate-stderr run_limited 20 bash -o pipefail -c "$1"; }
load_all() { ipexec "$(printf 'load %s\n' "$WORLD"/lib{stats,mean,bad}.so)"; }

@test "ipapply: functions by name, with literals and names" {
  load_all
  ours ippush 'x=[1, 2]'
  ours ipapply -t 0 scale ref:x 2.5
  assert_status 0
  assert_output '[2.5, 5.0]'
  ours ipapply scale '[4]' 2
  assert_output $'[8.0]\n[8.0]'
  ours ipapply fail
  assert_status 1
  assert_stderr --partial "no luck"
  ours ipapply 'lambda x: x' 1
  assert_status 64
  assert_stderr --partial "calls functions by name"
  ours ipapply --kw factor=2 scale ref:x
  assert_status 64
  assert_stderr --partial "takes no --kw"
}

@test "ippull --to: values keep their types between native engines" {
  /usr/bin/python3 -c 'import numpy' || skip "no NumPy"
  load_all
  /usr/bin/python3 -c 'import numpy; numpy.save("a.npy", numpy.arange(3.0))'
  ours ippush -t 0 a=@a.npy t=text 'j=[1]'
  ours bash -c 'printf "1\n2\n" | ipscatter -t 0 l'
  ours bash -c 'printf "p\0q\0" | ipscatter -0 -t 0 z'
  ours ippull -t 0 --to 1 a t j l z
  assert_status 0
  assert_equal "$output$stderr" ""
  ours ipls -t 1 -l a t j l z
  assert_line --regexp '^a +npy '
  assert_line --regexp '^t +text '
  assert_line --regexp '^j +json '
  assert_line --regexp '^l +lines '
  assert_line --regexp '^z +nul '
  ours bash -c 'ippull -n -t 1 --npy a | cmp - a.npy'
  assert_status 0
  ours ipapply -t 1 scale ref:l 2
  assert_output '[2.0, 4.0]'
}

@test "the examples of docs/kernels.md, as their text runs them" {
  ours ipexec -t lang:native 'load ./libstats.so'
  assert_status 0
  assert_equal "$output$stderr" ""
  piped "seq 8 | ipscatter x | ipexec 'y = scale(x, 2.5)' | ipgather y"
  assert_status 0
  assert_output "$(printf '%s\n' 2.5 5.0 7.5 10.0 12.5 15.0 17.5 20.0)"
  piped "seq 8 | ipmap 'scale(x, 2)'"
  assert_output "$(printf '[%s]\n' 2.0 4.0 6.0 8.0 10.0 12.0 14.0 16.0)"
  ours ipexec 'load ./libmean.so'
  assert_status 0
  ours ippull -t 0 'mean(y)'
  assert_output 6.25
  ours ipexec -t 0 -p 'mean(scale(y, 2))'
  assert_output 12.5
  piped "seq 5 | ipmap mean"
  assert_output "$(printf '%s.0\n' 1 2 3 4 5)"
}

@test "values go in and come out as they are" {
  ours ippush n=2.5 list='[1, 2]' word='two words' text=@/dev/null none=null
  assert_status 0
  ours ippull -t 1 n list word none
  assert_status 0
  assert_output $'2.5\n[1, 2]\ntwo words\nnull'
  head -c 3000000 /dev/urandom >bytes
  ours ippush -t 0 b=@bytes
  assert_status 0
  ippull -t 0 b >back
  cmp bytes back
  ours ipls -t 0 --names
  assert_output --partial word
  ours ippull -t 0 nosuch
  assert_status 1
  assert_stderr --partial nosuch
}

@test "arrays of NumPy: a file in, a file out" {
  /usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "no numpy"
  /usr/bin/python3 -c 'import numpy; numpy.save("x.npy", numpy.arange(1e6).reshape(1000, -1))'
  load_all
  ours ippush -t 0 a=@x.npy
  assert_status 0
  ours ipexec -t 0 'b = scale(a, 3)'
  ours ippull -t 0 --npy -o b.npy b
  assert_status 0
  ours ipscatter --type npy part x.npy
  assert_status 0
  ours ipexec 'part = scale(part, 2)'
  assert_status 0
  piped 'ipgather --npy part >gathered.npy'
  assert_status 0
  run /usr/bin/python3 -c 'import numpy
x = numpy.load("x.npy").ravel()
print((numpy.load("b.npy") == 3 * x).all(), (numpy.load("gathered.npy") == 2 * x).all())'
  assert_output "True True"
}

@test "errors: what is not there, what the function says, where it was" {
  load_all
  ours ipexec -t 0 'load ./none.so'
  assert_status 1
  assert_stderr --partial "OSError: ./none.so: No such file"
  ours ipexec -t 0 $'x = 1\ny = scale(x'
  assert_stderr --partial "SyntaxError: line 2: ')' is missing"
  ours ipexec -t 0 'nothing(1)'
  assert_stderr --partial "NameError: no function 'nothing'"
  ours ipexec -t 0 'scale("a", 1)'
  assert_stderr --partial "TypeError: scale: argument 1 is text, not numbers"
  ours ipexec -t 0 -S 'fail()'
  assert_status 3
  assert_stderr --partial "on stderr"
  assert_stderr --partial "NativeError: fail: no luck"
  piped "printf '1\na\n3\n' | ipmap 'scale(x, 2)'"
  assert_status 1
  assert_line "[6.0]"
  assert_stderr --partial "not numbers"
}

@test "Ctrl-C and timeouts end a function that asks; what it printed is there at once" {
  load_all
  env --default-signal=INT ipexec -t 0 'linger()' >out 2>err &
  wait_until 10 "its output" grep -q begun out
  kill -INT $!
  local ended=0
  wait $! || ended=$?
  assert_equal "$ended" 130
  ours ipexec -t 0 --timeout 300ms 'linger()'
  assert_status 124
  ours ipexec -t 0 -p 'mean([1, 2])'
  assert_output 1.5
}

@test "a crash is an error, and the kernel is started again" {
  load_all
  ours ipexec -t 0 'x = 1'
  ours ipexec -t 0 'crash()'
  assert_status 1
  assert_output "about to"
  assert_stderr --partial "killed by signal 11"
  ours ipexec -t 0 'x'
  assert_stderr --partial "NameError"
  load_all
  ours ipexec -t 0 -p 'mean([1, 2])'
  assert_output 1.5
}
