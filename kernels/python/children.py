# SPDX-License-Identifier: BSD-3-Clause
# children.py: what processes started by a request write belongs to it, also after its end.
#
# A child gets pipes of its request's in place of ours: while it is started they are descriptors 1
# and 2 of this process. A thread reads them and sends what comes, under the request's header, until
# the last child has closed them. What the process itself writes there goes to the engine as ever.
import _thread
import os
import select

NAMES = {1: b'{"name": "stdout"}', 2: b'{"name": "stderr"}'}
HEADER = b'{"msg_type": "stream"}'
READ_SIZE = 1 << 16
ROUNDS = 4  # a pipe holds no more than what that many reads take


class Children:
    def __init__(self, channel, streams, pipes):
        self._channel = channel
        self._streams = streams
        self._pipes = pipes    # which of 1 and 2 are pipes to the engine
        self._saved = {}       # duplicates of these
        self._depth = 0        # starts that go on now
        self._readers = {}     # our end of a request's pipe -> (its header, 1 or 2)
        self._parent = None    # the request that has pipes
        self._ends = {}        # 1 and 2 -> the end for its children
        self._epoll = None

    def start(self, function):
        """function, a way to start a process, with the request's pipes for descriptors 1 and 2."""
        def started(*args, **kwargs):
            try:
                self.before()
                return function(*args, **kwargs)
            finally:
                self.after()
        started.__name__ = started.__qualname__ = getattr(function, '__name__', 'start')
        started.__doc__ = function.__doc__
        return started

    def before(self):
        self._streams.flush()
        with self._channel:
            self._depth += 1
            if self._depth > 1 or self._channel.forked or self._channel.parent == b'{}':
                return
            try:
                self._open(self._channel.current_parent())
                for fd, end in self._ends.items():
                    os.dup2(end, fd)
            except OSError:  # too many open files: then the output is the engine's to ascribe
                self._restore()

    def after(self):
        with self._channel:
            self._depth = max(0, self._depth - 1)  # an interrupt may have prevented before()
            if not self._depth:
                self._restore()

    def after_in_child(self):
        """A forked child keeps the request's pipes; the rest is not its business."""
        for fd in list(self._readers) + list(self._saved.values()) + list(self._ends.values()):
            os.close(fd)
        self.__init__(self._channel, self._streams, ())

    def _open(self, parent):
        if self._parent is parent:
            return
        self._close_ends()
        for fd in self._pipes:
            if fd not in self._saved:
                self._saved[fd] = os.dup(fd)
            ours, self._ends[fd] = os.pipe()
            os.set_blocking(ours, False)
            self._readers[ours] = parent, fd
            self._watch(ours)
        self._parent = parent

    def _watch(self, fd):
        if self._epoll is None:
            self._epoll = select.epoll()
            _thread.start_new_thread(self._run, (self._epoll,))
        self._epoll.register(fd, select.EPOLLIN)

    def _restore(self):
        for fd, saved in self._saved.items():
            os.dup2(saved, fd)

    def _close_ends(self):
        for end in self._ends.values():
            os.close(end)
        self._ends = {}
        self._parent = None

    # -- reading

    def _run(self, epoll):
        while True:
            for fd, _ in epoll.poll():
                with self._channel:
                    self._take(fd)

    def _take(self, fd):
        """Send what is in a pipe; forget it at its end."""
        parent, number = self._readers.get(fd, (None, 0))
        if parent is None:
            return
        for _ in range(ROUNDS):
            try:
                data = os.read(fd, READ_SIZE)
            except BlockingIOError:
                return
            if not data:
                del self._readers[fd]
                self._epoll.unregister(fd)
                os.close(fd)
                return
            self._channel.send(HEADER, NAMES[number], [data], parent)

    def take(self):
        """What children of the running request have written so far, in its place."""
        if self._readers:
            with self._channel:
                for fd, (parent, _) in list(self._readers.items()):
                    if parent is self._channel.parent:
                        self._take(fd)

    def finish(self):
        """The request is over; children that still run keep its pipes."""
        if self._parent is not None or self._readers:
            with self._channel:
                self._close_ends()
                self.take()
