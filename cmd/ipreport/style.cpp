// SPDX-License-Identifier: BSD-3-Clause
// How a report looks and what its keys do: texts that go into it as they are.
#include "cmd/ipreport/style.hpp"

namespace ipreport {

const char* const kChartStyle = R"(
:root { color-scheme: light dark;
  --back: #ffffff; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --lane: #f3f5f7;
  --ok: #2f6fb3; --error: #c8321f; --aborted: #9a6700; --pending: #818b98; --waiting: #7a5bb5;
  --box: #eef4fb; --errorbox: #fdecea; --here: #1f2328; }
@media (prefers-color-scheme: dark) { :root {
  --back: #0f1419; --text: #e6edf3; --quiet: #9aa5b1; --line: #333c46; --lane: #1a2129;
  --ok: #6cb0f5; --error: #ff8272; --aborted: #e3b341; --pending: #848d97; --waiting: #b79bf0;
  --box: #172536; --errorbox: #3a1c1a; --here: #ffffff; } }
svg { font: 12px system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; }
svg text { fill: var(--quiet); }
svg .title { font-size: 15px; font-weight: 600; fill: var(--text); }
svg .end { text-anchor: end; }
svg .middle { text-anchor: middle; }
.ground { fill: var(--back); }
.lane { fill: var(--lane); }
.tick { stroke: var(--line); stroke-width: 1; }
.ok { fill: var(--ok); }
.error { fill: var(--error); }
.aborted { fill: var(--aborted); }
.pending { fill: var(--pending); }
.task { stroke: var(--back); stroke-width: .5; }
.task.error { stroke: var(--text); stroke-width: 1; }
.task.here { stroke: var(--here); stroke-width: 2.5; }
.shade { fill: var(--ok); }
.s0 { opacity: .2; } .s1 { opacity: .4; } .s2 { opacity: .6; } .s3 { opacity: .8; }
.busy { fill: var(--ok); opacity: .75; }
.waiting { fill: var(--waiting); opacity: .75; }
.bar { fill: var(--ok); }
.edge { fill: none; stroke: var(--pending); stroke-width: 1.2; opacity: .65; }
.edge.critical { stroke: var(--aborted); stroke-width: 3; opacity: 1; }
.node rect { fill: var(--box); stroke: var(--ok); stroke-width: 1.2; }
.node.error rect { fill: var(--errorbox); stroke: var(--error); stroke-width: 2; }
.node.aborted rect { stroke: var(--aborted); stroke-dasharray: 4 2; }
.node.pending rect { stroke: var(--pending); stroke-dasharray: 2 2; }
.node.critical rect { stroke: var(--aborted); stroke-width: 3; }
.node.critical.error rect { stroke: var(--error); }
.node .name { fill: var(--text); font-weight: 600; }
.node .small { font-size: 11px; }
)";

const char* const kPageStyle = R"(
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; }
main, header, nav { max-width: 1280px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 20px; }
h1 { font-size: 24px; margin: 0; }
h2 { font-size: 18px; margin: 34px 0 8px; }
p { margin: 4px 0 10px; }
.note { color: var(--quiet); }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; padding: 8px 0;
  margin: 8px 0 0; border-bottom: 1px solid var(--line); }
a { color: var(--ok); }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 8px; top: 8px; background: var(--back); padding: 4px 8px; }
:focus-visible { outline: 3px solid var(--ok); outline-offset: 2px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(124px, 1fr)); gap: 10px;
  margin: 18px 0 0; }
dl div { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; }
dt { color: var(--quiet); font-size: 13px; }
dd { margin: 0; font-size: 21px; font-weight: 600; }
dd.bad { color: var(--error); background: none; }
dd small { display: block; font-size: 12px; font-weight: 400; color: var(--quiet); }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; padding: 10px; }
.wide svg { display: block; margin: 0 auto; }
.fit svg { width: 100%; height: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(380px, 1fr)); gap: 12px; }
.key { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin: 0 5px 0 14px;
  vertical-align: -1px; border: 1px solid var(--line); }
.key.ok { background: var(--ok); } .key.error { background: var(--error); }
.key.aborted { background: var(--aborted); } .key.pending { background: var(--pending); }
output { display: block; min-height: 1.6em; margin: 6px 0 0; color: var(--text);
  overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 5px 10px; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
th.n, td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th { white-space: nowrap; color: var(--quiet); font-weight: 600; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0;
  cursor: pointer; }
th[aria-sort=ascending] button::after { content: " \25b2"; }
th[aria-sort=descending] button::after { content: " \25bc"; }
td.error { background: none; color: var(--error); }
td.aborted, td.pending, td.ok { background: none; }
pre, code { font: 13px/1.4 ui-monospace, "Liberation Mono", "DejaVu Sans Mono", monospace; }
pre { overflow-x: auto; background: var(--lane); padding: 8px; border-radius: 6px; margin: 6px 0; }
summary { cursor: pointer; }
footer { color: var(--quiet); margin: 40px 0 30px; font-size: 13px; }
@media print { nav, .skip { display: none; } .wide { border: 0; } }
)";

const char* const kScript = R"(
'use strict';
const line = document.querySelector('#timeline .wide');
const out = document.querySelector('#timeline output');
const marks = line ? [...line.querySelectorAll('.task')] : [];
let here = -1;
function show(index) {
  if (!marks.length) return;
  if (marks[here]) marks[here].classList.remove('here');
  here = Math.max(0, Math.min(index, marks.length - 1));
  marks[here].classList.add('here');
  out.textContent = marks[here].querySelector('title').textContent;
  marks[here].scrollIntoView({ block: 'nearest', inline: 'nearest' });
}
function row(mark, way) {
  const y = +mark.getAttribute('y'), x = +mark.getAttribute('x');
  let best = -1, distance = Infinity;
  marks.forEach((other, index) => {
    const dy = (+other.getAttribute('y') - y) * way;
    if (dy <= 0) return;
    const d = dy * 1e4 + Math.abs(+other.getAttribute('x') - x);
    if (d < distance) { distance = d; best = index; }
  });
  return best < 0 ? here : best;
}
const inRow = way => {
  if (here < 0) return 0;
  const y = marks[here].getAttribute('y');
  const same = marks.map((m, i) => i).filter(i => marks[i].getAttribute('y') === y);
  same.sort((a, b) => marks[a].getAttribute('x') - marks[b].getAttribute('x'));
  return same[Math.max(0, Math.min(same.indexOf(here) + way, same.length - 1))];
};
if (marks.length) {
  line.addEventListener('keydown', event => {
    const go = { ArrowRight: () => inRow(1), ArrowLeft: () => inRow(-1),
      ArrowDown: () => here < 0 ? 0 : row(marks[here], 1),
      ArrowUp: () => here < 0 ? 0 : row(marks[here], -1),
      Home: () => 0, End: () => marks.length - 1 }[event.key];
    if (!go) return;
    event.preventDefault();
    show(go());
  });
  line.addEventListener('click', event => {
    const index = marks.indexOf(event.target);
    if (index >= 0) show(index);
  });
}
for (const button of document.querySelectorAll('th button'))
  button.addEventListener('click', () => {
    const head = button.closest('th'), table = head.closest('table');
    const column = [...head.parentNode.children].indexOf(head);
    const down = head.getAttribute('aria-sort') !== 'descending';
    for (const other of head.parentNode.children) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const value = row => row.children[column].dataset.v ?? row.children[column].textContent;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const x = value(a), y = value(b);
      const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
      return down ? -order : order;
    });
    table.tBodies[0].append(...rows);
  });
)";

}  // namespace ipreport
