# SPDX-License-Identifier: BSD-3-Clause
"""One controller, the reference's or ours, and reference engines that start when told to."""
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time

LIMIT = 60  # seconds any single wait may take
REFERENCE, OURS = "reference", "ours"
RANGE = 32  # ports of one controller, more than enough
BEGINNINGS = itertools.count(10000 + os.getpid() * 7 % 500 * RANGE, RANGE)


def free_ports():
    """Ports nobody listens at, and no system gives away: what the reference picks for itself may
    be somebody else's before it binds it."""
    def is_free(port):
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) != 0

    return next("%d-%d" % (first, first + RANGE - 1) for first in BEGINNINGS
                if all(map(is_free, range(first, first + RANGE))))


class Cluster:
    """Processes and files of one side, all of them in `directory`."""

    def __init__(self, side, directory, options=(), engines=0):
        self.side = side
        self.directory = directory
        self.work = os.path.join(directory, "work")
        self.profile = os.path.join(directory, "profile")
        self.security = os.path.join(self.profile, "security")
        for path in (self.work, self.security):
            os.makedirs(path)
        for name in ("log", "pid", "startup"):
            os.makedirs(os.path.join(self.profile, name))
        program = [os.path.join(os.environ["IPKIT_BUILD"], "bin", "ipcontroller")]
        if side == REFERENCE:
            program = [sys.executable, "-m", "ipyparallel.controller"]
            program.append("--ports=" + free_ports())
            hide_dask(directory)
        self.controller = self._start("controller", program + [
            "--profile-dir=" + self.profile, "--ip=127.0.0.1", *options])
        self.engines = [self._start_engine(n) for n in range(engines)]

    def _start(self, name, command):
        log = open(os.path.join(self.directory, name + ".log"), "wb")
        environment = dict(os.environ, USER="tester", LOGNAME="tester", IPYTHONDIR=self.directory)
        if name == "controller":
            environment["PYTHONPATH"] = os.path.join(self.directory, "hidden")
        with log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    cwd=self.work, env=environment)

    def _start_engine(self, number):
        return self._start("engine-%d" % number, [
            sys.executable, "-m", "ipyparallel.engine", "--profile-dir=" + self.profile,
            "--file=" + self._gate(number), "--IPEngine.wait_for_url_file=%d" % LIMIT,
            "--IPEngine.timeout=%d" % LIMIT, "--IPEngine.id=%d" % number,
            "--Session.session=engine-%d" % number])

    def _gate(self, number):
        return os.path.join(self.directory, "engine-%d.json" % number)

    def _file(self, kind):
        return os.path.join(self.security, "ipcontroller-%s.json" % kind)

    def connection(self, kind):
        """The connection file for `kind`, as soon as both are there and whole."""
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                with open(self._file("engine")) as engine, open(self._file(kind)) as file:
                    json.load(engine)
                    return json.load(file)
            except (OSError, ValueError):
                pass
            if self.controller.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("%s: no connection file" % self.side)
            time.sleep(0.02)

    def admit(self, number):
        """Lets an engine, which has long loaded everything, see its file."""
        shutil.copy(self._file("engine"), self._gate(number) + ".new")
        os.rename(self._gate(number) + ".new", self._gate(number))

    def ended(self):
        """How the controller ended, and which files it left."""
        status = self.controller.wait(LIMIT)
        return {"exit status": status, "files": sorted(os.listdir(self.security))}

    def stop(self):
        """Ends what is left; the controller last, as engines tell it that they go."""
        for process in self.engines + [self.controller]:
            if process.poll() is None:
                process.terminate()
        for process in self.engines + [self.controller]:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def hide_dask(directory):
    """The reference would start dask's scheduler where that is installed."""
    hidden = os.path.join(directory, "hidden")
    os.makedirs(hidden)
    with open(os.path.join(hidden, "distributed.py"), "w") as file:
        file.write('raise ModuleNotFoundError("No module named \'distributed\'")\n')
