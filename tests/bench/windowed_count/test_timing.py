"""The clock of the windowed count sees a competitor with all its processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.bench.windowed_count.timing import run_timed

MB = 40
#: says the words once the process it has started holds its memory
PARENT = f"""
import subprocess, sys
held = "import sys; x = b'1' * {MB << 20}; print('held', flush=True); sys.stdin.read()"
child = subprocess.Popen([sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
for word in ("start", "done", "written"):
    print(word, flush=True)
child.wait()
"""


def test_memory_of_a_competitors_processes_is_summed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT]
    timing = run_timed(command, 1, tmp_path / "peer.log", 30.0, tmp_path, os.getpid())
    assert timing.peak_mb > MB
