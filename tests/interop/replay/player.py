# SPDX-License-Identifier: BSD-3-Clause
"""Plays a recording: sends what its peers sent, in their order, each message when all that came
before it in the recording has come, and compares what comes."""
import hashlib
import hmac
import json
import time

from expected import Comparison
from peers import LIMIT, Peers, key_of
from recording import DELIMITER, Beat, Freeze

READERS = {"queue_request", "result_request", "history_request", "db_request", "load_request"}


class Player:
    def __init__(self, recording, cluster, table):
        self.recording, self.cluster = recording, cluster
        self.peers = Peers(cluster, recording.key)
        self.comparison = Comparison(recording, table)
        self.problems, self.steps = [], []
        self.sent = self.compared = self.beats = 0
        self.more = 0  # output passed on as sent, which the recording does not show
        self.done = set()  # numbers of lines that need not be looked at any more
        self.routes = {}  # (socket, recorded routing frames): ours
        self.ids = {}  # engine id: uuid
        self.questions = 0  # of our own

    # The whole.

    def play(self):
        self.peers.connect(("client.iopub", None))
        self.peers.connect(("client.notification", None))
        self._question(self._hub(), "connection_request", {})
        for number, uuid in enumerate(self.recording.engines):
            self._introduce(number, uuid)
        for event in self.recording.events:
            if event.step not in self.steps:
                self.steps.append(event.step)
            if isinstance(event, Freeze):
                self.peers.engines[event.uuid].is_frozen = True
            elif isinstance(event, Beat):
                self._beats(self.peers.engines[event.uuid])
            elif event.is_delivery:
                self._expect(event)
            elif not self.comparison.is_left_out(event):
                self._send(event)
        self._end()

    def _end(self):
        """What else comes is wrong. Nothing does after the controller's end, nor, on a
        connection, after the answer to what we asked last."""
        if self.recording.has_end():
            status = self.cluster.ended()["exit status"]
            if status != 0:
                self.problems.append("the controller ends with %d" % status)
        else:
            for key in [key for key in self.peers.sockets if key[0] == "client.task"]:
                self._question_a_task(self.peers.sockets[key])
        self.problems += ["not in the recording: %s: %s" % one for one in self.peers.left()]
        self.problems += self.comparison.vain()

    def _beats(self, engine):
        before = engine.beats
        self.peers.wait(lambda: engine.beats > before, lambda: "a heartbeat")
        self.beats += 1

    # What comes.

    def _expect(self, line):
        """Waits for what this line says, and compares it."""
        if line.number in self.done:
            return
        self.done.add(line.number)
        key = key_of(line)
        got = self.peers.take(key, lambda one: self.comparison.is_it(line, one),
                              lambda: "%s: %s\nbut: %s" % (line.where(), line, self._instead()))
        self.compared += 1
        found = self.comparison.differences(line, got)
        found += self._routing(line, got, key)
        self.problems += ["%s: %s" % (line.where(), text) for text in found]
        self._after_delivery(line)

    def _instead(self):
        return "\n     ".join("%s: %s" % one for one in self.peers.left()) or "nothing"

    def _routing(self, line, got, key):
        """The frames in front of what an engine gets: the controller's name is as recorded,
        made-up ones always stand for the same."""
        if not line.socket.startswith("engine."):
            return []
        problems = []
        if got.came_from != line.sender_id:
            problems.append("from %s instead of %s" % (got.came_from, line.sender_id))
        known = self.routes.setdefault((key, tuple(line.idents)), got.idents)
        # The reference's broadcasts go through a tree, and each node has a name.
        nodes = sum(frame.startswith(b"sub_scheduler_") for frame in line.idents)
        lengths = (len(line.idents), len(line.idents) - nodes)
        if known != got.idents or len(known) not in lengths:
            problems.append("frames in front: %s, not %s" % (got.idents, known))
        return problems

    def _after_delivery(self, line):
        if line.type == "registration_reply" and line.content["status"] == "ok":
            self._engine_lives(line.content["id"], line.receiver_id)
        elif line.socket in ("engine.mux", "engine.task"):
            self._heard(line.header["msg_id"], "pending")
        elif line.socket in ("client.mux", "client.task"):
            self._heard(line.parent["msg_id"], "completed")

    def _engine_lives(self, number, uuid):
        """It connects, if it is one that does."""
        self.ids[number] = uuid
        sockets = {socket for socket, owner in map(key_of, self.recording.lines) if owner == uuid}
        if sockets:
            self.peers.engine_lives(uuid, sockets)

    # What is sent.

    def _send(self, line):
        if line.type == "unregistration_request" and not line.sender_id:
            self._dies(line.content["id"])
        if line.socket == "hub.registration" and line.type in READERS:
            self._ask_before(line)
        key = key_of(line)
        socket = self.peers.connect(key, line.sender_id)
        frames = self._idents(line, key) + self._body(line)
        socket.send_multipart(frames)
        self.sent += 1
        self._wait_for_relay(line, frames)
        if not self._answer(line, key):
            self._fence(line, socket)

    def _dies(self, number):
        """It is its nanny who says so: the process has ended."""
        self.peers.engine_dies(self.ids[number])

    def _idents(self, line, key):
        if not line.socket.startswith("engine.") or line.socket == "engine.iopub":
            return line.idents
        return [line.receiver_id] + self.routes[(key, tuple(line.idents))]

    def _body(self, line):
        """As recorded; signed anew only if it names a request that the controller made."""
        parts = [self.comparison.renamed_text(part) for part in line.parts]
        if parts == line.parts:
            return line.body
        return self._signed(parts) + line.buffers

    def _signed(self, parts):
        signature = hmac.new(self.recording.key, b"".join(parts), hashlib.sha256).hexdigest()
        return [DELIMITER, signature.encode()] + parts

    def _wait_for_relay(self, line, frames):
        """What is passed on at once is waited for: nothing overtakes it then."""
        if line.socket == "engine.iopub" and line.relay is None:
            self.peers.take(("client.iopub", None), lambda one: one.idents + one.body == frames,
                            lambda: "output of " + line.where())
            self.more += 1
        elif line.relay is not None and (line.sender == "engine" or
                                         line.socket in ("client.mux", "client.control")):
            self._expect(line.relay)

    def _fence(self, line, socket):
        """After what has no answer: a question on the same connection has one, and when it is
        there, the other would be."""
        if any(other.is_delivery and other.conn == line.conn and other.number > line.number
               for other in self.recording.lines):
            return
        if line.socket == "hub.registration":
            self._question(socket, "connection_request", {})
        elif line.socket == "client.task":
            self._question_a_task(socket)

    def _answer(self, line, key):
        """Waits for what ours says where the recorded controller is silent, if it does."""
        answer = self.comparison.answer_to(line)
        if answer is not None:
            self.peers.take(key, answer.is_it, lambda: "the answer to " + line.where())
        return answer

    # Questions of our own: to the hub, which hears of things a little later.

    def _hub(self):
        return self.peers.connect(("hub", "ours"))

    def _tell(self, socket, kind, content, metadata=None):
        self.questions += 1
        msg_id = "question-%d" % self.questions
        header = {"msg_id": msg_id, "msg_type": kind, "username": "replay",
                  "session": "replay", "date": "2026-01-01T00:00:00.000000Z", "version": "5.3"}
        parts = [json.dumps(part).encode() for part in (header, {}, metadata or {}, content)]
        socket.send_multipart(self._signed(parts))
        return msg_id

    def _question(self, socket, kind, content, metadata=None):
        msg_id = self._tell(socket, kind, content, metadata)
        return self.peers.take(self.peers.names[socket],
                               lambda one: one.parent.get("msg_id") == msg_id,
                               lambda: "an answer to " + kind)

    def _question_a_task(self, socket):
        """It is answered at once that nothing can come of this."""
        self._question(socket, "apply_request", {}, {"after": ["nobody has that id"]})

    def _ask_before(self, line):
        """Asks until the hub knows what it knew when the recorded request came; if it never does,
        the answer to that request will tell."""
        content = json.loads(self.comparison.renamed_text(line.parts[3]))
        answer = next(other for other in self.recording.lines if other.is_delivery and
                      other.parent.get("msg_id") == line.header["msg_id"])
        self._until(line.type, content,
                    lambda got: not self.comparison.differences_of_content(answer, got))

    def _heard(self, msg_id, state):
        """Waits until the hub has heard of a request or its end: it hears of direct ones and of
        tasks from different sides, and lists them in the order in which it does."""
        if msg_id not in self.comparison.names and not self._until(
                "result_request", {"msg_ids": [msg_id], "status_only": True},
                lambda got: msg_id in got.content.get(state, ())):
            self.problems.append("%s: the hub does not know that it is %s" % (msg_id, state))

    def _until(self, kind, content, condition):
        deadline = time.monotonic() + LIMIT / 4
        while not condition(self._question(self._hub(), kind, content)):
            if time.monotonic() > deadline:
                return False
            self.peers.receive(0.01)
        return True

    def _introduce(self, number, uuid):
        """An engine that was there before the recording."""
        socket = self.peers.connect(("hub", uuid), uuid)
        self._tell(socket, "registration_request", {"uuid": uuid.decode(), "id": number})
        self.peers.take(("hub", uuid), lambda one: one.type == "registration_reply",
                        lambda: "a number for an engine")
        self._engine_lives(number, uuid)
        self.peers.take(("client.notification", None),
                        lambda one: one.content.get("uuid") == uuid.decode(),
                        lambda: "news of an engine")
