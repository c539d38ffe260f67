# SPDX-License-Identifier: BSD-3-Clause
# apply.py: apply_request: calls packed by ipyparallel's python clients.
import sys

from _ipkit import hooks
from _ipkit.errors import Refused

_shell = None


class _Shell:
    """What functions of ipyparallel ask get_ipython() for: the namespace."""

    def __init__(self, kernel):
        self._kernel = kernel
        self.user_ns = self.user_global_ns = kernel.namespace
        self.user_module = sys.modules['__main__']
        self.data_pub = self

    @property
    def execution_count(self):
        return self._kernel.execution_count

    def publish_data(self, data):
        publish_data(self._kernel, data)

    def __getattr__(self, name):
        from _ipkit import shell
        real = shell.get()
        if real is None:
            raise AttributeError('%s: this engine has no IPython' % name)
        return getattr(real, name)


def shell(kernel):
    global _shell
    if _shell is None:
        _shell = _Shell(kernel)
    return _shell


def publish_data(kernel, data):
    """ipyparallel's datapub: values for the client while the call still runs."""
    buffers = load().serialize_object(data)
    kernel.publish('data_message', {'keys': [str(key) for key in data]}, buffers)


def load():
    """What packs and unpacks: ipyparallel's own once the user's code has loaded it, else ours.

    Its import alone takes longer than most calls, and all that engines need of it is in ours.
    """
    library = sys.modules.get('ipyparallel.serialize')
    if hasattr(library, 'unpack_apply_message'):
        return library
    from _ipkit.standin.ipyparallel import serialize
    return serialize


def prepare_util(module):
    """Views push, pull and execute through functions of this module that look for a shell."""
    module.get_ipython = lambda: shell(hooks.kernel)


def prepare_datapub(module):
    module.publish_data = lambda data: publish_data(hooks.kernel, data)


def prepare_canning(module):
    """The package takes what our classes hold as what its own do."""
    from _ipkit.standin.ipyparallel.serialize.canning import CannedObject
    module.uncan_map[CannedObject] = lambda canned, g: canned.get_object(g)


def apply(kernel, request):
    library = load()
    buffers = [bytes(frame) if len(frame) < 4096 else frame for frame in request.buffers]
    if len(buffers) < 2:
        raise Refused('ValueError', 'apply_request: %d buffers, at least 2' % len(buffers))
    function, args, kwargs = library.unpack_apply_message(buffers, kernel.namespace, copy=False)
    del buffers
    request.buffers = ()
    result = function(*args, **kwargs)
    return {'status': 'ok'}, library.serialize_object(result)
