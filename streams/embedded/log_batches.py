"""Record batches of a Kafka log as they are on disk, and what a byte that the disk changed has made of them. Pure.

A segment is a row of batches (https://kafka.apache.org/documentation/#recordbatch): offset of the first record (8 bytes), length of
what follows (4), leader epoch (4), magic (1), CRC-32C of all behind it (4), attributes (2), offset of the last record behind the
first (4), and more. Consumers reject a batch whose check sum is wrong, and stop at it. A check sum also says which byte was changed,
if it was one: a batch of usual size is put right again. Called by ``streams/embedded/log_repair.py``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiokafka.record.util import calc_crc32c

_HEAD = struct.Struct(">qiibIhi")
_LENGTH = struct.Struct(">i")
_CRC = struct.Struct(">I")
#: bytes before and after which the length counts; where magic, check sum and what it covers begin; the shortest batch
_COUNTED, _MAGIC_AT, _CRC_AT, _COVERED, _SHORTEST = 12, 16, 17, 21, 61
_MAGIC = 2
#: no offset reaches five full bytes (a million million records): one that does was changed
_BEYOND = 1 << 40
#: how a batch begins: such an offset, and magic
_BEGINNING = re.compile(rb"(?=\x00{3}.{13}\x02)", re.DOTALL)
#: bytes up to which a changed byte is sure to be the only one that fits; in longer batches only a single bit is looked for
_BYTE_IS_SURE, _BIT_IS_SURE = 16_384, 2_000_000
#: Castagnoli's polynomial, reversed (RFC 3720, 12.1)
_POLYNOMIAL = 0x82F63B78


@dataclass(slots=True)
class Looked:
    """What was found in a segment.

    Attributes:
        starts: where its batches begin, once ``content`` is as it should be.
        content: what it should be; None if nothing is wrong.
        repaired: offsets of batches that were put right.
        lost: bytes that are no longer a batch, with their place.
    """

    starts: list[int] = field(default_factory=list)
    content: bytes | None = None
    repaired: list[int] = field(default_factory=list)
    lost: list[tuple[int, bytes]] = field(default_factory=list)


def look_through(content: bytes, base_offset: int) -> Looked:
    """The batches of a segment whose first offset is ``base_offset`` by its name.

    Its end is left alone if it is shorter than its batch says: a broker that starts again cuts it off.
    """
    looked, pieces = Looked(), []
    at, kept, size, following = 0, 0, 0, base_offset
    while at < len(content):
        length = _whole(content, at, following)
        if length and (not _has_jumped(content, at, following) or _leads_on(content, at, at + length)):
            looked.starts.append(size)
            following = _last_offset(content, at) + 1
            at, size = at + length, size + length
            continue
        end = at + length if length else _next_whole(content, at, following)
        if end is None and _put_right(content[at:], following, 1 << 62, is_torn=True):
            end = len(content)  # nothing but its length was wrong
        if end is None:
            break
        pieces.append(content[kept:at])
        put_right = _put_right(content[at:end], following, _first_offset(content, end))
        if put_right is None:
            looked.lost.append((at, content[at:end]))
        else:
            pieces.append(put_right)
            looked.starts.append(size)
            looked.repaired.append(following)
            following = _last_offset(put_right, 0) + 1
            size += len(put_right)
        at = kept = end
    if pieces:
        looked.content = b"".join([*pieces, content[kept:]])
    return looked


def _whole(content: bytes, at: int, following: int) -> int:
    """The bytes of the batch at ``at`` if nothing is wrong with it, else 0."""
    if len(content) - at < _SHORTEST:
        return 0
    offset, length, _, magic, crc, _, _ = _HEAD.unpack_from(content, at)
    end = at + _COUNTED + length
    if magic != _MAGIC or offset < following or not at + _SHORTEST <= end <= len(content):
        return 0
    return end - at if calc_crc32c(memoryview(content)[at + _COVERED : end]) == crc else 0


def _has_jumped(content: bytes, at: int, following: int) -> bool:
    return bool(_first_offset(content, at) != following)


def _leads_on(content: bytes, at: int, end: int) -> bool:
    """Whether the offsets behind ``end`` follow those of the batch at ``at``: its own offset is under no check sum."""
    return _last_offset(content, at) < min(_first_offset(content, end), _BEYOND)


def _first_offset(content: bytes | bytearray, at: int) -> int:
    """Of the batch at ``at``; more than any at the end."""
    return int(_HEAD.unpack_from(content, at)[0]) if at + _HEAD.size <= len(content) else 1 << 62


def _last_offset(content: bytes | bytearray, at: int) -> int:
    offset, *_, delta = _HEAD.unpack_from(content, at)
    return int(offset) + max(int(delta), 0)


def _next_whole(content: bytes, at: int, following: int) -> int | None:
    """Where the next batch begins after a damaged one at ``at``; the end, if the damaged one is the last and whole in length."""
    for found in _BEGINNING.finditer(content, at + _SHORTEST):
        if _whole(content, found.start(), following):
            return found.start()
    left = len(content) - at
    if left < _SHORTEST:
        return None
    length = _LENGTH.unpack_from(content, at + 8)[0]
    return len(content) if length == left - _COUNTED else None


def _put_right(batch: bytes, following: int, next_offset: int, is_torn: bool = False) -> bytes | None:
    """``batch`` with the one byte of it put right that was changed; None if it cannot be said which it was.

    Of one that may be torn (``is_torn``) the check sum must be right already.
    """
    if len(batch) < _SHORTEST:
        return None
    made = bytearray(batch)
    _LENGTH.pack_into(made, 8, len(batch) - _COUNTED)
    made[_MAGIC_AT] = _MAGIC
    wrong = calc_crc32c(bytes(made[_COVERED:])) ^ _CRC.unpack_from(made, _CRC_AT)[0]
    if wrong and is_torn:
        return None
    if wrong and sum(byte != 0 for byte in wrong.to_bytes(4, "big")) == 1:
        _CRC.pack_into(made, _CRC_AT, calc_crc32c(bytes(made[_COVERED:])))
    elif wrong:
        errors = list(_errors(wrong, len(made) - _COVERED))
        if len(errors) != 1:
            return None
        place, changed = errors[0]
        made[_COVERED + place] ^= changed
    if not following <= _first_offset(made, 0) <= _last_offset(made, 0) < min(next_offset, _BEYOND):
        struct.pack_into(">q", made, 0, following)
    put_right = bytes(made)
    return put_right if _whole(put_right, 0, following) == len(put_right) else None


def _errors(wrong: int, size: int) -> Iterator[tuple[int, int]]:
    """Each place in ``size`` bytes, and each change of the byte there, that alone makes the check sum ``wrong``.

    A check sum is linear: it is wrong by what it would be of the change alone, all other bytes being zero. So ``wrong`` is taken back
    byte by byte, from the end, until it is what one byte makes.
    """
    if size > _BIT_IS_SURE:
        return
    state = wrong
    for place in range(size - 1, -1, -1):
        changed = _OF_BYTE.get(state)
        if changed is not None and (size <= _BYTE_IS_SURE or changed.bit_count() == 1):
            yield place, changed
        index = _BY_TOP[state >> 24]
        state = ((state ^ _TABLE[index]) << 8 | index) & 0xFFFFFFFF


def _made_by(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = [_made_by(byte) for byte in range(256)]
_OF_BYTE = {state: byte for byte, state in enumerate(_TABLE) if byte}
_BY_TOP = {state >> 24: byte for byte, state in enumerate(_TABLE)}
