# SPDX-License-Identifier: BSD-3-Clause
# streams.py: sys.stdout and sys.stderr as messages to the engine, and sys.stdin.
import _thread
import builtins
import io
import os
import sys
import time

FLUSH_SIZE = 8192
FLUSH_SECONDS = 0.02


class _Sink(io.BufferedIOBase):
    """The binary side of a stream: collects bytes, sends them as `stream` messages."""

    def __init__(self, channel, name, fd):
        self._channel = channel
        self._header = b'{"msg_type": "stream"}'
        self._content = b'{"name": "%s"}' % name.encode()
        self._fd = fd
        self._parts = []
        self._size = 0
        self.parent = None       # header of the request that wrote what is here
        self.text_parent = None  # the same for text that comes now from the layer above
        self.before_send = None  # sends what has to come before
        self.name = '<%s>' % name

    def writable(self):
        return True

    def fileno(self):
        return self._fd

    def write(self, data):
        data = bytes(data)
        parent = self.text_parent or self._channel.current_parent()
        with self._channel:
            if parent is not self.parent:
                self.flush()  # another request's, perhaps
                self.parent = parent
            self._parts.append(data)
            self._size += len(data)
        if self._size >= FLUSH_SIZE:
            self.flush()
        return len(data)

    def flush(self):
        if not self._parts:
            return
        with self._channel:
            data = b''.join(self._parts)
            self._parts = []
            self._size = 0
            if self._channel.forked:
                view = memoryview(data)
                while view:
                    view = view[os.write(self._fd, view):]
            elif data:
                self.before_send()
                self._channel.send(self._header, self._content, [data], self.parent)

    def close(self):
        self.flush()  # the request after this one needs the stream too

    def drop(self):
        self._parts = []
        self._size = 0


class _Stream(io.TextIOWrapper):
    """Text on top of a sink. Complete lines leave at once, or soon when there are many."""

    def __init__(self, sink, errors, flusher):
        super().__init__(sink, encoding='utf-8', errors=errors, newline='')
        self._channel = sink._channel
        self.sink = sink
        self.other = None
        self.pending = False
        self._parent = None  # header of the request that wrote what is pending
        self._flusher = flusher
        self._last = 0.0
        self.mode = 'w'

    def write(self, text):
        # TextIOWrapper loses text when two threads write, as its buffer is not one written in C.
        with self._channel:
            if self.other is not None and self.other.pending:
                self.other.flush()  # keeps the order between stdout and stderr
            parent = self._channel.current_parent()
            if parent is not self._parent:
                if self.pending:
                    self.flush()
                self._parent = parent
            count = super().write(text)
            self.pending = True
            if '\n' in text and time.monotonic() - self._last >= FLUSH_SECONDS:
                self.flush()
            elif not self._flusher.armed:
                self._flusher.arm()
            return count

    def flush(self):
        with self._channel:
            self.pending = False
            self.sink.text_parent = self._parent
            try:
                super().flush()
            finally:
                self.sink.text_parent = None
            self._last = time.monotonic()

    def close(self):
        self.flush()


class _Flusher:
    """A thread that sends what has waited for a moment, so that output is live."""

    def __init__(self, channel):
        self.armed = False
        self.streams = ()
        self._channel = channel
        self._wake = None

    def arm(self):
        if self._channel.forked:
            return
        self.armed = True
        if self._wake is None:
            self._wake = _thread.allocate_lock()
            _thread.start_new_thread(self._run, (self._wake,))
        else:
            try:
                self._wake.release()
            except RuntimeError:
                pass  # two threads printed at once: one wake-up is enough

    def _run(self, wake):
        wake.acquire()
        while True:
            time.sleep(2 * FLUSH_SECONDS)
            self.armed = False
            for stream in self.streams:
                if stream.pending:
                    stream.flush()
            wake.acquire()


class Streams:
    """Our three standard streams, put into sys."""

    def __init__(self, channel):
        self._channel = channel
        flusher = _Flusher(channel)
        self.out = _Stream(_Sink(channel, 'stdout', 1), 'surrogateescape', flusher)
        self.err = _Stream(_Sink(channel, 'stderr', 2), 'backslashreplace', flusher)
        self.out.other, self.err.other = self.err, self.out
        flusher.streams = (self.out, self.err)
        self.out.sink.before_send = self.err.sink.before_send = self._children_first
        sys.stdout = sys.__stdout__ = self.out
        sys.stderr = sys.__stderr__ = self.err
        self._input = builtins.input
        builtins.input = self.input
        self.has_input = False
        self.may_ask = None  # id of a request whose sender answers input(), while it runs
        self.children = None
        os.register_at_fork(before=self._before_fork, after_in_parent=self._after_fork,
                            after_in_child=self._in_child)

    def reset(self):
        """For the next request: what the last one closed or replaced is as it was."""
        if sys.stdin is None or sys.stdin.closed:
            sys.stdin = sys.__stdin__ = open(0, closefd=False, errors='surrogateescape')

    def flush(self):
        """Send everything printed so far, also through streams the user put in place of ours."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not self.out and stream is not self.err:
                try:
                    stream.flush()
                except Exception:
                    pass
        for stream in (self.out, self.err):
            if stream.pending:
                stream.flush()
            stream.sink.flush()
        self._children_first()

    def input(self, prompt=''):
        """Builtin input(): where the request brought standard input, or its sender is asked."""
        if self.has_input:
            return self._input(prompt)
        return self.ask(str(prompt), False)

    def getpass(self, prompt='Password: ', stream=None):
        """getpass.getpass(): there is no terminal here to switch the echo off."""
        return self.ask(str(prompt), True)

    def ask(self, prompt, hidden):
        """A line from whoever sent the request that runs, without its newline."""
        if self.may_ask is None:
            raise EOFError('no standard input here; use ipexec -i, or ipconsole to be asked')
        if _thread.get_ident() != self._channel.main_thread or self._channel.forked:
            raise EOFError('only the main thread of the engine can ask')
        self.flush()
        content = self._channel.ask(self.may_ask, prompt, hidden)
        value = content.get('value')
        if not isinstance(value, str):
            raise EOFError('the answer was end of file')
        return value

    def open_input(self, data):
        """Make data the standard input, for this process and its children."""
        fd = os.memfd_create('stdin', os.MFD_CLOEXEC)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view):]
            os.lseek(fd, 0, os.SEEK_SET)
            os.dup2(fd, 0)
        finally:
            os.close(fd)
        sys.stdin = open(0, closefd=False, errors='surrogateescape')
        self.has_input = True

    def close_input(self):
        fd = os.open('/dev/null', os.O_RDONLY | os.O_CLOEXEC)
        os.dup2(fd, 0)
        os.close(fd)
        sys.stdin = open(0, closefd=False, errors='surrogateescape')
        self.has_input = False

    def _children_first(self):
        if self.children is not None:
            self.children.take()

    def _before_fork(self):
        self.children.before()

    def _after_fork(self):
        self.children.after()

    def _in_child(self):
        # A forked child shares the socket: from here on it writes to the pipes instead.
        self._channel.leave()
        for stream in (self.out, self.err):
            stream.sink.drop()
        self.children.after_in_child()
