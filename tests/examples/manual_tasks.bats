#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Every entry under EXAMPLES of the manual pages and help texts of the task interface, typed as it
# stands there, at a desk with what the examples speak of (desk.bash).

load typed
load desk

setup_file() { desk_begin 4; }
teardown_file() { cluster_stop; }

@test "ipmap" { both ipmap.1; }

@test "ipsubmit" { both ipsubmit.1 "$FORGET"; }

@test "ipdag" { both ipdag.1; }

@test "ipresult" { both ipresult.1 'j=$(ipexec -n -a -p "train()")'; }

@test "iphistory" { both iphistory.1 'ipexec -n "train()" && ipsubmit "train()" && ipsubmit fail;
  '"$FORGET"; }

@test "ipreport" { both ipreport.1 'ipexec -n "train()" && ipsubmit --label fit-1 "train()";
  '"$FORGET"; }

@test "iptop" { page man iptop.1; }

@test "ipstat, ipkit" {
  both ipstat.1
  page man ipkit.1
}

@test "ipkit-jobs" { page man ipkit-jobs.7; }
