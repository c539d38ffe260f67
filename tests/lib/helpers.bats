# SPDX-License-Identifier: BSD-3-Clause
# The helpers themselves: limits, worlds, and that what is left running is found.
load cluster

setup() {
  world_make
  world_enter
}
teardown() { assert_world_empty; }

@test "run_limited: a hang is killed and named; other statuses pass" {
  run --separate-stderr run_limited 0.3 sleep 9
  assert_status 137
  assert_stderr --partial "HANG: killed after 0.3 s: sleep 9"
  run run_limited 20 sh -c 'exit 7'
  assert_status 7
}

@test "wait_until: gives up at its limit and says for what" {
  run --separate-stderr wait_until 1 "the moon" false
  assert_status 1
  assert_stderr --partial "for the moon"
}

@test "assert_world_empty: finds, shows and kills what is left" {
  in_background "$WORLD/left.log" sleep 60 >"$WORLD/left"
  WORLD_STOP_LIMIT=1 run assert_world_empty
  assert_status 1
  assert_output --partial "sleep 60"
  wait_until 20 "its end" none_marked IPKIT_TEST_WORLD "$WORLD"
}

@test "the world is its own: home, profiles, no settings of the caller" {
  assert_equal "$HOME" "$WORLD/home"
  assert_equal "$IPYTHONDIR" "$WORLD/ipython"
  export IPKIT_TARGETS=9
  world_make
  run env
  refute_output --partial IPKIT_TARGETS
}

@test "asserts fail when they should" {
  run printf 'a\nbc\n'
  run assert_line b
  assert_status 1
  run printf 'a\nbc\n'
  assert_line --partial b
  assert_line -n 1 bc
  run assert_line -n 0 bc
  assert_status 1
  run printf 'a\nbc\n'
  run assert_output --regexp '^b'
  assert_status 1
  IPKIT_BUILD=$BATS_TEST_TMPDIR
  at_most 7 7 it
  run at_most 8 7 it
  assert_status 1
  assert_output --partial "it: 8 kB, limit 7 kB"
  touch "$IPKIT_BUILD/instrumented"
  at_most 8 7 it
}
