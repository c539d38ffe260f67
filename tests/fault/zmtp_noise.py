# SPDX-License-Identifier: BSD-3-Clause
"""Bytes that break ZMTP 3 at every place, for hostile.py: each function throws one kind at a peer,
a connected socket, and leaves the rest of the conversation to chance (rng).
"""
import struct

GREETING = b'\xff' + bytes(8) + b'\x7f\x03\x00' + b'NULL'.ljust(20, b'\0') + bytes(32)
MORE, LONG, COMMAND = 1, 2, 4
HUGE = (2**31 - 1, 2**31, 2**32, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)


def frame(body, flags=0, claimed=None):
    """A frame whose header says `claimed` bytes, or the truth."""
    size = len(body) if claimed is None else claimed
    if size > 255 or flags & LONG:
        return bytes([flags | LONG]) + struct.pack('>Q', size) + body
    return bytes([flags, size]) + body


def field(name, value, claimed=None):
    size = len(value) if claimed is None else claimed
    return bytes([len(name)]) + name + struct.pack('>I', size) + value


def ready(kind, identity=b''):
    return frame(b'\x05READY' + field(b'Socket-Type', kind) + field(b'Identity', identity), COMMAND)


def socket_type(rng):
    return rng.choice([b'DEALER', b'ROUTER', b'SUB', b'XSUB', b'PUB', b'REQ', b'PAIR', b'',
                       b'x' * 200])


def strange_greeting(rng, peer, _):
    """Versions, mechanisms and lengths of a greeting that nobody has."""
    text = bytearray(GREETING)
    for _ in range(rng.randrange(1, 4)):
        text[rng.randrange(10, 64)] = rng.randrange(256)
    name = rng.choice([b'NULL', b'PLAIN', b'CURVE', b'GSSAPI', b'\xff' * 20])
    text[12:32] = name.ljust(20, b'\0')
    if rng.random() < 0.3:
        text = bytearray(rng.choice([b'\xff' + bytes(7) + b'\x01\x7f\x01\x01', b'\x01\x00',
                                     b'\xff' * 10, b'\x05\x00hello', b'GET / HTTP/1.1\r\n\r\n']))
    peer.sendall(bytes(text[:rng.randrange(1, len(text) + 1)]))


def strange_ready(rng, peer, names):
    """A handshake whose command lies about its parts, or takes an engine's name."""
    body = rng.choice([
        b'\x05READY' + field(b'Socket-Type', b'DEALER', rng.choice([2**31, 2**32 - 1, 7])),
        b'\x05READY' + b'\xff' * rng.randrange(300), b'\x05ERROR\xff', b'\xffREADY', b'',
        b'\x05READY' + field(b'Socket-Type', socket_type(rng)) * rng.randrange(1, 20),
        b'\x05READY' + field(b'Socket-Type', b'DEALER') + field(b'Identity', rng.randbytes(300))])
    peer.sendall(GREETING + frame(body, COMMAND) + ready(b'DEALER', rng.choice(names)) +
                 frame(rng.randbytes(20)))


def huge_frame(rng, peer, _):
    """Says that more will come than there is in the world."""
    flags = rng.choice([0, MORE, COMMAND, COMMAND | MORE])
    some = rng.randbytes(rng.randrange(100))
    peer.sendall(GREETING + ready(b'DEALER') + frame(some, flags | LONG, rng.choice(HUGE)))


def cut_frame(rng, peer, names):
    """A message that ends within a frame, or within its header."""
    whole = b''.join(frame(rng.randbytes(rng.choice([0, 1, 255, 256, 9000])), MORE)
                     for _ in range(rng.randrange(1, 9)))
    peer.sendall(GREETING + ready(socket_type(rng), rng.choice(names)) +
                 whole[:rng.randrange(len(whole) + 1)])


def strange_commands(rng, peer, _):
    """Pings, subscriptions and commands of no meaning, between frames of a message too."""
    text = GREETING + ready(rng.choice([b'SUB', b'DEALER', b'XSUB']))
    for _ in range(rng.randrange(1, 40)):
        text += frame(rng.choice([
            b'\x04PING' + rng.randbytes(rng.randrange(0, 40)), b'\x04PONG' + rng.randbytes(20),
            b'\x09SUBSCRIBE' + rng.randbytes(3), b'\x06CANCEL', b'\x00', b'\xff',
            rng.randbytes(9)]),
                      rng.choice([COMMAND, COMMAND, COMMAND | MORE, 0, MORE, 0xf8]))
    peer.sendall(text)


def many_frames(rng, peer, _):
    """More frames than a message may have, all of nothing."""
    peer.sendall(GREETING + ready(b'DEALER') + frame(b'', MORE) * rng.choice([100, 70000]) +
                 frame(b''))


KINDS = (strange_greeting, strange_ready, huge_frame, cut_frame, strange_commands, many_frames)


def half_open(rng, peer):
    """Begins a conversation that the caller leaves open."""
    text = GREETING + ready(b'DEALER') + frame(b'x' * 100, LONG, 10**9)
    peer.sendall(text[:rng.choice([0, 1, 10, 40, 64, 70, len(text)])])
