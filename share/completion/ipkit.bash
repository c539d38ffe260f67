# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Completion for every program of ipkit: options come from the program's own rows, targets from
# the running cluster, profiles and cluster ids from their files.

declare -gA _ipkit_cache=()

# _ipkit_rows PROGRAM [VERB]: "letter long ARGUMENT" of each option, separated by tabs; asked once.
_ipkit_rows() {
  local key="$*"
  if [[ -z ${_ipkit_cache[$key]+known} ]]; then
    _ipkit_cache[$key]=$("$@" --help-rows 2>/dev/null </dev/null | cut -f 1-3)
  fi
  printf '%s\n' "${_ipkit_cache[$key]}"
}

# _ipkit_argument OPTION: name of the argument it takes, from $rows; fails for flags.
_ipkit_argument() {
  local letter long argument
  while IFS='|' read -r letter long argument; do
    if [[ $1 == "-$letter" || $1 == "--$long" ]]; then
      printf '%s\n' "$argument"
      [[ -n $argument ]]
      return
    fi
  done <<<"${rows//$'\t'/|}"
  return 1
}

# Of ipcluster's help: "Verbs: start, stop, …; …".
_ipkit_verbs() {
  if [[ ${program##*/} == ipprofile ]]; then
    echo list show locate check create key
    return
  fi
  if [[ ${program##*/} == ipkernel ]]; then
    echo install uninstall list
    return
  fi
  "$program" --help 2>/dev/null </dev/null | sed -nE 's/^Verbs: ([a-z, ]+).*/\1/p' | tr -d ,
}

_ipkit_profiles() {
  local directory
  for directory in "${IPYTHONDIR:-$HOME/.ipython}"/profile_*/; do
    if [[ -d $directory ]]; then basename "$directory" | sed 's/^profile_//'; fi
  done
}

_ipkit_cluster_ids() {
  local file directory=${IPYTHONDIR:-$HOME/.ipython}/profile_${profile:-${IPKIT_PROFILE:-default}}
  for file in "$directory"/security/ipcontroller-*-client.json; do
    if [[ -e $file ]]; then basename "$file" | sed 's/^ipcontroller-\(.*\)-client.json$/\1/'; fi
  done
}

# Kernels of Jupyter that are installed, as jupyter:NAME.
_ipkit_jupyter_kernels() {
  local spec own=${XDG_DATA_HOME:-$HOME/.local/share}
  for spec in {"$own",/usr/local/share,/usr/share}/jupyter/kernels/*/; do
    if [[ -e $spec/kernel.json ]]; then echo "jupyter:$(basename "$spec")"; fi
  done
}

# Clusters that can be a kernel, as cluster:PROFILE.
_ipkit_cluster_kernels() {
  local file
  for file in "${IPYTHONDIR:-$HOME/.ipython}"/profile_*/security/ipcontroller-client.json; do
    if [[ -e $file ]]; then sed -E 's|.*/profile_([^/]*)/.*|cluster:\1|' <<<"$file"; fi
  done
}

# Ids of the engines that answer within a second, of the cluster the command line names.
_ipkit_targets() {
  printf '%s\n' all ::2 -1
  timeout 2 ipls --connect-timeout 1s "${cluster[@]}" 2>/dev/null </dev/null |
    sed -nE 's/^([0-9]+).*/\1/p'
}

# The newest jobs of that cluster.
_ipkit_jobs() {
  timeout 2 iphistory -q -n 50 --connect-timeout 1s "${cluster[@]}" 2>/dev/null </dev/null
}

# _ipkit_values OPTION ARGUMENT: fills COMPREPLY with values for it; false: let bash take files.
_ipkit_values() {
  local before=""
  case $1/$2 in
    --profile/*) mapfile -t COMPREPLY < <(compgen -W "$(_ipkit_profiles)" -- "$current") ;;
    --cluster-id/*) mapfile -t COMPREPLY < <(compgen -W "$(_ipkit_cluster_ids)" -- "$current") ;;
    --kernel/*)
      if [[ $current == *,* && $2 == *,* ]]; then before=${current%,*},; fi
      mapfile -t COMPREPLY < <(
        compgen -P "$before" -W \
          "python sh native $(_ipkit_jupyter_kernels) $(_ipkit_cluster_kernels)" \
          -- "${current#"$before"}"
      )
      ;;
    --scheme/*)
      if [[ $current == */* ]]; then return 1; fi # a file: bash's own
      mapfile -t COMPREPLY < <(
        compgen -W "leastload lru plainrandom twobin weighted pure" -- "$current"
      )
      ;;
    */KIND)
      mapfile -t COMPREPLY < <(
        compgen -W "local ssh mpi slurm pbs sge lsf condor winhpc batch" -- "$current"
      )
      ;;
    --halt/WHEN)
      mapfile -t COMPREPLY < <(
        compgen -W "never now,fail=1 soon,fail=1 soon,fail=10% now,success=1 soon,done=50%" \
          -- "$current"
      )
      ;;
    --type/TYPE)
      local types="lines bytes json npy" # of ipscatter
      if [[ ${program##*/} == ipmap ]]; then types="auto text json"; fi
      mapfile -t COMPREPLY < <(compgen -W "$types" -- "$current")
      ;;
    */SET)
      if [[ $current == *,* ]]; then before=${current%,*},; fi
      mapfile -t COMPREPLY < <(
        compgen -P "$before" -W "$(_ipkit_targets)" -- "${current##*,}"
      )
      ;;
    */JOBS)
      if [[ $current == *,* ]]; then before=${current%,*},; fi
      mapfile -t COMPREPLY < <(compgen -P "$before" -W "$(_ipkit_jobs)" -- "${current##*,}")
      ;;
    *) return 1 ;;
  esac
}

# Bash takes job:ID for three words: sets words and cword, where it is one again.
_ipkit_join() {
  local i
  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((i > 1)) && [[ ${COMP_WORDS[i]} == : || ${words[-1]} == *: ]]; then
      words[-1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
    fi
  done
  cword=$((${#words[@]} - 1))
}

# Reads the words before the current one: sets verb, operand (one was seen), profile, cluster and
# previous (the option whose value is being typed, if so).
_ipkit_scan() {
  local i word argument
  for ((i = 1; i < cword; i++)); do
    word=${words[i]}
    if [[ $word != -* || $word == - ]]; then
      if [[ ${program##*/} == @(ipcluster|ipprofile) && -z $verb ]]; then
        verb=$word
        if [[ ${program##*/} == ipcluster ]]; then rows=$(_ipkit_rows "$program" "$verb"); fi
        continue
      fi
      if [[ $verb == engines && -z $operand ]]; then
        operand=$word
        continue
      fi
      operand=1
      return
    fi
    argument=$(_ipkit_argument "$word") || continue
    if [[ ${words[i + 1]-} == = ]]; then ((i++)); fi
    ((i++))
    if ((i >= cword)); then
      previous=$word wanted=$argument
      return
    fi
    case $word in
      --profile) profile=${words[i]} cluster+=(--profile "${words[i]}") ;;
      --profile-dir | --cluster-id | --connection) cluster+=("$word" "${words[i]}") ;;
    esac
  done
}

# Fills COMPREPLY for what the words before the current one ask for.
_ipkit_choose() {
  if [[ -n $previous ]]; then
    _ipkit_values "$previous" "$wanted"
  elif [[ $current != -* &&
    ${program##*/} == @(ipwait|ipresult|ipcancel|iphistory|ipreport) ]]; then
    _ipkit_values operand JOBS
  elif [[ $verb == engines && -z $operand && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "add remove" -- "$current")
  elif [[ -n $operand && ($verb != engines || $current != -*) ]]; then
    return # code and files: bash's own
  elif [[ ${program##*/} == @(ipcluster|ipprofile|ipkernel) && -z $verb && $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_ipkit_verbs)" -- "$current")
  elif [[ ${program##*/} == ipprofile && $current != -* && $verb != list ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_ipkit_profiles)" -- "$current")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(
      compgen -W "$(cut -f 2 <<<"$rows" | sed -n '/help-rows/d; s/^./--&/p')" -- "$current"
    )
  fi
}

_ipkit() {
  local -a words cluster=()
  local cword
  _ipkit_join
  local program=${words[0]} current=${words[cword]}
  local rows verb="" operand="" previous="" wanted="" profile=""
  COMPREPLY=()
  if [[ $current == = ]]; then current=""; fi
  rows=$(_ipkit_rows "$program")
  _ipkit_scan
  _ipkit_choose
  # Bash puts in only what follows the last colon.
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${current%:*}:"}")
  fi
  return 0
}

complete -o default -o bashdefault -F _ipkit \
  ipcluster ipcontroller ipengine ipprofile \
  ipexec ipapply ippush ippull ipscatter ipgather ipls ipclear \
  ipmap ipsubmit ipdag \
  ipwait ipresult ipcancel iphistory ipstat iptop ipreport ipconsole ipkernel ipkit
