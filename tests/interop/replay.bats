#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Recorded traffic of ipyparallel 7.1 is played to our controller: clients and engines send, byte
# for byte, what they sent then, and get what they got then, but for what
# docs/ipython-differences.md and docs/protocol.md say (replay/deviation_table.py).

load ../lib/cluster
load client

setup() {
  world_make
  find_ipyparallel
  world_enter
}
teardown() { assert_world_empty; }

# replay RECORDING…: as `run` does.
replay() {
  PYTHONDONTWRITEBYTECODE=1 run run_limited 120 "$REAL_PYTHON" "$ROOT/tests/interop/replay" \
    "$WORLD/replay" "$@"
}

@test "89 steps of a client, the engines it had, and how they ended" {
  replay "$ROOT/tests/data/captures/7.1"
  assert_status 0
  assert_line "7.1: 89 steps, 320 messages sent, 275 deliveries compared, 50 besides, 6 beats, \
0 problems"
}

@test "a broadcast tree with four leaves; tasks in turn" {
  replay "$ROOT/tests/data/captures/7.1-extra"
  assert_status 0
  assert_line "broadcast-depth2.jsonl: 1 steps, 13 messages sent, 16 deliveries compared, \
0 besides, 0 beats, 0 problems"
  assert_line "pure-scheme.jsonl: 1 steps, 2 messages sent, 2 deliveries compared, 0 besides, \
0 beats, 0 problems"
}

# changed SED: replays a recording that is changed like this.
changed() {
  mkdir "$WORLD/changed"
  sed "$1" "$ROOT/tests/data/captures/7.1-extra/pure-scheme.jsonl" >"$WORLD/changed/one.jsonl"
  replay "$WORLD/changed"
  assert_status 1
}

@test "a recording where an answer has one more frame does not pass" {
  changed "\$s/]}\$/,\"utf8:more\"]}/"
  assert_line --partial "line 4, client.task: passed on: "
}

@test "a recording where nobody is answered does not pass" {
  changed "\$d"
  assert_line --partial "not in the recording: ('client.task', 20): apply_reply "
}

@test "labels of every kind, patterns, headers of 5.4, an engine that is given text: version 9" {
  PYTHONDONTWRITEBYTECODE=1 run run_limited 120 "$REAL_PYTHON" \
    "$ROOT/tests/interop/replay/forms.py" "$WORLD/forms"
  assert_status 0
  assert_line "forms: 8 labels, 24 records, 214 checks"
}
