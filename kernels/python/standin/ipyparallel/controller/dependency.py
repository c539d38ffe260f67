# SPDX-License-Identifier: BSD-3-Clause
# dependency.py: functions that run only where a condition holds.
import sys
from importlib import import_module
from types import ModuleType

from ..error import UnmetDependency
from ..serialize import can, uncan


class dependent:
    """A function with a condition: another function and its arguments."""

    def __init__(self, _wrapped_f, _wrapped_df, *dargs, **dkwargs):
        self.f = _wrapped_f
        self.df = _wrapped_df
        self.dargs, self.dkwargs = dargs, dkwargs
        self.__name__ = getattr(_wrapped_f, '__name__', 'f')

    def check_dependency(self):
        """Run before the function is; raises UnmetDependency where the condition is False."""
        if self.df(*self.dargs, **self.dkwargs) is False:
            raise UnmetDependency()

    def __call__(self, *args, **kwargs):
        return self.f(*args, **kwargs)


class depend:
    """Decorator: @depend(condition, arguments…)."""

    def __init__(self, _wrapped_f, *args, **kwargs):
        self.f = _wrapped_f
        self.args, self.kwargs = args, kwargs

    def __call__(self, function):
        return dependent(function, self.f, *self.args, **self.kwargs)


def require_in(namespace):
    """The condition of @require: its modules and values are put into namespace."""
    def _require(*modules, **values):
        for name in modules:
            try:
                import_module(name)
            except ImportError:
                raise UnmetDependency(name) from None
            top = name.partition('.')[0]
            namespace[top] = sys.modules[top]
        for name, value in values.items():
            namespace[name] = uncan(value, namespace)
        return True
    return _require


def require(*objects, **values):
    """Decorator: @require('module', module, function, name=value)."""
    modules = []
    for thing in objects:
        if isinstance(thing, ModuleType):
            modules.append(thing.__name__)
        elif isinstance(thing, str):
            modules.append(thing)
        elif hasattr(thing, '__name__'):
            values[thing.__name__] = thing
        else:
            raise TypeError('require() takes modules, functions and name=value, not %s'
                            % type(thing).__name__)
    condition = require_in(sys.modules['__main__'].__dict__)
    return depend(condition, *modules, **{name: can(value) for name, value in values.items()})


class Dependency(set):
    """Tasks to wait for, and how they may end."""

    def __init__(self, dependencies=(), all=True, success=True, failure=False):
        if isinstance(dependencies, dict):
            all = dependencies.get('all', True)
            success = dependencies.get('success', success)
            failure = dependencies.get('failure', failure)
            dependencies = dependencies.get('dependencies', ())
        if not success and not failure:
            raise ValueError('a dependency on neither success nor failure')
        super().__init__([dependencies] if isinstance(dependencies, str) else dependencies)
        self.all, self.success, self.failure = all, success, failure

    def as_dict(self):
        return {'all': self.all, 'success': self.success, 'failure': self.failure,
                'dependencies': list(self)}
