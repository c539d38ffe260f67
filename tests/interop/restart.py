# SPDX-License-Identifier: BSD-3-Clause
# restart.py CHECK SIGNAL ENGINE…: a real ipyparallel.Client and engines (started by the command
# ENGINE) live on while their controller ends by SIGNAL and comes again. Prints nothing and exits 0
# if CHECK holds.
import json
import os
import signal
import subprocess
import sys
import time

import ipyparallel
from ipyparallel import error

LIMIT = 30  # seconds any single wait may take
WORLD = os.environ['WORLD']
LOG = f'{WORLD}/controller.log'
SECURITY = os.path.join(os.environ['IPYTHONDIR'], 'profile_default', 'security')
CHECK, SIGNAL, ENGINE = sys.argv[1], sys.argv[2], sys.argv[3:]


def wait_until(condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, condition
        time.sleep(0.01)


def wait_for_ids(client, ids):
    deadline = time.monotonic() + LIMIT
    while client.ids != ids:
        assert time.monotonic() < deadline, (client.ids, open(LOG).read())
        time.sleep(0.01)


def start(name, command):
    """A process that bats ends: its pid is in a file, what it says in a log."""
    with open(f'{WORLD}/{name}.log', 'w') as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    with open(f'{WORLD}/{name}.pid', 'w') as file:
        print(process.pid, file=file)
    return process


def start_controller(*options):
    ours = os.path.join(os.environ['IPKIT_BUILD'], 'bin', 'ipcontroller')
    command = [ours, '--ping=250', *options]
    if 'CONFIG' in os.environ:
        command.append('--config=' + os.environ['CONFIG'])
    process = start('controller', command)
    wait_until(lambda: any(line.startswith('READY') for line in open(LOG)))
    return process


def state():
    with open(os.path.join(SECURITY, '..', 'log', 'engines.json')) as file:
        return json.load(file)


def files():
    """What peers keep of the connection files; not who wrote them, and when."""
    kinds = {}
    for kind in 'client', 'engine':
        with open(f'{SECURITY}/ipcontroller-{kind}.json') as file:
            kinds[kind] = json.load(file)
        del kinds[kind]['ipkit']
    return kinds


def end(process):
    process.send_signal(getattr(signal, SIGNAL))
    process.wait(LIMIT)


def pids(client):
    return dict(zip(client.ids, client[:].apply_async(os.getpid).get(LIMIT)))


def works(client, ids):
    """Every kind of view, right now."""
    count = len(ids)
    assert client.ids == ids, client.ids
    assert client[:].apply_async(abs, -2).get(LIMIT) == [2] * count
    balanced = client.load_balanced_view()
    assert balanced.map_async(abs, range(20)).get(LIMIT) == list(range(20))
    tree = client.broadcast_view()
    for tree.is_coalescing in True, False:
        assert tree.apply_async(abs, -3).get(LIMIT) == [3] * count
    queues = client.queue_status()
    assert queues['unassigned'] == 0 and queues.keys() >= set(ids), queues


def prepare(*options):
    """A controller, two engines with the ids 1 and 2, and a client."""
    controller = start_controller(*options)
    client = ipyparallel.Client(timeout=LIMIT)
    for number in range(3):
        start(f'engine-{number}', ENGINE)
        wait_until(lambda: number in client.ids)
    client[0].shutdown()
    wait_for_ids(client, [1, 2])
    wait_until(lambda: list(state()['engines']) == ['1', '2'])
    return controller, client


def restored():
    controller, client = prepare('--restore')
    before, kept = pids(client), files()
    works(client, [1, 2])
    end(controller)
    start_controller('--restore')
    works(client, [1, 2])
    assert pids(client) == before and files() == kept
    with ipyparallel.Client(timeout=LIMIT) as late:
        works(late, [1, 2])
    start('engine-3', ENGINE)
    wait_for_ids(client, [1, 2, 3])
    works(client, [1, 2, 3])


def lost():
    """One engine ends while there is no controller."""
    controller, client = prepare('--restore')
    gone = pids(client)[2]
    end(controller)
    os.kill(gone, signal.SIGKILL)
    start_controller('--restore')
    waiting = client[2].apply_async(abs, -1)
    wait_for_ids(client, [1])
    try:
        waiting.get(LIMIT)
    except error.RemoteError as problem:
        assert problem.ename == 'EngineError', problem
        works(client, [1])
    else:
        raise AssertionError('no error')


def reused():
    """Without --restore engines are not taken over; files are as they were."""
    controller, client = prepare('--reuse')
    kept = files()
    end(controller)
    start_controller('--reuse')
    assert files() == kept
    with ipyparallel.Client(timeout=LIMIT) as late:
        assert late.ids == []
        start('engine-3', ENGINE)
        wait_for_ids(late, [0])
        wait_for_ids(client, [0, 1, 2])
        works(late, [0])


globals()[CHECK]()
