#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipmap's job log: what is in it, and what a run that goes on makes of it.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
  # x, with a note in the file `ran`; what comes after item 9000 waits for the file `go`.
  run_limited 20 ipexec -n 'def noted(x, directory):
  import os, time
  with open(directory + "/ran", "a") as ran: ran.write("%d\n" % x)
  while x > 9000 and not os.path.exists(directory + "/go"): time.sleep(0.01)
  return x'
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

script() { run --separate-stderr run_limited 60 bash -c "$1"; }

# lines_in FILE N: true if it has so many lines.
lines_in() { [[ -e $1 ]] && (($(wc -l <"$1") >= $2)); }

# interrupted SIGNAL OPTION…: a map of 10,000 items, ended by SIGNAL after half of them and before
# it is done. Its items leave their number in `ran`, its output is in `out`. No request has items
# from both sides of the gate, else a request from 4000 to 9500 would hold its half back as well.
interrupted() {
  local signal=$1 pid
  shift
  [[ $* == *--chunk* ]] || set -- --chunk 100 "$@"
  seq 10000 >in
  pid=$(in_background err bash -c 'exec "$@" <in >>out' - \
    ipmap --joblog log "$@" "noted(x, '$PWD')")
  wait_until 40 "half of the output" lines_in out 5000 || return 1
  kill -s "$signal" "$pid"
  wait_until 20 "the end of ipmap" gone "$pid"
  touch go
}
gone() { [[ ! -e /proc/$1 ]]; }
go_on() {
  script "ipmap --joblog log --resume $* \"noted(x, '$PWD')\" <in >>out"
}
twice() { sort "$1" | uniq -d | wc -l; }

@test "columns: parallel's, then engine, attempt and key" {
  script "ipmap --joblog log 'x * 2' ::: 5 60"
  assert_output $'10\n120'
  run head -1 log
  local columns="Seq Host Starttime JobRuntime Send Receive Exitval Signal Command"
  columns+=" Engine Attempt Key"
  assert_output "${columns// /$'\t'}"
  run awk -F '\t' 'NR > 1 {print $1, $5, $6, $7, $8, $9, $11, length($12)}' log
  assert_output $'1 1 3 0 0 x * 2 ::: 5 1 16\n2 2 4 0 0 x * 2 ::: 60 1 16'
  run awk -F '\t' 'NR > 1 && ($2 != "'"$(hostname)"'" || $3 < 1.6e9 || $10 !~ /^[01]$/)' log
  assert_output ""
}

@test "failures: a command's status, a signal, attempts" {
  script "ipmap --joblog log --retries 2 --sh 'exit {}' ::: 0 3"
  assert_status 1
  run awk -F '\t' 'NR > 1 {print $1, $7, $8, $9, $11}' log
  assert_output $'1 0 0 exit 0 1\n2 3 0 exit 3 3'
  script "ipmap --joblog log --sh 'kill -s TERM \$BASHPID' ::: a"
  run awk -F '\t' 'NR > 1 {print $7, $8}' log
  assert_output "0 15"
  script "ipmap --joblog log '1 / x' ::: 0"
  run awk -F '\t' 'NR > 1 {print $6, $7, $8}' log
  assert_output "0 1 0"
}

@test "without --resume the log begins anew" {
  script "ipmap --joblog log x ::: a b; ipmap --joblog log x ::: c; cut -f 1,9 log"
  assert_output $'a\nb\nc\nSeq\tCommand\n1\tx ::: c'
}

@test "--resume: only what the log does not have" {
  seq 6 >in
  script "head -4 in | ipmap --joblog log x; ipmap --joblog log --resume 'x * 10' <in"
  assert_output $'1\n2\n3\n4\n50\n60'
  script "ipmap --joblog log --resume x <in; ipmap --joblog new --resume x <in | wc -l"
  assert_output 6
  # Holes too, in the order of the input.
  sed -i -E '/^[25]\t/d' log
  script "ipmap --joblog log --resume x <in"
  assert_output $'2\n5'
}

@test "--resume-failed: what failed is done again" {
  seq 5 >in
  script "ipmap --joblog log '6 // (x - 3)' <in"
  assert_status 1
  script "ipmap --joblog log --resume x <in"
  assert_status 0
  assert_output ""
  script "ipmap --joblog log --resume-failed x <in"
  assert_output 3
  script "ipmap --joblog log --resume-failed x <in"
  assert_output ""
}

@test "an input that has changed is noticed, with the line" {
  seq 5 >in
  script "ipmap --joblog log x <in"
  script "sed 's/^4/5/' in | ipmap --joblog log --resume x"
  assert_status 65
  assert_stderr --partial "log:5: item 4 was another then, now it is '5': the input has changed"
  script "head -3 in | ipmap --joblog log --resume x"
  assert_status 65
  assert_stderr --partial "log:6: item 5 is not there any more, the input has 3 items"
}

@test "what is not a job log is left as it is" {
  echo precious >file
  script "ipmap --joblog file x ::: 1"
  assert_status 65
  assert_stderr --partial "file is no job log"
  assert_equal "$(<file)" precious
  script "ipmap --joblog log x ::: 1; echo oops >>log; ipmap --joblog log --resume x ::: 1 2"
  assert_status 65
  assert_stderr --partial "log:3: not a job's line"
  script "ipmap --joblog nosuch/log x ::: 1"
  assert_status 66
  for wrong in "--resume" "--resume-failed" "--joblog ''"; do
    script "ipmap $wrong x ::: 1"
    assert_status 64
  done
}

@test "one map at a time writes a log" {
  script "ipmap --joblog log \"__import__('subprocess').run(['ipmap', '--joblog', '$PWD/log', 'x',
    ':::', '1']).returncode\" ::: 1"
  assert_output 73
  assert_stderr --partial "log is being written by another program"
}

@test "interrupted half-way, resumed: everything once, in order" {
  interrupted INT
  assert_equal "$(wc -l <out)" "$(($(wc -l <log) - 1))"
  [[ ! -e log.run ]] || fail "log.run is left"
  go_on
  assert_status 0
  cmp in out
  assert_equal "$(wc -l <log)" 10001
}

@test "killed half-way, resumed: everything once, in order" {
  interrupted KILL
  go_on
  assert_status 0
  cmp in out
  [[ ! -e log.run ]] || fail "log.run is left"
}

@test "killed, resumed: only what was under way has run twice" {
  interrupted KILL --unordered --chunk 5 -j 4
  go_on --unordered
  assert_status 0
  sort -n out | cmp in -
  assert_equal "$(sort -nu ran | wc -l)" 10000
  # Four requests of five items: the next is not sent before the log has the last.
  (($(twice ran) <= 20)) || fail "$(twice ran) items ran twice"
}

@test "what a killed run printed and did not log is taken back" {
  seq 9 >in
  script "ipmap --joblog log 'x * 100' <in >out"
  # As if it had been killed after printing all of it, with a line of the log half written.
  sed -i '8,$d' log
  printf '7\tvm\t17' >>log
  stat -c '%d %i 0 1 out' out >log.run
  script "ipmap --joblog log --resume 'x * 100' <in >>out"
  assert_status 0
  assert_stderr --partial "out: removed 12 bytes at its end"
  assert_equal "$(<out)" "$(seq 100 100 900)"
  # What others append after an orderly end stays.
  echo note >>out
  script "ipmap --joblog log --resume x <in >>out"
  assert_stderr ""
  assert_equal "$(tail -1 out)" note
}

@test "resumed into another file: it is said what to cut off" {
  seq 3 >in
  script "ipmap --joblog log x <in >out"
  sed -i '$d' log
  stat -c "%d %i 0 1 $PWD/out" out >log.run
  script "ipmap --joblog log --resume x <in"
  assert_output 3
  assert_stderr --partial "truncate -s 4 $PWD/out"
}
