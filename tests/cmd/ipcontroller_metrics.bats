#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-3-Clause
# ipcontroller --metrics: what ipstat --prometheus prints, over HTTP, and nothing else.

load ../lib/cluster

setup_file() {
  world_make
  cluster_start 2 --metrics=0
}
teardown_file() { cluster_stop; }
setup() {
  world_enter
  command -v curl >/dev/null || skip "no curl: scripts/setup check installs it"
  URL=$(cat "$IPYTHONDIR"/profile_default/log/ipcontroller-*.log | grep -o 'http://.*/metrics')
}

# get [curl's words]: status in $code, what came in `body`, headers in `head`.
get() { code=$(run_limited 20 curl -s -o body -D head -w '%{http_code}' "$@") || true; }

# Without the numbers that change by themselves.
steady_metrics() { grep -vE '^ipkit_controller_(uptime|resident)' "$@"; }

@test "what ipstat --prometheus prints, and its type" {
  [[ $URL == http://127.0.0.1:* ]]
  get "$URL"
  assert_equal "$code" 200
  grep -qi '^content-type: text/plain; version=0.0.4' head
  run_limited 20 ipstat --prometheus >printed
  diff <(steady_metrics printed) <(steady_metrics body)
  grep -q '^ipkit_engines{profile="default",cluster=""} 2$' body
}

@test "it follows what happens" {
  run_limited 20 ipsubmit -t 1 "$(held go)" >word
  wait_until 20 "a busy engine" is_busy
  touch go
  run_limited 20 ipwait "$(<word)"
  wait_until 20 "an idle one" is_idle
}
is_busy() { get "$URL" && grep -q '^ipkit_engine_busy.*engine="1".* 1$' body; }
is_idle() { get "$URL" && grep -q '^ipkit_engine_busy.*engine="1".* 0$' body; }

@test "HEAD; no other method, no other path, no long headers" {
  get -I "$URL"
  assert_equal "$code" 200
  get -X POST -d x=1 "$URL"
  assert_equal "$code" 405
  grep -qi '^allow: GET, HEAD' head
  get -X DELETE "$URL"
  assert_equal "$code" 405
  get "${URL%/metrics}/"
  assert_equal "$code" 404
  get --path-as-is "${URL%/metrics}/../../etc/passwd"
  assert_equal "$code" 404
  get -H "X-Long: $(head -c 60000 /dev/zero | tr '\0' x)" "$URL"
  [[ $code == 4?? ]] || fail "status $code"
  get "$URL"
  assert_equal "$code" 200
}

@test "connections that say nothing are closed; neither tasks nor questions wait for them long" {
  local port=${URL##*:} i fd fds=() said
  port=${port%/metrics}
  for ((i = 0; i < 8; i++)); do
    exec {fd}<>"/dev/tcp/127.0.0.1/$port"
    fds+=("$fd")
  done
  run_limited 20 ipsubmit '6*7' >word
  run_limited 20 ipwait "$(<word)"
  get "$URL"
  assert_equal "$code" 200
  for fd in "${fds[@]}"; do
    said=0
    read -r -t 20 -u "$fd" || said=$?
    assert_equal "$said" 1 # the end; a time limit would be more
    exec {fd}>&-
  done
}

@test "with an encrypted cluster, on an address; the port is free again when it ends" {
  local log=$IPYTHONDIR/profile_default/log/ipcontroller-safe.log pid url
  pid=$(in_background "$log" ipcontroller --cluster-id=safe --enable-curve --metrics='*:0')
  wait_until 20 "READY" grep -q ^READY "$log"
  url=$(grep -o 'http://.*/metrics' "$log")
  [[ $url == http://0.0.0.0:* ]]
  get "${url/0.0.0.0/127.0.0.1}"
  assert_equal "$code" 200
  grep -q '^ipkit_up{profile="default",cluster="safe"} 1$' body
  kill -TERM "$pid"
  wait_until 20 "its end" gone "$pid"
  get "${url/0.0.0.0/127.0.0.1}"
  assert_equal "$code" 000
  local port=${url##*:}
  pid=$(in_background "$log" ipcontroller --cluster-id=safe --metrics="${port%/metrics}")
  wait_until 20 "READY again" is_ready_again "$log"
  kill -TERM "$pid"
  wait_until 20 "its end" gone "$pid"
  rm "$log"
}
gone() { [[ $(state_of "$1") == @(|Z*) ]]; }
is_ready_again() { (($(grep -c ^READY "$1") == 2)); }

@test "what is wrong: no port, a port that is taken, an address that is not here" {
  local bad
  for bad in x 70000 :1 1.2.3.4:x; do
    run --separate-stderr run_limited 20 ipcontroller --cluster-id=other --metrics="$bad"
    assert_status 64
    assert_stderr --partial "--metrics"
  done
  run --separate-stderr run_limited 20 ipcontroller --cluster-id=other --metrics=203.0.113.9:1
  assert_status 64
  local port=${URL##*:}
  run --separate-stderr run_limited 20 ipcontroller --cluster-id=other \
    --metrics="${port%/metrics}"
  assert_status 73
  assert_stderr --partial "somebody else listens on 127.0.0.1:"
  [[ ! -e $IPYTHONDIR/profile_default/security/ipcontroller-other-client.json ]]
}

@test "ipcluster passes it on, from the command line and from the profile" {
  run --separate-stderr run_limited 20 ipcluster start --dry-run --metrics=lo:9817
  assert_output --partial "--metrics=lo:9817"
  IPKIT_PROFILE=watched run_limited 20 ipprofile create watched
  printf 'controller:\n  metrics: 9818\n' >"$IPYTHONDIR/profile_watched/ipkit.yaml"
  run --separate-stderr run_limited 20 ipcluster start --dry-run --profile=watched
  assert_output --partial "--metrics=9818"
}
