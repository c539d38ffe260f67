# SPDX-License-Identifier: BSD-3-Clause
# Messages between engines while requests run: python's module ipkit, the shell's ipsend and
# ipreceive; order, tags, deaths, limits, large ones.
load ../lib/cluster

setup_file() {
  world_make
  cluster_start 4
  run_limited 20 ipexec -n 'import ipkit, time'
}
teardown_file() { cluster_stop; }
setup() { world_enter; }

py() { run --separate-stderr run_limited 30 ipexec -n "$@"; }
sh() { run --separate-stderr run_limited 30 ipexec -n --sh "$@"; }

@test "a limit of no time leaves nothing behind" {
  py -t 0 'for i in range(20):
    try: ipkit.send(0, i, timeout=0)
    except TimeoutError: pass
    assert ipkit.id == 0
ipkit.discard()
# What is taken back is on its way before this.
ipkit.send(0, "end", tag="end"); ipkit.receive(tag="end"); print(ipkit.discard())'
  assert_output 0
  assert_status 0
}

@test "who there is" {
  py -l 'print(ipkit.id, ipkit.ids, *dir(ipkit))'
  assert_status 0
  assert_line '2: 2 [0, 1, 2, 3] Message discard id ids receive receive_message send'
  py -t 0 'ipkit.nothing'
  assert_stderr --partial "AttributeError: ipkit has no 'nothing'"
  # shellcheck disable=SC2016
  sh -t 3 'echo "$(ipid) of" $(ipids)'
  assert_output '3 of 0 1 2 3'
}

@test "a ring: each sends and receives within one request, values as they were" {
  py 'n = len(ipkit.ids); me = ipkit.id
for value in (None, True, 7, 2.5, float("inf"), "text\udcff", b"\0\xff", (1, [2]), {3: {4}}, ""):
    ipkit.send((me + 1) % n, value, tag="ring")
    got = ipkit.receive((me - 1) % n, tag="ring", timeout=10)
    assert got == value and type(got) is type(value), got'
  assert_status 0
  assert_stderr ""
}

@test "order, tags and sources" {
  py -t 0,1 'if ipkit.id == 0:
    for i in range(100): ipkit.send(1, i, tag="even" if i % 2 == 0 else "odd")
else:
    odd = [ipkit.receive(tag="odd", timeout=10) for i in range(50)]
    rest = [ipkit.receive_message(timeout=10) for i in range(50)]
    print(odd == list(range(1, 100, 2)), [m.value for m in rest] == list(range(0, 100, 2)))
    print(rest[0])'
  assert_status 0
  assert_output $'True True\nMessage(source=0, tag=\'even\', value=0)'
}

@test "to several, to all others, to oneself" {
  py "if ipkit.id == 0:
    ipkit.send('all', 'x'); ipkit.send(range(1, 3), 'y'); ipkit.send(0, 'self'); ipkit.send([], 'z')
print(ipkit.id, ipkit.receive(timeout=10), end=' ')
if ipkit.id in (1, 2): print(ipkit.receive(0, timeout=10), end=' ')
print()"
  assert_status 0
  assert_equal "$(sort <<<"$output")" $'0 self \n1 x y \n2 x y \n3 x '
}

@test "between shells, and between a shell and python" {
  # shellcheck disable=SC2016
  sh 'i=$(ipid); ipsend $(((i + 1) % 4)) "hello from" "$i"; ipreceive -l --timeout 10s'
  assert_status 0
  assert_equal "$(sort <<<"$output" | tr '\n' ' ')" \
    '0: hello from 0 1: hello from 1 2: hello from 2 3: hello from 3 '
  sh -t 0 'printf "a\0b\377" | ipsend --tag raw 1; ipsend 1,2 text'
  assert_status 0
  py -t 1 'print(ipkit.receive(0, tag="raw"), ipkit.receive(0))'
  assert_output "b'a\\x00b\\xff' text"
  py -t 1 'ipkit.send(2, 17); ipkit.send(2, b"raw"); ipkit.send(2, [1])'
  sh -t 2 'ipreceive 0; ipreceive 1; ipreceive; ipreceive'
  assert_status 1
  assert_output $'text\n17\nraw'
  assert_stderr --partial "ipreceive: the message of engine 1 is an object of Python's"
  py -t 2 'print(ipkit.receive(1))'
  assert_output '[1]'
}

@test "what is wrong has a name and a status" {
  py -t 0 'for call in ("send(9, 1)", "send([0, 9], 1)", "send(\"x\", 1)", "send(1.5, 1)",
             "send(1, 1, tag=3)", "send(1, 1, timeout=-1)", "receive(timeout=0)",
             "receive(1, \"t\", timeout=0.1)", "receive(9)", "send(1, lambda: 0)"):
    try: eval("ipkit." + call)
    except Exception as error: print(type(error).__name__, error)'
  assert_line -n 0 'LookupError no engine 9: there are 0-3'
  assert_line -n 1 'LookupError no engine 9: there are 0-3'
  assert_line -n 2 "ValueError to whom? 'x' is neither an engine's number nor 'all'"
  assert_line -n 3 "ValueError to whom? 1.5 is neither an engine's number nor 'all'"
  assert_line -n 4 'ValueError a tag is a string, not 3'
  assert_line -n 5 'ValueError timeout is not a number of seconds: -1'
  assert_line -n 6 'TimeoutError no message within 0 s'
  assert_line -n 7 "TimeoutError no message of engine 1 with the tag 't' within 0.1 s"
  assert_line -n 8 'ConnectionError engine 9 is not there'
  assert_line -n 9 --partial 'PicklingError'
  # shellcheck disable=SC2016
  sh -t 0 's() { "$@" 2>&1 </dev/null; echo "$?"; }
    s ipsend 9 x; s ipsend; s ipsend x y; s ipreceive --timeout 0.1; s ipreceive 9; s ipreceive 1,2
    s ipreceive --foo; s ipids x; unset IPKIT_MESSAGES; s ipid'
  assert_line 'ipsend: no engine 9: there are 0-3'
  assert_line "ipsend: 'x' is not an id or a range of ids; write 0-3,7"
  assert_line 'ipreceive: no message within 0.1 s'
  assert_line 'ipreceive: engine 9 is not there'
  assert_equal "$(grep -xE '[0-9]+' <<<"$output" | tr '\n' ' ')" '68 64 64 124 1 64 64 64 69 '
}

@test "100 MB, all around at once, and a sender that waits for room" {
  py 'value = bytes(100_000_000); n = len(ipkit.ids)
ipkit.send((ipkit.id + 1) % n, value, timeout=25)
assert ipkit.receive((ipkit.id - 1) % n, timeout=25) == value; del value'
  assert_status 0
  py -t 0 'part = bytes(40_000_000)
for limit in 25, 25, 0.5:
    try: ipkit.send(1, part, timeout=limit); print("sent")
    except TimeoutError as error: print(error)'
  assert_output $'sent\nsent\nthe message was not taken within 0.5 s'
  # The third was taken back.
  py -t 1 'print(len(ipkit.receive()), len(ipkit.receive()))
try: ipkit.receive(timeout=0.2)
except TimeoutError: print("no more")'
  assert_output $'40000000 40000000\nno more'
}

@test "discard: what an earlier attempt left behind" {
  py -t 0 'for i in range(3): ipkit.send([0, 1], i)'
  py -t 0 'print(ipkit.discard(), ipkit.discard())'
  assert_output '3 0'
  sh -t 1 'ipdiscard; ipreceive --timeout 0'
  assert_status 1
  assert_output ""
}

@test "an interrupt ends the waiting, and loses nothing" {
  py --timeout 0.5s -t 0 'ipkit.receive()'
  assert_status 124
  sh --timeout 0.5s -t 1 'ipreceive'
  assert_status 124
  py -t 2 'ipkit.send([0, 1], "still here")'
  py -t 0 'print(ipkit.receive())'
  assert_output 'still here'
  sh -t 1 'ipreceive'
  assert_output 'still here'
}

@test "threads and forked children have their own conversations" {
  py -t 0 'import threading, os
thread = threading.Thread(target=lambda: got.append(ipkit.receive(tag="thread")))
got = []; thread.start()
ipkit.send(0, "for the thread", tag="thread"); thread.join(10)
child = os.fork()
if child == 0:
    ipkit.send(0, "of the child"); os._exit(0)
print(got, ipkit.receive(timeout=10), os.waitpid(child, 0)[1])'
  assert_output "['for the thread'] of the child 0"
}

@test "a kernel that ends and an engine that dies: errors, for those who wait and those who send" {
  py -t 3 'ipkit.send(3, "lost with the kernel")'
  # Once 2 has waited for 3, and was answered after that, it will hear of 3's end. The end must not
  # come before the second wait: that has begun when an engine has answered others twice.
  ipexec -n -a -t 2 'try: ipkit.receive(3, timeout=0.1)
except TimeoutError: ipkit.ids
waits = ipkit._Connection(); waits.tell({"op": "receive", "from": 3})
ipkit.ids; ipkit.ids
ipkit.send(3, "end")
print(waits.input.readline())' >job
  py -t 3 'assert ipkit.receive(2) == "end"; import os; os._exit(3)'
  assert_status 1
  run --separate-stderr run_limited 20 ipresult "$(<job)"
  assert_output --partial '"engine 3 has lost its kernel"'
  assert_output --partial '"ConnectionError"'
  py -t 3 'import ipkit; ipkit.receive(timeout=0)'
  assert_stderr --partial "TimeoutError"
  ipexec -n -a -t 2 'ipkit.receive(3)' >job
  pid=$(ipls --json | sed -n 's/.*"engine":3,.*"pid":\([0-9]*\),.*/\1/p')
  kill -KILL "$pid"
  run --separate-stderr run_limited 20 ipresult "$(<job)"
  assert_stderr --regexp "ConnectionError: engine 3 is (gone|not there)"
  py -t 0 'ipkit.send(3, 1)'
  assert_stderr --regexp "(Connection|Lookup)Error: (engine 3 is gone|no engine 3: there are 0-2)"
  py -t 0 'print(ipkit.ids)'
  assert_output '[0, 1, 2]'
}

@test "with CURVE, by TCP" {
  export IPKIT_CLUSTER_ID=curve
  in_background "$WORLD/curve.log" ipcontroller --ip=127.0.0.1 --transport=tcp --enable-curve \
    >"$WORLD/curve.pid"
  wait_until 20 "the controller's file" \
    test -s "$IPYTHONDIR/profile_default/security/ipcontroller-curve-client.json"
  for _ in 1 2; do in_background "$WORLD/curve-engine.log" ipengine --timeout=20 >/dev/null; done
  run_limited 30 ipwait -n 2
  py 'import ipkit
ipkit.send(1 - ipkit.id, "to %d" % (1 - ipkit.id))
print(ipkit.receive(timeout=10))'
  assert_status 0
  assert_equal "$(sort <<<"$output")" $'to 0\nto 1'
  run_limited 20 ipcancel --shutdown --hub
}
