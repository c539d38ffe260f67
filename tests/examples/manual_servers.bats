#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The entries under EXAMPLES that start and end servers, and the first screen of the README.

load typed
load desk

setup() {
  desk_begin 0
  make_desk
}
teardown() {
  [[ ${WORLD-} ]] || return 0
  run_limited 60 ipcluster stop --all >/dev/null 2>&1 || true
  assert_world_empty
}

# In the foreground, until they are told to end.
SERVER='^([A-Z_]+=[^ ]+ )?(ipengine|ipcontroller|ipcluster start|ipprofile check .* ipcluster)'

gone() { [[ $(state_of "$1") == @(|Z*) ]]; }

# serve ENTRY: it says that it is ready, and ends when told to.
serve() {
  local pid log=$WORLD/serve.log
  rm -f "$log"
  pid=$(in_background "$log" bash -c \
    "$(sed -E 's/(^| )(ip(engine|controller|cluster)( |$))/\1exec \2/' <<<"$1")")
  wait_until 30 "'$1'" grep -qE '^READY|registration| ready \(' "$log" || fail "$(<"$log")"
  kill -TERM "$pid"
  wait_until 30 "the end of '$1'" gone "$pid"
}

# type_or_serve SOURCE PAGE: all entries of the page but those that SKIP matches.
type_or_serve() {
  local entry all=()
  mapfile -t all < <(entries "$1" "$2" | grep -vE "${SKIP-^$}")
  for entry in "${all[@]}"; do
    if [[ $entry =~ $SERVER && $entry != *--daemonize* ]]; then
      serve "$entry"
    else
      echo "$entry" >"$WORLD/entries"
      type_entries "$1" "$2"
      if [[ $entry == 'ipcontroller '* ]]; then ipcancel --shutdown --hub; fi
    fi
  done
  ((${#all[@]} > 1)) || fail "$1 $2 has no examples"
}

@test "ipcluster" {
  type_or_serve man ipcluster.1
  type_or_serve help ipcluster.1
}

@test "ipcontroller" {
  type_or_serve man ipcontroller.1
  type_or_serve help ipcontroller.1
}

@test "ipengine" {
  cluster_start 1
  for file in ipcontroller-engine.json engine.json; do
    cp "$IPYTHONDIR/profile_default/security/ipcontroller-engine.json" $file
  done
  mkdir -p ~/venv/bin
  ln -s "$(command -v "$IPKIT_PYTHON")" ~/venv/bin/python
  run_limited 60 ipcluster start --profile rack7 -n 1 --daemonize
  # They need what is not everywhere: tests/interop/jupyter.bats, tests/launch/mpi.bats.
  SKIP='jupyter:ir|mpiexec' type_or_serve man ipengine.1
  type_or_serve help ipengine.1
  run_limited 20 ipcancel --shutdown
}

@test "ipprofile" {
  export EDITOR=true
  type_or_serve man ipprofile.1
  ipcluster stop --profile=lab
  rm -r "$IPYTHONDIR/profile_lab"
  type_or_serve help ipprofile.1
}

@test "ipkit-profile(5): its example is a good profile" {
  run_typed 'ipprofile create example'
  sed -n '/^\.Sh EXAMPLES/,/^\.Ed/{/^\./d;p}' "$ROOT/man/man5/ipkit-profile.5" >"$output"
  grep -q '^engines:' "$output"
  run_typed 'ipprofile check example'
  assert_status 0
  run_typed 'ipprofile show example'
  assert_line --regexp '^groups +."gpu":."0-3"'
}

@test "ipwait, ipkit-targets, ipcancel" {
  cluster_start 8
  both ipwait.1 'j=$(ipexec -n -a "train()")'
  page man ipkit-targets.7
  type_all man ipcancel.1
  run_typed ipls
  assert_status 69
  cluster_start 4
  make_names
  type_all help ipcancel.1
}

@test "ipkit(7): a cluster for one script" {
  type_all man ipkit.7
  assert_equal "$(wc -l <results)" 3
}

@test "README: the first screen, line by line, with what it shows" {
  sed -n 's/^    //p;/^Try it now/q' "$ROOT/README.md" >screen
  grep -q '^\$ ipcluster start -n 4 --daemonize' screen
  while IFS= read -r line; do
    if [[ $line != '$ '* ]]; then
      assert_output "$line"
      continue
    fi
    run_typed "${line#* }"
    assert_status 0
    if [[ $line == *'ipcluster start'* ]]; then make_names; fi
  done <screen
}
