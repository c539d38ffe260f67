# SPDX-License-Identifier: BSD-3-Clause
# values.py: values to bytes and back: text, JSON, repr, bytes, npy, lists of lines.
import json
import math
import re

from _ipkit import memory
from _ipkit.errors import Refused

SEPARATORS = {'lines': '\n', 'nul': '\0'}
NUMBER = re.compile(r'-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?')
BYTES_TYPES = (bytes, bytearray, memoryview)
_NUMBER_BYTES = b'0123456789+-.eE'
_STRUCTURE = re.compile(rb'[\[\]{}" ,]')
_NPY_HEAD = 1 << 16  # longer headers are left to NumPy
_PLAIN = {str, int, float, bool, type(None)}


def _reject(word):
    raise ValueError('%s is not JSON' % word)


_decoder = json.JSONDecoder(parse_constant=_reject)


# -- text and JSON

def to_text(data):
    """Bytes as text; what is not UTF-8 survives as lone surrogates."""
    return str(data, 'utf-8', 'surrogateescape')


def from_text(text):
    """Text as bytes, the reverse of to_text; other lone surrogates as well as they can be."""
    try:
        return text.encode('utf-8', 'surrogateescape')
    except UnicodeEncodeError:
        return text.encode('utf-8', 'surrogatepass')


def parse_json(text):
    try:
        value, end = _decoder.scan_once(text, 0)
        if end == len(text):
            return value
    except StopIteration:
        pass
    return _decoder.decode(text)  # blanks around it, or an error to describe


def _foreign(value):
    """JSON form of NumPy's numbers and arrays."""
    if type(value).__module__.partition('.')[0] == 'numpy' and hasattr(value, 'tolist'):
        plain = value.tolist()
        if type(plain) is not type(value):
            return plain
    raise TypeError('%s has no JSON form' % type(value).__name__)


_readable = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_foreign).encode
_escaped = json.JSONEncoder(allow_nan=False, default=_foreign).encode


def json_bytes(value):
    """One line of JSON; ValueError or TypeError if there is none."""
    try:
        return _readable(value).encode()
    except UnicodeEncodeError:
        return _escaped(value).encode()


def dump(content):
    """Content of a message: always possible."""
    try:
        return json_bytes(content)
    except (TypeError, ValueError):
        return json.dumps(content, default=repr).encode()


def encode_text(value):
    """(type, bytes) of a value for people: text, bytes, json or repr."""
    if isinstance(value, str):
        return 'text', from_text(value)
    if isinstance(value, BYTES_TYPES):
        return 'bytes', bytes(value) if isinstance(value, memoryview) else value
    try:
        return 'json', json_bytes(value)
    except (TypeError, ValueError, RecursionError):
        return 'repr', from_text(repr(value))


def encode_json(value):
    """(type, bytes) of a value as JSON: json, or its repr as a string."""
    try:
        return 'json', json_bytes(value)
    except (TypeError, ValueError, RecursionError):
        return 'repr', json_bytes(repr(value))


def encode_base64(value):
    from binascii import b2a_base64
    return b2a_base64(value, newline=False)


def encode_npy(value):
    numpy = need_numpy()
    import io
    array = numpy.asarray(value)
    if array.dtype.hasobject:
        raise Refused('TypeError', 'an array of python objects has no npy form')
    head = io.BytesIO()
    facts = numpy.lib.format.header_data_from_array_1_0(array)
    try:
        numpy.lib.format.write_array_header_1_0(head, facts)
    except ValueError:  # a long list of fields
        numpy.lib.format.write_array_header_2_0(head, facts)
    begin = head.tell()
    out = memoryview(memory.room(begin + array.nbytes))
    out[:begin] = head.getbuffer()
    if array.nbytes:
        order = 'F' if facts['fortran_order'] else 'C'
        numpy.ndarray(array.shape, array.dtype, out, begin, order=order)[...] = array
    return 'npy', out


def need_numpy():
    try:
        import numpy
        import numpy.lib.format
    except ImportError:
        raise Refused('ImportError', 'npy needs NumPy, which this engine does not have') from None
    return numpy


# -- pushed values

def decode(kind, data, namespace):
    """The value of a pushed buffer."""
    decoder = _DECODERS.get(kind) if isinstance(kind, str) else None
    if decoder is None:
        raise Refused('ValueError', 'unknown type of value: %r' % (kind,))
    return decoder(data, namespace)


def _decode_npy(data, _):
    numpy = need_numpy()
    import io
    readers = {(1, 0): numpy.lib.format.read_array_header_1_0,
               (2, 0): numpy.lib.format.read_array_header_2_0}
    head = io.BytesIO(data[:_NPY_HEAD])
    try:
        shape, fortran, dtype = readers[numpy.lib.format.read_magic(head)](head)
    except (KeyError, ValueError):
        shape, dtype = (), None
    view = memoryview(data)
    if dtype is None or dtype.hasobject or view.readonly or view.nbytes < memory.LARGE:
        return numpy.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    # The memory is the value's alone: no copy.
    if head.tell() + dtype.itemsize * math.prod(shape) > view.nbytes:
        raise ValueError('the array data are cut short')
    return numpy.ndarray(shape, dtype, view, head.tell(), order='F' if fortran else 'C')


def _decode_ref(data, namespace):
    return eval(compile(to_text(data).strip(), '<ref>', 'eval'), namespace)


def _decode_code(data, namespace):
    from _ipkit import sources
    return sources.decode_code(data, namespace)


def split(data, sep):
    """The items of a run of bytes, each ended by sep (the last one may lack it); all of it is one
    if sep is empty."""
    if not sep:
        return [to_text(data)]
    if not len(data):
        return []
    items = to_text(data).split(sep)
    if not items[-1]:
        items.pop()
    return items


_DECODERS = {
    'json': lambda data, _: parse_json(str(data, 'utf-8')),
    'text': lambda data, _: to_text(data),
    'bytes': lambda data, _: bytes(data),
    'lines': lambda data, _: split(data, '\n'),
    'nul': lambda data, _: split(data, '\0'),
    'npy': _decode_npy,
    'ref': _decode_ref,
    'code': _decode_code,
}


# -- many values at once

def numbers_at_once(data, sep):
    """All items as numbers if every one is written as a JSON number, else None."""
    if data.translate(None, _NUMBER_BYTES + sep):
        return None
    return _one_array(data, sep)


def json_at_once(data, sep):
    """All items decoded as JSON if none can run into its neighbour, else None."""
    return None if _STRUCTURE.search(data) else _one_array(data, sep)


def _one_array(data, sep):
    try:
        return parse_json('[%s]' % str(data[:-1].replace(sep, b','), 'utf-8'))
    except ValueError:
        return None


def number_or_text(text):
    if NUMBER.fullmatch(text) is None:
        return text
    return int(text) if text.lstrip('-').isdigit() else float(text)


def join_at_once(values, sep, as_json):
    """The values' bytes, each ended by sep, if that is simple and unambiguous, else None."""
    kinds = set(map(type, values))
    if not kinds <= _PLAIN:
        return None
    if kinds == {str} and not as_json:
        text = sep.join(values)
        if text.count(sep) != len(values) - 1:
            return None
        return from_text(text) + sep.encode()
    if str in kinds or kinds - {int, float}:
        return None
    text = repr(values)
    if 'n' in text:  # nan and inf have no JSON form
        return None
    return text[1:-1].replace(', ', sep).encode() + sep.encode()


def encode_many(values, as_json):
    """Each value's bytes: strings as they are, bytes raw, else JSON or repr; as_json: JSON."""
    if not as_json:
        return [encode_text(value)[1] for value in values]
    return [json_bytes(from_bytes(value)) if isinstance(value, BYTES_TYPES)
            else encode_json(value)[1] for value in values]


def from_bytes(value):
    return encode_base64(value).decode()
