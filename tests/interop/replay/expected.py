# SPDX-License-Identifier: BSD-3-Clause
"""Whether what comes is what the recording has."""
import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?$")
ASIDE = {"hb_period", "traceback"}  # but for their types
MISSING = "nothing"


class Difference:
    """What is not the same."""

    def __init__(self, path, recorded, ours):
        self.path, self.recorded, self.ours = path, recorded, ours

    def __str__(self):
        return "%s: %.300r instead of %.300r" % (self.path, self.ours, self.recorded)


def is_gathered(line):
    """One answer for all engines that a broadcast went to."""
    return line.socket == "client.broadcast" and "broadcast_targets" in line.metadata


class Gathered:
    """What a gathered answer is to be if `last` is what the last engine sent: in a tree that may
    be another one each time. The order of the others does not matter either."""

    def __init__(self, line, last, got):
        self.type, self.header, self.parent, self.content = line.type, last.header, last.parent, \
            last.content
        targets = line.metadata["broadcast_targets"]
        if sorted(got.metadata["broadcast_targets"]) == sorted(targets):
            targets = got.metadata["broadcast_targets"]
        self.metadata = dict(last.metadata, broadcast_targets=targets)
        self.buffers = got.buffers if sorted(got.buffers) == sorted(line.buffers) else line.buffers


class Comparison:
    def __init__(self, recording, table):
        kind = recording.kind()
        self.recording = recording
        self.names = {}  # ids the recorded controller made: those ours made
        self.deviations, self.answers, self.left_out = (
            [one for one in some if kind in one.recordings]
            for some in (table.DEVIATIONS, table.ANSWERS, table.LEFT_OUT))
        self.used = set()

    # The tables.

    def is_left_out(self, line):
        found = [one for one in self.left_out if one.is_it(line)]
        self.used.update(found)
        return bool(found)

    def answer_to(self, line):
        """The entry about an answer of ours where the recording has none."""
        found = [one for one in self.answers
                 if (one.step, one.socket) == (line.step, line.socket)]
        self.used.update(found)
        return found[0] if found else None

    def _undeviated(self, line, found):
        """What nobody has written down."""
        left = []
        for difference in found:
            meant = [one for one in self.deviations if one.explains(line.type, difference)]
            self.used.update(meant)
            if not meant:
                left.append(difference)
        return left

    def vain(self):
        """What is written down and is not so, or not there."""
        entries = self.deviations + self.answers + self.left_out
        return ["nothing differs as here: %s" % one for one in entries if one not in self.used] + \
            ["not in the documents: %s" % one for one in entries if not one.is_documented()]

    # Ids.

    def renamed(self, text):
        return self.names.get(text, text)

    def renamed_text(self, part):
        for recorded, ours in self.names.items():
            part = part.replace(b'"%s"' % recorded.encode(), b'"%s"' % ours.encode())
        return part

    def _is_made(self, text):
        """An id of the recorded controller's, or of a message it made."""
        return text.rsplit("_", 2)[0] in self.recording.controllers

    # Messages.

    def is_it(self, line, got):
        if line.number in self.recording.relayed:
            return got.signature == line.signature
        if got.type != line.type or got.content.get("uuid") != line.content.get("uuid"):
            return False
        if is_gathered(line):
            return line.metadata["original_msg_id"] == got.metadata.get("original_msg_id")
        if line.header["session"] in self.recording.peers and \
                got.header["msg_id"] != self.renamed(line.header["msg_id"]):
            return False
        return got.parent.get("msg_id") == self.renamed(line.parent.get("msg_id"))

    def differences(self, line, got):
        found = [] if got.is_signed else [Difference("signature", line, got)]
        if line.socket.startswith("client.") and got.idents != line.idents:
            found.append(Difference("idents", line.idents, got.idents))
        if line.number in self.recording.relayed:
            if got.body != line.body:
                found.append(Difference("passed on", line, got))
            return self._undeviated(line, found)
        wanted = Gathered(line, self.recording.sent[got.header["msg_id"]], got) \
            if is_gathered(line) and got.header["msg_id"] != line.header["msg_id"] else line
        for part in ("header", "parent", "metadata"):
            self._compare(getattr(wanted, part), getattr(got, part), part, found)
        return self._undeviated(line, found) + self.differences_of_content(wanted, got)

    def differences_of_content(self, line, got):
        found = []
        self._compare(line.content, got.content, "content", found)
        if line.buffers != got.buffers:
            found.append(Difference("buffers", line.buffers, got.buffers))
        return self._undeviated(line, found)

    def _compare(self, wanted, got, path, found):
        if isinstance(wanted, dict) and isinstance(got, dict):
            wanted = {self.renamed(key): value for key, value in wanted.items()}
            for key in sorted(wanted.keys() | got.keys()):
                if key not in got or key not in wanted:
                    found.append(Difference(path + "." + key, wanted.get(key, MISSING),
                                            got.get(key, MISSING)))
                elif key not in ASIDE or type(wanted[key]) is not type(got[key]):
                    self._compare(wanted[key], got[key], path + "." + key, found)
        elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
            for number, (one, other) in enumerate(zip(wanted, got)):
                self._compare(one, other, "%s[%d]" % (path, number), found)
        elif not self._is_same(wanted, got, path):
            found.append(Difference(path, wanted, got))

    def _is_same(self, wanted, got, path):
        if isinstance(wanted, str) and isinstance(got, str):
            if TIME.match(wanted):
                return bool(TIME.match(got))
            if path.startswith("parent"):  # that was known before
                return self.renamed(wanted) == got
            if self._is_made(wanted):
                return self.names.setdefault(wanted, got) == got
        if ".connection_info." in path and type(wanted) is type(got) is int:
            return True  # a port
        return wanted == got
