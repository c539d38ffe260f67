# SPDX-License-Identifier: BSD-3-Clause
# complete.zsh: prints what zsh would offer for a command line, one a line.
#   zsh -f complete.zsh COMPLETIONS-DIRECTORY 'COMMAND LINE'
# An interactive zsh in a terminal of its own gets the line and a key that completes; compadd, the
# one way matches come in, is made to tell.
zmodload zsh/zpty || exit
export COMPLETIONS=$1 OFFERED=$(mktemp)
zpty inner zsh -f -i
zpty -w inner 'source '${(q)0:A:h}/complete_inner.zsh
zpty -r inner text '*READY-TO-COMPLETE*' || exit
zpty -w -n inner "$2"$'\t'
zpty -r inner text '*ALL-IS-OFFERED*' || exit
zpty -d inner
sort -u $OFFERED
rm -f $OFFERED
