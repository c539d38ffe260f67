# SPDX-License-Identifier: BSD-3-Clause
# codeutil.py: code objects in pickles, as the arguments of their constructor.
import copyreg
import sys
from pickle import dumps, loads
from types import CodeType

_FIELDS = ['argcount', 'posonlyargcount', 'kwonlyargcount', 'nlocals', 'stacksize', 'flags', 'code',
           'consts', 'names', 'varnames', 'filename', 'name']
if sys.version_info >= (3, 11):
    _FIELDS += ['qualname', 'firstlineno', 'linetable', 'exceptiontable']
else:
    _FIELDS += ['firstlineno', 'linetable' if sys.version_info >= (3, 10) else 'lnotab']
_FIELDS = tuple('co_' + name for name in _FIELDS + ['freevars', 'cellvars'])


class ForeignCode:
    """Code compiled by another version of python: it can be held, but not run."""


def code_ctor(*fields):
    return CodeType(*fields) if len(fields) == len(_FIELDS) else ForeignCode()


def reduce_code(code):
    """A call of ipyparallel's code_ctor, without that having to be loaded here."""
    fields = dumps(tuple([getattr(code, name) for name in _FIELDS]), 3)[2:-1]
    return loads, (b'\x80\x03cipyparallel.serialize.codeutil\ncode_ctor\n' + fields + b'R.',)


copyreg.pickle(CodeType, reduce_code)
