# SPDX-License-Identifier: BSD-3-Clause
# client.py CHECK N: a real ipyparallel.Client against the cluster of the default profile, which
# has N engines. Prints nothing and exits 0 if the check holds.
import concurrent.futures
import os
import sys
import tempfile
import time

import ipyparallel
from ipyparallel import error

LIMIT = 30  # seconds any single wait may take


def ids(client):
    assert client.ids == list(range(COUNT)), client.ids


def apply(client):
    view = client[:]
    assert view.apply_sync(lambda a, b=1: a + b, 2, b=3) == [5] * COUNT
    assert client[0].apply_sync(len, 'four') == 4
    pids = view.apply_async(__import__('os').getpid).get(timeout=LIMIT)
    assert len(set(pids)) == COUNT, pids


def push_pull(client):
    view = client[:]
    view.push({'d': {'a': [1, 2.5, 'ä'], 'n': None}}, block=True)
    assert view.pull('d', block=True) == [{'a': [1, 2.5, 'ä'], 'n': None}] * COUNT
    view.execute('e = d["a"][0] + 1', block=True)
    assert client[COUNT - 1].pull('e', block=True) == 2


def numpy(client):
    import numpy
    array = numpy.arange(120000, dtype='f8').reshape(300, 400)
    view = client[:]
    view.push({'array': array}, block=True)
    view.execute('twice = 2 * array', block=True)
    for twice in view.pull('twice', block=True):
        assert twice.dtype == array.dtype and (twice == 2 * array).all()


def scatter_gather(client):
    view = client[:]
    view.scatter('x', list(range(64)), block=True)
    view.execute('y = [v ** 10 for v in x]', block=True)
    assert view.gather('y', block=True) == [v ** 10 for v in range(64)]


def balanced_map(client):
    view = client.load_balanced_view()
    assert view.map_sync(lambda v: v * v, range(100)) == [v * v for v in range(100)]
    result = view.map_async(lambda v: -v, range(50), chunksize=7)
    assert result.get(timeout=LIMIT) == [-v for v in range(50)]


def output(client):
    result = client[:].execute('import sys; print("out", 6 * 7); print("err", file=sys.stderr)')
    result.get(timeout=LIMIT)
    result.wait_for_output(LIMIT)
    assert result.stdout == ['out 42\n'] * COUNT, result.stdout
    assert result.stderr == ['err\n'] * COUNT, result.stderr


def exception(client):
    client[0].execute('def broken(n):\n    return 1 / n\n', block=True)
    try:
        client[0].execute('broken(0)', block=True)
    except error.RemoteError as problem:
        assert problem.ename == 'ZeroDivisionError', problem.ename
        assert 'division by zero' in problem.evalue, problem.evalue
        assert 'broken' in problem.traceback, problem.traceback
        assert problem.engine_info['engine_id'] == 0, problem.engine_info
    else:
        raise AssertionError('no exception')
    try:
        client[:].apply_sync(lambda: {}['absent'])
    except error.CompositeError as problem:
        assert len(problem.elist) == COUNT and problem.elist[0][0] == 'KeyError', problem.elist
    else:
        raise AssertionError('no exception')


def queues(client):
    status = client.queue_status()
    assert status['unassigned'] == 0, status
    assert {key for key in status if isinstance(key, int)} == set(range(COUNT)), status


def until(gate):
    import os
    import time
    while not os.path.exists(gate):
        time.sleep(0.01)


def abort(client):
    view = client[0]
    gate = os.path.join(tempfile.mkdtemp(), 'gate')
    slow = view.apply_async(until, gate)
    queued = view.apply_async(int, 7)
    asked = client.abort(queued, block=False)
    # Ours answers at once, an engine of ipyparallel's between requests only: it has time to hear.
    concurrent.futures.wait([asked], timeout=2)
    open(gate, 'w').close()
    slow.get(timeout=LIMIT)
    try:
        queued.get(timeout=LIMIT)
    except error.TaskAborted:
        return
    raise AssertionError('not aborted')


def broadcast(client):
    view = client.broadcast_view()
    for view.is_coalescing in True, False:
        assert view.apply_sync(lambda a: a * 2, 21) == [42] * COUNT
        got = view.apply_sync(bytes, 100000)
        assert got == [bytes(100000)] * COUNT


def encrypted(client):
    assert client.curve_serverkey and client.curve_secretkey and not client.session.key


def canned(client):
    import functools
    view = client.load_balanced_view()
    base = 40

    class Adder:
        def add(self, value):
            return base_of_adder + value
    client[:].push({'base_of_adder': 100}, block=True)
    assert view.apply_sync(lambda v: base + v, 2) == 42
    assert view.apply_sync(functools.partial(lambda a, b, c: a + b + len(c), 1, c=b'z' * 5000), 2) \
        == 5003
    assert view.apply_sync(lambda kind: kind().add(1), Adder) == 101
    assert view.apply_sync(lambda v: v, ipyparallel.Reference('base_of_adder')) == 100
    assert view.apply_sync(lambda: [b'a' * 5000, b'b']) == [b'a' * 5000, b'b']
    client[0].push({'chosen': True}, block=True)
    choose = ipyparallel.depend(lambda: 'chosen' in globals())
    runs = [view.apply_async(choose(lambda: __import__('os').getpid())) for _ in range(10)]
    only = client[0].apply_sync(__import__('os').getpid)
    assert {run.get(timeout=LIMIT) for run in runs} == {only}


def subscribe(client):
    """Returns once output arrives: the client subscribes beside its requests, and what engines
    publish before that is lost to it."""
    deadline = time.monotonic() + LIMIT
    while not client[:].execute('pass', block=False).wait_for_output(0.5):
        assert time.monotonic() < deadline, 'no idle message ever arrives'


CHECK = sys.argv[1]
COUNT = int(sys.argv[2])
with ipyparallel.Client(timeout=LIMIT) as real:
    real.wait_for_engines(COUNT, timeout=LIMIT, interactive=False)
    subscribe(real)
    globals()[CHECK](real)
