# SPDX-License-Identifier: BSD-3-Clause
# reduction.py: many results become one, in parts on several engines.
from _ipkit.errors import Refused
from _ipkit.expression import Source

PROTOCOL = 4  # of pickles: engines may have different versions of python


class Blamed:
    """Errors in here are those of the reduction, not of the items' expression: replies say so."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, Exception):
            try:
                error.ipkit_part = 'reduce'
            except Exception:
                pass  # a class of the user's that takes no attributes


class Reduction:
    """An expression of a and b, or a function of two."""

    def __init__(self, code, namespace):
        source = Source(code)
        if source.uses('a') or source.uses('b'):
            self._fold = source.within('def fold(a, rest):\n for b in rest: a = 0\n return a',
                                       _put, namespace)
            return
        function = eval(source.whole, namespace)
        if not callable(function):
            raise Refused('TypeError', '%s: no expression of a and b, and no function' % code)
        self._fold = lambda first, rest: _call_loop(function, first, rest)

    def reduce(self, values):
        rest = iter(values)
        return self._fold(next(rest), rest)


def _put(function, expression):
    function.body[0].body[0].value = expression


def _call_loop(function, a, rest):
    for b in rest:
        a = function(a, b)
    return a


def rows(results, failed):
    """Results in rows between the failed ones (a dict by index): index of the first, and they."""
    start = 0
    for index in sorted(failed):
        if index > start:
            yield start, results[start:index]
        start = index + 1
    if start < len(results):
        yield start, results[start:]


def pack(parts):
    """Content and buffers of a reply with (index, count, value) of each part."""
    import pickle
    pickles, facts = [], []
    for index, count, value in parts:
        try:
            pickles.append(pickle.dumps(value, PROTOCOL))
        except Exception as error:
            raise Refused('TypeError', 'a result of type %s cannot go to another engine: %s'
                          % (type(value).__name__, error)) from None
        facts.append([index, count, len(pickles[-1])])
    return {'status': 'ok', 'form': 'partials', 'partials': facts}, [b''.join(pickles)]


def unpack(data, sizes):
    import pickle
    view, at, found = memoryview(data), 0, []
    if not isinstance(sizes, list) or sum(sizes) != view.nbytes:
        raise Refused('ValueError', 'map_request: the partial results are not as long as they say')
    for size in sizes:
        found.append(pickle.loads(view[at:at + size]))
        at += size
    return found
