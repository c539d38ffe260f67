# SPDX-License-Identifier: BSD-3-Clause
# Which engine gets a task, how many, and what becomes of it: schemes, limits and conditions as a
# real client sees them.
load ../lib/cluster
load client

setup() {
  world_make
  find_ipyparallel
  world_enter
  chmod 755 .
}
teardown() { cluster_stop; }

# check NAME[:WORD…] ARG…: scheduling.py's check with two engines and a controller so started.
check() {
  local check=$1
  shift
  mkdir -p "$IPYTHONDIR/profile_default"
  printf 'controller:\n  args: [%s]\n' "$(printf '"%s", ' "--ping=1000" "$@")" \
    >"$IPYTHONDIR/profile_default/ipkit.yaml"
  run_limited 60 ipcluster start -n 2 --daemonize >"$WORLD/start.log"
  # shellcheck disable=SC2086 # words
  run run_limited 60 "$REAL_PYTHON" "$ROOT/tests/interop/scheduling.py" ${check//:/ }
  assert_status 0
  assert_output ""
}

# example NUMBER NAME: NAME.so from docs/schemes.md.
example() {
  awk -v wanted="$1" '/^```c/ {n++; on = 1; next} /^```/ {on = 0} on && n == wanted' \
    "$ROOT/docs/schemes.md" >"$2.c"
  compile "$2"
}

# compile NAME: NAME.so from NAME.c.
compile() {
  cc -shared -fPIC -I "$ROOT/include" -o "$1.so" "$1.c"
  chmod 755 "$1.so"
}

@test "leastload: the engine with the fewest tasks" { check leastload --scheme=leastload --hwm=0; }
@test "leastload is the default" { check leastload --hwm=0; }
@test "lru: in turn, whatever they have" { check lru --scheme=lru --hwm=0; }
@test "plainrandom: both, whatever they have" { check plainrandom --scheme=plainrandom --hwm=0; }
@test "twobin: rather the idle one" { check prefers_the_idle --scheme=twobin --hwm=0; }
@test "weighted: rather the idle one" { check prefers_the_idle --scheme=weighted --hwm=0; }
@test "pure: in turn without a limit; the client is told" { check pure --scheme=pure; }

@test "one task at a time" { check limit:1; }
@test "one task at a time, said so" { check limit:1 --hwm=1; }
@test "ten tasks at a time" { check limit:10 --hwm=10; }
@test "any number of tasks" { check limit:0 --hwm=0; }

@test "a scheme from a file: the one of docs/schemes.md fills one engine first" {
  example 1 fullest
  check fullest "--scheme=$PWD/fullest.so" --hwm=3
}

@test "a scheme from a file with a state of its own" {
  example 2 again
  check plainrandom "--scheme=$PWD/again.so" --hwm=0
}

@test "a scheme that answers nonsense is survived, and the log names it" {
  cat >wild.c <<'TEXT'
#include <ipkit/scheme.h>
static size_t wild(void *s, const unsigned *l, size_t n) { return s == 0 && l ? n : 0; }
const struct ipkit_scheme ipkit_scheme = {IPKIT_SCHEME_ABI, wild};
TEXT
  compile wild
  check work "--scheme=$PWD/wild.so"
  grep -q 'scheme .*/wild.so chose engine . of .; the first one gets the task' \
    "$IPYTHONDIR"/profile_default/log/ipcontroller-*.log
}

@test "a scheme that throws is survived, and the log names it" {
  cat >thrower.cpp <<'TEXT'
#include <ipkit/scheme.h>
static size_t thrower(void*, const unsigned* l, size_t) { throw l; }
const struct ipkit_scheme ipkit_scheme = {IPKIT_SCHEME_ABI, thrower, nullptr, nullptr};
TEXT
  c++ -shared -fPIC -I "$ROOT/include" -o thrower.so thrower.cpp
  chmod 755 thrower.so
  check work "--scheme=$PWD/thrower.so"
  grep -q 'scheme .*/thrower.so threw; the first engine gets the task' \
    "$IPYTHONDIR"/profile_default/log/ipcontroller-*.log
}

@test "functional dependencies move a task on" { check functional; }
@test "aborted tasks, queued and to be tried again" { check aborting; }
@test "an engine dies with a task that may be tried again, and with one that may not" {
  check deaths
}
@test "requests with a label, questions with a pattern" { check labels; }
