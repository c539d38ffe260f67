# SPDX-License-Identifier: BSD-3-Clause
"""Where ours is meant to differ from the recorded controller, each with the words of the document
that says so, and what cannot be replayed. An entry that explains nothing is a fault as well."""
import os
import re

from expected import MISSING

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "docs")
BOTH = ("7.1", "9.2")
PROTOCOL, DIFFERENCES = "protocol.md", "ipython-differences.md"


class Deviation:
    """`path` (a pattern) is what differs in a message of type `kind`; `is_meant(recorded, ours)`
    looks at the values, of which MISSING is one that is not there."""

    def __init__(self, text, kind, path, is_meant, document=DIFFERENCES, recordings=BOTH):
        self.text, self.document, self.recordings = text, document, recordings
        self.kind, self.path, self.is_meant = kind, re.compile(path), is_meant

    def __str__(self):
        return "%s: %s, %s" % (self.document, self.text, self.kind)

    def is_documented(self):
        with open(os.path.join(DOCS, self.document)) as file:
            return self.text in " ".join(file.read().split())

    def explains(self, kind, difference):
        return kind == self.kind and self.path.fullmatch(difference.path) and \
            self.is_meant(difference.recorded, difference.ours)


class Answer(Deviation):
    """A message that the recorded controller does not send: `is_it`, to a request on `socket`."""

    def __init__(self, text, step, socket, is_it, document=DIFFERENCES, recordings=BOTH):
        super().__init__(text, None, "", None, document, recordings)
        self.step, self.socket, self.is_it = step, socket, is_it


class LeftOut:
    """Something a recorded peer sent, and nobody sends here."""

    def __init__(self, why, step, kind, recordings=BOTH):
        self.why, self.step, self.kind, self.recordings = why, step, kind, recordings

    def __str__(self):
        return "%s of %s, left out" % (self.kind, self.step)

    def is_documented(self):
        return True

    def is_it(self, line):
        return line.step == self.step and line.type == self.kind


def new(recorded, ours):
    return recorded is MISSING


def gone(recorded, ours):
    return ours is MISSING


def fewer(recorded, ours):
    """Counts, or lists of ids."""
    return set(ours) < set(recorded) if isinstance(ours, list) else ours < recorded


def one_more(recorded, ours):
    return recorded == [] and len(ours) == 1


def known(recorded, ours):
    return recorded is None and ours is not None


def no_engine(got):
    return got.type == "execute_reply" and got.content["ename"] == "EngineError" and \
        got.content["evalue"].startswith("no engine 'no-such-engine'")


DEVIATIONS = [
    Deviation("The hub hands the object on in `connection_reply`", "connection_reply",
              r"content\.ipkit", new, document=PROTOCOL),
    Deviation("counts for ever among the `tasks`", "queue_reply", r"content\.\d+\.tasks", fewer),
    Deviation("what an engine died with in its `queue`", "queue_reply", r"content\.\d+\.queue",
              fewer),
    Deviation("the record of a request whose engine died", "result_reply",
              r"content\.[\w-]+\.(result_metadata|received)", known),
    Deviation("records have no `label`", "db_reply", r"content\.records\[\d+\]\.label", new,
              recordings=("7.1",)),
    Deviation("a reply comes without its engine's name in front", "apply_reply", "idents", one_more,
              recordings=("pure",)),
    Deviation("`load_reply` calls the engines", "load_reply", r"content\.\d+", new),
    Deviation("`load_reply` calls the engines", "load_reply", r"content\.b'.*'", gone),
]
ANSWERS = [
    Answer("or there is no such engine (direct, control and broadcast requests are",
           "mux_unknown_engine", "client.mux", no_engine, document=PROTOCOL),
]
LEFT_OUT = [
    LeftOut("the hub may be gone before the engine's nanny says that its engine is",
            "hub_shutdown", "unregistration_request"),
]
