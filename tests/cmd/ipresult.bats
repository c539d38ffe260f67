#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipresult: what jobs printed and gave back, as the command would have (R5).

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

result() { run --separate-stderr run_limited 20 ipresult "$@"; }
job() { run_limited 20 ipexec -n -a "$@"; }

# done_job […]: a job that has ended.
done_job() {
  local words
  words=$(job "$@")
  # shellcheck disable=SC2086 # the words are split on purpose
  run_limited 20 ipwait -q $words || true
  printf '%s\n' "$words"
}

# same_as_blocking ARGS…: ipexec ARGS and ipresult of ipexec -a ARGS give the same. What engines
# write to stderr ipexec passes on as it comes, whichever of them is first.
same_as_blocking() {
  local j blocking_status blocking_out blocking_err
  run --separate-stderr run_limited 20 ipexec -n "$@"
  blocking_status=$status blocking_out=$output blocking_err=$stderr
  j=$(done_job "$@")
  # shellcheck disable=SC2086
  result $j
  assert_status "$blocking_status"
  assert_output "$blocking_out"
  assert_equal "$(sort <<<"${stderr//ipresult/ipexec}")" "$(sort <<<"$blocking_err")"
}

@test "as the command would have: output, values, errors, status" {
  same_as_blocking -t 0 'print("hello"); print("there")'
  same_as_blocking -t 0 'import sys; sys.stderr.write("oh\n")'
  same_as_blocking 'import sys; sys.stderr.write("oh\n")'
  same_as_blocking -p '6 * 7'
  same_as_blocking -p '"text"'
  same_as_blocking -t 1 -p 'print("and"); [1, None]'
  same_as_blocking -t 0 -p 'b"bytes\n"'
  same_as_blocking '1/0'
  same_as_blocking -t 1 --sh 'echo out; exit 3'
  same_as_blocking --kernel nosuch pass
}

@test "bytes of several engines cannot be one text" {
  j=$(done_job -p 'b"bytes"')
  result "$j"
  assert_status 1
  assert_output ""
  assert_stderr --partial "0-1 (2): TypeError: its value is bytes"
  result --json "$j"
  assert_status 0
  assert_equal "$(jq -r .value.base64 <<<"${lines[1]}" | base64 -d)" bytes
}

@test "it waits for what is not finished" {
  j=$(job -t 0 'import time; time.sleep(0.3); print("late")')
  result -q "$j"
  assert_status 0
  assert_output late
  assert_stderr ""
}

@test "a wait says for what; -q does not" {
  j=$(job -t 0 "$(held go)")
  run_limited 40 ipresult "$j" 2>said 3>&- &
  wait_until 20 "its words" grep -qsxF "ipresult: waiting for $j" said
  touch go
  wait $!
  assert_equal "$(wc -l <said)" 1
  j=$(job 'import time; time.sleep(2.7)')
  result -q "$j"
  assert_status 0
  assert_stderr ""
}

@test "--timeout: 124, nothing is printed, the job goes on; 0: is it ready?" {
  j=$(job -t 0 "print('now')"$'\n'"$(held go 'print("late")')")
  result --timeout 100ms "$j"
  assert_status 124
  assert_output ""
  assert_stderr --partial "timed out: 0 done, 1 not"
  result --timeout 0 "$j"
  assert_status 124
  touch go
  result -q "$j"
  assert_output $'now\nlate'
  result --timeout 0 "$j"
  assert_status 0
  assert_output $'now\nlate'
}

@test "several jobs, in the order given; labels, order, folding" {
  j=$(done_job 'print("same"); print("again")')
  first=${j%$'\n'*} second=${j#*$'\n'}
  result -l "$second" "$first"
  assert_output $'1: same\n1: again\n0: same\n0: again'
  result -k "$second" "$first"
  assert_output $'same\nagain\nsame\nagain'
  result -k -l "$second,$first"
  assert_output $'0: same\n0: again\n1: same\n1: again'
  result -b "$j"
  assert_output $'---------------\n0-1 (2)\n---------------\nsame\nagain'
  k=$(done_job 'import sys; sys.stderr.write("oh\n")')
  result "$k"
  assert_stderr $'0: oh\n1: oh'
  result -N "$k"
  assert_stderr $'oh\noh'
}

@test "the same job twice is one; words from standard input" {
  j=$(done_job -t 0 'print(1)')
  result "$j" "$j"
  assert_output 1
  echo "$j and more" >words
  result - <words
  assert_output 1
  result - </dev/null
  assert_status 0
  assert_output ""
}

@test "-S: the largest status; -q: nothing of a command's status; -v: the traceback" {
  j=$(done_job --sh 'exit 3')
  result "$j"
  assert_status 1
  assert_stderr "ipresult: 0-1 (2): exit status 3"
  result -S -q "$j"
  assert_status 3
  assert_stderr ""
  j=$(done_job -t 0 $'def f():\n  1/0\nf()')
  result -v "$j"
  assert_status 1
  assert_stderr --partial "Traceback"
}

@test "--json: with engine, times and what else is known" {
  j=$(done_job -t 1 -p 'print("out"); 42')
  result --json "$j"
  assert_status 0
  assert_equal "$(jq -r '[.id, .engine, .status, .value, .stdout, .request] | @tsv' <<<"$output")" \
    "$j"$'\t1\tok\t42\tout\\n\texecute_request'
  assert_equal "$(jq '.submitted <= .started and .started <= .completed' <<<"$output")" true
  j=$(done_job -t 0 '1/0')
  result --json "$j"
  assert_status 1
  assert_equal "$(jq -r .error.ename <<<"$output")" ZeroDivisionError
}

@test "a job that was withdrawn" {
  busy=$(job -t 0 "$(held go)")
  j=$(job -t 0 'print("never")')
  run_limited 20 ipcancel "$j"
  result "$j"
  assert_status 1
  assert_output ""
  assert_stderr "ipresult: 0: TaskAborted: withdrawn before it ran"
  touch go
  run_limited 20 ipwait "$busy"
}

@test "--resubmit: once more, in the same kernel" {
  j=$(done_job -t 0 'print("again")')
  k=$(done_job -t 1 --sh 'echo from a shell')
  result --resubmit "$j" "$k"
  assert_status 0
  assert_stderr ""
  assert_equal "${#lines[@]}" 2
  [[ ${lines[0]} == job:* && ${lines[0]} != "$j" ]] || fail "no new word"
  result "${lines[@]}"
  assert_status 0
  assert_output $'again\nfrom a shell'
}

@test "--resubmit: what is not there" {
  j=$(done_job -t 0 pass)
  result --resubmit "$j" job:nosuch
  assert_status 66
  assert_output ""
  assert_stderr --partial "no such job: job:nosuch"
  result --resubmit
  assert_status 64
}

@test "no job, no word, no such job" {
  result
  assert_status 64
  assert_stderr --partial "no job named"
  result ""
  assert_status 64
  result nosuch
  assert_status 64
  result job:nosuch
  assert_status 66
  assert_stderr --partial "no such job: job:nosuch"
  result --timeout soon job:x
  assert_status 64
  run --separate-stderr run_limited 20 bash -c 'echo some text | ipresult -'
  assert_status 65
  run --separate-stderr run_limited 20 bash -c 'ipexec -n -t 9 -a pass | ipresult -'
  assert_status 1
  assert_stderr --partial "the command before it failed"
}

@test "asked at the moment of its end a job has all of its output" {
  local word
  for _ in 1 2 3 4 5 6 7 8; do
    word=$(run_limited 20 ipsubmit 'for i in range(300): print(i)')
    run --separate-stderr run_limited 20 bash -c "ipwait -p $word | cut -d ' ' -f 3; ipresult $word"
    assert_output $'ok\n'"$(seq 0 299)"
    run --separate-stderr run_limited 20 \
      bash -c "ipexec -n -t 1 -a --sh 'seq 300; printf end' | ipresult -"
    assert_output "$(seq 300)"$'\nend'
  done
}
