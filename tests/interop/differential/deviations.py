# SPDX-License-Identifier: BSD-3-Clause
"""Where ours is meant to differ. Each one quotes the document that says so: a difference nobody
has written down is a fault, and so is one that is written down and no longer there."""
import os

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "docs")
PROTOCOL, DIFFERENCES = "protocol.md", "ipython-differences.md"
REFERENCE, OURS = 0, 1


class Deviation:
    """`change(entry)` makes a message of one side what the other has, or returns False if the
    other has none like it. Looks at the steps whose name has `step` in it."""

    def __init__(self, text, side, change, step="", document=DIFFERENCES,
                 scenarios=("everything",)):
        self.text, self.document, self.scenarios = text, document, scenarios
        self.side, self.change, self.step = side, change, step

    def is_documented(self):
        with open(os.path.join(DOCS, self.document)) as file:
            return self.text in " ".join(file.read().split())

    def apply(self, step, sides):
        """Both sides' messages, with this one taken out of them."""
        if self.step not in step:
            return sides
        changed = [entry for entry in sides[self.side] if self.change(entry) is not False]
        return [changed, sides[1]] if self.side == REFERENCE else [sides[0], changed]


def leave_out(kind=None, **wanted):
    """Messages with these words at the beginning of what `content` has."""
    def change(entry):
        return not ((kind is None or entry["header"]["msg_type"] == kind) and all(
            str(entry["content"].get(key, "")).startswith(text) for key, text in wanted.items()))
    return change


def of(kind, change_content):
    """A change of the content of one kind of messages."""
    def change(entry):
        if entry["header"]["msg_type"] == kind:
            change_content(entry["content"])
    return change


def in_records(change_record):
    """A change of everything that shows a task's record."""
    def change(content):
        found = content.get("records", content.values())
        for record in found:
            if isinstance(record, dict) and ("msg_id" in record or "result_header" in record):
                change_record(record)
    return lambda entry: (of("db_reply", change)(entry), of("result_reply", change)(entry))[0]


def engine_numbers(content):
    for number in (0, 1):
        if repr(bytes(number)) in content:
            content[str(number)] = content.pop(repr(bytes(number)))


def without_label(record):
    record.pop("label", None)


def without_idents(entry):
    entry["idents"] = []


def without_refusals(entry):
    """Of requests to engines that are not there; over mux only to those that never were."""
    text = "no engine 'nobody'" if entry["channel"] == "mux" else ("no engine '", "Engine ")
    return entry["channel"] == "task" or entry["content"].get("ename") != "EngineError" or \
        not entry["content"]["evalue"].startswith(text)


def without_buffers(entry):
    if entry["header"]["msg_type"] == "result_reply" and entry["content"]["status"] == "error":
        entry["buffers"] = []


def counts(**wanted):
    """`wanted` by name of an engine: what its numbers should have been."""
    def change(content):
        for name, numbers in wanted.items():
            content[name.lstrip("_")].update(numbers)
    return of("queue_reply", change)


def complete(record):
    """The record of a request whose engine died."""
    if record.get("result_metadata", 0) is None:
        record["result_metadata"] = {"engine": record["result_header"]["engine"],
                                     "status": "error"}
        record["received"] = "<time>"


def first_error(entry):
    """Of two answers to a broadcast, the reference gives the later one, which was good."""
    if entry["channel"] == "broadcast" and entry["content"].get("evalue") == "not on 0":
        del entry["metadata"]["engine_info"]
        entry["metadata"]["status"] = "ok"
        entry["content"] = {"status": "ok"}


def both(text, step, kind, **more):
    """Two answers that cannot be made alike; ours is a good one."""
    def any_content(entry):
        if entry["header"]["msg_type"] == kind:
            entry["content"] = {}

    def any_good_content(entry):
        if entry["content"].get("status") == "ok":
            any_content(entry)
    return [Deviation(text, REFERENCE, any_content, step, **more),
            Deviation(text, OURS, any_good_content, step, **more)]


WRONG_QUERIES = "they do what they say"
DEVIATIONS = [
    Deviation("The hub hands the object on in `connection_reply`", OURS,
              of("connection_reply", lambda content: content.pop("ipkit")), document=PROTOCOL,
              scenarios=("everything", "silent")),
    Deviation("or there is no such engine (direct, control and broadcast requests are", OURS,
              without_refusals, document=PROTOCOL),
    Deviation("records have no `label`", OURS, in_records(without_label),
              scenarios=("everything", "pure", "in-file")),
    Deviation("a reply comes without its engine's name in front", OURS, without_idents,
              scenarios=("pure",)),
    *both("a purge by engine is a syntax error", "purge by engine in a file", "purge_reply",
          scenarios=("in-file",)),
    *both("queries no `$glob`", "records: a pattern", "db_reply"),
    *both("an engine that leaves before its registration is finished keeps its uuid",
          "one that is not yet there leaves", "registration_reply"),
    Deviation("`load_reply` calls the engines", REFERENCE, of("load_reply", engine_numbers)),
    Deviation("without its parts: `hub_error` without a parent", REFERENCE,
              leave_out("hub_error", ename="IndexError", evalue="list index out of range"),
              "no message"),
    *both("lists of keys and ids must be lists", "records: one key", "db_reply"),
    Deviation("comes with the buffers of the results before it", REFERENCE, without_buffers),
    Deviation("what was displayed last as `display_data`", REFERENCE,
              in_records(lambda record: record.pop("display_data", None))),
    *both(WRONG_QUERIES, "records: after", "db_reply"),
    *both(WRONG_QUERIES, "records: two terms", "db_reply"),
    *both(WRONG_QUERIES, "records: lists that have all", "db_reply"),
    *both(WRONG_QUERIES, "left after the purge of an engine",
          "history_reply"),
    *both(WRONG_QUERIES, "left after the purge of an unknown engine",
          "history_reply"),
    Deviation("counts for ever among the `tasks`", REFERENCE,
              counts(_0={"tasks": 0}, _1={"tasks": 0}), "queues after repetitions"),
    # One task that was at engine 0 waits to be repeated.
    Deviation("what an engine died with in its `queue`", REFERENCE,
              counts(_0={"tasks": 1, "queue": 0}, _1={"tasks": 0, "queue": 0}),
              "queues of the dead"),
    Deviation("a reply that does not say which engine it is from", REFERENCE,
              in_records(lambda record: record.update(engine_uuid="engine-7")),
              "a reply that says nothing"),
    Deviation("the record of a request whose engine died", REFERENCE, in_records(complete),
              "what the dead had", scenarios=("everything", "silent")),
    Deviation("a coalesced broadcast reply is the last engine's", OURS, first_error,
              "broadcast, coalescing: the first one raises"),
    Deviation("a task `after` neither success nor failure", OURS,
              leave_out("apply_reply", ename="InvalidDependency"), "neither success nor failure"),
]
