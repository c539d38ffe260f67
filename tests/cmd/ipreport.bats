#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipreport: a page about a run. Its numbers are compared with those of iphistory; the page itself is
# looked at in a browser where there is one.

load ../lib/cluster

# Two of a graph of three run, one fails; then a map of 20 items, of which 2 fail.
setup_file() {
  world_make
  cluster_start 2
  cd "$WORLD" || return
  printf '%s\n' '- {name: load, code: data = 1}' '- {name: fit <1>, code: "1/0", after: load}' \
    '- {name: plot, code: pass, after: load}' >tasks.yaml
  run_limited 60 ipdag tasks.yaml 2>dag.log || true
  seq 20 | run_limited 60 ipmap --chunk 5 '1 // (x % 10)' >map 2>map.log || true
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

report() { run --separate-stderr run_limited 60 ipreport "$@"; }

@test "--json: what happened" {
  report --json
  assert_status 0
  assert_stderr ""
  assert_equal "$(jq -c '[.tasks, .ok, .failed, .aborted, .pending, .edges]' <<<"$output")" \
    '[7,6,1,0,0,2]'
  assert_equal "$(jq -c '[.items, .failed_items]' <<<"$output")" '[23,2]'
  assert_equal "$(jq -c '[.failures[] | [.count, (.error | split(":")[0])]]' <<<"$output")" \
    '[[2,"ZeroDivisionError"],[1,"ZeroDivisionError"]]'
  assert_equal "$(jq '[.engines[].tasks] | add' <<<"$output")" 7
  assert_equal "$(jq '.utilisation > 0 and .utilisation <= 1' <<<"$output")" true
  assert_equal "$(jq '.longest_chain.tasks | length' <<<"$output")" 2
}

@test "--json: times are those of iphistory" {
  local longest sum
  run_limited 20 iphistory --tsv -o duration | tail -n +2 >durations
  longest=$(sort -g durations | tail -n 1)
  sum=$(awk '{n += $1} END {print n}' durations)
  report --json
  assert_equal "$(jq "(.duration.max - $longest) | fabs < 1e-6" <<<"$output")" true
  assert_equal "$(jq "(.duration.sum - $sum) | fabs < 1e-3" <<<"$output")" true
  assert_equal "$(jq '.slowest[0].duration == .duration.max' <<<"$output")" true
}

@test "--csv: a line for each, quoted" {
  report --csv
  assert_status 0
  assert_equal "${#lines[@]}" 8
  assert_line -n 0 "id,label,request,engine,status,submitted,started,completed,waited,duration,\
items,failed_items,after,error"
  "$IPKIT_PYTHON" - <<PYTHON
import csv, io
rows = list(csv.DictReader(io.StringIO('''$output''')))
by_label = {row['label']: row for row in rows}
assert by_label['fit <1>']['status'] == 'error', by_label
assert by_label['fit <1>']['after'] == by_label['load']['id'], by_label
assert 'division' in by_label['fit <1>']['error'], by_label
assert sum(int(row['items']) for row in rows) == 23, rows
PYTHON
}

@test "the page: well-formed, whole, and nothing from outside" {
  report -o run.html
  assert_status 0
  assert_output ""
  "$IPKIT_PYTHON" - run.html <<'PYTHON'
import html.parser, re, sys
text = open(sys.argv[1]).read()
void, stack, ids, links, marks = {'meta', 'link', 'br'}, [], set(), [], 0
class Page(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        global marks
        values = dict(attributes)
        if tag not in void: stack.append(tag)
        if 'id' in values: ids.add(values['id'])
        marks += values.get('class', '').startswith('task ')
        for key in 'href', 'src':
            if key in values: links.append(values[key])
    def handle_startendtag(self, tag, attributes): pass
    def handle_endtag(self, tag):
        assert stack.pop() == tag, (tag, stack)
Page().feed(text)
assert not stack, stack
assert all(link.startswith(('#', 'data:')) for link in links), links
assert {link[1:] for link in links if link.startswith('#')} <= ids, (links, ids)
assert {'failures', 'timeline', 'load', 'graph', 'times', 'slowest', 'engines'} <= ids, ids
assert marks == 7, marks
assert 'fit &lt;1&gt;' in text and 'fit <1>' not in text
assert 'prefers-color-scheme: dark' in text
assert not re.search(r'url\(|@import|https?://', text), 'something from outside'
PYTHON
}

@test "--svg: XML that stands alone" {
  report --svg
  assert_status 0
  "$IPKIT_PYTHON" -c 'import sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
space = "{http://www.w3.org/2000/svg}"
assert root.tag == space + "svg"
marks = [m for m in root.iter(space + "rect") if (m.get("class") or "").startswith("task ")]
assert len(marks) == 7, len(marks)
nodes = [m for m in root.iter(space + "g") if (m.get("class") or "").startswith("node")]
assert len(nodes) == 3, len(nodes)
edges = [m for m in root.iter(space + "path") if (m.get("class") or "").startswith("edge")]
assert len(edges) == 2, len(edges)' <<<"$output"
}

@test "a selection" {
  report --json --failed
  assert_equal "$(jq .tasks <<<"$output")" 1
  report --json --where 'label=plot'
  assert_equal "$(jq -c '[.tasks, .slowest[0].name]' <<<"$output")" '[1,"plot"]'
  report --json -n 4
  assert_equal "$(jq .tasks <<<"$output")" 4
  report --json --until 1h
  assert_equal "$(jq -c '[.tasks, .seconds]' <<<"$output")" '[0,0]'
  report --since 1h --until 1h
  assert_status 0
  [[ $output == *"<h1>0 tasks</h1>"* ]] || fail "no page for nothing"
  report job:nosuch --json
  assert_status 66
  assert_equal "$(jq .tasks <<<"$output")" 0
}

@test "what was cancelled, and what is not done yet" {
  local busy
  busy=$(run_limited 20 ipexec -n -a -t 0 "$(held go)")
  run_limited 20 ipexec -n -a -t 0 pass >waiting
  run_limited 20 ipcancel "$(<waiting)"
  run_limited 20 ipwait -q "$(<waiting)" || true
  report --json "$busy" "$(<waiting)"
  assert_equal "$(jq -c '[.ok, .aborted, .pending]' <<<"$output")" '[0,1,1]'
  report "$busy" "$(<waiting)"
  assert_status 0
  touch go
  run_limited 20 ipwait "$busy"
  run_limited 20 iphistory --purge "$busy" "$(<waiting)"
}

@test "-o: the file is there whole or not at all; a terminal gets no page" {
  report -o nosuch/run.html
  assert_status 70
  report --json -o run.json
  assert_output ""
  assert_equal "$(jq .tasks run.json)" 7
  report --json -o -
  assert_equal "$(jq .tasks <<<"$output")" 7
  report --json --csv
  assert_status 64
  run run_limited 20 script -qec ipreport /dev/null
  assert_status 64
  assert_output --partial "where to?; give -o FILE"
}

@test "in a browser: no error, nothing loaded, light and dark, keys" {
  command -v chromium >/dev/null || skip "no chromium: scripts/setup check installs it"
  report -o run.html
  run --separate-stderr run_limited 240 "$IPKIT_PYTHON" "$ROOT/tests/cmd/ipreport_browser.py" \
    run.html picture
  assert_status 0
  refute_output --partial "console:"
  assert_line "backgrounds: 2"
  assert_line "wider than the window: False"
  assert_line --partial "Home: load: engine "
  assert_line --partial "ArrowRight: "
  assert_line --partial "End: "
  assert_line "sorted: descending"
  assert_equal "$(grep -c ^requested: <<<"$output")" 1
  assert_line "requested: run.html"
  [[ -s picture-light.png && -s picture-dark.png ]] || fail "no pictures"
  ! cmp -s picture-light.png picture-dark.png || fail "both look the same"
}
