# SPDX-License-Identifier: BSD-3-Clause
# datapub.py: the older place of publish_data.


def publish_data(data):
    """Send a dict of values to the client while the task still runs."""
    from ipyparallel.engine import datapub
    datapub.publish_data(data)
