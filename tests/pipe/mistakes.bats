# SPDX-License-Identifier: BSD-3-Clause
# What newcomers get wrong: the message says what it is and leads to what is right.
load ../lib/cluster

setup_file() { world_make; }
teardown_file() { assert_world_empty; }
setup() { world_enter; }

# mistake STATUS CMD…: it fails with that status and says nothing on standard output.
mistake() {
  local expected=$1
  shift
  run --separate-stderr run_limited 20 "$@"
  assert_status "$expected"
  assert_output ""
}

# With no controller there: none of these gets as far as asking for one.
@test "options behind operands: named, and where they belong" {
  mistake 64 ipscatter x --cyclic
  assert_stderr "ipscatter: option --cyclic comes after the operand x; options come first; for an \
operand that looks like one put -- before them"
  local words
  for words in "ipls x -l" "ippull a --json" "ipgather y --json" "ippush a=1 -t 0" \
    "ipwait job:x --timeout=5s" "ipresult job:x -S" "ipcancel job:x -v" "ipexec x=1 -t 0" \
    "ipsubmit f() --retries 3" "ipmap x**2 -j 4" "ipstat x --json"; do
    # shellcheck disable=SC2086 # words
    mistake 64 $words
    assert_stderr --partial " comes after the operand "
    assert_stderr --partial "options come first"
  done
}

@test "options behind operands: words of commands and items, and behind --, are none" {
  local words
  for words in "ipexec --sh ls -l" "ipmap x ::: -t" "ipapply f -t" "ipls -- x -l"; do
    # shellcheck disable=SC2086 # words
    mistake 69 $words
  done
}
