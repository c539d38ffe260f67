# SPDX-License-Identifier: BSD-3-Clause
# execute.py: execute_request: code in the user's namespace.
import builtins
import sys

from _ipkit import values
from _ipkit.errors import Refused, describe, remember_source

ONLY_AST = 0x400  # ast.PyCF_ONLY_AST, without loading ast
MAX_CACHED = 128
MAX_CACHED_SIZE = 1 << 16
_cache = {}
history = []  # (count, code), the newest 1000
_NOTHING = object()


def _compile(code, name, with_value):
    """(statements, last expression or None) of the code, compiled."""
    key = (code, name, with_value)
    found = _cache.get(key)
    if found is not None:
        return found
    shown_as = remember_source(code, name)
    expression = None
    if with_value:
        tree = compile(code, shown_as, 'exec', ONLY_AST, dont_inherit=True)
        if tree.body and type(tree.body[-1]).__name__ == 'Expr':
            import _ast
            last = _ast.Expression(tree.body.pop().value)
            expression = compile(last, shown_as, 'eval', dont_inherit=True)
        statements = compile(tree, shown_as, 'exec', dont_inherit=True) if tree.body else None
    else:
        statements = compile(code, shown_as, 'exec', dont_inherit=True)
    if len(code) <= MAX_CACHED_SIZE:
        if len(_cache) >= MAX_CACHED:
            del _cache[next(iter(_cache))]
        _cache[key] = statements, expression
    return statements, expression


def execute(kernel, request):
    content = request.content
    code = content.get('code', '')
    name = content.get('file')
    if not isinstance(code, str) or not isinstance(name, (str, type(None))):
        raise Refused('TypeError', 'execute_request: code and file are strings')
    silent = bool(content.get('silent', False))
    want_value = bool(content.get('value', False))
    if not silent:
        if content.get('store_history', True):
            kernel.execution_count += 1
            history.append((kernel.execution_count, code))
            del history[:-1000]
        kernel.publish('execute_input', {'code': code, 'execution_count': kernel.execution_count})
    statements, expression = _compile(code, name, want_value or not silent)
    value = _run(kernel, request, name, statements, expression, not silent)
    reply = {'status': 'ok', 'execution_count': kernel.execution_count,
             'user_expressions': _evaluate(kernel, content.get('user_expressions')), 'payload': []}
    buffers = []
    if want_value and expression is not None:
        kind, data = values.encode_text(value)
        reply['value'] = {'type': kind}
        buffers.append(data)
    return reply, buffers


def _run(kernel, request, name, statements, expression, show):
    namespace = kernel.namespace
    argv = request.content.get('argv')
    saved = None
    if argv is not None or name:
        saved = sys.argv, namespace.get('__file__', _NOTHING)
        sys.argv = [str(word) for word in argv] if isinstance(argv, list) else ['']
        if name:
            namespace['__file__'] = name
    has_input = bool(request.content.get('stdin'))
    if has_input:
        if not request.buffers:
            raise Refused('ValueError', 'stdin without a buffer')
        kernel.streams.open_input(request.buffers[0])
        request.buffers = ()
    try:
        value = None
        if statements is not None:
            exec(statements, namespace)
        if expression is not None:
            value = eval(expression, namespace)
            if show:
                _display(kernel, value)
        return value
    finally:
        if has_input:
            kernel.streams.close_input()
        if saved is not None:
            sys.argv = saved[0]
            if saved[1] is _NOTHING:
                namespace.pop('__file__', None)
            else:
                namespace['__file__'] = saved[1]


def _display(kernel, value):
    """Show the last expression through sys.displayhook, ours unless the user set another."""
    if sys.displayhook is not sys.__displayhook__:
        sys.displayhook(value)
    elif value is not None:
        builtins._ = value
        data = {'text/plain': repr(value)}
        for name, mime in _RICH:
            try:
                rich = getattr(value, name, None)
                text = rich() if callable(rich) and not isinstance(value, type) else None
                if isinstance(text, str):
                    data[mime] = text
            except Exception:
                continue
        kernel.streams.flush()
        kernel.publish('execute_result', {'data': data, 'metadata': {},
                                          'execution_count': kernel.execution_count})


_RICH = (('_repr_html_', 'text/html'), ('_repr_markdown_', 'text/markdown'),
         ('_repr_svg_', 'image/svg+xml'), ('_repr_latex_', 'text/latex'))


def _evaluate(kernel, expressions):
    results = {}
    for key, text in (expressions.items() if isinstance(expressions, dict) else ()):
        try:
            name = remember_source(text)
            value = eval(compile(text, name, 'eval', dont_inherit=True), kernel.namespace)
            results[key] = {'status': 'ok', 'data': {'text/plain': repr(value)}, 'metadata': {}}
        except Exception as error:
            results[key] = dict(describe(error), status='error')
    return results
