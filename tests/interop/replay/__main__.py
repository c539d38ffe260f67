# SPDX-License-Identifier: BSD-3-Clause
"""Replays recordings against a controller. Usage: replay WORK [--reference] RECORDING..."""
import faulthandler
import os
import sys
import traceback
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "differential"))

from cluster import OURS, REFERENCE, Cluster  # noqa: E402
import deviation_table  # noqa: E402
from player import Player  # noqa: E402
from recording import recordings  # noqa: E402

faulthandler.dump_traceback_later(150, exit=True)
NOTHING = types.SimpleNamespace(DEVIATIONS=[], ANSWERS=[], LEFT_OUT=[])
PERIOD = 500  # milliseconds from one heartbeat to the next; the recordings have 1000


def start(side, recording, work):
    """A controller with the key of the recording, and all that its peers have to know."""
    os.makedirs(work)
    keyfile = os.path.join(work, "key")
    with open(keyfile, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(recording.key)
    options = ["--keyfile=" + keyfile, "--ping=%d" % PERIOD, "--user=ipp",
               "--HeartMonitor.max_heartmonitor_misses=3", "--IPController.registration_timeout=8",
               "--scheme=" + recording.scheme(),
               "--IPController.broadcast_scheduler_depth=%d" % recording.depth()]
    return Cluster(side, work, options)


def replay(side, recording, work):
    """Prints what is wrong; how much that is."""
    name = os.path.basename(recording.directory)
    cluster = start(side, recording, os.path.join(work, name))
    player = Player(recording, cluster, NOTHING if side == REFERENCE else deviation_table)
    try:
        player.play()
    except Exception:
        step = player.steps[-1] if player.steps else "the start"
        player.problems.append("%s: %s" % (step, traceback.format_exc()))
    finally:
        player.peers.close()
        cluster.stop()
    for problem in player.problems:
        print(problem)
    print("%s: %d steps, %d messages sent, %d deliveries compared, %d besides, %d beats, "
          "%d problems" % (name, len(player.steps), player.sent, player.compared, player.more,
                           player.beats, len(player.problems)))
    return len(player.problems)


def main(work, *arguments):
    """With --reference, against ipyparallel's own controller: shows what of a recording is chance,
    as is the order of tasks that wait."""
    side = REFERENCE if "--reference" in arguments else OURS
    found = [one for path in arguments if not path.startswith("-") for one in recordings(path)]
    sys.exit(sum(replay(side, one, work) for one in found) > 0)


main(*sys.argv[1:])
