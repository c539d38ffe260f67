# SPDX-License-Identifier: BSD-3-Clause
"""What a recording says: its session, and its messages in order."""
import base64
import glob
import json
import os

DELIMITER = b"<IDS|MSG>"


def bytes_of(text):
    """What was on the wire, of "utf8:TEXT" or "b64:BASE64"."""
    kind, _, rest = text.partition(":")
    return base64.b64decode(rest) if kind == "b64" else rest.encode()


class Message:
    """The frames of one message, taken apart."""

    def __init__(self, frames):
        at = frames.index(DELIMITER)
        self.idents, self.body = frames[:at], frames[at:]
        self.signature, self.parts, self.buffers = frames[at + 1], frames[at + 2:at + 6], \
            frames[at + 6:]
        self.header, self.parent, self.metadata, self.content = map(json.loads, self.parts)
        self.type = self.header["msg_type"]

    def __str__(self):
        return "%s %s (of %s) %s" % (self.type, self.header.get("msg_id"),
                                     self.parent.get("msg_id"), json.dumps(self.content)[:300])


class Line(Message):
    """One message of the recording."""

    def __init__(self, line, number):
        super().__init__([bytes_of(frame) for frame in line["frames"]])
        self.number = number
        self.step, self.socket, self.sender, self.conn = (
            line[key] for key in ("step", "socket", "from", "conn"))
        self.sender_id, self.receiver_id = (
            bytes_of(line[key]) if line.get(key) else None for key in ("from_id", "to_id"))
        self.is_delivery = self.sender == "controller"
        self.relay = None  # of what a peer sent: the line that has the same, passed on

    def where(self):
        return "%s, line %d, %s" % (self.step, self.number, self.socket)


class Freeze:
    """From here on an engine lives, but its heart does not beat."""

    def __init__(self, uuid, step):
        self.uuid, self.step = uuid, step


class Beat:
    """An engine's heart beats at this point, as it did then."""

    def __init__(self, uuid, step):
        self.uuid, self.step = uuid, step


class Recording:
    """All of it. `engines`: the uuids of those that no line registers, by their number."""

    def __init__(self, directory):
        self.directory = directory
        session = os.path.join(directory, "session.json")
        if os.path.isfile(directory):
            with open(directory) as file:
                self.session, *lines = map(json.loads, file)
        else:
            with open(session) as file:
                self.session = json.load(file)
            with open(os.path.join(directory, "capture.jsonl")) as file:
                lines = list(map(json.loads, file))
        self.key = self.session["hmac_key"].encode()
        self.events = self._events(lines)
        self.lines = [event for event in self.events if isinstance(event, Line)]
        self._without_the_hubs_own()
        self._find_relays()
        self.engines = self._engines_before()
        self.peers = {line.header["session"] for line in self.lines
                      if line.sender in ("client", "engine")}
        self.controllers = {line.header["session"] for line in self.lines
                            if line.is_delivery} - self.peers

        self.sent = {line.header["msg_id"]: line for line in self.lines if not line.is_delivery}

    def kind(self):
        """ "7.1", "9.2", …; of one that shows a single thing: what that is."""
        if "ipyparallel" in self.session:
            return ".".join(self.session["ipyparallel"].split(".")[:2])
        return "pure" if self.scheme() == "pure" else "depth %d" % self.depth()

    def has_end(self):
        """Whether the controller is asked to end."""
        return any(line.type == "shutdown_notification" for line in self.lines)

    def scheme(self):
        return self.session["client_file"]["task_scheme"]

    def depth(self):
        """Of the tree that broadcasts: it has 2**depth leaves."""
        return len(self.session["engine_file"]["broadcast"]).bit_length() - 1

    def _events(self, lines):
        """What peers and controller said to each other; where a heart stops."""
        beats, stops, events = {}, {}, []
        for number, line in enumerate(lines, 1):
            if line["socket"] == "engine.hb_pong":
                uuid = bytes_of(line["from_id"])
                if beats.get(uuid, ("",))[0] != line["step"]:
                    events.append(Beat(uuid, line["step"]))
                beats[uuid] = (line["step"], len(events))
            elif line.get("msg_type") == "stopped_heart":
                for uuid in Message(list(map(bytes_of, line["frames"]))).content["hearts"]:
                    step, at = beats.get(uuid.encode(), ("", 0))
                    if step == line["step"]:
                        stops[at] = Freeze(uuid.encode(), step)
            elif line["socket"] != "engine.hb_ping" and not line["socket"].startswith("internal"):
                events.append(Line(line, number))
        for at in sorted(stops, reverse=True):
            events.insert(at, stops[at])
        return events

    def _without_the_hubs_own(self):
        """The reference's hub is a client of its own task scheduler: no peer for us to play."""
        hubs = {line.header["session"] for line in self.lines
                if line.socket == "hub.registration" and line.is_delivery}
        own = {line.conn for line in self.lines if not line.is_delivery and
               line.header["msg_id"].rsplit("_", 2)[0] in hubs}
        self.lines = [line for line in self.lines if line.conn not in own]
        self.events = [event for event in self.events
                       if not isinstance(event, Line) or event.conn not in own]

    def _find_relays(self):
        sent = {}
        for line in self.lines:
            if not line.is_delivery:
                sent.setdefault(line.signature, line)
            elif line.signature in sent and sent[line.signature].relay is None:
                sent[line.signature].relay = line
        self.relayed = {line.number for line in self.lines
                        if line.is_delivery and line.signature in sent}

    def _engines_before(self):
        registered = {line.sender_id for line in self.lines if line.type == "registration_request"}
        found = {line.receiver_id: None for line in self.lines
                 if line.is_delivery and line.socket.startswith("engine.")}
        for line in self.lines:
            if line.socket == "client.broadcast" and not line.is_delivery:
                found.update((uuid.encode(), number) for uuid, number in line.metadata["targets"]
                             if uuid.encode() in found)
        uuids = [uuid for uuid in found if uuid not in registered]
        return sorted(uuids, key=lambda uuid: found[uuid] or 0)


def recordings(path):
    """A directory may be one recording, or hold several in a file each."""
    if os.path.exists(os.path.join(path, "session.json")):
        return [Recording(path)]
    return [Recording(file) for file in sorted(glob.glob(os.path.join(path, "*.jsonl")))]
