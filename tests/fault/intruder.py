#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""intruder.py WHAT FILE [ARG]…: one who has heard or guessed something, at a controller's sockets.

  key FILE KEY        asks the hub, signing with KEY: prints the reply's type, or "silence"
  flood FILE N        N requests with wrong signatures, then a right one by the same connection and
                      one by a new one: prints what came of the two
  replay FILE CODE    sends CODE over every channel that runs it, then the same bytes once more
  again FILE CODE     the same with names: who has asked asks again, then somebody else does
  name FILE ENGINE    connects to the task port of FILE as engine ENGINE: prints "there"
"""
import hashlib
import hmac
import json
import sys
import uuid

import zmq

PATIENCE = 2000  # milliseconds of silence that count as no answer
LIMIT = 20000    # milliseconds for what must come


class Controller:
    def __init__(self, path):
        with open(path) as file:
            self.file = json.load(file)
        self.key = self.file['key']
        self.context = zmq.Context()

    def socket(self, channel, name=None):
        port = self.file[channel]
        port = port[0] if isinstance(port, list) else port
        socket = self.context.socket(zmq.DEALER)
        socket.linger = 0
        if name:
            socket.identity = name
        socket.connect('%s:%d' % (self.file['interface'], port))
        return socket

    def message(self, kind, content=None, metadata=None, key=None):
        header = {'msg_id': '%s_1_0' % uuid.uuid4(), 'msg_type': kind, 'username': 'x',
                  'session': str(uuid.uuid4()), 'date': '2026-01-01T00:00:00Z', 'version': '5.3'}
        metadata = dict(metadata or {})
        if 'original_msg_id' in metadata:
            metadata['original_msg_id'] = header['msg_id']
        parts = [json.dumps(p).encode() for p in (header, {}, metadata, content or {})]
        key = self.key if key is None else key
        digest = hmac.new(key.encode(), b''.join(parts), hashlib.sha256).hexdigest()
        return [b'<IDS|MSG>', digest.encode() if key else b''] + parts

    def ask(self, socket, message, patience=LIMIT):
        """The type of the next reply, or "silence"."""
        socket.send_multipart(message)
        while socket.poll(patience):
            frames = socket.recv_multipart()
            kind = json.loads(frames[frames.index(b'<IDS|MSG>') + 2])['msg_type']
            if kind.endswith('_reply') or kind == 'hub_error':
                return kind
        return 'silence'


def by_key(path, key):
    controller = Controller(path)
    print(controller.ask(controller.socket('registration'),
                         controller.message('connection_request', key=key), PATIENCE))


def flood(path, count):
    controller = Controller(path)
    first, other = controller.socket('registration'), controller.socket('registration')
    for _ in range(int(count)):
        first.send_multipart(controller.message('connection_request', key='guessed'))
    print('the same:', controller.ask(first, controller.message('connection_request'), PATIENCE))
    print('another:', controller.ask(other, controller.message('connection_request')))


def replay(path, code):
    controller = Controller(path)
    hub = controller.socket('registration')
    question = controller.message('connection_request')
    print('hub:', controller.ask(hub, question), controller.ask(hub, question, PATIENCE),
          controller.ask(hub, controller.message('connection_request')))
    hub.send_multipart(controller.message('connection_request'))
    frames = hub.recv_multipart()
    engine = json.loads(frames[frames.index(b'<IDS|MSG>') + 5])['engines']['0']

    def run(channel, metadata, to):
        def request(code):
            content = {'code': code, 'silent': False, 'user_expressions': {}}
            return to + controller.message('execute_request', content, metadata)
        socket = controller.socket(channel)
        heard = request(code)
        first = controller.ask(socket, heard)
        # By another connection, as somebody else would; then one more to see that both are done.
        controller.socket(channel).send_multipart(heard)
        socket.send_multipart(heard)
        print('%s:' % channel, first, controller.ask(socket, request('true')))

    run('mux', {}, [engine.encode()])
    run('task', {}, [])
    run('broadcast', {'targets': [[engine, 0]], 'is_broadcast': True, 'is_coalescing': False,
                      'original_msg_id': ''}, [])


def again(path, code):
    controller = Controller(path)
    hub = controller.socket('registration')
    hub.send_multipart(controller.message('connection_request'))
    frames = hub.recv_multipart()
    engine = json.loads(frames[frames.index(b'<IDS|MSG>') + 5])['engines']['0'].encode()
    for channel, to in ('mux', [engine]), ('task', []):
        content = {'code': code, 'silent': False, 'user_expressions': {}}
        request = to + controller.message('execute_request', content)
        client, other = controller.socket(channel, b'client'), controller.socket(channel, b'other')
        print('%s:' % channel, controller.ask(client, request), controller.ask(client, request),
              controller.ask(other, request, PATIENCE))


def name(path, engine):
    socket = Controller(path).socket('task', engine.encode())
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
    print('there' if monitor.poll(LIMIT) else 'shut out', flush=True)
    sys.stdin.read()


{'key': by_key, 'flood': flood, 'replay': replay, 'again': again,
 'name': name}[sys.argv[1]](*sys.argv[2:])
