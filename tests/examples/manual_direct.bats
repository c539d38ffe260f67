#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Every entry under EXAMPLES of the manual pages and help texts of the direct interface, typed as it
# stands there, at a desk with what the examples speak of (desk.bash).

load typed
load desk

setup_file() { desk_begin 4; }
teardown_file() { cluster_stop; }

@test "ipexec" {
  both ipexec.1
  [[ -e plots/0-1.svg || ! -e plots ]] || fail "no plot: $(ls plots)"
}

@test "ipapply" { both ipapply.1; }

@test "ippush" { both ippush.1 'ippush -n x=4'; }

@test "ippull" { both ippull.1; }

@test "ipscatter" { both ipscatter.1; }

@test "ipgather" { both ipgather.1; }

@test "ipls, ipclear" {
  both ipls.1
  both ipclear.1 "$FORGET"
}

@test "ipconsole" { both ipconsole.1; }

@test "ipkernel" { both ipkernel.1; }

@test "ipkit-messages" { page man ipkit-messages.7; }

# Entries of a new page are typed by a line for it here or in one of the other files; what they need
# is put on the desk. Not typed, as they need other machines: ipkit-ssh.7.
@test "no page is left out" {
  for page in "$ROOT"/man/man[17]/*.?; do
    grep -qw "${page##*/}" "$ROOT"/tests/examples/manual_*.bats || fail "$page"
  done
}
