# SPDX-License-Identifier: BSD-3-Clause
# tools.py: what a terminal or notebook asks for: completion, help, is this complete, history.
import sys

from _ipkit import execute
from _ipkit.errors import Refused

MAX_MATCHES = 500


def kernel_info(kernel, request):
    version = '%d.%d.%d' % sys.version_info[:3]
    language = {'name': 'python', 'version': version, 'mimetype': 'text/x-python',
                'file_extension': '.py', 'pygments_lexer': 'python3',
                'codemirror_mode': {'name': 'python', 'version': 3}}
    return {'status': 'ok', 'protocol_version': '5.3', 'implementation': 'ipkit-python',
            'implementation_version': version, 'language_info': language, 'debugger': False,
            'banner': 'Python ' + sys.version, 'help_links': []}, ()


def _code_and_cursor(content):
    code = content.get('code')
    cursor = content.get('cursor_pos')
    if not isinstance(code, str):
        raise Refused('TypeError', 'code is a string')
    if type(cursor) is not int or not 0 <= cursor <= len(code):
        cursor = len(code)
    return code, cursor


def _dotted_before(code, end):
    start = end
    while start and (code[start - 1].isidentifier() or code[start - 1] in '._'
                     or code[start - 1].isdigit()):
        start -= 1
    return code[start:end]


def _find(namespace, dotted):
    """(found, value) of a dotted name, without evaluating anything but attributes."""
    import builtins
    first, *rest = dotted.split('.')
    if first in namespace:
        value = namespace[first]
    elif hasattr(builtins, first):
        value = getattr(builtins, first)
    else:
        return False, None
    for name in rest:
        try:
            value = getattr(value, name)
        except Exception:
            return False, None
    return True, value


def complete(kernel, request):
    import builtins
    import keyword
    code, cursor = _code_and_cursor(request.content)
    owner, dot, prefix = _dotted_before(code, cursor).rpartition('.')
    if dot:
        found, value = _find(kernel.namespace, owner)
        names = dir(value) if found else []
    else:
        names = set(kernel.namespace) | set(dir(builtins)) | set(keyword.kwlist)
    matches = sorted(name for name in names if isinstance(name, str) and name.startswith(prefix)
                     and (prefix.startswith('_') or not name.startswith('_')))
    return {'status': 'ok', 'matches': matches[:MAX_MATCHES], 'cursor_start': cursor - len(prefix),
            'cursor_end': cursor, 'metadata': {}}, ()


def inspect(kernel, request):
    code, cursor = _code_and_cursor(request.content)
    while cursor < len(code) and (code[cursor].isidentifier() or code[cursor].isdigit()):
        cursor += 1
    name = _dotted_before(code, cursor).strip('.')
    found, value = _find(kernel.namespace, name) if name else (False, None)
    data = {}
    if found:
        data['text/plain'] = _describe(name, value, request.content.get('detail_level') == 1)
    return {'status': 'ok', 'found': found, 'data': data, 'metadata': {}}, ()


def _describe(name, value, with_source):
    import inspect as library
    parts = []
    try:
        parts.append('Signature: %s%s' % (name, library.signature(value)))
    except (TypeError, ValueError):
        parts.append('Value:     %.200r' % (value,))
    parts.append('Type:      %s' % type(value).__name__)
    text = library.getdoc(value)
    if text:
        parts.append('Docstring:\n' + text)
    if with_source:
        try:
            parts.append('Source:\n' + library.getsource(value))
        except (TypeError, OSError):
            pass
    return '\n'.join(parts)


def is_complete(kernel, request):
    import codeop
    code = _code_and_cursor(request.content)[0]
    try:
        compiled = codeop.compile_command(code, '<ipexec>', 'exec')
    except (SyntaxError, ValueError, OverflowError):
        return {'status': 'invalid'}, ()
    lines = code.split('\n')
    if compiled is not None and not (lines[-1][:1] in ' \t' and lines[-1].strip()):
        return {'status': 'complete'}, ()
    last = lines[-1]
    indent = last[:len(last) - len(last.lstrip())]
    return {'status': 'incomplete', 'indent': indent + '    ' * last.rstrip().endswith(':')}, ()


def history(kernel, request):
    count = request.content.get('n')
    entries = execute.history[-count:] if type(count) is int and count > 0 else execute.history
    return {'status': 'ok', 'history': [[0, number, code] for number, code in entries]}, ()


def comm_info(kernel, request):
    return {'status': 'ok', 'comms': {}}, ()
