#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# A cluster that is an engine's kernel goes away, loses engines, comes back.
load ../lib/cluster

setup_file() {
  world_make
  leaf_start
  cluster_start 1 --kernel cluster:leaf
}
teardown_file() {
  run_limited 60 ipcluster stop --all >/dev/null 2>&1 || true
  assert_world_empty
}
setup() { world_enter; }

leaf_start() {
  run_limited 60 ipcluster start -n 2 --profile leaf --daemonize \
    </dev/null >"$WORLD/leaf.log" 2>&1 || { world_show_logs; return 1; }
}
leaf_stop() { run_limited 30 ipcluster stop --profile leaf; }

ours() { run --separate-stderr run_limited 30 "$@"; }

# count N GLOB: that many files.
count() { (($(compgen -G "$2" | wc -l) == $1)); }

# Of tasks: writes X.runs, goes on when the file gate is there; X.stopped if it is interrupted.
waiting() {
  cat <<END
import os, time
def waiting(x):
    name = "$PWD/" + str(x)
    open(name + ".runs", "w").close()
    try:
        while not os.path.exists("$PWD/gate"): time.sleep(0.01)
    except KeyboardInterrupt:
        open(name + ".stopped", "w").close()
        raise
    return x
END
}

begin() {
  setsid env --default-signal=INT "$@" >out 2>err 3>&- &
  CLIENT=$!
}
ended() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
finish() {
  wait_until 30 "the client to end" ended "$CLIENT" || kill -KILL "$CLIENT"
  status=0
  wait "$CLIENT" || status=$?
  output=$(<out) stderr=$(<err)
}
# works N: a task is done at most so many seconds from now.
works() { wait_until "$1" "a task that is done" one_task; }
one_task() { [[ $(timeout 5 ipmap 'x + 1' <<<41 2>/dev/null) == 42 ]]; }

@test "it stops in the middle: what ran fails, what waits runs when it is back" {
  ours ipexec "$(waiting)"
  begin bash -c "seq 6 | exec ipmap --chunk 1 'waiting(x) if x < 3 else x'"
  wait_until 20 "two to run" count 2 '*.runs'
  leaf_stop
  wait_until 20 "word of it" grep -q "is gone" err
  ours ipexec 1
  assert_status 1
  assert_stderr --partial "no controller for profile 'leaf'"
  leaf_start
  finish
  assert_equal "$status" 1
  assert_output $'3\n4\n5\n6'
  assert_stderr --partial "item 1 ('1'): engine 0: kernel ended"
  assert_stderr --partial "item 2 ('2'): engine 0: kernel ended"
}

# Its engine knows: what it was given before that fails.
is_away() {
  timeout 10 ipexec -n -t 0 1 2>&1 >/dev/null | grep -q "no controller for profile 'leaf'"
}

@test "while it is away tasks go to other engines" {
  run_limited 60 ipcluster engines -n 1 --daemonize
  leaf_stop
  wait_until 20 "it to be away" is_away
  begin bash -c "seq 200 | exec ipmap --chunk 1 x"
  finish
  assert_equal "$status" 0
  assert_equal "$output" "$(seq 200)"
  leaf_start
  ours ipcluster engines remove -t 1
  assert_status 0
  works 20
}

@test "one of its engines is killed: that task fails, the others and later ones do not" {
  ours ipexec "$(waiting)"
  begin bash -c "seq 6 | exec ipmap --chunk 1 'waiting(x) if x < 3 else x'"
  wait_until 20 "two to run" count 2 '*.runs'
  kill -KILL "$(ipls --profile leaf -t 0 --json | jq .pid)"
  wait_until 30 "word of it" grep -q "item [12] .*died while" err
  touch gate
  finish
  assert_equal "$status" 1
  assert_equal "$(grep -cE '^[3-6]$' out)" 4
  assert_equal "$(grep -cE '^[12]$' out)" 1
  leaf_stop
  leaf_start
  works 20
}

@test "a client that does not read: code below waits, and nothing grows in between" {
  local last=none now pid
  mkfifo unread
  exec 8<>unread
  ours ipexec "def printing(dir):
    for n in range(1, 81):
        print('x' * 999999)
        open(dir + '/printed', 'w').write(str(n))"
  setsid ipexec "import os; printing('$PWD') if $(first_below) == os.getpid() else None" \
    >unread 2>err 3>&- 8<&- &
  CLIENT=$!
  for _ in {1..30}; do # it waits when two seconds have not brought another megabyte
    now=$(cat printed 2>/dev/null || echo 0)
    if ((now >= 8)) && [[ $now == "$last" ]]; then break; fi
    last=$now
    sleep 2
  done
  ((now < 70)) || fail "$now MB printed"
  for pid in $(ipls --json | jq '.kernel_pid, .pid'); do
    at_most "$(awk '/VmRSS/ {print $2}' "/proc/$pid/status")" 100000 "$pid"
  done
  [[ $(run_limited 100 head -c 80000000 <&8 | wc -c) == 80000000 ]]
  wait "$CLIENT"
  [[ $(<printed) == 80 && ! -s err ]]
}
# The process of the first engine's kernel.
first_below() { ipexec --profile leaf -t 0 'import os; print(os.getpid())'; }

@test "its last engine goes: tasks wait until there is one" {
  local pids
  mapfile -t pids < <(ipls --profile leaf --json | jq .pid)
  kill -KILL "${pids[@]}"
  wait_until 20 "none" none_in leaf
  begin bash -c "seq 4 | exec ipmap --chunk 1 x"
  run_limited 60 ipcluster engines -n 1 --profile leaf --daemonize
  finish
  assert_equal "$status" 0
  assert_output $'1\n2\n3\n4'
  leaf_stop
  leaf_start
  works 20
}
none_in() { [[ -z $(ipls --profile "$1" 2>/dev/null) ]]; }

@test "the kernel itself is killed: it is there again" {
  ours ipexec "$(waiting)"
  begin bash -c "echo 1 | exec ipmap 'waiting(x)'"
  wait_until 20 "it to run" count 1 '*.runs'
  kill -KILL "$(ipls --json | jq .kernel_pid)"
  finish
  assert_equal "$status" 1
  assert_stderr --partial "killed by signal 9"
  touch gate
  works 20
}

@test "the engine is told to stop: what runs below is interrupted" {
  ours ipexec "$(waiting)"
  begin bash -c "echo 1 | exec ipmap 'waiting(x)'"
  wait_until 20 "it to run" count 1 '*.runs'
  kill -TERM "$(ipls --json | jq .pid)"
  wait_until 20 "the interrupt" count 1 '*.stopped'
  finish
  assert_equal "$status" 1
}
