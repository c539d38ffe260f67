# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# gridengine.bash: a Grid Engine of our own on this machine, as root and without systemd: a master
# and one execution host with a queue of eight slots, all state in one directory.

SGE_LIB=/usr/lib/gridengine

# sge_missing: why it cannot be had; nothing if it can.
sge_missing() {
  if [[ $(id -u) != 0 ]]; then
    echo "Grid Engine's daemons need root here"
  elif ! getent hosts "$(hostname)" >/dev/null; then
    echo "Grid Engine needs the name of this machine, $(hostname), to have an address"
  elif ! command -v qsub qconf >/dev/null || [[ ! -x $SGE_LIB/sge_execd ]]; then
    echo "no Grid Engine: install gridengine-master gridengine-exec gridengine-client"
  fi
}

# sge_cell DIR: its files. This machine is called localhost, whatever the hosts file says.
sge_cell() {
  local dir=$1 name
  mkdir -p "$SGE_ROOT/default/common" "$dir"/spool/{db,qmaster/job_scripts,execd} "$dir/log"
  chmod 755 "$dir"
  for name in bin lib util utilbin; do ln -s "/var/lib/gridengine/$name" "$SGE_ROOT/$name"; done
  {
    echo -n "localhost $(hostname)"
    if [[ $(hostname -f) != "$(hostname)" ]]; then echo -n " $(hostname -f)"; fi
    echo
  } >"$SGE_ROOT/default/common/host_aliases"
  echo localhost >"$SGE_ROOT/default/common/act_qmaster"
  printf '%s\n' "admin_user none" "default_domain none" "ignore_fqdn false" \
    "spooling_method berkeleydb" "spooling_lib libspoolb" "spooling_params $dir/spool/db" \
    "binary_path $SGE_LIB" "qmaster_spool_dir $dir/spool/qmaster" "security_mode none" \
    "listener_threads 2" "worker_threads 2" "scheduler_threads 1" \
    >"$SGE_ROOT/default/common/bootstrap"
  # Debian's limits keep root out.
  sed -E "s,^(execd_spool_dir +).*,\1$dir/spool/execd,; s,^(min_[ug]id +).*,\10,
    s,^(load_report_time +).*,\100:00:05,; s,^(mailer +).*,\1/bin/true," \
    /usr/share/gridengine/default-configuration >"$dir/global"
  {
    $SGE_LIB/spoolinit berkeleydb libspoolb "$dir/spool/db" init &&
      $SGE_LIB/spooldefaults configuration "$dir/global" &&
      $SGE_LIB/spooldefaults complexes /usr/share/gridengine/util/resources/centry &&
      $SGE_LIB/spooldefaults usersets /usr/share/gridengine/util/resources/usersets &&
      $SGE_LIB/spooldefaults managers root
  } >"$dir/log/init" 2>&1
}

# The daemons listen everywhere if one lets them.
sge_loopback() {
  command -v gcc >/dev/null || return 0
  cat >"$1/loopback.c" <<'C'
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* What the daemons start is not concerned. */
__attribute__((constructor)) static void begin(void) { unsetenv("LD_PRELOAD"); }

int bind(int fd, const struct sockaddr* address, socklen_t size) {
  int (*next)(int, const struct sockaddr*, socklen_t) = dlsym(RTLD_NEXT, "bind");
  struct sockaddr_in local;
  if (address->sa_family != AF_INET || size < sizeof local) return next(fd, address, size);
  memcpy(&local, address, sizeof local);
  if (local.sin_addr.s_addr == htonl(INADDR_ANY)) local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return next(fd, (struct sockaddr*)&local, size);
}
C
  gcc -shared -fPIC -o "$1/loopback.so" "$1/loopback.c" -ldl && echo "$1/loopback.so"
}

sge_answers() { qconf -sh >/dev/null 2>&1; }
sge_no_jobs() { [[ -z $(qstat -u '*' 2>&1) ]]; }
sge_queue_is_up() { [[ $(qstat -f 2>/dev/null | awk '$1 ~ /^all.q@/ {print NF}') == 5 ]]; }

# sge_daemon NAME: starts sge_NAME; it goes to the background by itself.
sge_daemon() {
  (cd / && IPKIT_TEST_WORLD=$SGE_DIR LD_PRELOAD=$SGE_PRELOAD "$SGE_LIB/sge_$1") </dev/null \
    >>"$SGE_DIR/log/$1" 2>&1 3>&-
}

# sge_pid NAME: its pid.
sge_pid() {
  local pid
  for pid in $(marked IPKIT_TEST_WORLD "$SGE_DIR"); do
    if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "sge_$1" ]]; then echo "$pid"; fi
  done
}

sge_configure() {
  printf '%s\n' "hostname localhost" "load_scaling NONE" "complex_values NONE" "user_lists NONE" \
    "xuser_lists NONE" "projects NONE" "xprojects NONE" "usage_scaling NONE" \
    "report_variables NONE" >"$SGE_DIR/host"
  qconf -ah localhost
  qconf -as localhost
  qconf -Ae "$SGE_DIR/host" || return
  # It would look for work every fifteen seconds only.
  qconf -ssconf | sed -E 's,^(schedule_interval +).*,\10:0:1,
    s,^(flush_(submit|finish)_sec +).*,\11,' >"$SGE_DIR/schedule"
  qconf -Msconf "$SGE_DIR/schedule" || return
  qconf -sq | sed -E 's,^(qname +).*,\1all.q,; s,^(hostlist +).*,\1localhost,
    s,^(slots +).*,\18,; s,^(shell +).*,\1/bin/sh,; s,^(notify +).*,\100:00:02,
    s,^(shell_start_mode +).*,\1posix_compliant,; s,^((load_thresholds|pe_list) +).*,\1NONE,
    s,^(min_cpu_interval +).*,\100:00:05,' >"$SGE_DIR/queue"
  qconf -Aq "$SGE_DIR/queue"
}

# sge_up DIR: starts it; returns when the queue takes jobs.
sge_up() {
  local port=$((26000 + BASHPID % 1000 * 5))
  unset SGE_TASK_ID JOB_ID PE_HOSTFILE
  export SGE_DIR=$1 SGE_ROOT=$1/root SGE_CELL=default SGE_CLUSTER_NAME=ipkit \
    SGE_QMASTER_PORT=$port SGE_EXECD_PORT=$((port + 1))
  sge_cell "$1" || return
  SGE_PRELOAD=$(sge_loopback "$1")
  export SGE_PRELOAD
  sge_daemon qmaster || return
  wait_until 20 "Grid Engine's master" sge_answers || return
  sge_configure >"$1/log/configure" 2>&1 || return
  sge_daemon execd || return
  wait_until 40 "Grid Engine's queue" sge_queue_is_up
}

# sge_down: ends it, with all jobs.
sge_down() {
  local name pid
  qdel -f -u '*' >/dev/null 2>&1
  wait_until 20 "the end of all jobs" sge_no_jobs
  for name in execd qmaster; do
    for pid in $(sge_pid $name); do
      kill "$pid" 2>/dev/null
      wait_until 20 "" sge_is_down "$pid" || kill -KILL "$pid"
    done
  done
}
sge_is_down() { ! kill -0 "$1" 2>/dev/null; }
