# SPDX-License-Identifier: BSD-3-Clause
# names.py: ipyparallel's modules that clients' messages name, and ours for them.
from importlib import import_module

PUBLIC = 'ipyparallel'
OURS = __name__.rpartition('.')[0]  # of this package: the kernel has it under a name of its own
SENT = frozenset(PUBLIC + part for part in (
    '.serialize.canning', '.serialize.codeutil', '.serialize.serialize', '.controller.dependency',
    '.client.remotefunction', '.util'))


def find(module, name):
    """What `name` of ipyparallel's `module` is here; None: not one of those that messages name."""
    if module in SENT:
        return getattr(import_module(OURS + module[len(PUBLIC):]), name, None)
    return None
