# SPDX-License-Identifier: BSD-3-Clause
# What newcomers get wrong: the message says what it is and leads to what is right.
load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

# mistake STATUS CMD…: it fails with that status and says nothing on standard output.
mistake() {
  local expected=$1
  shift
  run --separate-stderr run_limited 20 "$@"
  assert_status "$expected"
  assert_output ""
}

# leads STATUS TEXT CMD…: the same, and the message has TEXT, which says what to do.
leads() {
  local text=$2
  mistake "$1" "${@:3}"
  assert_stderr --partial "$text"
}

@test "options behind operands: named, and where they belong" {
  mistake 64 ipscatter x --cyclic
  assert_stderr "ipscatter: option --cyclic comes after the operand x; options come first; for an \
operand that looks like one put -- before them"
  local words
  for words in "ipls x -l" "ippull a --json" "ipgather y --json" "ippush a=1 -t 0" \
    "ipwait job:x --timeout=5s" "ipresult job:x -S" "ipcancel job:x -v" "ipexec x=1 -t 0" \
    "ipsubmit f() --retries 3" "ipmap x**2 -j 4" "ipstat x --json"; do
    # shellcheck disable=SC2086 # words
    mistake 64 $words
    assert_stderr --partial " comes after the operand "
    assert_stderr --partial "options come first"
  done
}

@test "options behind operands: words of commands and items, and behind --, are none" {
  local words
  for words in "ipexec --profile=none --sh ls -l" "ipmap --profile=none x ::: -t" \
    "ipapply --profile=none f -t" "ipls --profile=none -- x -l"; do
    # shellcheck disable=SC2086 # words
    mistake 69 $words
  done
}

@test "no cluster, another profile, a file that is none: how to get one" {
  local dir=$IPYTHONDIR/profile_lab/security
  leads 69 "start one: ipcluster start --profile=night -n 4" ipexec --profile night 'x = 1'
  leads 69 "start one: ipcluster start --profile-dir=$PWD/p -n 4" \
    ipexec --profile-dir "$PWD/p" 'x = 1'
  mkdir -p "$dir"
  chmod 700 "$dir"
  touch "$dir/ipcontroller-client.json"
  leads 69 "did you mean --profile=lab?" ipexec --profile labb 'x = 1'
  leads 69 "--connection wants the ipcontroller-client.json" ipexec --connection nofile 'x = 1'
  rm -r "${dir%/*}"
}

@test "a controller that is gone, a wrong key, a key for all to read, a broken file" {
  local file=$IPYTHONDIR/profile_default/security/ipcontroller-client.json
  sed 's/"key": *"[^"]*"/"key": "another"/' "$file" >wrong.json
  chmod 644 wrong.json
  leads 77 "chmod 600 wrong.json" ipexec --connection wrong.json 'x = 1'
  chmod 600 wrong.json
  leads 77 "wrong key; wrong.json is older than the controller; copy it anew" \
    ipexec --connection wrong.json 'x = 1'
  head -c 40 "$file" >bad.json
  chmod 600 bad.json
  leads 65 "bad.json" ipexec --connection bad.json 'x = 1'
  sed -E 's/"start_ticks": *[0-9]+/"start_ticks": 1/' "$file" >stale.json
  chmod 600 stale.json
  leads 69 "is gone); start again: ipcluster start" ipexec --connection stale.json 'x = 1'
}

@test "ipcluster: verbs, words too many, twice" {
  leads 64 "unknown verb 'star'; did you mean 'start'?" ipcluster star -n 2
  leads 64 "'4' is one word too many; see ipcluster start --help" ipcluster start 4
  leads 64 "'all' is one word too many; see ipcluster stop --help" ipcluster stop all
  leads 64 '--count: "two" is not a whole number' ipcluster start -n two
  leads 73 "stop it: ipcluster stop, or start another beside it: --cluster-id=NAME" \
    ipcluster start -n 2 --daemonize
  leads 69 "ipcluster list shows all" ipcluster stop --profile=night
  leads 64 "one of: list, show, locate, check, create" ipprofile shwo
  leads 66 "make it: ipprofile create night" ipprofile show night
}

@test "options: misspelt, without their value, no number, no time" {
  leads 64 "unknown option --target; did you mean --targets?" ipexec --target 0 'x = 1'
  leads 64 "unknown option --profil; did you mean --profile?" ipls --profil lab
  leads 64 "option -t needs SET" ipls -t
  leads 64 "'many' is not a number from 1 to" ipmap -j many x ::: 1
  leads 64 "'soon' is not a time; write 250ms, 30s, 5m, 2h" ipwait --timeout soon job:x
}

@test "code: unquoted, a file, a command, for which there is no kernel" {
  leads 64 "code is one operand: quote it ('x' and '=' are two)" ipexec x = 1
  leads 64 "quote it ('x**2' and '1' are two); items come from standard input, or after :::" \
    ipmap 'x**2' 1 2
  echo 'print(1)' >fit.py
  leads 64 "'fit.py' is a file, and code is wanted; -f fit.py runs it" ipexec fit.py
  leads 66 "nofile.py: No such file" ipexec -f nofile.py
  leads 68 "no kernel 'rust'" ipexec --kernel rust 'x = 1'
  leads 1 "command not found" ipexec -t 0 --sh nosuchcommand
  # What a forgotten -p looks like: nothing, and that is no mistake that can be seen.
  run_limited 10 ipexec 'y = [1]'
  run --separate-stderr run_limited 10 ipexec 'len(y)'
  assert_status 0
  assert_output ""
}

@test "python errors: engines, name, line; how to see more" {
  leads 1 "NameError: name 'undefined' is not defined, line 2: undefined + 1   (-v: " ipexec 'z = 1
undefined + 1'
  leads 1 "item 1 ('1'): engine" ipmap undefined ::: 1
  leads 1 "no 'undefined'" ippull undefined
  leads 1 "SyntaxError" ipexec 'x = = 1'
}

@test "engines that are not there" {
  leads 68 "no engine 7: there are 0-1; see ipls" ipexec -t 7 'x = 1'
  leads 64 "write all, 3, 0-3,7, -1, ::2, host:n[01-04], lang:python or @group" ipls -t first
}

@test "jobs: none, no word for one, one of yesterday" {
  local j=""
  leads 64 "no job named; give job words (job:ID), or - to read them" ipwait "$j"
  leads 64 "no job named; give job words (job:ID), or - to read them" ipcancel
  leads 64 "'17' is not a job word; they look like job:ID" ipresult 17
  leads 66 "no such job: job:of_yesterday_1" ipwait job:of_yesterday_1
  leads 66 "no such job: job:of_yesterday_1" ipsubmit --after job:of_yesterday_1 'x = 1'
}

@test "names and values: the wrong way round, none, no file, text for a number" {
  leads 64 "'x' is not NAME=VALUE; write x=VALUE" ippush x 5
  leads 64 "'2x' in '2x=1' is not a name; names are letters, digits and _" ippush 2x=1
  leads 66 "cannot open nofile" ippush x=@nofile
  leads 64 "'data.txt' is not a name; names are letters, digits and _; files come after it" \
    ipscatter data.txt
  leads 66 "cannot open nofile" ipscatter x nofile
  leads 64 "nothing to pull; give NAME; ipls --names lists them" ippull
  run --separate-stderr run_limited 10 ippush n=five
  assert_status 0
  leads 1 "TypeError" ipexec 'n + 1'
}

@test "standard input: a terminal is read with a word, a pipe of something else is left" {
  run_limited 10 "$IPKIT_PYTHON" - >out <<'PY'
import os, pty
child, terminal = pty.fork()
if child == 0:
    os.execvp('ipexec', ['ipexec', '-t', '0'])
text = b''
while b'Ctrl-D ends' not in text:
    text += os.read(terminal, 1000)
os.write(terminal, b'print(6 * 7)\n\x04')
while b'\n42' not in text:
    text += os.read(terminal, 1000)
print(text.decode())
PY
  grep -q "reading code from the terminal, Ctrl-D ends" out
  leads 65 "in a loop say ipexec -n" bash -c "echo data | ipexec 'x = 1'"
}
