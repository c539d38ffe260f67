#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# Engines, and a controller, in jobs of a real Slurm.

load ../lib/cluster
load ../lib/slurm

setup_file() {
  SLURM_MISSING=$(slurm_missing)
  export SLURM_MISSING
  if [[ -n $SLURM_MISSING ]]; then return; fi
  world_make
  slurm_up "$BATS_FILE_TMPDIR/slurm" || { tail -n 20 "$SLURM_DIR"/log/*; return 1; }
}
teardown_file() {
  if [[ -n ${SLURM_DIR-} ]]; then slurm_down; fi
}
setup() {
  if [[ -n $SLURM_MISSING ]]; then skip "$SLURM_MISSING"; fi
  world_make
  world_enter
  PROFILE=$IPYTHONDIR/profile_default
}
teardown() {
  if [[ -n $SLURM_MISSING ]]; then return; fi
  # What a failed test left is not the next one's trouble.
  if [[ -z ${BATS_TEST_COMPLETED-} ]]; then
    squeue
    world_show_logs
  fi
  run_limited 30 ipcluster stop >/dev/null 2>&1 || true
  scancel -u "$(id -un)"
  wait_until 20 "the end of all jobs" slurm_no_jobs
  assert_world_empty
}

# in_slurm N [OPTION…]: a cluster with N engines in jobs.
in_slurm() {
  run --separate-stderr run_limited 60 ipcluster start -n "$1" --engines=slurm --daemonize "${@:2}"
}
# profile: ipkit.yaml from standard input.
profile() {
  mkdir -p "$PROFILE"
  cat >"$PROFILE/ipkit.yaml"
}
no_files() { [[ -z $(ls "$PROFILE/pid") ]]; }

@test "start, the main job, stop: one array job, nothing is left" {
  in_slurm 4
  assert_status 0
  assert_output --partial "4 engines ready (0-3)"
  assert_equal "$(squeue -h -o %F | sort -u | wc -l)" 1
  assert_equal "$(squeue -h -r | wc -l)" 4
  assert_equal "$(find "$PROFILE/log" -name 'ipengine-*' -perm 600 | wc -l)" 4
  run --separate-stderr bash -c \
    "seq 64 | ipscatter x | ipexec 'y = [int(v)**10 for v in x]' | ipgather y | tail -1"
  assert_output 1152921504606846976
  run run_limited 30 ipcluster status
  assert_output --partial "engine 3"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  wait_until 10 "the end of the jobs" slurm_no_jobs
  no_files
}

@test "ipcluster is killed: stop ends the jobs all the same" {
  in_slurm 3
  assert_status 0
  kill -KILL "$(jq .pid "$PROFILE/pid/ipcluster.json")"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  wait_until 10 "the end of the jobs" slurm_no_jobs
  no_files
}

@test "the controller in a job too" {
  in_slurm 2 --controller=slurm
  assert_status 0
  assert_equal "$(squeue -h -o %j | cut -c 1-4 | sort -u | paste -sd' ')" "ipc- ipe-"
  run --separate-stderr run_limited 30 ipexec -p '1+1'
  assert_output $'2\n2'
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
  wait_until 10 "the end of the jobs" slurm_no_jobs
  no_files
  [[ -z $(ls "$PROFILE/security") ]]
}

@test "engines that wait in the queue are named with Slurm's reason; removed ones go alone" {
  profile <<'YAML'
batch:
  queue: tiny
  options: [--cpus-per-task=2]
YAML
  IPKIT_KERNEL="sh" in_slurm 3 --timeout=15
  assert_status 75
  assert_stderr --regexp "waiting for 3 engines: 2 \(slurm [0-9]+ PENDING \(Resources\)\)"
  assert_stderr --regexp "2 of 3 engines after 15.*missing: 2 \(slurm [0-9]+ PENDING \(Resources\)"
  run --separate-stderr run_limited 30 ipcluster status
  assert_output --partial "PENDING (Resources)"
  # The place of one that is removed goes to the one that waits.
  run --separate-stderr run_limited 30 ipcluster engines --remove=0
  assert_status 0
  run --separate-stderr run_limited 30 ipwait -n 2
  assert_status 0
  assert_equal "$(squeue -h -r -t running | wc -l)" 2
  # Also one that came after start had given up waiting is known by its number.
  run --separate-stderr run_limited 30 ipcluster engines --remove=2
  assert_status 0
  assert_equal "$(squeue -h -r -t running | wc -l)" 1
}

@test "the walltime: engines drain before it, and end with 0" {
  IPKIT_KERNEL="sh" in_slurm 1 --walltime=10s
  assert_status 0
  local job
  job=$(squeue -h -t all -o %A | sort -n | tail -n 1) # it may be over
  wait_until 30 "the end of the job" job_is "$job" COMPLETED
  run cat "$PROFILE"/log/ipengine-*.log
  assert_output --partial "its lifetime of 8 s is over"
  refute_output --partial "DUE TO TIME LIMIT"
}
job_is() { [[ $(squeue -h -t all -j "$1" -o %T) == "$2" ]]; }

@test "a job that Slurm ends: status and log say how" {
  in_slurm 2 --walltime=1h
  assert_status 0
  scontrol update "JobId=$(squeue -h -r -o %i | head -n 1)" EndTime=now+1
  # Slurm looks at times every half minute, ipcluster at its jobs every minute at last.
  wait_until 100 "the word on it" grep -q 'ended: slurm [0-9]* TIMEOUT (TimeLimit)' \
    "$PROFILE/log/ipcluster.log"
  run --separate-stderr run_limited 30 ipcluster status
  assert_output --partial "TIMEOUT (TimeLimit)"
  assert_output --partial "DUE TO TIME LIMIT"
}

@test "one of three never comes: where its job runs; the others work" {
  profile <<'YAML'
batch: {prologue: 'if [ "$SLURM_ARRAY_TASK_ID" = 3 ]; then exec sleep 60; fi'}
YAML
  in_slurm 3 --timeout=3
  assert_status 75
  assert_stderr --regexp \
    "2 of 3 engines after 3.*missing: 2 \(slurm [0-9]+ RUNNING on n[123] but not registered"
  run --separate-stderr run_limited 30 ipexec -p '1+1'
  assert_output $'2\n2'
}

@test "one of three ends at once: its last words" {
  profile <<'YAML'
batch: {prologue: 'if [ "$SLURM_ARRAY_TASK_ID" = 3 ]; then echo no licence; exit 3; fi'}
YAML
  in_slurm 3
  assert_status 75
  assert_stderr --regexp \
    "missing: 2 \(slurm [0-9]+ FAILED \(NonZeroExitCode\); last words: .no licence.; log: .*3.log"
}

# other_node COMMAND: node n1 is on a machine of its own, whose file systems COMMAND prepares.
other_node() {
  local pid
  pid=$(<"$SLURM_DIR/run/slurmd.n1.pid")
  kill "$pid"
  wait_until 10 "the end of slurmd" slurm_is_down "$pid"
  IPKIT_TEST_WORLD=$SLURM_DIR PATH=$PATH:/usr/sbin \
    unshare -m bash -c "$1 && exec slurmd -f '$SLURM_CONF' -N n1" </dev/null \
    >>"$SLURM_DIR/log/start" 2>&1 3>&-
  wait_until 20 "node n1" slurm_nodes_idle
}

@test "directories that the node does not see: the profile's, the one to work in" {
  unshare -m true 2>/dev/null || skip "no file systems can be mounted here"
  other_node "mount -t tmpfs none '$IPYTHONDIR'"
  in_slurm 2 --queue=tiny
  assert_status 75
  assert_stderr --regexp "0 of 2 .*missing: 0-1 \(slurm [0-9]+ FAILED \(JobLaunchFailure\); "
  assert_stderr --partial "it wrote no log: do the nodes see $PROFILE/log?"
  no_files
  mkdir -p hidden/here
  cd hidden/here
  other_node "mount -t tmpfs none '$PWD/..'"
  in_slurm 1 --queue=tiny
  assert_status 75
  assert_stderr --partial "can't cd to $PWD"
  other_node true
}

@test "no such partition: Slurm's own words, status 78" {
  in_slurm 2 --queue=nosuch
  assert_status 78
  assert_stderr --partial "invalid partition specified: nosuch"
  assert_stderr --partial "sbatch --job-name=ipe-"
  no_files
}

@test "nothing runs that is not on record: the launcher is killed while it submits" {
  local real
  real=$(command -v sbatch)
  mkdir bin
  printf '#!/bin/sh\nkill -9 $PPID\nexec %s "$@"\n' "$real" >bin/sbatch
  chmod +x bin/sbatch
  PATH=$PWD/bin:$PATH run --separate-stderr launch start
  assert_status 137
  # Who asks now waits until sbatch is done.
  run --separate-stderr launch status
  assert_status 0
  assert_output --regexp 'state: "(pending|running)"'
  run --separate-stderr launch stop
  assert_status 0
  refute_output --partial running
  wait_until 10 "the end of the jobs" slurm_no_jobs
  [[ -z $(ls record) ]]
}
request() {
  printf '%s\n' "role: engine" "record: $PWD/record/it" "count: 2" "program: /bin/sleep" \
    "arguments: [60]" "directory: $PWD" "log: $PWD/{pid}.log" 'settings: {"walltime": "1m"}'
}
launch() {
  mkdir -p record
  request | timeout -s KILL 40 "$IPKIT_BUILD/libexec/ipkit/ipkit-launch-slurm" "$@"
}

@test "no room on the disk for the job's id: nothing is submitted" {
  mkdir record
  mount -t tmpfs -o size=16k none record || skip "no file systems can be mounted here"
  head -c 12288 /dev/zero >record/ballast
  run --separate-stderr launch start
  assert_status 70
  assert_stderr --partial "No space left on device"
  assert_equal "$(ls record)" ballast
  slurm_no_jobs
  umount record
}

@test "Slurm is down: its own words, status 69, and stop can be said again later" {
  run --separate-stderr launch start
  assert_status 0
  local pid
  pid=$(<"$SLURM_DIR/run/slurmctld.pid")
  kill "$pid"
  wait_until 10 "the end of slurmctld" slurm_is_down "$pid"
  run --separate-stderr launch stop
  assert_status 69
  assert_stderr --partial "Unable to contact slurm controller"
  run --separate-stderr launch start
  assert_status 69
  slurm_controller 3>&-
  wait_until 20 "Slurm's nodes" slurm_answers
  run --separate-stderr launch stop
  assert_status 0
  wait_until 10 "the end of the jobs" slurm_no_jobs
  [[ -z $(ls record) ]]
}
slurm_answers() { squeue -h >/dev/null 2>&1; }

@test "several engines on a node are one task, and end with it" {
  profile <<'YAML'
batch:
  nodes: 2
  per_node: 2
YAML
  run --separate-stderr run_limited 60 ipcluster start --engines=slurm --daemonize
  assert_status 0
  assert_output --partial "4 engines ready"
  assert_equal "$(squeue -h -r | wc -l)" 2
  run --separate-stderr run_limited 30 ipcluster engines --remove=0
  assert_status 64
  assert_stderr --partial "is in the same job and would end too"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
}

@test "a template of one's own, as ipyparallel's users write it" {
  mkdir -p "$PROFILE"
  cat >"$PROFILE/mine" <<'TEXT'
#!/bin/sh
#SBATCH --ntasks={n} --cpus-per-task={n//3}
#SBATCH --output={output_file}
HERE=${{SLURM_JOB_ID}}; export HERE
srun {program_and_args}
TEXT
  profile <<<'batch: {template: mine}'
  in_slurm 3
  assert_status 0
  assert_output --partial "3 engines ready"
  assert_equal "$(squeue -h -r | wc -l)" 1
  run --separate-stderr run_limited 30 ipexec -t 2 -p 'import os; int(os.environ["HERE"])'
  assert_output "$(squeue -h -o %A)"
  run --separate-stderr run_limited 30 ipcluster stop
  assert_status 0
}
