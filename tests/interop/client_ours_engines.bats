# SPDX-License-Identifier: BSD-3-Clause
# A real ipyparallel.Client with our controller and our engines.
load ../lib/cluster
load client

setup_file() {
  world_make
  find_ipyparallel
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

@test "ids" { check_client ids; }
@test "apply on all, on one, and asynchronously" { check_client apply; }
@test "push and pull of nested values" { check_client push_pull; }
@test "push and pull of a NumPy array" { check_client numpy; }
@test "scatter, execute, gather" { check_client scatter_gather; }
@test "load-balanced map" { check_client balanced_map; }
@test "what remote code prints" { check_client output; }
@test "a remote exception with its traceback" { check_client exception; }
@test "queue status" { check_client queues; }
@test "abort of a queued request" { check_client abort; }
@test "functions, partials, classes and conditions" { check_client canned; }
