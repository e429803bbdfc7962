#!/usr/bin/env python3
"""10,000 threshold rules over recorded facts, against the same 10,000 thresholds in OPA."""

import json
import os
import pathlib
import re
import shutil

from kit import MUSTER, best, folder, goal, policy, ratio, run, shown, title, write

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


def judged(temp, name):
    command = [MUSTER, "check", "--timings", "--facts", f"{temp}/facts.json", f"{temp}/{name}"]
    found = json.loads(run([*command, "--format", "json"], expect=(1,), cwd=temp).out)
    return best(command, expect=(1,), cwd=temp), found


def opa(temp, program):
    """The same limits as one rule each, and as one rule over a table of limits."""
    size = {f"{n:05}": (2000 if n % FAILING == 0 else 10) for n in range(COUNT)}
    write(f"{temp}/input.json", json.dumps({"size": size}))
    rules = [f'deny contains "limit-{n:05}" if input.size["{n:05}"] > {1000 + n % 500}' for n in range(COUNT)]
    write(f"{temp}/rules.rego", "package bench\n\n" + "\n".join(rules) + "\n")
    table = "package bench\n\ndeny contains n if {\n  some n, limit in data.limits\n  input.size[n] > limit\n}\n"
    write(f"{temp}/table/rules.rego", table)
    limits = {f"{n:05}": 1000 + n % 500 for n in range(COUNT)}
    write(f"{temp}/table/data.json", json.dumps({"limits": limits}))
    runs = {}
    for what, data in (("a rule each", f"{temp}/rules.rego"), ("one rule over a table", f"{temp}/table")):
        command = [program, "eval", "-i", f"{temp}/input.json", "-d", data, "--format", "json", "data.bench.deny"]
        done = best(command, cwd=temp)
        found = len(json.loads(done.out)["result"][0]["expressions"][0]["value"])
        assert found == COUNT // FAILING, f"OPA finds {found}"
        shown(f"opa eval, {what}", done)
        runs[what] = done
    return runs


with folder() as temp:
    title(f"rules: {COUNT:,} thresholds over recorded facts, whole process")
    muster(temp)
    one, found = judged(temp, "one")
    fails = sum(check["verdict"] == "fail" for check in found["checks"])
    assert fails == COUNT // FAILING, f"muster finds {fails}"
    shown("muster, all policies in one file", one)
    many, _ = judged(temp, "many")
    shown("muster, a file of 1 kB for each policy", many)
    every = re.sub(r"> \d+\.bytes", ">= 0.bytes", pathlib.Path(f"{temp}/one/all.yaml").read_text())
    write(f"{temp}/every/all.yaml", every)
    worst, found = judged(temp, "every")
    assert all(check["verdict"] == "fail" for check in found["checks"]), "not all fail"
    shown("muster, one file, and every rule finds something", worst)
    program = os.environ.get("OPA") or shutil.which("opa")
    if program:
        theirs = opa(temp, program)["a rule each"]
        ratio("one file, time against opa", one.wall, theirs.wall)
        ratio("a file each, time against opa", many.wall, theirs.wall)
        for what, mine, most in (("one file of minimal policies", one, 0.15), ("a file of 1 kB each", many, 0.4)):
            share = mine.wall / theirs.wall
            goal(f"{what}: at most {most} of opa's time", share <= most, f"{share:.2f} of it")
        ratio("one file, memory against opa", one.mib, theirs.mib)
    else:
        print("  OPA is not here; measured elsewhere for 10,000 rules: 1.7 s and 173 MiB")
