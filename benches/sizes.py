#!/usr/bin/env python3
"""How large the program is. Build and test times are measured by continuous integration."""

import os
import subprocess

from kit import MUSTER, title

title("sizes")
size = os.path.getsize(MUSTER) / 1024**2
packed = subprocess.run(["gzip", "-9c", MUSTER], capture_output=True, check=True).stdout
print(f"program {size:.1f} MiB, compressed {len(packed) / 1024**2:.1f} MiB", flush=True)
libraries = subprocess.run(["ldd", MUSTER], capture_output=True, text=True).stdout.splitlines()
names = [line.split()[0] for line in libraries if "=>" in line]
print(f"shared libraries: {', '.join(names) or 'none'}")
