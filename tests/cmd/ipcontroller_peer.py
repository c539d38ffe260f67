# SPDX-License-Identifier: BSD-3-Clause
"""A bare engine and a bare client of one controller: registration, routing, and what the protocol
adds to that of ipyparallel (docs/protocol.md). Ends with status 0 if all was as it should be."""
import faulthandler
import json
import sys
import time

import zmq
from jupyter_client.session import Session

faulthandler.dump_traceback_later(40, exit=True)
security = sys.argv[1]
kinds = {
    kind: json.load(open(f"{security}/ipcontroller-{kind}.json")) for kind in ("client", "engine")
}
context = zmq.Context()
session = Session(key=kinds["client"]["key"].encode(), session="peer")
limit = 10000  # ms


def connect(kind, name, port, identity=None):
    socket = context.socket(kind)
    socket.linger = 0
    if identity is not None:
        socket.identity = identity
    socket.connect(f"tcp://127.0.0.1:{port}")
    if kind == zmq.SUB:
        socket.subscribe(b"")
    return socket


def receive(socket):
    assert socket.poll(limit), "no message"
    idents, frames = session.feed_identities(socket.recv_multipart())
    return idents, session.deserialize(frames)


class Engine:
    """Registers and answers what it is told to."""

    def __init__(self, uuid, extensions=True):
        ports = kinds["engine"]
        self.uuid = uuid.encode()
        self.hub = connect(zmq.DEALER, "registration", ports["registration"], self.uuid)
        content = {"uuid": uuid}
        if extensions:
            content["ipkit"] = {"version": "t", "prefetch": 1}
        session.send(self.hub, "registration_request", content)
        _, reply = receive(self.hub)
        self.reply = reply
        if reply["content"]["status"] != "ok":
            return
        self.id = reply["content"]["id"]
        self.shell = connect(zmq.ROUTER, "mux", ports["mux"], self.uuid)
        for port in (ports["task"], ports["broadcast"][self.id % 2]):
            self.shell.connect(f"tcp://127.0.0.1:{port}")
        self.ping = connect(zmq.SUB, "hb_ping", ports["hb_ping"])
        self.pong = connect(zmq.DEALER, "hb_pong", ports["hb_pong"], self.uuid)
        assert self.ping.poll(limit)
        self.pong.send(self.ping.recv())

    def request(self):
        return receive(self.shell)

    def answer(self, idents, message, kind, content, **metadata):
        metadata.update(status=content["status"], engine=self.uuid.decode())
        session.send(self.shell, kind, content, parent=message["header"], ident=idents,
                     metadata=metadata)


ports = kinds["client"]
hub = connect(zmq.DEALER, "registration", ports["registration"])
mux = connect(zmq.DEALER, "mux", ports["mux"], b"m" * 16)
task = connect(zmq.DEALER, "task", ports["task"], b"t" * 16)
notes = connect(zmq.SUB, "notification", ports["notification"])


def ask(kind, content):
    session.send(hub, kind, content)
    return receive(hub)[1]


def check(value, wanted):
    assert value == wanted, (value, wanted)


# Registration is finished by the first heartbeat, long before the next regular one.
waiting = session.send(hub, "wait_request", {"engines": 2})
one, two = Engine("engine-one"), Engine("engine-two")
check(receive(hub)[1]["content"], {"status": "ok", "engines": 2})
check((one.id, two.id, one.reply["parent_header"]), (0, 1, {}))
check([receive(notes)[1]["content"]["uuid"] for _ in range(2)], ["engine-one", "engine-two"])
again = Engine.__new__(Engine)
Engine.__init__(again, "engine-one-b", extensions=False)
session.send(one.hub, "registration_request", {"uuid": "engine-one"})
refusal = receive(one.hub)[1]["content"]
check((refusal["ename"], refusal["evalue"]), ("KeyError", "\"uuid 'engine-one' in use\""))
check(ask("wait_request", {"engines": 3})["content"]["engines"], 3)
check(ask("connection_request", {})["content"]["ipkit"]["engines"]["0"]["version"], "t")
check(ask("bogus_request", {})["content"]["evalue"], "\"Bad Message Type: 'bogus_request'\"")
check(ask("become_dask_request", {})["content"]["ename"], "ModuleNotFoundError")

# Direct: output comes down the reply path and is not taken for the reply.
sent = session.send(mux, "execute_request", {"code": ""}, ident=b"engine-one")
identity = sent["header"]["msg_id"]
idents, message = one.request()
session.send(one.shell, "stream", {"name": "stdout"}, parent=message["header"], ident=idents)
check(receive(mux)[1]["msg_type"], "stream")
known = ask("wait_request", {"msg_ids": [identity], "until": "known"})
check(known["content"]["pending"], [identity])
one.answer(idents, message, "execute_reply", {"status": "ok"})
idents, message = receive(mux)
check((idents, message["msg_type"]), ([b"engine-one"], "execute_reply"))
check(ask("wait_request", {"msg_ids": [identity]})["content"]["done"], {identity: "ok"})

# Direct to nobody: answered at once.
session.send(mux, "execute_request", {"code": ""}, ident=b"nobody")
message = receive(mux)[1]
check((message["msg_type"], message["content"]["ename"]), ("execute_reply", "EngineError"))

# A task whose id is unknown as a dependency, and one that waits and is cancelled.
session.send(task, "apply_request", {}, metadata={"after": ["12345"]})
check(receive(task)[1]["content"]["ename"], "InvalidDependency")
engines = {engine.uuid: engine for engine in (one, two, again)}
running = [session.send(task, "apply_request", {})["header"]["msg_id"] for _ in range(3)]
held = {}
for engine in engines.values():
    held[engine] = engine.request()
last = session.send(task, "execute_request", {})["header"]["msg_id"]
session.send(task, "cancel_request", {"msg_ids": [last]})
message = receive(task)[1]
check((message["msg_type"], message["content"]), ("execute_reply", {"status": "aborted"}))
message = receive(task)[1]
check((message["msg_type"], message["content"]["withdrawn"]), ("cancel_reply", [last]))

# A running one: the engine is asked, its answer comes back.
idents, message = held[one]
identity = message["header"]["msg_id"]
session.send(task, "cancel_request", {"msg_ids": [identity]})
asked_idents, asked = one.request()
check((asked["msg_type"], asked["content"]["msg_ids"]), ("cancel_request", [identity]))
one.answer(idents, message, "apply_reply", {"status": "aborted"})
one.answer(asked_idents, asked, "cancel_reply",
           {"status": "ok", "withdrawn": [], "interrupted": [identity]})
check(receive(task)[1]["content"]["status"], "aborted")
check(receive(task)[1]["content"]["interrupted"], [identity])

# An engine that leaves: direct requests are answered, a task only after a grace.
session.send(mux, "execute_request", {"code": ""}, ident=b"engine-two")
idents, message = two.request()
known = ask("wait_request", {"msg_ids": [message["header"]["msg_id"]], "until": "known"})
check(known["content"]["status"], "ok")
session.send(hub, "unregistration_request", {"id": two.id, "reason": "tested"})
answer = receive(mux)[1]
check((answer["msg_type"], answer["content"]["ename"]), ("execute_reply", "EngineError"))
check(ask("connection_request", {})["content"]["ipkit"]["gone"][0]["why"], "tested")
# The hub hears of a reply a moment after the client got it.
deadline = time.monotonic() + 5
while True:
    facts = ask("queue_request", {"targets": None, "ipkit": True})["content"]["ipkit"]
    if facts["engines"]["1"]["failed"] == 1:
        break
    assert time.monotonic() < deadline, facts
assert facts["rss"] > 1000000 and facts["uptime"] > 0
late = receive(task)[1]
check((late["msg_type"], late["content"]["ename"]), ("apply_reply", "EngineError"))

# An engine that comes between a client's question who is there and its subscription is published
# again; one that left is not: no client believes that an event of long ago is one.
ask("connection_request", {})
newcomer = Engine("engine-new")
check(ask("wait_request", {"engines": 3})["content"]["engines"], 3)
session.send(hub, "unregistration_request", {"id": one.id})
left = Engine("engine-left")
session.send(hub, "unregistration_request", {"id": left.id})
check(ask("wait_request", {"engines": 0})["content"]["engines"], 2)
listener = connect(zmq.SUB, "notification", ports["notification"])
check(receive(listener)[1]["content"], {"id": newcomer.id, "uuid": "engine-new"})

# The end.
check(ask("shutdown_request", {})["content"], {"status": "ok"})
check(receive(listener)[1]["msg_type"], "shutdown_notification")
