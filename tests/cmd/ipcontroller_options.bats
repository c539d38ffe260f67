#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipcontroller: every option, flag, trait and variable that the reference knows.
# shellcheck disable=SC2030,SC2031,SC2154

load ../lib/cluster

setup() {
  world_make
  world_enter
  PROFILE=$IPYTHONDIR/profile_default
  CLIENT=$PROFILE/security/ipcontroller-client.json
  ENGINE=$PROFILE/security/ipcontroller-engine.json
  STARTED=()
}

teardown() {
  local pid
  for pid in "${STARTED[@]}"; do kill "$pid" 2>/dev/null || true; done
  assert_world_empty
}

# controller [ARG…]: starts one and waits until it is ready; its pid in $CONTROLLER.
controller() {
  : >"$WORLD/controller.log"
  CONTROLLER=$(in_background "$WORLD/controller.log" ipcontroller "$@")
  STARTED+=("$CONTROLLER")
  wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
}

# gone PID: ended, though its parent may not have asked for its status yet.
gone() { [[ $(state_of "$1") == @(|Z*) ]]; }

stop() {
  kill -TERM "$CONTROLLER"
  wait_until 20 "the end of the controller" gone "$CONTROLLER"
}

# value FILE KEY: of a connection file, as JSON.
value() {
  "$IPKIT_PYTHON" -c 'import json, sys
print(json.dumps(json.load(open(sys.argv[1]))[sys.argv[2]]))' "$@"
}

# ports FILE: all of a connection file, sorted.
ports() {
  grep -E '"(broadcast|control|hb_p.ng|iopub|mux|notification|registration|task)"|^ +[0-9]+,?$' \
    "$1" | grep -oE '[0-9]+' | sort -n
}

# listened: every port the controller listens on, whoever it is for.
listened() {
  local own
  own=$(find "/proc/$CONTROLLER/fd" -lname 'socket:*' -printf '%l ')
  awk -v own="$own" '$4 == "0A" && index(own, "[" $10 "]") {print substr($2, 10)}' \
    /proc/net/tcp /proc/net/tcp6 | while read -r port; do echo $((16#$port)); done | sort -un
}

# local_sockets: how many of the abstract sockets that are listened on have this file's name.
local_sockets() {
  local name
  name=$("$IPKIT_PYTHON" -c 'import json, sys
print(json.load(open(sys.argv[1]))["ipkit"].get("local", "none"))' "$1")
  awk -v name="@$name-" 'index($8, name) == 1 && $6 == "01" {print $8}' /proc/net/unix |
    sort -u | wc -l
}

# edit FILE CODE: changes a connection file, as python's dict f.
edit() {
  "$IPKIT_PYTHON" -c 'import json, sys
f = json.load(open(sys.argv[1]))
exec(sys.argv[2])
json.dump(f, open(sys.argv[1], "w"))' "$@"
}

# listening PORT: the addresses where somebody listens on it, in hex as the kernel shows them.
listening() {
  local own
  # Others may have the same number at another address.
  own=$(find "/proc/$CONTROLLER/fd" -lname 'socket:*' -printf '%l ')
  awk -v port="$(printf ':%04X' "$1")" -v own="$own" '$4 == "0A" && substr($2, 9) == port &&
    index(own, "[" $10 "]") { print substr($2, 1, 8)}' /proc/net/tcp | sort
}

# refused TEXT ARG…: a usage error of one line that has TEXT in it.
refused() {
  local text=$1
  shift
  run --separate-stderr run_limited 10 ipcontroller "$@"
  assert_status 64
  assert_stderr --partial "$text"
  assert_equal "${#stderr_lines[@]}" 1
  assert_output ""
}

# shown ARG…: what --show-config says.
shown() {
  run --separate-stderr run_limited 10 ipcontroller --show-config "$@"
  assert_status 0
  assert_stderr ""
}

@test "all options and flags of the reference are accepted, with = and without" {
  local option
  for option in --ssh=h --enginessh=h --location=h --ip=127.0.0.1 --transport=tcp --port=0 \
    --ports=10101-10120 --ping=250 --scheme=lru --hwm=3 --log-level=10 --profile-dir=p \
    --profile=q --ipython-dir=i --work-dir=. --log-to-file=False --clean-logs=False \
    --log-url=tcp://h:1 --cluster-id=c --ident=me --user=me --keyfile=; do
    shown "$option"
    shown "${option%%=*}" "${option#*=}"
  done
  for option in --log-to-file --debug --show-config --show-config-json --quiet --init \
    --usethreads --dictdb --nodb --reuse --restore --secure --no-secure --clean-logs; do
    shown "$option"
  done
}

@test "wrong values are refused, with the option they are in" {
  refused "--hwm: '-1' is not a number" --hwm=-1
  refused "--ping: 'x' is not a number" --ping=x
  refused "--scheme: unknown scheduling scheme 'fair'" --scheme=fair
  refused "--ports: 'x' is not a list of ports" --ports=x
  refused "--port: '70000' is not" --port=70000
  refused "--transport: 'udp' is not tcp or ipc" --transport=udp
  refused "--log-level: unknown log level 'loud'" --log-level=loud
  refused "--poll-spin: '1h' is not" --poll-spin=1h
  refused "--HeartMonitor.period: 'zero' is not" --HeartMonitor.period=zero
  refused "--IPController.reuse_files: 'perhaps' is not True or False" \
    --IPController.reuse_files=perhaps
  refused "--IPController.mux: '5' is not two ports" --IPController.mux=5
  refused "--Session.packer: 'pickle' is not json" --Session.packer=pickle
  refused "--Session.signature_scheme: 'md5' is not" --Session.signature_scheme=md5
  refused "--mongodb: " --mongodb
  refused "'operand' is not an option" operand
}

@test "unknown options, classes and traits are refused, with what may be meant" {
  refused "did you mean --ping?" --pinng=3
  refused "unknown class IPControler; did you mean IPController?" --IPControler.ip=1
  refused "IPController has no trait clent_ip; did you mean IPController.client_ip?" \
    --IPController.clent_ip=1
  refused "HeartMonitor has no trait speed; see --help-all" --HeartMonitor.speed=1
  refused "unknown class Kernel" --Kernel.x=1
}

@test "--help, --help-all, --version" {
  run --separate-stderr run_limited 10 ipcontroller --help
  assert_status 0
  refute_output --partial IPController.client_ip
  run --separate-stderr run_limited 10 ipcontroller --help-all
  assert_status 0
  assert_line --regexp '^  --IPController.client_ip +the same for clients only$'
  assert_line "  --HeartMonitor.debug"
  run --separate-stderr run_limited 10 ipcontroller --version
  assert_output "$(ipexec --version | sed s/ipexec/ipcontroller/)"
}

@test "--show-config: what was given, under the names of the newest version" {
  shown --ping=250 --HubFactory.ip="'*'" --nodb --hwm 3
  assert_output "HeartMonitor
  .period = 250
IPController
  .db_class = 'NoDB'
  .ip = '*'
  .show_config = True
TaskScheduler
  .hwm = 3"
  [[ ! -e $PROFILE ]]
  run --separate-stderr run_limited 10 ipcontroller --show-config-json --ping=250 --reuse
  assert_status 0
  assert_equal "$("$IPKIT_PYTHON" -c '
import json, sys
c = json.load(sys.stdin)
print(c["HeartMonitor"]["period"] + 1, c["IPController"]["reuse_files"])' <<<"$output")" "251 True"
}

@test "the command line of upstream's benchmarks, deprecated names and all" {
  controller --profile=asv --nodb --cluster-id=depth_2 \
    --HubFactory.broadcast_scheduler_depth=2 --HubFactory.db_class=NoDB
  run grep -c '^ *[0-9]*,\?$' "$IPYTHONDIR/profile_asv/security/ipcontroller-depth_2-engine.json"
  assert_output 4
}

@test "traits of the reference are accepted; the log says which change nothing" {
  controller --HeartMonitor.period=200 --TaskScheduler.hwm=0 --Session.key=abc \
    --IPControllerApp.use_threads=True --usethreads
  assert_equal "$(value "$CLIENT" key)" '"abc"'
  grep -q -- '--IPControllerApp.use_threads changes nothing' "$WORLD/controller.log"
  grep -q -- '--usethreads changes nothing' "$WORLD/controller.log"
}

@test "every port comes from --ports" {
  controller --ports=21100-21140
  run ports "$CLIENT"
  assert_equal "${#lines[@]}" 7
  run ports "$ENGINE"
  assert_equal "${#lines[@]}" 9
  [[ ${lines[0]} -ge 21100 && ${lines[8]} -le 21140 ]]
  run ports "$CLIENT"
  [[ ${lines[0]} -ge 21100 && ${lines[6]} -le 21140 ]]
  # There is nothing that the files do not tell of.
  assert_equal "$(listened)" "$(sort -nu <(ports "$CLIENT") <(ports "$ENGINE"))"
}

@test "every port comes from --ports: broadcast trees, CURVE, the range again with --reuse" {
  local files
  controller --ports=21600-21640 --IPController.broadcast_scheduler_depth=3 --enable-curve --reuse
  files=$(sort -nu <(ports "$CLIENT") <(ports "$ENGINE"))
  assert_equal "$(wc -l <<<"$files")" 21
  [[ ${files%%$'\n'*} -ge 21600 && ${files##*$'\n'} -le 21640 ]]
  assert_equal "$(listened)" "$files"
  stop
  controller --ports=21600-21640 --IPController.broadcast_scheduler_depth=3 --reuse
  assert_equal "$(listened)" "$files"
  grep -q "the CURVE keys are not those of the files" "$WORLD/controller.log"
}

@test "our programs on this machine come by local sockets, and only they" {
  controller --ports=21700-21740
  assert_equal "$(local_sockets "$CLIENT")" 7
  assert_equal "$(local_sockets "$ENGINE")" 9
  # Nobody is at these addresses, and nobody asks there.
  edit "$CLIENT" 'f["interface"] = "tcp://127.0.0.9"'
  edit "$ENGINE" 'f["interface"] = "tcp://127.0.0.9"'
  STARTED+=("$(in_background "$WORLD/engine.log" ipengine --kernel=echo)")
  run ipwait --engines 1 --timeout 20
  assert_status 0
  # Another network, as that of a container: the name means nothing there.
  edit "$CLIENT" 'f["ipkit"]["network"] = "net:[1]"'
  run ipwait --engines 1 --timeout 1
  assert_status 69
  edit "$CLIENT" 'f["interface"] = "tcp://127.0.0.1"'
  run ipls
  assert_status 0
}

@test "transport tcp, said outright: no local sockets; names are kept with --reuse" {
  controller --transport=tcp
  assert_equal "$(local_sockets "$CLIENT") $(local_sockets "$ENGINE")" "0 0"
  run ipls
  assert_status 0
  stop
  controller --reuse
  local before
  before=$(value "$CLIENT" ipkit | grep -o '"local": [^,}]*')
  stop
  controller --reuse
  assert_equal "$(value "$CLIENT" ipkit | grep -o '"local": [^,}]*')" "$before"
  assert_equal "$(local_sockets "$CLIENT")" 7
}

@test "transport ipc: no port at all" {
  controller --transport=ipc --ip="$WORLD/socket"
  assert_equal "$(listened)" ""
}

@test "ports of engines and of clients, then the shared ones; ports with a name" {
  controller --IPController.engine_ports=21201-21203 --IPController.client_ports=21301,21302 \
    --ports=21400-21420 --port=21402 --IPController.mux='(21405,21406)' \
    --IPController.hb=21407,21408 --IPController.notifier_port=21409
  assert_equal "$(value "$CLIENT" registration)" 21402
  assert_equal "$(value "$ENGINE" registration)" 21402
  assert_equal "$(value "$CLIENT" mux)" 21405
  assert_equal "$(value "$ENGINE" mux)" 21406
  assert_equal "$(value "$ENGINE" hb_ping)" 21407
  assert_equal "$(value "$ENGINE" hb_pong)" 21408
  assert_equal "$(value "$CLIENT" notification)" 21409
  run ports "$ENGINE"
  assert_output --regexp $'^21201\n21202\n21203\n214'
  run ports "$CLIENT"
  assert_output --regexp $'^21301\n21302\n214'
}

@test "too few ports are an error that says so" {
  run --separate-stderr run_limited 10 ipcontroller --ports=21500-21503
  assert_status 70
  assert_stderr --partial "give more with --ports"
}

@test "an interface or host name becomes the address of it; what is not here is refused" {
  controller --ip=lo
  assert_equal "$(value "$CLIENT" interface)" '"tcp://127.0.0.1"'
  stop
  controller --ip=localhost
  assert_equal "$(value "$ENGINE" interface)" '"tcp://127.0.0.1"'
  stop
  run --separate-stderr run_limited 10 ipcontroller --ip=nosuch.invalid
  assert_status 64
  assert_stderr --partial "cannot listen on 'nosuch.invalid'"
  assert_stderr --partial "there are *, lo 127.0.0.1"
}

# Debian's hosts file gives a machine's own name 127.0.1.1, where no other machine reaches it.
@test "no address in the files is 127.0.1.1, whatever the hosts file says" {
  local address
  [[ $(id -u) == 0 ]] || skip "another hosts file takes root"
  address=$(ip -4 -o address show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
  printf '127.0.0.1 localhost\n127.0.1.1 own-name.example own-name\n' >hosts
  printf '#!/bin/sh\nhostname own-name && mount --bind hosts /etc/hosts && exec "$@"\n' >inside
  chmod +x inside
  for ip in own-name '*'; do
    : >"$WORLD/controller.log"
    CONTROLLER=$(in_background "$WORLD/controller.log" unshare --mount --uts "$PWD/inside" \
      ipcontroller --ip="$ip")
    STARTED+=("$CONTROLLER")
    wait_until 20 "READY" grep -q '^READY' "$WORLD/controller.log"
    run cat "$CLIENT" "$ENGINE"
    refute_output --partial 127.0.1.1
    [[ $ip == '*' ]] || assert_output --partial "tcp://${address:-127.0.0.1}\""
    stop
  done
}

@test "addresses, location and ssh servers are in the files" {
  controller --ip='*' --location=n1 --ssh=me@gate --enginessh=gate2
  assert_equal "$(value "$CLIENT" interface)" '"tcp://*"'
  assert_equal "$(value "$ENGINE" interface)" '"tcp://*"'
  assert_equal "$(value "$CLIENT" location)" '"n1"'
  assert_equal "$(value "$CLIENT" ssh)" '"me@gate"'
  assert_equal "$(value "$ENGINE" ssh)" '"gate2"'
  stop
  controller --IPController.engine_ip=0.0.0.0
  assert_equal "$(value "$CLIENT" interface)" '"tcp://127.0.0.1"'
  assert_equal "$(value "$ENGINE" interface)" '"tcp://0.0.0.0"'
  assert_equal "$(value "$CLIENT" registration)" "$(value "$ENGINE" registration)"
  stop
  controller --IPController.client_ip='*' --IPController.engine_ip=127.0.0.2
  run value "$ENGINE" registration
  assert_equal "$(value "$CLIENT" registration)" "$output"
  # One for both: none on the narrower address.
  assert_equal "$(listening "$output")" 00000000
  stop
  controller --IPController.client_ip=127.0.0.3 --IPController.engine_ip=127.0.0.2
  run value "$ENGINE" registration
  assert_equal "$(listening "$output")" $'0200007F\n0300007F'
}

@test "names of files, directory, and no directory made if that is not wanted" {
  run --separate-stderr run_limited 10 ipcontroller --IPController.auto_create=False
  assert_status 66
  assert_stderr --partial "no directory"
  [[ ! -e $PROFILE ]]
  mkdir there
  controller --IPController.client_json_file=c.json --IPController.engine_json_file=e.json \
    --work-dir=there --IPController.ipython_dir="$WORLD/other"
  [[ -s $WORLD/other/profile_default/security/c.json ]]
  [[ -s $WORLD/other/profile_default/security/e.json ]]
  assert_equal "$(readlink "/proc/$CONTROLLER/cwd")" "$PWD/there"
}

@test "logs: level, file, old ones removed" {
  controller --log-to-file --log-level=DEBUG
  [[ -e $PROFILE/log/ipcontroller-$CONTROLLER.log ]]
  local old=$PROFILE/log/ipcontroller-$CONTROLLER.log
  stop
  controller --log-to-file=True --clean-logs True
  [[ ! -e $old && -e $PROFILE/log/ipcontroller-$CONTROLLER.log ]]
  stop
  controller --quiet
  assert_equal "$(wc -l <"$WORLD/controller.log")" 1
}

@test "the key: from a file, from the environment, from the command line, none, a new one" {
  echo secret >key
  chmod 600 key
  controller --keyfile=key
  assert_equal "$(value "$CLIENT" key)" '"secret"'
  stop
  export IPP_SESSION_KEY=from-outside
  controller
  assert_equal "$(value "$ENGINE" key)" '"from-outside"'
  stop
  controller --Session.key=given --Session.signature_scheme=hmac-sha512
  assert_equal "$(value "$CLIENT" key)" '"given"'
  assert_equal "$(value "$CLIENT" signature_scheme)" '"hmac-sha512"'
  stop
  controller --no-secure
  assert_equal "$(value "$CLIENT" key)" '""'
  stop
  controller --secure
  [[ $(value "$CLIENT" key) =~ ^\"[0-9a-f]{8}-[0-9a-f]{24}\"$ ]]
}

@test "IPP_PROFILE_DIR and IPP_CLUSTER_ID; the command line beats them" {
  export IPP_PROFILE_DIR=$WORLD/p IPP_CLUSTER_ID=one
  controller
  [[ -s $WORLD/p/security/ipcontroller-one-client.json ]]
  stop
  controller --cluster-id "" --profile-dir "$WORLD/r"
  [[ -s $WORLD/r/security/ipcontroller-client.json ]]
}

@test "CURVE: a server key in the files, no HMAC key unless one is given" {
  IPP_ENABLE_CURVE=1 controller
  assert_equal "$(value "$CLIENT" key)" '""'
  [[ $(value "$CLIENT" curve_serverkey) =~ ^\".{40}\"$ ]]
  assert_equal "$(value "$CLIENT" curve_serverkey)" "$(value "$ENGINE" curve_serverkey)"
  stop
  IPP_ENABLE_CURVE=1 controller --secure
  [[ $(value "$CLIENT" key) =~ ^\".{33}\"$ ]]
  stop
  IPP_ENABLE_CURVE=1 controller --IPController.enable_curve=False
  assert_equal "$(value "$CLIENT" curve_serverkey)" null
}

@test "CURVE keys that are given: a pair, or the secret half of one" {
  # The pair of ZeroMQ's manual, known to everybody.
  # shellcheck disable=SC2016
  local public='Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID'
  local secret='D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs'
  IPP_CURVE_SECRETKEY=$secret controller --enable-curve
  assert_equal "$(value "$CLIENT" curve_serverkey)" "\"$public\""
  stop
  controller --enable-curve --IPController.curve_secretkey="$secret" \
    --IPController.curve_publickey="$public"
  assert_equal "$(value "$ENGINE" curve_serverkey)" "\"$public\""
  refused "not a pair" --cluster-id=x --enable-curve --IPController.curve_secretkey="$secret" \
    --IPController.curve_publickey="${public/Yne/Yni}"
  refused "is no key" --cluster-id=x --enable-curve --IPController.curve_secretkey=short
  refused "without its secret key" --cluster-id=x --enable-curve \
    --IPController.curve_publickey="$public"
}

@test "ipyparallel's configuration file: plain lines are read, the rest is named" {
  mkdir -p "$PROFILE"
  cat >"$PROFILE/ipcontroller_config.py" <<'PYTHON'
# Configuration file for ipcontroller.
c = get_config()
import socket
c.HeartMonitor.period = 200
c.IPController.location = 'n7'
c.IPController.ssh_server = socket.gethostname()
c.Session.key = b'from-the-file'
c.IPController.nonsense = 1
PYTHON
  shown --IPController.location=n8
  assert_output --partial $'HeartMonitor\n  .period = 200'
  controller --location=n8
  assert_equal "$(value "$CLIENT" location)" '"n8"'
  assert_equal "$(value "$CLIENT" key)" '"from-the-file"'
  grep -q 'ipcontroller_config.py:3: not understood' "$WORLD/controller.log"
  grep -q 'ipcontroller_config.py:6: not understood' "$WORLD/controller.log"
  grep -q 'ipcontroller_config.py:8: .*has no trait nonsense' "$WORLD/controller.log"
}

@test "--config: one more such file; a wrong value in it is status 78" {
  echo "c.IPController.location = 'n9'" >more.py
  shown --config=more.py
  assert_output --partial ".location = 'n9'"
  echo "c.HeartMonitor.period = 'fast'" >more.py
  run --separate-stderr run_limited 10 ipcontroller --config more.py
  assert_status 78
  assert_stderr --partial "more.py:1: HeartMonitor.period: 'fast' is not"
  run --separate-stderr run_limited 10 ipcontroller --config none.py
  assert_status 66
}

@test "schemes: the name is in the client's file" {
  local scheme
  for scheme in lru pure weighted; do
    controller --scheme=$scheme
    assert_equal "$(value "$CLIENT" task_scheme)" "\"$scheme\""
    stop
  done
}
