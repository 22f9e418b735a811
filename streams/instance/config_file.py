"""Where ``funnelwatch.yaml`` is, and whether it is still the one that was read: what runs does not read it again."""

from __future__ import annotations

import hashlib
from pathlib import Path

FILE_NAME = "funnelwatch.yaml"


def find_config(data: Path, given: Path | None) -> Path | None:
    """The configuration file in force: the one given, else in the data folder, else in the working folder."""
    if given is not None:
        return given
    for folder in (data, Path.cwd()):
        if (folder / FILE_NAME).exists():
            return folder / FILE_NAME
    return None


def config_mark(path: Path | None) -> str:
    """A mark of the content of the file; empty for no file."""
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest() if path is not None else ""
    except OSError:
        return ""
