# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# client.bash: the checks of client.py as bats tests; a file that loads it starts the cluster.

# The first interpreter that has ipyparallel.
find_ipyparallel() {
  local python
  for python in "${IPKIT_PYTHON-}" python3 /usr/bin/python3; do
    if [[ -n $python ]] && "$python" -c 'import ipyparallel' 2>/dev/null; then
      REAL_PYTHON=$(command -v "$python")
      export REAL_PYTHON IPKIT_PYTHON=$REAL_PYTHON
      return
    fi
  done
  echo "no python3 with ipyparallel: install python3-ipyparallel" >&2
  return 1
}

# check_client NAME [N]: client.py's check NAME with N (two) engines.
check_client() {
  run run_limited 60 "$REAL_PYTHON" "$ROOT/tests/interop/client.py" "$1" "${2-2}"
  assert_status 0
  assert_output ""
}
