# SPDX-License-Identifier: BSD-3-Clause
# ipcontroller --scheme=FILE.so: what is loaded, what is refused and in which words.
# shellcheck disable=SC2154
load ../lib/cluster

setup() {
  world_make
  world_enter
  chmod 755 .
}
teardown() { assert_world_empty; }

# compile NAME: NAME.so from the text on standard input, with what every scheme includes.
compile() {
  { echo '#include <ipkit/scheme.h>' && cat; } >"$1.c"
  cc -shared -fPIC -I "$ROOT/include" -o "$1.so" "$1.c"
  chmod 755 "$1.so"
}

first='static size_t first(void *s, const unsigned *l, size_t n) { return s && l ? n : 0; }'

# refused STATUS TEXT FILE: ipcontroller does not start with it.
refused() {
  run --separate-stderr run_limited 10 ipcontroller --scheme="$3"
  assert_status "$1"
  assert_output ""
  assert_stderr --partial "$2"
}

@test "the two of docs/schemes.md are loaded" {
  awk '/^```c/ {n++; on = 1; next} /^```/ {on = 0} on {print >("example" n ".c")}' \
    "$ROOT/docs/schemes.md"
  local n
  for n in 1 2; do
    cc -Wall -Werror -shared -fPIC -I "$ROOT/include" -o "example$n.so" "example$n.c"
    chmod 755 "example$n.so"
    run --separate-stderr run_limited 10 ipcontroller --scheme="./example$n.so" --show-config
    assert_status 0
    assert_stderr ""
  done
  # Blank lines and comments aside, the first one is short.
  (($(grep -c . example1.c) <= 10))
}

@test "in C++ too" {
  { echo '#include <ipkit/scheme.h>' && cat; } >plus.cpp <<'TEXT'
static size_t last(void*, const unsigned*, size_t count) { return count - 1; }
const struct ipkit_scheme ipkit_scheme = {IPKIT_SCHEME_ABI, last, nullptr, nullptr};
TEXT
  c++ -shared -fPIC -I "$ROOT/include" -o plus.so plus.cpp
  chmod 755 plus.so
  run --separate-stderr run_limited 10 ipcontroller --scheme=./plus.so --show-config
  assert_status 0
  assert_stderr ""
}

@test "a file that is not there, that is none, that has no scheme" {
  refused 66 "--scheme: scheme ./none.so: No such file" ./none.so
  refused 64 "unknown scheduling scheme 'none.so'; a file is named with its directory: ./none.so" \
    none.so
  echo text >text.so
  chmod 644 text.so
  refused 65 "text.so: file too short" ./text.so
  compile empty <<<'int other;'
  refused 65 "empty.so: it has no 'ipkit_scheme'" ./empty.so
}

@test "a file for another version of the interface, one without a function" {
  compile later <<<"$first
const struct ipkit_scheme ipkit_scheme = {IPKIT_SCHEME_ABI + 1, first};"
  refused 65 "made for version 2 of the interface, this is 1; compile it anew" ./later.so
  compile null <<<'const struct ipkit_scheme ipkit_scheme = {IPKIT_SCHEME_ABI};'
  refused 65 "null.so: its 'choose' is null" ./null.so
}

@test "a file that others could have written is not even opened" {
  compile mine <<<"#include <stdio.h>
$first
__attribute__((constructor)) static void loaded(void) { fclose(fopen(\"loaded\", \"w\")); }
const struct ipkit_scheme ipkit_scheme = {IPKIT_SCHEME_ABI, first};"
  chmod 757 mine.so
  refused 77 "mine.so: others than you and root can write it; chmod go-w it and its directory" \
    ./mine.so
  chmod 755 mine.so
  mkdir open
  cp -p mine.so open/
  chmod 777 open
  refused 77 "open/mine.so: others than you and root" open/mine.so
  # A link says nothing about what it leads to.
  ln -s open/mine.so link.so
  refused 77 "open/mine.so: others than you and root" ./link.so
  [[ ! -e loaded ]]
  run run_limited 10 ipcontroller --scheme=./mine.so --show-config
  assert_status 0
  [[ -e loaded ]]
}

@test "ipcluster start: relative to where it is called; the client's file has the name" {
  compile first <<<"$first
const struct ipkit_scheme ipkit_scheme = {IPKIT_SCHEME_ABI, first};"
  run_limited 60 ipcluster start -n 1 --daemonize --scheme=./first.so
  run jq -r .task_scheme "$IPYTHONDIR/profile_default/security/ipcontroller-client.json"
  assert_output first.so
  run run_limited 20 ipmap 'x + 1' ::: 1 2
  assert_output "2
3"
  cluster_stop
}
