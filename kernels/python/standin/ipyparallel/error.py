# SPDX-License-Identifier: BSD-3-Clause
# error.py: the exceptions of ipyparallel that tasks raise, catch or carry.
import builtins


class IPythonError(Exception):
    """Root of them all."""


class KernelError(IPythonError):
    """Something about engines or tasks."""


class EngineError(KernelError):
    """An engine is gone."""


class NoEnginesRegistered(KernelError):
    """Nobody to do it."""


class TaskAborted(KernelError):
    """Taken back before it ran."""


class TaskTimeout(KernelError):
    """Waited too long for its turn."""


class TaskRejectError(KernelError):
    """Raised by a task that wants another engine."""


class UnmetDependency(KernelError):
    """Raised on an engine that lacks what a task needs."""


class ImpossibleDependency(UnmetDependency):
    """No engine can ever have it."""


class DependencyTimeout(ImpossibleDependency):
    """Nobody had it in time."""


class InvalidDependency(ImpossibleDependency):
    """A dependency on what does not exist."""


TimeoutError = builtins.TimeoutError


class RemoteError(KernelError):
    """An error of another engine, as text."""

    ename = evalue = traceback = None

    def __init__(self, ename, evalue, traceback=None, engine_info=None):
        super().__init__(ename, evalue)
        self.ename, self.evalue, self.traceback = ename, evalue, traceback
        self.engine_info = engine_info or {}

    def __reduce__(self):
        return type(self), (self.ename, self.evalue, self.traceback, self.engine_info)

    def __str__(self):
        return '%s(%s)' % (self.ename, self.evalue)

    def render_traceback(self):
        return (self.traceback or 'no traceback').splitlines()

    def print_traceback(self, excid=None):
        print('\n'.join(self.render_traceback()))


class CompositeError(RemoteError):
    """Errors of several engines: (ename, evalue, traceback, engine_info) of each."""

    def __init__(self, message, elist):
        Exception.__init__(self, message, elist)
        self.msg = message
        self.elist = list(elist)
        self.engine_info = {}

    def __reduce__(self):
        return type(self), (self.msg, self.elist)

    def __str__(self):
        return '\n'.join([str(self.msg)] + ['%s: %s' % tuple(one[:2]) for one in self.elist])

    def render_traceback(self, excid=None):
        chosen = self.elist if excid is None else [self.elist[excid]]
        return [line for one in chosen for line in (one[2] or 'no traceback').splitlines()]

    def raise_exception(self, excid=0):
        raise RemoteError(*self.elist[excid])
