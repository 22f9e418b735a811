"""The backup of an instance with the embedded parts: its data folder, while nothing runs on it."""

from __future__ import annotations

import importlib.metadata
import io
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from streams.backup.archive import BackupUnreadableError, opened, written
from streams.clock import now
from streams.errors import StateError
from streams.instance.lock import instance_lock

ABOUT = "about.json"
_FOLDER = "data/"
#: what is of a run, and keys of backups: a backup must not hold its own
_LEFT_OUT = (
    "run",
    "logs",
    "instance.json",
    "secrets/backups",
    "kafka/tmp",
    "kafka/broker.pid",
    "clickhouse/lock",
)


class FolderInUseError(StateError):
    """A restore would overwrite something; the command line prints it."""


class BackupAbout(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says about what it holds."""

    name: str
    kind: str
    made_at: str
    release: str
    files: int = 0
    #: ``topic/partition`` → where landing goes on reading, for a backup of tables
    positions: dict[str, int] = {}
    tables: dict[str, int] = {}


def new_name() -> str:
    """The name of a backup that is made now."""
    return f"funnelwatch-{now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def about(kind: str, name: str, **more: object) -> BackupAbout:
    """A description of a backup that is made now."""
    return msgspec.convert(
        {
            "name": name,
            "kind": kind,
            "made_at": now().isoformat(timespec="seconds"),
            "release": importlib.metadata.version("funnelwatch"),
            **more,
        },
        BackupAbout,
    )


def add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Put a small file into a tar."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def back_up_folder(data: Path, path: Path, name: str, key: bytes | None) -> BackupAbout:
    """Write a backup of the data folder to ``path``.

    Raises:
        AlreadyRunningError: an instance runs on it.
    """
    with instance_lock(data):
        files = list(_files(data))
        made = about("folder", name, files=len(files))
        with written(path, key) as tar:
            add_bytes(tar, ABOUT, msgspec.json.encode(made))
            for file in files:
                tar.add(file, _FOLDER + file.relative_to(data).as_posix(), recursive=False)
    return made


def _files(data: Path) -> Iterator[Path]:
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data).as_posix()
        if any(name == one or name.startswith(f"{one}/") for one in _LEFT_OUT):
            continue
        if path.is_dir() or path.is_file():
            yield path


def read_about(path: Path, key: bytes | None) -> BackupAbout:
    """What a backup says about what it holds.

    Raises:
        BackupUnreadableError: it cannot be read.
    """
    with opened(path, key) as tar:
        return about_of(path, tar)


def about_of(path: Path, tar: tarfile.TarFile) -> BackupAbout:
    """The description at the beginning of a tar; its next member is the first of the backup's own."""
    member = tar.next()
    content = None if member is None or member.name != ABOUT else tar.extractfile(member)
    if content is None:
        raise BackupUnreadableError(f"{path} is not a backup of Funnelwatch: it does not say what it holds")
    return msgspec.json.decode(content.read(), type=BackupAbout)


def restore_folder(path: Path, key: bytes | None, data: Path) -> BackupAbout:
    """Put a backup's files into ``data``, which must be empty or missing: all of them, or nothing.

    Raises:
        FolderInUseError: something is there.
        BackupUnreadableError: the backup is damaged; what was written is removed.
    """
    if data.exists() and any(data.iterdir()):
        raise FolderInUseError(
            f"{data} is not empty; restore into a folder that is, and start the instance there"
        )
    draft = data.with_name(f".{data.name}.restoring")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    try:
        with opened(path, key) as tar:
            made = about_of(path, tar)
            if made.kind != "folder":
                raise BackupUnreadableError(
                    f"{path} holds the tables of a ClickHouse server, not a data folder"
                )
            found = 0
            while (member := tar.next()) is not None:
                member.name = member.name.removeprefix(_FOLDER)
                tar.extract(member, draft, filter="data")
                found += 1
        if found != made.files:
            raise BackupUnreadableError(f"{path} holds {found:,} of {made.files:,} files")
        if data.exists():
            data.rmdir()
        draft.replace(data)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return made
