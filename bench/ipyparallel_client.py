# SPDX-License-Identifier: BSD-3-Clause
# The rival's own client: for each line `DIRECT TASKS` on stdin, one round of figures as JSON.
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


def main():
    client = ipyparallel.Client(sys.argv[1], timeout=20)
    client.wait_for_engines(int(sys.argv[2]), timeout=30)
    direct, balanced = client[0], client.load_balanced_view()
    for call in (lambda x: direct.apply_sync(no_op, x), lambda x: balanced.apply_sync(no_op, x)):
        p50_us(call, 10)
    versions = {"ipyparallel": ipyparallel.__version__, "pyzmq": zmq.__version__}
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        calls, tasks = map(int, line.split())
        figures = {
            "direct": p50_us(lambda x: direct.apply_sync(no_op, x), calls),
            "balanced": p50_us(lambda x: balanced.apply_sync(no_op, x), calls),
        }
        start = time.perf_counter()
        answers = balanced.map(no_op, range(tasks), chunksize=1, ordered=False, block=False)
        if sorted(answers.get(timeout=120)) != list(range(tasks)):
            raise SystemExit("wrong answers")
        figures["rate"] = tasks / (time.perf_counter() - start)
        client.purge_everything()
        print(json.dumps(figures), flush=True)


main()
