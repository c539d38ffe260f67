#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Engines hold several short tasks: none of them waits behind a long one, and a death fails only
# what had begun.

load ../lib/cluster

setup() {
  world_make "$BATS_TEST_TMPDIR"
  world_enter
  cluster_start 2
  # So many short tasks that each engine is trusted with more than one from here on.
  run --separate-stderr run_limited 30 bash -c "seq 3000 | ipmap --chunk=1 x | wc -l"
  assert_output 3000
}
teardown() { cluster_stop; }

# map CODE: 200 items, one a task; item 1 runs CODE. Sets status, output, stderr.
map() {
  run --separate-stderr run_limited 60 bash -c \
    'seq 200 | ipmap --chunk=1 "eval(compile(\"$1\", \"c\", \"exec\")) if x == 1 else x"' - "$1"
}

# Item 1 failed, with these words, and no other.
only_the_first_failed() {
  assert_status 1
  diff <(seq 2 200) <(echo "$output") || fail "not all the others, once each"
  assert_stderr --regexp "^ipmap: item 1 [^"$'\n'"]*$1[^"$'\n'"]*\$"
}

@test "what an engine holds behind a long task runs elsewhere" {
  cat >wait.py <<END
import os, time

def wait(x):
    time.sleep(0.01)
    while x == 1 and not os.path.exists('$WORLD/go'):
        time.sleep(0.01)
END
  seq 200 | ipmap --chunk=1 --unordered -f wait.py:wait >out 2>err &
  client=$!
  wait_until 30 "all short tasks" bash -c '[ "$(grep -c null out)" -ge 199 ]'
  touch "$WORLD/go"
  wait "$client"
}

@test "a kernel dies: the task it ran fails, those written behind it run" {
  map "import os; os.kill(os.getpid(), 9)"
  only_the_first_failed "killed by signal 9"
}

@test "an engine is killed: what it had not begun runs elsewhere" {
  map "import os, time; os.kill(os.getppid(), 9); time.sleep(60)"
  only_the_first_failed "died"
}

@test "an engine is stopped: what it had not begun runs elsewhere" {
  map "import os, time; os.kill(os.getppid(), 15); time.sleep(60)"
  only_the_first_failed "died"
}
