# SPDX-License-Identifier: BSD-3-Clause
"""A bare client, and engines that answer what they are told to, for tests of a controller. Its
connection files are in the directory that the first argument names."""
import faulthandler
import json
import sys

import zmq
from jupyter_client.session import Session

faulthandler.dump_traceback_later(100, exit=True)
kinds = {
    kind: json.load(open(f'{sys.argv[1]}/ipcontroller-{kind}.json'))
    for kind in ('client', 'engine')
}
context = zmq.Context()
session = Session(key=kinds['client']['key'].encode(), session='tasks')
LIMIT = 10000  # ms
NO_CONDITIONS = {'after': [], 'follow': [], 'timeout': 0.0, 'targets': [], 'retries': 0}


def connect(kind, name, port, identity=None):
    socket = context.socket(kind)
    socket.linger = 0
    if identity is not None:
        socket.identity = identity
    socket.connect(f'tcp://127.0.0.1:{port}')
    if kind == zmq.SUB:
        socket.subscribe(b'')
    return socket


def frames_from(socket, limit=LIMIT):
    assert socket.poll(limit), 'no message'
    return socket.recv_multipart()


def parts(frames):
    session.digest_history.clear()  # a task that runs again is no replay
    idents, rest = session.feed_identities(frames)
    return idents, session.deserialize(rest)


def check(value, wanted):
    assert value == wanted, (value, wanted)


class Engine:
    def __init__(self, uuid, **facts):
        ports = kinds['engine']
        self.uuid = uuid
        self.hub = connect(zmq.DEALER, 'registration', ports['registration'], uuid.encode())
        session.send(self.hub, 'registration_request', {'uuid': uuid, **facts})
        self.id = parts(frames_from(self.hub))[1]['content']['id']
        self.shell = connect(zmq.ROUTER, 'task', ports['task'], uuid.encode())
        self.ping = connect(zmq.SUB, 'hb_ping', ports['hb_ping'])
        self.pong = connect(zmq.DEALER, 'hb_pong', ports['hb_pong'], uuid.encode())
        self.pong.send(frames_from(self.ping)[0])

    def request(self):
        """The bytes of the next one, and what they say."""
        self.frames = frames_from(self.shell)
        self.idents, self.message = parts(list(self.frames))
        return self.message

    def answer(self, status='ok', **metadata):
        """Answers it; the bytes of the answer, without identities."""
        content = {'status': status}
        if status == 'error':
            content.update(ename='ValueError', evalue='x', traceback=['x'], engine_info={})
        metadata.update(status=status, engine=self.uuid)
        kind = self.message['msg_type'].replace('_request', '_reply')
        reply = session.msg(kind, content, parent=self.message['header'], metadata=metadata)
        frames = session.serialize(reply)
        self.shell.send_multipart([*self.idents, *frames, b'buffer'])
        return frames + [b'buffer']

    def leave(self):
        session.send(self.hub, 'unregistration_request', {'id': self.id})


hub = connect(zmq.DEALER, 'registration', kinds['client']['registration'])
task = connect(zmq.DEALER, 'task', kinds['client']['task'], b't' * 16)


def ask(kind, content):
    session.send(hub, kind, content)
    return parts(frames_from(hub))[1]['content']


def submit(kind='apply_request', **conditions):
    """Sends a task; its header as it is on the wire, and its bytes."""
    message = session.msg(kind, {}, metadata={**NO_CONDITIONS, **conditions})
    frames = session.serialize(message)
    task.send_multipart([*frames, b'one', b'two'])
    return json.loads(frames[2]), frames + [b'one', b'two']


def check_reply(header, status='ok'):
    idents, message = parts(frames_from(task))
    check(message['parent_header']['msg_id'], header['msg_id'])
    check(message['content']['status'], status)
    return idents
