#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for the commands of PBS, Torque, LSF, HTCondor and LoadLeveler in tests.

Called under the name of one of them, it takes only what the real one takes (from the manuals, and
for PBS from a real OpenPBS 23.06), runs the jobs as processes of this machine, two at a time, and
answers in the real one's words. Its state is a file for each task in $STAND_IN; `down` there is a
system that does not answer.
"""

import fcntl
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(os.environ["STAND_IN"])
FLAVOUR = os.environ.get("STAND_IN_FLAVOUR", "pro")
SLOTS = int(os.environ.get("STAND_IN_SLOTS", "8"))
HOST = "h1"


def fail(text, code):
    sys.stderr.write(text + "\n")
    sys.exit(code)


# -- tasks: {job, task, name, argv, env, cwd, out, pid, state}; state: waiting, running, over


def load():
    return [json.loads(path.read_text()) for path in sorted(HOME.glob("task-*"))]


def save(task):
    path = HOME / f"task-{task['job']:06d}-{task['task']:06d}"
    path.with_suffix(".new").write_text(json.dumps(task))
    path.with_suffix(".new").rename(path)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def begin(task):
    out = open(task["out"], "ab") if task["out"] else subprocess.DEVNULL
    process = subprocess.Popen(
        task["argv"], env=task["env"], cwd=task["cwd"], stdin=subprocess.DEVNULL, stdout=out,
        stderr=subprocess.STDOUT, start_new_session=True)
    task.update(pid=process.pid, state="running")
    save(task)


def turn():
    """What would happen by itself: ends are noticed, who waits begins where there is room."""
    tasks = load()
    for task in tasks:
        if task["state"] == "running" and not alive(task["pid"]):
            task["state"] = "over"
            save(task)
    free = SLOTS - sum(task["state"] == "running" for task in tasks)
    for task in tasks:
        if task["state"] == "waiting" and free > 0:
            begin(task)
            free -= 1
    return tasks


def add(name, numbers, argv, env, out, cwd, variables):
    """A job with a task for each number; `variables` gives what a task's environment has more."""
    job = int((HOME / "last").read_text()) + 1 if (HOME / "last").exists() else 101
    (HOME / "last").write_text(str(job))
    for number in numbers:
        save({"job": job, "task": number, "name": name, "argv": argv, "cwd": cwd,
              "env": {**env, **variables(job, number)}, "out": out, "pid": 0, "state": "waiting"})
    turn()
    return job


def end(tasks, number=signal.SIGTERM):
    for task in tasks:
        if task["state"] == "running":
            os.killpg(task["pid"], number)
            if number == signal.SIGTERM:
                limit = time.monotonic() + 5
                while alive(task["pid"]) and time.monotonic() < limit:
                    time.sleep(0.02)
                if alive(task["pid"]):
                    os.killpg(task["pid"], signal.SIGKILL)
        if number == signal.SIGTERM:
            task["state"] = "over"
            save(task)


def environment(exported):
    if exported:
        return dict(os.environ)
    return {"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"]}


def lines_of(text, prefix):
    """Option words of all lines for the system, which end at the first command."""
    words = []
    for line in text.splitlines()[1:]:
        if line.startswith(prefix):
            words += shlex.split(line[len(prefix):])
        elif line and not line.startswith("#"):
            break
    return words


def options(words, known, usage):
    """Pairs of options and values; `known` maps an option to whether it has a value."""
    found, words = [], list(words)
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word not in known:
            fail(usage(word), 2)
        found.append((word, words.pop(0) if known[word] else ""))
    return found, words


# -- PBS


def pbs_usage(word):
    return f"qsub: illegal option {word}\nusage: qsub [-A account] … [script]"


def qsub(words):
    known = dict.fromkeys(["-N", "-o", "-q", "-A", "-l", "-j", "-W"], True)
    known.update({"-V": False, "-J" if FLAVOUR == "pro" else "-t": True})
    given, files = options(words, known, pbs_usage)
    script = Path(files[0]).read_text()
    if not script.startswith("#!"):
        fail("qsub: script file has no interpreter", 2)
    inside, rest = options(lines_of(script, "#PBS "), known, pbs_usage)
    if rest:
        fail(f"qsub: directive error: {' '.join(rest)}", 2)
    chosen = dict(inside + given)
    if len(chosen["-N"]) > 15:
        fail("qsub: illegal -N value", 2)
    if chosen.get("-q", "workq") != "workq":
        fail("qsub: Unknown queue", 170)
    for option, value in inside + given:
        if option == "-l" and not re.fullmatch(
                r"walltime=\d+:\d\d:\d\d|select=1:ncpus=\d+|nodes=1:ppn=\d+|qos=\w+", value):
            fail(f"qsub: Unknown resource type  Resource_List.{value}", 188)
    span = chosen.get("-J") or chosen.get("-t")
    numbers = [1]
    if span:
        match = re.fullmatch(r"1-(\d+)", span)
        if not match or int(match[1]) < 2:
            fail(f"qsub: illegal -{'J' if FLAVOUR == 'pro' else 't'} value", 2)
        numbers = range(1, int(match[1]) + 1)
    copy = HOME / f"script-{os.getpid()}"
    copy.write_text(script)
    copy.chmod(0o700)
    index = "PBS_ARRAY_INDEX" if FLAVOUR == "pro" else "PBS_ARRAYID"

    def variables(job, number):
        more = {"PBS_JOBID": f"{job}[{number}].{HOST}" if span else f"{job}.{HOST}"}
        return {**more, index: str(number)} if span else more

    job = add(chosen["-N"], numbers, [str(copy)], environment("-V" in chosen), "",
              os.environ["HOME"], variables)
    (HOME / f"array-{job}").write_text("yes" if span else "no")
    print(f"{job}[].{HOST}" if span else f"{job}.{HOST}")


def pbs_pick(command, tasks, word):
    """Tasks of 12.host, 12[].host or 12[3].host; the brackets belong to the id of an array."""
    match = re.fullmatch(r"(\d+)(?:\[(\d*)\])?(?:\.h1)?", word)
    job = int(match[1]) if match else 0
    picked = [t for t in tasks if t["job"] == job and match[2] in (None, "", str(t["task"]))]
    is_array = picked and (HOME / f"array-{job}").read_text() == "yes"
    if not picked or (match[2] is None) == bool(is_array):
        sys.stderr.write(f"{command}: Unknown Job Id {word}\n")
        return None, 153
    if all(t["state"] == "over" for t in picked):
        sys.stderr.write(f"{command}: {word} Job has finished\n")
        return None, 35
    return picked, 0


def qstat(words):
    if words == ["--version"]:
        if FLAVOUR == "pro":
            print("pbs_version = 23.06.06")
        else:
            sys.stderr.write("Version: 6.1.3\nCommit: 0\n")
        return
    if words[:2] != ["-t", "-f"] or not words[2:]:
        fail("usage: qstat [-f] [-t] [job_identifier...]", 2)
    tasks, status = turn(), 0
    for word in words[2:]:
        picked, code = pbs_pick("qstat", tasks, word)
        status = code or status
        if picked is None:
            continue
        is_array = (HOME / f"array-{picked[0]['job']}").read_text() == "yes"
        if is_array:
            print(f"Job Id: {word}\n    Job_Name = {picked[0]['name']}\n    job_state = B\n")
        for task in picked:
            number = f"[{task['task']}]" if is_array else ""
            state = {"waiting": "Q", "running": "R", "over": "X"}[task["state"]]
            print(f"Job Id: {task['job']}{number}.{HOST}\n    Job_Name = {task['name']}")
            print(f"    job_state = {state}")
            if state == "R":
                print(f"    exec_host = {HOST}/0*1\n    comment = Job run at Sun Nov 22 at 02:00")
            if state == "Q":
                print("    comment = Not Running: Insufficient amount of resource: ncpus")
                print("\t (R: 1)")
            print()
    sys.exit(status)


def qdel(words):
    if words[:2] == ["-W", "force"]:
        words = words[2:]
    tasks, status = turn(), 0
    for word in words:
        picked, code = pbs_pick("qdel", tasks, word)
        status = code or status
        end(picked or [])
    sys.exit(status)


def qsig(words):
    if words[:1] != ["-s"]:
        fail("usage: qsig [-s signal] job_identifier...", 2)
    for word in words[2:]:
        end(pbs_pick("qsig", turn(), word)[0] or [], signal.Signals["SIG" + words[1]])


# -- LSF


def bsub(words):
    text = sys.stdin.read()
    known = dict.fromkeys(["-J", "-o", "-q", "-P", "-W", "-n", "-R", "-env"], True)

    def usage(word):
        return f"{word}: Illegal option. Job not submitted."

    given, rest = options(words, known, usage)
    inside, more = options(lines_of(text, "#BSUB "), known, usage)
    if rest or more or not text.startswith("#!"):
        fail("bad script. Job not submitted.", 255)
    chosen = dict(inside + given)
    if chosen.get("-q", "normal") != "normal":
        fail(f"{chosen['-q']}: No such queue. Job not submitted.", 255)
    if not re.fullmatch(r"\d+:\d\d", chosen.get("-W", "0:01")):
        fail("Bad RUNLIMIT specification. Job not submitted.", 255)
    match = re.fullmatch(r"([^\[\]]+)(?:\[1-(\d+)\])?", chosen["-J"])
    numbers = range(1, int(match[2]) + 1) if match[2] else [0]
    job = add(match[1], numbers, ["/bin/sh", "-c", text, "sh"],
              environment(chosen.get("-env", "all") == "all"), "", os.getcwd(),
              lambda job, number: {"LSB_JOBID": str(job), "LSB_JOBINDEX": str(number)})
    print(f"Job <{job}> is submitted to queue <{chosen.get('-q', 'normal')}>.")


def lsf_pick(tasks, word):
    match = re.fullmatch(r"(\d+)(?:\[(\d+)\])?", word)
    return [t for t in tasks
            if match and t["job"] == int(match[1]) and match[2] in (None, str(t["task"]))]


def bjobs(words):
    columns = "jobid jobindex stat exec_host pend_reason exit_reason delimiter='|'"
    if words[:4] != ["-a", "-noheader", "-o", columns]:
        fail("Illegal option\nUsage: bjobs …", 255)
    tasks, status = turn(), 0
    for word in words[4:]:
        picked = lsf_pick(tasks, word)
        if not picked:
            sys.stderr.write(f"Job <{word}> is not found\n")
            status = 255
        for task in picked:
            state = {"waiting": "PEND", "running": "RUN", "over": "EXIT"}[task["state"]]
            reason = "Job slot limit reached;" if state == "PEND" else "-"
            host = HOST if state == "RUN" else "-"
            left = "TERM_OWNER: job killed by owner" if state == "EXIT" else "-"
            print(f"{task['job']}|{task['task']}|{state}|{host}|{reason}|{left}")
    sys.exit(status)


def bkill(words):
    number, status = signal.SIGTERM, 0
    if words[0] == "-s":
        number, words = signal.Signals["SIG" + words[1]], words[2:]
    elif words[0] == "-r":
        words = words[1:]
    for word in words:
        picked = lsf_pick(turn(), word)
        if not picked:
            sys.stderr.write(f"Job <{word}>: No matching job found\n")
            status = 255
        elif all(t["state"] == "over" for t in picked):
            sys.stderr.write(f"Job <{word}>: Job has already finished\n")
            status = 255
        else:
            end(picked, number)
            print(f"Job <{word}> is being terminated")
    sys.exit(status)


# -- HTCondor


def condor_submit(words):
    if words[:1] != ["-batch-name"] or len(words) != 3:
        fail("Usage: condor_submit [options] [<submit-file>]", 1)
    commands, count = {}, 0
    for line in Path(words[2]).read_text().splitlines():
        if match := re.fullmatch(r"queue (\d+)", line):
            count = int(match[1])
        elif match := re.fullmatch(r"(\w+) = (.*)", line):
            commands[match[1]] = match[2]
        else:
            fail(f"ERROR: Parse error in expression: {line}", 1)
    known = {"universe", "executable", "transfer_executable", "should_transfer_files", "initialdir",
             "environment", "output", "error", "request_cpus", "accounting_group",
             "periodic_remove", "getenv"}
    if set(commands) - known or not count or commands["universe"] != "vanilla":
        fail(f"ERROR: unused or wrong: {sorted(set(commands) - known)}", 1)
    if not os.access(commands["executable"], os.X_OK):
        fail(f"ERROR: Executable file {commands['executable']} does not exist", 1)

    def variables(job, number):
        pairs = shlex.split(commands["environment"].strip('"'))
        own = dict(pair.replace("$(Process)", str(number)).split("=", 1) for pair in pairs)
        return {**own, "STAND_IN_CODE": str(HOME / f"code-{job}-{number}")}

    argv = ["/bin/sh", "-c", 'trap : TERM; "$0"; echo $? >"$STAND_IN_CODE"', commands["executable"]]
    job = add(words[1], range(count), argv,
              environment(commands.get("getenv") == "true"), "", commands["initialdir"], variables)
    print(f"Submitting job(s){'.' * count}\n{count} job(s) submitted to cluster {job}.")


def condor_pick(tasks, word):
    job, _, number = word.partition(".")
    return [t for t in tasks if t["job"] == int(job) and number in ("", str(t["task"]))
            and t["state"] != "over"]


def condor_q(words):
    at = words.index("-af:t")
    if words[at + 1:] != ["ClusterId", "ProcId", "JobStatus", "RemoteHost", "HoldReason"]:
        fail("Error: unknown columns", 1)
    tasks = turn()
    for word in words[:at]:
        for task in condor_pick(tasks, word):
            running = task["state"] == "running"
            print(task["job"], task["task"], 2 if running else 1,
                  f"slot1@{HOST}" if running else "undefined", "undefined", sep="\t")


def condor_history(words):
    at = words.index("-af:lt")
    names = words[at + 1:]
    for word in words[:at]:
        for task in reversed([t for t in turn() if str(t["job"]) == word and t["state"] == "over"]):
            has = {"ClusterId": task["job"], "ProcId": task["task"], "JobStatus": 4}
            if task.get("removed"):
                has |= {"JobStatus": 3, "RemoveReason": "via condor_rm (by user me)"}
            else:
                code = HOME / f"code-{task['job']}-{task['task']}"
                has["ExitCode"] = code.read_text().strip()
            print("\t".join(f"{name} = {has.get(name, 'undefined')}" for name in names))


def condor_rm(words):
    for word in words:
        picked = condor_pick(turn(), word)
        if not picked:
            fail(f"Couldn't find/remove all jobs in cluster {word}", 1)
        for task in picked:
            task["removed"] = True
        end(picked)
        print(f"All jobs in cluster {word} have been marked for removal")


# -- LoadLeveler


def llsubmit(words):
    text = Path(words[0]).read_text()
    if len(words) != 1 or "\n# @ queue\n" not in text:
        fail("llsubmit: 2512-060 There is no queue statement.", 1)
    for line in re.findall(r"^# @ (.*)$", text, re.M):
        if not re.fullmatch(r"queue|\w+ = .+", line):
            fail(f"llsubmit: 2512-033 Syntax error: \"{line}\".", 1)
    job = add("ll", [0], ["/bin/sh", "-c", text, "sh"], environment(True), "", os.getcwd(),
              lambda job, number: {"LOADL_STEP_ID": f"{HOST}.site.de.{job}.0"})
    print(f'llsubmit: The job "{HOST}.site.de.{job}" has been submitted.')


def ll_pick(tasks, word):
    match = re.fullmatch(r"h1\.(\d+)", word)
    return [t for t in tasks if match and t["job"] == int(match[1]) and t["state"] != "over"]


def llq(words):
    if words[:3] != ["-f", "%id", "%st"]:
        fail("llq: 2512-039 unknown option", 1)
    tasks = turn()
    picked = [task for word in words[3:] for task in ll_pick(tasks, word)]
    if not picked:
        print("llq: There is currently no job status to report.")
        return
    print("Step Id                  ST\n------------------------ --")
    for task in picked:
        print(f"{HOST}.{task['job']}.0".ljust(24), "R" if task["state"] == "running" else "I")


def llcancel(words):
    for word in words:
        end(ll_pick(turn(), word))
        print("llcancel: Cancel command has been sent to the central manager.")


DOWN = {"q": ("cannot connect to server h1 (errno=111)", 255),
        "b": ("LSF is down. Please wait ...", 255),
        "c": ("ERROR: Can't find address of local schedd", 1)}


def main():
    name = Path(sys.argv[0]).name
    with open(HOME / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(HOME / "calls", "a") as calls:
            calls.write(f"{name} {' '.join(sys.argv[1:])}\n")
        if (HOME / "down").exists():
            fail(f"{name}: {DOWN[name[0]][0]}", DOWN[name[0]][1])
        globals()[name](sys.argv[1:])


main()
