# SPDX-License-Identifier: BSD-3-Clause
# ipengine against a controller of the reference: registration, work, death, clean stop.
load ../lib/cluster

setup_file() {
  world_make
  in_background "$WORLD/controller.log" /usr/bin/python3 -m ipyparallel.controller \
    --ip=127.0.0.1 --ping=500 >"$WORLD/controller.pid"
  FILE=$IPYTHONDIR/profile_default/security/ipcontroller-engine.json
  export FILE
  wait_until 30 "the connection file" test -s "$FILE"
}
teardown_file() {
  kill "$(<"$WORLD/controller.pid")"
  assert_world_empty
}
setup() { world_enter; }
teardown() {
  local pid
  if [[ ! -s engine.pid ]]; then return; fi
  pid=$(<engine.pid)
  if kill "$pid" 2>/dev/null; then wait_until 10 "the end of $pid" gone "$pid"; fi
}

gone() { ! state_of "$1" >/dev/null || [[ $(state_of "$1") == Z* ]]; }

# engine [OPTION…]: starts one, waits for its registration, sets ID and PID.
engine() {
  in_background engine.log ipengine "$@" >engine.pid
  PID=$(<engine.pid)
  wait_until 30 "registration" grep -q "Completed registration" engine.log
  ID=$(sed -n 's/.*Completed registration with id //p' engine.log)
}

# client CODE: python with `rc`, a client, and `e`, a view of engine ID.
client() {
  run --separate-stderr run_limited 60 /usr/bin/python3 -c "
import ipyparallel, time, os, sys
rc = ipyparallel.Client(timeout=20)
end = time.time() + 20
while $ID not in rc.ids and time.time() < end: time.sleep(0.02)
e = rc[$ID]
def failure(result):
    try: return result.get(20)
    except Exception as error: return type(error).__name__ + ' ' + str(error)
def hear():  # what an engine publishes before a client's subscription stands is lost
    while not e.execute('pass').wait_for_output(0.5) and time.time() < end: pass
$1"
}

@test "python kernel: execute, output, apply, pull" {
  engine
  client 'hear()
r = e.execute("x = 6 * 7; print(\"hello\"); x", silent=False)
r.get(20); r.wait_for_output(20)
print(r.stdout.strip(), r.execute_result["data"]["text/plain"])
print(e.apply_sync(lambda a: a + 1, 41), e.pull("x").get(20))
print(failure(e.execute("1/0")))'
  assert_status 0
  assert_line -n 0 "hello 42"
  assert_line -n 1 "42 42"
  assert_line --partial "ZeroDivisionError"
}

@test "abort, clear, interrupt" {
  engine
  client '
busy = e.execute("open(\"runs\", \"w\"); import time; time.sleep(60)")
queued = e.apply_async(os.getpid)
while not os.path.exists("runs") and time.time() < end: time.sleep(0.02)
rc.abort(queued, targets=[e.targets], block=True)
print(failure(queued))
rc.send_signal("SIGINT", targets=e.targets, block=True)
print(failure(busy))
e.execute("v = 1").get(20)
rc.clear(targets=e.targets, block=True)
print(failure(e.pull("v")))'
  assert_status 0
  assert_line -n 0 --partial "TaskAborted"
  assert_line -n 1 --partial "KeyboardInterrupt"
  assert_line -n 2 --partial "name 'v' is not defined"
}

@test "a killed kernel: its request is answered with the cause, the engine goes on" {
  engine --restart=on-failure
  client '
print(failure(e.execute("import os; os.write(2, b\"so long\"); os.kill(os.getpid(), 9)")))
print(failure(e.execute("os._exit(3)")))
print(failure(e.execute("import os; os._exit(3)")))
print(e.apply_sync(lambda: "alive"), e.targets in rc.ids)'
  assert_status 0
  assert_line -n 0 --partial 'kernel killed by signal 9 (Killed); last words: "so long"'
  assert_line -n 1 --partial "name 'os' is not defined"
  assert_line -n 2 --partial "kernel ended, exit status 3"
  assert_line -n 3 "alive True"
}

@test "a killed kernel without --restart: its request says why, the engine is gone" {
  engine
  client '
print(failure(e.execute("import os; os.write(2, b\"so long\"); os.kill(os.getpid(), 9)")))
end = time.time() + 20
while e.targets in rc.ids and time.time() < end: time.sleep(0.02)
print(e.targets in rc.ids)'
  assert_status 0
  assert_line -n 0 --partial 'EngineError'
  assert_line -n 1 False
  wait_until 10 "the end of the engine" gone "$PID"
  run grep 'error: the kernel killed by signal 9 (Killed); last words: "so long"' engine.log
  assert_status 0
}

@test "SIGUSR1 to the engine is the kernel's, SIGINT stops the request that runs" {
  engine
  client 'hear()
import signal
e.execute("import signal, time\nsignal.signal(signal.SIGUSR1, lambda *a: print(\"usr1\"))").get(20)
busy = e.execute("print(0, flush=True)\ntime.sleep(60)", silent=False)
end = time.time() + 20
while not busy.stdout and time.time() < end: time.sleep(0.02)
os.kill('"$PID"', signal.SIGUSR1)
while "usr1" not in busy.stdout and time.time() < end: time.sleep(0.02)
os.kill('"$PID"', signal.SIGINT)
print(failure(busy), busy.stdout.split())'
  assert_status 0
  assert_line --partial "KeyboardInterrupt"
  assert_line --partial "['0', 'usr1']"
  kill -INT "$PID"
  wait_until 10 "the end of the engine" gone "$PID"
}

@test "kill -9 of the engine: no process stays, the controller knows at once" {
  engine
  client '
e.execute("import subprocess; p = subprocess.Popen([\"sleep\", \"300\"])").get(20)
t = time.time()
os.kill('"$PID"', 9)
while e.targets in rc.ids and time.time() < t + 20: time.sleep(0.02)
print(time.time() - t < 4)  # long before heartbeats would tell'
  assert_output True
  wait_until 10 "the end of its processes" no_engine_left
}
no_engine_left() {
  local pid ours='kernel\.py|ipengine|sleep 300'
  for pid in $(marked IPKIT_TEST_WORLD "$WORLD"); do
    if [[ $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) =~ $ours ]]; then return 1; fi
  done
}

@test "shutdown by a client, SIGTERM: status 0, nothing stays" {
  engine
  client 'rc.shutdown(targets=e.targets, block=True)'
  assert_status 0
  wait_until 10 "its end" gone "$PID"
  wait_until 10 "the end of its processes" no_engine_left
  # shellcheck disable=SC2016 # expanded by the inner shell
  run --separate-stderr run_limited 30 bash -c '
    ipengine 2>log & pid=$!
    until grep -q Completed log; do sleep 0.05; done
    kill $pid; wait $pid'
  assert_status 0
  wait_until 10 "the end of its processes" no_engine_left
}

@test "a kernel that does not start: its words, status 1" {
  mkdir kernels
  printf '#!/bin/sh\necho "out of paper" >&2\nexit 5\n' >kernels/ipkit-kernel-broken
  chmod 755 kernels/ipkit-kernel-broken
  IPKIT_KERNEL_PATH=$PWD/kernels run --separate-stderr run_limited 20 ipengine --kernel broken
  assert_status 1
  assert_stderr --partial "kernel 'broken' did not start: kernel ended, exit status 5"
  assert_stderr --partial "it said: out of paper"
  run --separate-stderr run_limited 20 ipengine --kernel nonesuch
  assert_status 66
  assert_stderr --partial "no kernel 'nonesuch'"
}

@test "no connection file: says what it waits for, then gives up" {
  run --separate-stderr run_limited 20 ipengine --file=none.json --timeout=200ms
  assert_status 69
  assert_stderr --partial "waiting for a controller: no file $PWD/none.json"
}

@test "--daemonize returns when registered; the id asked for; startup code" {
  run --separate-stderr run_limited 30 ipengine --daemonize --IPEngine.id=77 -c 'y = 5' \
    --InteractiveShell.colors=NoColor
  assert_status 0
  assert_stderr --partial "Completed registration with id 77"
  ID=77
  client 'print(e.pull("y").get(20)); rc.shutdown(targets=e.targets, block=True)'
  assert_output 5
  wait_until 10 "the end of its processes" no_engine_left
}

@test "what it cannot do is refused" {
  run --separate-stderr run_limited 20 ipengine --url=tcp://h:1
  assert_status 64
  assert_stderr --partial "--url is not done by this engine"
  run --separate-stderr run_limited 20 ipengine operand
  assert_status 64
}

@test "the process beside the kernel is small" {
  engine
  client 'print(e.apply_sync(lambda: 42))'
  assert_output 42
  local rss private
  rss=$(awk '/^VmRSS/ {print $2}' "/proc/$PID/status")
  private=$(awk '/^Private_/ {sum += $2} END {print sum}' "/proc/$PID/smaps_rollup")
  at_most "$rss" 10240 RSS
  at_most "$private" 3072 private
}

@test "what a large value took is given back by the process that passed it on" {
  engine
  client 'import os; print(e.apply_sync(len, os.urandom(100 << 20)))'
  assert_output 104857600
  given_back() { at_most "$(awk '/^VmRSS/ {print $2}' "/proc/$PID/status")" 30000 RSS >/dev/null; }
  wait_until 30 "its memory" given_back
}
