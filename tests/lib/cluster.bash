# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# cluster.bash: a world of its own, and a cluster in it, for bats tests. Normal use:
#
#   load ../lib/cluster
#   setup_file()    { world_make; cluster_start 4; }
#   teardown_file() { cluster_stop; }
#   setup()         { world_enter; }
#   @test "…"       { run --separate-stderr run_limited 10 ipexec 'print(1)'; assert_status 0; }

bats_require_minimum_version 1.5.0
# shellcheck source=tests/lib/processes.bash
source "${BASH_SOURCE[0]%/*}/processes.bash"
# shellcheck source=tests/lib/assert.bash
source "${BASH_SOURCE[0]%/*}/assert.bash"

: "${WORLD_STOP_LIMIT:=20}" # seconds a cluster may take to go away

# world_make [DIR]: a temporary home, profile root and TMPDIR under DIR (default: that of the test,
# or of the file in setup_file), the programs of $IPKIT_BUILD first on PATH, none of the
# caller's settings. Every process started from here on carries IPKIT_TEST_WORLD.
world_make() {
  local root name
  root=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
  WORLD=${1:-${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}}/world
  for name in $(compgen -e | grep -E '^(IPKIT|IPP)_'); do
    case ${name#IPKIT_} in BUILD | PYTHON | REPORTS | SLOW | TEST_RUN) ;; *) unset "$name" ;; esac
  done
  export WORLD ROOT=$root
  export IPKIT_TEST_WORLD=$WORLD IPKIT_BUILD=${IPKIT_BUILD:-build}
  [[ $IPKIT_BUILD == /* ]] || IPKIT_BUILD=$root/$IPKIT_BUILD
  export HOME=$WORLD/home IPYTHONDIR=$WORLD/ipython TMPDIR=$WORLD/tmp XDG_RUNTIME_DIR=$WORLD/run
  mkdir -p "$HOME" "$IPYTHONDIR" "$TMPDIR" "$XDG_RUNTIME_DIR"
  chmod 700 "$XDG_RUNTIME_DIR"
  export PATH=$IPKIT_BUILD/bin:$PATH LC_ALL=C.UTF-8
  if [[ -z ${IPKIT_REPORTS-} ]]; then reports_in "$WORLD/reports"; fi
  # Debian's own interpreter starts at once and has what the tests use; a shim on PATH may not.
  if [[ -z ${IPKIT_PYTHON-} && -x /usr/bin/python3 ]]; then export IPKIT_PYTHON=/usr/bin/python3; fi
}

# world_enter: for setup(): standard input is nothing's pipe, the directory is the test's own.
world_enter() {
  exec </dev/null
  cd "$BATS_TEST_TMPDIR" || return
}

# held FILE [CODE]: Python that goes on to CODE when FILE is there, in the test's directory: work
# that lasts until the test has seen what it wants to see, however long that takes.
held() {
  printf 'while not __import__("os").path.exists("%s/%s"): __import__("time").sleep(0.01)\n%s' \
    "$PWD" "$1" "${2-}"
}

# in_background LOG CMD…: starts CMD detached from bats (which waits for whoever holds its
# descriptors), prints its pid.
in_background() {
  local log=$1 fd
  shift
  (
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      if ((fd > 2)); then eval "exec $fd>&-"; fi
    done
    exec "$@"
  ) </dev/null >>"$log" 2>&1 &
  echo $!
}

# cluster_start N [ipcluster options]: a cluster with N engines; returns when all N answer.
cluster_start() {
  local n=$1
  shift
  if [[ -x $IPKIT_BUILD/bin/ipcluster ]]; then
    run_limited 60 ipcluster start -n "$n" --daemonize "$@" </dev/null >"$WORLD/start.log" 2>&1 ||
      { world_show_logs; return 1; }
  else
    cluster_start_by_hand "$n"
  fi
}

# The same with the two servers only; by path, as ipyparallel has programs of these names.
cluster_start_by_hand() {
  local n=$1 i
  in_background "$WORLD/controller.log" "$IPKIT_BUILD/bin/ipcontroller" --ip=127.0.0.1 \
    >"$WORLD/controller.pid"
  wait_until 20 "the controller's connection file" \
    test -s "$IPYTHONDIR/profile_default/security/ipcontroller-engine.json" ||
    { world_show_logs; return 1; }
  for ((i = 0; i < n; i++)); do
    in_background "$WORLD/engine-$i.log" "$IPKIT_BUILD/bin/ipengine" >"$WORLD/engine-$i.pid"
  done
  ((n == 0)) || wait_until 30 "$n engines" engines_answer "$n" || { world_show_logs; return 1; }
}

# engines_answer N: true if at least N engines are registered.
engines_answer() {
  if [[ -x $IPKIT_BUILD/bin/ipls ]]; then
    (($(timeout 10 ipls 2>/dev/null </dev/null | wc -l) >= $1))
  else
    (($(grep -lE 'READY|registered' "$WORLD"/engine-*.log 2>/dev/null | wc -l) >= $1))
  fi
}

# cluster_stop: stops everything of this world. Fails if something had to be killed.
cluster_stop() {
  if [[ -x $IPKIT_BUILD/bin/ipcluster ]]; then
    run_limited 30 ipcluster stop </dev/null >"$WORLD/stop.log" 2>&1 || true
  fi
  local file
  for file in "$WORLD"/controller.pid "$WORLD"/engine-*.pid; do
    if [[ -s $file ]]; then kill "$(<"$file")" 2>/dev/null || true; fi
  done
  assert_world_empty
}

# assert_world_empty: no process of this world is left within the limit (what is left is shown and
# killed), and no sanitizer and no valgrind had anything to say.
assert_world_empty() {
  if wait_until "$WORLD_STOP_LIMIT" "" none_marked IPKIT_TEST_WORLD "$WORLD"; then
    no_reports "$IPKIT_REPORTS"
    return
  fi
  echo "processes left behind:"
  kill_marked IPKIT_TEST_WORLD "$WORLD"
  world_show_logs
  return 1
}

# world_show_logs: the end of every log of this world.
world_show_logs() {
  local file
  for file in "$WORLD"/*.log "$IPYTHONDIR"/profile_*/log/*; do
    if [[ -s $file ]]; then
      echo "-- ${file#"$WORLD"/}"
      tail -n 25 "$file"
    fi
  done
}
