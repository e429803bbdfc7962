#!/usr/bin/env python3
"""Lint of 10,000 policies: cold beside loading them, and again in the same process after one edit.

It is measured through the library by `benches/lint.rs`, which cargo builds; LINT=PATH names it built already.
"""

import os
import pathlib
import statistics
import subprocess

from kit import goal, row, title

FILES, TIMES = 10_000, 9


def program():
    """The built bench."""
    if os.environ.get("LINT"):
        return os.environ["LINT"]
    cargo = [os.environ.get("CARGO", "cargo"), "bench", "--quiet", "--no-run", "--bench", "lint"]
    subprocess.run(cargo, check=True)
    found = pathlib.Path("target/release/deps").glob("lint-*")
    return max((path for path in found if not path.suffix), key=lambda path: path.stat().st_mtime)


title("lint: 10,000 policies of 25 lines, a file each")
said = subprocess.run([program(), str(FILES), str(TIMES)], check=True, capture_output=True, text=True).stdout
figures = {}
for line in said.splitlines():
    name, number = line.split()
    figures.setdefault(name, []).append(float(number))
load, lint, asked, again = (statistics.median(figures[name]) / 1000 for name in ("load_ms", "lint_ms", "asked_ms", "again_ms"))
row("loading", load)
row("lint, which loads them too", lint)
row("lint again after one edit, every file asked whether it changed", asked)
row("lint again after one edit that is named, as an editor does", again)
goal("lint takes at most 1.5 times as long as loading", lint <= 1.5 * load, f"{lint / load:.2f} times")
goal("again after one edit at most 0.1 times as long", again <= 0.1 * lint, f"{again / lint:.3f} times")
