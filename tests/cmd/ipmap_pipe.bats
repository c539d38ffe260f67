#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipmap --pipe: blocks of the input, for commands and expressions.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

script() { run --separate-stderr run_limited 40 bash -c "$1"; }

@test "a filter over blocks of whole lines is as the filter over all of it, in order" {
  seq 200000 >in
  script "ipmap --pipe --block 50k --sh 'grep 7' <in | cmp - <(grep 7 in) && echo same"
  assert_output same
  script "ipmap --pipe --block 50k --sh wc -c <in"
  assert_equal "$(wc -l <<<"$output")" $(((1288895 + 51199) / 51200))
  run awk '{sum += $1} $1 > 51200 {sum = -1e9} END {print sum}' <<<"$output"
  assert_output 1288895
  script "ipmap --pipe --sh 'tail -n 1' <in"
  assert_equal "${lines[-1]}" 200000
  assert_equal "${#lines[@]}" 2
  script "ipmap --pipe --unordered --block 20k --sh cat <in | sort -n | cmp - in && echo same"
  assert_output same
}

@test "bytes of any kind pass: NUL, no newline at the end" {
  head -c 300000 /dev/urandom >in
  script "ipmap --pipe --block 10k --sh cat <in >out; cmp in out && echo same"
  assert_output same
  script "ipmap --pipe --block 10k --sh 'gzip -1' <in | gzip -dc | cmp - in && echo same"
  assert_output same
  script "printf 'a\0b\0c' | ipmap -0 --pipe --chunk 2 --sh 'tr \"\0\" .; echo'"
  assert_output $'a.b.\nc'
}

@test "nothing in, no command; a line longer than a block stays whole" {
  script ": | ipmap --pipe --sh 'echo ran'"
  assert_status 0
  assert_output ""
  script "{ seq 3; printf '%05000d\n' 5; echo end; } | ipmap --pipe --block 1k --sh 'wc -l'"
  assert_output $'3\n2'
}

@test "--chunk: blocks of so many records; -d, --recend, --recstart: what a record is" {
  script "seq 5 | ipmap --pipe --chunk 2 --sh 'echo {#}: \$(cat)'"
  assert_output $'1: 1 2\n2: 3 4\n3: 5'
  script "printf 'a;b;c;' | ipmap --pipe -d ';' --chunk 2 --sh 'cat; echo'"
  assert_output $'a;b;\nc;'
  script "printf 'a\n%%%%\nb\n%%%%\n' | ipmap --pipe --recend '%%\n' --chunk 1 '[x]'"
  assert_output $'["a\\n%%\\n"]\n["b\\n%%\\n"]'
  script "printf '>one\nAC\n>two\nGT\n' | ipmap --pipe --recstart '>' --chunk 1 'x.split()'"
  assert_output $'[">one", "AC"]\n[">two", "GT"]'
}

@test "an expression: x and _ are the text of a block" {
  script "seq 4 | ipmap --pipe --chunk 2 'sum(map(int, x.split())) + len(_)'"
  assert_output $'7\n11'
  script "seq 100000 | ipmap --pipe --block 64k 'x.count(\"\n\")' | awk '{n += \$1} END {print n}'"
  assert_output 100000
  script "printf '7' | ipmap --pipe 'type(x).__name__'"
  assert_output str
}

@test "a file as the source; environment and directory" {
  seq 10 >numbers
  script "ipmap --pipe --sh 'grep -c 1' :::: '$PWD/numbers'"
  assert_output 2
  script "export A=b; seq 1 | ipmap --pipe --env A --workdir / --sh 'cat; echo \$A; pwd'"
  assert_output $'1\nb\n/'
}

@test "a block that fails is named by its number; --retries" {
  script "seq 3 | ipmap --pipe --chunk 1 --sh 'grep -v 2'"
  assert_status 1
  assert_output $'1\n3'
  assert_stderr --regexp '^ipmap: block 2: engine [01]: exit status 1$'
  script "seq 3 | ipmap --pipe --chunk 1 --retries 1 '6 // (int(x) - 2)'"
  assert_output $'-6\n6'
  assert_stderr --regexp '^ipmap: block 2: engine [01]: ZeroDivisionError.*; tried 2 times'
  script "seq 4 | ipmap --pipe --chunk 2 --sh 'read -r a; [ \$a != 1 ] || kill -9 \$PPID; cat'"
  assert_status 1
  assert_output 4
  assert_stderr --partial 'block 1: engine'
}

@test "--json, --results, --joblog and --resume by the number of a block" {
  script "seq 3 | ipmap --pipe --chunk 2 --json --sh cat"
  assert_line -n 0 --regexp '"number":1,"bytes":4,"engine":[01],"status":"ok","value":"1\\n2\\n"'
  script "seq 3 | ipmap --pipe --chunk 2 --results dir --sh cat"
  assert_equal "$(<dir/1/2/stdout)" 3
  seq 6 >in
  script "head -n 4 in | ipmap --pipe --chunk 2 --joblog log --sh cat"
  run awk -F '\t' 'NR > 1 {print $1, $5, $6, $7, $9}' log
  assert_output $'1 4 4 0 cat\n2 4 4 0 cat'
  script "ipmap --pipe --chunk 2 --joblog log --resume --sh cat <in"
  assert_output $'5\n6'
  script "ipmap --pipe --chunk 3 --joblog log --resume --sh cat <in"
  assert_status 65
  assert_stderr --partial 'give the same input (and --block)'
}

@test "the input is read no faster than it is used" {
  # As much of an endless input as is under way: a few blocks.
  script "yes | ipmap --pipe --block 64k --sh 'head -c 2' | head -n 3; echo \${PIPESTATUS[*]}"
  assert_output $'y\ny\ny\n141 141 0'
  script 'yes | ipmap --pipe --block 1M --sh "wc -c" | { head -n 100 >/dev/null
    grep VmHWM "/proc/$(pgrep -fx -P $$ "ipmap --pipe.*")/status" | tr -dc 0-9; }'
  # Measured: 25 MB, of blocks of 1 MB, four under way.
  at_most "$output" 64000 ipmap
}

@test "usage: what has no meaning for blocks" {
  local wrong
  for wrong in "--pipe --tag" "--pipe --colsep ," "--pipe --shuf" "--pipe --type json" \
    "--pipe --halt now,done=5%" "--block 1k" "--recstart a" "--recend a" "--pipe --block 0" \
    "--pipe --block 1k --chunk 3" "--pipe --block 1G" "--pipe --recend ''" \
    "--pipe -0 --recend a"; do
    script "echo 1 | ipmap $wrong x"
    assert_status 64
  done
  script "ipmap --pipe x ::: a; ipmap --pipe x :::: a b; echo a | ipmap --pipe --sh 'cat {}'"
  assert_status 64
  assert_stderr --partial "--pipe reads standard input"
  assert_stderr --partial "{} has no item to stand for"
}
