# SPDX-License-Identifier: BSD-3-Clause
"""Everybody who talks to the controller, by their sockets: one for each connection of the
recording, with its identity. Hearts beat while somebody waits."""
import hashlib
import hmac
import time

import zmq

from recording import DELIMITER, Message

LIMIT = 20  # seconds anything may take
KINDS = {"hub": zmq.DEALER, "client.iopub": zmq.SUB, "client.notification": zmq.SUB,
         "client.mux": zmq.DEALER, "client.task": zmq.DEALER, "client.control": zmq.DEALER,
         "client.broadcast": zmq.DEALER, "engine.iopub": zmq.XPUB}
SHELL = ("mux", "task", "control")


def key_of(line):
    """Whose socket a line of the recording belongs to."""
    if line.socket == "hub.registration":
        return ("hub", line.conn)
    if line.socket in ("client.iopub", "client.notification"):
        return (line.socket, None)
    if line.socket == "engine.iopub":
        return (line.socket, line.header["session"].encode())
    if line.socket.startswith("engine."):
        return (line.socket, line.receiver_id if line.is_delivery else line.sender_id)
    return (line.socket, line.conn)


class Arrival(Message):
    """One that came. A ROUTER says whose it is: the frame in front."""

    def __init__(self, socket, frames, key):
        self.came_from = frames.pop(0) if socket.type == zmq.ROUTER else None
        super().__init__(frames)
        wanted = hmac.new(key, b"".join(self.parts), hashlib.sha256).hexdigest().encode()
        self.is_signed = self.signature == wanted


class Engine:
    """The connections of one."""

    def __init__(self, keys, ping, pong):
        self.keys, self.ping, self.pong = keys, ping, pong
        self.beats, self.is_frozen = 0, False


class Peers:
    def __init__(self, cluster, key):
        self.cluster, self.key = cluster, key
        self.context, self.poller = zmq.Context(), zmq.Poller()
        self.client_file, self.engine_file = map(cluster.connection, ("client", "engine"))
        self.sockets, self.names, self.engines, self.hearts = {}, {}, {}, {}
        self.arrivals = {}  # key: those that nobody has asked for yet

    def close(self):
        self.context.destroy(linger=0)

    # Connections.

    def connect(self, key, identity=None):
        """The socket of `key`, connected: the controller has answered the handshake."""
        if key in self.sockets:
            return self.sockets[key]
        socket = self._open(KINDS.get(key[0], zmq.ROUTER), self._port(key[0]), identity)
        self.sockets[key], self.names[socket], self.arrivals[key] = socket, key, []
        if socket.type == zmq.XPUB:
            if not socket.poll(LIMIT * 1000) or socket.recv() != b"\x01":
                raise TimeoutError("nobody subscribes to %s" % (key,))
        self.poller.register(socket, zmq.POLLIN)
        return socket

    def _port(self, name):
        if name == "hub":
            return self.client_file["registration"]
        side, _, name = name.partition(".")
        name, _, number = name.partition("[")
        port = (self.client_file if side == "client" else self.engine_file)[name]
        return port[int(number[:-1])] if number else port

    def _open(self, kind, port, identity):
        socket = self.context.socket(kind)
        socket.linger = 0
        if identity:
            socket.identity = identity
        if kind == zmq.SUB:
            socket.subscribe(b"")
        if kind == zmq.ROUTER:
            socket.router_mandatory = True
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        socket.connect("tcp://127.0.0.1:%d" % port)
        if not monitor.poll(LIMIT * 1000):
            raise TimeoutError("no connection to port %d" % port)
        socket.disable_monitor()
        return socket

    def engine_lives(self, uuid, sockets):
        """All connections of an engine, the heart's last."""
        keys = [(name, uuid) for name in sorted(sockets)]
        for key in keys:
            self.connect(key, None if key[0] == "engine.iopub" else uuid)
        ping = self._open(zmq.SUB, self.engine_file["hb_ping"], None)
        pong = self._open(zmq.DEALER, self.engine_file["hb_pong"], uuid)
        self.engines[uuid] = self.hearts[ping] = Engine(keys, ping, pong)
        self.poller.register(ping, zmq.POLLIN)

    def engine_dies(self, uuid):
        engine = self.engines.pop(uuid)
        for socket in [self.sockets.pop(key) for key in engine.keys] + [engine.ping, engine.pong]:
            if socket in self.poller:
                self.poller.unregister(socket)
            socket.close()
        self.hearts.pop(engine.ping)

    # Receiving.

    def receive(self, timeout):
        for socket, _ in self.poller.poll(timeout * 1000):
            if socket in self.hearts:
                self._beat(self.hearts[socket])
                continue
            frames = socket.recv_multipart()
            if DELIMITER in frames:
                self.arrivals[self.names[socket]].append(Arrival(socket, frames, self.key))

    @staticmethod
    def _beat(engine):
        ping = engine.ping.recv()
        if not engine.is_frozen:
            engine.pong.send(ping)
            engine.beats += 1

    def wait(self, condition, what):
        """What `condition` returns, as soon as that is something; `what()`: for the complaint."""
        deadline = time.monotonic() + LIMIT
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError("%d s in vain: %s" % (LIMIT, what()))
            if self.cluster.controller.poll() is not None:
                raise TimeoutError("the controller has ended: %s" % what())
            self.receive(0.1)

    def take(self, key, is_it, what):
        """The first arrival at `key` that is it."""
        def look():
            for arrival in self.arrivals[key]:
                if is_it(arrival):
                    self.arrivals[key].remove(arrival)
                    return arrival
            return None
        return self.wait(look, what)

    def left(self):
        """What came and was not expected."""
        self.receive(0)
        return [(key, arrival) for key, some in self.arrivals.items() for arrival in some]
