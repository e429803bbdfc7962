#!/usr/bin/env python3
"""The store: recall of thirty days of a thousand subjects beside a plain table of the same samples, the size of a million
samples, and what a store adds to a check.

The store is measured through the library by `benches/store.rs`, which cargo builds; STORE=PATH names it built already.
"""

import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time

from kit import MUSTER, bare, folder, goal, policy, row, title, write

MILLION = 1_000_000


def program():
    """The built bench."""
    if os.environ.get("STORE"):
        return os.environ["STORE"]
    cargo = [os.environ.get("CARGO", "cargo"), "bench", "--quiet", "--no-run", "--bench", "store"]
    subprocess.run(cargo, check=True)
    found = pathlib.Path("target/release/deps").glob("store-*")
    return max((path for path in found if not path.suffix), key=lambda path: path.stat().st_mtime)


def figures(store, where, what):
    """What the bench prints, each name with all of its numbers."""
    said = subprocess.run([store, where, what], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in said.splitlines():
        name, number = line.split()
        found.setdefault(name, []).append(float(number))
    return found


def middle(numbers):
    return sorted(numbers)[len(numbers) // 2]


def timed(work, times=3):
    """Milliseconds of each time."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def recall(store):
    title("store: recall of 30 days, 1,000 subjects, every 5 minutes (8.64 million samples)")
    with folder() as where:
        seen = figures(store, where, "recall")
        if set(seen["recalled"]) != {8_640_000}:
            sys.exit(f"recalled {seen['recalled']}")
        plain = sqlite3.connect(os.path.join(where, "plain.db"))
        scan = timed(lambda: plain.execute("SELECT total(subject), total(at), total(value) FROM sample").fetchone())

        def every():
            for _ in plain.execute("SELECT subject, at, value FROM sample"):
                pass

        python = timed(every)
        plain.close()
    ours = middle(seen["recall_ms"])
    row("muster, Store::past", ours / 1000, more=f"{seen['store_bytes'][0] / MILLION:.1f} MB")
    row("a table, each row read by sqlx", middle(seen["plain_sqlx_ms"]) / 1000, more=f"{seen['plain_bytes'][0] / MILLION:.1f} MB")
    row("the same, each row read by python", middle(python) / 1000)
    row("the same, added up inside SQLite", middle(scan) / 1000)
    row("saving one run of 1,000 samples", seen["saved_ms_per_run"][0] / 1000)
    goal("recall at most 1.5 x reading the rows (sqlx)", ours <= 1.5 * middle(seen["plain_sqlx_ms"]), f"{ours / middle(seen['plain_sqlx_ms']):.2f} x")
    goal("recall at most 1.5 x adding up inside SQLite", ours <= 1.5 * middle(scan), f"{ours / middle(scan):.2f} x")


def size(store):
    title("store: a million samples of five numbers")
    for what, words in [
        ("size", "in answers of 1,000 rows"),
        ("small", "in answers of 10 rows"),
        ("single", "in answers of one row, 50 a run"),
    ]:
        with folder() as where:
            seen = figures(store, where, what)
        whole, left = seen["store_bytes"][0] / MILLION, seen["left_bytes"][0] / MILLION
        goal(f"under 50 MB, {words}", whole < 50, f"{whole:.1f} MB, {left:.1f} MB after half was forgotten in {seen['prune_ms'][0]:.0f} ms")


PROJECT = "muster: 1\nowner: team\npolicies: [policies/]\ntargets:\n  here: {{ type: host }}\n{}"


def policies(where, files, apart):
    """One policy for all files, or a policy for each."""
    if apart:
        one = lambda index: policy(f"p{index}", "file.stat", f"{{ path: '{where}/files/{index:05}' }}", "fail: exists == false")
        return "---\n".join(map(one, range(files)))
    globs = f"{{ globs: ['{where}/files/*'] }}" if files == 1 else f"{{ root: '{where}/files' }}"
    return policy("p", "file.set", globs, "fail: count == 0")


def emptied(where):
    """The store as it is before the first run is remembered."""
    for end in ["s.db", "s.db-wal", "s.db-shm"]:
        pathlib.Path(f"{where}/with/{end}").unlink(missing_ok=True)
    shutil.rmtree(f"{where}/with/s.db-runs", ignore_errors=True)


def added():
    """In turns, so that a load on the machine hits all. Every 64th check, or one after 16 MiB, takes in what waits: the mean
    has its part of that, the median has not."""
    title("store: what it adds to a check")
    for files, apart, times, words, most in [
        (1, False, 129, "one file", 1.05),
        (20_000, False, 33, "20,000 files", 1.05),
        (1_000, True, 65, "1,000 policies, a file each", 1.10),
        (10_000, True, 17, "10,000 policies, a file each", 1.05),
    ]:
        taken = {"without": [], "with": [], "new": []}
        with folder() as where:
            for index in range(files):
                write(f"{where}/files/{index:05}", "x")
            for name, store in [("without", ""), ("with", "store: { path: s.db }\n")]:
                write(f"{where}/{name}/muster.yaml", PROJECT.format(store))
                write(f"{where}/{name}/policies/p.yaml", policies(where, files, apart))
            for _ in range(times):
                for name in ["without", "with"]:
                    taken[name] += bare([MUSTER, "check"], times=1, cwd=f"{where}/{name}")[:1]
            for _ in range(7):
                emptied(where)
                taken["new"] += bare([MUSTER, "check"], times=1, cwd=f"{where}/with")[:1]
        without, kept, new = (middle(taken[name]) for name in taken)
        row(f"{words}: without", without / 1000)
        row(f"{words}: with a store that is not there yet", new / 1000)
        row(f"{words}: with a store", kept / 1000, more=f"longest {max(taken['with']):.1f} ms")
        mean = sum(taken["with"]) / sum(taken["without"])
        goal(f"a store adds at most {round(most * 100 - 100)} %", kept <= most * without, f"{kept - without:.2f} ms, {kept / without:.3f} x; of the mean {mean:.3f} x")


if __name__ == "__main__":
    built = program()
    size(built)
    recall(built)
    added()
