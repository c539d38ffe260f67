# SPDX-License-Identifier: BSD-3-Clause
# Our commands for namespaces and jobs with a cluster that is all ipyparallel's.
load ../lib/cluster
load client

setup_file() {
  world_make
  find_ipyparallel
  in_background "$WORLD/controller.log" "$REAL_PYTHON" -m ipyparallel.controller --ip=127.0.0.1 \
    >"$WORLD/controller.pid"
  wait_until 30 "the real controller's file" \
    test -s "$IPYTHONDIR/profile_default/security/ipcontroller-engine.json"
  local i
  for i in 0 1; do
    in_background "$WORLD/engine-$i.log" "$REAL_PYTHON" -m ipyparallel.engine \
      >"$WORLD/engine-$i.pid"
  done
  wait_until 60 "2 real engines" engines_answer 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

quick() { run --separate-stderr run_limited 30 "$@"; }

# client CODE: a real client runs it; `client` and `view` (all engines) are there.
client() {
  run_limited 30 "$REAL_PYTHON" - "$1" <<'END'
import sys
import ipyparallel
client = ipyparallel.Client()
view = client[:]
exec(sys.argv[1])
END
}

@test "ipclear: what a client defined is gone" {
  client 'view.push({"x": 1}, block=True)'
  quick ipclear -t 1
  assert_status 0
  assert_output ""
  assert_stderr ""
  assert_equal "$(client 'print(view.apply_sync(lambda: "x" in globals()))')" "[True, False]"
  quick ipclear --sh
  assert_status 68
}

# sent CODE: words of a client's requests, one for each engine, that the controller knows of and
# nobody waits for.
sent() {
  client "
import time
result = view.execute('''$1''', block=False)
end = time.time() + 20
while set(result.msg_ids) - set(client.hub_history()) and time.time() < end: time.sleep(0.01)
print(*('job:' + id for id in result.msg_ids))"
}

# occupy: both engines work until the file `free` is there; words of the two jobs.
occupy() {
  sent "
import os, time
while not os.path.exists('$BATS_TEST_TMPDIR/free'): time.sleep(0.01)"
}

@test "ipcancel: what waits is withdrawn, what has ended is left" {
  read -r -a first < <(occupy)
  read -r -a words < <(sent 'y = 1')
  quick ipcancel -v "${words[0]}"
  assert_status 0
  assert_output ""
  assert_stderr "ipcancel: ${words[0]}: its engine was told"
  touch free
  quick ipwait -p "${first[@]}" "${words[@]}"
  assert_status 1
  assert_line --regexp "^${first[0]} 0 ok$"
  assert_line --regexp "^${words[0]} 0 aborted$"
  assert_line --regexp "^${words[1]} 1 ok$"
  quick ipcancel -v "${first[0]}"
  assert_status 0
  assert_stderr "ipcancel: ${first[0]} had ended"
  quick ipcancel job:nosuch
  assert_status 66
}

@test "ipcancel -t: all that an engine of ipyparallel has to do" {
  read -r -a first < <(occupy)
  read -r -a words < <(sent 'y = 1')
  quick ipcancel -t 1
  assert_status 0
  touch free
  quick ipwait -p "${first[@]}" "${words[@]}"
  assert_line --regexp "^${words[0]} 0 ok$"
  assert_line --regexp "^${words[1]} 1 aborted$"
}

@test "ipcancel -s: an engine of ipyparallel with a nanny" {
  read -r -a words < <(occupy)
  quick ipcancel -s INT -t all --timeout 20s
  assert_status 0
  quick ipwait -p "${words[@]}"
  assert_line --regexp "^${words[0]} 0 error$"
  assert_line --regexp "^${words[1]} 1 error$"
}

# applied CODE: words of a client's call of the function CODE on each engine, once it has ended.
applied() {
  client "
result = view.apply($1)
result.wait(20)
print(*('job:' + id for id in result.msg_ids))"
}

@test "ipresult: what a client's requests printed and returned" {
  read -r -a words < <(applied "lambda: [1, 'two', {'three': 3.5}, None]")
  quick ipresult "${words[@]}"
  assert_status 0
  assert_output $'[1,"two",{"three":3.5},null]\n[1,"two",{"three":3.5},null]'
  assert_stderr ""
  read -r -a words < <(applied "lambda: 'text'")
  quick ipresult --json "${words[0]}"
  assert_status 0
  assert_equal "$(jq -r '[.engine, .status, .value, .request] | @tsv' <<<"$output")" \
    $'0\tok\ttext\tapply_request'
  read -r -a words < <(applied "lambda: 1 / 0")
  quick ipresult "${words[@]}"
  assert_status 1
  assert_output ""
  assert_stderr --partial "ipresult: 0-1 (2): ZeroDivisionError: division by zero"
  read -r -a words < <(sent 'print("printed")')
  quick ipresult "${words[1]}"
  assert_status 0
  assert_output printed
}

@test "ipresult: a value that is no plain one" {
  read -r -a words < <(applied "lambda: 1j")
  quick ipresult "${words[0]}"
  assert_status 1
  assert_output ""
  assert_stderr --partial "${words[0]}: its value is a Python object"
  quick ipresult --json "${words[0]}"
  assert_status 0
  assert_equal "$(jq -r '.pickle | length > 0' <<<"$output")" true
}

@test "ipresult: values that our own programs asked for" {
  local word
  word=$(ipexec -a -t 0 -p '{"six": 6 * 7}')
  quick ipresult "$word"
  assert_status 0
  assert_output '{"six": 42}'
  assert_stderr ""
  word=$(ipsubmit --pull 'a + 1' --push a=5 'a += 1; b = "text"')
  quick ipresult --json "$word"
  assert_status 0
  assert_equal "$(jq -c .pulled <<<"$output")" '{"a + 1":7}'
  word=$(ipexec -a -t 0 -p '1 / 0')
  quick ipresult "$word"
  assert_status 1
  assert_stderr --partial "ZeroDivisionError: division by zero"
}

@test "ipresult --resubmit: a client's function once more" {
  read -r -a words < <(applied "lambda: 6 * 7")
  quick ipresult --resubmit "${words[0]}"
  assert_status 0
  [[ $output == job:* && $output != "${words[0]}" ]] || fail "no new word"
  quick ipresult "$output"
  assert_output 42
  quick ipresult --resubmit job:nosuch
  assert_status 66
}

@test "iphistory: the records of ipyparallel's controller" {
  read -r -a good < <(applied "lambda: 1")
  read -r -a bad < <(applied "lambda: 1 / 0")
  quick iphistory -q "${bad[@]}" "${good[@]}"
  assert_output "$(printf '%s\n' "${good[@]}" "${bad[@]}")"
  quick iphistory -q --failed -n 2
  assert_output "$(printf '%s\n' "${bad[@]}")"
  quick iphistory -q --since 1h --where engine=1 -n 2
  assert_output "${good[1]}"$'\n'"${bad[1]}"
  quick iphistory --tsv -o status,engine,request,label,error "${bad[0]}"
  assert_line -n 0 $'status\tengine\trequest\tlabel\terror'
  assert_line -n 1 $'error\t0\tapply_request\t\tZeroDivisionError: division by zero'
  quick iphistory --purge "${bad[@]}"
  assert_status 0
  quick iphistory -q -n 1
  assert_output "${good[1]}"
  quick iphistory --replay "${good[0]}"
  assert_status 0
  quick ipresult "$output"
  assert_output 1
}

@test "ipcancel --shutdown --hub: engines and controller of ipyparallel" {
  quick ipcancel --shutdown --hub
  assert_status 0
  assert_output ""
  quick ipls
  assert_status 69
}
