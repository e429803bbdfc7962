#!/usr/bin/env python3
"""1,000 cases of policies, against 1,000 tests of the same comparisons in OPA."""

import json
import os
import re
import shutil

from kit import MUSTER, best, folder, goal, policy, ratio, run, shown, title, write

CASES = int(os.environ.get("CASES", "1000"))
POLICIES = 100  # with ten cases each; and once more all cases of one policy


def rows(count):
    """Sizes around a limit of 1,000, and whether each is above it."""
    return [(990 + n % 21, 990 + n % 21 > 1000) for n in range(count)]


def muster(temp, name, policies):
    """Policies with their cases beside them."""
    for p in range(policies):
        rules = "fail: (size ?? 0.bytes) > 1000.bytes\nmessage: \"{{ path }} has {{ size }}\""
        write(f"{temp}/{name}/p{p:03}.yaml", policy(f"limit-{p:03}", "file.stat", "{ path: /f }", rules))
        lines = [f"cases: limit-{p:03}", "now: 2026-11-01T03:00:00Z", "seen: { path: /f, exists: true }", "check:"]
        for n, (size, above) in enumerate(rows(CASES // policies)):
            found = "[{ subject: /f, verdict: fail }]" if above else "[]"
            lines += [f"  - name: number {n}", f"    facts: {{ seen: [{{ size: {size}B }}] }}", f"    findings: {found}"]
        write(f"{temp}/{name}/p{p:03}.cases.yaml", "\n".join(lines) + "\n")


def opa(temp, name, policies):
    """The same limit as a rule in a package for each policy, with its tests beside it."""
    for p in range(policies):
        package = f"package bench.p{p:03}\n\n"
        write(f"{temp}/{name}/p{p:03}.rego", package + "deny if input.size > 1000\n")
        tests = []
        for n, (size, above) in enumerate(rows(CASES // policies)):
            tests.append(f'test_{n} if {{ {"" if above else "not "}deny with input as {{"path": "/f", "size": {size}}} }}')
        write(f"{temp}/{name}/p{p:03}_test.rego", package + "\n".join(tests) + "\n")


def passed(command, expect=(0,)):
    done = run(command, expect=expect)
    return done.out


with folder() as temp:
    title(f"cases: {CASES:,} cases of policies, whole process")
    program = os.environ.get("OPA") or shutil.which("opa")
    for what, policies in ((f"{POLICIES} policies with {CASES // POLICIES} each", POLICIES), ("all of one policy", 1)):
        ours, theirs = f"muster-{policies}", f"opa-{policies}"
        muster(temp, ours, policies)
        command = [MUSTER, "test", f"{temp}/{ours}"]
        counts = json.loads(passed([*command, "--format", "json"]))["counts"]
        assert counts == {"cases": CASES, "passed": CASES, "failed": 0}, counts
        # A case that expects the wrong thing has to fail, or nothing was tried.
        one = f"{temp}/{ours}/p000.cases.yaml"
        text = open(one).read()
        write(one, text.replace("findings: []", "findings: [{ subject: /f, verdict: fail }]", 1))
        run(command, expect=(1,))
        write(one, text)
        mine = best(command, times=9)
        shown(f"muster test, {what}", mine)
        if not program:
            print("  OPA is not here")
            continue
        opa(temp, theirs, policies)
        command = [program, "test", f"{temp}/{theirs}"]
        found = re.search(r"PASS: (\d+)/(\d+)", passed(command))
        assert found and found[1] == found[2] == str(CASES), found
        peer = best(command, times=9)
        shown(f"opa test, {what}", peer)
        ratio("time against opa", mine.wall, peer.wall)
        ratio("memory against opa", mine.mib, peer.mib)
        share = mine.wall / peer.wall
        goal(f"{what}: at most 0.2 of opa's time", share <= 0.2, f"{share:.3f} of it")
