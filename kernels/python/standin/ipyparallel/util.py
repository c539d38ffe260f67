# SPDX-License-Identifier: BSD-3-Clause
# util.py: the functions that views send by name: push, pull, execute.
import sys
from datetime import datetime, timezone
from types import FunctionType


def get_ipython():
    """An object with the user's namespace."""
    from _ipkit import apply, hooks
    return apply.shell(hooks.kernel)


def interactive(function):
    """The function as if it had been written in the user's namespace."""
    if isinstance(function, FunctionType):
        main = sys.modules['__main__'].__dict__
        moved = FunctionType(function.__code__, main, function.__name__, function.__defaults__)
        moved.__kwdefaults__ = function.__kwdefaults__
        function = moved
    function.__module__ = '__main__'
    return function


def _push(**values):
    """Bind each value to its target: a name, an attribute or an item."""
    namespace = get_ipython().user_global_ns
    for target, value in values.items():
        if target.isidentifier():
            namespace[target] = value
        else:
            code = compile('%s = _' % target, '<push>', 'exec')
            exec(code, namespace, {'_': value})


def _pull(names):
    namespace = get_ipython().user_global_ns
    if isinstance(names, (list, tuple, set)):
        return [eval(name, namespace) for name in names]
    return eval(names, namespace)


def _execute(code):
    exec(code, get_ipython().user_global_ns)


def utcnow():
    return datetime.now(timezone.utc)


class Namespace(dict):
    """A dict whose keys are attributes too."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise NameError(name) from None

    def __setattr__(self, name, value):
        if hasattr(dict, name):
            raise KeyError('%r is a method of dict' % name)
        self[name] = value
