# SPDX-License-Identifier: BSD-3-Clause
"""The world of one round: its directories, what runs in it, and what it leaves behind."""
import ctypes
import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
LAST_WAIT = 15  # seconds a process may take to end once its cluster has been stopped


class Hang(Exception):
    """Something did not end within its limit."""


class Patience:
    """A clock for limits, in seconds. While others have the machine to themselves it goes slowly:
    what is late then does not hang."""

    def __init__(self):
        self.passed, self.then, self.idle = 0.0, time.monotonic(), self.spare()
        self.lock = threading.Lock()
        self.longest = 0.0  # that nobody came by: a machine that stood still is no witness

    @staticmethod
    def spare():
        """Seconds that processors had nothing to do, all of them together, since the start."""
        with open('/proc/stat', encoding='ascii') as file:
            fields = file.readline().split()
        return (int(fields[4]) + int(fields[5])) / os.sysconf('SC_CLK_TCK')

    def now(self):
        with self.lock:
            time_now, idle = time.monotonic(), self.spare()
            step = time_now - self.then
            self.longest = max(self.longest, step)
            # One that is long was spent without us: we were stopped, or had no processor.
            self.passed += min(step, 1, 0.15 * step + idle - self.idle)
            self.then, self.idle = time_now, idle
            return self.passed


class Process:
    """A line of /proc: what can be told of a process without asking it."""

    def __init__(self, pid):
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
            rest = file.read().rpartition(')')[2].split()
        self.pid, self.state, self.parent = pid, rest[0], int(rest[1])


def program_of(pid):
    try:
        # A program that was built anew meanwhile is called "… (deleted)".
        return os.path.basename(os.readlink(f'/proc/{pid}/exe')).split(' ')[0]
    except OSError:
        return ''


def last_pid():
    """That of the youngest process of all."""
    with open('/proc/loadavg', encoding='ascii') as file:
        return int(file.read().split()[-1])


def processes():
    """{pid: Process} of all there are."""
    found = {}
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                found[int(name)] = Process(int(name))
            except (OSError, IndexError):
                pass  # it has just ended
    return found


def descendants():
    """{pid: Process} of what this process started, and what that left to it as its subreaper."""
    everybody = processes()
    children = {}
    for process in everybody.values():
        children.setdefault(process.parent, []).append(process.pid)
    found, due = {}, list(children.get(os.getpid(), []))
    while due:
        pid = due.pop()
        found[pid] = everybody[pid]
        due += children.get(pid, [])
    return found


class World:
    """Directories of its own, and the programs of the build first on PATH."""

    def __init__(self, path, build, python, clock=False):
        self.path, self.build, self.python = path, build, python
        self.profile = f'{path}/ipython/profile_default'
        self.begun = time.monotonic()
        self.patience = Patience()
        self.popens = {}
        self.holder = None  # of libfaketime's memory
        self.lock = threading.Lock()
        directories = {'HOME': 'home', 'IPYTHONDIR': 'ipython', 'TMPDIR': 'tmp',
                       'XDG_RUNTIME_DIR': 'run'}
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(('IPKIT_', 'IPP_'))}
        for name, part in directories.items():
            os.makedirs(f'{path}/{part}', mode=0o700)
            self.environment[name] = f'{path}/{part}'
        os.makedirs(f'{path}/work')
        self.environment.update(
            PATH=f'{build}/bin:' + os.environ['PATH'], LC_ALL='C.UTF-8', IPKIT_PYTHON=python,
            IPKIT_STDIN='none')
        if clock:
            self.set_clock(0)
            self.environment.update(
                LD_PRELOAD=FAKETIME, FAKETIME_TIMESTAMP_FILE=f'{path}/clock',
                FAKETIME_CACHE_DURATION='1', FAKETIME_DONT_FAKE_MONOTONIC='1')
            self.environment['FAKETIME_SHARED'] = self.hold_faketime()
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def hold_faketime(self):
        """Where libfaketime keeps what all processes share. The first of them removes it as it
        ends, and who starts then cannot begin: so the first is one that stays."""
        self.holder = subprocess.Popen(['sh', '-c', 'echo "$FAKETIME_SHARED"; exec sleep 3600'],
                                       env=self.environment, stdout=subprocess.PIPE, text=True)
        return self.holder.stdout.readline().strip()

    def let_faketime_go(self):
        if self.holder:
            self.holder.kill()
            self.holder.wait()
            for kind, name in zip(('sem.', ''), self.environment['FAKETIME_SHARED'].split()):
                try:
                    os.remove('/dev/shm/' + kind + name.lstrip('/'))
                except FileNotFoundError:
                    pass

    def set_clock(self, offset):
        """What every process of a world with a clock sees from now on, in seconds off."""
        with open(f'{self.path}/clock.new', 'w', encoding='utf-8') as file:
            file.write(f'{offset:+d}\n')
        os.rename(f'{self.path}/clock.new', f'{self.path}/clock')

    def tell(self, text):
        with open(f'{os.path.dirname(self.path)}/story', 'a', encoding='utf-8') as file:
            file.write(f'{time.monotonic() - self.begun:6.2f} {text}\n')

    def popen(self, command, name, **options):
        """A process of this world; what it says, unless the caller wants it, is in NAME.log."""
        with open(f'{self.path}/{name}.log', 'ab') as log:
            options = {'stdin': subprocess.DEVNULL, 'stdout': log, 'stderr': log,
                       'env': self.environment, 'cwd': f'{self.path}/work',
                       'start_new_session': True} | options
            with self.lock:
                process = subprocess.Popen(command, **options)
                self.popens[process.pid] = process
        return process

    def wait(self, process, limit, what):
        """Its status. Past the limit it is killed with its group, and that is a hang."""
        end = self.patience.now() + limit
        if process.poll() is not None:
            return process.returncode
        handle = os.pidfd_open(process.pid)
        try:
            while process.poll() is None:
                if self.patience.now() < end:
                    select.select([handle], [], [], 0.25)
                    # Who waits for the end of one that we started shall see it.
                    for other in list(self.popens.values()):
                        other.poll()
                    continue
                self.tell(f'HANG {what}')
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise Hang(f'{what}: not ended after {limit:.0f} s')
        finally:
            os.close(handle)
        return process.returncode

    def run(self, command, limit):
        """(status, output, words) of a command that ends within `limit` seconds."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self.popen(command, 'run', stdout=out, stderr=err)
            try:
                status = self.wait(process, limit, ' '.join(command)[:200])
            except Hang as why:
                err.seek(0)
                raise Hang(f'{why}; its words: {err.read().decode(errors="replace")}') from None
            texts = []
            for file in out, err:
                file.seek(0)
                texts.append(file.read().decode(errors='replace'))
        return status, *texts

    def reap(self):
        """Takes leave of children that others left to us."""
        with self.lock:
            for process in descendants().values():
                if process.state == 'Z' and process.parent == os.getpid() and \
                        process.pid not in self.popens:
                    try:
                        os.waitpid(process.pid, os.WNOHANG)
                    except ChildProcessError:
                        pass

    def alive(self):
        return {pid: process for pid, process in descendants().items() if process.state != 'Z'}

    def has(self, pid):
        """Whether it is one of this world's, or was a moment ago."""
        try:
            with open(f'/proc/{pid}/environ', 'rb') as file:
                return f'HOME={self.path}/home'.encode() in file.read().split(b'\0')
        except OSError:
            return False

    def orphans(self):
        """What still runs when nothing should, as command lines; it is killed."""
        limit = self.patience.now() + LAST_WAIT
        while self.patience.now() < limit:
            self.reap()
            if not self.alive():
                return []
            time.sleep(0.05)
        left = []
        for pid in self.alive():
            try:
                with open(f'/proc/{pid}/cmdline', encoding='utf-8', errors='replace') as file:
                    left.append(f'{pid} ' + file.read().replace('\0', ' ')[:150])
            except OSError:
                continue
        self.kill_all()
        return left

    def kill_all(self):
        for pid in self.alive():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        limit = time.monotonic() + 5
        while self.alive() and time.monotonic() < limit:
            self.reap()
            time.sleep(0.02)

    def leftovers(self, restored):
        """Files that a stopped cluster has no use for. A controller with --restore that was started
        by hand (`restored`) leaves its connection files for the next one."""
        left = []
        parts = [f'{self.path}/tmp', f'{self.path}/run', f'{self.profile}/pid']
        for part in parts + ([] if restored else [f'{self.profile}/security']):
            for directory, _, names in os.walk(part):
                left += [os.path.relpath(f'{directory}/{name}', self.path) for name in names]
        return left

    def remove(self):
        subprocess.run(['umount', '-l', f'{self.profile}/tasks.journal'], check=False,
                       stderr=subprocess.DEVNULL)
        shutil.rmtree(self.path, ignore_errors=True)
