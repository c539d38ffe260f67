# SPDX-License-Identifier: BSD-3-Clause
# broadcasting.py DEPTH CHECK…: a real ipyparallel.Client's BroadcastView, coalescing and not, and
# five engines of the default profile, under a tree of that depth. Prints nothing and exits 0 if the
# checks hold.
import os
import sys

import ipyparallel
from ipyparallel import error

LIMIT = 30  # seconds any single wait may take
COUNT = 5
LEAVES = 2 ** int(sys.argv[1])
SUBSETS = [[3], [0, 2, 4], [4, 1], [3, 2, 1, 0], [0, 1, 2, 3, 4]]


def where(add=0):
    return globals()['me'] + add


def fails_on(bad):
    import os
    if globals()['me'] in bad:
        raise ValueError(f'bad {globals()["me"]}')
    return os.getpid()


def views(client):
    """Every subset, coalescing and not: (targets, view)."""
    for targets in SUBSETS:
        for coalescing in True, False:
            view = client.broadcast_view(targets)
            view.is_coalescing = coalescing
            yield targets, view


def in_order(view, targets):
    """The objects of a coalesced reply come leaf by leaf of the tree, else as they were asked."""
    return sorted(targets, key=lambda t: t % LEAVES) if view.is_coalescing else targets


def subsets(client):
    for targets, view in views(client):
        got = view.apply_sync(where, add=10)
        assert got == [10 + target for target in in_order(view, targets)], (targets, got)
        assert view.apply_sync(bytes, 100000) == [bytes(100000)] * len(targets)
        assert view.apply_sync(lambda: None) == [None] * len(targets)


def failures(client):
    pids = client[:].apply_sync(os.getpid)
    for targets, view in views(client):
        bad = targets[-1:]
        result = view.apply_async(fails_on, bad)
        try:
            result.get(timeout=LIMIT)
        except error.CompositeError as problem:
            assert not view.is_coalescing or len(targets) == 1, 'all in one'
            assert [entry[:2] for entry in problem.elist] == [('ValueError', f'bad {bad[0]}')]
        except error.RemoteError as problem:
            assert view.is_coalescing or len(targets) == 1
            assert (problem.ename, problem.evalue) == ('ValueError', f'bad {bad[0]}')
        else:
            raise AssertionError(f'{targets}: no exception')
        if not view.is_coalescing and len(targets) > 1:
            good = [r for r in result.get(return_exceptions=True) if isinstance(r, int)]
            assert good == [pids[target] for target in targets if target not in bad], good
        # Nothing of it is left in the way of the next.
        assert sorted(view.apply_sync(where)) == sorted(targets)
    for coalescing in True, False:
        view = client.broadcast_view()
        view.is_coalescing = coalescing
        try:
            view.apply_sync(fails_on, [0, 1, 2, 3, 4])
        except error.CompositeError as problem:
            assert len(problem.elist) == COUNT and not coalescing, problem.elist
        except error.RemoteError as problem:
            assert problem.ename == 'ValueError' and coalescing, problem
        else:
            raise AssertionError('no exception')


def code(client):
    for targets, view in views(client):
        view.execute(f'a = [me] * {len(targets)}', block=True)
        assert client[targets].pull('a', block=True) == [[t] * len(targets) for t in targets]


def many(client):
    """Many at once, of both kinds: each answer finds its question."""
    asked = []
    for round_ in range(20):
        for targets, view in views(client):
            asked.append((round_, targets, view.apply_async(where, add=round_)))
    for round_, targets, result in asked:
        got = sorted(result.get(timeout=LIMIT))
        assert got == [round_ + target for target in sorted(targets)], (targets, got)


def dies_on(victim):
    import os
    import time
    if globals()['me'] == victim:
        os.kill(os.getppid(), 9)  # the engine, whose kernel this is
        time.sleep(60)
    return globals()['me']


def death(client):
    """An engine dies in the middle of one: whoever waits is told, the others have done it."""
    for coalescing, victim in (True, 3), (False, 1):
        targets = client.ids
        view = client.broadcast_view(targets)
        view.is_coalescing = coalescing
        result = view.apply_async(dies_on, victim)
        try:
            result.get(timeout=LIMIT)
        except error.CompositeError as problem:
            assert not coalescing, problem.elist
            assert [entry[0] for entry in problem.elist] == ['EngineError'], problem.elist
            assert f'Engine {victim} died while running task' in problem.elist[0][1]
        except error.RemoteError as problem:
            assert coalescing and problem.ename == 'EngineError', problem
            assert f'Engine {victim} died while running task' in problem.evalue, problem.evalue
        else:
            raise AssertionError('nothing said')
        rest = [target for target in targets if target != victim]
        view = client.broadcast_view(rest)
        view.is_coalescing = coalescing
        assert sorted(view.apply_sync(where)) == rest


with ipyparallel.Client(timeout=LIMIT) as real:
    real.wait_for_engines(COUNT, timeout=LIMIT, interactive=False)
    for number in real.ids:
        real[number].push({'me': number}, block=True)
    for name in sys.argv[2:]:
        globals()[name](real)
