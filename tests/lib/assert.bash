# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# assert.bash: what `run` left in $status, $output, $stderr and ${lines[@]}, compared; a failure
# shows all of it.

show_run() {
  echo "-- status: ${status-}"
  echo "-- stdout: ${output-}"
  echo "-- stderr: ${stderr-}"
}

# fail TEXT…: the test fails here.
fail() {
  echo "$*"
  show_run
  return 1
}

# True where a sanitizer or valgrind has its part in memory and time.
is_instrumented() { [[ -e $IPKIT_BUILD/instrumented ]]; }

# at_most KB LIMIT WHAT: of memory, where it is the program's own.
at_most() { is_instrumented || (($1 <= $2)) || fail "$3: $1 kB, limit $2 kB"; }

# assert_status N
assert_status() {
  # shellcheck disable=SC2154 # set by run
  [[ $status -eq $1 ]] || fail "expected status $1, got $status"
}

# matches MODE TEXT PATTERN: MODE is --exact, --partial or --regexp.
matches() {
  case $1 in
    --exact) [[ $2 == "$3" ]] ;;
    --partial) [[ $2 == *"$3"* ]] ;;
    --regexp) [[ $2 =~ $3 ]] ;;
  esac
}

# Sets MODE and PATTERN from [--partial|--regexp] TEXT.
take_pattern() {
  MODE=--exact
  if [[ ${1-} == --partial || ${1-} == --regexp ]]; then
    MODE=$1
    shift
  fi
  PATTERN=${1-}
}

# assert_output [--partial|--regexp] TEXT: all of stdout (without the last newline).
assert_output() {
  take_pattern "$@"
  matches "$MODE" "$output" "$PATTERN" || fail "stdout is not ($MODE) '$PATTERN'"
}

# assert_stderr [--partial|--regexp] TEXT: the same for stderr; needs run --separate-stderr.
# A stage that is ten times as slow may have to say what it waits for.
assert_stderr() {
  take_pattern "$@"
  if is_instrumented; then
    stderr=$(grep -v 'waiting for the command before' <<<"$stderr" || true)
  fi
  matches "$MODE" "${stderr-}" "$PATTERN" || fail "stderr is not ($MODE) '$PATTERN'"
}

refute_output() {
  take_pattern "$@"
  if matches "$MODE" "$output" "$PATTERN"; then fail "stdout has ($MODE) '$PATTERN'"; fi
}

refute_stderr() {
  take_pattern "$@"
  if matches "$MODE" "${stderr-}" "$PATTERN"; then fail "stderr has ($MODE) '$PATTERN'"; fi
}

# assert_line [-n INDEX] [--partial|--regexp] TEXT: one line of stdout (that one, or any).
assert_line() {
  local index="" line
  if [[ $1 == -n ]]; then
    index=$2
    shift 2
  fi
  take_pattern "$@"
  if [[ -n $index ]]; then
    matches "$MODE" "${lines[index]-}" "$PATTERN" || fail "line $index is not ($MODE) '$PATTERN'"
    return
  fi
  for line in "${lines[@]}"; do
    if matches "$MODE" "$line" "$PATTERN"; then return; fi
  done
  fail "no line of stdout is ($MODE) '$PATTERN'"
}

# assert_equal ACTUAL EXPECTED
assert_equal() {
  [[ $1 == "$2" ]] || fail "got '$1', expected '$2'"
}
