# SPDX-License-Identifier: BSD-3-Clause
# drains.py N PID…: a real ipyparallel.Client gives short tasks to N engines, and the engines with
# these pids are told to drain meanwhile. Every result is right, and every task ran once.
import os
import signal
import sys
import time

import ipyparallel

STEP = 200
engines, pids = int(sys.argv[1]), [int(pid) for pid in sys.argv[2:]]
client = ipyparallel.Client()
end = time.monotonic() + 60
while len(client) < engines:
    assert time.monotonic() < end, client.ids
    time.sleep(0.05)


def square(x):
    import time
    with open('ran', 'a') as ran:
        ran.write(f'{x}\n')
    time.sleep(0.005)
    return x * x


view = client.load_balanced_view()
results = []
for step in range(len(pids) + 1):
    # Some of these run, and more wait, when the engine drains.
    results.append(view.map_async(square, range(step * STEP, (step + 1) * STEP)))
    while results[-1].progress < STEP // 4:
        assert time.monotonic() < end, (step, results[-1].progress)
        time.sleep(0.005)
    if step < len(pids):
        os.kill(pids[step], signal.SIGPWR)
for step, result in enumerate(results):
    assert result.get(timeout=30) == [x * x for x in range(step * STEP, (step + 1) * STEP)]
with open('ran') as ran:
    assert sorted(map(int, ran)) == list(range(len(results) * STEP))
while len(client) > engines - len(pids):
    assert time.monotonic() < end, client.ids
    time.sleep(0.05)
