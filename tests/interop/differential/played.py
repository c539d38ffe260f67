# SPDX-License-Identifier: BSD-3-Clause
"""An engine that is no process: the scenario says what it does, and sees what it gets."""
import zmq

from client import DELIMITER


def answer_of(engine, **more):
    """Metadata of a good reply."""
    return {"status": "ok", "engine": engine.name, "dependencies_met": True, **more}


class Played:
    """An engine that is no process. Its sockets have channels of their own in the record."""

    def __init__(self, client, name):
        self.client, self.name = client, name
        self.ports = client.cluster.connection("engine")
        client.connect(name, self.ports["registration"], identity=name.encode())

    def heard(self, count=1):
        step = self.client.steps[-1]
        self.client.wait(lambda: sum(m.channel == self.name and m.arrived is step
                                     for m in self.client.messages) >= count,
                         "%d messages to %s" % (count, self.name))

    def ask(self, **content):
        self.client.send(self.name, "registration_request", content)
        self.heard()

    def register(self, number):
        """Makes it an engine as good as any."""
        self.ask(uuid=self.name, id=number)
        self.connect(number)

        def registered():
            while self.heart[0].poll(20):  # one beat is enough
                self.heart[1].send(self.heart[0].recv())
            return any(m.type == "registration_notification" and m.content["uuid"] == self.name
                       for m in self.client.messages)
        self.client.wait(registered, self.name + " to be registered")

    def connect(self, number):
        """The other connections, the heart's last."""
        context, name = self.client.context, self.name.encode()
        self.shell = context.socket(zmq.ROUTER)
        self.shell.identity = name
        ports = [self.ports["mux"], self.ports["task"]]
        ports.append(self.ports["broadcast"][number % len(self.ports["broadcast"])])
        for port in ports:
            self.shell.connect("tcp://127.0.0.1:%d" % port)
        ping, pong = context.socket(zmq.SUB), context.socket(zmq.DEALER)
        ping.subscribe(b"")
        pong.identity = name
        ping.connect("tcp://127.0.0.1:%d" % self.ports["hb_ping"])
        pong.connect("tcp://127.0.0.1:%d" % self.ports["hb_pong"])
        self.heart = (ping, pong)

    def request(self):
        """The routing frames and the header of the next request."""
        if not self.shell.poll(20000):
            raise TimeoutError("no request comes to " + self.name)
        frames = self.shell.recv_multipart()
        at = frames.index(DELIMITER)
        return frames[:at], frames[at + 2]

    def answer(self, idents, header, metadata, content, key=None, buffers=()):
        _, frames = self.client.frames("apply_reply", content, metadata=metadata, parent=header,
                                       key=key, buffers=buffers)
        self.shell.send_multipart(idents + frames)

    def reply(self, request, content=None, buffers=(), **more):
        """A good reply to what request() gave."""
        self.answer(*request, answer_of(self, **more), content or {"status": "ok"},
                    buffers=buffers)


def requests(engines, count):
    """The next `count` requests, by engine: {name: [(idents, header)]}."""
    poller = zmq.Poller()
    for engine in engines:
        poller.register(engine.shell, zmq.POLLIN)
    got = {engine.name: [] for engine in engines}
    while sum(map(len, got.values())) < count:
        ready = dict(poller.poll(20000))
        if not ready:
            raise TimeoutError("only %s" % got)
        for engine in engines:
            if engine.shell in ready:
                got[engine.name].append(engine.request())
    return got
