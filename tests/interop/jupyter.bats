# SPDX-License-Identifier: BSD-3-Clause
# One pool with python, sh, ipykernel and R engines, and Jupyter kernels beside a main one: the same
# programs for all of them.
load ../lib/cluster

setup_file() {
  local kernel
  world_make
  if [[ ! -d /usr/share/jupyter/kernels/python3 || ! -d /usr/share/jupyter/kernels/ir ]]; then
    return # the tests say so
  fi
  cluster_start 1
  for kernel in sh jupyter:python3 jupyter:ir; do
    in_background "$WORLD/engine-$kernel.log" "$IPKIT_BUILD/bin/ipengine" --kernel "$kernel" \
      --restart=on-failure >"$WORLD/engine-${kernel#*:}.pid"
  done
  wait_until 60 "four engines" engines_answer 4 || { world_show_logs; return 1; }
  IPY=$(engine_with jupyter:python3) R=$(engine_with jupyter:ir) SH=$(engine_with sh)
  export IPY R SH
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  [[ -n ${IPY-} ]] || skip "Debian's ipykernel and IRkernel are not installed"
}

# engine_with KERNEL: id of the engine with this main kernel.
engine_with() {
  ipls --json | jq -r --arg kernel "$1" 'select(.kernel == $kernel).engine'
}

is_gone() { ! state_of "$1" >/dev/null || [[ $(state_of "$1") == Z* ]]; }
ours() { run --separate-stderr run_limited 30 "$@"; }

@test "ipls names the kernels, their languages and processes" {
  ours ipls --json
  assert_status 0
  assert_equal "$(jq -r 'select(.kernel == "jupyter:ir").language' <<<"$output")" R
  assert_equal "$(jq -r 'select(.kernel == "jupyter:python3").language' <<<"$output")" python
  pid=$(jq -r 'select(.kernel == "jupyter:ir").kernel_pid' <<<"$output")
  [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == *IRkernel* ]]
}

@test "lang:r in any case, with output, status 0" {
  for target in lang:r lang:R; do
    ours ipexec -t "$target" 'cat(R.version.string)'
    assert_status 0
    assert_output --partial "R version"
  done
  ours ipexec -t lang:sh 'echo sh' # a command: that is its language
  assert_output --partial sh
}

@test "ipexec -p: the value as the other engines give it" {
  ours ipexec -t lang:r -p 'sqrt(16)'
  assert_output 4
  ours ipexec -t lang:r -p 'paste("a", "b")'
  assert_output "a b"
  ours ipexec -t lang:r -p 'c(x = 1, y = 2) * 2'
  assert_output "[2,4]"
  ours ipexec -t lang:r -p 'cat("printed\n"); 5'
  assert_output $'printed\n5'
  ours ipexec -t "$IPY" -p '{"a": [1, 2]}'
  assert_output '{"a": [1, 2]}'
  ours ipexec -t "$IPY" -p '"text"'
  assert_output text
  ours ipexec -t lang:python -p '1 + 1'
  assert_status 0
  assert_line --partial 2
}

@test "an error has its name, its text and status 1; the engine goes on" {
  ours ipexec -t "$IPY" '1/0'
  assert_status 1
  assert_stderr --partial "ZeroDivisionError: division by zero"
  ours ipexec -t "$R" 'stop("no way")'
  assert_status 1
  assert_stderr --partial "no way"
  ours ipexec -t "$IPY,$R" 'x = 1'
  assert_status 0
}

@test "standard error is told apart" {
  ours ipexec -t "$R" 'message("to stderr"); cat("to stdout\n")'
  assert_output "to stdout"
  assert_stderr "to stderr"
  ours ipexec -t "$IPY" 'import sys; print("out"); print("err", file=sys.stderr)'
  assert_output out
  assert_stderr err
}

@test "ippush and ippull, one value for all of them" {
  ours ippush n=42 s=text
  assert_status 0
  ours ippull -t "$R" n
  assert_output 42
  ours ippull -t "$IPY" n
  assert_output 42
  ours ipexec -t "$R" -p 'n * 2'
  assert_output 84
  ours ippull -t "$R" s
  assert_output text
  ours ippull -t "$R" nosuch
  assert_status 1
  assert_stderr --partial "no 'nosuch'"
}

@test "a large value comes back as it was" {
  head -c 3000000 /dev/urandom >bytes
  for engine in "$IPY" "$R"; do
    ours ippush -t "$engine" big=@bytes
    assert_status 0
    ippull -t "$engine" big >back
    cmp bytes back
  done
}

@test "ipscatter and ipgather over R and ipykernel" {
  seq 10 | run_limited 30 ipscatter -t "$IPY,$R" part
  ours ipexec -t "$R" -p 'length(part)'
  assert_output 5
  ours ipgather -t "$IPY,$R" part
  assert_equal "$(sort -n <<<"$output" | tr '\n' ' ')" "1 2 3 4 5 6 7 8 9 10 "
}

@test "ipmap with an expression of each language" {
  run --separate-stderr bash -c "seq 5 | ipmap -t $R 'x^2'"
  assert_output $'1\n4\n9\n16\n25'
  run --separate-stderr bash -c "seq 5 | ipmap -t $IPY 'x**2'"
  assert_output $'1\n4\n9\n16\n25'
  run --separate-stderr bash -c "printf '%s\n' 4 x 9 | ipmap -t $R 'sqrt(x)'"
  assert_status 1
  assert_stderr --partial "non-numeric argument"
}

@test "ipexec -f: a script; input and arguments are refused with a reason" {
  cat <<'R' >script.R
cat("from a file\n")
R
  ours ipexec -t "$R" -f script.R
  assert_output "from a file"
  ours ipexec -t "$R" -f script.R an-argument
  assert_status 1
  assert_stderr --partial "takes no arguments"
  ours ipexec -t "$R" -i 'readline()'
  assert_status 1
  assert_stderr --partial "no standard input"
  ours ipexec -t "$IPY" 'input("name: ")'
  assert_status 1
  assert_stderr --partial "StdinNotImplementedError"
}

@test "a timeout interrupts R, and R goes on" {
  ours ipexec -t "$R" 'before <- 7'
  ours ipexec -t "$R" --timeout 1s 'repeat {}'
  assert_status 124
  ours ipexec -t "$R" -p before
  assert_output 7
}

@test "Jupyter kernels beside the main one, by --kernel" {
  ours ipexec -t "$SH" --kernel jupyter:ir -p '1:3'
  assert_status 0
  assert_output "[1,2,3]"
  ours ipexec -t "$SH" 'echo still a shell'
  assert_output "still a shell"
  ours ipexec -t "$SH" --kernel jupyter:nosuch 1
  assert_stderr --partial "no Jupyter kernel 'nosuch': there are ir, python3"
}

@test "a kernel that dies: the cause, the last words, a new one at once" {
  ours ipexec -t "$R" 'tools::pskill(Sys.getpid(), 9)'
  assert_status 1
  assert_stderr --partial "killed by signal 9 (Killed)"
  ours ipexec -t "$R" -p '1 + 1'
  assert_output 2
  ours ipexec -t "$IPY" 'import os; os.write(2, b"so long\n"); os._exit(3)'
  assert_status 1
  assert_stderr --partial 'exit status 3; last words: "so long"'
  ours ipexec -t "$IPY" -p '1 + 1'
  assert_output 2
}

@test "ipyparallel's client: results, displays and plots of ipykernel; apply" {
  ours "$IPKIT_PYTHON" -c "
import ipyparallel, base64
rc = ipyparallel.Client(timeout=20)
e = rc[$IPY]
r = e.execute('print(\"hi\"); 6 * 7', silent=False)
r.get(20); r.wait_for_output(20)
print(r.stdout.strip(), r.execute_result['data']['text/plain'])
plot = '%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);'
r = e.execute(plot, silent=False)
r.get(60); r.wait_for_output(20)
print(base64.b64decode(r.outputs[0]['data']['image/png'])[1:4])
e.push({'pushed': 5}).get(20)
print(e.apply_sync(lambda a: a + 1, 41), e.pull('pushed').get(20))
r = rc[$R].execute('1 + 2', silent=False)
r.get(20); r.wait_for_output(20)
print(r.outputs[0]['data']['text/plain'])"
  assert_status 0
  assert_output $'hi 42\nb\'PNG\'\n42 5\n[1] 3'
}

@test "kill -9 of the engine: its kernel and what that started go too" {
  before=$(files)
  pid=$(in_background "$WORLD/engine-doomed.log" "$IPKIT_BUILD/bin/ipengine" \
    --kernel jupyter:python3)
  wait_until 30 "its registration" grep -q "Completed registration" "$WORLD/engine-doomed.log"
  id=$(sed -n 's/.*Completed registration with id //p' "$WORLD/engine-doomed.log")
  ours ipexec -t "$id" -p 'import subprocess; subprocess.Popen(["sleep", "300"]).pid'
  assert_status 0
  child=$output
  kernel=$(ipls --json | jq -r --argjson id "$id" 'select(.engine == $id).kernel_pid')
  (($(files) == before + 1))
  kill -KILL "$pid"
  wait_until 10 "the end of its child" is_gone "$child"
  wait_until 10 "the end of its kernel" is_gone "$kernel"
  wait_until 10 "the connection file to go" are_files "$before"
}
# files: how many kernels have a connection file.
files() { find "$XDG_RUNTIME_DIR" -name kernel.json | wc -l; }
are_files() { (($(files) == $1)); }

@test "an application's own kernel: existing:FILE" {
  in_background application.log "$IPKIT_PYTHON" -m ipykernel_launcher -f "$PWD/app.json" \
    >"$WORLD/engine-app.pid"
  wait_until 20 "its connection file" jq -e .key app.json
  in_background "$WORLD/engine-existing.log" "$IPKIT_BUILD/bin/ipengine" \
    --kernel "existing:$PWD/app.json" >"$WORLD/engine-existing.pid"
  wait_until 30 "a fifth engine" engines_answer 5
  id=$(engine_with "existing:$PWD/app.json")
  ours ippush -t "$id" n=1
  ours ipexec -t "$id" -p '__import__("os").getpid() + n - n'
  assert_output "$(<"$WORLD/engine-app.pid")"
  kill "$(<"$WORLD/engine-existing.pid")"
  wait_until 10 "the engine's end" is_gone "$(<"$WORLD/engine-existing.pid")"
  kill -0 "$(<"$WORLD/engine-app.pid")" # the application stays
  kill "$(<"$WORLD/engine-app.pid")"
}
