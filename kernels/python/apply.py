# SPDX-License-Identifier: BSD-3-Clause
# apply.py: apply_request: calls packed by ipyparallel's python clients.
import sys

from _ipkit.errors import Refused

_library = None


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
        """ipyparallel's datapub: values for the client while the call still runs."""
        buffers = _library.serialize_object(data)
        self._kernel.publish('data_message', {'keys': list(data)}, buffers)


def _load(kernel):
    global _library
    if _library is None:
        try:
            import ipyparallel.serialize
            import ipyparallel.util
            import ipyparallel.engine.datapub as datapub
        except ImportError as error:
            raise Refused('ImportError', 'apply_request needs ipyparallel in the engine\'s python '
                          '(%s): %s' % (sys.executable, error)) from None
        shell = _Shell(kernel)
        # Views push, pull and execute through functions of this module that look for a shell.
        ipyparallel.util.get_ipython = lambda: shell
        datapub.publish_data = shell.publish_data
        _library = ipyparallel.serialize
    return _library


def apply(kernel, request):
    library = _load(kernel)
    buffers = [bytes(frame) if len(frame) < 4096 else frame for frame in request.buffers]
    if len(buffers) < 2:
        raise Refused('ValueError', 'apply_request: %d buffers, at least 2' % len(buffers))
    function, args, kwargs = library.unpack_apply_message(buffers, kernel.namespace, copy=False)
    result = function(*args, **kwargs)
    return {'status': 'ok'}, library.serialize_object(result)
