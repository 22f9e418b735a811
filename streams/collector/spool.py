"""The disk spool: where accepted records wait, in order, while the broker is unreachable.

On the path of an event: only when Kafka is not there; written and read by ``streams/collector/publisher.py``.

A spool is a folder of segment files. A segment is a row of frames (``streams/collector/frames.py``). A frame is what one flush
held, so one fsync pays for all requests of a flush. The file ``position`` says up to where records have been sent on; it is
written without fsync, for a frame sent twice is recognised by its event ids. Bytes that the disk changed cost the frame they are in:
it is kept in the folder ``aside`` and reported, and all others are sent. There, too, is what Kafka rejects for good.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from streams.collector.frames import HEAD, Gap, Record, find_gaps, frame, frames, read_frame
from streams.errors import StateError
from streams.instance.files import write_atomically

SEGMENT_BYTES = 16_000_000
_SEGMENT = re.compile(r"\d{10,}\.seg")
#: folder of what could not be sent on, in each spool's own
ASIDE = "aside"


class SpoolFullError(StateError):
    """The spool has no room for the records. The publisher raises it, the HTTP handlers answer 503."""


class SpoolInUseError(StateError):
    """Another process uses this spool folder. ``open_spool`` handles it by taking the next folder."""


class Spool:
    """A bounded queue of records on disk. Not thread-safe: one owner, which may run each call in a thread."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Open ``folder``, made if it is not there, and find what an earlier process left in it.

        Args:
            folder: of this spool alone.
            limit_bytes: on disk at most.

        Raises:
            SpoolInUseError: another process has it open.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._limit = limit_bytes
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise SpoolInUseError(str(folder)) from error
        self._writing: int | None = None
        #: segment number -> bytes of frames and gaps
        self._sizes: dict[int, int] = {}
        #: segment number -> where a gap begins -> where it ends
        self._gaps: dict[int, dict[int, int]] = {}
        self._damage: list[str] = []
        found = sorted(
            int(path.stem) for path in folder.iterdir() if _SEGMENT.fullmatch(path.name) and path.is_file()
        )
        self._read_segment, self._read_at = self._load_position(found)
        for number in found:
            if number < self._read_segment:
                self._path(number).unlink()
                continue
            self._sizes[number] = self._look_through(number)
        if self._read_segment not in self._sizes:
            self._read_segment, self._read_at = min(self._sizes, default=self._read_segment + 1), 0
        self._read_at = min(self._read_at, self._sizes.get(self._read_segment, 0))
        self._last = max([self._read_segment - 1, *self._sizes])
        self._pass_gaps()
        self._forget_empty()

    @property
    def limit_bytes(self) -> int:
        """Bytes that may wait on disk at most."""
        return self._limit

    @property
    def waiting_bytes(self) -> int:
        """Bytes not yet sent on; what is damaged does not wait."""
        gaps = sum(end - start for one in self._gaps.values() for start, end in one.items())
        return sum(self._sizes.values()) - self._read_at - gaps

    def take_damage(self) -> list[str]:
        """What was found damaged since the last call, a sentence each: where, how much, and where it is kept."""
        damage, self._damage = self._damage, []
        return damage

    @property
    def is_empty(self) -> bool:
        """True if everything has been sent on."""
        return self.waiting_bytes == 0

    def append(self, records: Sequence[Record]) -> None:
        """Keep ``records`` behind what is kept already; when this returns, they survive a power cut.

        Raises:
            SpoolFullError: they do not fit under the limit, or the disk is full; nothing of them is kept.
        """
        parts = frames(records)
        size = sum(map(len, parts))
        if self.waiting_bytes + size > self._limit:
            raise SpoolFullError(f"the spool holds {self.waiting_bytes:,} of {self._limit:,} bytes")
        try:
            descriptor = self._segment_for_writing()
            before = self._sizes[self._last]
            try:
                _write_all(descriptor, b"".join(parts))
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                os.lseek(descriptor, before, os.SEEK_SET)
                raise
        except OSError as error:
            raise SpoolFullError(f"cannot write to disk: {error.strerror}") from error
        self._sizes[self._last] = before + size

    def head(self) -> tuple[list[Record], int]:
        """The oldest frame's records and its bytes on disk, for ``advance``; ([], 0) if the spool is empty."""
        while not self.is_empty:
            while self._read_at >= self._sizes[self._read_segment]:
                self._next_segment()
                self._pass_gaps()
            with self._path(self._read_segment).open("rb") as file:
                file.seek(self._read_at)
                begun = file.read(HEAD.size)
                length = HEAD.unpack(begun)[0] if len(begun) == HEAD.size else 0
                content = begun + file.read(min(length, self._sizes[self._read_segment]))
            found = read_frame(content)
            if found is not None:
                return found
            self._find_damage()
        return [], 0

    def advance(self, size: int) -> None:
        """Forget the oldest frame: its records are in Kafka, or set aside."""
        self._read_at += size
        self._pass_gaps()
        self._forget_empty()
        where = f"{self._read_segment} {self._read_at}".encode()
        with contextlib.suppress(OSError):
            (self._folder / "position").write_bytes(b"%s %08x" % (where, zlib.crc32(where)))

    def set_aside(self, records: Sequence[Record], why: str) -> Path:
        """Keep ``records``, which Kafka rejects for good, as a file of one frame; where it is.

        Raises:
            OSError: it cannot be written to the disk.
        """
        content = frame(records)
        path = self._folder / ASIDE / f"{why}-{hashlib.blake2b(content, digest_size=8).hexdigest()}.frame"
        write_atomically(path, content, 0o600)
        return path

    def close(self) -> None:
        """Let another process have the folder."""
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None
        os.close(self._lock)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:010d}.seg"

    def _load_position(self, found: Sequence[int]) -> tuple[int, int]:
        """Where to go on; (0, 0) if that is not sure: the event ids say what was sent before.

        A position that is wrong by a byte must not delete a segment, so it carries a check sum. What earlier releases wrote has
        none, ``[segment, offset]``, and is believed if there is such a segment.
        """
        with contextlib.suppress(OSError, ValueError):
            text = (self._folder / "position").read_bytes()
            if text.startswith(b"["):
                number, at = msgspec.json.decode(text, type=tuple[int, int])
                return (number, at) if number in found and at >= 0 else (0, 0)
            where, _, crc = text.rpartition(b" ")
            if int(crc, 16) == zlib.crc32(where):
                number, at = map(int, where.split())
                return number, at
        return 0, 0

    def _look_through(self, number: int) -> int:
        """The bytes of frames and gaps in a segment; a torn tail (never acknowledged) is cut off."""
        path = self._path(number)
        content = path.read_bytes()
        whole, gaps = find_gaps(content)
        self._keep_gaps(number, content, gaps)
        if whole < len(content):
            os.truncate(path, whole)
        return whole

    def _find_damage(self) -> None:
        """The disk has changed the frame to be read: look where the next one is."""
        number, end = self._read_segment, self._sizes[self._read_segment]
        content = self._path(number).read_bytes()[:end]
        _, gaps = find_gaps(content, self._read_at)
        if not gaps or gaps[0].start != self._read_at:
            # whole by its check sum and yet no records, or cut short: it is passed over as far as it goes
            found = (
                HEAD.size + HEAD.unpack_from(content, self._read_at)[0]
                if len(content) >= self._read_at + HEAD.size
                else end
            )
            gaps = [Gap(self._read_at, min(end, self._read_at + found)), *gaps]
        self._keep_gaps(number, content, gaps)
        self._pass_gaps()
        self._forget_empty()

    def _keep_gaps(self, number: int, content: bytes, gaps: Sequence[Gap]) -> None:
        for gap in gaps:
            self._gaps.setdefault(number, {})[gap.start] = gap.end
            path = self._folder / ASIDE / f"damaged-{number:010d}-{gap.start}.bytes"
            if path.exists():
                continue  # reported by an earlier process
            kept = f"kept as {path}"
            try:
                write_atomically(path, content[gap.start : gap.end], 0o600)
            except OSError as error:
                kept = f"not kept: {error.strerror}"
            self._damage.append(
                f"{gap.end - gap.start:,} bytes at {gap.start:,} of {self._path(number)} are damaged, {kept}"
            )

    def _pass_gaps(self) -> None:
        gaps = self._gaps.get(self._read_segment, {})
        # a position inside a gap can only come from an earlier release, which knew of none
        while (
            start := next((one for one, end in gaps.items() if one <= self._read_at < end), None)
        ) is not None:
            self._read_at = gaps.pop(start)
        for passed in [one for one in gaps if one < self._read_at]:
            del gaps[passed]

    def _segment_for_writing(self) -> int:
        if self._writing is not None and self._sizes.get(self._last, SEGMENT_BYTES) >= SEGMENT_BYTES:
            os.close(self._writing)
            self._writing = None
        if self._writing is None:
            self._last += 1
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            self._writing = os.open(self._path(self._last), flags, 0o600)
            self._sizes[self._last] = 0
            if len(self._sizes) == 1:
                self._read_segment, self._read_at = self._last, 0
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return self._writing

    def _next_segment(self) -> None:
        del self._sizes[self._read_segment]
        self._gaps.pop(self._read_segment, None)
        self._path(self._read_segment).unlink(missing_ok=True)
        self._read_segment, self._read_at = min(self._sizes), 0
        self._pass_gaps()

    def _forget_empty(self) -> None:
        while self._sizes and self._read_at >= self._sizes[self._read_segment]:
            if len(self._sizes) == 1:
                if self._writing is not None:
                    os.close(self._writing)
                    self._writing = None
                del self._sizes[self._read_segment]
                self._gaps.pop(self._read_segment, None)
                self._path(self._read_segment).unlink(missing_ok=True)
                self._read_segment, self._read_at = self._last + 1, 0
                return
            self._next_segment()


def open_spool(folder: Path, limit_bytes: int) -> Spool:
    """The first spool under ``folder`` that no other process has open, so that several collectors share a data folder."""
    for slot in range(64):
        with contextlib.suppress(SpoolInUseError):
            return Spool(folder / f"{slot:02d}", limit_bytes)
    raise SpoolInUseError(f"64 spools are in use under {folder}")


def set_aside(folder: Path) -> list[Path]:
    """Files of what the spools under ``folder`` could not send on, oldest first."""
    return sorted(folder.glob(f"*/{ASIDE}/*"), key=lambda path: path.stat().st_mtime)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
