# SPDX-License-Identifier: BSD-3-Clause
# What a sanitizer or valgrind finds in any process fails the run that scripts/check sums up.
load cluster

setup() {
  world_make
  world_enter
  mkdir -p build/bin
  # Two mistakes: argc is 1, so it writes behind what it has; and what it reads was never set.
  cat >bad.cpp <<'TEXT'
int main(int argc, char**) {
  char* bytes = new char[8];
  if (bytes[3] == 7) bytes[0] = 1;
  bytes[argc * 8] = 1;
  delete[] bytes;
}
TEXT
}
teardown() { assert_world_empty; }

# compiled OUT OPTION…: bad.cpp as OUT.
compiled() {
  local out=$1
  shift
  run_limited 60 "${CXX:-g++}" -O0 "$@" -DREPORTS="\"$PWD/build/reports\"" -DSUPPRESSIONS='""' \
    -o "$out" bad.cpp "$ROOT/tests/lib/sanitizers.cpp"
}

# checked COMMAND: scripts/check runs a test that starts COMMAND and sees nothing wrong.
checked() {
  printf '@test "nothing is wrong" {\n %s >/dev/null 2>&1 || true\n}\n' "$1" >inner.bats
  run run_limited 120 "$ROOT/scripts/check" -B "$2" "$PWD/inner.bats"
  assert_status 1
  assert_line -n -1 "$3"
}

@test "a program that nobody looks at fails its test file" {
  compiled build/bin/bad -fsanitize=address
  checked "$PWD/build/bin/bad" "$PWD/build" "1 passed, 1 failed"
  assert_line --regexp '^FAILED .*/inner.bats .* 1 failed'
  assert_output --partial "heap-buffer-overflow"
}

@test "one that has nothing of the caller's environment fails the run" {
  compiled build/bin/bad -fsanitize=address
  checked "env -i $PWD/build/bin/bad" "$PWD/build" "1 passed, 1 failed"
  assert_line --regexp '^ok .*/inner.bats'
  assert_output --partial "heap-buffer-overflow"
  # Found last time is not found again.
  printf '@test "nothing is wrong" { true; }\n' >inner.bats
  run run_limited 120 "$ROOT/scripts/check" -B "$PWD/build" "$PWD/inner.bats"
  assert_line -n -1 "1 passed, 0 failed"
}

@test "so it is under valgrind, with the environment and without" {
  command -v valgrind >/dev/null || skip "no valgrind: scripts/setup deep"
  compiled build/bin/bad
  "$ROOT/scripts/valgrind-build" "$PWD/build" "$PWD/slow"
  checked "$PWD/slow/bin/bad" "$PWD/slow" "1 passed, 1 failed"
  assert_output --partial "Invalid write of size 1"
  assert_output --partial "uninitialised value"
  checked "env -i PATH=$PATH $PWD/slow/bin/bad" "$PWD/slow" "1 passed, 1 failed"
  assert_line --regexp '^ok .*/inner.bats'
  assert_output --partial "Invalid write of size 1"
}

@test "a test that empties its world finds it too, and names it once" {
  echo "something is wrong" >"$IPKIT_REPORTS/report.program.1"
  run assert_world_empty
  assert_status 1
  assert_output --partial "something is wrong"
  run assert_world_empty
  assert_status 0
}

@test "what is no finding fails nothing, unless there is one beside it" {
  {
    echo '--17-- WARNING: unhandled amd64-linux syscall: 434'
    echo '==ipcontroller==17==WARNING: AddressSanitizer failed to allocate 0x1007d7b95dac6500 bytes'
  } >"$IPKIT_REPORTS/report.program.1"
  run assert_world_empty
  assert_status 0
  echo '==17==ERROR: AddressSanitizer: heap-use-after-free' >>"$IPKIT_REPORTS/report.program.1"
  run assert_world_empty
  assert_status 1
}
