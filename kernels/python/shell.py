# SPDX-License-Identifier: BSD-3-Clause
# shell.py: IPython's shell over the user's namespace, made when something asks for it.
import re
import sys

from _ipkit.hooks import ipython_mode

current = None   # the shell, once it is made
_kernel = None
_making = False

# A line that python cannot have: %magic, !command, ?name, name?, x = %magic, x = !command.
_SYNTAX = re.compile(r'^\s*(?:[%!?]|.*\?\s*$|[\w.,*()\[\] \t]+=\s*[%!])', re.MULTILINE)

_OWN_NAMES = re.compile(r'_{1,3}|_i{0,3}|_i?[0-9]+|_exit_code')


def prepare(module, kernel):
    """IPython has just been loaded: from here on its shell is ours, made at the first question."""
    global _kernel
    _kernel = kernel
    cls = module.InteractiveShell
    cls.initialized = classmethod(lambda cls: _make() is not None)
    cls.instance = classmethod(lambda cls, *args, **kwargs: _make())


def get():
    """The shell; None if this python has no IPython or is not to use it."""
    if current is None and ipython_mode != '0':
        try:
            import IPython.core.interactiveshell  # noqa: F401
        except ImportError:
            return None
        _make()
    return current


def translate(code):
    """Code in IPython's syntax as python; None if it is none, or there is no IPython."""
    if ipython_mode == '1' or _SYNTAX.search(code):
        shell = get()
        if shell is not None:
            translated = shell.transform_cell(code)
            return None if translated.rstrip('\n') == code.rstrip('\n') else translated
    return None


def _make():
    global current, _making
    if current is None and not _making:
        _making = True
        try:
            current = _create()
        finally:
            _making = False
    return current


def _create():
    from _ipkit import frontend
    namespace = _kernel.namespace
    own = dict(namespace)
    shell = frontend.create(_kernel, sys.modules['__main__'])
    for name in set(namespace) - set(own):
        _kernel.initial[name] = namespace[name]
    namespace.update(own)  # what the user has named In or Out stays
    return shell


def is_own(name):
    """Names that IPython's shell binds as it goes: _, _3, _i, _i3, _exit_code."""
    return current is not None and _OWN_NAMES.fullmatch(name) is not None


class Cell:
    """What surrounds the run of an execute_request while there is a shell."""

    def __init__(self, kernel, code, translated, content):
        self._kernel = kernel
        self._silent = bool(content.get('silent', False))
        from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult
        try:
            info = ExecutionInfo(code, not self._silent, self._silent, False, None)
        except TypeError:  # before IPython 8.3
            info = ExecutionInfo(code, not self._silent, self._silent, False)
        self._info = info
        self._result = ExecutionResult(info)
        if not self._silent:
            current.execution_count = max(kernel.execution_count, 1)
            if content.get('store_history', True):
                current.history_manager.store_inputs(current.execution_count,
                                                     translated or code, code)

    def __enter__(self):
        current.payload_manager.clear_payload()  # of a cell that failed
        current.events.trigger('pre_execute')
        if not self._silent:
            current.events.trigger('pre_run_cell', self._info)

    def __exit__(self, kind, error, traceback):
        self._result.error_in_exec = error
        current.events.trigger('post_execute')
        if not self._silent:
            current.events.trigger('post_run_cell', self._result)


def debug(error):
    """The debugger at an error, after `%pdb on`."""
    if current.call_pdb and isinstance(error, Exception) and not isinstance(error, SyntaxError):
        current.debugger()


def take_payload(content):
    """What `name?` shows: as payload for a notebook, printed for a terminal."""
    if current is None:
        return []
    payload = current.payload_manager.read_payload()
    current.payload_manager.clear_payload()
    if 'value' not in content:
        return payload
    for item in payload:
        if item.get('source') == 'page':
            print(item['data'].get('text/plain', ''))
    return []
