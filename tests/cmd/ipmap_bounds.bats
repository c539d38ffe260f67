#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipmap and endless input: it ends when its reader does, and nobody's memory grows with the items.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# marks: the most memory each process of this world ever had: kB and its program.
marks() {
  local pid
  for pid in $(marked IPKIT_TEST_WORLD "$WORLD"); do
    sed -n "s,^VmHWM:[^0-9]*\([0-9]*\) kB,\1 $(tr '\0' ' ' <"/proc/$pid/cmdline"),p" \
      "/proc/$pid/status" 2>/dev/null || true
  done
}

# items_and_marks N EXPR FILE: N results of an endless map to nowhere; then, while it still runs,
# the marks into FILE.
items_and_marks() {
  yes | ipmap "$2" | { head -n "$1" | tail -1; marks >"$3"; }
}
export -f marked state_of marks items_and_marks

@test "endless input, a reader with a limit: it ends" {
  run --separate-stderr run_limited 20 bash -c "yes | ipmap x | head -n 1000000 | tail -1"
  assert_status 0
  assert_output y
  assert_stderr ""
}

@test "no process takes memory for the number of items" {
  run --separate-stderr run_limited 40 bash -c "items_and_marks 3000000 x marks"
  assert_output y
  grep -q 'ipmap x' marks || fail "ipmap is not among the processes: $(<marks)"
  # Measured after 1 to 15 million items: 11 to 25 MB, an engine most.
  local peak command
  while read -r peak command; do at_most "$peak" 64000 "$command"; done <marks
}
