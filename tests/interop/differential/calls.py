# SPDX-License-Identifier: BSD-3-Clause
"""What the scenario lets engines do, and short ways to ask for it."""
import time

from ipyparallel.serialize import pack_apply_message

from client import Client
from cluster import LIMIT

# Defined on every engine. `me` is its id.
PRELUDE = """
import os, signal, sys, time
from ipyparallel.error import UnmetDependency
me = %d
def hold(gate):
    end = time.monotonic() + 60
    while not os.path.exists(gate):
        if time.monotonic() > end: raise TimeoutError(gate)
        time.sleep(0.005)
    return me
def fail_on(*engines):
    if me in engines: raise ValueError("not on %%d" %% me)
    return me
def unmet_on(*engines):
    if me in engines: raise UnmetDependency()
    return me
"""


def applied(text, *more):
    """Buffers of an apply_request that evaluates `text` on the engine; `more` is data for it."""
    return pack_apply_message(eval, (text, *more), {})


applied("0")  # the first call completes a table of ipyparallel's, which two threads must not


class Calls(Client):
    """A client that says in short what is asked often."""

    def execute(self, engine, code, channel="mux", key=None, **content):
        content = {"code": code, "silent": True, "user_expressions": {}, **content}
        return self.send(channel, "execute_request", content, target=engine, key=key)

    def apply(self, engine, text, channel="mux", **more):
        return self.send(channel, "apply_request", {}, target=engine, buffers=applied(text), **more)

    def task(self, text, msg_id=None, **metadata):
        return self.apply(None, text, "task", msg_id=msg_id, metadata=metadata)

    def broadcast(self, targets, text, coalescing, **more):
        metadata = {"targets": targets, "is_broadcast": True, "is_coalescing": coalescing}
        return self.apply(None, text, "broadcast", metadata=metadata, **more)

    def control(self, engine, kind, content, **more):
        return self.send("control", kind, content, target=engine, **more)

    def asked(self, requests):
        """Questions to the hub, each a step."""
        for name, kind, content in requests:
            self.step(name)
            self.ask(kind, content)

    def outcome(self, *msg_ids):
        """Waits until the hub knows how they ended, and asks it."""
        self.known(*msg_ids)
        self.ask("result_request", {"msg_ids": list(msg_ids)})

    def prepare(self, number):
        """Gives an engine the functions above, and sees that all of its output arrives: it
        connects beside its registration, and what it says before that is lost."""
        engine = "engine-%d" % number
        self.notified("registration_notification", engine)
        content = {"code": PRELUDE % number, "silent": True, "store_history": False,
                   "user_expressions": {}}
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            sent = self.control(engine, "execute_request", content, quiet=True)
            patience = time.monotonic() + 1
            while time.monotonic() < patience:
                if self.states(sent, "idle") and self.replies(sent):
                    return
                self.receive(0.1)
        raise TimeoutError("engine %d does not answer" % number)
