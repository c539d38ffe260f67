# SPDX-License-Identifier: BSD-3-Clause
# sources.py: functions and classes as text, both ways.
import json
import linecache
import sys

from _ipkit.errors import Refused, remember_source


def decode_code(data, _):
    """What a file defines: the file runs in a module of its own, which lives as long as that."""
    facts = json.loads(str(data, 'utf-8'))
    file, names, text = facts['file'], facts['name'].split('.'), facts['text']
    module = type(sys)(file.rpartition('/')[2].partition('.')[0] or 'code')
    module.__file__ = file
    exec(compile(text, remember_source(text, file), 'exec', dont_inherit=True), module.__dict__)
    value = module
    for name in names:
        if not hasattr(value, name):
            raise Refused('AttributeError', '%s defines no %s' % (file, facts['name']))
        value = getattr(value, name)
    return value


def source_of(value):
    """The text of a function's or class's definition."""
    import inspect
    import textwrap
    try:
        text = _class_source(value) if isinstance(value, type) else None
        return textwrap.dedent(text or inspect.getsource(value)).rstrip('\n')
    except TypeError:
        raise Refused('TypeError', 'a value of type %s has no source: functions and classes have'
                      % type(value).__name__) from None
    except OSError:
        raise Refused('OSError', 'its source is not kept') from None


def _class_source(value):
    """Of a class without a file of its own: found by the place of one of its functions."""
    import ast
    for part in vars(value).values():
        code = getattr(getattr(part, '__func__', part), '__code__', None)
        lines = linecache.getlines(code.co_filename) if code is not None else []
        if not lines:
            continue
        for node in ast.walk(ast.parse(''.join(lines))):
            if (isinstance(node, ast.ClassDef) and node.name == value.__name__
                    and node.lineno <= code.co_firstlineno <= node.end_lineno):
                first = min([node.lineno] + [each.lineno for each in node.decorator_list])
                return ''.join(lines[first - 1:node.end_lineno])
    return None
