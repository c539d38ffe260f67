#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# An interrupt that meets an engine of ipyparallel's outside of user code ends what it is doing: the
# task is never answered. Our scheduler finds out.
load ../lib/cluster
load client
load pairs

setup_file() {
  world_make
  find_ipyparallel
  start_pair ours real 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

@test "engines that were interrupted at any moment get tasks again" {
  # Each of these cancels tasks of some microseconds: about one in ten is hit in the wrong moment.
  for _ in {1..25}; do
    run --separate-stderr run_limited 30 bash -c 'seq 1000000 | ipmap x | head -1'
    assert_output 1
    # Interrupted as it sets or resets its own handler, one of these ends: it is not there then.
    run --separate-stderr run_limited 30 bash -c 'ipls | sed "s/.*/ipmap -t & x ::: a/" | sh | uniq'
    assert_output a
  done
}
