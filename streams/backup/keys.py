"""The keys of encrypted backups, one a backup: a backup whose key is destroyed is gone wherever its copies are."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from streams.errors import InputError

_BYTES = 32


class NoKeyError(InputError):
    """The key of a backup is not here, or is not one; the command line prints it."""


def key_path(data: Path, name: str) -> Path:
    """Where the key of the backup ``name`` is kept."""
    return data / "secrets" / "backups" / f"{name}.key"


def new_key(data: Path, name: str) -> bytes:
    """A new key for the backup ``name``, kept for the owner of the folder only."""
    path = key_path(data, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = secrets.token_bytes(_BYTES)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def note_backup(data: Path, name: str, path: Path, *, is_encrypted: bool) -> None:
    """Remember where a backup was written: an erasure leaves its receipt there, and names those that have no key to destroy."""
    kept = _made_path(data)
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with kept.open("a", encoding="utf-8") as file:
        file.write(f"{'encrypted' if is_encrypted else 'plain'} {name} {path.resolve()}\n")


def backups_made(data: Path, *, only_plain: bool = False) -> list[Path]:
    """Where backups were written, whether they are still there or not; of those without encryption only."""
    kept = _made_path(data)
    lines = kept.read_bytes().decode("utf-8", "surrogateescape").splitlines() if kept.exists() else []
    parts = [line.split(" ", 2) for line in lines]
    # of a line that the disk changed nothing is sure but that it may be one without encryption
    return [Path(one[-1]) for one in parts if one and (one[0] != "encrypted" or not only_plain)]


def _made_path(data: Path) -> Path:
    return data / "secrets" / "backups" / "made.txt"


def read_key(path: Path) -> bytes:
    """The key in a file.

    Raises:
        NoKeyError: there is none.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise NoKeyError(f"{path} holds no key of a backup: {error}; name its file with --key") from error
    if len(key) != _BYTES:
        raise NoKeyError(f"{path} holds {len(key)} bytes; expected a key of {_BYTES}")
    return key


def destroy_keys(data: Path) -> list[str]:
    """Overwrite and remove every key; the names of the backups that nobody can read any more."""
    destroyed = []
    for path in sorted((data / "secrets" / "backups").glob("*.key")):
        with path.open("r+b") as file:
            file.write(secrets.token_bytes(2 * _BYTES + 1))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        destroyed.append(path.stem)
    return destroyed
