# SPDX-License-Identifier: BSD-3-Clause
# remotefunction.py: what a client's map() calls on an engine.


def _map(function, *sequences):
    return list(map(function, *sequences))


def getname(thing):
    """A name for something callable."""
    for attribute in ('__name__', 'name'):
        name = getattr(thing, attribute, None)
        if name is not None:
            return name
    return str(thing)
