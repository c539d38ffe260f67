# SPDX-License-Identifier: BSD-3-Clause
# channel.py: frames from and to the engine, and interrupts that name their request.
import os
import select
import struct
import sys
import time
from _thread import RLock, get_ident
from collections import deque
from fcntl import ioctl
from termios import FIONREAD

from _ipkit import memory

READ_SIZE = 1 << 16
MAX_FRAMES = 4096
MAX_VECTOR = 512  # below every system's IOV_MAX
_sizes_of_four = struct.Struct('<I4Q').pack


class ProtocolError(Exception):
    """The engine's bytes make no sense; nothing that follows can be read."""


def engine_gone():
    """The end of this process: nothing is left to be done, except for other processes' sake."""
    mpi = sys.modules.get('mpi4py.MPI')
    try:
        # One that ends without is taken for dead by mpiexec, which then kills the others.
        if mpi is not None and mpi.Is_initialized() and not mpi.Is_finalized():
            mpi.Finalize()
    finally:
        os._exit(0)


class Channel:
    """The socket to the engine. One thread reads (the main one), any may send."""

    def __init__(self, fd, claims):
        self.fd = fd
        self.claims = claims     # number of the request begun, and of the last one revoked; or None
        self.number = 0          # of the last request
        self.main_thread = get_ident()
        self.messages = deque()  # complete messages, each a list of frames
        self.running = None      # msg_id of the request whose code runs, None while idle
        self.parent = b'{}'      # header of the request that output belongs to
        self.parents = {}        # the same for threads that others started
        self.forked = False
        self._data = b''
        self._pos = 0
        self._body = None        # memory of a message that is larger than what came so far
        self._rooms = memory.Rooms()
        self._filled = 0
        self._lengths = ()
        self._lock = RLock()
        self._guarded = 0        # depth of sections of the main thread an interrupt must not break
        self._deferred = False
        self._signalled = True   # a signal came while nothing ran: look before the next request

    # -- reading

    def receive(self):
        """The next message; leaves the process when the engine is gone."""
        while not self.messages:
            if self._fill():
                self._parse()
        return self.messages.popleft()

    def _fill(self):
        try:
            if self._body is not None:
                view = memoryview(self._body)[self._filled:]
                got = os.readv(self.fd, [view])
                self._filled += got
            else:
                chunk = os.read(self.fd, READ_SIZE)
                got = len(chunk)
                rest = self._data[self._pos:]
                self._data = rest + chunk if rest else chunk
                self._pos = 0
        except BlockingIOError:
            select.select([self.fd], [], [])
            return False
        except OSError:
            got = 0
        if not got:
            engine_gone()
        return True

    def _parse(self):
        while True:
            if self._body is not None:
                if self._filled < len(self._body):
                    return
                body, self._body = memoryview(self._body), None
                self._emit(body, 0)
                continue
            data, pos = self._data, self._pos
            have = len(data) - pos
            if have < 4:
                return
            count = int.from_bytes(data[pos:pos + 4], 'little')
            if not 4 <= count <= MAX_FRAMES:
                raise ProtocolError('message of %d frames' % count)
            pos += 4 + 8 * count
            if len(data) < pos:
                return
            self._lengths = struct.unpack_from('<%dQ' % count, data, pos - 8 * count)
            total = sum(self._lengths)
            if len(data) - pos >= total:
                self._pos = pos + total
                self._emit(data, pos)
            else:
                self._start_body(data, pos, total)

    def _start_body(self, data, pos, total):
        try:
            self._body = self._rooms.take(total)
        except (MemoryError, OverflowError, OSError):
            raise ProtocolError('no memory for a message of %d bytes' % total) from None
        self._filled = len(data) - pos
        self._body[:self._filled] = data[pos:]
        self._data, self._pos = b'', 0

    def _emit(self, data, pos):
        frames = []
        for length in self._lengths:
            frames.append(data[pos:pos + length])
            pos += length
        self.messages.append(frames)

    def _read_ahead(self):
        while select.select([self.fd], [], [], 0)[0]:
            self._fill()
            self._parse()

    def claim(self):
        """The next request is about to start: False if the engine has taken it back."""
        self.number += 1
        if self.claims is None:
            return True
        if self.claims[1] >= self.number:
            return False         # long ago: claims[0] says no more than was begun
        self.claims[0] = self.number  # first: from now on it cannot be taken back
        return self.claims[1] < self.number

    # -- interrupts

    def begin(self, msg_id, parent):
        """A request starts: from here on an interrupt that names it raises KeyboardInterrupt."""
        self.parent = parent
        self._deferred = False
        self.running = msg_id
        if self._signalled:
            self._signalled = False
            self.on_signal()

    def end(self):
        self.running = None

    def current_parent(self):
        """Header of the request on whose behalf this thread runs."""
        return self.parents.get(get_ident(), self.parent) if self.parents else self.parent

    def on_signal(self, signum=None, frame=None):
        """SIGINT: take what the engine has written and look for the name of what runs."""
        if self.forked:
            raise KeyboardInterrupt
        if self.running is None:
            self._signalled = True  # the message may name a request that is still in the socket
            return
        self._read_ahead()
        if not self._take_interrupt(self.running):
            return
        if self._guarded:
            self._deferred = True
        else:
            raise KeyboardInterrupt

    def run_handler(self, handler, number, frame):
        """The user's handler for a signal; what it raises is for the user's code alone."""
        if self.forked or (self.running is not None and not self._guarded):
            return handler(number, frame)
        try:
            return handler(number, frame)
        except SystemExit:
            raise
        except BaseException as error:
            if self.running is not None:
                self._deferred = error
            else:
                from _ipkit.errors import warn
                warn('the handler of signal %d raised while nothing ran: %r' % (number, error))

    def _take_interrupt(self, msg_id):
        import json
        found = others = False
        for message in list(self.messages):
            if len(message[0]) > READ_SIZE or b'interrupt' not in bytes(message[0]):
                continue
            try:
                if json.loads(bytes(message[0])).get('msg_type') != 'interrupt':
                    continue
                if json.loads(bytes(message[3])).get('msg_id') == msg_id:
                    self.messages.remove(message)
                    found = True
                else:
                    others = True  # perhaps of a request still queued: look again when it starts
            except (ValueError, AttributeError):
                continue
        self._signalled = others
        return found

    def ask(self, msg_id, prompt, hidden):
        """Have the sender of the request that runs asked; the content of the input_reply."""
        import json
        import signal
        content = json.dumps({'prompt': prompt, 'password': hidden}).encode('utf-8', 'replace')
        self.send(b'{"msg_type": "input_request"}', content)
        while True:
            # An interrupt breaks the wait, but not the reading.
            signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
            try:
                self._read_ahead()
                answer = self._take_answer(msg_id)
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
            if answer is not None:
                return answer
            select.select([self.fd], [], [])

    def _take_answer(self, msg_id):
        import json
        for message in list(self.messages):
            if len(message[0]) > READ_SIZE or b'input_reply' not in bytes(message[0]):
                continue
            content = json.loads(bytes(message[3]))
            self.messages.remove(message)
            if content.get('msg_id') == msg_id:
                return content
        return None

    # -- sending

    def __enter__(self):
        """A section that an interrupt does not break, only follows (and one sender at a time)."""
        if get_ident() == self.main_thread:
            self._guarded += 1
        self._lock.acquire()

    def __exit__(self, *exc):
        self._lock.release()
        if get_ident() == self.main_thread:
            self._guarded -= 1
            if self._deferred and not self._guarded and self.running is not None:
                error, self._deferred = self._deferred, False
                raise KeyboardInterrupt if error is True else error

    def send(self, header, content, buffers=(), parent=None):
        """Send one message; header and content are JSON bytes."""
        if self.forked:
            return
        if parent is None:
            parent = self.current_parent()
        if not buffers:
            data = b''.join((_sizes_of_four(4, len(header), len(parent), 2, len(content)),
                             header, parent, b'{}', content))
            with self:
                self._write((data,))
            return
        frames = [header, parent, b'{}', content]
        frames.extend(buffers)
        sizes = [memoryview(frame).nbytes for frame in frames]
        frames.insert(0, struct.pack('<I%dQ' % len(sizes), len(sizes), *sizes))
        with self:
            if sum(sizes) < READ_SIZE:
                frames = [b''.join(frames)]
            self._write(frames)

    def _write(self, frames):
        if len(frames) == 1:
            try:
                done = os.write(self.fd, frames[0])
            except BlockingIOError:
                done = 0
            except OSError:
                engine_gone()
            if done == len(frames[0]):
                return
            frames = (memoryview(frames[0])[done:],)
        pending = deque(memoryview(frame).cast('B') for frame in frames if len(frame))
        while pending:
            try:
                done = os.writev(self.fd, [pending[i] for i in range(min(len(pending),
                    MAX_VECTOR))])
            except BlockingIOError:
                select.select([], [self.fd], [])
                continue
            except OSError:
                engine_gone()
            while pending and done >= len(pending[0]):
                done -= len(pending.popleft())
            if done:
                pending[0] = pending[0][done:]

    def leave(self):
        """In a forked child: the socket stays the parent's alone."""
        self.forked = True
        os.close(self.fd)
        self._lock = RLock()
        self._guarded = 0

    def drain(self, pipes, limit=1.0):
        """Wait until the engine has taken what children wrote to our pipes."""
        deadline = None
        pause = 0.0001
        for fd in pipes:
            try:
                while any(ioctl(fd, FIONREAD, b'\0\0\0\0')):
                    now = time.monotonic()
                    deadline = deadline or now + limit
                    if now > deadline:
                        return
                    time.sleep(pause)
                    pause = min(pause * 2, 0.01)
            except OSError:
                continue
