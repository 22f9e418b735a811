"""The disk spool: where accepted records wait, in order, while the broker is away.

from streams.errors import StateError

On the path of an event: only when Kafka is not there; written and read by ``streams/collector/publisher.py``.

A spool is a folder of segment files. A segment is a row of frames: length (4 bytes), CRC-32 (4 bytes), content. A
frame is what one flush held, so one fsync pays for all requests of a flush. The file ``position`` says up to where
records have been sent on; it is written without fsync, for a frame sent twice is recognised by its event ids.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.errors import StateError

_HEAD = struct.Struct("<II")
SEGMENT_BYTES = 16_000_000
#: records of one flush are cut into frames of about this size, so that draining needs little memory
FRAME_BYTES = 1_000_000


class Record(NamedTuple):
    """One Kafka record to be."""

    topic: str
    key: bytes | None
    timestamp_ms: int
    value: bytes


class SpoolFullError(StateError):
    """The spool has no room for the records. The publisher raises it, the HTTP handlers answer 503."""


class SpoolInUseError(StateError):
    """Another process uses this spool folder. ``open_spool`` handles it by taking the next folder."""


_DECODER = msgspec.msgpack.Decoder(list[Record])


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
        self._read_segment, self._read_at = self._load_position()
        #: segment number -> bytes of whole frames
        self._sizes: dict[int, int] = {}
        for path in sorted(folder.glob("*.seg")):
            number = int(path.stem)
            if number < self._read_segment:
                path.unlink()
                continue
            self._sizes[number] = self._mend(path)
        if self._read_segment not in self._sizes:
            self._read_segment, self._read_at = min(self._sizes, default=self._read_segment + 1), 0
        self._read_at = min(self._read_at, self._sizes.get(self._read_segment, 0))
        self._last = max([self._read_segment - 1, *self._sizes])
        self._forget_empty()

    @property
    def limit_bytes(self) -> int:
        """Bytes that may wait on disk at most."""
        return self._limit

    @property
    def waiting_bytes(self) -> int:
        """Bytes not yet sent on."""
        return sum(self._sizes.values()) - self._read_at

    @property
    def is_empty(self) -> bool:
        """True if everything has been sent on."""
        return self.waiting_bytes == 0

    def append(self, records: Sequence[Record]) -> None:
        """Keep ``records`` behind what is kept already; when this returns, they survive a power cut.

        Raises:
            SpoolFullError: they do not fit under the limit, or the disk is full; nothing of them is kept.
        """
        frames = _frames(records)
        size = sum(map(len, frames))
        if self.waiting_bytes + size > self._limit:
            raise SpoolFullError(f"the spool holds {self.waiting_bytes:,} of {self._limit:,} bytes")
        try:
            descriptor = self._segment_for_writing()
            before = self._sizes[self._last]
            try:
                _write_all(descriptor, b"".join(frames))
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
        if self.is_empty:
            return [], 0
        while self._read_at >= self._sizes[self._read_segment]:
            self._next_segment()
        with self._path(self._read_segment).open("rb") as file:
            file.seek(self._read_at)
            length, crc = _HEAD.unpack(file.read(_HEAD.size))
            content = file.read(length)
        if zlib.crc32(content) != crc:
            # the disk changed what was written: nothing behind it in this segment can be found again
            lost = self._sizes[self._read_segment] - self._read_at
            self._sizes[self._read_segment] = self._read_at
            name = self._path(self._read_segment)
            if self._writing is not None:
                os.close(self._writing)
                self._writing = None
            self._forget_empty()
            raise SpoolDamagedError(f"{lost:,} bytes of {name} cannot be read")
        return _DECODER.decode(content), _HEAD.size + length

    def advance(self, size: int) -> None:
        """Forget the oldest frame: its records are in Kafka."""
        self._read_at += size
        self._forget_empty()
        position = msgspec.json.encode([self._read_segment, self._read_at])
        with contextlib.suppress(OSError):
            (self._folder / "position").write_bytes(position)

    def close(self) -> None:
        """Let another process have the folder."""
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None
        os.close(self._lock)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:010d}.seg"

    def _load_position(self) -> tuple[int, int]:
        try:
            number, at = msgspec.json.decode((self._folder / "position").read_bytes(), type=tuple[int, int])
        except (OSError, msgspec.MsgspecError):
            return 0, 0  # sent again from the start: the event ids say what was sent before
        return number, at

    def _mend(self, path: Path) -> int:
        """The bytes of whole frames in ``path``; a torn tail (never acknowledged) is cut off."""
        whole = 0
        with path.open("r+b") as file:
            while True:
                head = file.read(_HEAD.size)
                if len(head) < _HEAD.size:
                    break
                length, crc = _HEAD.unpack(head)
                content = file.read(length)
                if len(content) < length or zlib.crc32(content) != crc:
                    break
                whole += _HEAD.size + length
            file.truncate(whole)
        return whole

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
        self._path(self._read_segment).unlink(missing_ok=True)
        self._read_segment, self._read_at = min(self._sizes), 0

    def _forget_empty(self) -> None:
        while self._sizes and self._read_at >= self._sizes[self._read_segment]:
            if len(self._sizes) == 1:
                if self._writing is not None:
                    os.close(self._writing)
                    self._writing = None
                del self._sizes[self._read_segment]
                self._path(self._read_segment).unlink(missing_ok=True)
                self._read_segment, self._read_at = self._last + 1, 0
                return
            self._next_segment()


class SpoolDamagedError(StateError):
    """Part of the spool cannot be read. The publisher logs it and goes on behind it."""


def open_spool(folder: Path, limit_bytes: int) -> Spool:
    """The first spool under ``folder`` that no other process has open, so that several collectors share a data folder."""
    for slot in range(64):
        with contextlib.suppress(SpoolInUseError):
            return Spool(folder / f"{slot:02d}", limit_bytes)
    raise SpoolInUseError(f"64 spools are in use under {folder}")


def _frames(records: Sequence[Record]) -> list[bytes]:
    frames: list[bytes] = []
    part: list[Record] = []
    size = 0
    for record in records:
        part.append(record)
        size += len(record.value) + 64
        if size >= FRAME_BYTES:
            frames.append(_frame(part))
            part, size = [], 0
    if part:
        frames.append(_frame(part))
    return frames


def _frame(records: list[Record]) -> bytes:
    content = msgspec.msgpack.encode(records)
    return _HEAD.pack(len(content), zlib.crc32(content)) + content


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
