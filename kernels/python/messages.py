# SPDX-License-Identifier: BSD-3-Clause
# messages.py: `import ipkit` in user code: messages to and from other engines.
#
# What one operation says to the engine, and how, is in kernels/README.md (Messages).
"""Messages between engines: send, receive, and who there is.

    import ipkit
    ipkit.id                          # this engine's number
    ipkit.ids                         # those of all engines there are now
    ipkit.send(1, value)              # also [1, 2], or 'all' (the others)
    value = ipkit.receive()           # waits for a message
    value = ipkit.receive(0, tag='x', timeout=5)
"""
import json
import math
import os
import pickle
import socket
import threading
from collections import namedtuple

Message = namedtuple('Message', 'source tag value')
Message.__doc__ = 'A message: the engine it is of (-1: a client), its tag and its value.'

_ADDRESS = os.environ.get('IPKIT_MESSAGES', '')
_ERRORS = {error.__name__: error for error in
           (ConnectionError, LookupError, NotImplementedError, TimeoutError, ValueError)}
_local = threading.local()  # each thread has its connection: it may wait while others send


class _Connection:
    """One connection to the engine, used for one operation after the other."""

    def __init__(self):
        if not _ADDRESS:
            raise RuntimeError('messages are for code that runs in an engine of ipkit')
        self.pid = os.getpid()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect('\0' + _ADDRESS[1:])
        self.input = self.socket.makefile('rb', 1 << 16)

    def ask(self, request, body=b''):
        self.tell(request, body)
        line = self.input.readline()
        if not line.endswith(b'\n'):
            raise ConnectionError('the engine is gone')
        answer = json.loads(line)
        if answer['status'] != 'ok':
            raise _ERRORS.get(answer.get('ename'), RuntimeError)(answer.get('evalue', ''))
        return answer

    def tell(self, request, body=b''):
        request['size'] = len(body)
        self.socket.sendall(json.dumps(request).encode() + b'\n')
        if body:
            self.socket.sendall(body)

    def read(self, size):
        body = bytearray(size)
        view = memoryview(body)
        got = 0
        while got < size:
            n = self.input.readinto(view[got:])
            if not n:
                raise ConnectionError('the engine is gone')
            got += n
        return body

    def close(self):
        self.input.close()
        self.socket.close()


class _Use:
    """The thread's connection for one operation; one that was broken off is not used again."""

    def __enter__(self):
        connection = getattr(_local, 'connection', None)
        if connection is None or connection.pid != os.getpid():
            connection = _local.connection = _Connection()
        return connection

    def __exit__(self, kind, error, traceback):
        if kind is not None and kind not in _ERRORS.values() or kind is ConnectionError:
            connection, _local.connection = getattr(_local, 'connection', None), None
            if connection is not None:
                connection.close()


def _encode(value):
    """Type and bytes. What other kernels can read stays readable; the rest is Python's own."""
    if type(value) is str:
        return 'text', value.encode('utf-8', 'surrogateescape')
    if isinstance(value, (bytes, bytearray)):
        return 'bytes', value
    if value is None or type(value) in (bool, int) or type(value) is float and math.isfinite(value):
        return 'json', json.dumps(value).encode()
    return 'pickle', pickle.dumps(value, 5)


def _decode(kind, body):
    if kind == 'text':
        return str(body, 'utf-8', 'surrogateescape')
    if kind == 'json':
        return json.loads(bytes(body))
    if kind == 'pickle':
        return pickle.loads(body)
    return bytes(body)


def _request(op, tag, timeout):
    if not (tag is None or isinstance(tag, str)):
        raise ValueError('a tag is a string, not %r' % (tag,))
    request = {'op': op, 'tag': tag}
    if timeout is not None:
        if not timeout >= 0:
            raise ValueError('timeout is not a number of seconds: %r' % (timeout,))
        request['timeout'] = float(timeout)
    return request


def send(to, value, tag='', timeout=None):
    """Send a value to engine `to` (a list: to each of them; 'all': to all others).

    Returns when the message is there, received or not; waits while 64 MB wait there already.
    ConnectionError: the engine is gone; LookupError: there is none; TimeoutError: after `timeout`
    seconds it was not taken, and is taken back.
    """
    request = _request('send', tag, timeout)
    if to != 'all':
        targets = list(to) if isinstance(to, (list, tuple, range, set)) else [to]
        try:
            request['to'] = [target.__index__() for target in targets]
        except AttributeError:
            raise ValueError("to whom? %r is neither an engine's number nor 'all'"
                             % (to,)) from None
        if not targets:
            return
    else:
        request['to'] = to
    request['type'], body = _encode(value)
    with _Use() as connection:
        connection.ask(request, body)


def receive_message(source=None, tag=None, timeout=None):
    """As receive(), but the whole message: (source, tag, value)."""
    request = _request('receive', tag, timeout)
    if source is not None:
        request['from'] = source.__index__()
    with _Use() as connection:
        answer = connection.ask(request)
        body = connection.read(answer['size'])
        connection.tell({'op': 'taken'})
    return Message(answer['from'], answer['tag'], _decode(answer['type'], body))


def receive(source=None, tag=None, timeout=None):
    """Wait for a message and return its value: of engine `source` only, with this tag only.

    Messages of one engine come in the order it sent them. ConnectionError: `source` is gone;
    TimeoutError: none came in `timeout` seconds (0: is there one?).
    """
    return receive_message(source, tag, timeout).value


def discard():
    """Forget the messages that wait to be received; how many that were."""
    with _Use() as connection:
        return connection.ask({'op': 'discard'})['count']


def __getattr__(name):
    if name in ('id', 'ids'):
        with _Use() as connection:
            return connection.ask({'op': 'engines'})[name]
    raise AttributeError('ipkit has no %r' % name)


def __dir__():
    return ['Message', 'discard', 'id', 'ids', 'receive', 'receive_message', 'send']
