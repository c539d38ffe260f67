# SPDX-License-Identifier: BSD-3-Clause
# scheduling.py CHECK [WORD…]: a real ipyparallel.Client and two engines of the default profile:
# which of them gets a task, how many, and what becomes of it. Prints nothing and exits 0 if the
# check holds.
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


def raises(name, result):
    try:
        got = result.get(timeout=LIMIT)
    except ipyparallel.error.RemoteError as problem:
        assert problem.ename == name, problem
        return problem
    except ipyparallel.error.TaskAborted:
        assert name == 'TaskAborted', name
        return None
    raise AssertionError(f'{got} instead of {name}')


def is_here(engine):
    return globals()['me'] == engine


def functional(client):
    """A task says on the engine that it does not belong there, and goes on to the next one."""
    held = Held(client)
    view = client.load_balanced_view()
    here = ipyparallel.depend(is_here, 1)(lambda: globals()['me'])
    assert [view.apply_async(here).get(timeout=LIMIT) for _ in range(10)] == [1] * 10
    assert [r.get(timeout=LIMIT) for r in [view.apply_async(here) for _ in range(10)]] == [1] * 10
    lacking = ipyparallel.require('no_such_module')(abs)
    view.set_flags(targets=[0])
    raises('ImpossibleDependency', view.apply_async(here))
    view.set_flags(targets=None, timeout=0.2)
    raises('TaskTimeout', view.apply_async(lacking, 1))
    held.wait_for(0, 0, 0)


def aborting(client):
    """An abort reaches the engines; a task that the scheduler still has ends where it gets to."""
    held = Held(client)
    held.submit(1, targets=[0])
    view = client.load_balanced_view(targets=[0])
    waits = view.apply_async(abs, -1)
    after = client.load_balanced_view()
    after.set_flags(after=[waits])
    behind = after.apply_async(abs, -2)
    client.abort(waits, block=True)
    held.release()
    raises('TaskAborted', waits)
    raises('ImpossibleDependency', behind)
    # Aborted everywhere, so that a retry changes nothing.
    held = Held(client)
    held.submit(2)
    held.wait_for(1, 1, 0)
    again = client.load_balanced_view()
    again.set_flags(retries=1)
    waits = again.apply_async(abs, -3)
    client.abort(waits, block=True)
    held.release()
    raises('TaskAborted', waits)


def die_on(engine):
    import os
    import time
    if globals()['me'] == engine:
        os.kill(os.getppid(), 9)  # the engine, whose kernel this is
        time.sleep(60)
    return globals()['me']


def deaths(client):
    """The engine dies with a task: with retries left it runs elsewhere, else the client is told."""
    held = Held(client)
    held.submit(1, targets=[1])
    held.wait_for(0, 1, 0)
    view = client.load_balanced_view()
    view.set_flags(retries=1)
    again = view.apply_async(die_on, 0)
    until('engine 0 to go', lambda: client.ids == [1])
    held.release()
    assert again.get(timeout=LIMIT) == 1
    uuid = client._engines[1]
    view.set_flags(retries=0)
    last = view.apply_async(die_on, 1)
    problem = raises('EngineError', last)
    assert problem.evalue == f"Engine b'{uuid}' died while running task '{last.msg_ids[0]}'"


def labels(client):
    """Requests of version 9 have a label and questions may have patterns; those of 7.1 have not."""
    socket = client.load_balanced_view()._socket
    plain = {'after': [], 'follow': [], 'timeout': 0.0, 'targets': [], 'retries': 0}
    forms = [plain, {**plain, 'label': None}, {**plain, 'label': 'job-one'},
             {**plain, 'label': 'job-two'}, {**plain, 'label': 'other'}, {}]
    futures = [client.send_apply_request(socket, abs, [-n], metadata=form)
               for n, form in enumerate(forms)]
    results = [ipyparallel.AsyncResult(client, f, owner=True) for f in futures]
    assert [r.get(timeout=LIMIT) for r in results] == list(range(len(forms)))

    def found(query):
        records = client.db_query(query, keys=['msg_id', 'label'])
        return sorted(str(record.get('label')) for record in records)

    until('the records', lambda: len(found({'completed': {'$ne': None}})) >= len(forms))
    assert found({'label': 'job-one'}) == ['job-one']
    assert found({'label': {'$glob': 'job-*'}}) == ['job-one', 'job-two']
    ids = [r.msg_ids[0] for r in results]
    assert len(found({'msg_id': {'$glob': ids[0].rsplit('_', 1)[0] + '_*'}})) >= len(forms)


with ipyparallel.Client(timeout=LIMIT) as real:
    real.wait_for_engines(2, timeout=LIMIT, interactive=False)
    globals()[sys.argv[1]](real, *sys.argv[2:])
