# SPDX-License-Identifier: BSD-3-Clause
"""crowd.py FILE NUMBER [silent]: connections to all ports of a connection file in turn, which stay
until standard input ends. They shake hands as ZeroMQ does and then say nothing, or say nothing at
all. Prints how many are held, and how many were refused.

crowd.py --cut PID: ends all connections of a process, as a network does that is cut.
"""
import ctypes
import errno
import json
import os
import socket
import sys

import zmtp_noise

SUBSCRIBERS = ('iopub', 'notification', 'hb_ping')
PIDFD_GETFD = 438


def ports(info):
    """(port, what connects there)."""
    broadcast = info['broadcast']
    found = [(info[name], b'SUB' if name in SUBSCRIBERS else b'DEALER')
             for name in ('registration', 'control', 'mux', 'task', *SUBSCRIBERS) if name in info]
    return found + [(port, b'DEALER')
                    for port in (broadcast if isinstance(broadcast, list) else [broadcast])]


def greeting(kind):
    ready = b'\x05READY\x0bSocket-Type' + len(kind).to_bytes(4, 'big') + kind
    return zmtp_noise.GREETING + bytes([zmtp_noise.COMMAND, len(ready)]) + ready


def gather(path, number, silent):
    with open(path) as file:
        targets = ports(json.load(file))
    held, refused = [], 0
    for index in range(number):
        port, kind = targets[index % len(targets)]
        peer = socket.create_connection(('127.0.0.1', port), timeout=20)
        try:
            if not silent:
                peer.sendall(greeting(kind))
            if not peer.recv(10):
                raise ConnectionResetError
            held.append(peer)
        except ConnectionError:
            refused += 1
    print(len(held), refused, flush=True)
    sys.stdin.read()


def cut(pid):
    libc, handle = ctypes.CDLL(None), os.pidfd_open(pid)
    for name in os.listdir(f'/proc/{pid}/fd'):
        if os.readlink(f'/proc/{pid}/fd/{name}').startswith('socket:'):
            with socket.socket(fileno=libc.syscall(PIDFD_GETFD, handle, int(name), 0)) as taken:
                try:
                    # Pairs without names are no connections: those to its kernels.
                    if taken.getpeername() or taken.getsockname():
                        taken.shutdown(socket.SHUT_RDWR)
                except OSError as why:
                    if why.errno not in (errno.ENOTCONN, errno.EINVAL):
                        raise


if sys.argv[1] == '--cut':
    cut(int(sys.argv[2]))
else:
    gather(sys.argv[1], int(sys.argv[2]), 'silent' in sys.argv)
