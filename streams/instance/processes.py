"""No process outlives the one that started it, however that one ended; what a process asks of the system and of Python for itself."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
#: run by a bare interpreter: ask the kernel for SIGKILL at the parent's death, then become the program
_LAUNCH = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


#: open files asked for; a hard limit may be a billion, and some programs close every file they might have
_MAX_FILES = 65_536


def collect_rarely() -> None:
    """Look for cyclic garbage a hundred times less often than Python does: among many records that live for a moment it finds nothing."""
    gc.set_threshold(100_000, 20, 50)


def open_files() -> int:
    """How many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAX_FILES if soft == resource.RLIM_INFINITY else soft


def raise_open_files() -> None:
    """Let this process, and those it starts, have as many files open as the system allows it (usually 1,024 otherwise)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def killed_with_us(command: list[str]) -> list[str]:
    """``command`` so wrapped that the kernel kills it when this process ends (Linux; elsewhere unchanged).

    Holds for the thread that starts it: start it from one that lives as long as the process.
    """
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), *command]


def command_of(pid: int) -> str:
    """The command line of a running process, empty if there is none (or if it only waits to be collected)."""
    if sys.platform == "linux":
        try:
            return (
                Path(f"/proc/{pid}/cmdline")
                .read_bytes()
                .replace(b"\0", b" ")
                .decode(errors="replace")
                .strip()
            )
        except OSError:
            return ""
    listing = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip()


def is_ours(pid: int) -> bool:
    """True if ``pid`` is a running process of this project (pids are used again, so the number alone says little)."""
    command = command_of(pid)
    return "streams" in command or "funnelwatch" in command


def end_all(pids: list[int], timeout_s: float) -> list[int]:
    """End our processes ``pids`` in order, hard after ``timeout_s``; those that had to be ended hard."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    left = pids
    while (left := [pid for pid in left if is_ours(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return left


def end_with_parent(parent: int, grace_s: float = 15.0, check_s: float = 1.0) -> None:
    """Send this process SIGTERM when its parent (pid ``parent``) is gone, and end it hard ``grace_s`` later.

    A daemon thread looks at the parent's pid, which works on every system and also while the event loop is busy; on
    Linux the kernel reports it at once, and wakes the thread only then.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    def watch() -> None:
        _wait_for_end(parent)
        while os.getppid() == parent:
            time.sleep(check_s)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace_s)
        os._exit(70)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _wait_for_end(pid: int) -> None:
    """Return once the process has ended; at once where the kernel does not report that, or where it is not our parent."""
    with contextlib.suppress(AttributeError, OSError):
        descriptor = os.pidfd_open(pid)
        try:
            if os.getppid() == pid:
                ending = select.poll()
                ending.register(descriptor, select.POLLIN)
                ending.poll()
        finally:
            os.close(descriptor)
