# SPDX-License-Identifier: BSD-3-Clause
# absence_client.py SECURITY PIDFILE LOG: a client that keeps its identity asks an engine for
# something long, kills the controller, starts another, and waits for the answer there. Prints
# "one answer" if that is what came, in time and once.
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time

import zmq

LIMIT = 12
SECURITY, PIDFILE, LOG = sys.argv[1:]


def wait_until(condition, what):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class Channel:
    """The mux of the controller that is there, with an identity of our choice."""

    def __init__(self, context):
        self.count = 0
        with open(os.path.join(SECURITY, "ipcontroller-client.json")) as file:
            self.file = json.load(file)
        self.key = self.file["key"].encode()
        self.socket = self.open(context, "mux", b"somebody")
        self.hub = self.open(context, "registration", b"somebody")

    def open(self, context, port, identity):
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        socket.identity = identity
        socket.connect("tcp://127.0.0.1:%d" % self.file[port])
        return socket

    def send(self, socket, kind, content, to=()):
        self.count += 1
        header = {"msg_id": "%s-%d" % (kind, self.count), "msg_type": kind, "username": "u",
                  "session": "somebody", "date": "2026-01-01T00:00:00Z", "version": "5.3"}
        parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
        signature = hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest().encode()
        socket.send_multipart([*to, b"<IDS|MSG>", signature, *parts])

    def answers(self, milliseconds):
        while self.socket.poll(milliseconds):
            frames = self.socket.recv_multipart()
            yield json.loads(frames[frames.index(b"<IDS|MSG>") + 5])

    def engine(self):
        self.send(self.hub, "connection_request", {})
        assert self.hub.poll(LIMIT * 1000), "no answer of the hub"
        frames = self.hub.recv_multipart()
        engines = json.loads(frames[frames.index(b"<IDS|MSG>") + 5])["engines"]
        return list(engines.values())[0].encode() if engines else None


def main():
    context = zmq.Context()
    world = os.environ["WORLD"]
    first = Channel(context)
    code = ("open(%r, 'w')\nimport os, time\nwhile not os.path.exists(%r): time.sleep(0.01)"
            % (world + "/runs", world + "/go"))
    first.send(first.socket, "execute_request", {"code": code, "silent": True},
               [first.engine()])
    wait_until(lambda: os.path.exists(world + "/runs"), "it does not run")
    with open(PIDFILE) as file:
        os.kill(int(file.read()), signal.SIGKILL)
    open(world + "/go", "w").close()
    with open(LOG, "w") as log:
        process = subprocess.Popen(["ipcontroller", "--ping=250"], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log)
    with open(PIDFILE, "w") as file:
        print(process.pid, file=file)
    wait_until(lambda: "READY" in open(LOG).read(), "no controller")
    second = Channel(context)
    # The engine comes to the hub when all its connections stand: until then we have to be there.
    wait_until(second.engine, "no engine")
    got = [answer["status"] for answer in second.answers(2000)]
    print("one answer" if got == ["ok"] else got)


main()
