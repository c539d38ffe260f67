# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# terminal.bash: a program on a terminal of its own (tmux), typed at and looked at.
#
#   screen_start 80 24 ipconsole -t 0
#   type_line 'print(1)'; wait_for_prompt; screen

# screen_start COLUMNS ROWS CMD…: CMD in a terminal of that size; what it ends with is shown as
# `[status N]`. One at a time.
screen_start() {
  local columns=$1 rows=$2
  shift 2
  SCREEN=$WORLD/tmux.$RANDOM
  env -u TMUX TERM=xterm tmux -S "$SCREEN" -f /dev/null new-session -d -x "$columns" -y "$rows" \
    "$(printf '%q ' "$@"); echo \"[status \$?]\"; exec sleep 1000" </dev/null 3>&- 4>&-
}

# screen_stop: ends it, and whatever runs there.
screen_stop() {
  if [[ -n ${SCREEN-} ]]; then tmux -S "$SCREEN" kill-server 2>/dev/null || true; fi
  SCREEN=
}

# screen [-e]: what stands there, without blanks at the ends of lines and empty lines below; with
# -e colours too.
screen() {
  tmux -S "$SCREEN" capture-pane -p ${1+"$1"} | sed -e 's/ *$//' -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# keys KEY…: presses them, by tmux's names.
keys() { tmux -S "$SCREEN" send-keys "$@"; }

# shows [--] PATTERN: true if a line of the screen matches the extended regular expression.
shows() { screen | grep -qE -- "$1"; }

last_line_is() { screen | tail -n 1 | grep -qE -- "$1"; }

# wait_for PATTERN: until a line of the screen matches.
wait_for() { wait_until 30 "'$1' on the screen" shows "$1" || { screen; return 1; }; }

# wait_for_prompt: until the line below all others is a prompt with nothing typed.
wait_for_prompt() {
  wait_until 60 "a prompt" last_line_is '^[0-9a-z,/-]*>$' || { screen; return 1; }
}

# type_text TEXT: types it behind what stands there, and waits until it can be seen.
type_text() {
  keys -l -- "$1"
  wait_until 30 "what was typed" last_line_has "$1" || { screen; return 1; }
}
last_line_has() {
  local last
  last=$(screen | tail -n 1)
  [[ $last == *"${1%"${1##*[! ]}"}" ]]
}

# type_line TEXT: the same, then Enter.
type_line() { type_text "$1" && keys Enter; }

# put TEXT: a line, and waits for the next prompt.
put() { type_line "$1" && wait_for_prompt; }

# steady: standard input without what differs each time: job words, times, the order in which
# engines answer.
steady() {
  sed -E -e 's/job:[0-9a-f_-]+/job:ID/g' -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]+/DATE/' |
    awk '/^[0-9]+: / { block = block $0 "\n"; next }
      { flush_block(); print }
      END { flush_block() }
      function flush_block() {
        if (block != "") { printf "%s", block | "sort -s -n -k 1,1"; close("sort -s -n -k 1,1") }
        block = ""
      }'
}

# assert_screen NAME: what stands there is tests/data/screens/NAME; to change that on purpose:
# UPDATE_SCREENS=1 bats FILE, and look at what changed.
assert_screen() {
  local file=$ROOT/tests/data/screens/$1
  if [[ -n ${UPDATE_SCREENS-} ]]; then screen | steady >"$file"; fi
  diff -u "$file" <(screen | steady)
}

# -- a recorded session: one whole screen after the other
#
#   session ipconsole_tour; screen_start 80 24 ipconsole
#   step "the prompt"; put 'x = 6'; step "a statement"; …; session_end

# session NAME: what `step` compares with is in tests/data/screens/NAME: below each line
# `=== TITLE (COLUMNSxROWS)` the screen as `masked` shows it. A test file may have a `masked` of its
# own. To record anew: UPDATE_SCREENS=1 bats FILE, and look at what changed.
session() {
  RECORDING=$ROOT/tests/data/screens/$1
  STEPS=$BATS_TEST_TMPDIR/steps
  : >"$STEPS"
  if [[ -n ${UPDATE_SCREENS-} ]]; then : >"$RECORDING"; fi
}

masked() { steady; }

# step TITLE: the screen is soon as recorded, to the last character.
step() {
  local title
  title="=== $1 ($(tmux -S "$SCREEN" display-message -p '#{window_width}x#{window_height}'))"
  echo "$title" >>"$STEPS"
  if [[ -n ${UPDATE_SCREENS-} ]]; then
    wait_until 20 "a screen at rest" at_rest
    { echo "$title" && screen | masked; } >>"$RECORDING"
  fi
  wait_until 20 "" as_recorded "$title" ||
    { diff -u --label recorded --label "shown: $1" <(recorded "$title") <(screen | masked); }
}
recorded() {
  awk -v title="$1" '/^=== / { on = $0 == title; next } on' "$RECORDING"
}
as_recorded() { [[ $(screen | masked) == "$(recorded "$1")" ]]; }
at_rest() {
  local before
  before=$(screen | masked)
  sleep 0.5
  [[ $(screen | masked) == "$before" ]]
}

# session_end: every screen that is recorded was seen, in that order.
session_end() { diff -u <(grep '^=== ' "$RECORDING") "$STEPS"; }

# resize COLUMNS ROWS: makes the terminal that large.
resize() { tmux -S "$SCREEN" resize-window -x "$1" -y "$2"; }
