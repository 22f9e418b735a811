"""The audit log: every write of a person or a token, once, each entry bound to the one before by its digest.

One file a data folder, appended to by page and commands under a lock. What was changed, taken out or put in between is found by
``verify``; that the end was cut off by ``head.json`` next to it, and if that was changed, too, by whoever has kept a later digest: each
is in the process's own log, which may be sent to another machine.

An entry that was being written when the machine went down or the disk was full was of a write that was not done: what there is of it is
set aside, and an entry says so.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec
import structlog

from scoring.errors import UNDECODABLE
from streams.clock import now
from streams.errors import StateError
from streams.instance.files import write_atomically

_log = structlog.get_logger()
FIRST = "0" * 64
#: who writes what is wrong with the log
_OURSELVES = "funnelwatch"
_CUT_OFF = "the end was cut off: there was an entry"
#: of the end of the log that hold its last entry
_LAST_BYTES = 65_536


class AuditDamagedError(StateError):
    """The last entry cannot be read, so none can follow it; a person has to look. The write is not done."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One write.

    Attributes:
        who: the token's name, a session, a link of a message, or the login name of who ran a command.
        what: the request or the command.
        refers_to: of an entry that says what came of another, its number; ``what`` then says it.
        previous: digest of the entry before.
    """

    number: int
    at: str
    who: str
    what: str
    source: str = ""
    refers_to: int = 0
    previous: str
    digest: str = ""

    def sealed(self) -> AuditEntry:
        """The entry with its digest."""
        return msgspec.structs.replace(self, digest=self.expected())

    def expected(self) -> str:
        """The digest that its content has."""
        bare = msgspec.structs.replace(self, digest="")
        return hashlib.sha256(msgspec.json.encode(bare)).hexdigest()


class AuditHead(msgspec.Struct, frozen=True):
    """The newest entry, as it was written."""

    number: int
    digest: str


def audit_path(data: Path) -> Path:
    """Where the log is."""
    return data / "audit" / "audit.jsonl"


def _head_path(data: Path) -> Path:
    return audit_path(data).with_name("head.json")


def _head(data: Path) -> AuditHead | None:
    try:
        return msgspec.json.decode(_head_path(data).read_bytes(), type=AuditHead)
    except FileNotFoundError:
        return None
    except UNDECODABLE as error:
        raise AuditDamagedError(
            f"{_head_path(data)} was changed ({error}); keep a copy, and take it away"
        ) from error


def record(data: Path, who: str, what: str, source: str = "", refers_to: int = 0) -> AuditEntry:
    """Append an entry; it is on the disk when this returns.

    Raises:
        AuditDamagedError: the log's last line, or what is noted of it, was changed.
        OSError: the disk is full, or the folder cannot be written.
    """
    path = audit_path(data)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        torn = _set_torn_aside(path, file)
        last = _last(path, file)
        if torn:
            last = _append(file, last, _OURSELVES, f"an entry that was not whole was set aside: {torn}")
        known = _head(data)
        if known is not None and (last is None or last.number < known.number):
            last = _append(file, last, _OURSELVES, f"{_CUT_OFF} {known.number} {known.digest}")
        entry = _append(file, last, who, what, source, refers_to)
        write_atomically(_head_path(data), msgspec.json.encode(AuditHead(entry.number, entry.digest)))
    _log.info("audit_entry", number=entry.number, digest=entry.digest)
    return entry


def _append(
    file: BinaryIO, last: AuditEntry | None, who: str, what: str, source: str = "", refers_to: int = 0
) -> AuditEntry:
    entry = AuditEntry(
        number=1 if last is None else last.number + 1,
        at=now().isoformat(timespec="milliseconds"),
        who=who,
        what=what,
        source=source,
        refers_to=refers_to,
        previous=FIRST if last is None else last.digest,
    ).sealed()
    end = file.seek(0, os.SEEK_END)
    line = msgspec.json.encode(entry) + b"\n"
    try:
        while line:
            line = line[file.write(line) :]
        os.fsync(file.fileno())
    except OSError:
        file.truncate(end)
        raise
    return entry


def _set_torn_aside(path: Path, file: BinaryIO) -> str:
    """Move what follows the last whole line to a file of its own; its name, empty if there is nothing."""
    content = _tail(file)
    torn = content[content.rfind(b"\n") + 1 :]
    if not torn:
        return ""
    if _is_whole(torn):  # somebody's editor took the end of the line
        file.write(b"\n")
        return ""
    aside = path.with_name(f"torn-{now():%Y%m%d-%H%M%S-%f}.txt")
    write_atomically(aside, torn)
    file.truncate(file.tell() - len(torn))
    os.fsync(file.fileno())
    return aside.name


def _tail(file: BinaryIO) -> bytes:
    """The end of the log, with its last entry; the file is at its end then."""
    end = file.seek(0, os.SEEK_END)
    begin = file.seek(max(0, end - _LAST_BYTES))
    return file.read(end - begin)


def _is_whole(line: bytes) -> bool:
    try:
        entry = msgspec.json.decode(line, type=AuditEntry)
    except UNDECODABLE:
        return False
    return entry.digest == entry.expected()


def _last(path: Path, file: BinaryIO) -> AuditEntry | None:
    lines = _tail(file).splitlines()
    if not lines:
        return None
    try:
        return msgspec.json.decode(lines[-1], type=AuditEntry)
    except UNDECODABLE as error:
        raise AuditDamagedError(
            f"the last line of {path} was changed ({error}); keep a copy, take the line out and try again"
        ) from error


def entries(data: Path) -> Iterator[tuple[int, AuditEntry | None]]:
    """Line numbers and entries, None for a line that is none."""
    path = audit_path(data)
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            yield number, msgspec.json.decode(line, type=AuditEntry)
        except UNDECODABLE:
            yield number, None


def verify(data: Path, known: str = "") -> tuple[int, str, list[str]]:
    """How many entries there are, the digest of the last, and what is wrong.

    Args:
        known: a digest that was noted earlier: it has to be there.
    """
    problems, previous, count, seen = [], FIRST, 0, dict[str, int]()
    for number, entry in entries(data):
        count += 1
        if entry is None:
            problems.append(f"line {number} is not an entry")
            continue
        if entry.number != number:
            problems.append(f"line {number} is entry {entry.number}: entries are missing, or were put in")
        if entry.previous != previous:
            problems.append(f"entry {entry.number} does not follow the one before it")
        if entry.digest != entry.expected():
            problems.append(f"entry {entry.number} was changed")
        if entry.who == _OURSELVES and entry.what.startswith(_CUT_OFF):
            problems.append(f"entry {entry.number} says: {entry.what}")
        previous = entry.digest
        seen[entry.digest] = number
    problems += _against_head(data, count, seen)
    if known and known not in seen:
        problems.append(f"the entry {known} is missing: the end was cut off, or it is another log")
    return count, previous, problems


def _against_head(data: Path, count: int, seen: Mapping[str, int]) -> list[str]:
    head = _head(data)
    if head is None:  # of a log that was begun by an earlier release
        return []
    if seen.get(head.digest) == head.number:
        return []
    if count < head.number:
        return [f"the end was cut off: entry {head.number} was written, and {count} are there"]
    return [f"entry {head.number} is not the one that was written"]
