# SPDX-License-Identifier: BSD-3-Clause
# guest.py: our tools' requests in an engine that is not known as ours: what their apply_request
# calls.
#
# A tool sends the text of this module and of those it needs along (libipc/client/guest.cpp), as the
# engine may be on another host; they are loaded once, under a package name of their own, and run by
# whatever python is there. The values are those of the engine's IPython.
import json
import os
import sys

from _ipkit import data, errors, execute, hooks, mapping, shell, values

MARK = b'\x93ipkit-guest\r\n\x1a\n'
SMALLEST = 1100  # longer than what ipyparallel leaves inside of its pickle
_OWN = '_ip' 'kit.'  # of an engine of ours; our own name is another one
_kernel = None


def _ipython():
    """The shell of this engine, if it has one."""
    library = sys.modules.get('IPython')
    return library.get_ipython() if hasattr(library, 'get_ipython') else None


class _Input:
    """The standard input of one run, for its children too."""

    def open_input(self, content):
        import tempfile
        self._saved = sys.stdin, _duplicate(0)
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.seek(0)
            os.dup2(file.fileno(), 0)
        sys.stdin = open(0, closefd=False, errors='surrogateescape')

    def close_input(self):
        sys.stdin, fd = self._saved
        if fd is None:
            os.close(0)
        else:
            os.dup2(fd, 0)
            os.close(fd)


def _duplicate(fd):
    try:
        return os.dup(fd)
    except OSError:
        return None


class _Kernel:
    """What the handlers of our python kernel ask theirs for, where the engine is another's."""

    def __init__(self, ipython):
        self.ipython = ipython
        self.namespace = ipython.user_ns
        self.hidden = ipython.user_ns_hidden
        self.streams = _Input()

    @property
    def execution_count(self):
        return self.ipython.execution_count

    def is_own(self, name, value):
        """IPython's names, until the user binds something else to them."""
        return name.startswith('_') or (name in self.hidden and self.hidden[name] is value)

    def clear(self):
        self.ipython.reset(new_session=False)


class _OurKernel:
    """The same in an engine of ours whose controller did not tell."""

    def __init__(self, kernel):
        self._kernel = kernel

    def __getattr__(self, name):
        return getattr(self._kernel, name)

    def is_own(self, name, value):
        bound = sys.modules.get(_OWN + 'shell')
        return name in self.initial or (bound is not None and bound.is_own(name))

    def clear(self):
        self.namespace.clear()
        self.namespace.update(self.initial)


def _find_kernel():
    global _kernel
    if _kernel is None:
        ours = getattr(sys.modules.get(_OWN + 'hooks'), 'kernel', None)
        ipython = _ipython()
        if ours is None and ipython is None:
            raise errors.Refused('RuntimeError', 'this engine has no IPython to take values from')
        _kernel = _Kernel(ipython) if ours is None else _OurKernel(ours)
    return _kernel


def _translate(code):
    ipython = _ipython()
    return ipython.transform_cell(code) if ipython is not None else None


hooks.ipython_mode = 'auto'
shell.current = None
shell.translate = _translate


def _list_names(kernel, request):
    names = [{'name': name, 'type': type(value).__name__, 'size': data._size(value)}
             for name, value in sorted(kernel.namespace.items(), key=lambda item: str(item[0]))
             if isinstance(name, str) and not kernel.is_own(name, value)]
    return {'status': 'ok', 'names': names}, ()


def _clear(kernel, request):
    kernel.clear()
    return {'status': 'ok'}, ()


data.clear = _clear  # around code too
_HANDLERS = {
    'execute_request': execute.execute,
    'push_request': data.push,
    'pull_request': data.pull,
    'map_request': mapping.map_items,
    'list_request': _list_names,
    'clear_request': _clear,
}


class _Request:
    def __init__(self, content, buffers):
        self.content = json.loads(content)
        self.buffers = buffers


def serve(kind, content, buffers, raises):
    """Answer one request, as bytes. `raises`: nobody waits for the answer, but somebody may ask how
    it ended: an error is to be the engine's own."""
    try:
        answer, out = _HANDLERS[kind](_find_kernel(), _Request(content, buffers))
    except BaseException as error:
        if raises:
            if isinstance(error, errors.Refused):
                raise type(error.ename, (Exception,), {})(str(error)) from None
            raise
        answer, out = dict(errors.describe(error), status='error'), ()
    return pack(answer, out)


def pack(answer, buffers):
    """All of an answer in one run of bytes: lengths first, little-endian."""
    parts = [values.dump(answer)]
    parts.extend(buffers)
    sizes = [memoryview(part).nbytes for part in parts]
    head = [MARK, len(parts).to_bytes(8, 'little')]
    head.extend(size.to_bytes(8, 'little') for size in sizes)
    rest = SMALLEST - sum(map(len, head)) - sum(sizes)
    return b''.join(head + parts + [b' ' * max(rest, 0)])
