# SPDX-License-Identifier: BSD-3-Clause
# The rival's client sends code to all engines: for each line `ROUNDS BYTES` on stdin the medians,
# in microseconds as JSON, of its direct view and of its broadcast (tree) view.
#
#   ipyparallel_broadcast.py FILE ENGINES

import json
import statistics
import sys
import time

import ipyparallel


def p50_us(view, code, engines, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        answers = view.execute(code, silent=True, block=False)
        replies = answers.get(timeout=60)
        times.append((time.perf_counter() - start) * 1e6)
        if len(replies) != engines or any(reply["status"] != "ok" for reply in replies):
            raise SystemExit("wrong answers")
    return statistics.median(times)


def main():
    engines = int(sys.argv[2])
    client = ipyparallel.Client(sys.argv[1], timeout=20)
    client.wait_for_engines(engines, timeout=60)
    views = {"direct": client[:], "tree": client.broadcast_view()}
    for view in views.values():
        p50_us(view, "#", engines, 2)
    print(json.dumps({"ipyparallel": ipyparallel.__version__}), flush=True)
    for line in sys.stdin:
        rounds, size = map(int, line.split())
        code = "#" + "x" * (size - 1)
        print(json.dumps({name: p50_us(view, code, engines, rounds)
                          for name, view in views.items()}), flush=True)


main()
