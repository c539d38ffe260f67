# SPDX-License-Identifier: BSD-3-Clause
"""reference.py FILE COUNT: COUNT tasks with known results from a real ipyparallel.Client, while
engines and controllers die. What does not come to it, because it is not told of another controller,
is fetched by id from the records. Prints what became of all, as JSON."""
import json
import sys
import time

import ipyparallel
from ipyparallel import error

BATCH = 500
PATIENCE = 12    # seconds without any answer before the records are asked
LIMIT = 70       # for all of it


def step(n):
    return n * n


def client_of(path, end):
    """Until there is a controller to connect to."""
    while True:
        try:
            return ipyparallel.Client(path, timeout=5)
        except (OSError, error.TimeoutError, ValueError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    end = time.monotonic() + LIMIT
    client = client_of(path, end)
    while not client.ids and time.monotonic() < end:
        time.sleep(0.05)
    view = client.load_balanced_view()
    view.retries = 20
    asked, seen = {}, {}
    for first in range(0, count, BATCH):
        for number in range(first, min(first + BATCH, count)):
            asked[view.apply_async(step, number).msg_ids[0]] = number
        last, known = time.monotonic(), -1
        while client.outstanding and time.monotonic() < min(last + PATIENCE, end):
            client.wait(list(client.outstanding), timeout=0.2)
            if len(client.outstanding) != known:
                last, known = time.monotonic(), len(client.outstanding)
        for msg_id in asked:
            if msg_id in client.results and msg_id not in seen:
                seen[msg_id] = client.results[msg_id]
        client.outstanding.clear()
    told = {'lost': 0, 'wrong': 0, 'twice': 0, 'told': 0, 'why': ''}
    missing = [msg_id for msg_id in asked if msg_id not in seen]
    if missing:
        told['why'] = f'{len(missing)} of {count} from the records'
        fetch(path, missing, seen, end)
    for msg_id, number in asked.items():
        result = seen.get(msg_id)
        if isinstance(result, error.RemoteError):
            told['told' if result.ename in ('EngineError', 'KernelDied') else 'wrong'] += 1
            told['why'] = f'{result.ename}: {result.evalue}'
        elif result is None:
            told['lost'] += 1
        elif result != number * number:
            told['wrong'] += 1
    print(json.dumps(told))


def fetch(path, missing, seen, end):
    late = client_of(path, end)
    left = list(missing)
    while left and time.monotonic() < end:
        status = late.result_status(left, status_only=True)
        done = list(status['completed'])
        for msg_id in done:
            try:
                seen[msg_id] = late.get_result(msg_id, owner=False).get(10)
            except error.RemoteError as why:
                seen[msg_id] = why
        left = [msg_id for msg_id in left if msg_id not in seen]
        time.sleep(0.2)


main()
