#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# An engine whose kernel is another cluster, two levels deep: the default profile's engine is the
# cluster `mid`, and the only engine of that is the cluster `leaf`, which has three.
load ../lib/cluster

setup_file() {
  world_make
  in_cluster leaf -n 3
  in_cluster mid -n 1 --kernel cluster:leaf
  cluster_start 1 --kernel cluster:mid
}
teardown_file() {
  run_limited 60 ipcluster stop --all >/dev/null 2>&1 || true
  assert_world_empty
}
setup() { world_enter; }

# in_cluster PROFILE ARGUMENTS…: that cluster, started.
in_cluster() {
  local profile=$1
  shift
  run_limited 60 ipcluster start --profile "$profile" --daemonize "$@" \
    </dev/null >"$WORLD/$profile.log" 2>&1 || { world_show_logs; return 1; }
}

ours() { run --separate-stderr run_limited 30 "$@"; }

# together N: Python that goes on when N of it run at the same time, and fails after 20 s.
together() {
  printf 'import os, time, uuid
def meet(n):
    open("%s/here." + uuid.uuid4().hex, "w").close()
    end = time.time() + 20
    while sum(name.startswith("here.") for name in os.listdir("%s")) < n:
        if time.time() > end: raise TimeoutError("alone")
        time.sleep(0.01)
    return n' "$PWD" "$PWD"
}

@test "what it is: one engine, of the language of those below" {
  ours ipls --json
  assert_status 0
  assert_equal "$(jq -r '.kernel + " " + .language' <<<"$output")" "cluster:mid python"
}

@test "tasks run on all engines below at the same time" {
  ours ipexec "$(together 3)"
  assert_status 0
  run --separate-stderr run_limited 40 bash -c "seq 3 | ipmap --chunk 1 'meet(3) and x'"
  assert_status 0
  assert_output $'1\n2\n3'
}

@test "ten thousand items, in order" {
  run --separate-stderr run_limited 60 bash -c "seq 10000 | ipmap 'x + 1'"
  assert_status 0
  assert_equal "$(md5sum <<<"$output")" "$(seq 2 10001 | md5sum)"
}

@test "single tasks: submitted, followed, their results" {
  a=$(run_limited 20 ipsubmit -p '6 * 7')
  b=$(run_limited 20 ipsubmit --after "$a" -p '"after"')
  ours ipresult "$a" "$b"
  assert_status 0
  assert_output $'42\nafter'
}

@test "scatter, exec, gather" {
  run --separate-stderr run_limited 40 bash -c \
    "seq 8 | ipscatter x | ipexec 'y = [int(v) ** 2 for v in x]' | ipgather y"
  assert_status 0
  assert_equal "${output//$'\n'/ }" "1 4 9 16 25 36 49 64"
}

@test "what is defined or pushed is there for every task" {
  ours ippush factor=3
  ours ipexec 'def scaled(v): return factor * v'
  assert_status 0
  run --separate-stderr run_limited 20 bash -c "seq 60 | ipmap --chunk 1 'scaled(x)'"
  assert_status 0
  assert_equal "$output" "$(seq 3 3 180)"
  ours ippull factor
  assert_output 3
  ours ipclear
  assert_status 0
  ours ippull factor
  assert_status 1
  assert_stderr --partial "factor"
}

@test "large values are the same above and below" {
  head -c 40000000 /dev/urandom >large
  ours ippush big=@large
  assert_status 0
  run_limited 30 ippull big >back
  cmp large back
}

@test "output of code, one time for each engine below, both streams" {
  ours ipexec 'import sys; print("out"); print("err", file=sys.stderr)'
  assert_status 0
  assert_output $'out\nout\nout'
  # shellcheck disable=SC2154 # set by run
  assert_equal "$(grep -c err <<<"$stderr")" 3
}

@test "output of a task stays with its results, in order" {
  run --separate-stderr run_limited 30 bash -c \
    "seq 30 | ipmap --sh --chunk 1 'echo a{}; echo b{}; echo e{} >&2'"
  assert_status 0
  assert_equal "$output" "$(for i in $(seq 30); do printf 'a%s\nb%s\n' "$i" "$i"; done)"
  assert_equal "$(sort <<<"$stderr")" "$(seq -f e%g 30 | sort)"
}

@test "--sh is a shell of the engines below" {
  ours ipexec --sh 'cd / && pwd'
  assert_output $'/\n/\n/'
  ours ipexec --sh -S 'exit 3'
  assert_status 3
}

@test "errors are those of the engine above; the traceback tells the way down" {
  ours ipexec -v '1 / 0'
  assert_status 1
  assert_stderr --regexp "^ipexec: 0: ZeroDivisionError: division by zero"
  assert_stderr --partial "on engine 0 of cluster:leaf"
  assert_stderr --partial "on engine 0 of cluster:mid"
  run --separate-stderr run_limited 20 bash -c "seq 4 | ipmap --chunk 1 '12 // (x - 2)'"
  assert_status 1
  assert_stderr --partial "ZeroDivisionError"
  assert_equal "$(grep -c . <<<"$output")" 3
}

@test "code that asks gets end of file" {
  ours ipexec 'input("? ")'
  assert_status 1
  assert_stderr --partial EOFError
}

begin() {
  setsid env --default-signal=INT "$@" >out 2>err 3>&- &
  CLIENT=$!
}
ended() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
# count N GLOB…: that many files.
count() { local n=$1; shift; (($(compgen -G "$1" | wc -l) == n)); }

@test "Ctrl-C goes all the way down" {
  cat >held.py <<END
import time, uuid
def held(x):
    name = "$PWD/" + uuid.uuid4().hex
    open(name + ".runs", "w").close()
    try: time.sleep(60)
    except KeyboardInterrupt: open(name + ".stopped", "w").close(); raise
END
  ours ipexec "$(<held.py)"
  begin bash -c "seq 9 | exec ipmap --chunk 1 'held(x)'"
  wait_until 20 "three to run" count 3 '*.runs'
  kill -INT -- "-$CLIENT"
  wait_until 20 "the client to end" ended "$CLIENT"
  status=0
  wait "$CLIENT" || status=$?
  assert_equal "$status" 130
  wait_until 20 "all that ran to be stopped" count 3 '*.stopped'
  run --separate-stderr run_limited 20 bash -c "seq 3 | ipmap x"
  assert_output $'1\n2\n3'
  count 3 '*.runs' || fail "one that was withdrawn has run"
}

@test "one job of several is cancelled, the others go on" {
  a=$(run_limited 20 ipsubmit "open('$PWD/a', 'w')
$(held gate)")
  b=$(run_limited 20 ipsubmit -p "open('$PWD/b', 'w') and 7")
  wait_until 20 "the first to run" test -e a
  ours ipcancel -v "$a"
  assert_stderr --partial "$a interrupted"
  ours ipwait -p "$a"
  assert_output --partial error
  ours ipresult "$b"
  assert_output 7
}

@test "a wrong profile, and options that are for the engines below" {
  ours ipengine --kernel cluster:nowhere
  assert_status 1
  assert_stderr --partial "no controller for profile 'nowhere'"
  assert_stderr --partial "start one: ipcluster start --profile=nowhere"
  ours ipengine --kernel cluster:
  assert_stderr --partial "cluster:PROFILE"
  for option in --task-timeout=3s --memory-limit=1G; do
    ours ipengine --kernel cluster:leaf "$option"
    assert_status 64
    assert_stderr --partial "give it to the engines of cluster:leaf"
  done
}

leads_back() { timeout 10 ipexec --profile ring -t 1 1 2>&1 | grep -q "leads back to this engine"; }

@test "clusters in a circle: said, and nothing waits for itself" {
  ours ipengine --profile ring --kernel cluster:ring
  assert_status 64
  assert_stderr --partial "is the engine's own cluster"
  in_cluster ring -n 1
  in_cluster other -n 1 --kernel cluster:ring
  run_limited 60 ipcluster engines -n 1 --profile ring --kernel cluster:other --daemonize
  # Engines are counted every two seconds.
  wait_until 20 "the refusal" leads_back
  ours ipexec --profile ring -t 0 -p 1
  assert_output 1
}
