# SPDX-License-Identifier: BSD-3-Clause
"""What came, without what differs from run to run: times, ports, made-up ids. These get names by
what they belong to, so that the same thing has the same name on both sides."""
import re

from client import NAME

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?$")
MADE_UP = re.compile(r"([\w-]+_\d+_\d+|[0-9a-f]{8}-[0-9a-f]{24,}[\w-]*)$")
NOISE = ((re.compile(r"\x1b\[[0-9;]*m"), ""), (re.compile(r"0x[0-9a-f]+"), "0x…"),
         (re.compile(r"ipykernel_\d+"), "ipykernel_…"),
         (re.compile(r"Cell In \[\d+\]"), "Cell In […]"))
ENGINES = re.compile(r"engine-\d+_\d+_\d+$")
OURS = re.compile(r"(%s|engine-\d+|nobody)" % NAME)


class Names:
    """The made-up ids of one side."""

    def __init__(self, messages):
        self.known, self.others = {}, 0
        # The same id may come twice: a reply, and the hub's record of it.
        for message in messages:
            made = message.header["msg_id"]
            if message.channel != "iopub" and message.request:
                self.known.setdefault(made, "<%s to %s>" % (message.type, message.request))

    def of(self, text):
        if text not in self.known:
            self.others += 1
            self.known[text] = "<id %d>" % self.others
        return self.known[text]


def normal_text(text, names):
    if TIME.match(text):
        return "<time>"
    if text in names.known or ENGINES.match(text) or (
            MADE_UP.match(text) and not OURS.match(text)):
        return names.of(text)
    # Ids in the middle of a sentence, or with quotes around.
    for pattern, instead in NOISE:
        text = pattern.sub(instead, text)
    return text


def normal(value, names):
    if isinstance(value, str):
        return normal_text(value, names)
    if isinstance(value, list):
        return [normal(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    made = {normal_text(key, names): normal(item, names) for key, item in value.items()}
    if made.get("traceback") and made.get("engine_info") == {}:
        # Of the controller, or of the engine's nanny: lines of its program.
        made["traceback"] = "<text>" if all(isinstance(s, str) for s in made["traceback"]) else "?"
    if made.get("ename") == "KeyboardInterrupt":
        made["traceback"] = "<text>"  # where it was interrupted is chance
    if isinstance(made.get("unassigned"), list):
        made["unassigned"].sort()  # a set
    if "connection_info" in made:
        info = made["connection_info"]
        made["connection_info"] = {k: v if k == "interface" else
                                   "<ports>" if isinstance(v, list) else "<port>"
                                   for k, v in info.items()}
    return made


def normal_header(header, names, own):
    """Of a message that came, or the same quoted in another; `own`: its id is no news."""
    made = dict(header, date="<time>") if "date" in header else dict(header)
    session = made.get("session", "")
    if not OURS.match(session) and not session.startswith("played"):
        made["session"] = "<controller>"
    if own:
        made["msg_id"] = "<id>"
    return normal(made, names)


def normal_message(message, names):
    # A coalesced reply is, but for its buffers, that of whoever was the last.
    last = message.metadata.get("broadcast_targets") is not None
    entry = {
        "channel": message.channel,
        "idents": [ident.decode("utf8", "replace") for ident in message.idents],
        "header": normal_header(message.header, names, True),
        "parent": normal_header(message.parent, names, False) if message.parent else {},
        "metadata": normal(message.metadata, names),
        "content": normal(message.content, names),
        "buffers": [b.hex() if len(b) < 40 else "%d: %s…" % (len(b), b[:20].hex())
                    for b in message.buffers],
        "source": message.source, "request": message.request,
    }
    if not message.is_signed:
        entry["signature"] = "wrong"
    if last:
        entry["source"] = ""
        entry["header"]["session"] = entry["metadata"]["engine"] = "<the last one>"
        entry["parent"]["msg_id"] = "%s_<the last one>" % message.request
        for info in (entry["metadata"].get("engine_info"), entry["content"].get("engine_info")):
            if info:
                info.update(engine_uuid="<the last one>", engine_id="<the last one>")
    return entry


def merged(entries):
    """One output may come in several pieces."""
    result = []
    for entry in entries:
        before = result[-1] if result else None
        if (before and entry["header"]["msg_type"] == "stream" == before["header"]["msg_type"] and
                entry["request"] == before["request"] and entry["source"] == before["source"] and
                entry["content"]["name"] == before["content"]["name"]):
            before["content"]["text"] += entry["content"]["text"]
        else:
            result.append(entry)
    return result


def order(step):
    """What comes over one connection from one engine keeps its order; what comes from different
    ones does not have any."""
    def key(entry):
        source = entry["source"] if entry["channel"] != "task" else ""
        if entry["channel"] == "notification":
            source = str(entry["content"])
        return (entry["channel"], source, entry["request"] if step.unordered else "")
    return key


def normal_steps(client):
    """[(step, entries, notes)] of all that a client got."""
    names = Names([m for m in client.messages if m.request not in client.quiet])
    entries = {step.number: [] for step in client.steps}
    for message in client.messages:
        step = message.arrived
        if message.parent:
            if message.request in client.quiet or (message.channel == "iopub" and
                                                   message.request in client.muted):
                continue
            step = client.owner.get(message.request)
        elif message.channel == "iopub":
            continue  # of an engine's start
        if (message.type, message.parent.get("msg_type")) == ("status", "shutdown_request"):
            continue  # the engine is gone before it is sent, or not
        if step is None:
            step = client.steps[-1]  # an answer nobody asked for
        entries[step.number].append((message, step))
    result = []
    for step in client.steps:
        made = [normal_message(message, names) for message, _ in entries[step.number]]
        made.sort(key=order(step))
        result.append((step, merged(made)))
    return result
