# SPDX-License-Identifier: BSD-3-Clause
# Completion: options from the rows, targets and profiles from what there is.
load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  PATH=$ROOT/tests/lib/patient:$PATH
  # shellcheck source=share/completion/ipkit.bash
  source "$ROOT/share/completion/ipkit.bash"
}

# complete_words WORD…: what the last word could become, one a line.
complete_words() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  _ipkit
  printf '%s\n' "${COMPREPLY[@]}"
}

@test "every program has a completion" {
  local program
  for program in "$IPKIT_BUILD"/bin/*; do
    run complete -p "${program##*/}"
    assert_status 0
  done
}

@test "options: long ones that begin so, never the hidden ones" {
  run complete_words ipexec --ta
  assert_output --targets
  run complete_words ipexec --
  assert_line --sh
  refute_output --partial help-rows
}

@test "options: none after the first operand" {
  run complete_words ipexec -t 0 'x = 1' --ta
  assert_output ""
}

@test "targets: ids of the live engines, also after a comma" {
  run complete_words ipexec -t ""
  assert_line 0
  assert_line 1
  assert_line all
  run complete_words ipexec --targets 0,
  assert_line 0,1
}

@test "targets: without a cluster only what needs none" {
  run complete_words ipexec --profile nothing -t ""
  assert_line all
  refute_output --partial 0
}

@test "profiles: from their directories, also with =" {
  mkdir -p "$IPYTHONDIR/profile_lab"
  run complete_words ipexec --profile l
  assert_output lab
  run complete_words ipexec --profile = l
  assert_output lab
}

@test "cluster ids: from the connection files of the profile" {
  mkdir -p "$IPYTHONDIR/profile_lab/security"
  touch "$IPYTHONDIR/profile_lab/security/ipcontroller-4711-client.json"
  run complete_words ipexec --profile lab --cluster-id ""
  assert_output 4711
}

@test "jobs: the newest of the cluster; what bash puts in begins behind the colon" {
  local job
  job=$(ipexec -a -t 0 'x = 1')
  run complete_words ipwait ""
  assert_line "$job"
  # Bash cuts words at colons.
  run complete_words ipresult -q job : "${job:4:3}"
  assert_line "${job#job:}"
  run complete_words ipsubmit --after ""
  assert_line "$job"
}

@test "kernels: ours, and Jupyter's that are installed" {
  mkdir -p "$HOME/.local/share/jupyter/kernels/mine"
  echo '{}' >"$HOME/.local/share/jupyter/kernels/mine/kernel.json"
  XDG_DATA_HOME="" run complete_words ipengine --kernel ""
  assert_line sh
  assert_line jupyter:mine
  assert_line cluster:default
  run complete_words ipexec --kernel python,s
  assert_output python,sh
  run complete_words ippush --kernel python,s
  assert_output ""
}

@test "ipmap: types of x, when to end" {
  run complete_words ipmap --type ""
  assert_output $'auto\ntext\njson'
  run complete_words ipscatter --type j
  assert_output json
  run complete_words ipmap --halt so
  assert_output $'soon,fail=1\nsoon,fail=10%\nsoon,done=50%'
}

@test "schemes: by name, else a file" {
  run complete_words ipcontroller --scheme tw
  assert_output twobin
  run complete_words ipcluster start --scheme = l
  assert_output "leastload
lru"
  run complete_words ipcontroller --scheme ./l
  assert_output ""
}

@test "launchers: by name" {
  run complete_words ipcluster start --engines = s
  assert_output $'ssh\nslurm\nsge'
  run complete_words ipprofile create --launcher w
  assert_output winhpc
}

@test "ipcluster: verbs, then their options" {
  run complete_words ipcluster sta
  assert_line start
  assert_line status
  run complete_words ipcluster start --daem
  assert_output --daemonize
  run complete_words ipcluster engines ""
  assert_output $'add\nremove'
  run complete_words ipcluster engines remove --no
  assert_output --now
}

@test "ipprofile: verbs, then profiles" {
  mkdir -p "$IPYTHONDIR/profile_lab"
  run complete_words ipprofile lo
  assert_output locate
  run complete_words ipprofile show l
  assert_output lab
  run complete_words ipprofile create --la
  assert_output --launcher
}
