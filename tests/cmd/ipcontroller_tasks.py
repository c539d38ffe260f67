# SPDX-License-Identifier: BSD-3-Clause
"""The task scheduler of one controller, frame by frame: bare engines that answer what they are told
to, and a bare client that looks at every part of what it gets. Ends with status 0 if all was as it
should be."""
import json

import zmq

from bare_peers import (LIMIT, NO_CONDITIONS, Engine, ask, check, check_reply, frames_from, hub,
                        parts, session, submit, task)


def check_failure(header, ename, evalue='', idents=()):
    """The next message is the scheduler's own about this task."""
    frames = frames_from(task)
    check(frames[:len(idents) + 1], [*idents, b'<IDS|MSG>'])
    at = len(idents) + 2
    check(len(frames), at + 4)  # no buffers
    sent, parent, metadata, content = (json.loads(frame) for frame in frames[at:])
    check(sent['msg_type'], 'apply_reply')
    check(parent, header)
    if idents:
        check(sorted(metadata), ['date', 'engine', 'status'])
        check((metadata['status'], metadata['engine']), ('error', idents[0].decode()))
    else:
        check(metadata, {})
    check(sorted(content), ['ename', 'engine_info', 'evalue', 'status', 'traceback'])
    check((content['status'], content['ename'], content['evalue'], content['engine_info']),
          ('error', ename, evalue, {}))
    parts(frames)  # the signature


def nothing_comes():
    """What was sent before this to the hub and back has had its effect."""
    submit(after=['nobody'])
    idents, message = parts(frames_from(task))
    check(message['content']['ename'], 'InvalidDependency')


a, b = Engine('engine-a'), Engine('engine-b')
session.send(hub, 'connection_request', {})
frames_from(hub)


def finish(engine, status='ok', **conditions):
    """A task that ran on this engine."""
    header, _ = submit(targets=[engine.uuid], **conditions)
    engine.request()
    engine.answer(status)
    check_reply(header, status)
    return header


def bytes_pass_unchanged():
    for metadata in (NO_CONDITIONS, {**NO_CONDITIONS, 'label': None},
                     {**NO_CONDITIONS, 'label': {'any': ['JSON', 1]}}, {}):
        for kind in 'apply_request', 'execute_request', 'other_request':
            message = session.msg(kind, {}, metadata={**metadata, 'targets': [a.uuid]})
            sent = session.serialize(message) + [b'\0' * 70000, b'']
            task.send_multipart(sent)
            request = a.request()
            check(a.frames[a.frames.index(b'<IDS|MSG>'):], sent)
            check(a.frames[0], b'task_out')
            answered = a.answer(label=request['metadata'].get('label'))
            check(frames_from(task), [a.uuid.encode(), *answered])
            record = ask('db_request', {'query': {'msg_id': message['header']['msg_id']},
                                        'keys': ['label']})
            check(record['records'][0].get('label'), metadata.get('label'))


def invalid():
    for name in 'after', 'follow':
        for wrong in (['12345'], '12345', {'dependencies': ['12345'], 'all': False},
                      {'dependencies': ['12345'], 'success': False, 'failure': False}):
            for kind in 'apply_request', 'execute_request':
                check_failure(submit(kind, **{name: wrong})[0], 'InvalidDependency')
    message = session.msg('apply_request', {})
    message['metadata'] = {'after': [message['header']['msg_id']]}
    frames = session.serialize(message)
    task.send_multipart(frames)
    check_failure(json.loads(frames[2]), 'InvalidDependency')


def impossible():
    good, bad = finish(a)['msg_id'], finish(b, 'error')['msg_id']
    also_good = finish(b)['msg_id']
    for name in 'after', 'follow':
        for wrong in (
            [bad], [good, bad], {'dependencies': [bad], 'all': False},
            {'dependencies': [good], 'success': False, 'failure': True},
            {'dependencies': [good, also_good], 'success': False, 'failure': True, 'all': False},
        ):
            check_failure(submit(**{name: wrong})[0], 'ImpossibleDependency')
    check_failure(submit(follow=[good, also_good])[0], 'ImpossibleDependency')
    check_failure(submit(targets=['engine-never'])[0], 'ImpossibleDependency')
    # One that waits is told when what it waits for fails, and so are those behind it.
    first, _ = submit(targets=[a.uuid])
    a.request()
    second, _ = submit(after=[first['msg_id']])
    third, _ = submit('execute_request', after=[second['msg_id']])
    relieved, _ = submit(after={'dependencies': [third['msg_id']], 'success': False,
                                'failure': True})
    a.answer('error')
    check_reply(first, 'error')
    check_failure(second, 'ImpossibleDependency')
    check_failure(third, 'ImpossibleDependency')
    runner = wait_for_one()
    check(runner.message['header']['msg_id'], relieved['msg_id'])
    runner.answer()
    check_reply(relieved)


def wait_for_one():
    """The engine that gets the next request."""
    poller = zmq.Poller()
    for engine in a, b:
        poller.register(engine.shell, zmq.POLLIN)
    ready = dict(poller.poll(LIMIT))
    engine = a if a.shell in ready else b
    engine.request()
    return engine


def follow():
    on_a, on_b = finish(a)['msg_id'], finish(b)['msg_id']
    for where, other, identity in (a, b, on_a), (b, a, on_b):
        for dependency in ([identity], {'dependencies': [identity], 'all': False}):
            header, _ = submit(follow=dependency)
            check(where.request()['header']['msg_id'], header['msg_id'])
            where.answer()
            check_reply(header)
    header, _ = submit(follow={'dependencies': [on_a, on_b], 'all': False}, targets=[b.uuid])
    check(b.request()['header']['msg_id'], header['msg_id'])
    b.answer()
    check_reply(header)


def timeout():
    first, _ = submit(targets=[a.uuid], timeout=0.01)
    a.request()
    second, _ = submit(targets=[a.uuid], timeout=0.05)
    check_failure(second, 'TaskTimeout')
    # The first one ran: its time does not pass, nor did it fail.
    a.answer()
    check_reply(first)


def unmet_and_retries():
    header, sent = submit()
    first = wait_for_one()
    first.answer('error', dependencies_met=False)
    second = wait_for_one()
    assert first is not second
    check(second.frames[second.frames.index(b'<IDS|MSG>'):], sent)
    check(second.answer(), frames_from(task)[1:])
    # Unmet on its only target.
    header, _ = submit(targets=[a.uuid])
    a.request()
    a.answer('error', dependencies_met=False)
    check_failure(header, 'ImpossibleDependency')
    # Errors and aborted replies use up the retries; the client hears of the last one.
    for status in 'error', 'aborted':
        header, _ = submit(retries=1)
        first = wait_for_one()
        first.answer(status)
        second = wait_for_one()
        assert first is not second
        second.answer(status)
        check(check_reply(header, status), [second.uuid.encode()])
    # More retries than engines: it waits, for its timeout only.
    header, _ = submit(retries=5, timeout=0.05)
    wait_for_one().answer('error')
    wait_for_one().answer('error')
    check_failure(header, 'TaskTimeout')
    # Nowhere left among the targets.
    header, _ = submit(retries=5, targets=[b.uuid])
    b.request()
    b.answer('error')
    check_failure(header, 'ImpossibleDependency')


def aborted():
    header, _ = submit(targets=[a.uuid])
    a.request()
    a.answer('aborted')
    check_reply(header, 'aborted')
    check_failure(submit(after=[header['msg_id']])[0], 'ImpossibleDependency')


def engine_lost():
    lost, _ = submit('execute_request', targets=[a.uuid])
    a.request()
    waits, _ = submit(targets=[a.uuid])
    dependent, _ = submit(after=[lost['msg_id']])
    a.leave()
    # Nobody is left for it, and nobody need be waited for.
    check_failure(waits, 'ImpossibleDependency')
    name = f"Engine b'{a.uuid}' died while running task '{lost['msg_id']}'"
    check_failure(lost, 'EngineError', name, [a.uuid.encode()])
    check_failure(dependent, 'ImpossibleDependency')
    # Its answer comes too late.
    a.answer()
    nothing_comes()


def engine_lost_with_retries():
    c = Engine('engine-c')
    busy, _ = submit(targets=[b.uuid])
    b.request()
    header, sent = submit(retries=1)
    check(c.request()['header']['msg_id'], header['msg_id'])
    c.leave()
    # Nobody hears of the first time; it runs again where there is room.
    b.answer()
    check_reply(busy)
    check(b.request()['header']['msg_id'], header['msg_id'])
    check(b.frames[b.frames.index(b'<IDS|MSG>'):], sent)
    check(b.answer(), frames_from(task)[1:])


def many_wait():
    """So many that they are kept in another way; the last scenario, as they are still there."""
    d = Engine('engine-d')
    for engine in b, d:
        submit(targets=[engine.uuid])
        engine.request()
    for _ in range(16500):
        submit(targets=[b.uuid])
    _, sent = submit(targets=[d.uuid])
    d.answer()
    frames_from(task)
    d.request()
    check(d.frames[d.frames.index(b'<IDS|MSG>'):], sent)
    check(d.answer(), frames_from(task)[1:])


for scenario in (bytes_pass_unchanged, invalid, impossible, follow, timeout, unmet_and_retries,
                 aborted, engine_lost, engine_lost_with_retries, many_wait):
    scenario()
    nothing_comes()
