#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# A few rounds of the random faults that `make check-faults` does two hundred of. A seed that
# failed: python3 tests/fault/chaos --seed=N -v

load ../lib/cluster

setup_file() { world_make; }
setup() { world_enter; }

# rounds SEED COUNT: they pass; what the table tells is shown if not.
rounds() {
  run run_limited 250 "$IPKIT_PYTHON" "$ROOT/tests/fault/chaos" --seed="$1" --rounds="$2" \
    --tasks=1500
  assert_status 0
  assert_output --partial "$2 rounds passed, 0 failed"
}

@test "kernels, engines, controllers and clients are killed, stopped, cut off: all results, once" {
  rounds 0 1
}
@test "the same with shell kernels" { rounds 2 1; }
@test "the same with echo kernels" { rounds 4 1; }
@test "the same with functions of a file" { rounds 6 1; }
@test "the same with a client of ipyparallel's own" { rounds 3 1; }
@test "the same with engines by ssh, whose launcher is killed" { rounds 8 1; }
