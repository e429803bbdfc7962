#!/usr/bin/env python3
"""How long a process takes that does nothing, and one that checks one file."""

import shutil

from kit import MUSTER, bare, folder, goal, policy, ratio, row, run, title, write

GOSS = (7.5, 15)  # ms and MiB for one file check, measured elsewhere: used only where goss is not installed

with folder() as temp:
    title("start: median of 20 processes, spawned without a shell")
    file = write(f"{temp}/one.yaml", policy("one", "file.stat", "{ path: /etc/passwd }", "fail: exists == false"))
    commands = {
        "/bin/true (what any process costs)": ["/bin/true"],
        "muster --version": [MUSTER, "--version"],
        "muster check, one file": [MUSTER, "check", file],
    }
    goss = shutil.which("goss")
    if goss:
        write(f"{temp}/goss.yaml", "file:\n  /etc/passwd:\n    exists: true\n")
        commands["goss validate, one file"] = [goss, "-g", f"{temp}/goss.yaml", "validate"]
    seen = {}
    for what, command in commands.items():
        median, low, high = bare(command, cwd=temp)
        seen[what] = (median, run(command, cwd=temp).mib)
        row(what, median / 1000, None, seen[what][1], f"10 % {low:.1f}, 90 % {high:.1f} ms")
    ours = seen["muster check, one file"]
    theirs = seen.get("goss validate, one file", GOSS)
    where = "in this run" if goss else f"measured elsewhere: {GOSS[0]} ms, {GOSS[1]} MiB"
    ratio(f"one file check, time against goss ({where})", ours[0], theirs[0])
    ratio(f"one file check, memory against goss ({where})", ours[1], theirs[1])
    goal("`--version` within 20 ms", seen["muster --version"][0] <= 20, f"{seen['muster --version'][0]:.1f} ms")
