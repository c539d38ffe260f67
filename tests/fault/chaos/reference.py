# SPDX-License-Identifier: BSD-3-Clause
"""reference.py FILE COUNT: COUNT tasks with known results from a real ipyparallel.Client, while
engines and controllers die. It is not told of another controller: what does not come is looked for
in the records by id, and sent again if it is not known there, as it was on its way to a controller
that died. Prints what became of all, as JSON."""
import json
import os
import sys
import threading
import time

import ipyparallel
from ipyparallel import error

from world import Patience

BATCH = 500
QUIET = 3        # seconds without any answer before the records are asked
ANSWER = 5       # seconds that a question to the controller may take
LIMIT = 70       # for all of it


class Client(ipyparallel.Client):
    """Its base class, but that it waits for no answer for ever (the controller may have died with
    the question), and counts the replies that came twice."""

    def _send_recv(self, *args, **kwargs):
        future = self._send(*args, **kwargs)
        if not future.wait(ANSWER):
            raise error.TimeoutError(f'no answer to {args[1]}')
        return future.result()

    def _handle_apply_reply(self, msg):
        msg_id = msg['parent_header']['msg_id']
        if msg_id in self.outstanding:
            super()._handle_apply_reply(msg)
        else:
            self.twice += 1
        self.news.set()


def client_of(path, patience, end):
    """Until there is a controller to connect to."""
    Client.news, Client.twice = threading.Event(), 0
    while True:
        try:
            return Client(path, timeout=ANSWER)
        except (OSError, error.TimeoutError, ValueError):
            if patience.now() > end:
                raise
            time.sleep(0.2)


def outcome(result):
    try:
        return result.get(ANSWER)
    except error.TimeoutError:
        raise
    except error.RemoteError as why:
        return why


class Tasks:
    """The numbers 0 to count - 1, to be squared. `due` are to be sent, `waiting` {msg_id: (number,
    future)} were, `seen` {number: result} have come."""

    def __init__(self, client, count):
        self.client, self.due = client, list(range(count))
        self.waiting, self.seen = {}, {}
        self.found, self.again = 0, 0
        self.view = client.load_balanced_view()
        self.view.retries = 20

    def send(self):
        some, self.due = self.due[:BATCH], self.due[BATCH:]
        for number in some:
            future = self.view.apply_async(lambda n: n * n, number)
            self.waiting[future.msg_ids[0]] = (number, future)

    def take(self, msg_id, result):
        number, _ = self.waiting.pop(msg_id)
        self.seen[number] = result

    def collect(self):
        """Whether any has come."""
        ready = [(msg_id, future) for msg_id, (_, future) in self.waiting.items() if future.done()]
        for msg_id, future in ready:
            self.take(msg_id, outcome(future))  # it is there
        return bool(ready)

    def look_up(self, late):
        """What waits, in the records: with another client, as they came to none."""
        known = {record['msg_id'] for record in late.db_query(
            {'msg_id': {'$in': list(self.waiting)}}, ['msg_id'])}
        if known:
            for msg_id in late.result_status(list(known), status_only=True)['completed']:
                result = outcome(late.get_result(msg_id, owner=False))
                if msg_id in self.waiting:
                    self.take(msg_id, result)
                    self.found += 1
        for msg_id in set(self.waiting) - known:
            number, _ = self.waiting.pop(msg_id)
            self.due.append(number)
            self.again += 1


def done(tasks, path, patience, end):
    """Sends and waits until all have come, or it takes too long."""
    client, last = tasks.client, patience.now()
    while (tasks.due or tasks.waiting) and patience.now() < end:
        if tasks.due and len(tasks.waiting) < BATCH:
            tasks.send()
        client.news.wait(0.2)
        client.news.clear()
        if tasks.collect():
            last = patience.now()
        elif patience.now() > last + QUIET:
            late = client_of(path, patience, end)
            try:
                tasks.look_up(late)
            except error.TimeoutError:
                pass  # it died meanwhile
            finally:
                late.close(linger=0)
            last = patience.now()


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    patience = Patience()
    end = patience.now() + LIMIT
    client = client_of(path, patience, end)
    tasks = Tasks(client, count)
    done(tasks, path, patience, end)
    told = {'lost': len(tasks.due) + len(tasks.waiting), 'wrong': 0, 'twice': client.twice,
            'told': 0, 'found': tasks.found, 'again': tasks.again, 'why': ''}
    for number, result in tasks.seen.items():
        if isinstance(result, error.RemoteError):
            told['told' if result.ename in ('EngineError', 'KernelDied') else 'wrong'] += 1
            told['why'] = f'{result.ename}: {result.evalue}'
        elif result != number * number:
            told['wrong'] += 1
            told['why'] = f'{number}: {result}'
    print(json.dumps(told), flush=True)
    client.close(linger=0)
    os._exit(0)  # without waiting for what its library keeps


main()
