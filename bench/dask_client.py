# SPDX-License-Identifier: BSD-3-Clause
# The client of another rival, dask distributed: says its version when the workers are there, then
# for each line on stdin one round of figures as JSON.
#   CALLS TASKS    round trips of a task that does nothing, and a map of so many
#
#   dask_client.py ADDRESS WORKERS

import json
import statistics
import sys
import time

import distributed


def no_op(x=None):
    return x


def p50_us(client, calls):
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        if client.submit(no_op, 7, pure=False).result(timeout=60) != 7:
            raise SystemExit("a wrong answer")
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times)


def rate(client, tasks):
    start = time.perf_counter()
    answers = client.gather(client.map(no_op, range(tasks), pure=False))
    taken = time.perf_counter() - start
    if answers != list(range(tasks)):
        raise SystemExit("wrong answers")
    return tasks / taken


def main():
    with distributed.Client(sys.argv[1], timeout="20s", set_as_default=False) as client:
        client.wait_for_workers(int(sys.argv[2]), timeout=30)
        p50_us(client, 10)
        print(json.dumps({"distributed": distributed.__version__}), flush=True)
        for line in sys.stdin:
            calls, tasks = map(int, line.split())
            print(json.dumps({"p50": p50_us(client, calls), "rate": rate(client, tasks)}),
                  flush=True)


main()
