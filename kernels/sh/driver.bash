# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# driver.bash: the half of the sh kernel that lives inside the persistent bash.
#
# Bash reads its script from a pipe, one short line for each request, so that code is eval'ed at
# the top level: `declare` makes globals, a stray `break` or `return` is harmless. Values travel
# through files of the kernel (/proc/PID/fd/N), never through quoting: that stays linear, and no
# descriptor of ours is there for the user's children to inherit. Everything named __ipkit_* or
# __m is ours; `builtin` and `>|` because users define functions and set noclobber.

__ipkit_dir=/proc/$PPID/fd
__ipkit_in=$__ipkit_dir/$1 __ipkit_out=$__ipkit_dir/$2
__ipkit_state=$__ipkit_dir/$3 __ipkit_answers=$__ipkit_dir/$4
__ipkit_status=0 __ipkit_set='' __ipkit_running='' __ipkit_at_exit='' __ipkit_next=0

__ipkit_answer() { builtin printf '%s\n' "$1" >|"$__ipkit_answers"; }

# -- running code

__ipkit_load() {
  IFS='' builtin read -r -d '' __ipkit_code <"$__ipkit_in"
  __ipkit_running=1
  return "$__ipkit_status" # so that $? is what the last request left
}

# Options that would trip the driver are off between requests and put back before the next code.
__ipkit_pause() {
  __ipkit_status=$? __ipkit_set=''
  case $- in *e*) __ipkit_set+=e ;; esac
  case $- in *u*) __ipkit_set+=u ;; esac
  case $- in *x*) __ipkit_set+=x ;; esac
  case $- in *v*) __ipkit_set+=v ;; esac
  set +euxv
  __ipkit_set=${__ipkit_set:+set -$__ipkit_set; }
}

__ipkit_done() {
  __ipkit_pause
  __ipkit_running=''
  __ipkit_answer "$__ipkit_status"
}

# One item of a map: in a subshell, so that items do not disturb each other. Bash's own remark on
# one that was killed goes nowhere (the reply says it); 63 carries the real standard error past.
__m() { # a descriptor of the kernel, the file to read from
  {
    (eval "$__ipkit_set${__ipkit_items[__ipkit_next]}") 2>&63 63>&- >|"$__ipkit_dir/$1" <"$2"
    __ipkit_status=$?
  } 63>&2 2>/dev/null
  __ipkit_next=$((__ipkit_next + 1))
  __ipkit_answer "$__ipkit_status"
}

__ipkit_items() {
  builtin mapfile -t -d '' __ipkit_items <"$__ipkit_in"
  __ipkit_next=0 __ipkit_running=1
  __ipkit_answer "${#__ipkit_items[@]}"
}

__ipkit_items_end() {
  __ipkit_items=() __ipkit_running=''
  __ipkit_answer 0
}

# What a child of this bash inherits of it beside directory and environment, as text to compare.
__ipkit_traits() {
  {
    builtin trap -p
    declare -Fx
    builtin printf '%s\n' "$-$__ipkit_set"
  } >|"$__ipkit_out"
  __ipkit_answer 0
}

# Of each command word in the input two lines: what it is, and its file. Then, after a NUL, the
# environment of children, and a last word that says it is all there.
__ipkit_commands() {
  builtin mapfile -t -d '' __ipkit_items <"$__ipkit_in"
  {
    for __ipkit_name in "${__ipkit_items[@]}"; do
      builtin type -t -- "$__ipkit_name" || builtin echo
      builtin type -P -- "$__ipkit_name" || builtin echo
    done
    builtin printf '\0'
    builtin command -- /usr/bin/env -0 && builtin printf 'complete\0'
  } >|"$__ipkit_out" 2>/dev/null </dev/null
  __ipkit_items=()
  __ipkit_answer 0
}

# -- exit: this bash ends, the kernel starts the next one from what is saved here. The same way
# an interrupt aborts code however deep in functions, loops and sourced files it is.

__ipkit_exit() {
  builtin trap '' INT
  if [[ $__ipkit_at_exit ]]; then
    eval "$__ipkit_at_exit" </dev/null
    __ipkit_at_exit=''
  fi
  __ipkit_running=''
  {
    set +o
    builtin shopt -p
    umask -p
    declare -p
    declare -f
    declare -F
    alias -p
    builtin trap -p HUP QUIT USR1 USR2 TERM PIPE ALRM ERR
    builtin printf 'set --'
    [[ $# -eq 0 ]] || builtin printf ' %q' "$@"
    builtin printf '\nbuiltin cd -- %q\n# complete\n' "$PWD"
  } >|"$__ipkit_state" 2>/dev/null
}

__ipkit_interrupted() {
  [[ ! $__ipkit_running ]] || exit 130
}

# A trap on EXIT of the user's runs in our handler, which is the real one.
trap() {
  if [[ $BASHPID != "$$" || $# -lt 2 || $1 == -[lp]* ]]; then
    # shellcheck disable=SC2064 # the user's own words, already quoted as they meant them
    builtin trap "$@"
    return
  fi
  [[ $1 != -- ]] || shift
  local __ipkit_action=$1 __ipkit_signals=() __ipkit_signal
  shift
  for __ipkit_signal; do
    case $__ipkit_signal in
      EXIT | exit | 0) __ipkit_at_exit=${__ipkit_action#-} ;;
      *) __ipkit_signals+=("$__ipkit_signal") ;;
    esac
  done
  if [[ ${#__ipkit_signals[@]} -gt 0 ]]; then
    builtin trap -- "$__ipkit_action" "${__ipkit_signals[@]}"
  fi
}

__ipkit_arm() {
  builtin trap '{ __ipkit_pause; } 2>/dev/null; __ipkit_exit "$@"' EXIT
  builtin trap __ipkit_interrupted INT
  __ipkit_running=''
  __ipkit_answer "$BASH_VERSION"
}

# -- messages between engines (ipkit-messages(7)); the program is the one that runs this bash

ipsend() { "/proc/$PPID/exe" message ipsend "$@"; }
ipreceive() { "/proc/$PPID/exe" message ipreceive "$@"; }
ipdiscard() { "/proc/$PPID/exe" message ipdiscard "$@"; }
ipid() { "/proc/$PPID/exe" message ipid "$@"; }
ipids() { "/proc/$PPID/exe" message ipids "$@"; }

# -- values

# The names (arguments) that cannot be bound: none, or the first readonly one.
__ipkit_readonly() {
  for __ipkit_name; do
    declare -n __ipkit_ref=$__ipkit_name
    if [[ ${__ipkit_ref@a} == *r* ]]; then
      declare +n __ipkit_ref
      __ipkit_answer "$__ipkit_name"
      return
    fi
    declare +n __ipkit_ref
  done
  __ipkit_answer ''
}

__ipkit_bind() { # KIND NAME
  unset -v "$2"
  case $1 in
    text) IFS='' builtin read -r -d '' "$2" <"$__ipkit_in" ;;
    list) builtin mapfile -t -d '' "$2" <"$__ipkit_in" ;;
  esac
  __ipkit_answer 0
}

__ipkit_unbind() {
  for __ipkit_name; do
    unset -v "$__ipkit_name"
    unset -f "$__ipkit_name"
  done 2>/dev/null
  __ipkit_answer 0
}

# Of functions that a file is about to define anew: the first one that cannot be, or none.
__ipkit_forget() {
  for __ipkit_name; do
    unset -f "$__ipkit_name" 2>/dev/null
    if declare -F "$__ipkit_name" >/dev/null; then
      __ipkit_answer "$__ipkit_name"
      return
    fi
  done
  __ipkit_answer ''
}

# What is wrong with the code in the input by a look at it: "line N: …", or nothing.
__ipkit_check() {
  __ipkit_code=$("/proc/$$/exe" -n "$__ipkit_in" 2>&1 </dev/null)
  builtin printf '%s' "${__ipkit_code#"$__ipkit_in: "}" >|"$__ipkit_out"
  __ipkit_answer 0
}

# NAME becomes what FUNCTION is; the answer is empty if there is no such function.
__ipkit_define() {
  if declare -F "$2" >/dev/null; then
    if [[ $1 != "$2" ]]; then
      __ipkit_code=$(declare -f "$2")
      eval "$1${__ipkit_code#"$2"}"
    fi
    __ipkit_answer "$1"
  else
    __ipkit_answer ''
  fi
}

# The text of a function goes to the output; what is there under its name: function, variable, none.
__ipkit_source() {
  declare -f "$1" >|"$__ipkit_out"
  if declare -F "$1" >/dev/null; then
    __ipkit_answer function
  elif [[ -v $1 ]]; then
    __ipkit_answer variable
  else
    __ipkit_answer none
  fi
}

# Kind of the variable whose name is in the input: its values go to the output, each ended by NUL.
__ipkit_pull() {
  IFS='' builtin read -r -d '' __ipkit_name <"$__ipkit_in"
  if [[ $__ipkit_name == *']' ]]; then
    if [[ -v $__ipkit_name ]]; then
      builtin printf '%s\0' "${!__ipkit_name}" >|"$__ipkit_out"
      __ipkit_answer text
    else
      __ipkit_answer none
    fi
    return
  fi
  declare -n __ipkit_ref=$__ipkit_name
  case ${__ipkit_ref@a} in
    *A*)
      __ipkit_kind=map
      builtin printf '%s\0' "${!__ipkit_ref[@]}" "${__ipkit_ref[@]}" >|"$__ipkit_out"
      [[ ${#__ipkit_ref[@]} -gt 0 ]] || __ipkit_kind='empty map'
      ;;
    *a*)
      __ipkit_kind=list
      builtin printf '%s\0' "${__ipkit_ref[@]}" >|"$__ipkit_out"
      [[ ${#__ipkit_ref[@]} -gt 0 ]] || __ipkit_kind='empty list'
      ;;
    *)
      __ipkit_kind=none
      if [[ -v $__ipkit_name ]]; then
        __ipkit_kind=text
        builtin printf '%s\0' "$__ipkit_ref" >|"$__ipkit_out"
      fi
      ;;
  esac
  declare +n __ipkit_ref
  __ipkit_answer "$__ipkit_kind"
}

# Every variable and function: name, attributes, size in bytes or elements, each ended by NUL.
# What a word can become: its first letter says whether a command, a variable or a file is meant.
__ipkit_complete() {
  local LC_ALL=C
  IFS='' builtin read -r -d '' __ipkit_code <"$__ipkit_in"
  case $__ipkit_code in
    c*) builtin compgen -abckA function -- "${__ipkit_code:1}" ;;
    v*) builtin compgen -v -- "${__ipkit_code:1}" ;;
    *)
      builtin compgen -f -- "${__ipkit_code:1}" |
        while IFS='' builtin read -r __ipkit_name; do
          if [[ -d $__ipkit_name ]]; then __ipkit_name+=/; fi
          builtin printf '%s\n' "$__ipkit_name"
        done
      ;;
  esac | command sort -u >|"$__ipkit_out"
  __ipkit_answer 0
}

__ipkit_list() {
  local LC_ALL=C
  builtin compgen -v >|"$__ipkit_out"
  builtin mapfile -t __ipkit_names <"$__ipkit_out"
  builtin compgen -A function >|"$__ipkit_out"
  builtin mapfile -t __ipkit_functions <"$__ipkit_out"
  {
    for __ipkit_name in "${__ipkit_names[@]}"; do
      [[ $__ipkit_name != __ipkit_* ]] || continue
      declare -n __ipkit_ref=$__ipkit_name
      case ${__ipkit_ref@a} in
        *[aA]*) __ipkit_size=${#__ipkit_ref[@]} ;;
        *) __ipkit_size=${#__ipkit_ref} ;;
      esac
      builtin printf '%s\0%s\0%s\0' "$__ipkit_name" "v${__ipkit_ref@a}" "$__ipkit_size"
      declare +n __ipkit_ref
    done
    for __ipkit_name in "${__ipkit_functions[@]}"; do
      builtin printf '%s\0%s\0%s\0' "$__ipkit_name" f 0
    done
  } >|"$__ipkit_out"
  __ipkit_answer 0
}
