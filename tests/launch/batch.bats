#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Batch systems that cannot be had here: PBS, Torque, LSF, HTCondor, LoadLeveler. stand_in.py takes
# what their commands take, refuses anything else, and runs the jobs. And the scripts of all.

load ../lib/cluster

setup() {
  world_make
  world_enter
  PROFILE=$IPYTHONDIR/profile_default
  export STAND_IN=$WORLD/system
  mkdir -p "$STAND_IN" bin "$PROFILE" record
  local name
  for name in qsub qstat qdel qsig bsub bjobs bkill condor_submit condor_q condor_history \
    condor_rm llsubmit llq llcancel; do
    ln -s "$ROOT/tests/launch/stand_in.py" bin/$name
  done
  PATH=$PWD/bin:$PATH
}
teardown() {
  if [[ -z ${BATS_TEST_COMPLETED-} ]]; then
    cat "$STAND_IN/calls"
    world_show_logs
  fi
  run_limited 30 ipcluster stop >/dev/null 2>&1 || true
  assert_world_empty
}

# in_jobs KIND N [OPTION…]: a cluster with N engines in jobs.
in_jobs() {
  run --separate-stderr run_limited 60 ipcluster start -n "$2" --engines="$1" --daemonize "${@:3}"
}
# works KIND [OPTION…]: from start to stop with three engines, and after ipcluster was killed.
works() {
  in_jobs "$1" 3 "${@:2}"
  assert_status 0
  assert_output --partial "3 engines ready (0-2)"
  run --separate-stderr run_limited 30 ipexec -p '1+1'
  assert_output $'2\n2\n2'
  run --separate-stderr run_limited 30 ipcluster engines --remove=0
  assert_status 0
  kill -KILL "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  [[ -z $(ls "$PROFILE/pid") ]]
  [[ $(jq -r .state "$STAND_IN"/task-* | sort -u) == over ]]
}
# waits KIND WORDS: of three engines two have places.
waits() {
  IPKIT_KERNEL="sh" STAND_IN_SLOTS=2 in_jobs "$1" 3 --timeout=8
  assert_status 75
  assert_stderr --regexp "2 of 3 engines after 8.*missing: 2 \($1 [^;]*$2"
}
# refused KIND WORDS OPTION…
refused() {
  in_jobs "$1" 2 "${@:3}"
  assert_status 78
  assert_stderr --partial "$2"
  [[ -z $(ls "$PROFILE/pid") ]]
}
# is_down KIND WORDS: nobody answers; what runs can be stopped later.
is_down() {
  in_jobs "$1" 1
  assert_status 0
  touch "$STAND_IN/down"
  kill -KILL "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 69
  assert_stderr --partial "$2"
  run --separate-stderr run_limited 30 "$LIBEXEC/ipkit-launch-$1" start < <(request)
  assert_status 69
  assert_stderr --partial "$2"
  rm "$STAND_IN/down"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
}
LIBEXEC=${IPKIT_BUILD:-$PWD/build}/libexec/ipkit
# request [SETTINGS]: four processes.
request() {
  printf '%s\n' "role: engine" "record: $PWD/record/it" "count: ${COUNT:-4}" \
    "program: /bin/echo" "arguments: [a b, c]" "directory: /work" "log: /log/ipengine-{pid}.log" \
    "profile_dir: /p" "cluster_id: x" "environment: {A: it's}" "settings: {${1-}}"
}
# script KIND [SETTINGS]: what would be submitted, with the job's name as NAME.
script() {
  run --separate-stderr bash -c 'sed -E "s/(ip[ce]-)?[0-9a-f]{8}(\b|-)/NAME\2/g"' < <(
    request "${2-}" | "$LIBEXEC/ipkit-launch-$1" start --dry-run 2>&1
  )
}
ALL='queue: long, account: fits, walltime: 90m, options: ["-x y"], modules: [gcc, mpi]'
ALL+=', prologue: hi'

@test "PBS: the whole way, with an array and its brackets" {
  works pbs --walltime=2h --account=fits
  grep -qE '^qstat -t -f 101\[\]\.h1$' "$STAND_IN/calls"
  grep -qE '^qdel 101\[[1-3]\]\.h1$' "$STAND_IN/calls"
}

@test "PBS: who waits, a wrong queue, a server that is down, a single engine" {
  waits pbs 'Q \(Not Running: Insufficient amount of resource: ncpus \(R: 1\)\)'
  ipcluster stop
  refused pbs "qsub: Unknown queue" --queue=nosuch
  is_down pbs "cannot connect to server h1"
}

@test "Torque is known by its qstat, and has its own words for arrays" {
  export STAND_IN_FLAVOUR=torque
  works pbs --qos=high
}

@test "LSF: the whole way" {
  works lsf --walltime=2h --account=fits
  grep -qE '^bkill 101\[[1-3]\]$' "$STAND_IN/calls"
}

@test "LSF: who waits, a wrong queue, a system that is down" {
  waits lsf 'PEND \(Job slot limit reached'
  ipcluster stop
  refused lsf "nosuch: No such queue. Job not submitted." --queue=nosuch
  is_down lsf "LSF is down"
}

@test "HTCondor: the whole way" {
  works condor --walltime=2h --account=fits
  grep -qE '^condor_rm 101\.[0-2]$' "$STAND_IN/calls"
}

@test "HTCondor: who waits, no queues, a schedd that is down" {
  waits condor IDLE
  ipcluster stop
  refused condor "batch.queue: condor has nothing of that kind" --queue=long
  is_down condor "Can't find address of local schedd"
}

@test "HTCondor: how a job ended that is not in the queue any more" {
  printf '%s\n' "batch:" "  prologue: |" '    if [ "$IPKIT_TASK" = 1 ]; then exit 3; fi' \
    >"$PROFILE/ipkit.yaml"
  in_jobs condor 3
  assert_status 75
  assert_stderr --regexp "missing: 1 \(condor 101 COMPLETED \(ExitCode = 3\)"
  grep -qE '^condor_history 101 -af:lt ' "$STAND_IN/calls"
  # Not for what ipcluster ends itself.
  local asked
  asked=$(grep -c ^condor_history "$STAND_IN/calls")
  ipcluster stop
  assert_equal "$(grep -c ^condor_history "$STAND_IN/calls")" "$asked"
  printf '%s\n' "batch: {prologue: sleep 60}" >"$PROFILE/ipkit.yaml"
  in_jobs condor 1 --wait=0
  assert_status 0
  condor_rm 102
  wait_until 20 "the word on it" status_says 'condor 102 REMOVED (RemoveReason = via condor_rm'
}
status_says() { [[ $(run_limited 10 ipcluster status) == *"$1"* ]]; }

@test "what a job writes is for its owner only, and the user's own mask is kept" {
  local kind
  umask 022
  echo 'batch: {prologue: umask}' >"$PROFILE/ipkit.yaml"
  for kind in pbs condor; do
    in_jobs $kind 1
    assert_status 0
    assert_equal "$(find "$PROFILE/log" -name 'ipengine-*.log' -perm 600 | wc -l)" 1
    assert_equal "$(head -n 1 "$PROFILE"/log/ipengine-*.log)" 0022
    ipcluster stop
    rm "$PROFILE"/log/ipengine-*
  done
}

@test "LoadLeveler through the generic launcher: a job for each engine" {
  cp "$ROOT/profiles/batch.yaml" "$PROFILE/ipkit.yaml"
  works batch --timeout=60s
  assert_equal "$(grep -c ^llsubmit "$STAND_IN/calls")" 3
  grep -qE '^llq -f %id %st h1\.101 h1\.102 h1\.103$' "$STAND_IN/calls"
}

@test "the generic launcher says what it lacks, and what its profile has wrong" {
  in_jobs batch 1
  assert_status 78
  assert_stderr --partial "batch.submit is not set"
  sed 's/R: running/R: runs/' "$ROOT/profiles/batch.yaml" >"$PROFILE/ipkit.yaml"
  in_jobs batch 1
  assert_status 78
  assert_stderr --partial "batch.states: 'R: runs' names no state"
}

@test "no such command: status 69, and which" {
  PATH=$IPKIT_BUILD/bin:/usr/bin:/bin in_jobs lsf 1
  assert_status 69
  assert_stderr --partial "there is no command bsub on this machine"
}

@test "the script: settings become lines, environment and modules come before the program" {
  script slurm "$ALL"
  assert_output "#!/bin/sh
#SBATCH --array=1-4
#SBATCH --output=/log/ipengine-NAME.%a.log --open-mode=append
#SBATCH --partition=long
#SBATCH --account=fits
#SBATCH --time=01:30:00
#SBATCH --export=ALL
#SBATCH -x y
# 4 x echo for /p
task=\${SLURM_ARRAY_TASK_ID:-1}
chmod go= /log/ipengine-NAME.\"\${SLURM_ARRAY_TASK_ID:-1}\".log
export A='it'\\''s'
command -v module >/dev/null 2>&1 ||
  for init in /etc/profile.d/modules.sh /etc/profile.d/lmod.sh; do
    if [ -r \"\$init\" ]; then . \"\$init\"; fi
  done
module load gcc mpi || exit 78
hi
cd /work || exit 66
IPKIT_LAUNCH_ID=NAME.\$task
export IPKIT_LAUNCH_ID
exec /bin/echo 'a b' c
# submitted by: sbatch --job-name=NAME $PWD/record/NAME.sh"
}

@test "the lines of each system" {
  script pbs "$ALL, flavour: pro"
  assert_line "#PBS -J 1-4"
  assert_line "#PBS -o /log/ipengine-NAME.^array_index^.out"
  assert_line "#PBS -l walltime=01:30:00"
  assert_line '(umask 077; : >>/log/ipengine-NAME."${PBS_ARRAY_INDEX:-1}".log)'
  assert_line 'exec >>/log/ipengine-NAME."${PBS_ARRAY_INDEX:-1}".log 2>&1'
  script pbs "$ALL, flavour: torque, per_node: 2"
  assert_line "#PBS -t 1-2"
  assert_line "#PBS -l nodes=1:ppn=2"
  COUNT=1 script pbs "flavour: pro"
  refute_output --partial "#PBS -J"
  script sge "$ALL"
  assert_line "#\$ -t 1-4"
  assert_line '#$ -o /log/ipengine-NAME.$TASK_ID.log'
  assert_line "#\$ -l h_rt=01:30:00"
  assert_line "#\$ -notify"
  script lsf "$ALL"
  assert_line "#BSUB -W 01:30"
  assert_line "#BSUB -P fits"
  assert_line --partial "# submitted by: bsub -J NAME[1-4] <"
  script condor "account: fits, walltime: 90m, options: [request_memory = 4GB]"
  assert_line "accounting_group = fits"
  assert_line "periodic_remove = JobStatus == 2 && time() - EnteredCurrentStatus > 5400"
  assert_line "request_memory = 4GB"
  assert_line "queue 4"
}

@test "a template: what can be replaced, computed, doubled; what is wrong has its line" {
  script pbs 'flavour: pro, queue: q, template: "#!/bin/sh\n#PBS -l select={n//3} -q {queue}\n'\
'${{HOME}} {cluster_id}\n{n*2}\n"'
  assert_line "#PBS -l select=1 -q q"
  assert_line '${HOME} x'
  assert_line "8"
  script slurm 'template: "#!/bin/sh\n\n${HOME}\n"'
  assert_output --partial \
    "template, line 3: nothing is known as {HOME}; braces of the shell are doubled"
  script slurm 'template: "#!/bin/sh\n{quue}\n"'
  assert_output --partial "template, line 2: nothing is known as {quue}; did you mean {queue}?"
  script slurm 'template: "#!/bin/sh\n{n//0}\n"'
  assert_output --partial "{n//0} cannot be computed"
  script slurm 'template: nosuchfile'
  assert_output --partial "/p/nosuchfile: No such file or directory"
}

@test "settings that cannot be: each is named" {
  script slurm 'per_node: 0'
  assert_output --partial "batch.per_node: 0 is not between 1 and 100000"
  script slurm 'array: perhaps'
  assert_output --partial "batch.array: 'perhaps' is neither yes nor no"
  script slurm 'export: some'
  assert_output --partial "batch.export: 'some' is neither all nor none"
  script slurm 'walltime: 10:30'
  assert_output --partial "not a walltime: '10:30'"
}

@test "profiles of all systems: made, checked, and they explain themselves" {
  local kind
  for kind in slurm pbs sge lsf condor batch; do
    run --separate-stderr run_limited 10 ipprofile create "my$kind" --launcher "$kind"
    assert_status 0
    run --separate-stderr run_limited 10 ipprofile check "my$kind"
    assert_status 0
    grep -q "^launcher: $kind " "$IPYTHONDIR/profile_my$kind/ipkit.yaml"
    grep -q "^# Needed: " "$IPYTHONDIR/profile_my$kind/ipkit.yaml"
    run --separate-stderr run_limited 20 \
      ipcluster start --profile="my$kind" --dry-run -n 2 --controller="$kind"
    assert_status 0
    assert_output --partial "/ipcontroller"
    assert_output --partial "/ipengine"
  done
}
