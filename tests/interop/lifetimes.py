# SPDX-License-Identifier: BSD-3-Clause
# lifetimes.py N: a real ipyparallel.Client gives short tasks to N engines until all of them but one
# have ended. Every result is right, and every task ran once.
import sys
import time

import ipyparallel

client = ipyparallel.Client()
end = time.monotonic() + 60
while len(client) < int(sys.argv[1]):
    assert time.monotonic() < end, client.ids
    time.sleep(0.05)


def square(x):
    import time
    with open('ran', 'a') as ran:
        ran.write(f'{x}\n')
    time.sleep(0.005)
    return x * x


view = client.load_balanced_view()
last, waiting, done = False, [], 0
while not last:
    last = len(client) == 1
    assert time.monotonic() < end, client.ids
    # The next ones wait already while these run.
    items = range(done, done + 200)
    waiting.append((items, view.map_async(square, items)))
    done += 200
    for items, result in waiting if last else [waiting.pop(0)] if len(waiting) > 1 else []:
        assert result.get(timeout=30) == [x * x for x in items]
with open('ran') as ran:
    assert sorted(map(int, ran)) == list(range(done))
