#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""chaos: durable clusters at work while their processes are killed and stopped, connections cut,
disks filled and clocks moved, all at random. A line for each round, and a table at the end. What a
seed does is always the same: --seed=N --rounds=1 -v does that round again, and tells its story."""
import argparse
import faulthandler
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback

import faults as fault
import hosts
import work
from world import FAKETIME, Hang, Patience, World, processes

FLAVOURS = ('map', 'submit', 'shell', 'reference', 'echo', 'disk', 'file', 'clock', 'ssh')
KINDS = ('kernel', 'guard', 'engine', 'controller', 'client', 'cluster', 'launcher')
ROUND = 600       # seconds after which a round is given up; more where others have the machine
STILL = 5         # seconds: after a pause like that a round that failed is played again
SETTLE = 75       # an engine that is gone may have a minute to come back


def workers(flavour, world, faults, tasks, seed):
    way = {'shell': 'sh', 'echo': 'echo', 'file': 'file'}.get(flavour, 'python')
    single = {'submit': tasks // 100}.get(flavour, tasks // 500)
    # What commands print is not in the reply: it may be lost with a controller.
    found = [work.Submit(world, faults, single, seed + 1, 'python' if way == 'sh' else way)]
    if flavour == 'reference':
        found.append(work.Reference(world, faults, tasks // 5, seed))
        tasks -= tasks // 5
    found.insert(0, work.Map(world, faults, tasks - single, seed, way))
    if way != 'echo':
        found.append(work.Gather(world, faults, 0, seed + 2))
    return found


def play(seed, options, path):
    """One round: what became of it."""
    rng = random.Random(seed)
    flavour = options.flavour or FLAVOURS[seed % len(FLAVOURS)]
    if flavour == 'disk' and os.geteuid() != 0 or flavour == 'clock' and not os.path.exists(
            FAKETIME) or flavour == 'ssh' and not os.path.exists(hosts.SSHD):
        flavour = 'map'
    world = World(path, options.build, options.python, flavour == 'clock')
    faults = fault.Faults(world, rng, flavour, rng.choice((2, 3)),
                          'echo' if flavour == 'echo' else 'python')
    told = {'seed': seed, 'flavour': flavour, 'hangs': 0, 'orphans': 0, 'problems': []}
    works = []
    try:
        faults.start()
        works = workers(flavour, world, faults, options.tasks, seed)
        for each in works:
            each.start()
        faults.run()
        while any(each.is_alive() for each in works):
            faults.tend()
            time.sleep(0.2)
        faults.settle(SETTLE)
        for each in works:
            each.check()
    except Hang as why:
        told['hangs'] += 1
        told['problems'].append(str(why))
    except Exception:
        told['problems'].append(traceback.format_exc())
    finally:
        faults.over.set()
        for each in works:
            each.join()
    finish(told, world, faults, works)
    return told, world


def finish(told, world, faults, works):
    try:
        told['problems'] += faults.end()
    except Hang as why:
        told['hangs'] += 1
        told['problems'].append(str(why))
    world.let_faketime_go()
    orphans = world.orphans()
    told['orphans'] = len(orphans)
    told['problems'] += [f'orphan: {line}' for line in orphans]
    told['left'] = world.leftovers(faults.by_hand)
    for name in ('lost', 'twice', 'wrong', 'told', 'reruns'):
        told[name] = sum(getattr(each, name) for each in works)
    told['hangs'] += sum(each.hangs for each in works)
    for each in works:
        told['problems'] += each.problems
    told['faults'] = faults.counts
    told['still'] = world.patience.longest
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told['cpu'] = round(used.ru_utime + used.ru_stime + time.process_time(), 1)
    told['seconds'] = round(time.monotonic() - world.begun, 1)


def failed(told):
    return bool(told['problems'] or told['left'] or told['hangs'] or told['orphans'] or
                told.get('lost') or told.get('twice') or told.get('wrong') or told.get('reruns'))


def kills(told, kind):
    return told.get('faults', {}).get(f'kill {kind}', 0)


HEADS = ('seed', 'round', 'seconds', 'cpu', *KINDS, 'kills', 'stops', 'cuts', 'fills', 'moves',
         'told', 'lost', 'twice', 'wrong', 'hangs', 'orphans')


def row(told):
    counts = told.get('faults', {})
    by_kind = [kills(told, kind) for kind in KINDS]
    others = [sum(count for kind, count in counts.items() if kind.startswith(what))
              for what in ('stop', 'cut', 'fill', 'move')]
    return [told['seed'], told['flavour'], told['seconds'], told.get('cpu', 0), *by_kind,
            sum(by_kind), *others, *(told.get(name, 0) for name in HEADS[-6:])]


def line(cells):
    widths = [max(5, len(head)) for head in HEADS]
    widths[1] = 9
    return ' '.join(str(cell).rjust(width) for cell, width in zip(cells, widths))


def one(options):
    """A round in a process of its own, which so is the ancestor of all that runs in it."""
    faulthandler.dump_traceback_later(ROUND - 20)
    told, world = play(options.one, options, options.directory + '/world')
    faulthandler.cancel_dump_traceback_later()
    if not failed(told):
        world.remove()
    json.dump(told, sys.stdout)


class Round:
    """A round that another process plays."""

    def __init__(self, options, seed):
        self.seed, self.begun = seed, time.monotonic()
        self.patience = Patience()
        self.end = self.patience.now() + ROUND
        self.path = tempfile.mkdtemp(prefix=f'chaos-{seed}-', dir=options.directory)
        command = [sys.executable, os.path.dirname(os.path.abspath(__file__)), '--one', str(seed),
                   '--tasks', str(options.tasks), '--build', options.build, '--python',
                   options.python, '--directory', self.path]
        if options.flavour:
            command += ['--flavour', options.flavour]
        with open(f'{self.path}/told', 'wb') as out, open(f'{self.path}/words', 'wb') as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err)

    def ended(self):
        if self.process.poll() is None and self.patience.now() > self.end:
            self.process.kill()
            self.process.wait()
            kill_those_with(self.path)
        return self.process.poll() is not None

    def read(self, name):
        try:
            with open(f'{self.path}/{name}', encoding='utf-8') as file:
                return file.read()
        except OSError:
            return ''

    def told(self):
        try:
            return json.loads(self.read('told'))
        except ValueError:
            return {'seed': self.seed, 'flavour': '?', 'hangs': 1, 'orphans': 0, 'left': [],
                    'seconds': round(time.monotonic() - self.begun, 1),
                    'problems': ['the round itself: ' + self.read('words')]}

    def show(self, told, verbose):
        print(line(row(told)))
        bad = failed(told)
        if verbose or bad:
            print(textwrap.indent(self.read('story'), '    '), end='')
        for text in [*told['problems'], *(f'left: {name}' for name in told['left'])]:
            print(f'  ! {text}')
        if told.get('reruns'):
            print(f'  ! {told["reruns"]} ran twice without a reason')
        if bad:
            print(f'  ! kept: {self.path}')
        else:
            shutil.rmtree(self.path)
        sys.stdout.flush()


def kill_those_with(path):
    """What a round that was given up has left."""
    for pid in processes():
        try:
            with open(f'/proc/{pid}/environ', 'rb') as file:
                if f'={path}/'.encode() in file.read():
                    os.kill(pid, signal.SIGKILL)
        except OSError:
            pass  # it is gone, or none of ours


def play_all(options):
    """Up to `jobs` rounds at a time; what became of each, in the order of their ends."""
    seeds = list(range(options.seed, options.seed + options.rounds))
    running, rounds, again = [], [], []
    while seeds or running:
        while seeds and len(running) < options.jobs:
            running.append(Round(options, seeds.pop(0)))
        time.sleep(0.1)
        for each in [each for each in running if each.ended()]:
            running.remove(each)
            told = each.told()
            still = told.get('still', 0)
            if failed(told) and still > STILL and again.count(each.seed) < 3:
                print(f'  . seed {each.seed} again: nothing ran for {still:.0f} s; {each.path}',
                      flush=True)
                again.append(each.seed)
                seeds.append(each.seed)
                continue
            rounds.append(told)
            each.show(told, options.v)
    return rounds


def main():
    parser = argparse.ArgumentParser(prog='chaos', description=__doc__)
    parser.add_argument('--seed', type=int, default=int(time.time()))
    parser.add_argument('--rounds', type=int, default=1)
    parser.add_argument('--jobs', type=int, default=1, help='rounds at a time')
    parser.add_argument('--tasks', type=int, default=10000)
    parser.add_argument('--flavour', choices=FLAVOURS)
    parser.add_argument('--build', default=os.environ.get('IPKIT_BUILD', 'build'))
    parser.add_argument('--python', default=os.environ.get('IPKIT_PYTHON', '/usr/bin/python3'))
    parser.add_argument('--directory', default=tempfile.gettempdir())
    parser.add_argument('--csv', help='the table goes here too')
    parser.add_argument('-v', action='store_true', help='the story of each round')
    parser.add_argument('--one', type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    if options.one is not None:
        return one(options)
    print(f'# seeds {options.seed} to {options.seed + options.rounds - 1}')
    print(line(HEADS), flush=True)
    rounds = play_all(options)
    sums = [sum(cells) for cells in zip(*(row(told)[2:] for told in rounds))]
    print(line(['all', len(rounds), round(sums[0]), round(sums[1]), *sums[2:]]))
    if options.csv:
        with open(options.csv, 'w', encoding='utf-8') as file:
            file.writelines(','.join(map(str, cells)) + '\n' for cells in
                            [[*HEADS, 'passed'],
                             *([*row(told), 'no' if failed(told) else 'yes'] for told in rounds)])
    bad = sum(failed(told) for told in rounds)
    print(f'{len(rounds) - bad} rounds passed, {bad} failed')
    return 1 if bad else 0


sys.exit(main())
