# SPDX-License-Identifier: BSD-3-Clause
# cluster_tab.py: what ipyparallel's tab "Clusters" of a notebook server does to start, list and
# stop a cluster, with the commands set to ours.
import asyncio
import os
import subprocess

from ipyparallel.cluster import ClusterManager
from traitlets.config import Config

BIN = os.environ['IPKIT_BUILD'] + '/bin/'


def engines():
    return subprocess.run([BIN + 'ipls'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=30).stdout.decode().split()


async def main():
    config = Config()
    config.ControllerLauncher.controller_cmd = [BIN + 'ipcontroller']
    config.EngineLauncher.engine_cmd = [BIN + 'ipengine']
    manager = ClusterManager(config=config)
    manager.load_clusters(init_default_clusters=True)
    _, cluster = manager.new_cluster(profile='default', cluster_id='', n=2)
    await cluster.start_cluster(n=2)
    client = await cluster.connect_client()
    client.wait_for_engines(2, timeout=60)
    print('client:', client[:].apply_sync(os.getppid) != [], sorted(client.ids))
    print('ipls:', engines())
    file = cluster.cluster_file
    other = ClusterManager()
    listed = other.load_clusters()
    print('listed:', sum(one.controller is not None for one in listed.values()))
    client.close()
    await cluster.stop_cluster()
    print('left:', os.path.exists(file))


asyncio.run(main())
