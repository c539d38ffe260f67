# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# slurm.bash: a Slurm of our own on this machine, as root and without systemd: munged, slurmctld and
# a slurmd for each of three pretended nodes, all state in one directory.

# slurm_missing: why it cannot be had; nothing if it can.
slurm_missing() {
  local program
  if [[ $(id -u) != 0 ]]; then echo "Slurm's daemons need root here"; fi
  for program in munged slurmctld slurmd sbatch; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null ||
      echo "no $program: install slurmctld slurmd slurm-client munge"
  done | head -n 1
}

# slurm_write DIR PORT: the files. Only loopback, no cgroups, four processors a node whatever there
# are, jobs considered at once.
slurm_write() {
  local dir=$1 port=$2 host i
  host=$(hostname -s)
  mkdir -p "$dir"/{state,spool,log,run}
  chmod 755 "$dir" "$dir"/*
  (umask 077 && head -c 1024 /dev/urandom >"$dir/munge.key")
  printf '%s\n' CgroupAutomount=no ConstrainCores=no ConstrainRAMSpace=no >"$dir/cgroup.conf"
  {
    printf '%s\n' ClusterName=ipkit "SlurmctldHost=$host(127.0.0.1)" SlurmUser=root \
      SlurmdUser=root AuthType=auth/munge "AuthInfo=socket=$dir/run/munge.socket" \
      CredType=cred/munge "SlurmctldPort=$port" "SlurmctldPidFile=$dir/run/slurmctld.pid" \
      "SlurmctldLogFile=$dir/log/slurmctld.log" "SlurmdPidFile=$dir/run/slurmd.%n.pid" \
      "SlurmdLogFile=$dir/log/slurmd.%n.log" "SlurmdSpoolDir=$dir/spool/%n" \
      "StateSaveLocation=$dir/state" ProctrackType=proctrack/pgid TaskPlugin=task/none \
      JobAcctGatherType=jobacct_gather/none AccountingStorageType=accounting_storage/none \
      SwitchType=switch/none MpiDefault=none SelectType=select/cons_tres \
      SelectTypeParameters=CR_CPU SlurmdParameters=config_overrides \
      SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,bf_interval=1 \
      ReturnToService=2 KillWait=2 MinJobAge=60 MessageTimeout=2 OverTimeLimit=0
    # Where the machine's own name is not 127.0.0.1, these would have srun wait in vain.
    if [[ $(getent ahostsv4 "$(hostname)" | awk 'NR == 1 {print $1}') == 127.0.0.1 ]]; then
      echo CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
    fi
    for i in 1 2 3; do
      echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=4"
    done
    echo "PartitionName=debug Nodes=n[1-3] Default=YES MaxTime=INFINITE State=UP"
    echo "PartitionName=tiny Nodes=n1 MaxTime=INFINITE State=UP"
  } >"$dir/slurm.conf"
}

# slurm_controller: starts slurmctld, whichever test's world this is.
slurm_controller() {
  IPKIT_TEST_WORLD=$SLURM_DIR PATH=$PATH:/usr/sbin \
    slurmctld -f "$SLURM_CONF" </dev/null >>"$SLURM_DIR/log/start" 2>&1
}

slurm_nodes_idle() {
  (($(sinfo -h -N -p debug -t idle -o %N 2>/dev/null | sort -u | wc -l) == 3))
}
slurm_no_jobs() { [[ -z $(squeue -h 2>&1) ]]; }
slurm_is_down() { ! kill -0 "$1" 2>/dev/null; }

# slurm_up DIR: starts it and sets SLURM_CONF and SLURM_DIR; returns when all nodes are idle.
slurm_up() {
  export SLURM_DIR=$1 SLURM_CONF=$1/slurm.conf
  local name i
  for name in $(compgen -e | grep '^SLURM_'); do
    case $name in SLURM_DIR | SLURM_CONF) ;; *) unset "$name" ;; esac
  done
  slurm_write "$1" $((22000 + BASHPID % 800 * 5)) # 20000 to 22000 are of other tests
  local PATH=$PATH:/usr/sbin IPKIT_TEST_WORLD=$1
  # It does not like to be root.
  munged --force --key-file="$1/munge.key" --socket="$1/run/munge.socket" \
    --pid-file="$1/run/munged.pid" --log-file="$1/log/munged.log" \
    --seed-file="$1/run/munged.seed" </dev/null >>"$1/log/start" 2>&1 3>&- || return
  slurm_controller 3>&- || return
  for i in 1 2 3; do
    mkdir -p "$1/spool/n$i"
    slurmd -f "$SLURM_CONF" -N "n$i" </dev/null >>"$1/log/start" 2>&1 3>&- || return
  done
  wait_until 30 "Slurm's nodes" slurm_nodes_idle
}

# slurm_down: ends it, with all jobs.
slurm_down() {
  local file pid
  scancel -u "$(id -un)" 2>/dev/null
  wait_until 20 "the end of all jobs" slurm_no_jobs
  for file in "$SLURM_DIR"/run/{slurmd.n[123],slurmctld,munged}.pid; do
    pid=$(cat "$file" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null
    wait_until 20 "the end of ${file##*/}" slurm_is_down "$pid" || kill -KILL "$pid"
  done
}
