# SPDX-License-Identifier: BSD-3-Clause
"""Short scenarios with other options, and engines that are played: no process has to start but
the controllers."""
import json

from played import Played, requests


def engines(client, *numbers):
    result = []
    for number in numbers:
        client.step("engine %d" % number)
        result.append(Played(client, "engine-%d" % number))
        result[-1].register(number)
    return result


def ids(got):
    return {name: [json.loads(header)["msg_id"] for _, header in row] for name, row in got.items()}


def answer_all(client, ours, got):
    """Everything that was got is answered, engine by engine, each before the next."""
    for engine in ours:
        for request in got[engine.name]:
            engine.reply(request)
            client.done(json.loads(request[1])["msg_id"], idles=0)


def high_water(*counts):
    """Tasks for two engines: `counts` of them go out at once, after one answer, and when a third
    engine comes."""
    def play(client, cluster):
        ours = engines(client, 0, 1)
        client.step("tasks for two")
        tasks = [client.task("0") for _ in range(25)]
        tasks.append(client.task("0", targets=["engine-1"]))
        if counts[1]:
            tasks.append(client.task("0", after=tasks[:1]))
        got = requests(ours, counts[0])
        client.note(ids(got))
        known(client, tasks, counts[0])
        client.step("one answer")
        first = next(engine for engine in ours if tasks[0] in ids(got)[engine.name])
        first.reply(got[first.name][0])
        client.done(tasks[0], idles=0)
        client.note(ids(requests(ours, counts[1])))
        client.step("another engine")
        ours += engines(client, 2)
        client.step("tasks for three")
        client.note(ids(requests(ours, counts[2])))
        known(client, tasks, sum(counts))
    return play


def known(client, tasks, assigned):
    """All the hub can know."""
    def sums(answer):
        engines = [one for one in answer.values() if isinstance(one, dict)]
        return sum(one["tasks"] + one["completed"] for one in engines), answer["unassigned"]
    client.until("queue_request", {"targets": None}, lambda answer: sums(answer) == (
        assigned, len(tasks) - assigned), "%d tasks of %d to be assigned" % (assigned, len(tasks)))
    client.ask("queue_request", {"targets": None, "verbose": True})


def pure(client, cluster):
    engine, = engines(client, 0)
    client.note({"scheme": client.ports["task_scheme"]})
    client.step("more tasks than one")
    tasks = [client.task("0") for _ in range(6)]
    got = requests([engine], 6)
    client.note(ids(got))
    client.step("answers")
    answer_all(client, [engine], got)
    client.known(*tasks)
    client.ask("result_request", {"msg_ids": tasks[:1]})
    client.ask("db_request", {"query": {"msg_id": tasks[0]}})
    client.ask("queue_request", {"targets": None})
    client.step("a failure")
    task = client.task("0")
    engine.answer(*engine.request(), {"status": "error", "engine": "engine-0"}, {"status": "error"})
    client.done(task, idles=0)


def asked(client, requests_):
    for name, kind, content in requests_:
        client.step(name)
        client.ask(kind, content)


def silent(client, cluster):
    """An engine whose heart stops while it has work."""
    engine, = engines(client, 0)
    client.step("work, and no more beats")
    direct, task = client.apply("engine-0", "0"), client.task("0", targets=["engine-0"])
    requests([engine], 2)
    client.notified("unregistration_notification", "engine-0")
    client.ask("connection_request", {})
    client.step("what the dead had")
    client.done(task, idles=0)
    client.outcome(direct, task)


def no_records(client, cluster):
    ours = engines(client, 0)
    client.step("work without records")
    direct = client.apply("engine-0", "0")
    answer_all(client, ours, requests(ours, 1))
    client.known(direct)
    task = client.task("0")
    answer_all(client, ours, requests(ours, 1))
    client.known(task)
    asked(client, (
        ("result", "result_request", {"msg_ids": [direct]}),
        ("status", "result_request", {"msg_ids": [direct, task], "status_only": True}),
        ("unknown status", "result_request", {"msg_ids": ["nosuch"], "status_only": True}),
        ("history", "history_request", {}),
        ("records", "db_request", {"query": {}}),
        ("purge of all", "purge_request", {"msg_ids": "all"}),
        ("purge of one", "purge_request", {"msg_ids": [direct]}),
        ("purge of an engine", "purge_request", {"engine_ids": [0]}),
        ("purge of an unknown engine", "purge_request", {"engine_ids": [9]}),
        ("resubmission", "resubmit_request", {"msg_ids": [task]}),
        ("queues", "queue_request", {"targets": None, "verbose": True})))


def in_file(client, cluster):
    """Records in SQLite: what the reference's other store has wrong."""
    ours = engines(client, 0, 1)
    client.step("work for the file")
    done = []
    for n in range(3):
        for engine in ours:
            done.append(client.apply(engine.name, str(n)))
            engine.reply(requests(ours, 1)[engine.name][0], buffers=[b"", b"x" * n, b"y"])
            client.done(done[-1], idles=0)
            client.known(done[-1])  # or the hub may hear of the next one first
            done.append(client.task("0", targets=[engine.name]))
            engine.reply(requests(ours, 1)[engine.name][0], {"status": "ok", "n": n})
            client.done(done[-1], idles=0)
            client.known(done[-1])
    time = client.until("db_request", {"query": {"msg_id": done[5]}, "keys": ["submitted"]},
                        lambda a: a["records"], "a record")["records"][0]["submitted"]
    few = ["queue", "engine_uuid"]
    queries = [
        ("after", {"submitted": {"$gt": time}}), ("until", {"submitted": {"$lte": time}}),
        ("before", {"submitted": {"$lt": time}}), ("from then on", {"submitted": {"$gte": time}}),
        ("between", {"submitted": {"$gt": time, "$lte": time}}),
        ("two terms", {"queue": "mux", "engine_uuid": "engine-1"}),
        ("three terms", {"queue": "task", "engine_uuid": "engine-0", "msg_id": {"$ne": done[1]}}),
        ("null", {"resubmitted": None, "queue": {"$in": ["mux", "none"]}}),
        ("not null", {"completed": {"$ne": None}, "engine_uuid": {"$nin": ["engine-0"]}}),
        ("no match", {"msg_id": "nosuch"}),
    ]
    asked(client, [("query: " + name, "db_request", {"query": query, "keys": few})
                   for name, query in queries])
    asked(client, (
        ("whole", "db_request", {"query": {"msg_id": done[4]}}),
        ("buffers", "db_request", {"query": {"msg_id": {"$in": done[4:8]}},
                                   "keys": ["buffers", "result_buffers"]}),
        ("results", "result_request", {"msg_ids": done[4:9]}),
        ("resubmission of one that is not there", "resubmit_request", {"msg_ids": ["nosuch"]}),
        ("purge of two", "purge_request", {"msg_ids": done[2:4]}),
        ("left of those", "db_request", {"query": {"msg_id": {"$ne": ""}}, "keys": few}),
        ("result of what is gone", "result_request", {"msg_ids": done[2:3]}),
        ("purge by engine in a file", "purge_request", {"engine_ids": [0]}),
        ("purge of all", "purge_request", {"msg_ids": "all"}), ("nothing", "history_request", {})))
