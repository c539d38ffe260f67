# SPDX-License-Identifier: BSD-3-Clause
"""Plays scenarios against the reference's controller and ours, all at the same time, and compares
what the client sees. Usage: differential DIRECTORY SCENARIO..."""
import faulthandler
import os
import sys
import threading
import traceback

from calls import Calls
from cluster import OURS, REFERENCE, Cluster
from compare import compare
from deviations import DEVIATIONS
from normal import normal_steps
from scenarios import SCENARIOS

faulthandler.dump_traceback_later(150, exit=True)


class Side(threading.Thread):
    """One controller and all that is asked of it."""

    def __init__(self, name, scenario, directory):
        super().__init__()
        self.name, self.scenario = name, scenario
        self.directory = os.path.join(directory, name)
        self.steps, self.problem = [], None

    def run(self):
        cluster = client = None
        try:
            options = self.scenario.options + self.scenario.heart
            cluster = Cluster(self.name, self.directory, options, self.scenario.engines)
            client = Calls(cluster)
            self.scenario.play(client, cluster)
        except Exception:
            self.problem = traceback.format_exc()
        try:
            if client is not None:
                self.steps = normal_steps(client)
                client.close()
        finally:
            if cluster is not None:
                cluster.stop()


def report(name, sides):
    """Prints what is wrong; how much that is."""
    reference, ours = sides
    deviations = [d for d in DEVIATIONS if name in d.scenarios]
    problems = compare(reference.steps, ours.steps, deviations)
    for side in sides:
        if side.problem:
            at = side.steps[-1][0].name if side.steps else "the start"
            problems.append("%s, %s: %s" % (side.name, at, side.problem))
    print("\n\n".join(problems))
    print("%s: %d steps, %d messages, %d problems" % (
        name, len(ours.steps), sum(len(entries) for _, entries in ours.steps), len(problems)))
    return len(problems)


def main(directory, *names):
    played = [(name, [Side(side, SCENARIOS[name], os.path.join(directory, name))
                      for side in (REFERENCE, OURS)]) for name in names]
    for _, sides in played:
        for side in sides:
            side.start()
    for _, sides in played:
        for side in sides:
            side.join()
    problems = [d.text for d in DEVIATIONS if not d.is_documented()]
    for text in problems:
        print("not in the documents: " + text)
    return 1 if len(problems) + sum([report(*one) for one in played]) else 0


sys.exit(main(*sys.argv[1:]))
