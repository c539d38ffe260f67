# SPDX-License-Identifier: BSD-3-Clause
# The rival's own client: for each line on stdin one round of figures as JSON.
#   DIRECT TASKS   round trips, and a map of so many tasks
#   array MB       a numpy array of so many MB, pushed to the first engine and pulled back
#   bytes MB       the same with bytes
#
#   ipyparallel_client.py FILE ENGINES

import json
import statistics
import sys
import time

import ipyparallel
import zmq


def no_op(x=None):
    return x


def p50_us(call, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        if call(7) != 7:
            raise SystemExit("a wrong answer")
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def round_trips(client, direct, balanced, calls, tasks):
    figures = {
        "direct": p50_us(lambda x: direct.apply_sync(no_op, x), calls),
        "balanced": p50_us(lambda x: balanced.apply_sync(no_op, x), calls),
    }
    start = time.perf_counter()
    answers = balanced.map(no_op, range(tasks), chunksize=1, ordered=False, block=False)
    if sorted(answers.get(timeout=120)) != list(range(tasks)):
        raise SystemExit("wrong answers")
    figures["rate"] = tasks / (time.perf_counter() - start)
    return figures


def there_and_back(direct, kind, megabytes):
    import numpy
    value = numpy.random.default_rng(megabytes).random(megabytes * 125000)
    if kind == "bytes":
        value = value.tobytes()
    start = time.perf_counter()
    direct.push({"value": value}, block=True)
    pushed = time.perf_counter()
    back = direct.pull("value", block=True)
    pulled = time.perf_counter()
    if not (back == value if kind == "bytes" else numpy.array_equal(value, back)):
        raise SystemExit("another value")
    return {"push": megabytes / (pushed - start), "pull": megabytes / (pulled - pushed),
            "both": 2 * megabytes / (pulled - start)}


def main():
    client = ipyparallel.Client(sys.argv[1], timeout=20)
    client.wait_for_engines(int(sys.argv[2]), timeout=30)
    direct, balanced = client[0], client.load_balanced_view()
    for call in (lambda x: direct.apply_sync(no_op, x), lambda x: balanced.apply_sync(no_op, x)):
        p50_us(call, 10)
    versions = {"ipyparallel": ipyparallel.__version__, "pyzmq": zmq.__version__}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        first, second = line.split()
        if first in ("array", "bytes"):
            figures = there_and_back(direct, first, int(second))
        else:
            figures = round_trips(client, direct, balanced, int(first), int(second))
        client.purge_everything()
        print(json.dumps(figures), flush=True)


main()
