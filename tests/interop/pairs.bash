# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# pairs.bash: clusters of a controller and engines, each ours or ipyparallel's.

# start_controller ours|real: returns when its connection files are there. An engine counts as dead
# after ten heartbeats: more than a busy machine keeps one waiting, less than a test waits.
start_controller() {
  local command=("$IPKIT_BUILD/bin/ipcontroller")
  if [[ $1 == real ]]; then command=("$REAL_PYTHON" -m ipyparallel.controller); fi
  in_background "$WORLD/controller.log" "${command[@]}" --ip=127.0.0.1 --ping=1000 \
    >"$WORLD/controller.pid"
  wait_until 30 "the controller's file" \
    test -s "$IPYTHONDIR/profile_default/security/ipcontroller-engine.json"
}

# start_engine ours|real NAME: its pid is in engine-NAME.pid. With IPython's own history it would
# wait for the other one's database.
start_engine() {
  local command=("$IPKIT_BUILD/bin/ipengine")
  if [[ $1 == real ]]; then
    command=("$REAL_PYTHON" -m ipyparallel.engine --HistoryManager.enabled=False)
  fi
  in_background "$WORLD/engine-$2.log" "${command[@]}" >"$WORLD/engine-$2.pid"
}

# assert_stderr_of_both TEXT: ipexec said it of engines 0 and 1: once, unless they were more than a
# second apart.
assert_stderr_of_both() {
  if [[ $stderr == "ipexec: 0-1 (2): $1"* ]]; then return; fi
  assert_stderr --partial "ipexec: 0: $1"
  assert_stderr --partial "ipexec: 1: $1"
}

# start_pair CONTROLLER ENGINES N: a cluster; engine-0.pid is that of engine 0, and so on.
start_pair() {
  local i
  start_controller "$1" || { world_show_logs; return 1; }
  for ((i = 0; i < $3; i++)); do
    start_engine "$2" "$i"
    wait_until 60 "engine $i" engines_answer $((i + 1)) || { world_show_logs; return 1; }
  done
}
