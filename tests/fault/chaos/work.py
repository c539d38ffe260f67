# SPDX-License-Identifier: BSD-3-Clause
"""Work with known results, done while things go wrong, and what became of it."""
import collections
import hashlib
import json
import os
import random
import re
import sys
import threading
import time

from world import Hang

LIMIT = 90        # seconds that anything may take that waits for tasks
RETRIES = 50
# Why a task may fail: its engine or kernel died, its disk was full. All else is a finding.
TOLD = re.compile(r'died while running task|killed by signal|kernel (died|ended)|KernelDied|'
                  r'EngineError|No space left on device|ImpossibleDependency|is gone')
# Nobody answers while the controller is being started again.
NOT_THERE = re.compile(r'no controller|is gone|no answer|not answer|timed out|'
                       r'did not reach controller')
STEP = '''import os, select
def step(n):
    with open({runs!r}, 'ab', 0) as file:
        file.write(b'%d %d\\n' % (n, os.getpid()))
    select.select([], [], [], 0.0004)
    return f'{{n}}:{{n * n}}'
'''


class Work(threading.Thread):
    """One client, or several in turn. `lost`, `twice`, `wrong` count results; `told` those that
    failed with a reason that is good enough."""

    def __init__(self, world, faults, count, seed):
        super().__init__()
        self.world, self.faults, self.count = world, faults, count
        self.rng = random.Random(seed)
        self.lost = self.twice = self.wrong = self.told = self.hangs = self.reruns = 0
        self.problems = []
        self.path = f'{world.path}/work/{type(self).__name__.lower()}'

    def run(self):
        try:
            self.work()
        except Hang as why:
            self.hangs += 1
            self.problems.append(str(why))
        except Exception as why:  # a thread's exception would be seen by nobody
            self.problems.append(f'{type(self).__name__}: {why!r}')
        self.world.tell(f'{type(self).__name__} is done')

    def work(self):
        raise NotImplementedError

    def check(self):
        """When everything has ended."""

    def ask(self, command, limit=LIMIT):
        """(status, output, words), asked again while there is no controller to ask."""
        end = self.world.patience.now() + limit
        while True:
            status, output, words = self.world.run(command, limit)
            is_away = status in (69, 70, 75) and NOT_THERE.search(words)
            if not is_away or self.world.patience.now() > end:
                return status, output, words
            time.sleep(0.1)

    def check_runs(self, runs, unsure=()):
        """Nothing runs twice but where the first run was struck, or its client; of those that are
        `unsure` nobody can tell."""
        places = collections.defaultdict(list)
        if self.faults.ping < 1000 or not os.path.exists(runs):
            return  # engines may have been given up, and their tasks given to others
        with open(runs, encoding='utf-8') as file:
            for line in file:
                number, pid = map(int, line.split())
                places[number].append(pid)
        for number, pids in places.items():
            if number not in unsure and any(pid not in self.faults.struck for pid in pids[:-1]):
                self.reruns += 1
                if self.reruns == 1:
                    self.world.tell(f'{type(self).__name__}: {number} ran in {pids}')


class Map(Work):
    """ipmap with a job log; killed, it is begun again where it was. Its results are in one file."""

    def __init__(self, world, faults, count, seed, way):
        super().__init__(world, faults, count, seed)
        self.way = way
        self.runs = f'{self.path}.runs'
        with open(f'{self.path}.in', 'w', encoding='utf-8') as file:
            file.writelines(f'{n}\n' for n in range(1, count + 1))
        with open(f'{self.path}.py', 'w', encoding='utf-8') as file:
            file.write(STEP.format(runs=self.runs))

    def words(self):
        if self.way == 'file':
            return ['-f', f'{self.path}.py:step']
        if self.way == 'sh':
            return ['--sh', 'echo {}:$(({} * {}))']
        if self.way == 'echo':
            return ['x']
        note = f"open({self.runs!r}, 'ab', 0).write(b'%d %d\\n' % (x, __import__('os').getpid()))"
        pause = "__import__('select').select([], [], [], 0.0004)"
        return [f"({note}, {pause}, f'{{x}}:{{x * x}}')[-1]"]

    def work(self):
        resume, end = '--resume', self.world.patience.now() + LIMIT
        while True:
            command = ['ipmap', '--joblog', f'{self.path}.log', resume, '--retries', str(RETRIES)]
            before = os.path.getsize(f'{self.path}.err') if os.path.exists(
                f'{self.path}.err') else 0
            with open(f'{self.path}.in', 'rb') as given, open(f'{self.path}.out', 'ab') as out, \
                    open(f'{self.path}.err', 'ab') as err:
                process = self.world.popen(command + self.words(), 'map', stdin=given, stdout=out,
                                           stderr=err)
                status = self.world.wait(process, max(1, end - self.world.patience.now()), 'ipmap')
            with open(f'{self.path}.err', 'rb') as file:
                file.seek(before)
                words = file.read().decode()
            if status == 0:
                return
            if status == -9 and process.pid in self.faults.killed:
                continue
            self.world.tell(f'ipmap: {status} {words[-300:]}')
            if status == 1 and all(TOLD.search(line) for line in words.splitlines()
                                   if line.startswith('ipmap: item')):
                resume = '--resume-failed'
            elif status not in (69, 75) or 'tasks are kept' in words:
                self.problems.append(f'ipmap: {status} {words[-600:]}')
                return
            time.sleep(0.1)

    def check(self):
        with open(f'{self.path}.out', encoding='utf-8') as file:
            lines = collections.Counter(file.read().splitlines())
        square = (lambda n: f'{n}') if self.way == 'echo' else (lambda n: f'{n}:{n * n}')
        wanted = {square(n) for n in range(1, self.count + 1)}
        self.lost = len(wanted - set(lines))
        self.wrong = sum(count for line, count in lines.items() if line not in wanted)
        self.twice = sum(count - 1 for line, count in lines.items() if line in wanted)
        if not any('client' in kind for kind in self.faults.counts):
            self.check_runs(self.runs)


class Submit(Work):
    """Single tasks, some after others; their results are fetched by id, perhaps much later."""

    def __init__(self, world, faults, count, seed, way):
        super().__init__(world, faults, count, seed)
        self.way, self.runs, self.jobs = way, f'{self.path}.runs', []
        self.unsure = set()

    def command(self, number):
        if self.way == 'echo':
            return ['-p', f'{number}:{number * number}']
        return ['-p', f"(open({self.runs!r}, 'ab', 0).write(b'{number} %d\\n' % "
                f"__import__('os').getpid()), '{number}:{number * number}')[-1]"]

    def work(self):
        for number in range(self.count):
            after = ['--after', self.jobs[-1]] if self.jobs and self.rng.random() < 0.3 else []
            command = ['ipsubmit', '--retries', str(RETRIES)] + after + self.command(number)
            end = self.world.patience.now() + LIMIT
            while True:
                status, output, words = self.world.run(command, LIMIT)
                if status == 0:
                    break
                # Without its word nobody knows whether it is there: it may run, and once more.
                self.world.tell(f'ipsubmit {number}: {status} {words.strip()}')
                self.unsure.add(number)
                if not TOLD.search(words) and not NOT_THERE.search(words):
                    self.problems.append(f'ipsubmit: {status} {words}')
                    return
                if self.world.patience.now() > end:
                    raise Hang('ipsubmit: refused for too long')
                time.sleep(0.1)
            self.jobs.append(output.strip())
        for number, job in enumerate(self.jobs):
            self.fetch(number, job)

    def fetch(self, number, job):
        end = self.world.patience.now() + LIMIT
        while True:
            status, output, words = self.ask(['ipresult', '--timeout', f'{LIMIT - 5}s', job])
            if status != -9 or self.world.patience.now() > end:  # it was the client that was killed
                break
        if status == 0:
            self.wrong += output.strip() != f'{number}:{number * number}'
            if self.wrong:
                self.world.tell(f'ipresult {job}: {output!r}')
        elif status == 1 and TOLD.search(words):
            self.told += 1
        else:
            self.lost += 1
            self.problems.append(f'ipresult {number} {job}: {status} {words}')

    def check(self):
        self.check_runs(self.runs, self.unsure)


class Gather(Work):
    """Bytes to all engines in pieces, and back: the same bytes, or an error."""

    def once(self, number, must):
        data = self.rng.randbytes(self.rng.randint(1000, 400000))
        with open(f'{self.path}.in', 'wb') as file:
            file.write(data)
        # All engines of this moment: one that goes is an error then, not a part less.
        line = (f'on=$(ipls -q | paste -sd,) && [ "$on" ] && '
                f'ipscatter -t "$on" --type bytes v{number} <{self.path}.in && '
                f'ipgather -t "$on" v{number} >{self.path}.out')
        status, _, words = self.world.run(['sh', '-c', line], LIMIT)
        if status == 0:
            with open(f'{self.path}.out', 'rb') as file:
                if hashlib.sha256(file.read()).digest() != hashlib.sha256(data).digest():
                    self.wrong += 1
                    self.problems.append(f'ipgather: other bytes than were scattered: v{number}')
        elif must:
            self.problems.append(f'ipscatter | ipgather in a whole cluster: {status} {words}')
        return status == 0

    def work(self):
        number = 0
        while not self.faults.over.is_set():
            self.once(number, False)
            number += 1
            time.sleep(0.3)

    def check(self):
        self.once(-1 % 1000, True)


class Reference(Work):
    """A client of ipyparallel's own: reference.py."""

    def work(self):
        script = os.path.join(os.path.dirname(__file__), 'reference.py')
        file = f'{self.world.profile}/security/ipcontroller-client.json'
        status, output, words = self.world.run(
            [self.world.python or sys.executable, script, file, str(self.count)], LIMIT + 60)
        if status or not output:
            self.problems.append(f'reference.py: {status} {words[-1500:]}')
            return
        told = json.loads(output.splitlines()[-1])
        self.lost, self.wrong, self.twice = told['lost'], told['wrong'], told['twice']
        self.told = told['told']
        self.world.tell(f'reference.py: {told}')
        # What never came to a controller was sent again; for that one of them has to have died.
        if told['again'] and not any('controller' in kind for kind in self.faults.counts):
            self.lost += told['again']
