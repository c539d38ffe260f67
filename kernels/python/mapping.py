# SPDX-License-Identifier: BSD-3-Clause
# mapping.py: map_request: one expression, many items.
from time import perf_counter

from _ipkit import files, reduction, values
from _ipkit.errors import Refused, describe
from _ipkit.expression import Source

MAX_TRACEBACKS = 16  # in one reply; further failed items have name and text only
_compiled = {}

# The loop is part of the compiled code: no call for each item, and x and _ are its locals, so
# that comprehensions and lambdas inside the expression see them.
_TEMPLATES = {
    (True, False): 'def map(items, add):\n for x in items: add(0)',
    (False, True): 'def map(items, add):\n for _ in items: add(0)',
    (True, True): 'def map(items, add):\n for _, x in items: add(0)',
    (False, False): 'def map(items, add):\n for _ in items: add(0)',
}


class Expression:
    """The compiled expression: which of x and _ it uses, and its loop."""

    def __init__(self, code, namespace):
        source = Source(code)
        self.whole = source.whole
        self.uses = source.uses('x'), source.uses('_')
        self.loop = source.within(_TEMPLATES[self.uses], _put, namespace)


def _put(function, expression):
    function.body[0].body[0].value.args[0] = expression


def _once(kind, code, file, namespace):
    """Expression or Reduction of the code, made at its first use."""
    key = kind, code, file and file['id']
    found = _compiled.get(key)
    if found is None:
        if len(_compiled) >= 64:
            _compiled.clear()
        found = _compiled[key] = kind(code, namespace)
    return found


def _check(content, buffers):
    sep, out = content.get('sep', '\n'), content.get('out', '\n')
    count, kind = content.get('count'), content.get('type', 'auto')
    if not isinstance(content.get('code'), str):
        raise Refused('TypeError', 'map_request: code is a string')
    if type(count) is not int or count < 0:
        raise Refused('ValueError', 'map_request: count is a number from 0')
    if sep not in ('\n', '\0', '') or out not in ('\n', '\0'):
        raise Refused('ValueError', 'map_request: sep and out are a newline or NUL')
    if content.get('stdin'):
        raise Refused('ValueError', 'map_request: an expression has no standard input')
    if kind not in ('auto', 'text', 'json') or (kind != 'text' and not sep):
        raise Refused('ValueError', 'map_request: unknown type: %r' % (kind,))
    if len(buffers) != 1:
        raise Refused('ValueError', 'map_request: %d buffers, not 1' % len(buffers))
    return count, sep, out, kind


def map_items(kernel, request):
    start = perf_counter()
    content, buffers = _map_items(kernel, request)
    content['seconds'] = round(perf_counter() - start, 6)
    return content, buffers


def _map_items(kernel, request):
    content = request.content
    count, sep, out, kind = _check(content, request.buffers)
    code, file = content['code'], content.get('file')
    names, reduce = files.names_of(kernel, file), content.get('reduce')
    if reduce is not None:
        with reduction.Blamed():
            reduce = _once(reduction.Reduction, reduce, file, names)
        if 'partials' in content:
            return combine(content, request.buffers, reduce, out)
    data = bytes(request.buffers.pop())
    found = data.count(sep.encode()) if sep else 1
    if found != count or (sep and data and not data.endswith(sep.encode())):
        raise Refused('ValueError', 'map_request: %d items announced, %d found' % (count, found))
    run = Run(count)
    function = files.function_of(file)
    if function is not None:
        run.call(function, data, sep, kind)
    else:
        run.apply(_once(Expression, code, file, names), data, sep, kind, names)
    if reduce is not None:
        with reduction.Blamed():
            return run.reduced(reduce)
    return run.reply(out, bool(content.get('json')))


def combine(content, buffers, reduce, out):
    """Partial results become one; the last one is presented as the results of items are."""
    value = reduce.reduce(reduction.unpack(buffers[0], content['partials']))
    if not content.get('final'):
        return reduction.pack([(0, 1, value)])
    run = Run(1)
    run.results.append(value)
    return run.reply(out, bool(content.get('json')))


class Run:
    """One map_request: results so far and what failed."""

    def __init__(self, count):
        self.count = count
        self.results = []
        self.failed = {}  # index -> error content

    def call(self, function, data, sep, kind):
        self._loop(_call_loop, self._decode(data, sep, kind), function)

    def apply(self, expression, data, sep, kind, namespace):
        use_x, use_text = expression.uses
        items = None
        if use_x or not use_text:
            items = self._decode(data, sep, kind)
        texts = values.split(data, sep) if use_text else None
        if use_x and use_text:
            # Texts first: when decoding an item raises, both have gone on by one.
            self._loop(expression.loop, zip(texts, items))
        elif use_x:
            self._loop(expression.loop, items)
        elif use_text:
            self._loop(expression.loop, texts)
        elif self.count:
            self._without_item(expression, items, namespace)

    def _without_item(self, expression, items, namespace):
        """Neither x nor _: a function to call, or an expression evaluated anew for each."""
        rest = iter(range(self.count))
        try:
            value = eval(expression.whole, namespace)
        except (Exception, SystemExit) as error:
            self._fail(error)
        else:
            if callable(value):
                self._loop(_call_loop, items, value)
                return
            self.results.append(value)
        next(rest)
        self._loop(expression.loop, rest)

    def _loop(self, loop, items, *more):
        items = iter(items)
        while True:
            try:
                loop(items, self.results.append, *more)
                return
            except (Exception, SystemExit) as error:
                self._fail(error)

    def _fail(self, error):
        index = len(self.results)
        content = describe(error, lines=len(self.failed) < MAX_TRACEBACKS)
        content['index'] = index
        self.failed[index] = content
        self.results.append('')

    @staticmethod
    def _decode(data, sep, kind):
        """The items; one that cannot be decoded fails when its turn comes."""
        if kind == 'text':
            return values.split(data, sep)
        at_once = values.numbers_at_once if kind == 'auto' else values.json_at_once
        items = at_once(data, sep.encode())
        if items is not None and len(items) == data.count(sep.encode()):
            return items
        decode = values.number_or_text if kind == 'auto' else values.parse_json
        return _Lazy(values.split(data, sep), decode)

    def reduced(self, reduce):
        content, buffers = reduction.pack(
            (index, len(row), reduce.reduce(row))
            for index, row in reduction.rows(self.results, self.failed))
        content['count'] = self.count
        content['failed'] = [self.failed[index] for index in sorted(self.failed)]
        return content, buffers

    def reply(self, out, as_json):
        results = self.results
        content = {'status': 'ok', 'count': self.count, 'form': 'lines'}
        if not self.failed:
            data = values.join_at_once(results, out, as_json) if results else b''
            if data is not None:
                return content, [data]
        parts = self._encode(as_json)
        end = out.encode()
        if not self.failed:
            data = end.join(parts) + end
            if data.count(end) == len(parts):
                return content, [data]
        content['form'] = 'sized'
        content['sizes'] = [len(part) for part in parts]
        content['failed'] = [self.failed[index] for index in sorted(self.failed)]
        return content, [b''.join(parts)]

    def _encode(self, as_json):
        if not self.failed:
            try:
                return values.encode_many(self.results, as_json)
            except Exception:
                pass  # a repr that fails: find out which
        parts = []
        for index, value in enumerate(self.results):
            part = b''
            if index not in self.failed:
                try:
                    part = values.encode_many([value], as_json)[0]
                except Exception as error:
                    self.failed[index] = dict(describe(error), index=index)
            parts.append(part)
        return parts


class _Lazy:
    """Items decoded one by one: what cannot be decoded fails in its turn only."""

    def __init__(self, texts, decode):
        self._texts = iter(texts)
        self._decode = decode

    def __iter__(self):
        return self

    def __next__(self):
        return self._decode(next(self._texts))


def _call_loop(items, add, function):
    for x in items:
        add(function(x))
