# SPDX-License-Identifier: BSD-3-Clause
# data.py: push, pull, list and clear: values into and out of the namespace.
import os
import sys
from keyword import iskeyword

from _ipkit import memory, values
from _ipkit.errors import Refused, remember_source

MAX_HELD = 8
_stages = {}  # stage -> memory.Growing or GrowingBytes, oldest first
_held = {}    # token -> list of encoded values, oldest first
_tokens = 0


# -- push

def push(kernel, request):
    content = request.content
    if 'stage' in content:
        _push_stage(kernel, content, request.buffers)
    elif 'names' in content:
        _push_names(kernel, content, request.buffers)
    elif 'unbind' not in content:
        raise Refused('ValueError', 'push_request: no names, unbind or stage')
    for name in _strings(content.get('unbind', []), 'unbind'):
        kernel.namespace.pop(name, None)
    return {'status': 'ok'}, ()


def _strings(value, what):
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refused('ValueError', '%s is not a list of strings' % what)
    return value


def _check_name(name):
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
        raise Refused('ValueError', 'not a name: %r' % (name,))
    return name


def _push_names(kernel, content, buffers):
    names = [_check_name(name) for name in _strings(content['names'], 'names')]
    types = _strings(content.get('types'), 'types')
    if not len(names) == len(types) == len(buffers):
        raise Refused('ValueError', '%d names, %d types and %d buffers'
                      % (len(names), len(types), len(buffers)))
    namespace = kernel.namespace
    bound = [values.decode(kind, data, namespace) for kind, data in zip(types, buffers)]
    namespace.update(zip(names, bound))


def push_with(kernel, request):
    """The values that come with code: the buffers after that of its input."""
    content = request.content['push']
    if not isinstance(content, dict):
        raise Refused('ValueError', 'push is not an object with names and types')
    first = 1 if request.content.get('stdin') else 0
    _push_names(kernel, dict(content, names=content.get('names')), request.buffers[first:])
    request.buffers = request.buffers[:first]


def _room_for(content):
    if content.get('type') == 'bytes':
        return memory.GrowingBytes()
    size = content.get('size')
    return memory.Growing(size if type(size) is int else 0)


def _push_stage(kernel, content, buffers):
    stage = content['stage']
    if not isinstance(stage, str):
        raise Refused('ValueError', 'stage is not a string')
    if content.get('drop'):
        _stages.pop(stage, None)
        return
    if len(buffers) > 1:
        raise Refused('ValueError', 'a piece of a value is one buffer, not %d' % len(buffers))
    if content.get('begin'):
        _stages.pop(stage, None)
        while len(_stages) >= MAX_HELD:
            del _stages[next(iter(_stages))]
        _stages[stage] = _room_for(content)
    if stage not in _stages:
        raise Refused('KeyError', 'no stage %r: it was never begun, or %d newer ones came'
                      % (stage, MAX_HELD))
    for piece in buffers:
        _stages[stage].append(piece)
    del buffers[:]
    if content.get('end'):
        whole = _stages.pop(stage).take()
        if type(whole) is bytes and content.get('type') != 'bytes':
            whole = memoryview(bytearray(whole))  # the first piece said otherwise
        name = _check_name(content.get('name'))
        kernel.namespace[name] = values.decode(content.get('type'), whole, kernel.namespace)


# -- pull

def pull(kernel, request):
    content = request.content
    if 'token' in content:
        return _pull_held(content)
    names = _strings(content.get('names'), 'names')
    form = content.get('form', 'text')
    if form not in ('text', 'json', 'npy', 'source'):
        raise Refused('ValueError', 'unknown form: %r' % (form,))
    sep = content.get('sep', '\n')
    if sep not in ('\n', '\0'):
        raise Refused('ValueError', 'sep is not a newline or NUL')
    limit = content.get('limit')
    if limit is not None and (type(limit) is not int or limit < 0):
        raise Refused('ValueError', 'limit is not a number of bytes')
    elements = bool(content.get('elements'))
    types, counts, buffers = [], [], []
    for name in names:
        value = _evaluate(name, kernel.namespace)
        kind, count, data = _encode_elements(value, form, sep) if elements else _encode(value, form)
        types.append(kind)
        counts.append(count)
        buffers.append(data)
    sizes = [memoryview(data).nbytes for data in buffers]
    reply = {'status': 'ok', 'types': types, 'sizes': sizes, 'counts': counts, 'token': None}
    if limit is not None and sum(sizes) > limit:
        reply['token'] = _hold(buffers)
        buffers = []
    return reply, buffers


def pull_with(kernel, names):
    """The values that go with the reply to code: what they are, and their buffers."""
    found = [_encode(_evaluate(name, kernel.namespace), 'text') for name in _strings(names, 'pull')]
    return ({'names': names, 'types': [kind for kind, _, _ in found]},
            [data for _, _, data in found])


def _evaluate(name, namespace):
    source = name.strip()
    try:
        if source.isidentifier() and source in namespace:
            return namespace[source]
        return eval(compile(source, remember_source(source), 'eval', dont_inherit=True), namespace)
    except NameError as error:
        raise Refused('NameError', str(error), name=name) from None


def _encode(value, form):
    if form == 'npy':
        kind, data = values.encode_npy(value)
    elif form == 'source':
        from _ipkit import sources
        kind, data = 'text', values.from_text(sources.source_of(value))
    elif form == 'json' and isinstance(value, values.BYTES_TYPES):
        kind, data = 'base64', values.encode_base64(value)
    elif form == 'json':
        kind, data = values.encode_json(value)
    else:
        kind, data = values.encode_text(value)
    return kind, None, data


def _encode_elements(value, form, sep):
    if form in ('npy', 'source'):
        raise Refused('ValueError', '%s has no elements' % form)
    if isinstance(value, values.BYTES_TYPES):
        return 'bytes', 1, bytes(value) if isinstance(value, memoryview) else value
    items = _items(value)
    as_json = form == 'json'
    data = values.join_at_once(items, sep, as_json) if items else b''
    if data is None:
        end = sep.encode()
        parts = values.encode_many(items, as_json)
        parts.append(b'')
        data = end.join(parts)
    return 'lines', len(items), data


def _items(value):
    if isinstance(value, (str, dict, type)) or not hasattr(value, '__len__'):
        return [value]
    if hasattr(value, 'tolist') and type(value).__module__.partition('.')[0] in ('numpy', 'array'):
        value = value.tolist()
    try:
        return list(value)
    except TypeError:  # not iterable after all, as an array without dimensions
        return [value]


def _hold(buffers):
    global _tokens
    _tokens += 1
    while len(_held) >= MAX_HELD:
        del _held[next(iter(_held))]
    token = '%d-%d' % (os.getpid(), _tokens)
    _held[token] = buffers
    return token


def _pull_held(content):
    token = content['token']
    if not isinstance(token, str) or token not in _held:
        raise Refused('KeyError', 'no value is held under %r' % (token,))
    if content.get('release'):
        del _held[token]
        return {'status': 'ok'}, ()
    index, offset, length = (content.get(key) for key in ('index', 'offset', 'length'))
    if not all(type(number) is int and number >= 0 for number in (index, offset, length)):
        raise Refused('ValueError', 'index, offset and length are numbers from 0')
    held = _held[token]
    if index >= len(held) or offset > memoryview(held[index]).nbytes:
        raise Refused('IndexError', 'index %d, offset %d: beyond what is held' % (index, offset))
    return {'status': 'ok'}, [memoryview(held[index]).cast('B')[offset:offset + length]]


# -- list, clear

def list_names(kernel, request):
    names = []
    shell = sys.modules.get('_ipkit.shell')
    own = shell.is_own if shell is not None else lambda name: False
    for name, value in sorted(kernel.namespace.items(), key=lambda item: str(item[0])):
        if isinstance(name, str) and name not in kernel.initial and not own(name):
            names.append({'name': name, 'type': type(value).__name__, 'size': _size(value)})
    return {'status': 'ok', 'names': names}, ()


def _size(value):
    try:
        return len(value) if not isinstance(value, type) else None
    except Exception:
        return None


def clear(kernel, request):
    kernel.namespace.clear()
    kernel.namespace.update(kernel.initial)
    return {'status': 'ok'}, ()
