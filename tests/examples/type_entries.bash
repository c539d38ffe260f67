#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# type_entries.bash FILE [PRELUDE]: types the lines of FILE one by one in one shell, as they may set
# variables, PRELUDE before them. Shows those that do not end with the status that is right, and how
# many there were.
set -o pipefail

# Statuses other than 0.
declare -A WANT=(
  ["yes | ipmap x | head -1"]=141
  ["ipexec 'del x'"]=1                         # ipclear(1): cleared already
  ["ipexec -t 'host:n[01-04]' --sh uptime"]=68 # nobody has these hosts
)
typed=0 bad=0
eval "${2-}" || exit
while read -r -u 3 entry; do
  status=0
  eval "$entry" 3<&- >"$WORLD/out" 2>"$WORLD/err" </dev/null || status=$?
  typed=$((typed + 1))
  if ((status == ${WANT[$entry]-0})); then continue; fi
  bad=1
  echo "status $status of: $entry"
  head -n 20 "$WORLD/out" "$WORLD/err"
done 3<"$1"
echo "$typed typed"
exit $bad
