#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipmap --direct: contiguous shares, one for each engine.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 3
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

script() { run --separate-stderr run_limited 40 bash -c "$1"; }

# engines: of the results of --json, which engine had which items.
engines() {
  sed -nE 's/.*"number":([0-9]+).*"engine":([0-9]+).*/\2 \1/p' |
    awk '{if (!($1 in first)) first[$1] = $2; last[$1] = $2; n[$1]++}
      END {for (i in n) print i ": " first[i] "-" last[i] " (" n[i] ")"}' | sort
}

@test "each engine gets one share, in the order of both; the order of results is the input's" {
  run engines < <(seq 10 | ipmap --direct --json x)
  assert_output $'0: 1-4 (4)\n1: 5-7 (3)\n2: 8-10 (3)'
  run engines < <(seq 100000 | ipmap --direct --json x)
  assert_output $'0: 1-33334 (33334)\n1: 33335-66667 (33333)\n2: 66668-100000 (33333)'
  script "seq 100000 | ipmap --direct 'x + 1' | cmp - <(seq 2 100001) && echo same"
  assert_output same
  run engines < <(seq 5 | ipmap --direct -t 0,2 --json x)
  assert_output $'0: 1-3 (3)\n2: 4-5 (2)'
}

@test "fewer items than engines, none at all, commands, columns" {
  script "ipmap --direct 'x * 2' ::: 4 5"
  assert_output $'8\n10'
  script ": | ipmap --direct x"
  assert_status 0
  assert_output ""
  script "ipmap --direct --sh 'echo {1}{2}' ::: a b ::: 1 2"
  assert_output $'a1\na2\nb1\nb2'
  script "printf 'a b\0c\0' | ipmap -0 --direct 'x + \"!\"' | tr '\0' %"
  assert_output 'a b!%c!%'
}

@test "a busy engine keeps its share" {
  script "seq 6 | ipmap --direct --chunk 1 --json '__import__(\"time\").sleep(0.3 * (x < 3)) or x' |
    grep -c '\"engine\":0'"
  assert_output 2
}

@test "an engine whose kernel dies fails its items only, named" {
  script "seq 30 | ipmap --direct --chunk 2 \
    '__import__(\"os\").kill(__import__(\"os\").getpid(), 9) if x == 13 else x'"
  assert_status 1
  assert_line -n 0 1
  assert_equal "$(grep -cE '^([1-9]|10|2[1-9]|30)$' <<<"$output")" 20
  assert_stderr --partial "items 13-14: engine 1: kernel killed by signal 9"
  assert_stderr --regexp "items 1[5-9]-20: engine 1: kernel killed by signal 9"
}

@test "with --retries, --joblog and --resume, --reduce, --tag, --shuf, --halt" {
  script "seq 5 | ipmap --direct --retries 1 '6 // (x - 3)'"
  assert_output $'-3\n-6\n6\n3'
  assert_stderr --partial "tried 2 times"
  seq 9 >in
  script "ipmap --direct --joblog log x <in >out; sed -i '/^[28]\t/d' log
    ipmap --direct --joblog log --resume x <in"
  assert_output $'2\n8'
  script "seq 1000 | ipmap --direct --reduce 'a+b' x"
  assert_output 500500
  script "ipmap --direct --tag x ::: a b"
  assert_output $'a\ta\nb\tb'
  script "seq 100 | ipmap --direct --shuf x | sort -n | cmp - <(seq 100) && echo same"
  assert_output same
  script "seq 1000 | ipmap --direct --chunk 1 --halt now,fail=2 '1/0'"
  assert_status 1
  assert_stderr --partial "ended after 2 failures"
  script "echo 1 | ipmap --direct --pipe x"
  assert_status 64
}

@test "an engine that is killed fails its items only" {
  local pid
  pid=$(ipcluster status | awk '$1 == "engine" && $2 == 2 {print $4}')
  script "ipexec 'import os, time'
    seq 9 | ipmap --direct --chunk 1 -j 1 'x if x != 8 else os.kill($pid, 9) or time.sleep(60)'"
  assert_status 1
  assert_output "$(seq 7)"
  assert_stderr --partial "item 8 ('8'): engine 2: "
  assert_stderr --partial "item 9 ('9'): engine 2: "
}
