#!/usr/bin/python3 -S
# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for Microsoft's HPC Pack in tests: its `job` and `task` commands, under their names.

hpcpack_web.py is its web service on the same state. Both take only what Microsoft documents, check
job files against hpcpack.xsd and what a schema cannot say, run the tasks as processes of this
machine, STAND_IN_SLOTS at a time, and refuse what the state of a job forbids. What it cannot show:
cached credentials, templates and filters that change a job, several nodes, a real one's timing.

Its state is a file for each job in $STAND_IN. Files of the test's there: `down` (nobody answers),
`hold` (jobs stay in the queue), `nocreds` (no password is cached).
"""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from pathlib import Path

HOME = Path(os.environ["STAND_IN"])
HEAD = "HEAD1"
SLOTS = int(os.environ.get("STAND_IN_SLOTS", "8"))
WINDOWS = os.environ.get("STAND_IN_NODES") == "windows"
GRACE = float(os.environ.get("STAND_IN_GRACE", "15"))
STRICT = "STAND_IN_STRICT" in os.environ  # a second cancel may not even be by force
SHARE = "\\\\fs\\home"  # $HOME, as nodes with Windows see it
NAMESPACE = "{http://schemas.microsoft.com/HPCS2008/scheduler/}"
TEMPLATES = {"Default", "Long jobs", "Closed"}
NODE_GROUPS = {"ComputeNodes", "LinuxNodes"}
OVER = ("Finished", "Failed", "Canceled")


class Refused(Exception):
    """In the words of the scheduler; `code` is the status of the web service."""

    def __init__(self, words, code=400):
        super().__init__(words)
        self.code = code


@contextmanager
def locked():
    with open(HOME / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def load(number):
    path = HOME / f"job-{number}"
    if not path.exists():
        raise Refused(f"The job ID {number} is not valid.", 404)
    return json.loads(path.read_text())


def save(job):
    path = HOME / f"job-{job['id']}"
    path.with_suffix(".new").write_text(json.dumps(job))
    path.with_suffix(".new").rename(path)


def jobs():
    paths = [path for path in HOME.glob("job-*") if path.name[4:].isdigit()]
    return [json.loads(path.read_text()) for path in sorted(paths, key=lambda p: int(p.name[4:]))]


# -- job files


def read_job_file(text):
    """A job in the state Configuring, not yet on record."""
    checked = subprocess.run(
        ["xmllint", "--noout", "--nonet", "--schema",
         str(Path(__file__).resolve().with_name("hpcpack.xsd")), "-"],
        input=text, capture_output=True, check=False)
    if checked.returncode != 0:
        raise Refused("The job file is not valid: " + checked.stderr.decode().splitlines()[0])
    root = ET.fromstring(text.decode("utf-8"))
    if root.get("JobTemplate", "Default") not in TEMPLATES:
        raise Refused(f"The job template {root.get('JobTemplate')} does not exist.")
    for group in filter(None, root.get("NodeGroups", "").split(",")):
        if group not in NODE_GROUPS:
            raise Refused(f"The node group {group} does not exist.")
    tasks = root.findall(f"{NAMESPACE}Tasks/{NAMESPACE}Task")
    for element in [root, *tasks]:
        unit = element.get("UnitType", "Core")
        least, most = (int(element.get(f"{word}{unit}s", "1")) for word in ("Min", "Max"))
        if not 1 <= least <= most:
            raise Refused(f"{unit}: the minimum {least} and the maximum {most} do not agree.")
    return {"name": root.get("Name", ""), "state": "Configuring", "message": "", "until": 0,
            "owner": root.get("Owner", ""), "attributes": dict(root.attrib),
            "tasks": [read_task(task) for task in tasks]}


def read_task(element):
    variables = {}
    for variable in element.findall(f"{NAMESPACE}EnvironmentVariables/{NAMESPACE}Variable"):
        name, value = (variable.findtext(NAMESPACE + word) for word in ("Name", "Value"))
        if name in variables:
            raise Refused(f"The variable {name} is there twice.")
        variables[name] = value
    for name in ("WorkDirectory", "StdOutFilePath", "StdErrFilePath"):
        path = element.get(name, "")
        if WINDOWS and "/" in path:
            raise Refused(f"{name}: {path} is not a path of Windows.")
        if not WINDOWS and "\\" in path:
            raise Refused(f"{name}: {path} is not a path of Linux.")
    return {"command": element.get("CommandLine"), "environment": variables, "pid": 0,
            "state": "Configuring", "directory": element.get("WorkDirectory", ""), "message": "",
            "out": element.get("StdOutFilePath", ""), "err": element.get("StdErrFilePath", "")}


def split_windows(line):
    """Words of a command line as CommandLineToArgvW finds them."""
    words, word, quoted, begun, at = [], "", False, False, 0
    while at < len(line):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        at += slashes
        if at < len(line) and line[at] == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                quoted = not quoted
            begun = True
            at += 1
            continue
        word += "\\" * slashes
        begun = begun or bool(slashes)
        if at == len(line):
            break
        if line[at] in " \t" and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word += line[at]
            begun = True
        at += 1
    return words + [word] if begun else words


def here(path):
    """Where a path of the nodes' is on this machine."""
    if not WINDOWS:
        return path
    return path.replace(SHARE, os.environ["HOME"]).replace("\\", "/")


def argv_of(command):
    if not WINDOWS:
        return ["/bin/bash", "-c", command]
    words = split_windows(command)
    name = words[0].rpartition("\\")[2]
    if not name.endswith(".exe"):
        raise OSError(2, f"no program {words[0]}")
    program = Path(os.environ["IPKIT_BUILD"]) / "bin" / name[:-4]
    return [str(program)] + [here(word) if SHARE in word else word for word in words[1:]]


# -- what happens by itself


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def begin(job, number):
    """Starts a task; its exit status is left in a file, as who waits for it may be gone."""
    task = job["tasks"][number - 1]
    environment = {name: os.environ[name] for name in ("HOME", "STAND_IN", "IPKIT_TEST_WORLD")
                   if name in os.environ}
    environment.update(PATH="/usr/bin:/bin", LC_ALL="C.UTF-8", CCP_JOBID=str(job["id"]),
                       CCP_TASKID=str(number), CCP_SCHEDULER=HEAD)
    environment.update(task["environment"])
    code = HOME / f"code-{job['id']}.{number}"
    try:
        directory = here(task["directory"]) or os.environ["HOME"]
        streams = [open(Path(directory) / here(task[name]), "ab") if task[name] else None
                   for name in ("out", "err")]
        process = subprocess.Popen(
            ["/bin/sh", "-c", 'trap : TERM INT; "$@"; echo $? >"$0"', str(code),
             *argv_of(task["command"])],
            env=environment, cwd=directory, stdin=subprocess.DEVNULL,
            stdout=streams[0] or subprocess.DEVNULL, stderr=streams[1] or subprocess.DEVNULL,
            start_new_session=True)
        task.update(pid=process.pid, state="Running")
    except OSError as problem:
        task.update(state="Failed", message=f"Task failed to start: {problem}")


def kill(task, number):
    if task["state"] in ("Running", "Canceling"):
        try:
            os.killpg(task["pid"], number)
        except ProcessLookupError:
            pass


def look_at_task(job, number):
    task = job["tasks"][number - 1]
    if task["state"] == "Canceling" and time.time() > task["until"]:
        kill(task, signal.SIGKILL)
    if task["state"] not in ("Running", "Canceling") or alive(task["pid"]):
        return
    if task["state"] == "Canceling":
        task["state"] = "Canceled"
        return
    code = HOME / f"code-{job['id']}.{number}"
    status = code.read_text().strip() if code.exists() else "-1"
    task["state"] = "Finished" if status == "0" else "Failed"
    if status != "0":
        task["message"] = f"Task failed with exit code {status}"


def turn():
    """Ends are noticed; who waits begins where there is room."""
    all_jobs = jobs()
    for job in all_jobs:
        for number in range(1, len(job["tasks"]) + 1):
            look_at_task(job, number)
    used = sum(task["state"] in ("Running", "Canceling") for job in all_jobs
               for task in job["tasks"])
    for job in all_jobs:
        if job["state"] == "Submitted":
            job["state"] = "Queued"
        if job["state"] in ("Queued", "Running") and not (HOME / "hold").exists():
            for number, task in enumerate(job["tasks"], 1):
                if task["state"] == "Queued" and used < SLOTS:
                    begin(job, number)
                    job["state"] = "Running"
                    used += 1
        states = {task["state"] for task in job["tasks"]}
        if job["state"] in ("Running", "Canceling") and states <= set(OVER):
            job["state"] = ("Canceled" if job["state"] == "Canceling"
                            else "Finished" if states == {"Finished"} else "Failed")
            job["message"] = job["message"] or "; ".join(
                sorted({task["message"] for task in job["tasks"]} - {""}))
        save(job)


# -- what a client may ask for


def create(text):
    job = read_job_file(text)
    last = HOME / "last"
    job["id"] = int(last.read_text()) + 1 if last.exists() else 101
    last.write_text(str(job["id"]))
    save(job)
    return job["id"]


def submit(number):
    job = load(number)
    if job["state"] != "Configuring":
        raise Refused(f"Job {number} cannot be submitted: it is {job['state']}.")
    if job["attributes"].get("JobTemplate") == "Closed":
        raise Refused("You do not have permission to use the job template Closed.", 403)
    job["state"] = "Submitted"
    for task in job["tasks"]:
        task["state"] = "Queued"
    save(job)


def cancel_task_of(task, force):
    if task["state"] == "Running":
        kill(task, signal.SIGKILL if force else signal.SIGTERM)
        task.update(state="Canceling", until=time.time() + GRACE)
    elif task["state"] == "Canceling" and force:
        kill(task, signal.SIGKILL)
    elif task["state"] not in OVER:
        task["state"] = "Canceled"


def cancel(number, force, message=""):
    job = load(number)
    if job["state"] in OVER or (job["state"] == "Canceling" and (STRICT or not force)):
        raise Refused(f"Job {number} cannot be canceled: it is {job['state']}.")
    for task in job["tasks"]:
        cancel_task_of(task, force)
    job.update(state="Canceling", message=message)
    save(job)
    turn()


def find_task(job, number):
    if not 1 <= number <= len(job["tasks"]):
        raise Refused(f"The task ID {job['id']}.{number} is not valid.", 404)
    return job["tasks"][number - 1]


def cancel_task(number, task, force):
    job = load(number)
    found = find_task(job, task)
    if found["state"] in OVER or (found["state"] == "Canceling" and (STRICT or not force)):
        raise Refused(f"Task {number}.{task} cannot be canceled: it is {found['state']}.")
    cancel_task_of(found, force)
    save(job)
    turn()


def view(number, task=0):
    turn()
    job = load(number)
    if task:
        found = find_task(job, task)
        return {"Task Id": f"{number}.{task}", "Parent Job Id": str(number),
                "State": found["state"], "Error Message": found["message"],
                "Command Line": found["command"]}
    waits = job["state"] == "Queued"
    return {"Id": str(number), "Name": job["name"], "State": job["state"],
            "Owner": job["owner"], "Task Count": str(len(job["tasks"])),
            "Pending Reason": "Not enough resources: cores" if waits else "None",
            "Error Message": job["message"]}


# -- the commands


def options_of(words, known):
    """Values of /name:value, by name; what is not known is refused."""
    found = {}
    for word in words:
        match = re.fullmatch(r"/([A-Za-z]+)(?::(.*))?", word, re.S)
        name = match[1].lower() if match else ""
        if name not in known or name in found or (match[2] is None) == known[name]:
            raise Refused(f"The parameter '{word}' is not valid.")
        found[name] = match[2]
    if found.get("scheduler", os.environ.get("CCP_SCHEDULER")) != HEAD:
        raise Refused(f"Could not connect to the head node {found.get('scheduler')}.")
    return found


def numbers_of(text, parts):
    if not re.fullmatch(r"\d+" + r"\.\d+" * (parts - 1), text):
        raise Refused(f"The ID {text} is not valid.")
    return [int(part) for part in text.split(".")]


def command_submit(words):
    given = options_of(words, {"jobfile": True, "scheduler": True, "user": True})
    path = Path(given.get("jobfile", ""))
    if not path.is_file():
        raise Refused(f"The job file {path} does not exist.")
    if (HOME / "nocreds").exists():
        sys.stdout.write(f"Enter the password for 'LAB\\me' to connect to '{HEAD}': ")
        if not sys.stdin.readline():
            raise Refused("The password was not given.")
    number = create(path.read_bytes())
    submit(number)
    turn()
    if "STAND_IN_FAILS" in os.environ:
        sys.stdout.write(f"Job has been submitted. ID: {number}.\r\n")
        raise Refused("The credentials could not be saved.")
    return [os.environ.get("STAND_IN_ANSWER", "Job has been submitted. ID: {}.").format(number)]


def command_view(words, parts):
    options_of(words[1:], {"scheduler": True, "detailed": False})
    return [f"{name:<32}: {value}" for name, value in view(*numbers_of(words[0], parts)).items()]


def command_cancel(words, parts):
    given = options_of(words[1:], {"scheduler": True, "force": False, "message": True})
    numbers = numbers_of(words[0], parts)
    if parts == 1:
        cancel(*numbers, "force" in given, given.get("message", ""))
    else:
        cancel_task(*numbers, "force" in given)
    return []


def main():
    name, verb, words = Path(sys.argv[0]).name, sys.argv[1], sys.argv[2:]
    parts = {"job": 1, "task": 2}[name]
    with locked():
        with open(HOME / "calls", "a") as calls:
            calls.write(f"{name} {' '.join(sys.argv[1:])}\n")
        try:
            if (HOME / "down").exists():
                raise Refused(f"Could not connect to the head node {HEAD}.")
            if verb == "submit" and parts == 1:
                lines = command_submit(words)
            elif verb == "view" and words:
                lines = command_view(words, parts)
            elif verb == "cancel" and words:
                lines = command_cancel(words, parts)
            else:
                raise Refused(f"'{verb}' is not a verb of {name}.")
        except Refused as refused:
            sys.stdout.write(f"{refused}\r\n")
            sys.exit(1)
    sys.stdout.write("".join(line + "\r\n" for line in lines))


if __name__ == "__main__":
    main()
