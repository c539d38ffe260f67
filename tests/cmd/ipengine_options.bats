# SPDX-License-Identifier: BSD-3-Clause
# ipengine: every option, flag, trait and variable that the reference's engine knows.
# shellcheck disable=SC2154
load ../lib/cluster

setup() {
  world_make
  world_enter
  SECURITY=$IPYTHONDIR/profile_default/security
}
teardown() { cluster_stop; }

# shown ARG…: what --show-config says.
shown() {
  run --separate-stderr run_limited 10 ipengine --show-config "$@"
  assert_status 0
  assert_stderr ""
}

# refused TEXT ARG…: a usage error of one line that has TEXT in it.
refused() {
  local text=$1
  shift
  run --separate-stderr run_limited 10 ipengine "$@"
  assert_status 64
  assert_stderr --partial "$text"
  assert_equal "${#stderr_lines[@]}" 1
  assert_output ""
}

# engine ARG…: one that registers, beside our controller.
engine() {
  in_background "$WORLD/engine-0.log" ipengine "$@" >"$WORLD/engine-0.pid"
  wait_until 30 "registration" grep -q "Completed registration" "$WORLD/engine-0.log"
}

@test "all options and flags of the reference are accepted, with = and without" {
  local option
  (umask 077 && touch key)
  for option in --file=f --startup-command=1 --startup-script=s --url= --ssh= --sshkey= \
    --location=h --timeout=5 --log-level=10 --profile-dir=p --profile=q --ipython-dir=i \
    --work-dir=. --log-url= --cluster-id=c --ident=me --user=me --keyfile=key; do
    shown "$option"
    shown "${option%%=*}" "${option#*=}"
  done
  shown -c 1 -s s
  for option in --log-to-file --log-to-file=True --clean-logs=False --mpi --debug --quiet --init \
    --secure --no-secure --show-config-json --InteractiveShell.colors=nocolor \
    --IPEngine.enable_nanny=False --Session.digest_history_size=3; do
    shown "$option"
  done
}

@test "what is wrong, unknown or not done is refused, with what may be meant" {
  refused "--IPEngine.id: 'x' is not an id" --IPEngine.id=x
  refused "--log-level: unknown log level 'loud'" --log-level=loud
  refused "--IPEngine.log_to_file: 'perhaps' is not True or False" --log-to-file=perhaps
  refused "IPEngine has no trait startup_comand; did you mean IPEngine.startup_command?" \
    --EngineFactory.startup_comand=1
  refused "unknown class IPEngin; did you mean IPEngine?" --IPEngin.id=1
  refused "did you mean --location?" --loction=h
  refused "--url is not done by this engine" --url tcp://h:1
  refused "takes no operand" True
}

@test "--show-config, --show-config-json, --help-all" {
  shown --IPEngineApp.id=3 -c 'x = 1' --debug
  assert_output "IPEngine
  .id = 3
  .log_level = 'DEBUG'
  .show_config = True
  .startup_command = 'x = 1'"
  run --separate-stderr run_limited 10 ipengine --show-config-json --IPEngine.id=3
  assert_status 0
  assert_equal "$(jq -c .IPEngine <<<"$output")" '{"id":3,"show_config_json":true}'
  run --separate-stderr run_limited 10 ipengine --help-all
  assert_status 0
  assert_line --regexp '^  --IPEngine.id +the id to ask for$'
  assert_line "  --IPEngine.enable_nanny"
}

@test "ipengine_config.py: plain lines are read, the rest is named; the command line wins" {
  cluster_start_by_hand 0
  cat >"${SECURITY%/*}/ipengine_config.py" <<'PYTHON'
c = get_config()
import os
c.IPEngine.startup_command = 'from_file = 42'
c.IPEngine.id = 5
c.InteractiveShell.colors = 'nocolor'
c.IPEngine.nonsense = 1
PYTHON
  echo "c.IPEngine.max_heartbeat_misses = 'few'" >more.py
  run --separate-stderr run_limited 10 ipengine --config=more.py
  assert_status 78
  assert_stderr --partial "more.py:1: IPEngine.max_heartbeat_misses: 'few' is not"
  engine --IPEngine.id=7
  grep -q 'ipengine_config.py:2: not understood' "$WORLD/engine-0.log"
  grep -q 'ipengine_config.py:6: .*has no trait nonsense' "$WORLD/engine-0.log"
  run --separate-stderr run_limited 20 ipexec -t 7 -p from_file
  assert_status 0
  assert_output 42
}

@test "the engine's session id is the one given; the file's name too" {
  cluster_start_by_hand 0
  mv "$SECURITY/ipcontroller-engine.json" "$SECURITY/e.json"
  engine --ident=engine-of-my-own --IPEngine.url_file_name=e.json
  # The table is written a moment after the answer.
  wait_until 20 "the table of engines" test -s "${SECURITY%/*}/log/engines.json"
  assert_equal "$(jq -c .engines "${SECURITY%/*}/log/engines.json")" '{"0":"engine-of-my-own"}'
}

@test "keys come from the environment or a file, if the connection file has none" {
  local file
  IPP_SESSION_KEY=top-secret in_background "$WORLD/controller.log" ipcontroller --enable-curve \
    >"$WORLD/controller.pid"
  wait_until 20 READY grep -q ^READY "$WORLD/controller.log"
  curve=$(jq -r .curve_serverkey "$SECURITY/ipcontroller-engine.json")
  for file in "$SECURITY"/ipcontroller-{client,engine}.json; do
    jq '.key = "" | .curve_serverkey = null' "$file" >stripped
    cat stripped >"$file" # its mode stays
  done
  echo top-secret >key
  chmod 600 key
  engine --keyfile=key --IPEngine.curve_serverkey="$curve"
  export IPP_SESSION_KEY=top-secret IPP_CURVE_SERVERKEY=$curve
  in_background "$WORLD/engine-1.log" ipengine >"$WORLD/engine-1.pid"
  wait_until 30 "registration" grep -q "Completed registration" "$WORLD/engine-1.log"
  run --separate-stderr run_limited 20 ipexec -p '6 * 7'
  assert_status 0
  assert_output $'42\n42'
}
