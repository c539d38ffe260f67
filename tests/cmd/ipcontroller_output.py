# SPDX-License-Identifier: BSD-3-Clause
"""Output of an engine takes another way to the hub than its replies: who asks for a result gets all
that belongs to it, whatever comes first. Ends with status 0 if all was as it should be."""
import zmq
from jupyter_client.session import Session

from bare_peers import (Engine, ask, check, check_reply, connect, frames_from, hub, kinds, parts,
                        session, submit)

ROUNDS = 20  # some would be right by chance


class Talker(Engine):
    """Publishes, too, when it is told to."""

    def __init__(self, uuid, **facts):
        super().__init__(uuid, **facts)
        self.own = Session(key=session.key, session=uuid)
        self.iopub = connect(zmq.XPUB, 'iopub', kinds['engine']['iopub'])
        frames_from(self.iopub)  # the controller's subscription
        self.published = 0
        self.numbers = bool(facts)

    def publish(self, kind, parent, **content):
        self.published += 1
        metadata = {'published': self.published} if self.numbers else {'engine': self.uuid}
        self.own.send(self.iopub, kind, content, parent=parent, metadata=metadata,
                      ident=f'engine.{self.id}.{kind}'.encode())

    def stream(self, parent, text):
        self.publish('stream', parent, name='stdout', text=text)

    def status(self, parent, state):
        self.publish('status', parent, execution_state=state)


def ask_later(kind, content):
    """The hub has the question; what it then answers to another one is not the answer to this."""
    question = session.send(hub, kind, content)['header']['msg_id']
    other = session.send(hub, 'connection_request', {})['header']['msg_id']
    _, message = parts(frames_from(hub))
    check(message['parent_header']['msg_id'], other)
    return question


def answer_to(question):
    _, message = parts(frames_from(hub))
    check(message['parent_header']['msg_id'], question)
    return message['content']


def run(engine):
    """A task that the engine has."""
    header, _ = submit('execute_request', targets=[engine.uuid])
    engine.request()
    return header


def numbered(kind):
    header = run(ours)
    ours.stream(header, 'first\n')
    ours.answer(published=ours.published + 1)
    check_reply(header)
    question = ask_later(kind, question_about(kind, header))
    ours.stream(header, 'last\n')
    check_answer(kind, answer_to(question), header, 'first\nlast\n')


def told_by_idle(kind):
    header = run(theirs)
    theirs.status(header, 'busy')
    theirs.stream(header, 'first\n')
    # The hub has heard of both: from now on it waits for `idle`.
    while ask('db_request', {'query': {'msg_id': header['msg_id']},
                             'keys': ['stdout']})['records'][0]['stdout'] != 'first\n':
        pass
    theirs.answer()
    check_reply(header)
    question = ask_later(kind, question_about(kind, header))
    theirs.stream(header, 'last\n')
    theirs.status(header, 'idle')
    check_answer(kind, answer_to(question), header, 'first\nlast\n')


def question_about(kind, header):
    if kind == 'db_request':
        return {'query': {'msg_id': header['msg_id']}, 'keys': ['stdout', 'completed']}
    return {'msg_ids': [header['msg_id']], 'status_only': False}


def check_answer(kind, content, header, text):
    if kind == 'result_request':
        check(content[header['msg_id']]['io']['stdout'], text)
    elif kind == 'db_request':
        check(content['records'][0]['stdout'], text)
    else:
        check(content['done'], {header['msg_id']: 'ok'})
        result = ask('result_request', question_about('result_request', header))
        check(result[header['msg_id']]['io']['stdout'], text)


def nothing_to_wait_for():
    """No output at all, or all of it there before the reply: answers at once."""
    for engine, before in (ours, False), (ours, True), (theirs, True):
        header = run(engine)
        if before:
            engine.status(header, 'busy')
            engine.stream(header, 'all\n')
            engine.status(header, 'idle')
        engine.answer(**({'published': engine.published - 1} if before and engine is ours else {}))
        check_reply(header)
        content = ask('result_request', question_about('result_request', header))
        check(content[header['msg_id']]['io']['stdout'], 'all\n' if before else '')


def the_engine_is_gone():
    """What it did not publish will not come; nobody waits for it any more."""
    header = run(ours)
    ours.answer(published=ours.published + 1)
    check_reply(header)
    question = ask_later('result_request', question_about('result_request', header))
    ours.leave()
    check_answer('result_request', answer_to(question), header, '')


ours, theirs = Talker('engine-ours', ipkit={'version': '0.1.0'}), Talker('engine-theirs')
ask('connection_request', {})
for kind in 'result_request', 'db_request', 'wait_request':
    for _ in range(ROUNDS):
        numbered(kind)
        told_by_idle(kind)
nothing_to_wait_for()
the_engine_is_gone()
