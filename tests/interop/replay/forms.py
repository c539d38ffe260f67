# SPDX-License-Identifier: BSD-3-Clause
"""What ipyparallel 9 says and 7.1 does not: labels, patterns, headers of version 5.4, an engine
that gets the text of its connection file. Usage: forms.py DIRECTORY"""
import contextlib
import fnmatch
import hashlib
import hmac
import json
import os
import sqlite3
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "differential"))

from client import DELIMITER, Client, date  # noqa: E402
from cluster import OURS, Cluster  # noqa: E402
from played import Played, answer_of  # noqa: E402

ABSENT = object()
LABELS = {"plain": ABSENT, "null": None, "text": "night-run-1", "other text": "night-run-2",
          "day": "day [1]", "empty": "", "dict": {"job": 7, "tags": ["a", {"b": None}]},
          "list": ["a", 1]}
NIGHTLY = ["night-run-1", "night-run-2"]


def label_in(metadata):
    return metadata.get("label", ABSENT)


def labelled(label, **more):
    return more if label is ABSENT else dict(more, label=label)


def check(is_true, *what):
    if not is_true:
        raise AssertionError(" ".join(map(str, what)))


class Client9(Client):
    """Its headers are those of a newer jupyter_client."""

    def frames(self, *arguments, **more):
        msg_id, frames = super().frames(*arguments, **more)
        at = frames.index(DELIMITER)
        parts = frames[at + 2:at + 6]
        parts[0] = json.dumps(dict(json.loads(parts[0]), version="5.4")).encode()
        signature = hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest().encode()
        return msg_id, frames[:at] + [DELIMITER, signature] + parts + frames[at + 6:]


class Forms:
    def __init__(self, directory):
        self.cluster = Cluster(OURS, directory)
        self.client = Client9(self.cluster)
        self.checks = 0
        self.sent = {}  # id of a request that makes a record: its label
        self.client.step("forms")
        self.played = Played(self.client, "engine-of-9")
        self.played.register(0)

    def check(self, is_true, *what):
        check(is_true, *what)
        self.checks += 1

    # Requests to an engine that says in its reply what a newer one does.

    def request(self, channel, name, label, **more):
        """One request, and the answer to it; what the engine saw."""
        metadata = labelled(label, **more)
        target = self.played.name if channel == "mux" else None
        msg_id = self.client.send(channel, "apply_request", {}, target=target, metadata=metadata)
        check(self.played.shell.poll(20000), "no request over", channel, name)
        frames = self.played.shell.recv_multipart()
        at = frames.index(DELIMITER)
        seen = json.loads(frames[at + 4])
        self.check(label_in(seen) == label, channel, name, "the engine sees", seen)
        if channel != "broadcast":
            self.check(seen == metadata, channel, name, "the engine sees", seen)
            self.sent[msg_id] = label
        answer = answer_of(self.played, label=None if label is ABSENT else label,
                           is_broadcast=channel == "broadcast",
                           is_coalescing=seen.get("is_coalescing", False),
                           original_msg_id=seen.get("original_msg_id", ""),
                           started=date())
        self.played.answer(frames[:at], frames[at + 2], answer, {"status": "ok"}, buffers=[b"1"])
        self.client.done(msg_id, idles=0)
        return msg_id, answer

    def labels(self):
        targets = [[self.played.name, 0]]
        for name, label in LABELS.items():
            for channel, more in (
                    ("mux", {}), ("task", {}),
                    ("task", {"after": [], "follow": [], "timeout": 0.0, "targets": [],
                              "retries": 0}),
                    ("broadcast", {"targets": targets, "is_broadcast": True,
                                   "is_coalescing": False}),
                    ("broadcast", {"targets": targets, "is_broadcast": True,
                                   "is_coalescing": True})):
                msg_id, answer = self.request(channel, name, label, **more)
                reply, = self.client.replies(msg_id)
                gathered = {"broadcast_targets": targets} if more.get("is_coalescing") else {}
                self.check(reply.metadata == dict(answer, **gathered), channel, name,
                           "the client sees", reply.metadata)

    # What the hub makes of them.

    def found(self, query, keys=("msg_id", "label")):
        records = self.client.ask("db_request", {"query": query, "keys": list(keys)}).content
        check(records["status"] == "ok", query, records)
        return records["records"]

    def records(self):
        self.client.known(*self.sent)
        found = {record["msg_id"]: record for record in self.found({})}
        for msg_id, label in self.sent.items():
            self.check(found[msg_id]["label"] == (None if label is ABSENT else label),
                       "the record says", found[msg_id])
        whole = {record["msg_id"]: record
                 for record in self.client.ask("db_request", {"query": {}}).content["records"]}
        for msg_id, label in self.sent.items():
            self.check(label_in(whole[msg_id]["metadata"]) == label and
                       "label" in whole[msg_id] and
                       whole[msg_id]["result_metadata"]["label"] == whole[msg_id]["label"],
                       "the whole record says", whole[msg_id])

    def patterns(self):
        texts = [label for label in self.sent.values() if isinstance(label, str)]
        for pattern in ("night-*", "night-run-?", "*[2]", "day [[]1]", "*", "", "no*", "NIGHT-*"):
            wanted = sorted(text for text in texts if fnmatch.fnmatchcase(text, pattern))
            got = [record["label"] for record in self.found({"label": {"$glob": pattern}})
                   if isinstance(record["label"], str)]
            self.check(sorted(got) == wanted, pattern, "finds", got)
        nulls = [record for record in self.found({"label": {"$glob": "*"}})
                 if record["label"] is None]
        self.check(not nulls, "a pattern finds", nulls)
        one = next(iter(self.sent))
        self.check([r["msg_id"] for r in self.found({"msg_id": {"$glob": one[:-1] + "[!a-z]"}})
                    if r["msg_id"] == one] == [one], "a pattern of ids")
        both = self.found({"label": {"$glob": "night-*"}, "queue": {"$glob": "m?x"}},
                          ("label", "queue"))
        self.check(sorted(r["label"] for r in both) == NIGHTLY and
                   {r["queue"] for r in both} == {"mux"}, "two patterns find", both)
        self.check(len(self.found({"label": {"$in": NIGHTLY}})) == 3 * len(NIGHTLY), "$in")

    def file(self):
        """Other programs read it, too."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.cluster.profile,
                                                             "tasks.db"))) as file:
            columns = [row[1] for row in file.execute('PRAGMA table_info("ipython-tasks")')]
            self.check(columns[-1] == "label", "columns:", columns)
            query = 'SELECT count(*) FROM "ipython-tasks" WHERE label LIKE \'%night-run-1%\''
            self.client.wait(lambda: file.execute(query).fetchone()[0] == 3, "three rows")
            self.check(True)

    # An engine that is given text.

    def engine_of_text(self):
        """It has no file to find."""
        empty = os.path.join(self.cluster.directory, "empty")
        os.makedirs(empty)
        text = json.dumps(self.cluster.connection("engine"))
        environment = dict(os.environ, IPYTHONDIR=empty, IPP_CONNECTION_INFO=text)
        program = os.path.join(os.environ["IPKIT_BUILD"], "bin", "ipengine")
        with open(os.path.join(self.cluster.directory, "engine.log"), "wb") as log:
            self.cluster.engines.append(subprocess.Popen(
                [program], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=empty,
                env=environment))
        came = []

        def has_come():
            came[:] = [m.content["uuid"] for m in self.client.messages
                       if m.type == "registration_notification" and m.content["id"] == 1]
            return came
        self.client.wait(has_come, "an engine that has no file")
        return came[0]

    def labels_of_ours(self):
        """Our engine copies labels, and what it runs does not see the text with the key."""
        uuid = self.engine_of_text()
        code = {"code": "import os\nassert 'IPP_CONNECTION_INFO' not in os.environ",
                "silent": True}
        targets = [[uuid, 1]]
        for name, label in LABELS.items():
            for channel, target, more in (
                    ("mux", uuid, {}), ("task", None, {"targets": [uuid]}),
                    ("broadcast", None, {"targets": targets, "is_broadcast": True,
                                         "is_coalescing": name == "dict"})):
                msg_id = self.client.send(channel, "execute_request", code, target=target,
                                          metadata=labelled(label, **more))
                reply = self.reply_of_ours(channel, msg_id)
                self.check(reply.content["status"] == "ok", name, reply.content)
                self.check(label_in(reply.metadata) == (None if label is ABSENT else label),
                           "our engine says", channel, name, reply.metadata)

    def reply_of_ours(self, channel, msg_id):
        """In a broadcast, each engine has an id of its own for the request."""
        def replies():
            return [m for m in self.client.messages if m.channel == channel and
                    msg_id in (m.request, m.metadata.get("original_msg_id"))]
        self.client.wait(replies, "a reply of ours over " + channel)
        return replies()[0]

    def run(self):
        try:
            self.labels()
            self.records()
            self.patterns()
            self.file()
            self.labels_of_ours()
            print("forms: %d labels, %d records, %d checks" % (
                len(LABELS), len(self.sent), self.checks))
        finally:
            self.client.close()
            self.cluster.stop()


Forms(sys.argv[1]).run()
