# SPDX-License-Identifier: BSD-3-Clause
"""What goes wrong in a round, and when: a schedule that the seed makes, and the hands for it."""
import ctypes
import errno
import json
import os
import signal
import socket
import subprocess
import threading
import time

import hosts
from world import Hang, Process, last_pid, program_of

PIDFD_GETFD = 438
MOST_RESTARTS = 100
JOURNAL = 24      # MB of its own disk, where that is to become full

# kind: its weight in an ordinary round.
KILLS = {'kill kernel': 5, 'kill engine': 4, 'kill controller': 5, 'kill client': 4,
         'kill cluster': 1, 'kill launcher': 4, 'kill guard': 1}
OTHERS = {'stop kernel': 1, 'stop engine': 2, 'stop controller': 2, 'stop client': 1,
          'stop cluster': 1, 'cut engine': 2, 'cut controller': 1, 'cut client': 1}
ODD = {'disk': {'fill disk': 6}, 'clock': {'move clock': 8}}
CLIENTS = ('ipmap', 'ipresult', 'ipwait', 'ipdag')


class Fault:
    """`kind` happens `after` seconds behind the one before; `pick` (0..1) says to whom, `length`
    how long it lasts."""

    def __init__(self, rng, kind):
        self.kind = kind
        self.after, self.pick, self.length = rng.uniform(0.05, 0.7), rng.random(), rng.random()


def schedule(rng, flavour):
    weights = KILLS | OTHERS | ODD.get(flavour, {})
    # libfaketime has a semaphore for all processes, which one that is killed as it starts, while it
    # looks at many files, may take with it: all others hang then.
    if flavour == 'clock':
        weights['kill launcher'] = 0
    kinds = rng.choices(list(weights), weights.values(), k=rng.randint(13, 19))
    # One is enough: there is nobody who starts another.
    once = [kind for kind in kinds if kind == 'kill cluster'][1:]
    for kind in once:
        kinds[kinds.index(kind)] = 'kill controller'
    return [Fault(rng, kind) for kind in kinds]


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def shut_down(pid, pick):
    """Ends about a third of the connections of a process, as a network does that is cut: how many.
    Pairs without names are no connections: those to its kernels and the like."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle, ended = os.pidfd_open(pid), 0
    try:
        for index, name in enumerate(sorted(os.listdir(f'/proc/{pid}/fd'), key=int)):
            if not os.readlink(f'/proc/{pid}/fd/{name}').startswith('socket:') or \
                    (index + int(pick * 3)) % 3:
                continue
            fd = libc.syscall(PIDFD_GETFD, handle, int(name), 0)
            if fd < 0:
                continue
            with socket.socket(fileno=fd) as taken:
                try:
                    if taken.getpeername() or taken.getsockname():
                        taken.shutdown(socket.SHUT_RDWR)
                        ended += 1
                except OSError as why:
                    if why.errno not in (errno.ENOTCONN, errno.EINVAL):
                        raise
    except (FileNotFoundError, ProcessLookupError):
        pass  # closed, or the process has ended, in between
    finally:
        os.close(handle)
    return ended


def free_ports(number):
    """Forty for a controller, near the `number`th of five hundred places: not of those that the
    system gives to whoever connects. Nobody else shall take them while there is no controller."""
    for step in range(500):
        first = 10000 + 40 * ((number + step) % 500)
        try:
            for port in range(first, first + 40):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(('0.0.0.0', port))
            return f'--ports={first}-{first + 39}'
        except OSError:
            continue
    raise RuntimeError('no ports for a controller')


class Faults:
    """Runs a schedule against a cluster, and keeps that cluster at its size meanwhile."""

    def __init__(self, world, rng, flavour, engines, kernel):
        self.world, self.flavour, self.wanted, self.kernel = world, flavour, engines, kernel
        self.plan = schedule(rng, flavour)
        # Milliseconds between heartbeats: with the fewer of them who is stopped is not given up.
        self.ping = rng.choice((250, 1000))
        self.ports = rng.randrange(500)
        self.kills_at_end = rng.random() < 0.25 and flavour != 'clock'
        self.counts = {}    # kind: how often it happened
        self.struck = set()  # pids of all that was killed, stopped or cut
        self.killed = set()
        self.adding = self.sshd = None
        self.by_hand = False  # there was a controller that no ipcluster looked after
        self.over = threading.Event()
        self.stopped = {}
        self.journal = f'{world.profile}/tasks.journal'

    # The cluster

    def start(self):
        if self.flavour == 'disk':
            os.makedirs(self.journal, mode=0o700)
            subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={JOURNAL}m,mode=700', 'tmpfs',
                            self.journal], check=True)
        if self.flavour == 'ssh':
            self.sshd = hosts.start(self.world)
        command = ['ipcluster', 'start', '-n', str(self.wanted), '--durable', '--daemonize',
                   f'--ping={self.ping}', f'--restart=on-failure:{MOST_RESTARTS}',
                   free_ports(self.ports)]
        if self.kernel != 'python':
            command.append(f'--kernel={self.kernel}')
        status, _, words = self.world.run(command, 60)
        if status:
            raise RuntimeError(f'ipcluster start: {status} {words}')

    def supervisor(self):
        """Its pid; 0 if it was killed."""
        try:
            with open(f'{self.world.profile}/pid/ipcluster.json', encoding='utf-8') as file:
                pid = json.load(file)['pid']
        except (OSError, ValueError):
            return 0
        try:
            return pid if Process(pid).state != 'Z' else 0
        except OSError:
            return 0

    def tend(self):
        """What a user does: who is gone is started again."""
        self.world.reap()
        self.world.patience.now()
        there = self.who()
        supervisor = there['cluster']
        if not supervisor and not there['controller']:
            self.world.tell('ipcontroller is started')
            self.by_hand = True
            self.world.popen(['ipcontroller', '--durable', '--restore', f'--ping={self.ping}'],
                             'controller')
            return
        missing = self.wanted - len(there['engine'])
        if missing <= 0 or (self.adding and self.adding.poll() is None):
            return
        kernel = [f'--kernel={self.kernel}']
        if supervisor and supervisor[0] not in self.stopped:
            self.world.tell(f'{missing} engines are added')
            self.adding = self.world.popen(
                ['ipcluster', 'engines', 'add', str(missing)] + kernel, 'add')
        elif not supervisor:
            self.world.tell('ipengine is started')
            self.world.popen(['ipengine'] + kernel, 'engine')

    # Who it happens to

    def who(self):
        """{kind: pids} of all that can be struck."""
        alive = self.world.alive()
        programs = {pid: program_of(pid) for pid in alive}
        found = {kind: [] for kind in ('kernel', 'guard', 'engine', 'controller', 'client',
                                       'cluster')}
        for pid, process in sorted(alive.items()):
            program = programs[pid]
            in_engine = programs.get(process.parent) == 'ipengine'
            if program == 'ipengine':
                found['guard' if in_engine else 'engine'].append(pid)
            elif in_engine:
                found['kernel'].append(pid)
            elif program == 'ipcontroller':
                found['controller'].append(pid)
            elif program in CLIENTS:
                found['client'].append(pid)
        found['cluster'] = [pid for pid in [self.supervisor()] if pid]
        return found

    def candidates(self, kind):
        return [pid for pid in self.who()[kind] if pid not in self.stopped]

    def victim(self, who, pick):
        """A pid; none if there is nobody for some time."""
        limit = time.monotonic() + 2
        while time.monotonic() < limit:
            found = self.candidates(who)
            if found:
                return found[int(pick * len(found))]
            self.tend()
            time.sleep(0.02)
        return None

    def strike(self, fault):
        what, who = fault.kind.split()
        if what == 'fill':
            self.fill_disk(0.3 + fault.length)
        elif what == 'move':
            self.world.set_clock(int((fault.pick - 0.5) * 20000))
        elif who == 'launcher':
            self.kill_launcher(fault)
            return
        else:
            self.hit(what, who, fault)
            return
        self.count(fault.kind, '')

    def count(self, kind, whom):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.world.tell(f'{kind} {whom}')

    def hit(self, what, who, fault):
        """Whether there was somebody to do it to."""
        pid = self.victim(who, fault.pick)
        if pid is None:
            return False
        self.struck.add(pid)
        if who in ('engine', 'controller'):
            self.struck |= {child for child, process in self.world.alive().items()
                            if process.parent == pid}
        try:
            if what == 'kill':
                self.killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            elif what == 'stop':
                self.stop(pid, 0.1 + 3 * fault.length ** 2)
            else:
                shut_down(pid, fault.pick)
        except ProcessLookupError:
            return False
        self.count(f'{what} {who}', pid)
        return True

    def stop(self, pid, seconds):
        os.kill(pid, signal.SIGSTOP)
        timer = threading.Timer(seconds, self.go_on, [pid])
        self.stopped[pid] = timer
        timer.start()

    def go_on(self, pid):
        self.stopped.pop(pid, None)
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass

    def fill_disk(self, seconds):
        name = f'{self.journal}/filling'
        with open(name, 'wb', buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        time.sleep(seconds)
        os.remove(name)

    def kill_launcher(self, fault):
        """While it starts what was killed: an engine, or the controller."""
        if not self.supervisor() or self.supervisor() in self.stopped:
            return
        first = last_pid()
        if fault.pick < 0.5:
            if self.adding is None or self.adding.poll() is not None:
                self.hit('kill', 'engine', fault)
                self.adding = self.world.popen(['ipcluster', 'engines', 'add', '1',
                                                f'--kernel={self.kernel}'], 'add')
        elif not self.hit('kill', 'controller', fault):
            return
        pid = self.launcher_since(first)
        # It lives for a hundredth of a second, or as long as it takes to log in.
        self.kill_launcher_after(
            pid, fault.length ** 2 * (0.5 if program_of(pid) == 'ipkit-launch-ssh' else 0.02))

    def kill_launcher_after(self, pid, pause):
        if pid is None:
            self.world.tell('no launcher came')
            return
        time.sleep(pause)
        try:
            self.killed.add(pid)
            os.kill(pid, signal.SIGKILL)
            self.count('kill launcher', pid)
        except ProcessLookupError:
            self.world.tell(f'launcher {pid} was quicker')

    def launcher_since(self, first):
        """The pid of a launcher of this world among the processes younger than `first`: looked for
        often, as they do not live long."""
        limit = time.monotonic() + 3
        while time.monotonic() < limit:
            for pid in range(first + 1, last_pid() + 1):
                if program_of(pid).startswith('ipkit-launch-') and self.world.has(pid):
                    return pid
            time.sleep(0.0005)
        return None

    def run(self):
        for fault in self.plan:
            limit = time.monotonic() + fault.after
            while time.monotonic() < limit:
                self.tend()
                time.sleep(0.15)
            self.strike(fault)
        for timer in list(self.stopped.values()):
            timer.join()
        self.over.set()

    def settle(self, limit):
        """Until the cluster is whole again: all that live are known, and nobody else. The dead are
        for a while, if they had lost the controller and so nobody could tell it."""
        end = self.world.patience.now() + limit
        while True:
            self.tend()
            status, output, words = self.world.run(['ipls', '-l', '--json'], 20)
            living = self.who()['engine']
            known = sorted(json.loads(line)['pid'] for line in output.splitlines())
            if status == 0 and known == living and len(living) >= self.wanted:
                return
            if self.world.patience.now() > end:
                raise Hang(f'the cluster was not whole again after {limit} s: {living} live, '
                           f'ipls: {status} {known} {words}')
            time.sleep(0.1)

    def stop_without_launcher(self):
        """`ipcluster stop` while the launcher that ends the engines is killed: it may fail."""
        first = last_pid()
        stopping = self.world.popen(['ipcluster', 'stop'], 'stop')
        self.kill_launcher_after(self.launcher_since(first), 0)
        status = self.world.wait(stopping, 60, 'ipcluster stop')
        self.world.tell(f'ipcluster stop without its launcher: {status}')

    def end(self):
        """Stops the cluster as its user would: what is wrong with that, as texts."""
        if self.adding:
            self.world.wait(self.adding, 60, 'ipcluster engines add')
        if self.kills_at_end:
            self.stop_without_launcher()
        command = ['ipcluster', 'stop']
        status, _, words = self.world.run(command, 60)
        if status == 69 and self.kills_at_end and 'no cluster runs' in words:
            status = 0
        if status == 69 and self.by_hand:
            # Nothing of ipcluster's is left: it says itself what to do.
            command = ['ipcancel', '--shutdown', '--hub']
            status, _, words = self.world.run(command, 60)
        problems = [f'{" ".join(command)}: {status} {words}'] if status else []
        # Those that were started by hand.
        for pid, process in self.world.popens.items():
            if process.poll() is None and pid in self.world.alive():
                process.terminate()
        return problems
