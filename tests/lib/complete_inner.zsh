# SPDX-License-Identifier: BSD-3-Clause
# complete_inner.zsh: for complete.zsh, the shell in the terminal.
unsetopt beep
PS1=''
fpath=($COMPLETIONS $fpath)
autoload -Uz compinit
compinit -u -D

compadd() {
  local -a offered
  # Calls that only fill an array offer nothing.
  if [[ " ${(j: :)@[1,(i)(-|--)]} " != *' -'[OAD]' '* ]]; then
    local IPREFIX_HERE=$IPREFIX
    builtin compadd -O offered "$@"
    if (($#offered)); then print -rl -- $IPREFIX_HERE${^offered} >>$OFFERED; fi
  fi
  builtin compadd "$@"
}
offer() {
  _main_complete
  print -r ALL-IS-'OFFERED'
}
zle -C offer complete-word offer
bindkey '^I' offer
print -r READY-TO-'COMPLETE'
