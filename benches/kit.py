"""What the benches share: running a process and measuring it, writing policies, printing figures.

Only the standard library of Python 3.9 and GNU time (`/usr/bin/time`) are needed. Everything a bench writes is below one
temporary folder, which is removed at its end.
"""

import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

MUSTER = os.path.abspath(os.environ.get("MUSTER", "target/release/muster"))

# Nothing of the caller's project or settings may change what is measured.
ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}


@dataclass
class Run:
    """One run of a process."""

    wall: float
    cpu: float
    mib: float
    code: int
    out: str
    err: str

    @property
    def phases(self):
        """Milliseconds of each phase that `--timings` tells."""
        line = re.search(r"timings: (.*)", self.err)
        return {} if not line else {n: float(ms) for n, ms in re.findall(r"(\w+) ([\d.]+) ms", line[1])}


def run(command, expect=(0,), cwd=None, env=None, input=None):
    """Runs a command to its end; an exit code that is not expected ends the bench, for it measured something else."""
    with tempfile.TemporaryDirectory() as folder:
        note = os.path.join(folder, "time")
        timed = ["/usr/bin/time", "-o", note, "-f", "%M", *map(str, command)]
        with open(os.path.join(folder, "out"), "w+b") as out, open(os.path.join(folder, "err"), "w+b") as err:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            code = subprocess.run(
                timed, stdout=out, stderr=err, cwd=cwd, env={**ENV, **(env or {})},
                input=input.encode() if input else None, stdin=None if input else subprocess.DEVNULL,
            ).returncode
            wall = time.perf_counter() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode(errors="replace"))
        with open(note) as file:
            kib = file.read().split()[-1]
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    done = Run(wall, cpu, int(kib) / 1024, code, *texts)
    if expect is not None and code not in expect:
        sys.exit(f"{' '.join(map(str, command))}: exit code {code} instead of {expect}\n{texts[0][-2000:]}\n{texts[1][-2000:]}")
    return done


def best(command, times=3, **more):
    """The run with the median wall time of several."""
    runs = sorted((run(command, **more) for _ in range(times)), key=lambda one: one.wall)
    return runs[len(runs) // 2]


def in_turns(commands, times=11):
    """The run with the median wall time of each command, given with the exit codes that are expected of it and its folder. They
    take turns, so that a load on the machine hits all; the first turn does not count."""
    taken = {name: [] for name in commands}
    for turn in range(times + 1):
        for name, (command, expect, cwd) in commands.items():
            done = run(command, expect=expect, cwd=cwd)
            if turn:
                taken[name].append(done)
    return {name: sorted(runs, key=lambda one: one.wall)[times // 2] for name, runs in taken.items()}


def bare(command, times=20, cwd=None):
    """Median milliseconds of a process that is spawned directly, and the spread (10th and 90th percentile)."""
    taken = []
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
    here = os.getcwd()
    if cwd:
        os.chdir(cwd)
    try:
        path = shutil.which(command[0]) or command[0]
        for _ in range(times):
            began = time.perf_counter()
            process = os.posix_spawn(path, [str(part) for part in command], ENV, file_actions=actions)
            _, status, _ = os.wait4(process, 0)
            taken.append((time.perf_counter() - began) * 1000)
            if os.waitstatus_to_exitcode(status) != 0:
                sys.exit(f"{command}: exit code {os.waitstatus_to_exitcode(status)}")
    finally:
        os.chdir(here)
        os.close(null)
    taken.sort()
    return statistics.median(taken), taken[len(taken) // 10], taken[len(taken) * 9 // 10]


def folder():
    """A temporary folder for the bench, removed at its end."""
    return tempfile.TemporaryDirectory(prefix="muster-bench-")


POLICY = """\
policy: {name}
title: The bench {name}
tier: daily
severity: low
owner: team-bench
why: It is measured.
target: {{ type: {type} }}
observe:
  seen: {{ probe: {probe}, with: {args} }}
each: seen
{rules}
remedy:
  steps:
    - do: Nothing.
"""


def policy(name, probe, args, rules, type="host"):
    """A policy with only what a policy needs."""
    return POLICY.format(name=name, probe=probe, args=args, rules=rules.strip(), type=type)


def write(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def title(text):
    print(f"\n== {text}", flush=True)


def row(what, seconds=None, cpu=None, mib=None, more=""):
    parts = [f"{what:<46}"]
    parts.append(f"{seconds * 1000:10.1f} ms" if seconds is not None else " " * 13)
    parts.append(f"cpu {cpu * 1000:8.0f} ms" if cpu is not None else " " * 15)
    parts.append(f"{mib:7.1f} MiB" if mib is not None else " " * 11)
    print("  ".join(parts), more, flush=True)


def shown(what, done, more=""):
    row(what, done.wall, done.cpu, done.mib, more)
    if done.phases:
        print("    " + ", ".join(f"{name} {ms:.1f}" for name, ms in done.phases.items()) + " (ms)", flush=True)


def ratio(what, ours, theirs):
    """Above 1 we are faster."""
    print(f"  -> {what}: {theirs / ours:.2f} x", flush=True)


def goal(what, held, seen):
    """One figure against its limit."""
    print(f"  [{'held' if held else 'MISSED'}] {what}: {seen}", flush=True)
    return held
