#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipmap on two engines.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

script() { run --separate-stderr run_limited 40 bash -c "$1"; }

@test "results in input order, one a line" {
  script "seq 2000 | ipmap 'x + 1' | cksum"
  assert_output "$(seq 2 2001 | cksum)"
  script "seq 200 | ipmap --unordered 'x' | sort -n | cksum"
  assert_output "$(seq 200 | cksum)"
  script "seq 500 | ipmap --chunk 7 -j 3 x | cksum"
  assert_output "$(seq 500 | cksum)"
}

@test "nothing in, nothing out" {
  script ": | ipmap x"
  assert_status 0
  assert_output ""
  script "ipmap x :::"
  assert_output ""
}

@test "R9: x is a number if it is written as one, _ is always the text" {
  script "printf '00123\n1e3\n1.10\nnull\n[a]\n1984\n' | ipmap 'type(x).__name__ + _'"
  assert_output $'str00123\nfloat1e3\nfloat1.10\nstrnull\nstr[a]\nint1984'
  script "echo 12 | ipmap --type text 'x * 2'"
  assert_output 1212
  script "echo '[1, 2]' | ipmap --type json 'len(x)'"
  assert_output 2
  script "echo 1 | ipmap --type float x"
  assert_status 64
}

@test "R8: python is never guessed at" {
  script "echo 7 | ipmap 'dict(a={})'"
  assert_output '{"a": {}}'
  script "echo 7 | ipmap 'f\"{x}!\"'"
  assert_output '7!'
}

@test "R8: commands: quoted items, appended items, exact arguments" {
  mkdir files
  printf 'a\nb\n' >"files/my file"
  printf 'x\n' >"files/it's"
  script "ls files | ipmap --kernel sh 'cd \"$PWD/files\"; wc -l < {}'"
  assert_output $'1\n2'
  script "ipmap --sh 'printf \"%s|\" a' ::: 'b c' 'd'"
  assert_output $'a|b c|\na|d|'
  script "ipmap --sh printf '<%s>' {/.} '{} {}' ::: 'd/e f.g'"
  assert_output '<e f><d/e f.g d/e f.g>'
  script "ipmap --sh 'echo \"{}\"' ::: a"
  assert_status 64
  assert_stderr --partial "drop the quotes, {} is quoted already"
}

@test "functions: lambda, a name on the engines, a module's" {
  script "ipmap 'lambda x: x + 1' ::: 1 2"
  assert_output $'2\n3'
  script "ipexec 'def twice(v): return v * 2' && ipmap twice ::: 1 a"
  assert_output $'2\naa'
  script "ipmap os.path:basename ::: /a/b c/d.e; ipmap math:sqrt ::: 16"
  assert_output $'b\nd.e\n4.0'
  script "ipmap nosuch:f ::: 1"
  assert_status 1
  assert_stderr --partial "No module named 'nosuch'"
  script "ipmap math:nosuch ::: 1; ipmap 'x[0:1]' ::: ab"
  assert_output a
  assert_stderr --partial "has no attribute 'nosuch'"
}

@test "-0: names with newlines; results end with NUL too" {
  mkdir d
  touch d/$'a\nb' d/c
  script "find '$PWD/d' -type f -print0 | sort -z | ipmap -0 --sh 'basename {}' | tr '\0' '%'"
  assert_output $'a\nb\n%c\n%'
  script "printf 'a,b' | ipmap -d , x"
  assert_output $'a\nb'
}

@test "sources: :::, ::::, products, columns" {
  script "ipmap 'x * 2' ::: 1 2"
  assert_output $'2\n4'
  seq 3 >numbers
  script "ipmap 'x * 2' :::: '$PWD/numbers'"
  assert_output $'2\n4\n6'
  script "ipmap --sh 'echo {1}-{2}' ::: a b ::: 1 2"
  assert_output $'a-1\na-2\nb-1\nb-2'
  script "ipmap 'x[0] * x[1]' ::: 2 3 ::: 10"
  assert_output $'20\n30'
  script "printf '2\t3\n' | ipmap --colsep '\t' 'x[0] ** x[1]'"
  assert_output 8
  script "ipmap x :::: nosuch"
  assert_status 66
}

@test "a failed item is named on stderr and prints nothing" {
  script "seq 5 | ipmap '6 // (x - 3)'"
  assert_status 1
  assert_output $'-3\n-6\n6\n3'
  assert_stderr --regexp "^ipmap: item 3 \('3'\): engine [01]: ZeroDivisionError: "
  script "seq 5 | ipmap --json '6 // (x - 3)'"
  assert_equal "${#lines[@]}" 5
  assert_line -n 2 --regexp '"number":3,"item":"3","engine":[01],"status":"error"'
  script "seq 5 | ipmap --retries 2 --chunk 5 '6 // (x - 3)'"
  assert_output $'-3\n-6\n6\n3'
  assert_stderr --partial "; tried 3 times"
}

@test "an item that kills its kernel fails alone" {
  script "os='__import__(\"os\")'
    seq 20 | ipmap --chunk 10 \"\$os.kill(\$os.getpid(), 9) if x == 13 else x\""
  assert_status 1
  assert_output "$(seq 20 | grep -v '^13$')"
  assert_stderr --regexp "item 13 \('13'\): engine [01]: kernel killed by signal 9"
}

@test "an expression that is none ends at once" {
  script "seq 1000 | ipmap 'f('"
  assert_status 1
  assert_output ""
  assert_equal "$(grep -c SyntaxError <<<"$stderr")" 1
}

@test "what the code prints goes to stderr" {
  script "echo 5 | ipmap 'print(\"note\") or x'"
  assert_output 5
  assert_stderr note
}

@test "--halt ends at so many failures" {
  script "seq 100000 | ipmap --halt now,fail=3 --chunk 1 '1/0'"
  assert_status 1
  assert_stderr --regexp 'ended after [0-9]+ failures \(--halt\)'
  local wrong
  for wrong in sometime now fail=1 now,fail=0 now,fail=101% \
    soon,won=1 soon,done= now,done=0% now,done=% soon,done=5%%; do
    script "seq 5 | ipmap --halt $wrong 1"
    assert_status 64
  done
}

@test "--halt: successes, and what is done" {
  script "seq 100000 | ipmap --halt now,success=2 --chunk 3 'x if x % 2 == 0 else 1/0' 2>/dev/null"
  assert_status 0
  assert_equal "${#lines[@]}" 2
  script "seq 100000 | ipmap --halt now,done=5 x"
  assert_status 0
  assert_equal "${#lines[@]}" 5
  assert_stderr ""
  # Those under way end too: requests of one item, at most two for each engine.
  script "seq 100000 | ipmap --halt soon,done=5 --chunk 1 x"
  assert_status 0
  ((${#lines[@]} >= 5 && ${#lines[@]} <= 9)) || fail "${#lines[@]} items"
  script "seq 3 | ipmap --halt soon,done=5 x"
  assert_output $'1\n2\n3'
}

@test "--halt by percent: of failures, successes, and what is done" {
  # Failures: of what is done, from three on.
  script "seq 100 | ipmap --halt now,fail=50% --chunk 1 -j 1 '1 // (x % 4 == 1)'"
  assert_status 1
  assert_output 1
  assert_stderr --partial "ended after 3 failures (--halt)"
  script "seq 100 | ipmap --halt soon,fail=80% --chunk 1 -j 1 '1 // (x % 4 == 1)' 2>/dev/null"
  assert_equal "${#lines[@]}" 25
  # The others: of all items.
  script "seq 40 | ipmap --halt now,done=25% --chunk 1 -j 1 x"
  assert_status 0
  assert_output "$(seq 10)"
  script "seq 40 | ipmap --halt soon,done=25% --chunk 1 -j 1 x"
  assert_output "$(seq 10)"
  script "seq 40 | ipmap --halt now,success=25% --chunk 1 -j 1 'x // (x % 2)' 2>/dev/null"
  assert_status 0
  assert_output "$(seq 1 2 19)"
  script "seq 40 | ipmap --halt soon,success=100% --chunk 1 x | wc -l"
  assert_output 40
  script "ipmap --halt now,done=50% --chunk 1 -j 1 x ::: 1 2 3 4"
  assert_output $'1\n2'
}

@test "--halt now: what is done is printed though an earlier item is not" {
  script "ipmap --chunk 1 --halt now,success=2 '__import__(\"time\").sleep(x) or x' ::: 30 0 0.1"
  assert_status 0
  assert_output $'0\n0.1'
}

@test "--tag: every line begins with its item" {
  script "ipmap --tag --sh 'seq {}' ::: 2 0 1"
  assert_output $'2\t1\n2\t2\n1\t1'
  script "ipmap --tag 'x * 2 or \"a\\nb\"' ::: 3 0"
  assert_output $'3\t6\n0\ta\n0\tb'
  script "ipmap --tag --sh 'printf {}; false' ::: a; ipmap --tag x ::: a ::: b"
  assert_output $'a\ta\na b\t["a", "b"]'
  script "ipmap --tag --json x ::: a"
  assert_status 64
}

@test "R4: input of a failed command is incomplete" {
  script "ipexec --nosuch 2>/dev/null | ipmap x"
  assert_status 1
  assert_stderr "ipmap: input incomplete: the command before it failed (its message is above)"
  script "ipexec -t 0 'print(1); 1/0' 2>/dev/null | ipmap x"
  assert_status 1
  assert_stderr --partial "input incomplete"
}

@test "R13: endless input, a reader that leaves" {
  script "set -o pipefail; yes | ipmap x | head -1"
  assert_status 141
  assert_output y
  assert_stderr ""
}

@test "back-pressure: endless input takes bounded memory" {
  script 'yes | ipmap "__import__(\"time\").sleep(0.05) or x" >/dev/null & pid=$!
    for _ in $(seq 20); do sleep 0.1; done
    grep VmHWM /proc/$pid/status | tr -dc 0-9; echo; kill $pid; wait $pid'
  at_most "${lines[0]}" 200000 ipmap
}

@test "--timeout ends the whole with 124" {
  script "seq 6 | ipmap --timeout 1 '__import__(\"time\").sleep(60)'"
  assert_status 124
  assert_stderr "ipmap: timed out after 1s: 0 items done, the rest is cancelled"
  run --separate-stderr run_limited 10 ipexec --timeout 8 -p 1
  assert_output $'1\n1'
}

@test "-t: only those engines" {
  script "seq 50 | ipmap -t 1 --json x | grep -c '\"engine\":1,'"
  assert_output 50
  script "seq 5 | ipmap -t 9 x"
  assert_status 68
}

@test "progress is for terminals only" {
  script "seq 5 | ipmap --bar --eta x"
  assert_output $'1\n2\n3\n4\n5'
  assert_stderr ""
}

@test "usage" {
  for wrong in "" --sh "a b" "-0 -d, x" "--unordered -k x" "-j 0 x"; do
    script "ipmap $wrong </dev/null"
    assert_status 64
  done
}
