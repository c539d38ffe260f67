#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# The stage rule and the verdict in the pipe, where there is no cluster: who goes on says 69, who
# does not says why.

load ../lib/cluster

setup_file() { world_make; }
setup() { world_enter; }

script() { run --separate-stderr run_limited 20 bash -c "$1"; }
assert_went_on() {
  assert_status 69
  assert_stderr --partial "ipexec: no controller"
}

# die_of SIGNAL CMD…: runs CMD with a FIFO that never ends as its stdin, sends SIGNAL once it has
# opened it, prints the negative signal it died of, or its status.
die_of() {
  /usr/bin/python3 - "$@" <<'END'
import os, signal, subprocess, sys, time
os.mkfifo("endless")
keep = os.open("endless", os.O_RDWR)
name, command = sys.argv[1], sys.argv[2:]
signal.signal(signal.SIGINT, signal.SIG_DFL)
child = subprocess.Popen(command, stdin=open("endless"), process_group=0)
def waits():  # the program, not yet the shell before it: it polls and has its handlers
    with open(f"/proc/{child.pid}/status") as f:
        status = dict(line.split(":", 1) for line in f)
    caught = int(status["SigCgt"], 16) & 1 << (signal.SIGTERM - 1)
    return caught and status["State"].split()[0] == "S"
end = time.time() + 10
while not waits() and time.time() < end: time.sleep(0.01)
child.send_signal(getattr(signal, name))
print(child.wait(10))
END
}

@test "R1: the pipe a whole session has on stdin is no pipeline" {
  mkfifo session
  exec 9<>session
  run --separate-stderr run_limited 20 setsid --wait bash -c 'ipexec pass; exit $?' <session
  exec 9>&-
  assert_went_on
}

@test "R1: a | inside such a session is one" {
  mkfifo session
  exec 9<>session
  for inner in 'printf x | ipexec pass' 'printf x | timeout 9 ipexec pass' \
    'printf x | (cd /; ipexec pass)' 'printf x | sh -c "ipexec pass; exit \$?"'; do
    run --separate-stderr run_limited 20 setsid --wait bash -c "$inner; exit \$?" <session
    assert_status 65
  done
  exec 9>&-
}

@test "R2: an empty pipeline is waited for, then the command goes on" {
  script '(sleep 0.3; echo ended >mark) | { ipexec pass; echo $? "$(<mark)"; }'
  assert_output "69 ended"
  script 'true | ipexec pass'
  assert_went_on
}

@test "R2: anything else on it is 65 at the first byte, quoted and left unread" {
  script 'printf "node17\nnode18\n" | { ipexec pass; echo $?; cat; }'
  assert_output $'65\nnode17\nnode18'
  assert_stderr --partial 'standard input is a pipe that carries something else ("node17…", left'
  assert_stderr --partial ' unread); in a loop say ipexec -n'
}

@test "R2: a while-read loop loses no line and says -n" {
  printf 'a\nb\nc\n' >hosts
  script 'cat hosts | while read -r h; do ipexec -t "host:$h" "f()"; echo "$h $?"; done'
  assert_output $'a 65\nb 65\nc 69'
  assert_stderr --partial "ipexec -n"
  script 'cat hosts | while read -r h; do ipexec -n -t "host:$h" "f()"; echo "$h $?"; done'
  assert_output $'a 69\nb 69\nc 69'
}

@test "R2: loops over files, xargs and background commands need nothing" {
  printf 'a\nb\n' >hosts
  script 'while read -r h; do ipexec "f()"; echo "$h $?"; done <hosts'
  assert_output $'a 69\nb 69'
  script 'xargs -n1 ipexec <hosts 2>&1 | grep -c "no controller"'
  assert_output 2
  script 'ipexec pass & wait $!'
  assert_went_on
}

@test "R2: -n and IPKIT_STDIN=none do not look" {
  script 'printf x | ipexec -n pass'
  assert_went_on
  script 'printf x | IPKIT_STDIN=none ipexec pass'
  assert_went_on
  mkfifo open
  exec 9<>open
  script 'ipexec -n pass <open'
  assert_went_on
  exec 9>&-
}

@test "R2: after 2 s it says what it waits for" {
  mkfifo open
  exec 9<>open
  run_limited 30 ipexec pass <open 2>said 3>&- 9>&- &
  wait_until 20 "its words" grep -qs . said
  assert_equal "$(<said)" "ipexec: waiting for the command before (2 s); -n if there is none"
  exec 9>&-
  wait $! || true
}

@test "R4: the command before failed: not run, 1, also from group to group" {
  for first in 'ipexec --nosuch' '{ ipexec --nosuch; }' 'ipexec --nosuch || ipexec --nosuch'; do
    for second in 'ipexec pass' 'timeout 9 ipexec pass' '(ipexec pass)'; do
      script "{ $first; } 2>/dev/null | $second"
      assert_status 1
      assert_output ""
      assert_stderr "ipexec: not run: the command before it failed (its message is above)"
    done
  done
}

@test "R4: each stage tells the next" {
  script 'ipexec --nosuch | ipexec pass | ipexec pass | ipexec pass'
  assert_status 1
  assert_equal "$(grep -c 'not run' <<<"$stderr")" 3
}

@test "R4: a killed command is told from a failed one" {
  script 'mkfifo endless; exec 9<>endless
    (echo $BASHPID >pid; exec ipexec pass <endless) | ipexec pass & job=$!
    until [[ -s pid ]] && grep -q ipexec /proc/"$(<pid)"/comm; do sleep 0.02; done
    until [[ $(stat -L -c %a /proc/"$(<pid)"/fd/1) == 1* ]]; do sleep 0.02; done
    kill -KILL "$(<pid)"; wait $job'
  assert_status 1
  assert_output ""
  assert_stderr --partial "ipexec: not run: the command before it was killed"
}

@test "R4: other programs neither mark nor notice" {
  script 'false | ipexec pass'
  assert_went_on
  script 'ipexec -V | sort'
  assert_status 0
  assert_output --partial "ipexec (ipkit)"
}

@test "R4: code from standard input of a failed command is not run" {
  script 'ipexec --nosuch | ipexec'
  assert_status 1
  assert_stderr --partial "not run: the command before it failed"
}

@test "R13: while it waits, INT, TERM and HUP end it by themselves" {
  for name in SIGINT SIGTERM SIGHUP; do
    run die_of $name ipexec pass
    assert_output "-$(kill -l $name)"
    rm endless
  done
}

@test "R13: an ignored HUP stays ignored" {
  mkfifo open
  exec 9<>open
  (
    trap '' HUP
    exec ipexec pass <open 9>&-
  ) 2>err &
  local pid=$!
  # SigCgt has TERM once the handlers are there.
  # Its own: those of the shell that becomes it are there from the fork on.
  caught() {
    [[ $(<"/proc/$pid/comm") == ipexec ]] &&
      (($((16#$(awk '/SigCgt/ { print $2 }' "/proc/$pid/status"))) & 1 << 14))
  }
  wait_until 10 "the handlers" caught
  kill -HUP "$pid"
  exec 9>&- # the end of what it waits for
  local status=0
  wait "$pid" || status=$?
  assert_equal "$status" 69
}

@test "a job word of nobody: no controller to ask" {
  script 'echo job:x_1 | ipexec pass'
  assert_went_on
  script 'printf "job:a b\nerror\n" | ipexec pass'
  assert_status 65
  assert_stderr --partial 'line 2 of standard input, "error", is not a job word'
}
