# SPDX-License-Identifier: BSD-3-Clause
# Our commands with a cluster that is all ipyparallel's: controller and engines.
load ../lib/cluster
load client

setup_file() {
  world_make
  find_ipyparallel
  in_background "$WORLD/controller.log" "$REAL_PYTHON" -m ipyparallel.controller --ip=127.0.0.1 \
    >"$WORLD/controller.pid"
  wait_until 30 "the real controller's file" \
    test -s "$IPYTHONDIR/profile_default/security/ipcontroller-engine.json"
  local i
  for i in 0 1; do
    in_background "$WORLD/engine-$i.log" "$REAL_PYTHON" -m ipyparallel.engine \
      >"$WORLD/engine-$i.pid"
  done
  wait_until 60 "2 real engines" engines_answer 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

quick() { run --separate-stderr run_limited 30 "$@"; }

@test "ipls and ipstat list the engines" {
  quick ipls
  assert_output $'0\n1'
  quick ipstat
  assert_status 0
  quick ipwait -n 2
  assert_status 0
}

# job_words CODE: words of a real client's requests that run CODE, after they were sent.
job_words() {
  run_limited 30 "$REAL_PYTHON" - "$1" <<'END'
import sys
import ipyparallel
client = ipyparallel.Client()
jobs = client[:].execute(sys.argv[1], block=False)
jobs.wait(20)
print(*("job:" + id for id in jobs.msg_ids), sep="\n")
END
}

@test "ipwait knows the requests of a real client" {
  mapfile -t words < <(job_words 'y = 1')
  quick ipwait "${words[@]}"
  assert_status 0
  mapfile -t words < <(job_words '1/0')
  quick ipwait "${words[@]}"
  assert_status 1
}

# refused CMD…: it needs our engines, says so, and sends nothing.
refused() {
  quick "$@"
  assert_status 68
  assert_output ""
  assert_stderr --regexp "^$1: engine 0-1 is not known as ipkit's: .*needs ipkit's engines"
}

@test "what needs our engines is refused, with the reason" {
  refused ipexec 'print(1)'
  refused ipexec --sh 'echo 1'
  refused ipexec -a 'y = 1'
  refused ippush a=30
  refused ippull a
  refused ipls --names
}

@test "ipmap's items are not sent to them either" {
  run --separate-stderr run_limited 30 bash -c "seq 3 | ipmap 'x * 2'"
  assert_status 68
  assert_output ""
  assert_stderr --partial "needs ipkit's engines (ipengine)"
  run --separate-stderr run_limited 30 bash -c "seq 3 | ipmap --sh 'echo {}'"
  assert_status 68
  assert_output ""
}
