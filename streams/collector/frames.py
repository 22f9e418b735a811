"""Frames of the disk spool: how records are written one after another, and how they are found again among damaged bytes.

A frame is length (4 bytes), CRC-32 (4 bytes), content: a MessagePack array of records. Pure: bytes in, bytes and places out;
files are ``streams/collector/spool.py``'s.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from scoring.errors import UNDECODABLE

HEAD = struct.Struct("<II")
#: records of one flush are cut into frames of about this size, so that draining needs little memory
FRAME_BYTES = 1_000_000
#: how the content of a frame begins: an array of at least one record, each an array of four that begins with the topic's name.
#: It cannot occur where a length precedes it: texts hold no NUL, and every length has one
_CONTENT = re.compile(rb"(?:[\x91-\x9f]|\xdc..|\xdd....)\x94[\xa0-\xbf\xd9-\xdb]", re.DOTALL)


class Record(NamedTuple):
    """One Kafka record to be."""

    topic: str
    key: bytes | None
    timestamp_ms: int
    value: bytes


class Gap(NamedTuple):
    """Bytes that are not a frame: from ``start`` to before ``end``."""

    start: int
    end: int


_DECODER = msgspec.msgpack.Decoder(list[Record])


def frame(records: Sequence[Record]) -> bytes:
    """The frame of ``records``."""
    content = msgspec.msgpack.encode(records)
    return HEAD.pack(len(content), zlib.crc32(content)) + content


def frames(records: Sequence[Record]) -> list[bytes]:
    """``records`` in frames of about ``FRAME_BYTES``."""
    made: list[bytes] = []
    part: list[Record] = []
    size = 0
    for record in records:
        part.append(record)
        size += len(record.value) + 64
        if size >= FRAME_BYTES:
            made.append(frame(part))
            part, size = [], 0
    if part:
        made.append(frame(part))
    return made


def read_frame(content: bytes | memoryview, at: int = 0) -> tuple[list[Record], int] | None:
    """The records of the frame at ``at`` and its bytes; None if there is no whole and undamaged one."""
    size = _frame_size(memoryview(content), at)
    if size is None:
        return None
    try:
        return _DECODER.decode(memoryview(content)[at + HEAD.size : at + size]), size
    except UNDECODABLE:
        return None


def find_gaps(content: bytes, at: int = 0) -> tuple[int, list[Gap]]:
    """Where undamaged frames end, and the gaps between them.

    Args:
        content: of a segment.
        at: where a frame begins.

    Returns:
        The end of what is a frame or a gap: what follows is the beginning of a frame that was never finished (a torn tail, of
        which nothing was acknowledged). And the gaps, in order.

    The cost is linear in the bytes: a gap's end is looked for by how a content begins, and only a length that fits is tried.
    """
    gaps: list[Gap] = []
    view = memoryview(content)
    while at < len(content):
        size = _frame_size(view, at)
        if size is not None:
            at += size
            continue
        end = _next_frame(content, view, at)
        if end is None and _is_torn(view, at):
            return at, gaps
        end = len(content) if end is None else end
        gaps.append(Gap(at, end))
        at = end
    return at, gaps


def _frame_size(view: memoryview, at: int) -> int | None:
    if at + HEAD.size > len(view):
        return None
    length, crc = _announced(view, at)
    content = view[at + HEAD.size : at + HEAD.size + length]
    if not length or len(content) < length or zlib.crc32(content) != crc:
        return None
    return HEAD.size + len(content)


def _announced(view: memoryview, at: int) -> tuple[int, int]:
    length, crc = HEAD.unpack_from(view, at)
    return int(length), int(crc)


def _next_frame(content: bytes, view: memoryview, at: int) -> int | None:
    # not where its own length says: a damaged one may lead past whole frames. The first content behind this frame's own that has
    # its length and check sum before it
    for match in _CONTENT.finditer(content, at + HEAD.size + 1):
        start = match.start() - HEAD.size
        if _frame_size(view, start) is not None:
            return start
    return None


def _is_torn(view: memoryview, at: int) -> bool:
    """True if a frame was begun and not finished: it announces more than there is, and what there is, is not all of it."""
    if at + HEAD.size > len(view):
        return True
    length, crc = _announced(view, at)
    left = view[at + HEAD.size :]
    return len(left) < length and zlib.crc32(left) != crc
