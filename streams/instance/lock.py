"""One ``funnelwatch up`` a data folder: the lock that it holds, and how others see it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from streams.errors import StateError


class AlreadyRunningError(StateError):
    """Another ``up`` runs on the same folder; the command line prints it."""


@contextlib.contextmanager
def instance_lock(data: Path) -> Iterator[None]:
    """Hold the folder for this process; the lock ends with the process, however that ends.

    Raises:
        AlreadyRunningError: another process holds it.
    """
    path = data / "run" / "up.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise AlreadyRunningError(
                f"{data} is in use: `funnelwatch up` runs there as process {holder}. Stop that one first "
                f"(Ctrl-C, or kill {holder}), or give another folder with --data"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_up(data: Path) -> bool:
    """True if an ``up`` holds the folder now."""
    try:
        with (data / "run" / "up.lock").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
