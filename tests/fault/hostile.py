#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hostile.py FILE...: throws garbage at every port of the connection files, seeded.

Four kinds: random bytes, a ZMTP greeting and then random bytes, well-formed ZeroMQ messages of
random frames, and Jupyter messages with wrong signatures or broken JSON (signed with the right
key).
"""
import hashlib
import hmac
import json
import os
import random
import socket
import sys

import zmq

SEED = int(os.environ.get('SEED', '20261120'))
GREETING = b'\xff' + bytes(8) + b'\x7f' + b'\x03\x00' + b'NULL'.ljust(20, b'\0') + b'\0' + bytes(31)


def ports_of(path):
    with open(path) as file:
        info = json.load(file)
    names = ('registration', 'control', 'mux', 'task', 'iopub', 'notification', 'hb_ping',
             'hb_pong')
    ports = [info[name] for name in names if name in info]
    broadcast = info['broadcast']
    return ports + (broadcast if isinstance(broadcast, list) else [broadcast]), info['key'].encode()


def throw_bytes(rng, port, prefix=b''):
    with socket.create_connection(('127.0.0.1', port), timeout=5) as peer:
        peer.settimeout(2)
        try:
            peer.sendall(prefix + rng.randbytes(rng.randrange(1, 5000)))
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(4096):
                pass
        except OSError:
            pass  # being thrown out is the right answer


def random_json(rng):
    return rng.choice([
        b'', b'{', b'[]', b'null', b'{}', b'"x"', b'[' * 100000, b'{"a":' * 5000, rng.randbytes(50),
        b'{"msg_id":1,"msg_type":2}', b'{"msg_id":"","msg_type":""}',
        b'{"msg_id":"%d","msg_type":"%s"}' % (rng.randrange(9), rng.choice([
            b'registration_request', b'unregistration_request', b'result_request', b'apply_request',
            b'queue_request', b'db_request', b'wait_request', b'cancel_request', b'purge_request',
            b'resubmit_request', b'connection_request', b'execute_reply', b'status'])),
        b'{"id":-1,"uuid":"%s","targets":[9],"msg_ids":{"x":1},"query":3}' % (b'u' * 300),
        b'{"targets":"x","after":7,"follow":{},"retries":-5,"timeout":"soon"}'])


def jupyter_message(rng, key):
    parts = [random_json(rng) for _ in range(4)]
    digest = hmac.new(key, b''.join(parts), hashlib.sha256).hexdigest().encode()
    if rng.random() < 0.3:
        digest = rng.choice([b'', b'0' * 64, digest[:-1], rng.randbytes(64)])
    idents = [rng.randbytes(rng.randrange(1, 40)) for _ in range(rng.randrange(0, 3))]
    return idents + [b'<IDS|MSG>', digest] + parts[:rng.choice([4, 4, 4, 3, 0])] + \
        [rng.randbytes(10)] * rng.randrange(0, 3)


def throw_messages(rng, context, port, key):
    for kind in (zmq.DEALER, zmq.ROUTER, zmq.SUB, zmq.PUB):
        peer = context.socket(kind)
        peer.linger = 200
        peer.sndtimeo = 200
        peer.connect('tcp://127.0.0.1:%d' % port)
        if kind == zmq.SUB:
            peer.subscribe(rng.randbytes(3))
        elif kind != zmq.ROUTER:
            for _ in range(60):
                frames = jupyter_message(rng, key) if rng.random() < 0.7 else \
                    [rng.randbytes(rng.randrange(0, 200)) for _ in range(rng.randrange(1, 9))]
                try:
                    peer.send_multipart(frames)
                except zmq.Again:
                    break  # thrown out: nowhere left to send to
        peer.close()


def main(paths):
    rng = random.Random(SEED)
    context = zmq.Context()
    thrown = 0
    for path in paths:
        ports, key = ports_of(path)
        for port in ports:
            for _ in range(5):
                throw_bytes(rng, port)
                throw_bytes(rng, port, GREETING)
            throw_messages(rng, context, port, key)
            thrown += 1
    context.term()
    print('seed %d: garbage thrown at %d ports' % (SEED, thrown))


main(sys.argv[1:])
