#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipls: engines and what they hold.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
  run_limited 20 ippush -n 'both=[1, 2, 3]'
  run_limited 20 ippush -n -t 1 one=5
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

list() { run --separate-stderr run_limited 20 ipls "$@"; }

@test "ids, one a line" {
  list
  assert_status 0
  assert_output $'0\n1'
  assert_stderr ""
  list -t -1
  assert_output 1
  list -t 7
  assert_status 68
}

@test "-l: a table" {
  list -l
  assert_status 0
  assert_equal "${#lines[@]}" 3
  assert_line -n 0 --regexp '^id +host +pid +kernel +state +started +directory +uuid$'
  assert_line -n 1 --regexp "^ 0 +$(hostname) +[0-9]+ +python 3[.0-9]+ +(idle|busy) +"
}

@test "--json: an object an engine" {
  list --json
  assert_status 0
  assert_equal "${#lines[@]}" 2
  assert_line -n 1 --partial '"engine":1'
  assert_line -n 1 --partial '"language":"python"'
}

@test "--names: what the namespaces hold" {
  list --names
  assert_status 0
  assert_line both
  assert_line one
  list --names -l
  assert_line --regexp '^both +list +3 +0-1 \(2\)$'
  assert_line --regexp '^one +int +- +1$'
}

@test "NAME: where it is; 1 where it is missing" {
  list both
  assert_status 0
  assert_line -n 1 --regexp '^both +list +3 +0-1 \(2\)$'
  list -t 1 one
  assert_status 0
  list one nosuch
  assert_status 1
  assert_line --regexp '^one '
  assert_stderr --partial "ipls: 0: no 'one'"
  assert_stderr --partial "ipls: 0-1 (2): no 'nosuch'"
}

@test "@group: a set named in the profile" {
  printf 'groups:\n  second: 1\n  both: [0, "@second"]\n' >"$IPYTHONDIR/profile_default/ipkit.yaml"
  list -t @second
  assert_output 1
  list -t @both
  assert_output $'0\n1'
  list -x @second
  assert_output 0
  IPKIT_TARGETS=@second list
  assert_output 1
  run --separate-stderr run_limited 20 ipexec -t @second -p 'one'
  assert_output 5
  run --separate-stderr run_limited 20 ippull -t @second one
  assert_output 5
  run --separate-stderr run_limited 20 ipmap -t @second 'one + x' ::: 1 2
  assert_output $'6\n7'
  run --separate-stderr run_limited 20 ipcluster groups
  assert_output $'both\t0,@second\nsecond\t1'
}

@test "@group that is not there: 64, and which there are" {
  printf 'groups:\n  second: 1\n  both: 0-1\n' >"$IPYTHONDIR/profile_default/ipkit.yaml"
  list -t @nosuch
  assert_status 64
  assert_output ""
  assert_stderr --partial "ipls: no group @nosuch: there are @both, @second; groups are"
  rm "$IPYTHONDIR/profile_default/ipkit.yaml"
  list -t @nosuch
  assert_status 64
  assert_stderr --partial "no group @nosuch; groups are defined in the profile"
}

@test "@group of a profile that cannot be read: 78, where and why" {
  printf 'groups: 3\n' >"$IPYTHONDIR/profile_default/ipkit.yaml"
  list -t @second
  rm "$IPYTHONDIR/profile_default/ipkit.yaml"
  assert_status 78
  assert_stderr --partial "ipkit.yaml:1: 'groups' must be"
}

@test "standard input is not looked at" {
  run --separate-stderr run_limited 20 bash -c 'echo foreign | { ipls >/dev/null; cat; }'
  assert_output foreign
}

@test "no controller" {
  list --cluster-id none
  assert_status 69
  assert_stderr --partial "no controller for profile 'default', cluster 'none'"
}

@test "a file with another key is refused within seconds" {
  file=$IPYTHONDIR/profile_default/security/ipcontroller-client.json
  sed 's/"key": "[^"]*"/"key": "another"/' "$file" >copy.json
  chmod 600 copy.json
  list --connection copy.json
  assert_status 77
  assert_stderr --regexp 'ipls: refused by controller [0-9]+ on .*: wrong key; .*copy.json is older'
}

@test "a file that is none, or that others can read" {
  echo '{' >copy.json
  chmod 600 copy.json
  list --connection copy.json
  assert_status 65
  assert_stderr --partial copy.json
  cp "$IPYTHONDIR/profile_default/security/ipcontroller-client.json" copy.json
  chmod 644 copy.json
  list --connection copy.json
  assert_status 77
  assert_stderr --partial "chmod 600"
}
