#!/usr/bin/env python3
"""Many file checks: 20,000 in one policy and in 1,000 policies, and whether time grows in proportion."""

import os
import shutil

from kit import MUSTER, best, folder, goal, policy, ratio, shown, title, write

GOSS = (2.3, 52)  # seconds and MiB for 20,000 file checks, measured elsewhere


def listed(paths):
    return "{ paths: [" + ", ".join(paths) + "] }"


def one(name, paths):
    return policy(name, "file.stat", listed(paths), "fail: exists == false")


with folder() as temp:
    most = 100_000
    paths = [f"{temp}/f/{n // 1000:03}/{n:06}" for n in range(most)]
    for path in paths:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))

    title("files: 20,000 checks that a file exists")
    write(f"{temp}/one/p.yaml", one("one", paths[:20_000]))
    for n in range(1000):
        write(f"{temp}/many/p{n:04}.yaml", one(f"p{n:04}", paths[n * 20 : n * 20 + 20]))
    single = best([MUSTER, "check", "--timings", f"{temp}/one"], cwd=temp)
    shown("one policy of 20,000 paths", single)
    many = best([MUSTER, "check", "--timings", f"{temp}/many"], cwd=temp)
    shown("1,000 policies of 20 paths, 1,000 files", many)
    goss = shutil.which("goss")
    if goss:
        write(f"{temp}/goss.yaml", "file:\n" + "".join(f"  {path}:\n    exists: true\n" for path in paths[:20_000]))
        theirs = best([goss, "-g", f"{temp}/goss.yaml", "validate"], cwd=temp)
        shown("goss validate, 20,000 files", theirs)
        seconds, mib, where = theirs.wall, theirs.mib, "in this run"
    else:
        (seconds, mib), where = GOSS, f"measured elsewhere: {GOSS[0]} s, {GOSS[1]} MiB"
    ratio(f"one policy, time against goss ({where})", single.wall, seconds)
    ratio(f"1,000 policies, time against goss ({where})", many.wall, seconds)
    ratio(f"1,000 policies, memory against goss ({where})", many.mib, mib)

    title("files: does time grow in proportion?")
    each = {}
    for count in (1_000, 3_000, 10_000, 30_000, 100_000):
        write(f"{temp}/n{count}/p.yaml", one("many", paths[:count]))
        done = best([MUSTER, "check", "--timings", f"{temp}/n{count}"], cwd=temp)
        each[count] = done.wall / count
        shown(f"{count:,} paths in one policy", done, f"{each[count] * 1e6:.1f} us per check")
    grown = each[most] / each[10_000]
    goal("100,000 checks take at most 15 times as long as 10,000", grown <= 1.5, f"{grown * 10:.1f} times")
