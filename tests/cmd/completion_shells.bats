# SPDX-License-Identifier: BSD-3-Clause
# The completions of zsh and fish, asked in the shells themselves; bash's: completion.bats.
load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2
  run_limited 10 ipexec -a -t 0 'x = 1' >"$WORLD/job"
  mkdir -p "$IPYTHONDIR/profile_lab/security"
  touch "$IPYTHONDIR/profile_lab/security/ipcontroller-4711-client.json"
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  PATH=$ROOT/tests/lib/patient:$PATH
  touch data.csv
  job=$(<"$WORLD/job")
}

needs() { command -v "$1" >/dev/null || skip "$1 is not installed"; }
zsh_offers() {
  needs zsh
  run run_limited 20 zsh -f "$ROOT/tests/lib/complete.zsh" "$ROOT/share/completion" "$1"
}
fish_offers() {
  needs fish
  run run_limited 20 fish --no-config -c "source '$ROOT/share/completion/ipkit.fish'
    complete -C '$1'"
}

# What both offer for each line: the words that must be there, then those that must not.
offers() {
  local ask=$1 line=$2 wanted=$3 unwanted=${4-} word
  "$ask" "$line"
  assert_status 0
  for word in $wanted; do
    # Behind a tab: what it means.
    grep -qE "^$word($|"$'\t)' <<<"$output" || fail "'$line' lacks $word: $output"
  done
  for word in $unwanted; do
    ! grep -qE "^$word($|"$'\t)' <<<"$output" || fail "'$line' has $word: $output"
  done
}

check_both() {
  offers "$1" 'ipexec --ta' --targets --timeout
  offers "$1" 'ipexec --' '--sh --json' --help-rows
  offers "$1" 'ipexec -t 0 x --ta' '' --targets
  offers "$1" 'ipexec -t ' 'all 0 1' 2
  offers "$1" 'ipexec --targets=0,' '--targets=0,1'
  offers "$1" 'ipexec --profile nothing -t ' all 0
  offers "$1" 'ipexec --profile l' lab default
  offers "$1" 'ipexec --profile lab --cluster-id ' 4711
  offers "$1" 'ipexec --cluster-id=' '' --cluster-id=4711
  offers "$1" 'ipengine --kernel s' sh
  offers "$1" 'ipexec --kernel python,s' python,sh 'sh python,python:.*'
  offers "$1" 'ipexec --kernel=python,sh,n' --kernel=python,sh,native
  offers "$1" 'ippush --kernel python,s' '' 'python,sh sh'
  offers "$1" 'ipexec -t 0,1,' '0,1,0 0,1,1' 1
  offers "$1" 'ipmap --halt soon,f' 'soon,fail=1 soon,fail=10%' never
  offers "$1" 'ipscatter --type n' npy text
  offers "$1" 'ipmap --type t' text npy
  offers "$1" 'ipcontroller --scheme l' 'leastload lru' twobin
  offers "$1" 'ipcluster start --engines s' 'slurm ssh' local
  offers "$1" 'ipcluster sta' 'start status' stop
  offers "$1" 'ipcluster start --daem' --daemonize
  offers "$1" 'ipcluster engines r' remove add
  offers "$1" 'ipcluster engines remove --no' --now
  offers "$1" 'ipprofile show l' lab
  offers "$1" 'ipprofile lo' locate
  offers "$1" 'ipscatter x data.c' data.csv
  offers "$1" 'ipexec -f data.c' data.csv
}
check_jobs() {
  local line
  for line in 'ipwait ' 'ipresult -q ' 'ipcancel job:' 'ipsubmit --after ' 'iphistory -n 3 '; do
    offers "$1" "$line" "$job"
  done
  for line in 'ipwait ' 'ipresult -q ' 'ipsubmit --after ' 'ipsubmit --follow='; do
    offers "$1" "$line$job," "(--follow=)?$job,$job"
  done
  offers "$1" "ipwait --profile nothing " '' 'job:.*'
}
check_programs() {
  local program
  for program in "$IPKIT_BUILD"/bin/*; do
    offers "$1" "${program##*/} --vers" --version
  done
}

@test "zsh: options, targets, profiles, verbs, files" { check_both zsh_offers; }
@test "zsh: jobs of the live cluster" { check_jobs zsh_offers; }
@test "zsh: every program" { check_programs zsh_offers; }
@test "fish: options, targets, profiles, verbs, files" { check_both fish_offers; }
@test "fish: jobs of the live cluster" { check_jobs fish_offers; }
@test "fish: every program" { check_programs fish_offers; }

@test "fish: what an option means is that of the help" {
  fish_offers 'ipexec --asy'
  assert_output "--async"$'\t'"do not wait: print a job word for each request"
}
