# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# desk.bash: what somebody has in a directory and on the engines who types the examples of the
# manual pages: files, commands, names; and the typing.

# make_commands DIR: those that the examples take from elsewhere; they do as little as can be.
make_commands() {
  local name
  mkdir -p "$1"
  for name in fitsverify gnuplot logger mail pip ping search; do
    echo 'echo "$0: $*"' >"$1/$name"
  done
  echo 'echo "of $1: $$"' >"$1/sim"
  echo 'cat' >"$1/dot"
  echo 'echo "<p>page"' >"$1/curl"
  echo 'shift 2; exec "$@"' >"$1/watch" # once is enough
  sed -i '1i #!/bin/sh' "$1"/*
  chmod +x "$1"/*
}

# desk_begin COUNT: a world in which the examples can be typed, with so many engines.
desk_begin() {
  world_make
  make_commands "$WORLD/commands"
  export PATH=$WORLD/commands:$PATH DESK=$WORLD/desk
  mkdir "$WORLD/files" "$DESK"
  cd "$WORLD/files" || return
  make_files 2>"$WORLD/files.log" || skip "no NumPy"
  cd "$DESK" || return
  if (($1)); then cluster_start "$1"; fi
}

# make_desk: the files, and nothing else, in the directory in which the engines are as well.
make_desk() {
  exec </dev/null
  cd "$DESK" && find . -mindepth 1 -delete && cp -a "$WORLD/files/." .
}

make_files() {
  mkdir data scratch
  echo file >data/file
  touch data/{a,b}.txt a.fits b.fits 'x y.c' a.c
  for name in a.txt b.txt a.log b.log {1,2}.{old,new} table data/words.txt words.txt; do
    printf '%s\n' two one >"$name"
  done
  gzip table
  seq 4 >xs
  seq 4 >ys
  seq 3 >runs
  cp runs runs.txt
  cp runs points
  cp runs parameters
  echo 'def run(x): return x + 1' >sim.py
  printf '%s\n' 'ERROR: one' fine >huge.txt
  cp huge.txt big
  printf '%s\n' '>one' ACGT '>two' TTAA >seqs.fasta
  cp runs items
  cp runs file
  cp runs table.csv
  hostname >hosts
  echo '{"step": 1}' >run.json
  echo 'ipexec run' >nightly.sh
  printf '%s\n' 'a b' 'b c' >graph
  printf '%s\n' 'a b c plots:' "	@echo \$@" >Makefile
  printf '%s\n' '- {name: load, code: data = 1}' \
    '- {name: plot, code: "gnuplot plot.gp", kernel: sh, after: load}' >tasks.yaml
  printf '%s\n' 'JOB a a.sub' 'JOB b a.sub' 'PARENT a CHILD b' >night.dag
  printf '%s\n' 'executable = /bin/echo' 'arguments = done' >a.sub
  echo 'import sys; print("fitted", sys.argv[1:])' >fit.py
  printf '%s\n' 'def fit(rate): return {"error": rate}' >model.py
  echo 'def simulate(x): return x' >setup.py
  echo 'prep() { echo "$1"; }' >lib.sh
  printf '%s\n' 'class Plot:' '    def _repr_svg_(self): return "<svg/>"' 'Plot()' >plot.py
  echo 'unset HISTFILE' >~/modules.sh
  compute 'import numpy
numpy.save("m.npy", 2.0 * numpy.eye(2))
for name in "table", "flat", "big": numpy.save(name + ".npy", numpy.arange(16.0))'
}

# make_names: what the engines have been told.
make_names() {
  run_limited 20 ipclear
  run_limited 20 ipexec <<'PYTHON'
import numpy

a, b, x, y, day = 5, 7, ['one', 'two'], [1.5], 1
A, table, image = numpy.eye(3), numpy.arange(3.0), numpy.zeros((2, 2))
data, names, files = [1, 2], ['a.c'], ['a.c', 'x y.c']


def f(x=0, seed=1):
    return x


def fit(step):
    return {'error': 0.5}


def any_of(*arguments):
    print(*arguments)
    return 1


train = load = report = merge = use = build = stage = simulate = flush = run = greet = any_of


def fib(n):
    last, this = 0, 1
    for _ in range(n): last, this = this, last + this
    return last
PYTHON
}

# entries SOURCE PAGE: of the page or (help) its program's help. What is not a whole command is left
# out, and names of directories are those of the desk.
entries() {
  if [[ $1 == help ]]; then "${2%.*}" -h; else cat "$ROOT/man/man${2##*.}/$2"; fi |
    "$IPKIT_PYTHON" "$ROOT/tests/examples/manual_entries.py" | grep -v … |
    sed -E "s, (/scratch|/data), $DESK\1,g"
}

# type_all SOURCE PAGE [PRELUDE]: types all entries of the page in one shell, PRELUDE before them.
type_all() {
  entries "$1" "$2" >"$WORLD/entries"
  type_entries "$@"
}

# type_entries SOURCE PAGE [PRELUDE]: those in $WORLD/entries.
type_entries() {
  run run_limited 100 "$ROOT/tests/examples/type_entries.bash" "$WORLD/entries" "${3-}"
  echo "$1 $2: $output"
  assert_status 0
  assert_equal "${lines[-1]}" "$(wc -l <"$WORLD/entries") typed"
}

# page SOURCE PAGE [PRELUDE]: the same at a new desk; no job may have failed, unless by
# an interrupt: some examples end early.
page() {
  make_desk
  make_names
  run_limited 20 iphistory --purge --all
  export USER=ann EDITOR=true url=http://localhost zip=01234 u=ann
  type_all "$@"
  run --separate-stderr run_limited 20 iphistory --failed --where 'error!~KeyboardInterrupt*' \
    --tsv -o code,error
  assert_equal "${lines[*]:1}" ""
}

# both PAGE [PRELUDE]: manual page and help text.
both() {
  page man "$@"
  page help "$@"
}

# A PRELUDE where what comes after a failure fails on purpose: it leaves no trace of that.
FORGET='trap "iphistory --purge --all" EXIT'
