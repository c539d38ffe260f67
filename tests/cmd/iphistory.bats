#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# iphistory: records of jobs shown, dropped, run again.

load ../lib/cluster

# Five jobs, one after the other: ok on 0, ok on 1, failed, withdrawn, of a shell.
setup_file() {
  world_make
  cluster_start 2
  local words="$WORLD/words"
  {
    a_job -t 0 $'print("first")\nx = 1'
    a_job -t 1 'import time; time.sleep(0.3)'
    a_job -t 0 '1/0'
    run_limited 20 ipexec -n -t 1 -a \
      "open('$WORLD/runs', 'w').close(); import time; time.sleep(60)" >"$WORLD/busy"
    wait_until 20 "the code to run" test -e "$WORLD/runs"
    run_limited 20 ipexec -n -t 1 -a 'never = 1' | tee "$WORLD/withdrawn"
    run_limited 20 ipcancel "$(<"$WORLD/withdrawn")" "$(<"$WORLD/busy")"
    run_limited 20 ipwait -q "$(<"$WORLD/busy")" || true
    a_job -t 0 --sh 'echo from a shell'
  } >"$words"
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  mapfile -t jobs <"$WORLD/words"
  busy=$(<"$WORLD/busy")
}

# a_job […]: ipexec of a job, until it has ended; its word.
a_job() {
  local word
  word=$(run_limited 20 ipexec -n -a "$@")
  run_limited 20 ipwait -q "$word" || true
  echo "$word"
}

history_() { run --separate-stderr run_limited 20 iphistory "$@"; }

# assert_jobs INDEX…: the words of these of the five, a line each.
assert_jobs() {
  local expected="" index
  for index in "$@"; do expected+=${expected:+$'\n'}${jobs[index]}; done
  assert_status 0
  assert_output "$expected"
}

@test "a table, newest last" {
  history_
  assert_status 0
  assert_stderr ""
  assert_equal "${#lines[@]}" 7
  assert_line -n 0 --regexp '^id +engine +status +submitted +duration +code$'
  assert_line -n 1 --regexp \
    "^${jobs[0]} +0 +ok +[0-9:]+ +[0-9]+\.[0-9]{3}  print\(\"first\"\) \.\.\.$"
  assert_line -n 3 --regexp "^${jobs[2]} +0 +error .*  1/0$"
  assert_line -n 5 --regexp "^${jobs[3]} +1 +aborted .*  never = 1$"
  assert_line -n 6 --regexp "^${jobs[4]} +0 +ok .*  echo from a shell$"
}

@test "-q: job words; operands; the newest" {
  history_ -q "${jobs[2]}" "${jobs[0]}"
  assert_jobs 0 2
  history_ "${jobs[1]},${jobs[3]}" -q
  assert_jobs 1 3
  history_ -q -n 2
  assert_jobs 3 4
  history_ -q -n 0
  assert_status 0
  assert_output ""
  history_ -q -n 1 --where engine=1
  assert_jobs 3
}

# those CONDITION: which of the five meet it, by their duration in $1 and their status in $2.
those() {
  run_limited 20 iphistory --tsv -o duration,status "${jobs[@]}" |
    awk -F '\t' "NR > 1 && \$1 != \"\" && ($1) {print NR - 2}"
}

@test "--where: status, engine, order, patterns, what is not known" {
  history_ -q --where status=error "${jobs[@]}"
  assert_jobs 2
  history_ -q --where 'status != ok' "${jobs[@]}"
  assert_jobs 2 3
  history_ -q --where engine=0 "${jobs[@]}"
  assert_jobs 0 2 4
  history_ -q --where engine!=0,7 "${jobs[@]}"
  assert_jobs 1 3
  history_ -q --where 'engine>=1' "${jobs[@]}"
  assert_jobs 1 3
  # The second took as long, others may have.
  history_ -q --where 'duration>0.25' "${jobs[@]}"
  mapfile -t some < <(those '$1 > 0.25')
  assert_jobs "${some[@]}"
  [[ $output == *"${jobs[1]}"* ]] || fail "not among them: ${jobs[1]}"
  history_ -q --where 'duration<=250ms' "${jobs[@]}" --where status=ok
  mapfile -t some < <(those '$1 <= 0.25 && $2 == "ok"')
  assert_jobs "${some[@]}"
  history_ -q --where 'code~*shell*'
  assert_jobs 4
  history_ -q --where 'code!~*=*' "${jobs[@]}"
  assert_jobs 1 2 4
  history_ -q --where label= "${jobs[@]}"
  assert_jobs 0 1 2 3 4
  history_ -q --where 'label!=' "${jobs[@]}"
  assert_jobs
  history_ -q --where "id=${jobs[1]}"
  assert_jobs 1
  history_ -q --where "id==${jobs[1]#job:}"
  assert_jobs 1
  history_ -q --where 'stdout~first*'
  assert_jobs 0
  history_ -q --where 'error~ZeroDivision*'
  assert_jobs 2
  history_ -q --where request=execute_request --where queue=mux --where "user=$(id -un)" -n 1
  assert_jobs 4
}

@test "--where: a query in the controller's language" {
  history_ -q --where "{\"msg_id\": {\"\$in\": [\"${jobs[0]#job:}\", \"${jobs[4]#job:}\"]}}"
  assert_jobs 0 4
  history_ -q --where '{"stdout": {"$glob": "first*"}}' --where engine=0
  assert_jobs 0
  history_ -q --where '{"stdout": {"$nosuch": 1}}'
  assert_status 1
  assert_stderr --partial "nosuch"
}

@test "times: --since, --until, --where" {
  history_ -q --since 1h "${jobs[@]}"
  assert_jobs 0 1 2 3 4
  history_ -q --until 1h
  assert_jobs
  history_ -q --since 2000-01-01 --until '2000-01-02 12:00'
  assert_jobs
  history_ -q --since 2000-01-01T00:00:00Z --until 1s "${jobs[0]}"
  assert_jobs 0
  local time
  time=$(run_limited 20 iphistory --tsv -o submitted "${jobs[2]}" | tail -n 1)
  history_ -q --where "submitted=$time"
  assert_jobs 2
  history_ -q --where "submitted<$time" "${jobs[@]}"
  assert_jobs 0 1
  history_ -q --where "submitted>=$time" "${jobs[@]}"
  assert_jobs 2 3 4
}

@test "--failed" {
  history_ -q --failed
  assert_output "${jobs[2]}"$'\n'"$busy"
}

@test "-o: columns, and which there are" {
  history_ -o status,engine "${jobs[2]}"
  assert_output $'status  engine\nerror        0'
  history_ -o help
  assert_status 0
  assert_line id
  assert_line result_metadata
  history_ -o 'id, nosuch'
  assert_status 64
  assert_stderr --partial "'nosuch' is not known of jobs"
  history_ -o statu
  assert_status 64
  assert_stderr --partial "did you mean status?"
}

@test "--tsv: names first, nothing breaks a line" {
  history_ --tsv -o status,code,stdout,label "${jobs[0]}" "${jobs[3]}"
  assert_output \
    $'status\tcode\tstdout\tlabel\nok\tprint("first")\\nx = 1\tfirst\\n\t\naborted\tnever = 1\t\t'
}

@test "--json: objects" {
  history_ --json "${jobs[@]}"
  assert_equal "${#lines[@]}" 5
  assert_equal "$(jq -r .id <<<"$output")" "$(printf '%s\n' "${jobs[@]}")"
  assert_equal "$(jq -c '[.engine, .status, .queue]' <<<"${lines[0]}")" '[0,"ok","mux"]'
  assert_equal "$(jq '.submitted <= .completed' <<<"${lines[0]}")" true
  history_ --json -o metadata,header,resubmitted "${jobs[4]}"
  assert_equal "$(jq -r '.metadata.kernel, .header.msg_type, .resubmitted' <<<"$output")" \
    $'sh\nexecute_request\nnull'
}

@test "nothing found: nothing, 0" {
  history_ --where status=nosuch
  assert_status 0
  assert_output ""
}

@test "a job without a record: 66, the others are shown" {
  history_ -q job:nosuch "${jobs[0]}" --where status=ok
  assert_status 66
  assert_output "${jobs[0]}"
  assert_stderr --partial "no such job: job:nosuch"
  history_ -q "${jobs[0]}" --where status=error
  assert_status 0
  assert_output ""
  history_ --purge job:nosuch
  assert_status 66
}

@test "--replay: run again, in the same kernel" {
  history_ --replay "${jobs[0]}" "${jobs[4]}"
  assert_status 0
  assert_equal "${#lines[@]}" 2
  local words=("${lines[@]}")
  run --separate-stderr run_limited 20 ipresult "${words[@]}"
  assert_output $'first\nfrom a shell'
  history_ --tsv -o resubmitted "${jobs[4]}"
  assert_line -n 1 "${words[1]}"
  run_limited 20 iphistory --purge "${words[@]}"
}

@test "--replay leaves out what is not kept or not finished" {
  run_limited 20 ippush -n -t 0 moved=1
  local push long
  push=$(run_limited 20 iphistory -q -n 1 --where request=push_request)
  [[ $push == job:* ]] || fail "no record of the push"
  long=$(run_limited 20 ipexec -n -t 0 -a 'import time; time.sleep(60)')
  history_ --replay "$push" "$long"
  assert_status 0
  assert_output ""
  [[ $stderr == *"iphistory: left out, not finished: 1"* ]] || fail "not finished"
  [[ $stderr == *"iphistory: left out, their data is not kept: 1"* ]] || fail "not kept"
  run --separate-stderr run_limited 20 ipresult --resubmit "$push"
  assert_status 1
  assert_stderr --partial "was not kept"
  history_ --purge "$long"
  assert_status 0
  assert_stderr --partial "left out, not finished: 1"
  history_ -q --where status=pending
  assert_output "$long"
  run_limited 20 ipcancel "$long"
  run_limited 20 ipwait -q "$long" || true
  history_ --purge "$long" "$push"
  assert_status 0
}

@test "--purge: records are gone, silently; -v says how many" {
  local j k
  j=$(a_job -t 0 pass) k=$(a_job -t 0 pass)
  history_ --purge "$j"
  assert_status 0
  assert_output ""
  assert_stderr ""
  history_ -q -n 1
  assert_output "$k"
  history_ --purge -v -n 1
  assert_status 0
  assert_stderr "iphistory: 1 purged"
  history_ -q -n 1
  assert_jobs 4
}

@test "purge and replay need to know of what" {
  history_ --purge
  assert_status 64
  assert_stderr --partial "which ones?"
  history_ --replay
  assert_status 64
  history_ --all
  assert_status 64
  history_ --purge --all --failed
  assert_status 64
  history_ --purge --replay --all
  assert_status 64
  history_ --purge -o id --all
  assert_status 64
  history_ -q "${jobs[@]}"
  assert_jobs 0 1 2 3 4
}

@test "conditions, numbers and times that are none" {
  local words
  local -a wrong=(status status: 'nosuch=1' 'duration>long' 'submitted>yesterday' 'engine=x'
    '{"a"' '[1]')
  for words in "${wrong[@]}"; do
    history_ --where "$words"
    assert_status 64
    assert_output ""
  done
  history_ --where '{}' --where '{}'
  assert_status 64
  history_ --since never
  assert_status 64
  assert_stderr --partial "'never' is not a time"
  history_ -n some
  assert_status 64
  history_ --json --tsv
  assert_status 64
  history_ nosuch
  assert_status 64
  assert_stderr --partial "not a job word"
}

@test "a terminal: lines are cut at its edge" {
  run run_limited 20 script -qec "stty cols 60; iphistory ${jobs[4]}" /dev/null
  assert_status 0
  assert_line -n 1 --regexp "^.{60}.?$"
  refute_output --partial "from a shell"
}

@test "a controller that keeps no records" {
  in_background "$WORLD/nodb.log" "$IPKIT_BUILD/bin/ipcontroller" --nodb --ip=127.0.0.1 \
    --cluster-id=nodb >pid
  wait_until 20 "its file" \
    test -s "$IPYTHONDIR/profile_default/security/ipcontroller-nodb-client.json"
  history_ --cluster-id nodb
  assert_status 1
  assert_output ""
  assert_stderr --partial "doesn't store any data"
  kill "$(<pid)"
}

@test "--purge --all" {
  export IPKIT_CLUSTER_ID=other
  run_limited 60 ipcluster start -n 1 --daemonize >/dev/null
  a_job pass >word
  history_ --purge --all
  assert_status 0
  history_
  assert_output ""
  run --separate-stderr run_limited 20 ipresult "$(<word)"
  assert_status 66
  run_limited 20 ipcluster stop
}
