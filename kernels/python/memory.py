# SPDX-License-Identifier: BSD-3-Clause
# memory.py: room for large values.
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


class Growing:
    """Bytes that come in pieces; each is copied once, as it comes."""

    def __init__(self):
        self._room = bytearray()
        self._size = 0

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
