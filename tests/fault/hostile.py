#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""hostile.py FILE...: throws garbage at every port and local socket of the connection files, by a
seed.

Kinds: random bytes; ZMTP broken at any place (zmtp_noise.py); well-formed ZeroMQ messages of random
frames; Jupyter messages with wrong signatures or broken JSON (signed with the right key), to the
controller and, by their names, to engines; and, until the end, connections left half open, beside
which the hub must answer. SEED and ROUNDS (of broken ZMTP at each address) are environment.
"""
import hashlib
import hmac
import json
import os
import random
import socket
import sys
import time

import zmq

import zmtp_noise

SEED = int(os.environ.get('SEED', '20261120'))
ROUNDS = int(os.environ.get('ROUNDS', '12'))
HALF_OPEN = 4  # connections to each address
KINDS = [b'registration_request', b'unregistration_request', b'result_request', b'apply_request',
         b'queue_request', b'db_request', b'wait_request', b'cancel_request', b'purge_request',
         b'resubmit_request', b'connection_request', b'load_request', b'history_request',
         b'execute_request', b'push_request', b'pull_request', b'map_request', b'clear_request',
         b'list_request', b'abort_request', b'interrupt_request', b'recall_request',
         b'execute_reply', b'apply_reply', b'cancel_reply', b'status', b'stream', b'input_reply']


class Target:
    """What a connection file names."""

    def __init__(self, path):
        with open(path) as file:
            self.info = json.load(file)
        names = ('registration', 'control', 'mux', 'task', 'iopub', 'notification', 'hb_ping',
                 'hb_pong')
        self.ports = [self.info[name] for name in names if name in self.info]
        broadcast = self.info['broadcast']
        self.ports += broadcast if isinstance(broadcast, list) else [broadcast]
        self.key = self.info['key'].encode()
        self.local = self.info.get('ipkit', {}).get('local', '')

    def addresses(self):
        for port in self.ports:
            yield socket.AF_INET, ('127.0.0.1', port)
            if self.local:
                yield socket.AF_UNIX, ('\0%s-%d' % (self.local, port)).encode()


def connect(family, address):
    peer = socket.socket(family)
    peer.settimeout(5)
    try:
        peer.connect(address)
    except OSError:
        if family == socket.AF_UNIX:
            return None  # not every port has one
        raise
    peer.settimeout(2)
    return peer


def throw(family, address, how):
    peer = connect(family, address)
    if peer is None:
        return
    with peer:
        try:
            how(peer)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(4096):
                pass
        except OSError:
            pass  # being thrown out is the right answer


def throw_bytes(rng, family, address, prefix=b''):
    throw(family, address,
          lambda peer: peer.sendall(prefix + rng.randbytes(rng.randrange(1, 5000))))


def random_json(rng):
    return rng.choice([
        b'', b'{', b'[]', b'null', b'{}', b'"x"', b'[' * 100000, b'{"a":' * 5000, rng.randbytes(50),
        b'{"msg_id":1,"msg_type":2}', b'{"msg_id":"","msg_type":""}',
        b'{"id":-1,"uuid":"%s","targets":[9],"msg_ids":{"x":1},"query":3}' % (b'u' * 300),
        b'{"names":{},"code":[],"types":7,"count":-1,"sep":null,"stage":[],"status":{}}',
        b'{"names":["a","a"],"types":["json"],"token":"x","index":-1,"length":1e99,"offset":-5}',
        b'{"count":18446744073709551615,"code":"x","sep":"","type":"json","msg_id":9}',
        b'{"targets":"x","after":7,"follow":{},"retries":-5,"timeout":"soon"}'])


def random_header(rng):
    return b'{"msg_id":"%d","msg_type":"%s","session":"x","metadata":[]}' % (
        rng.randrange(2**40), rng.choice(KINDS))


def sign(key, parts):
    return hmac.new(key, b''.join(parts), hashlib.sha256).hexdigest().encode()


def jupyter_message(rng, key, engines):
    parts = [random_header(rng) if rng.random() < 0.7 else random_json(rng)]
    parts += [random_json(rng) for _ in range(3)]
    digest = sign(key, parts)
    if rng.random() < 0.1:
        digest = rng.choice([b'', b'0' * 64, digest[:-1], rng.randbytes(64)])
    idents = [rng.randbytes(rng.randrange(1, 40)) for _ in range(rng.randrange(0, 3))]
    if engines and rng.random() < 0.6:
        idents = [rng.choice(engines)] + idents[:1] * rng.randrange(2)
    return idents + [b'<IDS|MSG>', digest] + parts[:rng.choice([4] * 9 + [3, 0])] + \
        [rng.randbytes(10)] * rng.randrange(0, 3)


def throw_messages(rng, context, port, key, engines):
    for kind in (zmq.DEALER, zmq.ROUTER, zmq.SUB, zmq.PUB):
        peer = context.socket(kind)
        peer.linger = 200
        peer.sndtimeo = 200
        peer.connect('tcp://127.0.0.1:%d' % port)
        if kind == zmq.SUB:
            peer.subscribe(rng.randbytes(3))
        elif kind != zmq.ROUTER:
            for _ in range(60):
                frames = jupyter_message(rng, key, engines) if rng.random() < 0.7 else \
                    [rng.randbytes(rng.randrange(0, 200)) for _ in range(rng.randrange(1, 9))]
                try:
                    peer.send_multipart(frames)
                except zmq.Again:
                    break  # thrown out: nowhere left to send to
        peer.close()


def ask_hub(context, target, limit=20):
    """Names of the engines, by the hub's own answer; whoever is not answered ends the run."""
    peer = context.socket(zmq.DEALER)
    peer.linger = 0
    peer.connect('tcp://127.0.0.1:%d' % target.info['registration'])
    header = {'msg_id': 'ask-%d' % time.monotonic_ns(), 'msg_type': 'connection_request',
              'session': 'hostile', 'username': 'x', 'date': '', 'version': '5.3'}
    parts = [json.dumps(header).encode()] + [b'{}'] * 3
    peer.send_multipart([b'<IDS|MSG>', sign(target.key, parts)] + parts)
    if not peer.poll(limit * 1000):
        sys.exit('hostile.py: seed %d: the hub does not answer' % SEED)
    frames = peer.recv_multipart()
    peer.close()
    answer = json.loads(frames[frames.index(b'<IDS|MSG>') + 5])
    return [uuid.encode() for uuid in answer['engines'].values()]


def main(paths):
    rng = random.Random(SEED)
    context = zmq.Context()
    targets = [Target(path) for path in paths]
    engines = ask_hub(context, targets[0])
    names = engines + [b'', b'x', b'task_in', b'\0' * 5]
    held, thrown = [], 0
    for target in targets:
        for family, address in target.addresses():
            for _ in range(HALF_OPEN):
                peer = connect(family, address)
                if peer is not None:
                    zmtp_noise.half_open(rng, peer)
                    held.append(peer)
            for _ in range(3):
                throw_bytes(rng, family, address)
                throw_bytes(rng, family, address, zmtp_noise.GREETING)
            for _ in range(ROUNDS):
                kind = rng.choice(zmtp_noise.KINDS)
                throw(family, address, lambda peer: kind(rng, peer, names))
        for port in target.ports:
            throw_messages(rng, context, port, target.key, engines)
            thrown += 1
        ask_hub(context, target)
    for peer in held:
        peer.close()
    context.term()
    print('seed %d: garbage thrown at %d ports, %d connections half open' %
          (SEED, thrown, len(held)))


main(sys.argv[1:])
