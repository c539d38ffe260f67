# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# processes.bash: waiting with a limit, and finding processes by a mark in their environment.

# Every limit of a test is that many times longer: for programs that a sanitizer or valgrind slows.
: "${IPKIT_SLOW:=1}"

# run_limited SECS CMD…: CMD, killed after SECS; then the status is 137 and stderr says so.
run_limited() {
  local whole=${1%.*} status=0
  local limit=$((whole * IPKIT_SLOW))${1#"$whole"}
  shift
  timeout --signal=KILL "$limit" "$@" || status=$?
  if ((status == 137)); then echo "HANG: killed after $limit s: $*" >&2; fi
  return "$status"
}

# wait_until SECS WHAT CMD… (whole seconds): runs CMD until it succeeds; fails after SECS, naming
# WHAT if given.
wait_until() {
  local limit=$(($1 * IPKIT_SLOW)) what=$2 end
  shift 2
  end=$((${EPOCHREALTIME/[.,]/} + limit * 1000000))
  until "$@"; do
    if ((${EPOCHREALTIME/[.,]/} > end)); then
      if [[ -n $what ]]; then echo "waited $limit s in vain for $what" >&2; fi
      return 1
    fi
    sleep 0.05
  done
}

# state_of PID: state letter and parent of a process; fails if it is gone.
state_of() {
  local text state parent
  { read -r text <"/proc/$1/stat"; } 2>/dev/null || return
  # They follow the name, which may hold blanks.
  read -r state parent _ <<<"${text##*) }"
  echo "$state $parent"
}

# marked NAME VALUE: pids of the processes whose environment has NAME=VALUE, without this shell and
# its ancestors. What ran only to find out is gone when the list is read.
marked() {
  local found pid state ours=" "
  found=$(grep -lzxF -- "$1=$2" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n')
  pid=$BASHPID
  while ((${pid:-0} > 1)); do
    ours+="$pid "
    read -r _ pid <<<"$(state_of "$pid")"
  done
  for pid in $found; do
    if [[ $ours == *" $pid "* ]]; then continue; fi
    read -r state _ <<<"$(state_of "$pid")"
    if [[ ${state:-Z} != Z ]]; then echo "$pid"; fi
  done
}

# none_marked NAME VALUE: looks twice, as a child between fork and exec does not show its mark.
none_marked() { [[ -z $(marked "$@") ]] && sleep 0.1 && [[ -z $(marked "$@") ]]; }

# kill_marked NAME VALUE: shows them and kills them, one by one.
kill_marked() {
  local pid
  for pid in $(marked "$@"); do
    ps -o pid=,ppid=,stat=,args= -p "$pid"
    kill -KILL "$pid" 2>/dev/null || true
  done
}

# reports_in DIR: what sanitizers and valgrind find from here on, also in daemons, is written there.
reports_in() {
  local tool
  mkdir -p "$1"
  export IPKIT_REPORTS=$1
  for tool in ASAN TSAN UBSAN; do
    tool+=_OPTIONS
    export "$tool=${!tool-}:log_path=$1/report"
  done
}

# What is in a report and no finding: valgrind's own troubles; a hostile peer's message that is too
# large to get memory, as it should be.
NO_FINDING='^--[0-9]+-- |^==.*== ?WARNING: [A-Za-z]+Sanitizer failed to allocate 0x'

# no_reports DIR: fails if there are some; shows them, once.
no_reports() {
  local report status=0
  for report in "$1"/report.*; do
    if [[ $report == *.shown || ! -s $report ]]; then continue; fi
    grep -qvE "$NO_FINDING" "$report" || continue
    echo "-- found in a process: $report"
    grep -vE "$NO_FINDING" "$report" | head -n 60
    mv "$report" "$report.shown"
    status=1
  done
  return "$status"
}
