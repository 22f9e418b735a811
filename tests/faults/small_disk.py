"""A disk of its own for an instance, small enough to be filled: a tmpfs, mounted where no other process sees it.

``in_own_namespace`` gives the command that runs a module with mounts of its own, as root or as an ordinary user (``unshare`` of
util-linux): whatever happens to the process, the kernel unmounts the disk with it.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

_CHUNK = 1 << 20


def in_own_namespace(*command: str) -> list[str]:
    """``command`` of this interpreter with mounts of its own; empty if this machine does not let us."""
    program = shutil.which("unshare")
    for rights in ([], ["--user", "--map-root-user"]):
        start = [program or "unshare", *rights, "--mount"]
        asked = [*start, "mount", "-t", "tmpfs", "none", "/mnt"]
        if program and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return [*start, sys.executable, *command]
    return []


class SmallDisk:
    """A mounted disk of ``megabytes`` at ``folder``; ``fill`` and ``free`` take and give back what is left of it."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._ballast = folder / "ballast"
        options = f"size={megabytes}m"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)

    def fill(self) -> int:
        """Take every byte that is left; how many those were. What others free meanwhile is taken at the next call."""
        taken = 0
        with self._ballast.open("ab", buffering=0) as file:
            size = _CHUNK
            while size:
                try:
                    taken += file.write(b"x" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2
        return taken

    @property
    def left(self) -> int:
        """Bytes that a process may still write."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    @property
    def used(self) -> int:
        """Bytes of everything but the ballast."""
        found = os.statvfs(self.folder)
        ballast = self._ballast.stat().st_size if self._ballast.exists() else 0
        return (found.f_blocks - found.f_bfree) * found.f_frsize - ballast

    def free(self) -> None:
        """Give it all back."""
        self._ballast.unlink(missing_ok=True)
