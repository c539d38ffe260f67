# SPDX-License-Identifier: BSD-3-Clause
"""What can be played: with which options, with how many real engines, and the steps in order."""
from collections import namedtuple

import steps_direct
import steps_engines
import steps_hub
import steps_refused
import steps_tasks
import variants


def everything(client, cluster):
    steps_hub.nothing_there(client)
    steps_engines.arrival(client, cluster)
    done = steps_direct.code(client)
    done.update(steps_direct.functions(client))
    steps_direct.control(client)
    done.update(steps_tasks.simple(client))
    client.known(*done.values())
    steps_hub.queues(client)
    steps_hub.results(client, done)
    steps_hub.records(client, done)
    steps_hub.resubmission(client, done)
    steps_hub.purge(client, done)
    steps_tasks.many(client)
    steps_tasks.dependencies(client)
    steps_tasks.waiting(client)
    steps_tasks.limits(client)
    steps_refused.refused(client)
    steps_tasks.broadcast(client)
    steps_engines.registration(client)
    steps_tasks.repeated(client)
    steps_engines.played(client)
    steps_engines.deaths(client, cluster)
    steps_engines.end(client, cluster)


# Hearts may miss beats for a while: the machine may be busy with other tests.
PATIENT = ("--ping=250", "--HeartMonitor.max_heartmonitor_misses=400")
QUICK = ("--ping=500", "--HeartMonitor.max_heartmonitor_misses=8")
Scenario = namedtuple("Scenario", "play options engines heart", defaults=((), 0, PATIENT))
SCENARIOS = {
    "everything": Scenario(everything, ("--IPController.registration_timeout=15",), 3),
    "any-number": Scenario(variants.high_water(26, 0, 0), ("--hwm=0",)),
    "lru": Scenario(variants.high_water(6, 1, 3), ("--scheme=lru", "--hwm=3")),
    "pure": Scenario(variants.pure, ("--scheme=pure",)),
    "silent": Scenario(variants.silent, ("--IPController.registration_timeout=8",), heart=QUICK),
    "no-records": Scenario(variants.no_records, ("--nodb",)),
    "in-file": Scenario(variants.in_file, ("--sqlitedb",)),
}
