# SPDX-License-Identifier: BSD-3-Clause
"""Load-balanced requests."""
from calls import applied


def simple(client):
    done = {}

    def step(name, text, **metadata):
        client.step("task: " + name)
        done[name] = client.task(text, **metadata)
        client.done(done[name])

    step("task", "[me, b'z' * 2000]")
    step("all keys", "me", after=[], follow=[], timeout=0.0, targets=[], retries=0, label=None)
    step("labelled", "me", label={"a": ["label"]})
    step("raised as a task", "1 / 0")
    for n in range(4):
        step("in turn %d" % n, "me")
    step("at engine 1", "me", targets=["engine-1"])
    step("at one of two", "me", targets=["engine-1", "engine-0"])
    client.step("task: code")
    content = {"code": "y = 1; print(y)", "silent": False, "user_expressions": {"y": "y"}}
    done["code"] = client.send("task", "execute_request", content)
    client.done(done["code"])
    client.recorded(done["code"], "stdout", bool)
    client.known(*done.values())
    return done


def many(client):
    """More than engines can take, each ending when it shall."""
    client.step("more tasks than engines")
    gates = [client.gate() for _ in range(6)]
    tasks = [client.task("hold('%s')" % gate) for gate in gates]
    for n, (gate, task) in enumerate(zip(gates, tasks)):
        client.running(task)
        if n + 1 < len(tasks):
            client.running(tasks[n + 1])
        client.open(gate)
        client.done(task)


def dependencies(client):
    good, bad = {}, {}
    client.step("what others depend on")
    for engine in (0, 1):
        at = "engine-%d" % engine
        good[engine] = client.task("me", targets=[at])
        client.done(good[engine])
        bad[engine] = client.task("fail_on(0, 1)", targets=[at])
        client.done(bad[engine])
    both, either = [good[0], good[1]], [good[0], bad[1]]

    def form(ids, **more):
        return {"dependencies": ids, **more}

    for name, metadata in (
            ("after one", {"after": [good[0]]}),
            ("after a name that is text", {"after": good[0]}),
            ("after an unknown one, as text", {"after": "12345"}),
            ("after both", {"after": both}),
            ("after any", {"after": form(either, all=False)}),
            ("after a failure", {"after": form([bad[0]], success=False, failure=True)}),
            ("after either", {"after": form(either, success=True, failure=True)}),
            ("after all, one of them failed", {"after": form(either)}),
            ("after a failure that was none",
             {"after": form([good[0]], success=False, failure=True)}),
            ("after any failure", {"after": form(either, all=False, success=False, failure=True)}),
            ("after an unknown one", {"after": ["nosuch"]}),
            ("where an unknown one ran", {"follow": form(["nosuch", good[0]])}),
            ("after nothing", {"after": form([]), "follow": form([])}),
            ("where one ran", {"follow": [good[1]]}),
            ("where the other ran", {"follow": form([good[0]])}),
            ("where any ran", {"follow": form(both, all=False), "targets": ["engine-0"]}),
            ("where one failed", {"follow": form([bad[1]], success=False, failure=True)}),
            ("where two ran", {"follow": both}),
            ("where one ran, at another",
             {"follow": [good[0]], "targets": ["engine-1"], "timeout": 0.2}),
            ("where a failed one should have run", {"follow": [bad[0]]}),
            ("after and where", {"after": [good[0]], "follow": [good[1]]}),
            ("at an unknown engine", {"targets": ["nobody"]}),
            ("at one of which one is unknown", {"targets": ["nobody", "engine-1"]}),
    ):
        client.step("dependencies: " + name)
        task = client.task("me", **metadata)
        client.wait(lambda: client.replies(task), "the end of " + task)
        client.done(task, idles=1 if client.replies(task)[0].content["status"] == "ok" else 0)
    client.step("dependencies: after itself")
    task = client.next_id()
    client.task("me", msg_id=task, after=[task])
    client.done(task, idles=0)
    client.step("dependencies: code that cannot run")
    task = client.send("task", "execute_request", {"code": ""}, metadata={"after": [bad[0]]})
    client.done(task, idles=0)
    client.outcome(task)
    client.ask("db_request", {"query": {"msg_id": task}})


def waiting(client):
    """Dependencies on what is still under way."""
    for name, text, runs in (("succeeds", "hold('%s')", 1),
                             ("fails", "hold('%s') and 0 or 1/0", 0)):
        client.step("what others wait for " + name, unordered=True)
        gate = client.gate()
        first = client.task(text % gate, targets=["engine-0"])
        client.running(first)
        after = client.task("me", after=[first], targets=["engine-0"])
        follow = client.task("me", follow=[first])
        chain = client.task("me", after=[after])
        client.open(gate)
        client.done(first)
        for task in (after, chain, follow):
            client.done(task, idles=runs)
        client.known(first, after, chain, follow)


def repeated(client):
    def step(name, text, runs, **metadata):
        client.step("again: " + name)
        client.done(client.task("me", targets=["engine-1"]))  # then engine 0 is the next
        task = client.task(text, **metadata)
        client.done(task, idles=runs)
        client.known(task)

    step("fails at one", "fail_on(0)", 2, retries=1, targets=["engine-0", "engine-1"])
    step("fails at the first, may be repeated", "fail_on(0)", 2, retries=3)
    step("fails everywhere", "fail_on(0, 1)", 2, retries=1)
    step("fails everywhere, may be repeated more often than there are engines", "fail_on(0, 1)", 2,
         retries=5, timeout=0.2)
    step("fails everywhere it may run", "fail_on(0, 1)", 2, retries=5,
         targets=["engine-0", "engine-1"])
    step("a failure, none left", "fail_on(0)", 1, retries=0, targets=["engine-0"])
    step("unmet at one", "unmet_on(0)", 2, targets=["engine-0", "engine-1"])
    step("unmet at all of its engines", "unmet_on(0, 1)", 2, targets=["engine-0", "engine-1"])
    step("unmet at its engine", "unmet_on(1)", 1, targets=["engine-1"])
    step("unmet everywhere, with a limit", "unmet_on(0, 1)", 2, timeout=0.2)
    client.step("aborted at one, may be repeated")
    task = client.next_id()
    client.done(client.control("engine-0", "abort_request", {"msg_ids": [task]}))
    client.task("me", msg_id=task, retries=1, targets=["engine-0"])
    client.wait(lambda: client.replies(task), "its end")
    client.known(task)
    client.step("queues after repetitions")
    client.ask("queue_request", {"targets": None})


def limits(client):
    client.step("no engine within the limit", unordered=True)
    gate = client.gate()
    held = [client.task("hold('%s')" % gate, targets=["engine-%d" % n]) for n in (0, 1)]
    client.running(held[0]), client.running(held[1])
    late = client.task("me", timeout=0.2)
    client.done(late, idles=0)
    client.outcome(late)
    client.step("an engine within the limit", unordered=True)
    soon = client.task("me", timeout=30, targets=["engine-1"])
    client.done(client.task("me", timeout=-1), idles=0)
    client.open(gate)
    client.done(soon), client.done(held[0]), client.done(held[1])
    client.done(client.task("me", timeout=-1))


def broadcast(client):
    both = [["engine-0", 0], ["engine-1", 1]]
    for coalescing in (False, True):
        how = "coalescing" if coalescing else "not coalescing"
        answers = 1 if coalescing else 2

        def step(name, text, targets=both, replies=answers, idles=2):
            client.step("broadcast, %s: %s" % (how, name))
            client.done(client.broadcast(targets, text, coalescing), replies=replies, idles=idles)

        step("to both", "me")
        step("in the other order", "[me, b'x' * 2000]", targets=both[::-1])
        step("output", "print('out', me)")
        step("to one", "me", targets=both[1:], replies=1, idles=1)
        step("raises at both", "1 / 0")
    client.step("broadcast: raises at one")
    client.done(client.broadcast(both, "fail_on(0)", False), replies=2)
    for which, text in (("last", "me == 1 and hold('%s') and fail_on(1)"),
                        ("first", "fail_on(0) and hold('%s')")):
        client.step("broadcast, coalescing: the %s one raises" % which)
        gate = client.gate()
        request = client.broadcast(both, text % gate, True)
        # What comes behind its answer on the same way shows that this one is through.
        client.done(client.broadcast(both[:1], "0", False))
        client.open(gate)
        client.done(request, idles=2)
    client.step("broadcast of code")
    content = {"code": "print(me); me", "silent": False}
    metadata = {"targets": both, "is_broadcast": True, "is_coalescing": False}
    client.done(client.send("broadcast", "execute_request", content, metadata=metadata), replies=2)
    client.step("broadcast to nobody")
    client.broadcast([], "me", False)
    client.broadcast([], "me", True)
    client.done(client.broadcast(both, "0", False), replies=2)
    client.step("broadcast without targets")
    client.send("broadcast", "apply_request", {}, buffers=applied("0"))
    client.done(client.broadcast(both, "0", False), replies=2)
    client.step("what the hub knows of broadcasts")
    client.ask("result_request", {"msg_ids": [request]})
    client.ask("queue_request", {"targets": None})
