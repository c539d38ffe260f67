# SPDX-License-Identifier: BSD-3-Clause
# apply.py: apply_request: calls packed by ipyparallel's python clients.
import sys

from _ipkit.errors import Refused, warn

_serialize = None  # ipyparallel.serialize, its own or the stand-in's
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
    buffers = load(kernel).serialize_object(data)
    kernel.publish('data_message', {'keys': [str(key) for key in data]}, buffers)


def load(kernel):
    global _serialize
    if _serialize is None:
        try:
            import ipyparallel.serialize
            import ipyparallel.util
            import ipyparallel.engine.datapub as datapub
        except ImportError as error:
            ipyparallel, datapub = _load_stand_in(error)
        # Views push, pull and execute through functions of this module that look for a shell.
        ipyparallel.util.get_ipython = lambda: shell(kernel)
        datapub.publish_data = lambda data: publish_data(kernel, data)
        _serialize = ipyparallel.serialize
    return _serialize


def _load_stand_in(error):
    """The package is there, but something that it needs is not: do without it altogether."""
    warn('ipyparallel cannot be imported (%s); its stand-in is used' % error)
    for name in list(sys.modules):
        if name.partition('.')[0] == 'ipyparallel':
            del sys.modules[name]
    from _ipkit import hooks
    hooks.prefer_stand_in()
    import ipyparallel.serialize
    import ipyparallel.util
    import ipyparallel.engine.datapub as datapub
    return ipyparallel, datapub


def apply(kernel, request):
    library = load(kernel)
    buffers = [bytes(frame) if len(frame) < 4096 else frame for frame in request.buffers]
    if len(buffers) < 2:
        raise Refused('ValueError', 'apply_request: %d buffers, at least 2' % len(buffers))
    function, args, kwargs = library.unpack_apply_message(buffers, kernel.namespace, copy=False)
    del buffers
    request.buffers = ()
    result = function(*args, **kwargs)
    return {'status': 'ok'}, library.serialize_object(result)
