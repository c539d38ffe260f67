# SPDX-License-Identifier: BSD-3-Clause
# What the measurements share: a temporary world, processes ended by pid, medians, lines, CSV.
# Standard library only.

import csv
import datetime
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
BIN = os.environ.get("IPKIT_BIN", os.path.join(BUILD, "bin"))
TOOLS = os.path.join(BUILD, "bench")
RIVAL_PYTHON = os.environ.get("RIVAL_PYTHON", "/usr/bin/python3")
CORE = 0  # where pinned processes run
START_LIMIT = 20  # seconds until something is up or the measurement is given up


class Failed(Exception):
    """A measurement that cannot be made, and why."""


def output_of(command, **options):
    """Standard output of a short command, or '' if it cannot be had."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True,
                              **options).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def cpu_model():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def conditions():
    """Lines that say where and when figures were made."""
    load = "%.1f %.1f %.1f" % os.getloadavg()
    zmq = output_of(["pkg-config", "--modversion", "libzmq"]) or "unknown"
    rival = output_of([RIVAL_PYTHON, "-c", "import ipyparallel; print(ipyparallel.__version__)"])
    commit = output_of(["git", "describe", "--always", "--dirty"], cwd=TOP) or "unknown"
    return [
        f"# machine: {cpu_model()}, {os.cpu_count()} cores, Linux {platform.release()}, loopback",
        f"# versions: ipkit {commit}, libzmq {zmq}, ipyparallel {rival or 'not installed'},"
        f" Python {platform.python_version()}",
        f"# date: {datetime.datetime.now().astimezone().isoformat(timespec='seconds')},"
        f" load average before: {load}",
    ]


def pinned_command(command):
    return ["taskset", "-c", str(CORE), *command]


class World:
    """A temporary directory and the processes started in it; all ended at the end of the block."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="ipkit-bench-")
        self.env = dict(os.environ, HOME=self.path, IPYTHONDIR=self.path, TMPDIR=self.path)
        self.env["PATH"] = BIN + os.pathsep + self.env["PATH"]
        for name in [n for n in self.env if n.startswith(("IPKIT_", "IPP_"))]:
            del self.env[name]
        self.processes = []

    def __enter__(self):
        # An ended bench is cleaned up after, too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return self

    def __exit__(self, *_):
        for process in self.processes:
            self.end(process)
        shutil.rmtree(self.path, ignore_errors=True)

    def log_path(self, name):
        return os.path.join(self.path, name + ".log")

    def start(self, name, command, pinned=False, **options):
        """Starts a process that runs until the end; its output goes to a log."""
        with open(self.log_path(name), "ab") as log:
            options.setdefault("stdin", subprocess.DEVNULL)
            options.setdefault("stdout", log)
            options.setdefault("stderr", log)
            process = subprocess.Popen(pinned_command(command) if pinned else command,
                                       env=self.env, cwd=self.path, **options)
        process.bench_name = name
        self.processes.insert(0, process)  # the last one is ended first
        return process

    def end(self, process):
        for name in ("SIGTERM", "SIGKILL"):
            if process.poll() is None:
                process.send_signal(getattr(signal, name))
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    continue

    def run(self, command, limit, pinned=False):
        """Output of a command that must end well within `limit` seconds."""
        try:
            done = subprocess.run(pinned_command(command) if pinned else command, env=self.env,
                                  cwd=self.path, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            raise Failed(f"{os.path.basename(command[0])}: no end after {limit} s") from None
        except OSError as error:
            raise Failed(str(error)) from None
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def wait_file(self, path, process, patience=START_LIMIT):
        """Waits until `process` has written the file."""
        limit = time.monotonic() + patience
        while not (os.path.exists(path) and os.path.getsize(path)):
            if process.poll() is not None or time.monotonic() > limit:
                raise Failed(f"{process.bench_name} did not start: {self.last_words(process)}")
            time.sleep(0.01)

    def wait_line(self, text, process, patience=START_LIMIT):
        """Waits until `process` has said `text`."""
        limit = time.monotonic() + patience
        while text not in self.said(process):
            if process.poll() is not None or time.monotonic() > limit:
                raise Failed(f"{process.bench_name} did not start: {self.last_words(process)}")
            time.sleep(0.01)

    def said(self, process):
        with open(self.log_path(process.bench_name), errors="replace") as log:
            return log.read()

    def last_words(self, process):
        return " / ".join(self.said(process).strip().splitlines()[-3:])


class Cluster:
    """Our controller and two engines."""

    def __init__(self, world, name, hwm=None, kernel="echo", pinned=False, engines=2,
                 controller=()):
        self.world, self.pinned, self.engines = world, pinned, engines
        directory = self.directory = os.path.join(world.path, name)
        self.file = os.path.join(directory, "security", "ipcontroller-client.json")
        common = self.profile = ["--profile-dir=" + directory]
        self.controller = world.start(name + "-controller", [
            os.path.join(BIN, "ipcontroller"), *common, *([f"--hwm={hwm}"] if hwm else []),
            *controller], pinned)
        world.wait_file(self.file, self.controller)
        self.engine_processes = [
            world.start(f"{name}-engine-{i}", [os.path.join(BIN, "ipengine"), *common,
                                               "--kernel=" + kernel], pinned)
            for i in range(engines)]

    def load(self, channel, count, window, *more):
        """Figures of one run of the load generator."""
        return figures(self.world.run(
            [os.path.join(TOOLS, "load"), self.file, channel, str(count), str(window),
             str(self.engines), *more], max(300, count // 1000), self.pinned))


class Rival:
    """ipyparallel's client, and its controller and engines or, given a command, others."""

    def __init__(self, world, name="rival", engines=2, controller=None, engine=None,
                 arguments=(), pinned=False):
        directory = os.path.join(world.path, name)
        for part in ("security", "log", "pid", "startup"):
            os.makedirs(os.path.join(directory, part))
        file = os.path.join(directory, "security", "ipcontroller-client.json")
        python = [RIVAL_PYTHON, "-m"]
        common = ["--profile-dir=" + directory]
        self.controller = world.start(name + "-controller", [
            *(controller or [*python, "ipyparallel.controller"]), *common, *arguments], pinned)
        world.wait_file(file, self.controller)
        for i in range(engines):
            world.start(f"{name}-engine-{i}", [*(engine or [*python, "ipyparallel.engine"]),
                                               *common], pinned)
        self.client = world.start(name + "-client", [
            RIVAL_PYTHON, os.path.join(TOP, "bench", "ipyparallel_client.py"), file, str(engines)],
            pinned, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.world = world
        self.versions = self.answer()

    def answer(self):
        line = read_line(self.client.stdout, 120)
        if not line:
            raise Failed("ipyparallel: " + self.world.last_words(self.client))
        return json.loads(line)

    def round(self, first, second):
        """Figures of one line of ipyparallel_client.py's input."""
        self.client.stdin.write(f"{first} {second}\n")
        self.client.stdin.flush()
        return self.answer()


def read_line(stream, limit):
    """One line, or '' if none comes within `limit` seconds."""
    import select
    ready, _, _ = select.select([stream], [], [], limit)
    return stream.readline() if ready else ""


def figures(text):
    """{name: value} of the lines `name value unit`."""
    return {line.split()[0]: float(line.split()[1]) for line in text.splitlines()}


def cpu_seconds(pid):
    """Processor time of a process, user and system, all its threads."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
    return 0.0


class Rounds:
    """Figures by name, one value for each round; ratios are made inside a round."""

    def __init__(self):
        self.rounds = []

    def begin(self):
        self.rounds.append({})

    def put(self, name, value):
        self.rounds[-1][name] = value

    def has(self, name):
        return any(name in each for each in self.rounds)

    def median(self, name):
        return statistics.median([each[name] for each in self.rounds if name in each])

    def ratio(self, name, base):
        """Median of the rounds' own ratios; None if there is no round with both."""
        both = [each[name] / each[base] for each in self.rounds if each.get(base) and name in each]
        return statistics.median(both) if both else None

    def write_csv(self, name):
        """The rounds as build/bench/NAME.csv, the lines printed so far beside it as NAME.txt."""
        os.makedirs(TOOLS, exist_ok=True)
        with open(os.path.join(TOOLS, name + ".txt"), "w") as file:
            file.writelines(line + "\n" for line in printed)
        path = os.path.join(TOOLS, name + ".csv")
        with open(path, "w", newline="") as file:
            file.writelines(line + "\n" for line in conditions())
            table = csv.writer(file)
            table.writerow(["round", "figure", "value"])
            for number, each in enumerate(self.rounds, 1):
                table.writerows([number, figure, f"{value:.3f}"] for figure, value in each.items())
        return path


def verdict(value, goal):
    """`goal` is '<=1.9' or '>=0.2'."""
    limit = float(goal[2:])
    met = value <= limit if goal.startswith("<=") else value >= limit
    return "met" if met else "MISSED"


printed = []  # the lines of this program


def line(name, value, unit, to_limit=None, to_rival=None, notes="", goals=()):
    """Prints one figure. goals: (ratio or value, '<=x' or '>=x', what it is about)."""
    shown = [f"{ratio:.3g}x" if ratio is not None else "-" for ratio in (to_limit, to_rival)]
    judged = [f"goal:{about}{goal}={verdict(number, goal)}" for number, goal, about in goals
              if number is not None]
    digits = 0 if value >= 1000 else 1 if value >= 10 else 2
    printed.append(" ".join([
        f"{name:34} {value:>9.{digits}f} {unit:8} {shown[0]:>7} {shown[1]:>7}", notes,
        *judged]).rstrip())
    print(printed[-1], flush=True)
