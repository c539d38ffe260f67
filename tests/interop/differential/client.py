# SPDX-License-Identifier: BSD-3-Clause
"""A bare client: sends what it is told to with ids of its own choice, and keeps everything that
comes back, by the step of the scenario that asked for it."""
import hashlib
import hmac
import json
import os
import time
from datetime import datetime, timezone

import zmq

from cluster import LIMIT

DELIMITER = b"<IDS|MSG>"
NAME = "client"


def encode(value):
    return json.dumps(value).encode()


def date():
    return datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Message:
    """One that came: the channel, the frames before the delimiter, the parts, and the step."""

    def __init__(self, channel, frames, key, step):
        self.channel = channel
        self.arrived = step
        at = frames.index(DELIMITER)
        self.idents = frames[:at]
        self.header, self.parent, self.metadata, self.content = map(json.loads,
                                                                    frames[at + 2:at + 6])
        self.buffers = frames[at + 6:]
        self.type = self.header["msg_type"]
        wanted = hmac.new(key, b"".join(frames[at + 2:at + 6]), hashlib.sha256).hexdigest()
        self.is_signed = frames[at + 1].decode() == wanted
        # Copies of a broadcast have the engine's name added.
        self.request = self.parent.get("msg_id", "").split("_engine-")[0]
        self.source = self.metadata.get("engine", "")
        if channel == "iopub" and self.idents:
            self.source = self.idents[0].decode().rsplit(".", 1)[0]


class Step:
    """What the scenario does at one point, and what came of it."""

    def __init__(self, number, name, unordered):
        self.number = number
        self.name = name
        self.unordered = unordered  # what came for different requests did so at the same time
        self.requests = []
        self.messages = []
        self.notes = []


class Client:
    def __init__(self, cluster):
        self.cluster = cluster
        self.context = zmq.Context()
        self.poller = zmq.Poller()
        self.steps = []
        self.messages = []
        self.owner = {}  # request id -> step
        self.muted = set()
        self.quiet = set()  # ids nobody compares
        self.count = {False: 0, True: 0}
        self.gates = 0
        self.sockets = {}
        file = cluster.connection("client")
        self.ports = file
        self.key = file["key"].encode()
        for channel, name, kind in (("hub", "registration", zmq.DEALER),
                                    ("mux", "mux", zmq.DEALER), ("task", "task", zmq.DEALER),
                                    ("control", "control", zmq.DEALER),
                                    ("broadcast", "broadcast", zmq.DEALER),
                                    ("iopub", "iopub", zmq.SUB),
                                    ("notification", "notification", zmq.SUB)):
            self.connect(channel, file[name], kind)

    def connect(self, channel, port, kind=zmq.DEALER, identity=None):
        """A connected socket, once the other side has answered the handshake."""
        socket = self.context.socket(kind)
        socket.linger = 0
        if identity is not None:
            socket.identity = identity
        if kind == zmq.SUB:
            socket.subscribe(b"")
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        socket.connect("tcp://127.0.0.1:%d" % port)
        if not monitor.poll(LIMIT * 1000):
            raise RuntimeError("%s: no connection to %s" % (self.cluster.side, channel))
        socket.disable_monitor()
        self.sockets[channel] = socket
        self.poller.register(socket, zmq.POLLIN)

    def close(self):
        self.context.destroy(linger=0)

    def step(self, name, unordered=False):
        self.steps.append(Step(len(self.steps) + 1, name, unordered))

    # Sending.

    def next_id(self, quiet=False):
        self.count[quiet] += 1
        return "%s-%04d" % ("quiet" if quiet else NAME, self.count[quiet])

    def frames(self, kind, content, metadata=None, msg_id=None, buffers=(), key=None,
               parent=b"{}"):
        header = {"msg_id": msg_id or self.next_id(), "msg_type": kind, "username": "tester",
                  "session": NAME, "date": date(), "version": "5.3"}
        parts = [encode(header), parent, encode(metadata or {}), encode(content)]
        signature = hmac.new(key or self.key, b"".join(parts), hashlib.sha256).hexdigest()
        return header["msg_id"], [DELIMITER, signature.encode()] + parts + list(buffers)

    def send(self, channel, kind, content, target=None, msg_id=None, quiet=False, **more):
        """Sends one message; its id. `target`: the engine's name, where one is part of it."""
        msg_id = msg_id or self.next_id(quiet)
        msg_id, frames = self.frames(kind, content, msg_id=msg_id, **more)
        if target is not None:
            frames.insert(0, target.encode())
        self.send_frames(channel, frames, msg_id, quiet)
        return msg_id

    def send_frames(self, channel, frames, msg_id, quiet=False):
        if quiet:
            self.quiet.add(msg_id)
        else:
            self.owner[msg_id] = self.steps[-1]
            self.steps[-1].requests.append(msg_id)
        self.sockets[channel].send_multipart(frames)

    # Receiving.

    def receive(self, timeout):
        for socket, _ in self.poller.poll(timeout * 1000):
            channel = next(name for name, one in self.sockets.items() if one is socket)
            step = self.steps[-1] if self.steps else None
            self.messages.append(Message(channel, socket.recv_multipart(), self.key, step))

    def wait(self, condition, what):
        """Takes messages until `condition()` is true."""
        deadline = time.monotonic() + LIMIT
        while not condition():
            left = deadline - time.monotonic()
            if left < 0:
                raise TimeoutError("waited %d s in vain for %s" % (LIMIT, what))
            self.receive(min(left, 0.5))

    def of(self, msg_id, channel=None, kind=None):
        return [m for m in self.messages
                if m.request == msg_id and (channel is None or m.channel == channel) and
                (kind is None or m.type == kind)]

    def replies(self, msg_id):
        return [m for m in self.of(msg_id) if m.channel != "iopub"]

    def states(self, msg_id, state):
        return [m for m in self.of(msg_id, "iopub", "status")
                if m.content["execution_state"] == state]

    def done(self, msg_id, replies=1, idles=None, busies=0):
        """Waits until a request is answered and its engines have nothing more to say."""
        idles = replies if idles is None else idles
        self.wait(lambda: len(self.replies(msg_id)) >= replies and
                  len(self.states(msg_id, "idle")) >= idles and
                  len(self.states(msg_id, "busy")) >= busies,
                  "%d replies to %s, %d idle engines" % (replies, msg_id, idles))
        return self.replies(msg_id)

    def running(self, msg_id, engines=1):
        self.wait(lambda: len(self.states(msg_id, "busy")) >= engines, msg_id + " to run")

    def notified(self, kind, engine):
        self.wait(lambda: any(m.type == kind and m.content.get("uuid") == engine
                              for m in self.messages), "%s of %s" % (kind, engine))

    # Gates: what runs on an engine goes on when the client says so.

    def gate(self):
        self.gates += 1
        return "gate-%d" % self.gates

    def open(self, gate):
        with open(os.path.join(self.cluster.work, gate), "w"):
            pass

    # The hub.

    def ask(self, kind, content, **more):
        msg_id = self.send("hub", kind, content, **more)
        self.wait(lambda: self.replies(msg_id), "an answer to " + kind)
        return self.replies(msg_id)[0]

    def until(self, kind, content, condition, what):
        """Asks the hub until the answer is as wanted: it may hear of things a little later than
        the client does. Nothing of it is compared."""
        deadline = time.monotonic() + LIMIT
        while True:
            answer = self.ask(kind, content, quiet=True).content
            if condition(answer):
                return answer
            if time.monotonic() > deadline:
                raise TimeoutError("waited %d s in vain for %s; last: %s" % (LIMIT, what, answer))
            self.receive(0.02)

    def mute(self, msg_id):
        """Output of this one is not compared: its engine may not yet have been heard by all."""
        self.muted.add(msg_id)

    def adopt(self, msg_id):
        """What comes for a request the hub made belongs to this step."""
        self.owner[msg_id] = self.steps[-1]

    def known(self, *msg_ids):
        """Waits until the hub has a result for all of them."""
        self.until("result_request", {"msg_ids": list(msg_ids), "status_only": True},
                   lambda a: a["status"] == "ok" and not a["pending"], "results at the hub")

    def recorded(self, msg_id, field, condition):
        """Waits until a field of a task's record is as wanted."""
        self.until("db_request", {"query": {"msg_id": msg_id}, "keys": [field]},
                   lambda a: a["records"] and condition(a["records"][0][field]),
                   "%s of the record of %s" % (field, msg_id))

    def note(self, what):
        """Something else that has to be the same on both sides."""
        self.steps[-1].notes.append(what)
