# SPDX-License-Identifier: BSD-3-Clause
# files.py: a file of the client's whose names the expressions of a map see.
import sys

from _ipkit.errors import Refused, remember_source

MAX_FILES = 4
_files = {}  # id -> the module that it became, oldest first


class _Names(dict):
    """What a module defines, then what the engine has."""

    def __init__(self, module, namespace):
        super().__init__()
        self._module = module.__dict__
        self._namespace = namespace

    def __missing__(self, name):
        found = self._module if name in self._module else self._namespace
        return found[name]


def names_of(kernel, file):
    """What expressions see where a request has this `file` (or none)."""
    return kernel.namespace if file is None else _Names(_module_of(file), kernel.namespace)


def function_of(file):
    """The function that a request names in its file; None if it names none."""
    name = file.get('name') if file is not None else None
    if name is None:
        return None
    value = _module_of(file)
    for part in name.split('.'):
        if not hasattr(value, part):
            raise Refused('BadFile', '%s defines no %s' % (file['path'], name))
        value = getattr(value, part)
    if not callable(value):
        raise Refused('BadFile', '%s: %s is no function' % (file['path'], name))
    return value


def _module_of(file):
    found = _files.get(file['id'])
    if found is None:
        if 'text' not in file:
            raise Refused('NoSuchFile', 'the text of %s is not here' % file['path'])
        while len(_files) >= MAX_FILES:
            sys.modules.pop(_files.pop(next(iter(_files))).__name__, None)
        found = _files[file['id']] = _load(file)
    return found


def _load(file):
    """Runs it as a module, known by a name of its own, so that its classes can be pickled."""
    path, text = file['path'], file['text']
    stem = path.rpartition('/')[2].partition('.')[0]
    module = type(sys)('%s_%s' % (stem, file['id']))
    module.__file__ = path
    try:
        code = compile(text, remember_source(text, path), 'exec', dont_inherit=True)
    except SyntaxError as error:
        raise Refused('BadFile', '%s:%d: %s' % (path, error.lineno or 0, error.msg)) from None
    sys.modules[module.__name__] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module
