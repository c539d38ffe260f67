# SPDX-License-Identifier: BSD-3-Clause
# driver.py: starts a kernel on a socket pair and speaks the frames of the contract.
import json
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT = 30.0  # seconds any single wait may take


class Message:
    def __init__(self, frames):
        self.frames = frames
        self.header, self.parent, self.metadata, self.content = map(json.loads, frames[:4])
        self.buffers = frames[4:]
        self.kind = self.header['msg_type']


class Reply(Message):
    """A reply with what came before it: streams joined, other messages listed."""

    def __init__(self, frames, before, out, err):
        super().__init__(frames)
        self.before = before
        self.out = out
        self.err = err

    def messages(self, kind):
        return [message for message in self.before if message.kind == kind]


class KernelDied(Exception):
    pass


class Kernel:
    """A running kernel; its pipes are emptied by threads, as an engine would."""

    def __init__(self, command, env=None, cwd=None):
        ours, theirs = socket.socketpair()
        self.socket = ours
        self.socket.setblocking(False)
        self._ledger = tempfile.TemporaryFile()
        self._ledger.truncate(8192)
        self.claims = memoryview(mmap.mmap(self._ledger.fileno(), 8192)).cast('Q')[512:514]
        self._start(command, env, cwd, theirs)
        theirs.close()
        self.piped = {1: bytearray(), 2: bytearray()}
        self._threads = [threading.Thread(target=self._collect, args=(pipe, number), daemon=True)
                         for number, pipe in ((1, self.process.stdout), (2, self.process.stderr))]
        for thread in self._threads:
            thread.start()
        self._data = bytearray()
        self._sent = 0
        try:
            self.ready = self.receive()
        except Exception:
            self.close()
            raise

    def _start(self, command, env, cwd, socket_end):
        environment = dict(os.environ, IPKIT_KERNEL_FD=str(socket_end.fileno()),
                           IPKIT_KERNEL_LEDGER='4096:/proc/%d/fd/%d' % (
                               os.getpid(), self._ledger.fileno()))
        environment.update(env or {})
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment, cwd=cwd, pass_fds=[socket_end.fileno()], start_new_session=True)

    def _collect(self, pipe, number):
        while True:
            data = os.read(pipe.fileno(), 65536)
            if not data:
                return
            self.piped[number] += data

    # -- frames

    def send_frames(self, frames):
        head = struct.pack('<I%dQ' % len(frames), len(frames), *map(len, frames))
        self.send_bytes(head + b''.join(frames))

    def send_bytes(self, data):
        view = memoryview(data)
        deadline = time.monotonic() + LIMIT
        while view:
            if not select.select([], [self.socket], [], deadline - time.monotonic())[1]:
                raise TimeoutError('the kernel does not read')
            view = view[self.socket.send(view):]

    def receive(self, limit=LIMIT):
        deadline = time.monotonic() + limit
        while True:
            frames = self._take()
            if frames is not None:
                return Message(frames)
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([self.socket], [], [], wait)[0]:
                raise TimeoutError('no message from the kernel; stderr: %r' % bytes(self.piped[2]))
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                data = b''
            if not data:
                for thread in self._threads:  # what it said last is still in the pipes
                    thread.join(2)
                raise KernelDied('stderr: %r' % bytes(self.piped[2]))
            self._data += data

    def _take(self):
        data = self._data
        if len(data) < 4:
            return None
        count = struct.unpack_from('<I', data)[0]
        assert 4 <= count <= 4096, count
        pos = 4 + 8 * count
        if len(data) < pos:
            return None
        lengths = struct.unpack_from('<%dQ' % count, data, 4)
        if len(data) < pos + sum(lengths):
            return None
        frames = []
        for length in lengths:
            frames.append(bytes(data[pos:pos + length]))
            pos += length
        del data[:pos]
        return frames

    # -- requests

    def send(self, kind, content, buffers=(), msg_id=None):
        """Write a request; returns its msg_id."""
        self._sent += 1
        msg_id = msg_id or 'id-%d' % self._sent
        header = {'msg_id': msg_id, 'msg_type': kind, 'session': 's', 'username': 'u',
                  'date': '2026-01-01T00:00:00Z', 'version': '5.3'}
        self.send_frames([json.dumps(header).encode(), b'{}', b'{}', json.dumps(content).encode(),
                          *buffers])
        return msg_id

    def reply(self, msg_id=None, limit=LIMIT):
        """The next reply (to msg_id), with the output that came before it."""
        before, out, err = [], b'', b''
        while True:
            message = self.receive(limit)
            if message.kind == 'stream':
                if message.content['name'] == 'stdout':
                    out += message.buffers[0]
                else:
                    err += message.buffers[0]
            elif message.kind.endswith('_reply'):
                if msg_id is not None:
                    assert message.parent['msg_id'] == msg_id, (message.parent, msg_id)
                return Reply(message.frames, before, out, err)
            else:
                before.append(message)

    def request(self, kind, content, buffers=(), limit=LIMIT):
        return self.reply(self.send(kind, content, buffers), limit)

    def execute(self, code, buffers=(), **content):
        content = dict({'code': code, 'silent': True}, **content)
        return self.request('execute_request', content, buffers)

    def interrupt(self, msg_id):
        self.send_frames([b'{"msg_type": "interrupt"}', b'{}', b'{}',
                          json.dumps({'msg_id': msg_id}).encode()])
        self.signal()

    def interrupt_before_it_begins(self, kind, content, buffers=()):
        """A request whose signal comes before the kernel has read it."""
        self.signal(signal.SIGSTOP)
        msg_id = self.send(kind, content, buffers)
        self.interrupt(msg_id)
        self.signal(signal.SIGCONT)
        return self.reply(msg_id)

    def revoke(self, number):
        """What has not begun, up to this number, must not."""
        self.claims[1] = number

    def signal(self, number=signal.SIGINT):
        os.killpg(self.process.pid, number)

    def take_piped(self, number=1):
        """What came through pipe 1 or 2 so far; taken away."""
        data = bytes(self.piped[number])
        del self.piped[number][:len(data)]
        return data

    def wait(self, limit=LIMIT):
        return self.process.wait(limit)

    def close(self):
        self.socket.close()
        self._ledger.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # children left behind
        except ProcessLookupError:
            pass
        self.process.wait(LIMIT)
        for thread in self._threads:
            thread.join(LIMIT)
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_piped(self, word, number=1):
        """Waits until word came through a pipe."""
        deadline = time.monotonic() + LIMIT
        while word not in self.piped[number]:
            if time.monotonic() > deadline:
                raise TimeoutError('no %r in %r' % (word, bytes(self.piped[number])))
            time.sleep(0.001)

    def map(self, code, items, sep=b'\n', **content):
        content = dict({'code': code, 'count': len(items), 'sep': sep.decode(), 'type': 'auto',
                        'json': False, 'out': '\n'}, **content)
        return self.request('map_request', content, [b''.join(item + sep for item in items)])

    def push(self, name, kind, data):
        return self.request('push_request', {'names': [name], 'types': [kind]}, [data])

    def pull(self, *names, **content):
        return self.request('pull_request', dict({'names': names}, **content))


PYTHON = os.environ.get('IPKIT_PYTHON', '/usr/bin/python3')
BUILD = os.path.join(ROOT, os.environ.get('IPKIT_BUILD', 'build'))
SH = os.path.join(BUILD, 'libexec', 'ipkit', 'ipkit-kernel-sh')
NATIVE = os.path.join(BUILD, 'libexec', 'ipkit', 'ipkit-kernel-native')
JUPYTER = os.path.join(BUILD, 'libexec', 'ipkit', 'ipkit-kernel-jupyter')


def python_kernel(python=PYTHON, **more):
    return Kernel([python, '-I', '-S', os.path.join(ROOT, 'kernels', 'python', 'kernel.py')],
        **more)


def sh_kernel(**more):
    return Kernel([SH], **more)


def native_kernel(**more):
    return Kernel([NATIVE], **more)


def jupyter_kernel(name, **more):
    return Kernel([JUPYTER, name], **more)


def pythons():
    """Interpreters of several versions, as (version, path), where there are any."""
    places = [os.path.expanduser('~/.pyenv/versions'), '/opt/python']
    for place in places:
        for name in sorted(os.listdir(place)) if os.path.isdir(place) else ():
            version = tuple(int(part) for part in name.split('.')[:2] if part.isdigit())
            path = os.path.join(place, name, 'bin', 'python3')
            if version >= (3, 8) and os.path.exists(path):
                yield name, path
