#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# make html: every manual page, well-formed, and no link that leads nowhere.
load ../lib/cluster

setup() {
  world_make
  world_enter
  command -v mandoc >/dev/null || skip "no mandoc: scripts/setup check installs it"
}

@test "every page is there, linked from the index; every link leads somewhere" {
  run run_limited 100 make -s -C "$ROOT" html BUILD="$PWD"
  assert_status 0
  local pages=("$ROOT"/man/man[157]/*.[157])
  assert_output "${#pages[@]} pages: $PWD/html/index.html"
  "$IPKIT_PYTHON" - html "${pages[@]##*/}" <<'PYTHON'
import html.parser, pathlib, sys
from urllib.parse import unquote
directory, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
void = {'meta', 'link', 'br', 'hr', 'col', 'img'}

class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.stack, self.ids, self.links, self.path = [], set(), [], path
        self.feed(path.read_text(encoding='utf-8'))
        assert not self.stack, (path, self.stack)
    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag not in void: self.stack.append(tag)
        if 'id' in values:
            assert values['id'] not in self.ids, (self.path, values['id'])
            self.ids.add(values['id'])
        self.links += [values[key] for key in ('href', 'src') if key in values]
    def handle_startendtag(self, tag, attributes):
        self.links += [value for key, value in attributes if key in ('href', 'src')]
    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, (self.path, tag, self.getpos())

pages = {path.name: Page(path) for path in directory.glob('*.html')}
assert set(pages) == {name + '.html' for name in names} | {'index.html'}, sorted(pages)
count = 0
for name, page in pages.items():
    for link in page.links:
        file, _, fragment = unquote(link).partition('#')
        file = file or name
        assert (directory / file).is_file(), (name, link)
        assert not fragment or fragment in pages[file].ids, (name, link)
        count += 1
index = set(pages['index.html'].links)
assert {name + '.html' for name in names} <= index, sorted(index)
crossing = [link for name, page in pages.items() if name != 'index.html'
            for link in page.links if link.split('#')[0] in pages]
assert len(crossing) > 100, len(crossing)
print(count, 'links')
PYTHON
}

@test "links within docs/ and README lead to files" {
  "$IPKIT_PYTHON" - "$ROOT" <<'PYTHON'
import pathlib, re, sys
root = pathlib.Path(sys.argv[1])
pages = [page for where in ('', 'docs/', 'bench/', 'share/*/')
         for page in root.glob(where + '*.md')]
count = 0
for page in pages:
    text = re.sub(r'```.*?```', '', page.read_text(encoding='utf-8'), flags=re.S)
    for target in re.findall(r'\]\(([^)\s]+)\)', text):
        if re.match(r'[a-z]+:', target): continue
        path = (page.parent / target.split('#')[0]) if target.split('#')[0] else page
        assert path.exists(), (page.name, target)
        count += 1
assert count > 30, count
PYTHON
}
