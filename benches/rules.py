#!/usr/bin/env python3
"""10,000 threshold rules over recorded facts, against the same 10,000 thresholds in OPA."""

import json
import os
import pathlib
import re
import shutil

from kit import MUSTER, folder, goal, in_turns, policy, ratio, run, shown, title, write

COUNT = int(os.environ.get("RULES", "10000"))
FAILING = 100  # one in so many is above its limit: an answer that finds nothing could also have read nothing


def muster(temp):
    """Policies in one file, with nothing but what each needs, and in a file each, with a message and a reason; and their recorded facts."""
    texts = []
    for n in range(COUNT):
        path = f"{temp}/f/{n:05}"
        size = 2000 if n % FAILING == 0 else 10
        write(path, "x" * size)
        rules = f"fail: (size ?? 0.bytes) > {1000 + n % 500}.bytes"
        texts.append(policy(f"limit-{n:05}", "file.stat", "{ path: " + path + " }", rules))
    write(f"{temp}/one/all.yaml", "---\n".join(texts))
    for n, text in enumerate(texts):
        text = text.replace("remedy:", 'message: "{{ path }} has {{ size }}"\nremedy:', 1)
        # 1 kB each, as policies with a reason are.
        filled = text.replace("why: It is measured.", "why: " + "It is measured. " * ((1000 - len(text)) // 16 + 1))
        write(f"{temp}/many/p{n:05}.yaml", filled)
    run([MUSTER, "record", f"{temp}/facts.json", f"{temp}/one"], expect=(0, 1), cwd=temp)
    print(f"  recording: {os.path.getsize(f'{temp}/facts.json') / 1e6:.1f} MB")


def command(temp, name):
    return [MUSTER, "check", "--timings", "--facts", f"{temp}/facts.json", f"{temp}/{name}"]


def failing(temp, name):
    found = json.loads(run([*command(temp, name), "--format", "json"], expect=(1,), cwd=temp).out)
    return sum(check["verdict"] == "fail" for check in found["checks"])


def opa(temp, program):
    """Commands that judge the same limits as one rule each, and as one rule over a table of limits."""
    size = {f"{n:05}": (2000 if n % FAILING == 0 else 10) for n in range(COUNT)}
    write(f"{temp}/input.json", json.dumps({"size": size}))
    rules = [f'deny contains "limit-{n:05}" if input.size["{n:05}"] > {1000 + n % 500}' for n in range(COUNT)]
    write(f"{temp}/rules.rego", "package bench\n\n" + "\n".join(rules) + "\n")
    table = "package bench\n\ndeny contains n if {\n  some n, limit in data.limits\n  input.size[n] > limit\n}\n"
    write(f"{temp}/table/rules.rego", table)
    limits = {f"{n:05}": 1000 + n % 500 for n in range(COUNT)}
    write(f"{temp}/table/data.json", json.dumps({"limits": limits}))
    commands = {}
    for what, data in (("a rule each", f"{temp}/rules.rego"), ("one rule over a table", f"{temp}/table")):
        asked = [program, "eval", "-i", f"{temp}/input.json", "-d", data, "--format", "json", "data.bench.deny"]
        found = len(json.loads(run(asked, cwd=temp).out)["result"][0]["expressions"][0]["value"])
        assert found == COUNT // FAILING, f"OPA finds {found}"
        commands[f"opa eval, {what}"] = (asked, (0,), temp)
    return commands


ONE, MANY, EVERY = "muster, all policies in one file", "muster, a file of 1 kB for each policy", "muster, one file, and every rule finds something"

with folder() as temp:
    title(f"rules: {COUNT:,} thresholds over recorded facts, whole process, in turns")
    muster(temp)
    every = re.sub(r"> \d+\.bytes", "> 1.bytes", pathlib.Path(f"{temp}/one/all.yaml").read_text())
    write(f"{temp}/every/all.yaml", every)
    commands = {}
    for what, name, fails in ((ONE, "one", COUNT // FAILING), (MANY, "many", COUNT // FAILING), (EVERY, "every", COUNT)):
        found = failing(temp, name)
        assert found == fails, f"{what} finds {found}"
        commands[what] = (command(temp, name), (1,), temp)
    program = os.environ.get("OPA") or shutil.which("opa")
    if program:
        commands |= opa(temp, program)
    done = in_turns(commands)
    for what, one in done.items():
        shown(what, one)
    if program:
        theirs = done["opa eval, a rule each"]
        for what, mine, most in (("one file of minimal policies", done[ONE], 0.15), ("a file of 1 kB each", done[MANY], 0.4)):
            ratio(f"{what}, time against opa", mine.wall, theirs.wall)
            share = mine.wall / theirs.wall
            goal(f"{what}: at most {most} of opa's time", share <= most, f"{share:.3f} of it")
        ratio("one file, memory against opa", done[ONE].mib, theirs.mib)
    else:
        print("  OPA is not here; measured elsewhere for 10,000 rules: 1.7 s and 173 MiB")
