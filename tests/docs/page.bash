# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# page.bash: runs the examples of $PAGE, section by section.

# page [SECTION]: the section's blocks give what the page shows; without one: names the sections.
page() {
  run_limited 120 "$IPKIT_PYTHON" "$ROOT/tests/docs/run_page" "$PAGE" "$@"
}

# every_section_is_run N [FILE…]: each of the page's N sections has its test in this file, or those.
every_section_is_run() {
  local section n=$1
  shift
  page >sections
  while read -r section; do
    grep -qF "page \"$section\"" "$BATS_TEST_FILENAME" "${@/#/$BATS_TEST_DIRNAME/}" ||
      fail "not run: $section"
  done <sections
  assert_equal "$(wc -l <sections)" "$n"
}
