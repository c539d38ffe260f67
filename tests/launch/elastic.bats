#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Engines that come and go: with the tasks (start --max), and by hand (engines add, remove).

load ../lib/cluster

setup() {
  world_make
  world_enter
  export IPKIT_KERNEL=sh
  PROFILE=$IPYTHONDIR/profile_default
  mkdir -p "$PROFILE"
}
teardown() {
  run_limited 30 ipcluster stop </dev/null >/dev/null 2>&1 || true
  assert_world_empty
}

ask() { run --separate-stderr run_limited 60 "$@"; }
started() { ask ipcluster start --daemonize "$@" && assert_status 0; }
status_of() { run_limited 10 ipcluster status --json | jq -r "$1"; }
# engines_are N: registered, and as processes.
engines_are() { [[ $(status_of '.engines | map(select(.state == "ready")) | length') == "$1" ]]; }
processes_are() {
  local pid count=0
  for pid in $(marked IPKIT_TEST_WORLD "$WORLD"); do
    if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == ipengine ]]; then count=$((count + 1)); fi
  done
  ((count == $1))
}
is_gone() { ! grep -qs '^State:.[^Z]' "/proc/$1/status"; }
has_ended() { [[ -s $WORLD/map.status ]]; }

# map_numbers N: N tasks that double their number, when the file `go` is there, and say in `ran`
# that they began. In the background: map.out, map.status.
map_numbers() {
  # shellcheck disable=SC2016 # for the shells of the engines
  in_background "$WORLD/map.log" bash -c "seq $1 |
    ipmap -k --chunk 1 --sh 'echo {} >>$WORLD/ran
      while [ ! -e $WORLD/go ]; do sleep 0.05; done; echo \$(({} * 2))' >'$WORLD/map.out'
    echo \$? >'$WORLD/map.status'" >"$WORLD/map"
}
# ran_are N: so many tasks have begun.
ran_are() { (($(cat "$WORLD/ran" 2>/dev/null | wc -l) >= $1)); }
# map_is_right N: it ends, with all results, and each task was done once.
map_is_right() {
  touch "$WORLD/go"
  wait_until 40 "the end of the tasks" has_ended
  assert_equal "$(<"$WORLD/map.status")" 0
  assert_equal "$(<"$WORLD/map.out")" "$(seq 2 2 $((2 * $1)))"
  assert_equal "$(sort -n "$WORLD/ran")" "$(seq "$1")"
}
# launcher_with TEXT: a launcher `site`: the local one, behind shell code that knows the verb.
launcher_with() {
  mkdir -p "$PROFILE/launchers"
  printf '#!/bin/sh\nverb=$1\n%s\nexec %s "$@"\n' "$1" \
    "'$IPKIT_BUILD/libexec/ipkit/ipkit-launch-local'" >"$PROFILE/launchers/ipkit-launch-site"
  chmod 755 "$PROFILE/launchers" "$PROFILE/launchers/ipkit-launch-site"
}
status_says() { ipcluster status | grep -qF "$1"; }

@test "--max: a map that began without engines is served by four; then there are none" {
  started --max 4 --idle-timeout 1s
  assert_output --partial "0 engines ready, up to 4 when tasks wait. Stop: "
  ask ipcluster status
  assert_line "elastic     0 of 0-4 engines, 0 requested"
  ask ipcluster doctor
  assert_status 0
  assert_line --partial "none; up to 4 are requested when tasks wait"
  map_numbers 40
  wait_until 20 "four engines" engines_are 4
  ask ipcluster status
  assert_line "elastic     4 of 0-4 engines, 0 requested"
  assert_line --regexp "[0-9] engines? requested: [0-9]+ tasks? waits?"
  ask ipstat
  assert_line --regexp "^elastic, 0-4 engines; .* [0-9] engines? requested"
  ask ipstat --json
  assert_equal "$(jq -s '.[0].controller.elastic.max' <<<"$output")" 4
  map_is_right 40
  wait_until 20 "no engines" engines_are 0
  wait_until 10 "the end of their processes" processes_are 0
  status_says "released: idle for 1 s"
  # And again.
  ask ipmap --sh 'echo {}' < <(seq 3)
  assert_status 0
  assert_equal "$(sort <<<"$output")" $'1\n2\n3'
}

@test "--min: so many are there from the start, stay, and are replaced when one is lost" {
  printf 'engines: {min: 1, max: 2, idle_timeout: 0.5s, retry: 0.1s}\n' >"$PROFILE/ipkit.yaml"
  started
  assert_output --partial "1 engine ready (0), up to 2"
  map_numbers 4
  wait_until 20 "two engines" engines_are 2
  map_is_right 4
  wait_until 20 "one engine" engines_are 1
  wait_until 10 "the end of the other" processes_are 1
  local pid
  pid=$(status_of '.engines[0].pid')
  kill -KILL "$pid"
  wait_until 10 "its end" is_gone "$pid"
  wait_until 20 "another one" other_than "$pid"
  status_says "1 engine requested: at least 1 are wanted"
}

other_than() { [[ -n $(status_of ".engines[] | select(.state == \"ready\" and .pid != $1)") ]]; }

@test "ipcluster is killed with engines of its own making: stop ends everything" {
  started --max 3
  map_numbers 9
  wait_until 20 "three engines" engines_are 3
  kill -KILL "$(status_of .ipcluster.pid)"
  ask ipcluster stop
  assert_status 0
  wait_until 10 "the end of the engines" processes_are 0
  [[ -z $(ls "$PROFILE/pid") ]]
  wait_until 10 "the end of the tasks" has_ended
}

@test "engines add and remove: who goes ends its task first, the others have the rest" {
  started -n 1
  ask ipcluster engines add 2
  assert_status 0
  assert_output "2 engines ready (1-2)"
  map_numbers 12
  wait_until 20 "three tasks" ran_are 3
  ask ipcluster engines remove 2 --timeout 0s
  assert_status 124
  assert_stderr --partial "still at work: engine 1-2; what it runs is finished, then it goes"
  assert_equal "$(status_of '[.engines[].state] | sort | join(" ")')" "leaving leaving ready"
  map_is_right 12
  wait_until 10 "their end" processes_are 1
  # None of the first engine's tasks was one of theirs.
  ask ipcluster engines remove -t 0
  assert_status 0
  assert_output "1 engine removed (0)"
  wait_until 10 "its end" processes_are 0
}

@test "engines remove: idle ones first; at once with --now; not more than there are" {
  printf 'timeouts: {stop: 0.2s}\n' >"$PROFILE/ipkit.yaml"
  started -n 3
  map_numbers 1
  wait_until 20 "the task" test -s "$WORLD/ran"
  ask ipcluster engines remove 2
  assert_status 0
  assert_output --partial "2 engines removed"
  wait_until 10 "their end" processes_are 1
  ask ipcluster engines remove 2
  assert_status 68
  assert_stderr --partial "this ipcluster has no more than 1 engine"
  ask ipcluster engines remove 1 --now
  assert_status 0
  wait_until 10 "its end" processes_are 0
}

@test "a launcher that refuses: its own words, not asked madly, and again when that is over" {
  launcher_with '[ $verb = start ] && [ -e '"$WORLD/quota"' ] && {
    echo asked >>'"$WORLD/asked"'
    echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2; exit 69; }'
  printf 'engines: {retry: 2s}\n' >"$PROFILE/ipkit.yaml"
  touch "$WORLD/quota"
  started --max 2 --engines site
  map_numbers 6
  wait_until 20 "the word on it" status_says "none comes: sbatch: error: QOSMax"
  status_says "; again at "
  ask ipstat
  assert_line --partial "; none comes: sbatch: error: QOSMaxSubmitJobPerUserLimit"
  grep -q "QOSMaxSubmitJobPerUserLimit; no engine is requested for 2 s" \
    "$PROFILE/log/ipcluster.log"
  rm "$WORLD/quota"
  wait_until 30 "two engines" engines_are 2
  map_is_right 6
  (($(wc -l <"$WORLD/asked") < 10))
  status_says "elastic     2 of 0-2 engines"
  wait_until 10 "the end of the trouble" no_trouble
}
no_trouble() { [[ $(status_of .elastic.trouble) == "" ]]; }

@test "engines that end before they are there, and some that never come" {
  printf '#!/bin/sh\nexit 3\n' >ends
  printf '#!/bin/sh\nexec sleep 60\n' >never
  chmod +x ends never
  # In place of the first engine, and of the second.
  launcher_with 'for program in ends never; do
  if [ $verb = start ] && mkdir "'"$WORLD"'/$program" 2>/dev/null; then
    sed "s,^program:.*,program: '"$PWD"'/$program," |
      '"'$IPKIT_BUILD/libexec/ipkit/ipkit-launch-local'"' start
    exit
  fi
done'
  printf 'engines: {retry: 0.1s}\n' >"$PROFILE/ipkit.yaml"
  started --max 1 --engines site --timeout 4s
  map_numbers 1
  wait_until 20 "the word on it" grep -q "an engine ended: exit status 3; no engine is requested" \
    "$PROFILE/log/ipcluster.log"
  wait_until 30 "the engine" engines_are 1
  grep -q "1 requested engine not there after 4 s" "$PROFILE/log/ipcluster.log"
  map_is_right 1
}

@test "a launcher that cannot add engines to those there are" {
  launcher_with 'if [ $verb = describe ]; then echo "{name: site, grows: no}"; exit; fi'
  ask ipcluster start --max 2 --engines site --daemonize
  assert_status 64
  assert_stderr --partial "launcher site cannot add engines to those that run"
  started -n 1 --engines site
  ask ipcluster engines add 1 --engines site
  assert_status 64
}

# refused STATUS TEXT ARGUMENT…
refused() {
  ask ipcluster "${@:3}" --daemonize
  assert_status "$1"
  assert_stderr --partial "$2"
}
@test "limits that cannot be: which, and status 64 or, in a profile, 78" {
  refused 64 "--min=3 is more than --max=2" start --min 3 --max 2
  refused 64 "--min=-1: less than none" start --min=-1 --max 2
  refused 64 "--max=0: not between 1 and 100000" start --max 0
  refused 64 "--max" start --max many
  refused 64 "--min without --max; how many engines may there be?" start --min 1
  refused 64 "--idle-timeout without --max" start --idle-timeout 1m
  refused 64 "--idle-timeout" start --max 2 --idle-timeout soon
  refused 64 "-n 5: not between --min=0 and --max=4" start -n 5 --max 4
  refused 64 "which engines go?" engines remove
  refused 64 "how many engines?" engines add
  refused 64 "'many' is not a number of engines" engines add many
  refused 64 "'grow' is neither add nor remove" engines grow 2
  refused 64 "--now is for engines remove" engines add 2 --now
  printf 'engines: {min: 3, max: 2}\n' >"$PROFILE/ipkit.yaml"
  refused 78 "--min=3 is more than --max=2" start
  printf 'engines: {max: 2}\n' >"$PROFILE/ipkit.yaml"
  refused 64 "--min=3 is more than --max=2" start --min 3
}

@test "sixty engines in one start, where the soft limit of open files is too low for them" {
  run --separate-stderr run_limited 150 bash -c \
    'ulimit -Sn 256; ipcluster start -n 60 --timeout 120s --daemonize'
  assert_status 0
  assert_output --partial "60 engines ready (0-59)"
  ask ipexec --sh 'echo here'
  assert_status 0
  assert_equal "$(wc -l <<<"$output")" 60
}

@test "more engines than the controller may open files: said before anything is started" {
  ask bash -c 'ulimit -n 200; ipcluster start -n 20 --daemonize'
  assert_status 64
  assert_stderr --partial "20 engines need 288 open files in the controller"
  assert_stderr --partial "or have at most 9 engines"
  [[ -z $(ls "$PROFILE/security") ]]
}
