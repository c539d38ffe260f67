# SPDX-License-Identifier: BSD-3-Clause
# scheduling.py CHECK [WORD…]: a real ipyparallel.Client and two engines of the default profile:
# which of them gets a task, and how many. Prints nothing and exits 0 if the check holds.
import os
import sys
import tempfile
import time
import warnings

import ipyparallel

LIMIT = 30  # seconds any single wait may take
TASKS = 40


def until(what, holds):
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def hold(gate, engine_name='me'):
    """Runs until the file `gate` exists; the id of the engine where it did."""
    import os
    import time
    while not os.path.exists(gate):
        time.sleep(0.01)
    return globals()[engine_name]


class Held:
    """Tasks that run, or wait, until they are released."""

    def __init__(self, client):
        self.client = client
        self.gate = os.path.join(tempfile.mkdtemp(), 'gate')
        self.results = []
        for index in client.ids:
            client[index].push({'me': index}, block=True)

    def submit(self, n, **flags):
        view = self.client.load_balanced_view()
        if flags:
            view.set_flags(**flags)
        mine = [view.apply_async(hold, self.gate) for _ in range(n)]
        self.results += mine
        return mine

    def release(self):
        open(self.gate, 'w').close()
        for result in self.results:
            result.get(timeout=LIMIT)

    def states(self):
        """Tasks at engine 0, at engine 1, and not yet anywhere."""
        status = self.client.queue_status()
        return status[0]['tasks'], status[1]['tasks'], status['unassigned']

    def wait_for(self, *states):
        until(f'{states}: {self.states()}', lambda: self.states() == states)


def spread(client, crowd):
    """How many of TASKS tasks each engine gets, when engine 0 has `crowd` from before."""
    held = Held(client)
    if crowd:
        held.submit(crowd, targets=[0])
        held.wait_for(crowd, 0, 0)
    tasks = held.submit(TASKS)
    until(held.states, lambda: sum(held.states()[:2]) == crowd + TASKS)
    held.release()
    where = [task.get() for task in tasks]
    return where.count(0), where.count(1)


def leastload(client):
    assert spread(client, TASKS) == (0, TASKS)
    assert spread(client, 0) == (TASKS / 2, TASKS / 2)


def lru(client):
    assert spread(client, TASKS) == (TASKS / 2, TASKS / 2)


def pure(client):
    assert spread(client, 0) == (TASKS / 2, TASKS / 2)
    # What it says of the flags it will not send shows that it was told the scheme.
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        conditional = ipyparallel.dependent(abs, len, 'four')
        assert client.load_balanced_view().apply_sync(conditional, -1) == 1
    assert 'Pure ZMQ scheduler' in str(said[-1].message), said


def plainrandom(client):
    # Each tosses a coin: less than five of forty once in 10^7 times.
    few = min(spread(client, TASKS))
    assert few >= 5, few


def prefers_the_idle(client):
    """twobin, weighted: three of four, or more, go to the engine with less to do."""
    at_0, at_1 = spread(client, 2 * TASKS)
    assert at_1 >= 12, (at_0, at_1)


def fullest(client):
    # --hwm=3: three tasks fill one engine, the others the next.
    held = Held(client)
    tasks = held.submit(5)
    until(held.states, lambda: sum(held.states()[:2]) == 5)
    held.release()
    where = [task.get() for task in tasks]
    assert where[:3] == [where[0]] * 3 and where[3:] == [1 - where[0]] * 2, where


def work(client):
    view = client.load_balanced_view()
    assert view.map_sync(lambda v: v * v, range(100)) == [v * v for v in range(100)]


def limit(client, hwm):
    """No engine has more than `hwm` tasks at a time; what is too much waits in the scheduler."""
    hwm = int(hwm)
    held = Held(client)
    held.submit(2 * hwm + 3 if hwm else 50)
    if hwm:
        held.wait_for(hwm, hwm, 3)
    else:
        held.wait_for(25, 25, 0)
    # One that is for a full engine does not go elsewhere, nor is it in the way of the others.
    held.submit(1, targets=[0])
    held.submit(1)
    if hwm:
        held.wait_for(hwm, hwm, 5)
    else:
        held.wait_for(26, 26, 0)
    held.release()
    held.wait_for(0, 0, 0)
    assert [task.get() for task in held.results][-2] == 0


with ipyparallel.Client(timeout=LIMIT) as real:
    real.wait_for_engines(2, timeout=LIMIT, interactive=False)
    globals()[sys.argv[1]](real, *sys.argv[2:])
