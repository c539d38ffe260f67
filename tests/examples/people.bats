#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The manuals' last pages: two people on one cluster at once, and somebody who ends it.

load typed

setup_file() {
  world_make
  cluster_start 2
  # The second person has nothing but the connection file.
  mkdir "$WORLD/bob"
  cp "$IPYTHONDIR/profile_default/security/ipcontroller-client.json" "$WORLD/bob/"
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# alice TEXT, bob TEXT: typed by one of them.
alice() { USER=alice typed "$1"; }
bob() {
  local -x HOME=$WORLD/bob IPYTHONDIR=$WORLD/bob USER=bob
  local -x IPKIT_CONNECTION=$HOME/ipcontroller-client.json
  typed "$1"
}

@test "each sees what the other has defined" {
  alice "ippush a='of Alice' && ipexec 'def f(x): return a + \" and \" + x'"
  bob "ipapply -t 0 f 'of Bob' && ipexec 'b = 5'"
  assert_output 'of Alice and of Bob'
  alice 'ippull b && ipls --names'
  assert_output $'5\n5\na\nb\nf'
}

@test "neither sees what the other's code prints, though both run at once" {
  # In turn, so that each line of one is printed while the other's code runs.
  cat >alice.py <<P
import os, time
for i in range(5):
    print('alice', i, flush=True)
    open('$PWD/alice.%d' % i, 'w').close()
    while not os.path.exists('$PWD/bob.%d' % i): time.sleep(0.01)
P
  cat >bob.py <<P
import os, time
for i in range(5):
    while not os.path.exists('$PWD/alice.%d' % i): time.sleep(0.01)
    print('bob', i, flush=True)
    open('$PWD/bob.%d' % i, 'w').close()
P
  in_background alice.log ipexec -n -t 0 -f alice.py >alice.pid
  bob "ipexec -n -t 1 -f $PWD/bob.py"
  assert_output "$(printf 'bob %d\n' {0..4})"
  wait_until 10 "the end of Alice's command" bash -c "! kill -0 $(<alice.pid) 2>/dev/null"
  assert_equal "$(<alice.log)" "$(printf 'alice %d\n' {0..4})"
}

@test "their requests stand in one queue, their records side by side" {
  alice "ipexec -t 0 'order = [\"alice\"]'"
  bob "ipexec -t 0 'order.append(\"bob\")'"
  alice "ippull -t 0 order"
  assert_output '["alice", "bob"]'
  assert_equal "$(records user,code --where 'code~order*')" \
    $'alice\torder = ["alice"]\nbob\torder.append("bob")'
}

@test "who has the file can end everything, controller included" {
  export IPKIT_CLUSTER_ID=other
  cluster_start 2
  cp "$IPYTHONDIR/profile_default/security/ipcontroller-other-client.json" client.json
  run_typed 'ipcluster list'
  assert_output --partial other
  alice "ipexec -a 'import time; time.sleep(60)' | wc -l"
  unset IPKIT_CLUSTER_ID
  HOME=/nonexistent IPYTHONDIR=/nonexistent typed \
    "ipcancel --shutdown --hub --connection $PWD/client.json"
  assert_output ""
  run_typed 'ipls --cluster-id other'
  assert_status 69
  gone() { ! run_limited 20 ipcluster list 2>&1 | grep -q other; }
  wait_until 20 "nothing of it is left" gone
  typed 'ipls'
  assert_output $'0\n1'
}
