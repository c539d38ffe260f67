# SPDX-License-Identifier: BSD-3-Clause
# helper.py: values of a python kernel of Jupyter's: what the bridge's requests call.
#
# Runs inside the user's kernel, in a package of its own beside the modules of our python kernel,
# which do the work.
import json
import os
import signal
import sys
from binascii import a2b_base64, b2a_base64

from _ipkit import data, errors, mapping, values

TYPE = 'application/vnd.ipkit+json'
LARGE = 1 << 16
_kernel = None
_files = 0


class _Kernel:
    """What the handlers of our python kernel ask theirs for."""

    def __init__(self, shell):
        self.shell = shell
        self.namespace = shell.user_ns
        self.initial = dict(shell.user_ns)

    @property
    def execution_count(self):
        return self.shell.execution_count


def _take_interrupts(shell):
    """ipykernel takes them as long as it works on a request; one that comes as the code has just
    ended costs the reply, or ends the kernel. Only code is to be interrupted."""
    kernel = getattr(shell, 'kernel', None)
    if not hasattr(kernel, 'pre_handler_hook'):
        return
    codes = {type(shell).run_code.__code__, serve.__code__}

    def on_interrupt(number, frame):
        while frame is not None:
            if frame.f_code in codes:
                raise KeyboardInterrupt
            frame = frame.f_back

    kernel.pre_handler_hook = kernel.post_handler_hook = lambda: None
    signal.signal(signal.SIGINT, on_interrupt)


class _Request:
    def __init__(self, content, buffers):
        self.content = content
        self.buffers = buffers


class _Answer:
    """Shown by IPython as JSON of our own type."""

    def __init__(self, content, buffers=(), directory=''):
        self._data = {'content': content,
                      'buffers': [_word_for(buffer, directory) for buffer in buffers]}

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {TYPE: self._data, 'text/plain': ''}


def load(shell, owned):
    """Once for each kernel; owned: the bridge started it, and reads its stdout and stderr."""
    global _kernel
    if _kernel is None or _kernel.shell is not shell:
        _kernel = _Kernel(shell)
        if owned:
            _leave_output()
            _take_interrupts(shell)


def _leave_output():
    """ipykernel reads what children and libraries write, passes it on, late, and repeats it on the
    original descriptors. The bridge has these in time, so they get it back."""
    for stream, fd in ((sys.stdout, 1), (sys.stderr, 2)):
        original = getattr(stream, '_original_stdstream_copy', None)
        if original is not None:
            os.dup2(original, fd)


def _word_for(buffer, directory):
    """A buffer as base64, or a large one as a file for its reader to remove: `@` and its path."""
    global _files
    if not directory or memoryview(buffer).nbytes < LARGE:
        return b2a_base64(buffer, newline=False).decode()
    _files += 1
    path = '%s/from-kernel-%d-%d' % (directory, os.getpid(), _files)
    with open(path, 'xb') as file:
        file.write(buffer)
    return '@' + path


def _bytes_of(word):
    if not word.startswith('@'):
        return a2b_base64(word)
    with open(word[1:], 'rb') as file:
        os.unlink(word[1:])
        return file.read()


def serve(kind, content, buffers, directory=''):
    """Answer one request: its content as base64, and words for its buffers."""
    try:
        handler = _HANDLERS[kind]
        request = _Request(json.loads(a2b_base64(content).decode()),
                           [_bytes_of(word) for word in buffers])
        return _Answer(*handler(_kernel, request), directory=directory)
    except BaseException as error:
        return _Answer(dict(errors.describe(error), status='error'))


def _visible(kernel):
    """The user's names, without those IPython keeps there."""
    hidden = kernel.shell.user_ns_hidden
    return sorted(name for name in kernel.namespace
                  if isinstance(name, str) and name not in hidden and not name.startswith('_'))


def _list_names(kernel, request):
    names = [{'name': name, 'type': type(kernel.namespace[name]).__name__,
              'size': data._size(kernel.namespace[name])} for name in _visible(kernel)]
    return {'status': 'ok', 'names': names}, ()


def _clear(kernel, request):
    for name in _visible(kernel):
        del kernel.namespace[name]
    kernel.namespace.update(kernel.initial)
    return {'status': 'ok'}, ()


def _value(kernel, request):
    """Of the last expression that ran."""
    kind, encoded = values.encode_text(kernel.shell.last_execution_result.result)
    return {'status': 'ok', 'type': kind}, [encoded]


def _apply(kernel, request):
    from ipyparallel.serialize import serialize_object, unpack_apply_message
    function, args, kwargs = unpack_apply_message(request.buffers, kernel.namespace, copy=False)
    return {'status': 'ok'}, serialize_object(function(*args, **kwargs))


_HANDLERS = {
    'push_request': data.push,
    'pull_request': data.pull,
    'map_request': mapping.map_items,
    'list_request': _list_names,
    'clear_request': _clear,
    'value_request': _value,
    'apply_request': _apply,
}
