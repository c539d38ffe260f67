# SPDX-License-Identifier: BSD-3-Clause
"""What one asks the hub: first with nothing there, then while engines work, then afterwards."""
# Name of the step, request, content.
NOTHING_THERE = (
    ("connection", "connection_request", {}),
    ("queues", "queue_request", {"targets": None}),
    ("queues in full", "queue_request", {"targets": None, "verbose": True}),
    ("queues of nobody", "queue_request", {"targets": []}),
    ("queue of an unknown id", "queue_request", {"targets": 99}),
    ("queues of unknown ids and names", "queue_request", {"targets": [99, "nobody", -1, "it's"]}),
    ("queue of an unknown name", "queue_request", {"targets": "nobody"}),
    ("queues, not saying whose", "queue_request", {}),
    ("loads", "load_request", {"targets": None}),
    ("load of an unknown id", "load_request", {"targets": [99]}),
    ("loads of nobody", "load_request", {"targets": []}),
    ("loads, not saying whose", "load_request", {}),
    ("unknown result", "result_request", {"msg_ids": ["nosuch"]}),
    ("unknown result, quotes in its id", "result_request", {"msg_ids": ["it's"]}),
    ("unknown result, status only", "result_request", {"msg_ids": ["b", "a"], "status_only": True}),
    ("no results", "result_request", {"msg_ids": []}),
    ("results, not saying which", "result_request", {}),
    ("history", "history_request", {}),
    ("all records", "db_request", {"query": {}}),
    ("all records, no query", "db_request", {}),
    ("unknown operator", "db_request", {"query": {"msg_id": {"$bogus": 1}}}),
    ("unknown key, no records", "db_request", {"query": {}, "keys": ["nosuch"]}),
    ("purge of all", "purge_request", {"msg_ids": "all"}),
    ("purge of what is not there", "purge_request", {"msg_ids": ["nosuch"]}),
    ("purge of an unknown engine", "purge_request", {"engine_ids": [99]}),
    ("purge of both", "purge_request", {"msg_ids": ["nosuch"], "engine_ids": [7, 8]}),
    ("purge of nothing", "purge_request", {}),
    ("resubmission of what is not there", "resubmit_request", {"msg_ids": ["nosuch"]}),
    ("resubmission of several", "resubmit_request", {"msg_ids": ["it's", "nosuch"]}),
    ("resubmission of nothing", "resubmit_request", {"msg_ids": []}),
    ("resubmission, not saying of what", "resubmit_request", {}),
    ("unknown request", "bogus_request", {}),
    ("unknown request, quotes in it", "it's_request", {}),
    ("dask", "become_dask_request", {"scheduler_args": {}}),
    ("no dask any more", "stop_distributed_request", {}),
)


def nothing_there(client):
    client.asked((name + ", nothing there", *request) for name, *request in NOTHING_THERE)
    client.step("an engine leaves or comes that nobody can know")
    client.send("hub", "unregistration_request", {"id": 99})
    client.send("hub", "unregistration_request", {})
    client.send("hub", "registration_request", {"id": 3})
    client.ask("connection_request", {})


def work(client):
    """A direct request runs and one waits on engine 0; on engine 1 a direct one runs and a task
    waits behind it; another task is with the scheduler."""
    gate, task_gate = client.gate(), client.gate()
    direct = [client.apply("engine-0", "hold('%s')" % gate), client.apply("engine-0", "me + 10"),
              client.apply("engine-1", "hold('%s')" % gate)]
    client.running(direct[0])
    client.running(direct[2])
    tasks = [client.task("hold('%s')" % task_gate, targets=["engine-1"])]
    tasks.append(client.task("me + 20", targets=["engine-1"]))
    client.until("queue_request", {"targets": None, "verbose": True},
                 lambda a: direct[1] in a["0"]["queue"] and direct[2] in a["1"]["queue"] and
                 tasks[0] in a["1"]["tasks"] and a["unassigned"] == tasks[1:], "the work")
    return direct, tasks, (gate, task_gate)


def queues(client):
    client.step("work comes")
    direct, tasks, gates = work(client)
    for targets in (None, 0, [1], "engine-1", [1, "engine-0"], [0, 99], ["engine-0", "nobody"]):
        client.asked(("queues of %s, verbose %d" % (targets, verbose), "queue_request",
                      {"targets": targets, "verbose": bool(verbose)}) for verbose in (0, 1))
        client.asked([("loads of %s" % targets, "load_request", {"targets": targets})])
    client.step("results that are not there yet")
    client.ask("result_request", {"msg_ids": [tasks[1], direct[0], direct[1]]})
    client.ask("result_request", {"msg_ids": [tasks[1], direct[0]], "status_only": True})
    client.ask("result_request", {"msg_ids": [direct[2], "nosuch", tasks[0]]})
    client.step("purge of what is not done")
    client.ask("purge_request", {"msg_ids": ["nosuch", tasks[0], direct[0]]})
    client.ask("purge_request", {"msg_ids": [direct[1]], "engine_ids": [99]})
    client.step("records of what is not done")
    for query in ({"completed": None}, {"msg_id": direct[0]}, {"msg_id": tasks[0]}):
        client.ask("db_request", {"query": query})
    client.step("the work is done")
    client.open(gates[0])
    client.done(direct[0]), client.done(direct[1]), client.done(direct[2])
    client.known(*direct)
    client.open(gates[1])
    client.done(tasks[0]), client.done(tasks[1])
    client.known(*tasks)
    client.asked((
        ("queues afterwards", "queue_request", {"targets": None}),
        ("queues afterwards in full", "queue_request", {"targets": None, "verbose": True}),
        ("loads afterwards", "load_request", {"targets": None})))


def results(client, done):
    """`done`: ids of requests by what they were."""
    large, loud, raised, task = (done[name] for name in ("large", "loud", "raised", "task"))
    for name, ids, *status_only in (
            *(("result: " + name, [msg_id]) for name, msg_id in done.items()),
            ("several results with buffers, one twice", [task, large, done["applied"], large]),
            ("one of several is unknown", [loud, "nosuch", large]),
            ("status of several", [loud, large, raised], True)):
        client.step(name)
        client.ask("result_request", {"msg_ids": ids, "status_only": bool(status_only)})
    client.asked([("history of all that was", "history_request", {})])


def records(client, done):
    large, loud, raised = done["large"], done["loud"], done["raised"]
    three = {"msg_id": {"$in": [large, loud, raised]}}
    time = client.until("db_request", {"query": {"msg_id": large}, "keys": ["submitted"]},
                        lambda a: a["records"], "a record")["records"][0]["submitted"]
    few = ["queue", "engine_uuid"]
    requests = [
        *((name, {"query": {"msg_id": msg_id}}) for name, msg_id in done.items()),
        ("records without keys", {"query": three, "keys": None}),
        ("records, no keys wanted", {"query": three, "keys": []}),
        ("some keys", {"query": three, "keys": few}),
        ("one key", {"query": three, "keys": "header"}),
        ("buffers", {"query": three, "keys": ["buffers"]}),
        ("buffers of results", {"query": three, "keys": ["result_buffers"]}),
        ("all buffers", {"query": three, "keys": ["stdout", "buffers", "result_buffers"]}),
        ("unknown key", {"query": three, "keys": ["msg_id", "nosuch"]}),
        ("unknown field", {"query": {"nosuch": 1}, "keys": few}),
        ("unknown field is null", {"query": {"msg_id": {"$eq": large}, "nosuch": None},
                                   "keys": few}),
        ("unknown operator", {"query": {"msg_id": {"$in": [large], "$bogus": 1}}}),
        ("equal", {"query": {"submitted": {"$eq": time}}, "keys": few}),
        ("the same time", {"query": {"submitted": time}, "keys": few}),
        ("before", {"query": {"submitted": {"$lt": time}}, "keys": few}),
        ("until", {"query": {"submitted": {"$lte": time}}, "keys": few}),
        ("from then on", {"query": {"submitted": {"$gte": time}}, "keys": few}),
        ("after", {"query": {"submitted": {"$gt": time}}, "keys": few}),
        ("between", {"query": {"submitted": {"$gte": time}, "started": {"$ne": None},
                               "queue": {"$in": ["task"]}}, "keys": few}),
        ("other than", {"query": {"queue": {"$ne": "mux"}}, "keys": few}),
        ("in none", {"query": {"engine_uuid": {"$nin": ["engine-1", None]}}, "keys": few}),
        ("in one of", {"query": {"engine_uuid": {"$in": ["engine-1", "nobody"]}}, "keys": few}),
        ("exists", {"query": {"execute_result": {"$exists": True}}, "keys": few}),
        ("does not", {"query": {"error": {"$exists": False}, "queue": {"$eq": "task"}},
                      "keys": few}),
        ("by client", {"query": {"client_uuid": "client"}, "keys": ["client_uuid"]}),
        ("of an engine", {"query": {"engine_uuid": "engine-0"}, "keys": few}),
        ("two terms", {"query": {"queue": "mux", "engine_uuid": "engine-1"}, "keys": few}),
        ("a pattern", {"query": {"msg_id": {"$glob": "client-*"}}, "keys": few}),
        ("lists that have all", {"query": {"msg_id": {"$all": [large]}}, "keys": few}),
    ]
    client.asked(("records: " + name, "db_request", content) for name, content in requests)


def resubmission(client, done):
    for name, msg_id in (("applied", done["applied"]), ("loud", done["loud"]),
                         ("raised", done["raised"]), ("task", done["task"])):
        client.step("resubmission: " + name)
        answer = client.ask("resubmit_request", {"msg_ids": [msg_id]})
        new = answer.content["resubmitted"][msg_id]
        client.adopt(new)
        client.done(new, replies=0, idles=1)
        client.known(new)
        if name == "raised":
            client.recorded(new, "error", lambda e: e and "engine_info" in e)
        client.step("result of the resubmission: " + name)
        client.ask("result_request", {"msg_ids": [new]})
        client.ask("db_request", {"query": {"msg_id": new}, "keys": None})
        client.ask("db_request", {"query": {"msg_id": msg_id}, "keys": ["resubmitted"]})
    client.step("resubmission of one twice")
    client.ask("resubmit_request", {"msg_ids": [done["task"], done["task"]]})
    client.step("resubmission, one of two unknown")
    client.ask("resubmit_request", {"msg_ids": [done["task"], "nosuch"]})
    client.step("resubmission of what is not done")
    gate = client.gate()
    task = client.task("hold('%s')" % gate)
    client.running(task)
    client.until("db_request", {"query": {"msg_id": task}}, lambda a: a["records"], "a record")
    answer = client.ask("resubmit_request", {"msg_ids": [task]})
    new = answer.content["resubmitted"][task]
    client.adopt(new)
    client.running(new)
    client.open(gate)
    client.done(task)
    client.done(new, replies=0, idles=1)
    client.known(task, new)


def purge(client, done):
    large, loud, history = done["large"], done["loud"], ("history_request", {})
    client.asked((
        ("purge of one", "purge_request", {"msg_ids": [large]}),
        ("left after the purge of one", *history),
        ("result of what was purged", "result_request", {"msg_ids": [large]}),
        ("its status", "result_request", {"msg_ids": [large], "status_only": True}),
        ("resubmission of what was purged", "resubmit_request", {"msg_ids": [large]}),
        ("purge of several, one unknown, and of an engine", "purge_request",
         {"msg_ids": [loud, "nosuch"], "engine_ids": [0]}),
        ("left after the purge of an engine", *history),
        ("purge of engines, one of them unknown", "purge_request", {"engine_ids": [99, 1]}),
        ("left after the purge of an unknown engine", *history),
        ("purge of all", "purge_request", {"msg_ids": "all", "engine_ids": [99]}),
        ("left after the purge of all", *history),
        ("queues after the purge", "queue_request", {"targets": None})))
