# SPDX-License-Identifier: BSD-3-Clause
# memory.py: room for large values.
from sys import getrefcount

LARGE = 1 << 20


def room(size):
    """Room for so many bytes, writable. Much of it comes straight from the system: the allocator
    would fill it with zeros first, and in large pages it costs a fraction of the faults."""
    if size < LARGE:
        return bytearray(size)
    import mmap
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(memory, 'madvise') and hasattr(mmap, 'MADV_HUGEPAGE'):
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
        except OSError:
            pass  # a system that has none
    return memory


def in_large_pages(size):
    """Size with what is needed to fill whole large pages: only then the system begins with one."""
    return size + -size % (2 * LARGE)


class Rooms:
    """Rooms for pieces of large values: one whose bytes nobody looks at any more is used again. New
    memory for each piece costs more than to fill it."""

    MOST = 4 * LARGE  # what is larger is given back

    def __init__(self):
        self._last = None

    def take(self, size):
        """Room for so many bytes, writable."""
        if not LARGE <= size <= self.MOST:
            return room(size)
        # Ours, and that of the call: a view of it, whoever has it, would be a third.
        if self._last is None or len(self._last) < size or getrefcount(self._last) > 2:
            self._last = room(in_large_pages(size))
        return memoryview(self._last)[:size]


class Growing:
    """Bytes that come in pieces; each is copied once, as it comes. `expected`: how many there will
    be, if somebody says so; what is not written to takes no memory."""

    def __init__(self, expected=0):
        self._room = bytearray()
        self._size = 0
        if expected >= LARGE:
            try:
                self._room = room(in_large_pages(expected))
            except (MemoryError, OverflowError, OSError):
                pass  # it shows when they come

    def append(self, piece):
        end = self._size + len(piece)
        if end > len(self._room):
            self._grow(2 * end)  # what is not written to takes no memory
        self._room[self._size:end] = piece
        self._size = end

    def _grow(self, size):
        try:
            self._room.resize(size)  # pages are moved, not copied
        except (AttributeError, SystemError):
            larger = room(size)
            larger[:self._size] = memoryview(self._room)[:self._size]
            self._room = larger

    def take(self):
        """All of them, as memory of the caller's own, writable."""
        taken, self._room = memoryview(self._room)[:self._size], bytearray()
        self._size = 0
        return taken


class GrowingBytes:
    """The same for a bytes object, which cannot be made of memory of ours without a copy."""

    def __init__(self):
        from io import BytesIO
        self._file = BytesIO()
        self.append = self._file.write

    def take(self):
        return self._file.getvalue()
