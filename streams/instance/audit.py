"""The audit log: every write of a person or a token, once, each entry bound to the one before by its digest.

One file a data folder, appended to by page and commands under a lock. What was changed, taken out or put in between is found by
``verify``; that the end was cut off is found by whoever has kept a later digest.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from streams.clock import now
from streams.errors import StateError

FIRST = "0" * 64
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


def audit_path(data: Path) -> Path:
    """Where the log is."""
    return data / "audit" / "audit.jsonl"


def record(data: Path, who: str, what: str, source: str = "", refers_to: int = 0) -> AuditEntry:
    """Append an entry; it is on the disk when this returns.

    Raises:
        AuditDamagedError: the log's end cannot be read.
        OSError: the disk is full, or the folder cannot be written.
    """
    path = audit_path(data)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(max(0, path.stat().st_size - _LAST_BYTES))
        last = _last(path, file.read())
        entry = AuditEntry(
            number=1 if last is None else last.number + 1,
            at=now().isoformat(timespec="milliseconds"),
            who=who,
            what=what,
            source=source,
            refers_to=refers_to,
            previous=FIRST if last is None else last.digest,
        ).sealed()
        file.seek(0, os.SEEK_END)
        file.write(msgspec.json.encode(entry) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return entry


def _last(path: Path, content: bytes) -> AuditEntry | None:
    lines = content.splitlines()
    if not lines:
        return None
    try:
        return msgspec.json.decode(lines[-1], type=AuditEntry)
    except msgspec.DecodeError as error:
        raise AuditDamagedError(
            f"the last line of {path} is not whole ({error}); keep a copy, take the line out and try again"
        ) from error


def entries(data: Path) -> Iterator[tuple[int, AuditEntry | None]]:
    """Line numbers and entries, None for a line that is none."""
    path = audit_path(data)
    if not path.exists():
        return
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            yield number, msgspec.json.decode(line, type=AuditEntry)
        except msgspec.DecodeError:
            yield number, None


def verify(data: Path, known: str = "") -> tuple[int, str, list[str]]:
    """How many entries there are, the digest of the last, and what is wrong.

    Args:
        known: a digest that was noted earlier: it has to be there.
    """
    problems, previous, count, seen = [], FIRST, 0, set[str]()
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
        previous = entry.digest
        seen.add(entry.digest)
    if known and known not in seen:
        problems.append(f"the entry {known} is missing: the end was cut off, or it is another log")
    return count, previous, problems
