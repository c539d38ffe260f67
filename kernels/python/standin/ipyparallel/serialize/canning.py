# SPDX-License-Identifier: BSD-3-Clause
# canning.py: objects that pickle cannot hold, or should not copy, in a form that it can.
import functools
import sys
from copy import copy
from pickle import loads
from types import FunctionType

from .. import names
from . import codeutil
from ..util import interactive  # noqa: F401


def _cell(value):
    return (lambda: value).__closure__[0]


cell_type = type(_cell(None))


class CannedObject:
    """Any object of which some attributes are canned; base of all the others."""

    def __reduce__(self):
        # As an object of ipyparallel's class, without that having to be loaded here.
        name = type(self).__name__.encode()
        template = b'\x80\x02cipyparallel.serialize.canning\n' + name + b'\n)\x81.'
        return loads, (template,), self.__dict__

    def __init__(self, obj, keys=(), hook=None):
        self.keys = list(keys)
        self.obj = copy(obj)
        self.hook = can(hook)
        self.buffers = []
        for key in self.keys:
            setattr(self.obj, key, can(getattr(obj, key)))

    def get_object(self, g=None):
        for key in self.keys:
            setattr(self.obj, key, uncan(getattr(self.obj, key), g))
        if self.hook:
            self.hook = uncan(self.hook, g)
            self.hook(self.obj, g)
        return self.obj


class Reference(CannedObject):
    """An expression that is evaluated where it arrives."""

    def __init__(self, name):
        if not isinstance(name, str):
            raise TypeError('the name of a Reference is a string, not %r' % (name,))
        self.name = name
        self.buffers = []

    def __repr__(self):
        return '<Reference: %r>' % self.name

    def get_object(self, g=None):
        return eval(self.name, {} if g is None else g)


class CannedCell(CannedObject):
    """A variable that a closure holds."""

    def __init__(self, cell):
        self.cell_contents = can(cell.cell_contents)

    def get_object(self, g=None):
        return _cell(uncan(self.cell_contents, g))


class CannedFunction(CannedObject):
    def __init__(self, f):
        self.code = f.__code__
        self.defaults = [can(value) for value in f.__defaults__] if f.__defaults__ else None
        self.kwdefaults = can_dict(f.__kwdefaults__) if f.__kwdefaults__ else None
        self.annotations = can_dict(f.__annotations__) if f.__annotations__ else None
        self.closure = tuple([can(cell) for cell in f.__closure__]) if f.__closure__ else None
        self.module = f.__module__ or '__main__'
        self.__name__ = f.__name__
        self.buffers = []

    def get_object(self, g=None):
        if not self.module.startswith('__'):
            own = names.find(self.module, self.__name__)
            if own is not None:
                return own  # whatever version the client's python is of
            __import__(self.module)
            g = sys.modules[self.module].__dict__
        elif g is None:
            g = {}
        if self.__name__ == '_require' and self.is_of('ipyparallel/controller/dependency.py'):
            return names.find('ipyparallel.controller.dependency', 'require_in')(g)
        if isinstance(self.code, codeutil.ForeignCode):
            raise TypeError('%s() was compiled by another version of python, here is %d.%d'
                            % ((self.__name__,) + sys.version_info[:2]))
        defaults = tuple([uncan(value, g) for value in self.defaults]) if self.defaults else None
        closure = tuple([uncan(cell, g) for cell in self.closure]) if self.closure else None
        function = FunctionType(self.code, g, self.__name__, defaults, closure)
        if self.kwdefaults:
            function.__kwdefaults__ = uncan_dict(self.kwdefaults, g)
        annotations = getattr(self, 'annotations', None)
        if annotations:
            function.__annotations__ = uncan_dict(annotations, g)
        return function


    def is_of(self, source):
        return getattr(self.code, 'co_filename', '').endswith(source)


class CannedPartial(CannedObject):
    """functools.partial; the buffers of its parts are collected in its own list."""

    def __init__(self, f):
        self.func = can(f.func)
        self.args = [can(value) for value in f.args]
        self.keywords = {name: can(value) for name, value in f.keywords.items()}
        self.buffers = []
        self.arg_buffer_counts = [self._collect(value) for value in self.args]
        self.keyword_buffer_counts = {name: self._collect(self.keywords[name])
                                      for name in sorted(self.keywords)}

    def _collect(self, canned):
        buffers = getattr(canned, 'buffers', None) if isinstance(canned, CannedObject) else None
        if not buffers:
            return 0
        self.buffers.extend(buffers)
        canned.buffers = []
        return len(buffers)

    def get_object(self, g=None):
        rest = list(self.buffers)
        counts = list(zip(self.args, self.arg_buffer_counts))
        counts += [(self.keywords[name], self.keyword_buffer_counts[name])
                   for name in sorted(self.keyword_buffer_counts)]
        for canned, count in counts if rest else ():
            if count:
                canned.buffers, rest = rest[:count], rest[count:]
        args = [uncan(value, g) for value in self.args]
        keywords = {name: uncan(value, g) for name, value in self.keywords.items()}
        return functools.partial(uncan(self.func, g), *args, **keywords)


class CannedClass(CannedObject):
    """A class of __main__."""

    def __init__(self, cls):
        self.name = cls.__name__
        self.old_style = False
        self._canned_dict = {name: can(value) for name, value in cls.__dict__.items()
                             if name not in ('__dict__', '__weakref__')}
        self.parents = [can(parent) for parent in cls.__bases__]
        self.buffers = []

    def get_object(self, g=None):
        parents = tuple([uncan(parent, g) for parent in self.parents])
        return type(self.name, parents, uncan_dict(self._canned_dict, g))


class CannedArray(CannedObject):
    """A NumPy array: its buffer as it is, unless it holds python objects."""

    def __init__(self, obj):
        from numpy import ascontiguousarray
        self.shape = obj.shape
        self.dtype = obj.dtype.descr if obj.dtype.fields else obj.dtype.str
        self.pickled = obj.dtype.hasobject or not obj.size
        if self.pickled:
            from . import serialize
            self.buffers = [serialize.pickle.dumps(obj, serialize.PICKLE_PROTOCOL)]
        else:
            # A 0-dimensional array would get a dimension: its shape is kept above.
            self.buffers = [memoryview(ascontiguousarray(obj))]

    def get_object(self, g=None):
        data = self.buffers[0]
        if self.pickled:
            from . import serialize
            return serialize.pickle.loads(data)
        from numpy import frombuffer
        return frombuffer(data, dtype=self.dtype).reshape(self.shape)


class CannedBytes(CannedObject):
    def __init__(self, obj):
        self.buffers = [obj]

    @staticmethod
    def wrap(data):
        return data if isinstance(data, bytes) else bytes(data)

    def get_object(self, g=None):
        return self.wrap(self.buffers[0])


class CannedMemoryView(CannedBytes):
    wrap = memoryview


CannedBuffer = CannedMemoryView


# -- which class cans what

def can(obj):
    """What to pickle in place of an object: often the object."""
    kind = type(obj)
    canner = can_map.get(kind)
    if canner is None and kind not in _PLAIN:
        canner = _by_name(kind)
    return obj if canner is None else canner(obj)


def _by_name(kind):
    """Entries for classes of modules that may not be loaded: 'module.Class'."""
    for name in [key for key in can_map if isinstance(key, str)]:
        module, _, attribute = name.rpartition('.')
        loaded = sys.modules.get(module)
        if loaded is not None and getattr(loaded, attribute, None) is kind:
            return can_map[name]
    return can_map.get(cell_type) if kind is cell_type else None


def can_class(cls):
    return CannedClass(cls) if cls.__module__ == '__main__' else cls


def can_dict(obj):
    if type(obj) is not dict:
        return obj
    return {key: can(value) for key, value in obj.items()}


def can_sequence(obj):
    kind = type(obj)
    return kind([can(item) for item in obj]) if kind in sequence_types else obj


def is_canned(obj):
    """Also an object of the real package's class."""
    return isinstance(obj, CannedObject) or type(obj).__module__ == CANNING and hasattr(
        obj, 'get_object')


def uncan(obj, g=None):
    """The reverse of can()."""
    if is_canned(obj):
        return obj.get_object(g)
    for kind, restore in uncan_map.items():
        if isinstance(kind, type) and isinstance(obj, kind):
            return restore(obj, g)
    return obj


def uncan_dict(obj, g=None):
    if type(obj) is not dict:
        return obj
    return {key: uncan(value, g) for key, value in obj.items()}


def uncan_sequence(obj, g=None):
    kind = type(obj)
    return kind([uncan(item, g) for item in obj]) if kind in sequence_types else obj


def _uncan_dependent_hook(dependent, g=None):
    dependent.check_dependency()


def can_dependent(obj):
    return CannedObject(obj, keys=('f', 'df'), hook=_uncan_dependent_hook)


# -- another pickle: it then takes care of functions itself

def use_dill():
    import dill
    _use(dill)


def use_cloudpickle():
    import cloudpickle
    _use(cloudpickle)


def use_pickle():
    from . import serialize
    serialize.pickle = serialize._stdlib_pickle
    can_map[FunctionType] = _original_can_map[FunctionType]


def _use(module):
    from . import serialize
    serialize.pickle = module
    can_map.pop(FunctionType, None)


CANNING = 'ipyparallel.serialize.canning'
_PLAIN = frozenset({int, float, str, bool, type(None), dict, list, tuple, set, complex})
sequence_types = (list, tuple, set)
can_map = {
    FunctionType: CannedFunction,
    functools.partial: CannedPartial,
    bytes: CannedBytes,
    memoryview: CannedMemoryView,
    cell_type: CannedCell,
    type: can_class,
    'numpy.ndarray': CannedArray,
    names.OURS + '.controller.dependency.dependent': can_dependent,
}
uncan_map = {
    CannedObject: lambda obj, g: obj.get_object(g),
    dict: uncan_dict,
}
_original_can_map = dict(can_map)
