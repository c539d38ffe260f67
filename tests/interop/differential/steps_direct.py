# SPDX-License-Identifier: BSD-3-Clause
"""Requests to one engine: over the direct channel and over that for control."""
from calls import applied

LOUD = 'import sys; print("out", 1); print("err", file=sys.stderr); 6 * 7'


def code(client):
    """Ids of what was executed, by name."""
    done = {}

    def step(name, request, **waits):
        client.step(name)
        done[name] = request()
        client.done(done[name], **waits)

    step("silent", lambda: client.execute("engine-0", "x = 1"))
    step("silent on the other", lambda: client.execute("engine-1", "x = 2"))
    step("loud", lambda: client.execute("engine-0", LOUD, silent=False))
    client.recorded(done["loud"], "execute_result", bool)
    client.recorded(done["loud"], "stderr", bool)
    step("display", lambda: client.execute(
        "engine-1", 'from IPython.display import display; display({"text/plain": "d"}, raw=True)',
        silent=False))
    step("failed silently", lambda: client.execute("engine-0", "1 / 0"))
    step("failed loudly", lambda: client.execute("engine-1", "nosuch", silent=False,
                                                stop_on_error=False))
    client.recorded(done["failed loudly"], "error", bool)
    step("expressions", lambda: client.execute(
        "engine-0", "", user_expressions={"x": "x + 1", "bad": "nosuch", "text": '"ä\'"'}))
    for kind, content in (
            ("inspect_request", {"code": "x", "cursor_pos": 1, "detail_level": 0}),
            ("is_complete_request", {"code": "if x:"}), ("kernel_info_request", {}),
            ("comm_info_request", {})):
        step(kind, lambda: client.send("mux", kind, content, target="engine-1"))
    # These are not answered at all, and stay open at the hub.
    for kind in ("execute_request", "bogus_request"):
        client.step("empty " + kind)
        client.done(client.send("mux", kind, {}, target="engine-1"), replies=0, idles=1)
    return done


def functions(client):
    done = {}

    def step(name, text, **more):
        client.step(name)
        done[name] = client.apply("engine-0", text, **more)
        client.done(done[name])

    step("applied", "[1, 'ä', None]")
    step("said", "print('said', me)")
    client.recorded(done["said"], "stdout", bool)
    step("raised", "{}[\"it's\"]")
    client.recorded(done["raised"], "error", lambda e: e and "engine_info" in e)
    step("raised with text", "hold()", metadata={"label": "a label", "more": [1, {"x": None}]})
    step("not to be sent", "open(os.devnull)")
    step("bytes", "[b'x' * 3000, b'y' * 10]")
    client.step("large")
    data = {"data": b"abc" * 2000, "me": "none"}
    done["large"] = client.send("mux", "apply_request", {}, target="engine-1",
                                buffers=applied("data * 2", data))
    client.done(done["large"])
    client.step("no function at all")
    done["no function"] = client.send("mux", "apply_request", {"some": "content"},
                                      target="engine-1")
    client.done(done["no function"])
    client.step("one after the other")
    gate = client.gate()
    row = [client.apply("engine-0", "hold('%s')" % gate)]
    row += [client.apply("engine-0", str(n)) for n in range(5)]
    client.open(gate)
    for request in row:
        client.done(request)
    return done


def control(client):
    def step(name, kind, content, **waits):
        client.step(name)
        client.done(client.control("engine-0", kind, content), **waits)

    step("connect", "connect_request", {})
    step("kernel info over control", "kernel_info_request", {})
    step("abort of all", "abort_request", {"msg_ids": []})
    client.step("code over control")
    request = client.execute("engine-1", "6 * 7", channel="control", silent=False)
    client.done(request)
    client.recorded(request, "execute_input", bool)
    # The hub has only heard its output.
    client.ask("db_request", {"query": {"msg_id": request}})
    client.ask("result_request", {"msg_ids": [request]})
    client.ask("purge_request", {"msg_ids": [request]})
    client.step("clear")
    client.done(client.control("engine-0", "clear_request", {}))
    client.done(client.apply("engine-0", "me"))
    client.prepare(0)
    for name, form in (("one", lambda i: [i]), ("one, as text", str)):
        client.step("abort of " + name)
        request = client.next_id()
        client.done(client.control("engine-0", "abort_request", {"msg_ids": form(request)}))
        client.apply("engine-0", "0", msg_id=request)
        client.done(request, idles=0, busies=1)
        client.done(client.apply("engine-0", "1"))
        client.outcome(request)
    client.step("a task that is aborted")
    request = client.next_id()
    client.done(client.control("engine-0", "abort_request", {"msg_ids": [request, "nosuch"]}))
    client.task("0", msg_id=request, targets=["engine-0"])
    client.done(request, idles=0, busies=1)
    client.outcome(request)
    client.step("signal")
    request = client.apply("engine-0", "print('ready', flush=True) or time.sleep(60)")
    client.wait(lambda: client.of(request, "iopub", "stream"), "output")
    client.done(client.control("engine-0", "signal_request", {"sig": "SIGINT"}), idles=0)
    client.done(request)
    for sig in ("SIGNOSUCH", 12345):
        step("signal %s" % sig, "signal_request", {"sig": sig}, idles=0)
    step("no signal", "signal_request", {}, idles=0)
    step("unknown request over control", "bogus_request", {}, replies=0)
