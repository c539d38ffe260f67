# SPDX-License-Identifier: BSD-3-Clause
# Kernels that are not ours: the example of docs/kernels.md, by the programs its text names.
load ../lib/cluster

setup_file() {
  world_make
  mkdir "$WORLD/kernels"
  cp "$ROOT/docs/examples/ipkit-kernel-perl" "$WORLD/kernels/"
  chmod 755 "$WORLD/kernels" "$WORLD/kernels/ipkit-kernel-perl"
  if ! perl -MJSON::PP -e 1; then return; fi # the tests say so
  export IPKIT_KERNEL_PATH=$WORLD/kernels PERL=1
  cluster_start 2 --kernel perl
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  [[ -n ${PERL-} ]] || skip "no perl with JSON::PP"
}

ours() { run --separate-stderr run_limited 20 "$@"; }

@test "output, its language as a target" {
  ours ipexec -t lang:perl 'print "hello\n"; system "echo from a child"; print STDERR "err\n"'
  assert_status 0
  assert_equal "$(sort <<<"$output")" "from a child
from a child
hello
hello"
  assert_stderr --partial err
}

@test "values: what an expression yields, pushed and pulled, kept between requests" {
  ours ipexec -t 0 -p '6 * 7'
  assert_output 42
  ours ippush n=5 word=text
  assert_status 0
  ours ipexec '$n++'
  ours ippull -t 1 n
  assert_output 6
  ours ippull -t 0 word
  assert_output text
}

@test "ipmap over its engines" {
  run --separate-stderr bash -c "seq 50 | ipmap '\$_ ** 2'"
  assert_status 0
  assert_equal "$output" "$(for i in $(seq 50); do echo $((i * i)); done)"
}

@test "errors, what it does not serve, a death, an interrupt" {
  ours ipexec -t 0 'die "no way"'
  assert_status 1
  assert_stderr --partial "PerlError: no way"
  ours ipls -t 0 --names
  assert_stderr --partial "does not serve list_request"
  ours ipexec -t 0 'kill 9, $$'
  assert_status 1
  assert_stderr --partial "killed by signal 9"
  ours ipexec -t 0 --timeout 500ms 'while (1) {}'
  assert_status 124
  ours ipexec -t 0 -p '1 + 1'
  assert_output 2
}
