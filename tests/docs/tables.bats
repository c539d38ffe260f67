#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# docs/cheatsheet.md and docs/migrating.md: every command of ours in their tables, typed as it
# stands there, at the desk of the manuals' examples.
# shellcheck disable=SC2016 # $j is for the shell that types

load ../examples/typed
load ../examples/desk

setup_file() { desk_begin 4; }
teardown_file() { cluster_stop; }
setup() {
  make_desk
  make_names
  run_limited 20 iphistory --purge --all
}

# commands PAGE [COLUMN [SECTION]]
commands() { "$IPKIT_PYTHON" "$ROOT/tests/docs/table_commands.py" "$ROOT/docs/$1" "${@:2}"; }

# type_page PAGE PRELUDE
type_page() {
  export zip=01234
  commands "$1" >"$WORLD/entries"
  type_entries "" "$1" "$2"
}

@test "the cheat sheet" {
  type_page cheatsheet.md ''
  (($(wc -l <"$WORLD/entries") > 40)) || fail "few commands"
}

@test "coming from elsewhere" {
  type_page migrating.md ''
  (($(wc -l <"$WORLD/entries") > 55)) || fail "few commands"
}

@test "what GNU parallel prints, ipmap prints" {
  command -v parallel >/dev/null || skip "no GNU parallel: scripts/setup bench installs it"
  local theirs ours row number=0
  mapfile -t theirs < <(commands migrating.md 0 "GNU parallel")
  mapfile -t ours < <(commands migrating.md 1 "GNU parallel")
  for row in "${!theirs[@]}"; do
    [[ ${theirs[row]} == *parallel* ]] || continue
    run_limited 100 bash -o pipefail -c "${theirs[row]}" >"$WORLD/theirs" 2>"$WORLD/err" \
      </dev/null || fail "${theirs[row]}: $(<"$WORLD/err")"
    run_limited 30 bash -o pipefail -c "${ours[row]}" >"$WORLD/ours" 2>"$WORLD/err" </dev/null ||
      fail "${ours[row]}: $(<"$WORLD/err")"
    diff "$WORLD/theirs" "$WORLD/ours" || fail "not the same: ${theirs[row]} -- ${ours[row]}"
    number=$((number + 1))
  done
  ((number >= 14)) || fail "only $number rows compared"
}
