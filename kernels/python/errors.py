# SPDX-License-Identifier: BSD-3-Clause
# errors.py: exceptions as the content of an error reply, without our own frames.
import linecache
import os
import re
import sys
from binascii import crc32
from types import TracebackType

HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
HIDDEN = '<ipapply>'  # code of a tool around a call of the user's
MAX_FRAMES = 100
MAX_SOURCES = 512
_INTERNAL_NAME = re.compile(r'<ipexec:[0-9a-f]{8}>')
_HEADING = 'Traceback (most recent call last)'
_sources = {}


class Refused(Exception):
    """A request that cannot be served: an error reply with ename and evalue, no traceback."""

    def __init__(self, ename, evalue, **more):
        super().__init__(evalue)
        self.ename = ename
        self.more = more


def remember_source(code, name=None):
    """Make the lines of code available to tracebacks; returns the file name to compile it under.

    Code without a file gets a name made of its text, the same on every engine: functions that
    live on then still show their own lines. What is shown of it is `<ipexec>`.
    """
    if not name:
        name = '<ipexec:%08x>' % crc32(code.encode('utf-8', 'surrogatepass'))
    if name not in _sources and len(_sources) >= MAX_SOURCES:
        oldest = next(iter(_sources))
        del _sources[oldest]
        linecache.cache.pop(oldest, None)
    _sources[name] = None
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    return name


def keep_for_debugger(error):
    """What pdb.pm() and IPython's %debug look for."""
    sys.last_type, sys.last_value = type(error), error
    sys.last_traceback = _user_part(error.__traceback__)


def shown(text):
    return _INTERNAL_NAME.sub('<ipexec>', text)


def _user_part(tb):
    """The traceback without our frames (ours also come last: the signal handler, print())."""
    kept = []
    while tb is not None:
        name = tb.tb_frame.f_code.co_filename
        if not name.startswith(HERE) and name != HIDDEN:
            kept.append(tb)
        tb = tb.tb_next
    result = None
    for tb in reversed(kept):
        result = TracebackType(result, tb.tb_frame, tb.tb_lasti, tb.tb_lineno)
    return result


def _strip(error, seen=None):
    """Take our frames off an exception and what it is chained to."""
    seen = seen if seen is not None else set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = _user_part(error.__traceback__)
        _strip(error.__cause__, seen)
        error = error.__context__


def _frames(error):
    frames = []
    tb = error.__traceback__
    while tb is not None:
        frame = tb.tb_frame
        name = frame.f_code.co_filename
        line = linecache.getline(name, tb.tb_lineno, frame.f_globals).strip()
        frames.append([shown(name), tb.tb_lineno, frame.f_code.co_name, line])
        tb = tb.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        text = (error.text or '').strip()
        frames.append([shown(str(error.filename)), error.lineno or 0, '<module>', text])
    return frames[-MAX_FRAMES:]


def _text_of(error):
    try:
        return str(error)
    except Exception as inner:
        return '<str() of the exception failed: %s>' % type(inner).__name__


def describe(error, lines=True):
    """The error content for an exception (without status and engine_info)."""
    content = _describe(error, lines)
    if getattr(error, 'ipkit_part', None):
        content['part'] = error.ipkit_part
    return content


def _describe(error, lines):
    if isinstance(error, Refused):
        content = {'ename': error.ename, 'evalue': str(error), 'traceback': []}
        content.update(error.more)
        return content
    evalue = _text_of(error)
    if isinstance(error, SyntaxError):
        evalue = shown(evalue)
    content = {'ename': type(error).__name__, 'evalue': evalue, 'traceback': []}
    if isinstance(error, SystemExit):
        content['exit_status'] = _exit_status(error)
    if lines:
        _strip(error)
        content['traceback'] = _format(error)
        content['frames'] = _frames(error)
    return content


def as_in_notebooks(content):
    """The traceback headed as IPython's are: what clients of ipyparallel show, and look for."""
    lines = content['traceback']
    if lines and lines[0] == _HEADING + ':':
        content['traceback'] = ['-' * 75, content['ename'].ljust(42) + _HEADING] + lines[1:]


def _exit_status(error):
    if error.code is None:
        return 0
    return error.code & 0xff if isinstance(error.code, int) else 1


def _format(error):
    import traceback
    try:
        pieces = traceback.format_exception(type(error), error, error.__traceback__)
    except Exception as inner:  # a __str__ or source that cannot be shown
        return ['%s (its traceback failed: %s)' % (type(error).__name__, type(inner).__name__)]
    return shown(''.join(pieces)).rstrip('\n').split('\n')


def warn(text):
    """One line to the engine's log of this kernel: nobody asked, so nobody is answered."""
    try:
        sys.stderr.write('ipkit-kernel-python: %s\n' % text)
    except Exception:
        pass
