# SPDX-License-Identifier: BSD-3-Clause
# serialize.py: objects to frames and back: a pickle, then the large buffers taken out of it.
import pickle
from io import BytesIO

from .. import names
from .canning import can, can_sequence, is_canned, sequence_types, uncan, uncan_sequence

_stdlib_pickle = pickle  # use_dill() and use_cloudpickle() put theirs in place of `pickle`
PICKLE_PROTOCOL = pickle.DEFAULT_PROTOCOL
MAX_BYTES = 1024  # longer buffers become frames of their own
MAX_ITEMS = 64    # in longer containers nothing is looked for


class _Unpickler(pickle.Unpickler):
    """Takes our classes for those of ipyparallel's that messages name."""

    def find_class(self, module, name):
        own = names.find(module, name)
        return super().find_class(module, name) if own is None else own


def loads(data):
    if pickle.loads is _stdlib_pickle.loads:  # cloudpickle's too
        return _Unpickler(BytesIO(data)).load()
    return pickle.loads(data)


class PrePickled:
    """Something that is sent many times, pickled once."""

    def __init__(self, obj):
        self.buffers = serialize_object(obj)


def _take_buffers(canned, threshold, taken):
    if not is_canned(canned):
        return
    buffers = getattr(canned, 'buffers', None) or ()
    for i, data in enumerate(buffers):
        view = memoryview(data)
        if view.nbytes > threshold:
            buffers[i] = None
            taken.append(data)
        elif not isinstance(data, bytes):
            buffers[i] = view.tobytes()  # a view has no pickle


def _put_back(canned, frames):
    if is_canned(canned):
        buffers = getattr(canned, 'buffers', None) or ()
        for i, data in enumerate(buffers):
            if data is None:
                buffers[i] = frames.pop(0)


def serialize_object(obj, buffer_threshold=MAX_BYTES, item_threshold=MAX_ITEMS):
    """The frames of a value: its pickle first."""
    kind = type(obj)
    if kind is PrePickled:
        return list(obj.buffers)
    taken = []
    if kind in sequence_types and len(obj) < item_threshold:
        canned = can_sequence(obj)
        for item in canned:
            _take_buffers(item, buffer_threshold, taken)
    elif kind is dict and len(obj) < item_threshold:
        canned = {}
        for key in sorted(obj):
            canned[key] = can(obj[key])
            _take_buffers(canned[key], buffer_threshold, taken)
    else:
        canned = can(obj)
        _take_buffers(canned, buffer_threshold, taken)
    return [pickle.dumps(canned, PICKLE_PROTOCOL)] + taken


def deserialize_object(buffers, g=None):
    """(value, frames that are left) of frames that begin with a value's."""
    frames = list(buffers)
    return _take_value(frames, g), frames


def _take_value(frames, g):
    """The value at the beginning of frames, which loses those that belong to it."""
    canned = loads(frames.pop(0))
    kind = type(canned)
    if kind in sequence_types and len(canned) < MAX_ITEMS:
        for item in canned:
            _put_back(item, frames)
        return uncan_sequence(canned, g)
    if kind is dict and len(canned) < MAX_ITEMS:
        result = {}
        for key in sorted(canned):
            _put_back(canned[key], frames)
            result[key] = uncan(canned[key], g)
        return result
    _put_back(canned, frames)
    return uncan(canned, g)


def pack_apply_message(f, args, kwargs, buffer_threshold=MAX_BYTES, item_threshold=MAX_ITEMS):
    """A call as the buffers of an apply_request."""
    names = sorted(kwargs)
    positional, named = [], []
    for value in args:
        positional += serialize_object(value, buffer_threshold, item_threshold)
    for name in names:
        named += serialize_object(kwargs[name], buffer_threshold, item_threshold)
    facts = {'nargs': len(args), 'narg_bufs': len(positional), 'kw_keys': names}
    return serialize_object(f) + [pickle.dumps(facts, PICKLE_PROTOCOL)] + positional + named


def unpack_apply_message(bufs, g=None, copy=True):
    """(function, positional arguments, named arguments) of an apply_request's buffers."""
    frames = list(bufs)
    function = _take_value(frames, g)
    facts = pickle.loads(frames.pop(0))
    named = frames[facts['narg_bufs']:]
    del frames[facts['narg_bufs']:]
    args = tuple([_take_value(frames, g) for _ in range(facts['nargs'])])
    kwargs = {name: _take_value(named, g) for name in facts['kw_keys']}
    if frames or named:
        raise ValueError('apply_request: %d buffers too many' % (len(frames) + len(named)))
    return function, args, kwargs
