#!/usr/bin/env python3
"""A quarter of a fleet, lived through: 200 checks of 50 subjects each, judged every hour by real runs whose clock is set (2,200 runs).

What it shows: the size of the store; the audit of the quarter as HTML beside nothing but reading the rows that it uses; evidence of a
week, and verifying it beside `sha256sum` and judging the same recordings. RUNS=N makes fewer runs, CHECKS=N and SUBJECTS=N another
fleet. The clock is set by libfaketime, which `benches/run` installs.
"""

import datetime
import glob
import os
import random
import sqlite3
import sys
import time

from kit import MUSTER, folder, goal, ratio, row, run, shown, title, write

RUNS = int(os.environ.get("RUNS", "2200"))
CHECKS = int(os.environ.get("CHECKS", "200"))
SUBJECTS = int(os.environ.get("SUBJECTS", "50"))
KEEP = os.environ.get("KEEP")
FIRST = datetime.datetime(2026, 7, 1, 0, 30)
LIMIT = 100 * 2**30

PROJECT = """\
muster: 1
owner: team-bench
policies: [policies/]
store: { path: store.db }
tiers: { continuous: 1h }
targets:
  fleet: { type: sqlite, path: fleet.db }
"""
POLICY = """\
policy: size-{number:03}
title: Part {number} stays small
tier: continuous
severity: medium
why: It is measured.
target: {{ type: sqlite }}
observe:
  volumes:
    probe: sqlite.query
    with: {{ sql: "SELECT subject, size, files FROM volume WHERE part = {number}" }}
    facts: {{ subject: text, size: bytes, files: count }}
    key: [subject]
each: volumes
warn: size > 90.GiB
fail: size > 100.GiB
message: "{{{{ subject }}}} has {{{{ size }}}} in {{{{ files }}}} files"
remedy:
  steps:
    - do: Move what is old.
"""
# Everything that an audit reads, as the store holds it.
ROWS = ["run", "text", "bound", "judged", "finding", "told", "change", "promise", "policy", "begun"]


def faketime():
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1") + glob.glob("/opt/homebrew/lib/faketime/*")
    if not found:
        sys.exit("libfaketime is not installed")
    return found[0]


def clock(hours):
    at = FIRST + datetime.timedelta(hours=hours)
    return {"LD_PRELOAD": faketime(), "TZ": "UTC", "FAKETIME": f"@{at:%Y-%m-%d %H:%M:%S}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def fleet(where):
    write(f"{where}/muster.yaml", PROJECT)
    for number in range(CHECKS):
        write(f"{where}/policies/size-{number:03}.yaml", POLICY.format(number=number))
    database = sqlite3.connect(f"{where}/fleet.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = wal")
    database.execute("CREATE TABLE volume (part, subject, size, files, PRIMARY KEY (part, subject)) WITHOUT ROWID")
    rows = [(part, f"srv-{subject:02}.example.org:/data", LIMIT // 2 + (part * 7919 + subject * 104729) % (LIMIT // 3), 1000 + subject)
            for part in range(CHECKS) for subject in range(SUBJECTS)]
    database.execute("BEGIN")
    database.executemany("INSERT INTO volume VALUES (?, ?, ?, ?)", rows)
    database.execute("COMMIT")
    return database


def change(database, chance):
    """Within an hour one in twenty volumes changes; one in 5,000 grows over its limit, and one in 200 of those is mended."""
    database.execute("BEGIN")
    for _ in range(CHECKS * SUBJECTS // 20):
        key = (chance.randrange(CHECKS), f"srv-{chance.randrange(SUBJECTS):02}.example.org:/data")
        database.execute(
            "UPDATE volume SET size = size + ?, files = files + 3 WHERE part = ? AND subject = ?", (chance.randrange(2**20), *key))
    for _ in range(CHECKS * SUBJECTS // 5000):
        key = (chance.randrange(CHECKS), f"srv-{chance.randrange(SUBJECTS):02}.example.org:/data")
        database.execute("UPDATE volume SET size = ? WHERE part = ? AND subject = ?", (LIMIT + chance.randrange(2**30), *key))
    database.execute(
        "UPDATE volume SET size = size / 2 WHERE size > ? AND abs(random()) % 200 = 0", (LIMIT * 9 // 10,))
    database.execute("COMMIT")


def quarter(where):
    database = fleet(where)
    chance = random.Random(2026)
    taken = []
    for hour in range(RUNS):
        change(database, chance)
        taken.append(run([MUSTER, "check", "--format", "json"], expect=(0, 1), cwd=where, env=clock(hour)).wall)
    database.close()
    row(f"{RUNS:,} runs of {CHECKS} checks, each", sorted(taken)[len(taken) // 2], more=f"longest {max(taken) * 1000:.0f} ms")


def size(where):
    run([MUSTER, "store", "status"], cwd=where, env=clock(RUNS))
    files = [path for path in glob.glob(f"{where}/store.db*") if os.path.isfile(path)]
    waiting = [path for path in glob.glob(f"{where}/store.db-runs/*")]
    whole = sum(os.path.getsize(path) for path in files + waiting)
    goal("store under 1 GB", whole < 1e9, f"{whole / 1e6:.1f} MB, {whole / RUNS / 1000:.1f} kB a run")


def bare(where):
    """Reading the rows, and nothing else."""
    store = sqlite3.connect(f"file:{where}/store.db?mode=ro", uri=True)
    began, rows = time.perf_counter(), 0
    for table in ROWS:
        for _ in store.execute(f"SELECT * FROM {table}"):
            rows += 1
    taken = time.perf_counter() - began
    store.close()
    return taken, rows


def audit(where):
    title("fleet: the audit of the quarter")
    command = [MUSTER, "audit", "--period", "2026-Q3", "--format", "html=audit.html"]
    done = [run(command, cwd=where, env=clock(RUNS)) for _ in range(3)]
    done = sorted(done, key=lambda one: one.wall)[1]
    taken, rows = min(bare(where) for _ in range(3))
    shown("muster audit --format html", done)
    row(f"reading the same {rows:,} rows", taken)
    page = os.path.getsize(f"{where}/audit.html")
    goal("at most 10 x the bare read of the rows", done.wall <= 10 * taken, f"{done.wall / taken:.1f} x, a page of {page / 1e6:.1f} MB")
    goal("less than 300 MiB", done.mib < 300, f"{done.mib:.0f} MiB")


def evidence(where):
    title("fleet: evidence of the last week")
    until = (FIRST + datetime.timedelta(hours=RUNS - 1)).date()
    period = f"{until - datetime.timedelta(days=7)}..{until}"
    shown("muster audit --evidence", run([MUSTER, "audit", "--period", period, "--evidence", "week"], cwd=where, env=clock(RUNS)))
    verified = [run([MUSTER, "audit", "verify", "week"], cwd=where, env=clock(RUNS)) for _ in range(3)]
    verified = sorted(verified, key=lambda one: one.wall)[1]
    shown("muster audit verify", verified)
    files = [path for path in glob.glob(f"{where}/week/**", recursive=True) if os.path.isfile(path)]
    listed = write(f"{where}/files", "".join(f"{path}\0" for path in files))
    sums = sorted((run(["xargs", "-0", "-a", listed, "sha256sum"]) for _ in range(3)), key=lambda one: one.wall)[1]
    bytes_ = sum(os.path.getsize(path) for path in files)
    shown(f"sha256sum of the same {bytes_ / 1e6:.0f} MB", sums)
    recordings = sorted(glob.glob(f"{where}/week/runs/*.recording.json"))
    nothing = min(run([MUSTER, "--version"]).wall for _ in range(5))
    write(f"{where}/again/muster.yaml", PROJECT.replace("store: { path: store.db }\n", ""))
    os.symlink(f"{where}/policies", f"{where}/again/policies")
    judging = 0.0
    for recording in recordings[:: max(1, len(recordings) // 20)]:
        command = [MUSTER, "check", "--facts", recording, "--format", "json"]
        judging += run(command, expect=(0, 1), cwd=f"{where}/again").wall - nothing
    judging *= len(recordings) / len(recordings[:: max(1, len(recordings) // 20)])
    row(f"judging {len(recordings)} recordings, a process each", judging, more="without starting it")
    ratio("verify against both", verified.wall, sums.wall + judging)
    goal("verify at least half as fast as both", verified.wall <= 2 * (sums.wall + judging), f"{verified.wall / (sums.wall + judging):.2f} of their time")


def main():
    title(f"fleet: {CHECKS} checks of {SUBJECTS} subjects, {RUNS:,} hourly runs")
    with folder() as where:
        where = KEEP or where
        if not KEEP or not os.path.exists(f"{where}/store.db"):
            quarter(where)
        size(where)
        audit(where)
        evidence(where)


if __name__ == "__main__":
    main()
