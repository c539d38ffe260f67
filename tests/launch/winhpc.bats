#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# HPC Pack, of which there is none here: hpcpack.py and hpcpack_web.py check what a real one would,
# and run the jobs. By the `job` command, and by both web services.

load ../lib/cluster

setup_file() {
  # An authority of our own is the certificate itself, as on a head node fresh from setup.
  cd "$BATS_FILE_TMPDIR" || return
  local name
  for name in head other; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
      -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost" \
      -keyout $name.key -out $name.pem 2>/dev/null
  done
}
setup() {
  world_make
  world_enter
  PROFILE=$IPYTHONDIR/profile_default
  LIBEXEC=$IPKIT_BUILD/libexec/ipkit
  export STAND_IN=$WORLD/system CCP_SCHEDULER=HEAD1 no_proxy=localhost,127.0.0.1
  mkdir -p "$STAND_IN" bin "$PROFILE/log" record
  ln -s "$ROOT/tests/launch/hpcpack.py" bin/job
  ln -s "$ROOT/tests/launch/hpcpack.py" bin/task
  PATH=$PWD/bin:$PATH
  WEB=
}
teardown() {
  if [[ -z ${BATS_TEST_COMPLETED-} ]]; then
    cat "$STAND_IN/calls"
    world_show_logs
  fi
  run_limited 30 ipcluster stop >/dev/null 2>&1 || true
  if [[ -n $WEB ]]; then kill "$WEB"; fi
  assert_world_empty
}

# web PATH: the web service runs, and the profile says how it is reached.
web() {
  WEB=$(in_background "$WORLD/web.log" "$IPKIT_PYTHON" "$ROOT/tests/launch/hpcpack_web.py" \
    "$BATS_FILE_TMPDIR/head.pem" "$BATS_FILE_TMPDIR/head.key" "$WORLD/port")
  wait_until 20 "the web service" test -e "$WORLD/port"
  unset CCP_SCHEDULER
  URL=https://localhost:$(<"$WORLD/port")$1
  (umask 077 && echo 's3cret & ümlaut' >"$PROFILE/password")
  SETTINGS="url: $URL, user: 'LAB\\me', password_file: $PROFILE/password"
  SETTINGS+=", ca_file: $BATS_FILE_TMPDIR/head.pem"
  echo "{launcher: winhpc, winhpc: {$SETTINGS}}" >"$PROFILE/ipkit.yaml"
}

# works [OPTION…]: from start to stop with three engines, and after ipcluster was killed.
works() {
  run --separate-stderr run_limited 60 ipcluster start -n 3 --engines=winhpc --daemonize "$@"
  assert_status 0
  assert_output --partial "3 engines ready (0-2)"
  run --separate-stderr run_limited 30 ipexec -p '1+1'
  assert_output $'2\n2\n2'
  run --separate-stderr run_limited 30 ipcluster engines --remove=0
  assert_status 0
  assert_equal "$(states_of "$(job_of ipe)")" "Running"$'\n'"Canceled Running Running"
  kill -KILL "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  [[ -z $(ls "$PROFILE/pid") ]]
  assert_equal "$(jq -r .state "$STAND_IN"/job-??? | sort -u)" Canceled
}
# job_of ipe|ipc: number of the engines' job, or the controller's.
job_of() { jq -r "select(.name[:3] == \"$1\").id" "$STAND_IN"/job-???; }
# states_of JOB: the job's, and those of its tasks.
states_of() {
  jq -r '.state, ([.tasks[].state] | sort | join(" "))' "$STAND_IN/job-$1"
}
# request [KEY: VALUE…]: one process that sleeps; SETTINGS are those of the profile.
request() {
  # Of two the first counts.
  printf '%s\n' "$@" "role: engine" "record: $PWD/record/it" "program: /bin/sleep" \
    "arguments: [60]" "directory: $PWD" "log: $PWD/{pid}.log" "profile_dir: $PWD" \
    "settings: {${SETTINGS:-scheduler: HEAD1}}"
}
# launch VERB [KEY: VALUE…]
launch() {
  run --separate-stderr run_limited 40 "$LIBEXEC/ipkit-launch-winhpc" "$1" < <(request "${@:2}")
}
# fails STATUS WORDS: the last call did.
fails() {
  assert_status "$1"
  assert_stderr --partial "$2"
}
# nothing_left: no job that could do anything, and no file.
nothing_left() {
  [[ -z $(ls record) ]]
  ! grep -l '"state": "\(Queued\|Running\)"' "$STAND_IN"/job-* 2>/dev/null
}

@test "the job command: from start to stop, also when ipcluster was killed" {
  works --queue="Long jobs" --account=fits --qos=AboveNormal --walltime=2h
  # Which engine is the first to come is not known.
  assert_equal "$(sed 's/ipe-[0-9a-f]*/NAME/; s/101\.[123]/101.N/' "$STAND_IN/calls" | sort -u)" "\
job cancel 101 /scheduler:HEAD1
job submit /jobfile:NAME.xml /scheduler:HEAD1
job view 101 /scheduler:HEAD1
task cancel 101.N /scheduler:HEAD1
task view 101.N /scheduler:HEAD1"
  assert_equal "$(jq -r '.attributes | .JobTemplate, .Project, .Priority, .RuntimeSeconds' \
    "$STAND_IN/job-101" | paste -sd,)" "Long jobs,fits,AboveNormal,7200"
}

@test "the web service in XML: the same, and the password is nowhere" {
  web /WindowsHPC
  works
  grep -qx "POST /WindowsHPC/Job/101/Task/[123]/Cancel?Forced=false" "$STAND_IN/calls"
  assert_equal "$(grep -rl 's3cret' "$WORLD")" "$PROFILE/password"
  assert_equal "$(jq -r .owner "$STAND_IN/job-101")" 'LAB\me'
}

@test "the web service in JSON, with a controller in a job as well" {
  web /hpc
  works --controller=winhpc
  grep -qx "POST /hpc/jobs/101/submit" "$STAND_IN/calls"
  assert_equal "$(job_of ipc) $(job_of ipe)" "101 102"
}

@test "nodes with Windows: their paths, their quotes, ipyparallel's options only" {
  export STAND_IN_NODES=windows
  printf '%s\n' "winhpc: {profile_dir: '\\\\fs\\home\\of me'}" "engines: {args: ['--x=a \"b\\']}" \
    >"$PROFILE/ipkit.yaml"
  run --separate-stderr run_limited 20 ipcluster start -n 1 --engines=winhpc --dry-run
  assert_status 0
  assert_output --partial 'WorkDirectory="\\fs\home\of me"'
  assert_output --partial 'StdErrFilePath="\\fs\home\of me\log\ipengine-'
  local quoted='&quot;--profile-dir=\\fs\home\of me&quot; &quot;--x=a \&quot;b\\&quot;'
  assert_output --partial "CommandLine=\"ipengine.exe $quoted\""
  ln -s "$PROFILE" "$HOME/of me"
  echo "winhpc: {profile_dir: '\\\\fs\\home\\of me'}" >"$PROFILE/ipkit.yaml"
  run --separate-stderr run_limited 60 ipcluster start -n 1 --engines=winhpc --daemonize
  assert_status 0
}

@test "who waits is named, with HPC Pack's reason" {
  touch "$STAND_IN/hold"
  run --separate-stderr run_limited 60 ipcluster start -n 2 --engines=winhpc --daemonize --timeout=1
  fails 75 "0 of 2 engines after 1"
  assert_stderr --partial "missing: 0-1 (winhpc 101"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  assert_equal "$(states_of 101)" $'Canceled\nCanceled Canceled'
  launch start
  launch status
  assert_output --partial 'why: "winhpc 102 Queued (Not enough resources: cores)"'
  assert_output --partial 'state: "pending"'
  launch stop
  nothing_left
}

@test "a job that HPC Pack ended: the states and the words are its own" {
  launch start "count: 2"
  assert_status 0
  assert_output --partial "winhpc 101"
  launch status
  assert_output --partial 'state: "running"'
  job cancel 101 /message:"Maintenance at noon" /scheduler:HEAD1
  wait_until 10 "its end" job_is 101 Canceled
  launch status
  assert_line --partial 'why: "winhpc 101 Canceled (Maintenance at noon)"'
  assert_line --partial 'state: "ended"'
  launch stop
  assert_status 0
  nothing_left
  launch start "program: /no/such"
  wait_until 10 "its end" job_is 102 Failed
  launch status
  assert_line --partial 'why: "winhpc 102 Failed (Task failed with exit code 127)"'
  launch stop
  nothing_left
}
# job_is NUMBER STATE
job_is() { job view "$1" /scheduler:HEAD1 | grep -q "^State *: $2"; }

@test "what HPC Pack refuses: a template, a group of nodes, a job file" {
  SETTINGS="scheduler: HEAD1, queue: Nosuch" launch start
  fails 78 "The job template Nosuch does not exist."
  assert_stderr --partial "the command was: job submit /jobfile:ipe-"
  SETTINGS="scheduler: HEAD1, node_groups: 'ComputeNodes,Typo'" launch start
  fails 78 "The node group Typo does not exist."
  SETTINGS="scheduler: HEAD1, queue: Closed" launch start
  fails 77 "You do not have permission to use the job template Closed."
  nothing_left
  web /WindowsHPC
  SETTINGS+=", queue: Closed" launch start
  fails 77 "You do not have permission to use the job template Closed. (HTTP 403)"
  # It had been made already.
  assert_equal "$(states_of 102)" $'Canceled\nCanceled'
  SETTINGS+=", queue: Nosuch" launch start
  fails 78 "The job template Nosuch does not exist. (HTTP 400); the request was: POST $URL/Jobs"
  SETTINGS=${SETTINGS/WindowsHPC/Windows} launch start
  fails 78 "HTTP 404"
  SETTINGS+=", api_version: 1999" launch start
  fails 78 "The version 1999 is not known."
  nothing_left
}

@test "passwords: wrong, not stored, not given, open to others" {
  web /hpc
  SETTINGS=${SETTINGS/LAB/BAL} launch start
  fails 77 'user BAL\me or the password is not accepted (HTTP 401)'
  chmod 640 "$PROFILE/password"
  launch start
  fails 77 "password: others can read it; chmod 600"
  : >"$PROFILE/password" && chmod 600 "$PROFILE/password"
  launch start
  fails 78 "has no password in it"
  rm "$PROFILE/password"
  launch start
  fails 78 "password: No such file or directory"
  touch "$STAND_IN/nocreds"
  SETTINGS="scheduler: HEAD1" launch start
  fails 77 "Enter the password for 'LAB\\me' to connect to 'HEAD1': The password was not given."
  nothing_left
}

@test "a password that HPC Pack has not kept goes with the job" {
  web /WindowsHPC
  touch "$STAND_IN/nocreds"
  launch start
  assert_status 0
  launch stop
  nothing_left
}

@test "certificates: not trusted, of another name, not there; never plain HTTP" {
  web /WindowsHPC
  local own=$BATS_FILE_TMPDIR/head.pem
  SETTINGS=${SETTINGS/$own/$BATS_FILE_TMPDIR/other.pem} launch start
  fails 77 "certificate"
  assert_stderr --partial "winhpc.ca_file names certificates to trust"
  SETTINGS=${SETTINGS%, ca_file*} launch start
  fails 77 "certificate"
  SETTINGS=${SETTINGS/localhost/127.0.0.1} launch start
  fails 77 "127.0.0.1"
  SETTINGS=${SETTINGS/$own//no/such.pem} launch start
  fails 78 "/no/such.pem"
  SETTINGS=${SETTINGS/https/http} launch start
  fails 78 "does not begin with https://"
  nothing_left
  [[ ! -e $STAND_IN/calls ]]
}

@test "nobody answers: status 69; what runs can be stopped later" {
  launch start
  touch "$STAND_IN/down"
  launch stop
  fails 69 "Could not connect to the head node HEAD1."
  rm "$STAND_IN/down"
  launch stop
  assert_status 0
  nothing_left
  SETTINGS="scheduler: HEAD2" launch start
  fails 69 "Could not connect to the head node HEAD2."
  web /WindowsHPC
  launch start
  touch "$STAND_IN/down"
  launch stop
  fails 69 "The scheduler service is not running. (HTTP 503)"
  rm "$STAND_IN/down"
  launch stop
  assert_status 0
  kill "$WEB"
  wait_until 10 "its end" none_marked STAND_IN "$STAND_IN"
  WEB=
  launch start
  fails 69 "Failed to connect to localhost port"
  nothing_left
}

@test "no such command, no head node named: what to do" {
  PATH=$IPKIT_BUILD/bin:/usr/bin:/bin launch start
  fails 69 "there is no command job on this machine"
  SETTINGS="command: /no/job, scheduler: HEAD1" launch start
  fails 69 "/no/job"
  SETTINGS="unit: Core" launch start
  fails 78 "winhpc.scheduler is not set; the name of the head node"
  nothing_left
}

@test "answers with more or less in them: the id is found, and no number is taken for one" {
  STAND_IN_ANSWER="Job has been submitted. ID:    {}. No error 77" launch start
  assert_output --partial "winhpc 101"
  STAND_IN_ANSWER="12 cores: Job {} it is" launch stop
  STAND_IN_ANSWER="Job {} it is" launch start
  assert_output --partial "winhpc 102"
  launch stop
  STAND_IN_ANSWER="Done" launch start
  fails 78 "job answered without a job's id: Done"
  job cancel 103 /force /scheduler:HEAD1
}

@test "job submits and fails all the same: what it submitted is cancelled" {
  STAND_IN_FAILS=yes launch start
  fails 77 "The credentials could not be saved."
  wait_until 20 "its end" job_is 101 Canceled  # who starts does not wait for that
  assert_equal "$(states_of 101)" $'Canceled\nCanceled'
  nothing_left
}

@test "no room on the disk for the id: nothing runs" {
  mount -t tmpfs -o size=16k none record || skip "no file systems can be mounted here"
  head -c 12288 /dev/zero >record/ballast
  launch start
  fails 70 "No space left on device"
  assert_equal "$(ls record)" ballast
  [[ ! -e $STAND_IN/calls ]]
  umount record
}

@test "no room for the id of a job that the web service has made: it is cancelled" {
  web /WindowsHPC
  launch start
  assert_status 0
  local line
  line=$(head -n 1 record/it | wc -c)
  launch stop
  # Of four blocks the record has as much that the job's line, and not its id, has room.
  printf '#%*s\n' $((4 * 1024 - line - 20)) "" >record/it
  (ulimit -f 4 && request | "$LIBEXEC/ipkit-launch-winhpc" start) >out 2>err || echo $? >>err
  assert_equal "$(tail -n 1 err)" 70
  grep -q "File too large" err
  wait_until 20 "its end" job_is 102 Canceled
  assert_equal "$(states_of 102)" $'Canceled\nCanceled'
}

@test "the launcher is killed while job submits: the id is on disk, stop waits for it" {
  mv bin/job bin/real
  mkdir real && ln -s "$ROOT/tests/launch/hpcpack.py" real/job
  cat >bin/job <<'TEXT'
#!/bin/bash
if [[ $1 == submit ]]; then
  touch "$STAND_IN/asked"
  until [[ -e $STAND_IN/go ]]; do sleep 0.05; done
fi
exec "${0%/bin/job}/real/job" "$@"
TEXT
  chmod +x bin/job
  request >request
  local pid
  pid=$(in_background out "$BASH" -c 'exec "$1" start <request' - "$LIBEXEC/ipkit-launch-winhpc")
  wait_until 20 "the submit command" test -e "$STAND_IN/asked"
  kill -KILL "$pid"
  touch "$STAND_IN/go"
  launch stop
  assert_status 0
  assert_equal "$(states_of 101)" $'Canceled\nCanceled'
  nothing_left
}

@test "the launcher is killed between a job's making and its submission: stop ends it" {
  web /hpc
  touch "$STAND_IN/pause"
  request >request
  local pid
  pid=$(in_background out "$BASH" -c 'exec "$1" start <request' - "$LIBEXEC/ipkit-launch-winhpc")
  wait_until 20 "the submission" test -e "$STAND_IN/asked"
  assert_equal "$(states_of 101)" $'Configuring\nConfiguring'
  kill -KILL "$pid"
  launch stop
  assert_status 0
  assert_equal "$(states_of 101)" $'Canceled\nCanceled'
  rm "$STAND_IN/pause"
  nothing_left
}

@test "what does not end in the time of grace is ended by force" {
  launch start "count: 2" "program: /bin/sh" \
    "arguments: [-c, 'trap \"\" TERM; touch up-\$CCP_TASKID; sleep 60']"
  wait_until 10 "the tasks" test -e up-1 -a -e up-2
  launch stop "grace: 0.2" "ids: [$(jq -r .name "$STAND_IN/job-101").2]"
  assert_status 0
  assert_equal "$(states_of 101)" $'Running\nCanceled Running'
  launch stop "grace: 0.2"
  assert_status 0
  assert_equal "$(states_of 101)" $'Canceled\nCanceled Canceled'
  grep -qx "job cancel 101 /force /scheduler:HEAD1" "$STAND_IN/calls"
  nothing_left
}

@test "what is being cancelled and may not be cancelled again: stop waits for HPC Pack's grace" {
  export STAND_IN_GRACE=1 STAND_IN_STRICT=yes
  launch start "program: /bin/sh" "arguments: [-c, 'trap \"\" TERM; touch up; sleep 60']"
  wait_until 10 "the task" test -e up
  job cancel 101 /scheduler:HEAD1
  launch stop "grace: 0.2"
  assert_status 0
  assert_equal "$(states_of 101)" $'Canceled\nCanceled'
  nothing_left
}

@test "the job file: every element and attribute, in order, as HPC Pack has them" {
  run --separate-stderr bash -c 'sed -E "s/(ipe-)?[0-9a-f]{8}/NAME/g"' < <(
    SETTINGS="scheduler: HEAD1, user: 'LAB\\me', unit: Node, amount: 2, walltime: 90m"
    SETTINGS+=", queue: Long jobs, options: [IsExclusive=true, NodeGroups=LinuxNodes]"
    request "arguments: [a b, it's]" "environment: {A: '<&\"'}" "profile_dir: /p" \
      "log: /p/{pid}.log" "directory: /w" | "$LIBEXEC/ipkit-launch-winhpc" start --dry-run
  )
  assert_output "<?xml version=\"1.0\" encoding=\"utf-8\"?>
<Job Version=\"2.000\" Name=\"NAME\" UnitType=\"Node\" MinNodes=\"2\" MaxNodes=\"2\"\
 RunUntilCanceled=\"false\" IsExclusive=\"true\" FailOnTaskFailure=\"false\" UserName=\"LAB\\me\"\
 JobType=\"Batch\" NodeGroups=\"LinuxNodes\" JobTemplate=\"Long jobs\" RuntimeSeconds=\"5400\"\
 AutoCalculateMax=\"true\" AutoCalculateMin=\"true\" Owner=\"LAB\\me\"\
 xmlns=\"http://schemas.microsoft.com/HPCS2008/scheduler/\">
  <Dependencies />
  <Tasks>
    <Task Version=\"2.000\" Name=\"NAME.1\" MinNodes=\"2\" MaxNodes=\"2\"\
 CommandLine=\"/bin/sleep 'a b' 'it'\\''s'\" WorkDirectory=\"/w\" IsRerunnable=\"true\"\
 StdOutFilePath=\"/p/NAME.out\" StdErrFilePath=\"/p/NAME.log\" IsParametric=\"false\"\
 UnitType=\"Node\">
      <EnvironmentVariables>
        <Variable>
          <Name>A</Name>
          <Value>&lt;&amp;\"</Value>
        </Variable>
        <Variable>
          <Name>IPKIT_LAUNCH_ID</Name>
          <Value>NAME.1</Value>
        </Variable>
      </EnvironmentVariables>
    </Task>
  </Tasks>
</Job>
<!-- submitted by: cd $PWD/record; job submit /jobfile:NAME.xml /scheduler:HEAD1 -->"
}

# words KIND: those of the command line in a job file on standard input, as that system reads it.
words() {
  "$IPKIT_PYTHON" -c '
import json, shlex, sys, xml.etree.ElementTree as ET
sys.path.insert(0, sys.argv[2])
import hpcpack
line = next(ET.parse(sys.stdin).iter(hpcpack.NAMESPACE + "Task")).get("CommandLine")
print(json.dumps((hpcpack.split_windows if sys.argv[1] == "windows" else shlex.split)(line)))
' "$1" "$ROOT/tests/launch"
}

@test "words of a command line survive the quotes of both systems" {
  local given='["a b", "a\"b", "a\\", "a b\\", "", "\\\"", "\\\\ \\", "$X `y` * %Z%", "ü", '
  given+='"it'"'"'s"]'
  request "arguments: $given" | "$LIBEXEC/ipkit-launch-winhpc" start --dry-run >job
  assert_equal "$(words linux <job | jq -c .)" "$(jq -c '["/bin/sleep"] + .' <<<"$given")"
  SETTINGS="scheduler: H, bin: 'C:\Program Files\ipkit'" request "arguments: $given" |
    "$LIBEXEC/ipkit-launch-winhpc" start --dry-run >job
  assert_equal "$(words windows <job | jq -c .)" \
    "$(jq -c '["C:\\Program Files\\ipkit\\sleep.exe"] + .' <<<"$given")"
}

@test "settings that cannot be: each is named, with what is near" {
  local setting words
  while IFS='|' read -r setting words; do
    SETTINGS="scheduler: HEAD1, $setting" launch start
    fails 78 "$words"
  done <<'TEXT'
options: [NodeGroup=x]|batch.options: no attribute NodeGroup; did you mean NodeGroups?
options: [NodeGroups]|batch.options: 'NodeGroups' is not Name=Value
options: [RuntimeSeconds=soon]|batch.options: 'soon' is not a number from 1
qos: high|batch.qos: 'high' is none of Lowest, BelowNormal, Normal, AboveNormal, Highest
unit: Cpu|winhpc.unit: 'Cpu' is none of Core, Socket, Node
amount: 0|winhpc.amount: '0' is not a number from 1
walltime: 10:30|not a walltime: '10:30'
prologue: hi|batch.prologue: winhpc has nothing of that kind
modules: [gcc]|batch.modules: winhpc has nothing of that kind
per_node: 2|batch.per_node: winhpc has nothing of that kind
url: "https://h/hpc"|winhpc.user is not set
url: "https://h/hpc", user: me|winhpc.password_file is not set
url: "https://h/hpc", auth: none|winhpc.auth: 'none' is neither basic, ntlm nor negotiate
queue: "a\x01b"|batch.queue: "a\u0001b" has characters that XML has not
TEXT
  launch start 'environment: {A: "a\nb"}'
  fails 78 'variable A: "Aa\nb" has characters that XML has not'
  nothing_left
}

@test "the profile: made, checked, explains itself; its job files are valid" {
  run --separate-stderr run_limited 10 ipprofile create lab --launcher winhpc
  assert_status 0
  run --separate-stderr run_limited 10 ipprofile check lab
  assert_status 0
  grep -q "^launcher: winhpc " "$IPYTHONDIR/profile_lab/ipkit.yaml"
  grep -q "^# Needed: " "$IPYTHONDIR/profile_lab/ipkit.yaml"
  run_limited 20 ipcluster start --profile=lab --dry-run -n 2 --controller=winhpc >both
  csplit -s <(sed /^---/d both) '/^<?xml/' '{*}'
  xmllint --noout --schema "$ROOT/tests/launch/hpcpack.xsd" xx01 xx02
  grep -q "/ipcontroller" xx01
  grep -q "/ipengine" xx02
}
