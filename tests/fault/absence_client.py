# SPDX-License-Identifier: BSD-3-Clause
# absence_client.py SECURITY PIDFILE LOG ENGINE: a client that keeps its identity asks an engine
# (the process ENGINE) for something long, kills the controller, starts another, and waits for the
# answer there. Prints "one answer" if that is what came, in time and once.
import hashlib
import hmac
import json
import os
import select
import signal
import subprocess
import sys
import time

import zmq

LIMIT = 12
SECURITY, PIDFILE, LOG = sys.argv[1:4]
ENGINE = int(sys.argv[4])


def wait_until(condition, what):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def kill(pid):
    """Kills a process and waits for its end."""
    handle = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([handle], [], [], LIMIT)[0], "it does not end"
    os.close(handle)


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
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        socket.connect("tcp://127.0.0.1:%d" % self.file[port])
        assert monitor.poll(LIMIT * 1000), "no connection to " + port
        monitor.recv_multipart()
        socket.disable_monitor()
        return socket

    def send(self, socket, kind, content, to=()):
        self.count += 1
        header = {"msg_id": "%s-%d" % (kind, self.count), "msg_type": kind, "username": "u",
                  "session": "somebody", "date": "2026-01-01T00:00:00Z", "version": "5.3"}
        parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
        signature = hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest().encode()
        socket.send_multipart([*to, b"<IDS|MSG>", signature, *parts])

    def answer(self, seconds):
        """Status of the next one; None if none comes in time."""
        if not self.socket.poll(1000 * seconds):
            return None
        frames = self.socket.recv_multipart()
        return json.loads(frames[frames.index(b"<IDS|MSG>") + 5])["status"]

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
    code = ("open(%r, 'w')\nimport os, time\nwhile not os.path.exists(%r): time.sleep(0.01)\n"
            "open(%r, 'w')" % tuple(world + name for name in ("/runs", "/go", "/done")))
    first.send(first.socket, "execute_request", {"code": code, "silent": True},
               [first.engine()])
    wait_until(lambda: os.path.exists(world + "/runs"), "it does not run")
    with open(PIDFILE) as file:
        kill(int(file.read()))
    open(world + "/go", "w").close()
    # It has to find us there when it comes: an answer to nobody is dropped.
    wait_until(lambda: os.path.exists(world + "/done"), "it does not end")
    os.kill(ENGINE, signal.SIGSTOP)
    with open(LOG, "w") as log:
        process = subprocess.Popen(["ipcontroller", "--ping=250"], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log)
    with open(PIDFILE, "w") as file:
        print(process.pid, file=file)
    wait_until(lambda: "READY" in open(LOG).read(), "no controller")
    second = Channel(context)
    os.kill(ENGINE, signal.SIGCONT)
    wait_until(second.engine, "no engine")
    got = [second.answer(LIMIT), second.answer(1)]
    print("one answer" if got == ["ok", None] else got)


main()
