#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipmap: order, pace, environment and files of its items.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

script() { run --separate-stderr run_limited 40 bash -c "$1"; }

@test "--shuf: every item, in another order" {
  script "seq 1000 | ipmap --shuf x"
  assert_status 0
  assert_equal "$(sort -n <<<"$output")" "$(seq 1000)"
  [[ $output != "$(seq 1000)" ]] || fail "not shuffled"
  script "printf 'a b\0c\n' | ipmap -0 --shuf _ | tr '\0' % | wc -c"
  assert_output 7
  script "ipmap --shuf 'x[0] * x[1]' ::: 1 2 ::: 10 100 | sort -n | xargs"
  assert_output "10 20 100 200"
  script "ipmap --shuf --joblog log --resume x ::: 1"
  assert_status 64
}

@test "--delay: so long between the starts of requests" {
  script "ipmap --delay 300ms '__import__(\"time\").time()' ::: 1 2 3"
  assert_status 0
  run awk 'NR > 1 && $1 - last < 0.25 {print $1 - last} {last = $1}' <<<"$output"
  assert_output ""
  script "ipmap --delay soon x ::: 1"
  assert_status 64
}

@test "--workdir: commands run there" {
  mkdir "a dir"
  script "ipmap --workdir '$PWD/a dir' --sh 'pwd; echo {} >{}' ::: x"
  assert_output "$PWD/a dir"
  assert_equal "$(<"a dir/x")" x
  script "ipmap --workdir '$PWD/nosuch' --sh 'echo no; echo {}' ::: x"
  assert_status 1
  assert_output ""
  script "ipmap --workdir / x ::: 1"
  assert_status 64
  assert_stderr --partial "for commands (--sh)"
}

@test "--env: variables of ours for commands, and only for them" {
  script "export A=\"it's\" C=out
    ipmap --env A --env B --sh 'echo \"\$A\${B-unset}\$C\"; true' ::: x"
  assert_output "it'sunset"
  script "ipmap --sh 'echo \"[\$A]\"; true' ::: x"
  assert_output "[]"
  script "ipmap --env 'A B' --sh true ::: 1; ipmap --env A x ::: 1"
  assert_status 64
}

@test "--results: each item's output in a file too" {
  script "ipmap --results dir --sh 'seq {}' ::: 2 0"
  assert_output $'1\n2'
  assert_equal "$(<dir/1/2/stdout)" $'1\n2'
  [[ -f dir/1/0/stdout && ! -s dir/1/0/stdout ]] || fail "no empty file"
  script "ipmap --results dir 'x[0] + x[1]' ::: a/b .. ::: c ''"
  assert_status 0
  assert_equal "$(<'dir/1/a\_b/2/c/stdout')" a/bc
  assert_equal "$(<'dir/1/\../2/\0/stdout')" ..
  touch file
  script "ipmap --results file x ::: 1"
  assert_status 70
  assert_stderr --partial "file"
}
