# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# typed.bash: the examples of the manuals, as somebody types them.

load ../lib/cluster

# run_typed TEXT: TEXT in a shell with pipefail, within 30 s; sets status, output, stderr, lines.
run_typed() { run --separate-stderr run_limited 30 bash -o pipefail -c "$1"; }

# typed TEXT: the same; it has to succeed, with nothing on stderr.
typed() {
  run_typed "$1"
  assert_status 0
  assert_stderr ""
}

# compute CODE [ARG]…: what Python makes of it here, to compare with.
compute() { "$IPKIT_PYTHON" -c "$@"; }

# need_numpy: skips without it.
need_numpy() { compute 'import numpy' 2>/dev/null || skip "no NumPy"; }

# records COLUMN,… SELECTION…: of these jobs, a line each, tabs between.
records() {
  local columns=$1
  shift
  run_limited 20 iphistory --tsv -o "$columns" "$@" | tail -n +2
}

# at_once SELECTION…: how many of these jobs ran at the same time, at most, by their records.
at_once() {
  records started,completed "$@" | awk -F '\t' '{print $1, 1; print $2, -1}' | sort -k1,1 -k2n |
    awk '{n += $2; if (n > most) most = n} END {print most + 0}'
}
