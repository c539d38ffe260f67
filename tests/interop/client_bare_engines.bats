#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# A real ipyparallel.Client with engines whose python has no ipyparallel, IPython or NumPy.
load ../lib/cluster
load client

setup_file() {
  world_make
  find_ipyparallel
  PYTHONPATH=$ROOT/tests/kernels/bare cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

@test "the engines have the standard library only" {
  run --separate-stderr run_limited 20 ipexec -t 0 -p 'import importlib.util
found = [name for name in ("IPython", "numpy", "zmq") if importlib.util.find_spec(name)]
found, importlib.import_module("ipyparallel").__version__.partition("+")[2]'
  assert_status 0
  assert_line '[[], "ipkit"]'
}

@test "ids" { check_client ids; }
@test "apply on all, on one, and asynchronously" { check_client apply; }
@test "push and pull of nested values" { check_client push_pull; }
@test "scatter, execute, gather" { check_client scatter_gather; }
@test "load-balanced map" { check_client balanced_map; }
@test "what remote code prints" { check_client output; }
@test "a remote exception with its traceback" { check_client exception; }
@test "queue status" { check_client queues; }
@test "abort of a queued request" { check_client abort; }
@test "functions, partials, classes and conditions" { check_client canned; }
