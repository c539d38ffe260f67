#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipstat: queues and load.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

stat_() { run --separate-stderr run_limited 20 ipstat "$@"; }

@test "a line for each engine, one for the controller" {
  stat_
  assert_status 0
  assert_equal "${#lines[@]}" 4
  assert_line -n 0 --regexp '^id +state +queue +tasks +completed +failed$'
  assert_line -n 1 --regexp '^ 0 +(idle|busy) +'
  assert_line -n 3 --regexp '^controller [0-9]+ on .*, up .*, [0-9.]+ MB, unassigned tasks: 0$'
}

@test "work that waits is counted, work done too" {
  j=$(run_limited 20 ipexec -n -t 0 -a "$(held go)")
  run_limited 20 ipexec -n -t 0 -a 'pass' >/dev/null
  run --separate-stderr run_limited 20 bash -c \
    "ipstat --json | /usr/bin/python3 -c \"
import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(rows[1]['engine'], rows[1]['queue'], rows[2]['queue'])\""
  assert_output "0 2 0"
  touch go
  run_limited 20 ipwait "$j"
  # shellcheck disable=SC2016 # for the inner shell
  wait_until 10 "both to be finished" bash -c '[[ $(ipstat -q) == "0 0 "* ]]'
}

@test "-t chooses, operands are refused" {
  stat_ -t 1
  assert_equal "${#lines[@]}" 3
  stat_ foo
  assert_status 64
}

@test "-q: three numbers" {
  stat_ -q
  assert_status 0
  assert_output --regexp '^[0-9]+ [0-9]+ [0-9]+$'
}

@test "--prometheus: metrics, each with its type; those of the dashboard are among them" {
  stat_ --prometheus
  assert_status 0
  assert_line '# TYPE ipkit_engine_completed_total counter'
  assert_line 'ipkit_up{profile="default",cluster=""} 1'
  assert_line 'ipkit_engines{profile="default",cluster=""} 2'
  assert_line --regexp \
    '^ipkit_engine_queue\{profile="default",cluster="",engine="1",host="[^"]+"\} [0-9]+$'
  assert_line --regexp '^ipkit_controller_resident_bytes\{.*\} [0-9]{6,}$'
  "$IPKIT_PYTHON" - "$ROOT/share/grafana/ipkit.json" <<PYTHON
import json, re, sys
text = '''$output'''
types, seen = {}, set()
for line in text.splitlines():
    if line.startswith('# TYPE '):
        name, kind = line.split()[2:]
        assert name not in types, name
        types[name] = kind
    elif not line.startswith('# HELP '):
        found = re.fullmatch(r'(\w+)\{((\w+="[^"]*",?)*)\} (\S+)', line)
        assert found, line
        assert found[1] in types, line
        assert line not in seen, line
        seen.add(line)
        float(found[4])
panels = json.load(open(sys.argv[1]))['panels']
used = set(re.findall(r'ipkit_\w+', json.dumps([panel['targets'] for panel in panels])))
assert used and used <= set(types), used - set(types)
PYTHON
  stat_ --prometheus -t 0
  refute_output --partial 'engine="1"'
  stat_ --prometheus --json
  assert_status 64
}

@test "--prometheus: what failed is counted; no controller is a metric, too" {
  local before
  before=$(failed)
  run_limited 20 ipexec -n -t 0 1/0 2>/dev/null || true
  wait_until 10 "one more failure" more_failed "$before"
  stat_ --prometheus --cluster-id nosuch
  assert_status 69
  assert_output --partial 'ipkit_up{profile="default",cluster="nosuch"} 0'
  refute_output --partial ipkit_engines
}
# Of engine 0.
failed() {
  run_limited 20 ipstat --prometheus -t 0 | awk '/^ipkit_engine_failed_total/ {print $2}'
}
more_failed() { (($(failed) == $1 + 1)); }
