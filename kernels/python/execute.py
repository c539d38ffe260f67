# SPDX-License-Identifier: BSD-3-Clause
# execute.py: execute_request: code in the user's namespace.
import _signal
import builtins
import sys

from _ipkit import hooks, values
from _ipkit.errors import Refused, describe, keep_for_debugger, remember_source

ONLY_AST = 0x400  # ast.PyCF_ONLY_AST, without loading ast
TOP_LEVEL_AWAIT = 0x2000  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
COROUTINE = 0x80  # inspect.CO_COROUTINE
MAX_CACHED = 128
MAX_RESULTS = 1000
MAX_CACHED_SIZE = 1 << 16
_cache = {}
history = []  # (count, code), the newest 1000
_NOTHING = object()
_loop = None  # asyncio's, for await at the top level


def _compile(code, name, with_value):
    """(statements, last expression or None, python's text if the code was IPython's)."""
    key = (code, name, with_value)
    found = _cache.get(key)
    if found is not None:
        return found
    found = _compile_any(code, name, with_value)
    if len(code) <= MAX_CACHED_SIZE:
        if len(_cache) >= MAX_CACHED:
            del _cache[next(iter(_cache))]
        _cache[key] = found
    return found


def _compile_any(code, name, with_value):
    translated = _translate(code) if hooks.ipython_mode == '1' else None
    first = None
    try:
        return _compile_python(translated or code, name, with_value) + (translated,)
    except SyntaxError as error:
        first = error
    # It may be IPython's, or await outside of a function.
    translated = translated or _translate(code)
    try:
        return _compile_python(translated or code, name, with_value,
                               TOP_LEVEL_AWAIT) + (translated,)
    except SyntaxError as error:
        if translated is not None:
            first = error
    first.__context__ = None
    raise first


def _translate(code):
    from _ipkit import shell
    return shell.translate(code)


def _compile_python(code, name, with_value, flags=0):
    shown_as = remember_source(code, name)
    if not with_value:
        return compile(code, shown_as, 'exec', flags, dont_inherit=True), None
    expression = None
    tree = compile(code, shown_as, 'exec', ONLY_AST | flags, dont_inherit=True)
    if tree.body and type(tree.body[-1]).__name__ == 'Expr':
        import _ast
        last = _ast.Expression(tree.body.pop().value)
        expression = compile(last, shown_as, 'eval', flags, dont_inherit=True)
    statements = compile(tree, shown_as, 'exec', flags, dont_inherit=True) if tree.body else None
    return statements, expression


def _evaluate_code(code, namespace):
    """eval(), and where the code awaits, a loop that lives on with what was started in it."""
    if not code.co_flags & COROUTINE:
        return eval(code, namespace)
    global _loop
    import asyncio
    if _loop is None or _loop.is_closed():
        _loop = asyncio.new_event_loop()
        asyncio.set_event_loop(_loop)
    task = _loop.create_task(eval(code, namespace))
    with _Woken(_loop):
        try:
            return _loop.run_until_complete(task)
        except BaseException:
            if not task.done():  # interrupted: it hears of it as cancellation
                task.cancel()
                _loop.run_until_complete(asyncio.wait([task]))
            raise


class _Woken:
    """Signals wake the loop: one that comes just before it begins to wait would else be noticed
    when it has waited."""

    def __init__(self, loop):
        self._waker = getattr(loop, '_csock', None)  # asyncio's own loops have it

    def __enter__(self):
        if self._waker is not None:
            self._before = _signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)

    def __exit__(self, *exc):
        if self._waker is not None:
            _signal.set_wakeup_fd(self._before)


def execute(kernel, request):
    if _AROUND.isdisjoint(request.content):
        return _execute(kernel, request)
    from _ipkit import data
    content = request.content
    if content.get('clear_before'):
        data.clear(kernel, request)
    try:
        if content.get('push') is not None:
            data.push_with(kernel, request)
        reply, buffers = _execute(kernel, request)
        if content.get('pull') is not None:
            reply['pulled'], values_out = data.pull_with(kernel, content['pull'])
            buffers.extend(values_out)
        return reply, buffers
    finally:
        if content.get('clear_after'):
            data.clear(kernel, request)


_AROUND = frozenset(('push', 'pull', 'clear_before', 'clear_after'))


def _execute(kernel, request):
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
    statements, expression, translated = _compile(code, name, want_value or not silent)
    shell = _shell()
    if shell is None:
        value = _run(kernel, request, name, statements, expression, not silent)
        shell = _shell()
    else:
        with shell.Cell(kernel, code, translated, content):
            value = _run(kernel, request, name, statements, expression, not silent)
    reply = {'status': 'ok', 'execution_count': kernel.execution_count,
             'user_expressions': _evaluate(kernel, content.get('user_expressions')),
             'payload': shell.take_payload(content) if shell is not None else []}
    buffers = []
    if want_value and expression is not None:
        kind, data = values.encode_text(value)
        reply['value'] = {'type': kind}
        buffers.append(data)
    return reply, buffers


def _shell():
    """Our module of that name once IPython's shell has been made, else None."""
    module = sys.modules.get('_ipkit.shell')
    return module if module is not None and module.current is not None else None


def _run(kernel, request, name, statements, expression, show):
    namespace = kernel.namespace
    argv = request.content.get('argv')
    saved = None
    if name and name[0] == '<':  # of nothing that could be opened
        name = None
    if argv is not None or name:
        saved = sys.argv, namespace.get('__file__', _NOTHING)
        sys.argv = [str(word) for word in argv] if isinstance(argv, list) else ['']
        if name:
            namespace['__file__'] = name
    has_input = bool(request.content.get('stdin'))
    kernel.streams.may_ask = request.id if request.content.get('allow_stdin') is True else None
    if has_input:
        if not request.buffers:
            raise Refused('ValueError', 'stdin without a buffer')
        kernel.streams.open_input(request.buffers[0])
        request.buffers = ()
    try:
        value = None
        if statements is not None:
            _evaluate_code(statements, namespace)
        if expression is not None:
            value = _evaluate_code(expression, namespace)
            if show:
                _display(kernel, value, bool(request.content.get('store_history', True)))
        return value
    except BaseException as error:
        if kernel.streams.may_ask is not None:  # somebody is there who may want a debugger
            keep_for_debugger(error)
            if _shell() is not None:
                _shell().debug(error)
        raise
    finally:
        kernel.streams.may_ask = None
        if has_input:
            kernel.streams.close_input()
        if saved is not None:
            sys.argv = saved[0]
            if saved[1] is _NOTHING:
                namespace.pop('__file__', None)
            else:
                namespace['__file__'] = saved[1]


def _display(kernel, value, keep):
    """Show the last expression through sys.displayhook, ours unless the user set another."""
    if sys.displayhook is None:  # IPython's debugger leaves that where the hook was python's own
        sys.displayhook = sys.__displayhook__
    if sys.displayhook is not sys.__displayhook__:
        sys.displayhook(value)
    elif _shell() is not None:
        _shell().current.displayhook(value)
    elif value is not None:
        _keep_result(value, kernel.execution_count if keep else 0)
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


def _keep_result(value, number):
    """As in IPython `_` is the last result, `_7` and `Out[7]` that of the seventh input, for inputs
    that history keeps; beside the user's names, which they are not among."""
    builtins._ = value
    if not number:
        return
    if not hasattr(builtins, 'Out'):
        builtins.Out = {}
    builtins.Out[number] = value
    setattr(builtins, '_%d' % number, value)
    if len(builtins.Out) > MAX_RESULTS:
        oldest = next(iter(builtins.Out))
        del builtins.Out[oldest]
        delattr(builtins, '_%d' % oldest)


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
