"""Puts one changed bit of a column's file right again, where the check sum of its block proves which bit it was.

The engine says which one it was (``CompressedReadBufferBase``, ``validateChecksum``: it tries all), and answers no query all the same.
Nothing is written unless the whole block then has the check sum that was kept for it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, Final

from streams.embedded.store.blocks import CHECKSUM_BYTES, HEADER, checksum

_NAMED: Final = re.compile(r"single bit flip in data block at byte (\d{1,9}), bit ([0-7])\b")
#: bytes of a block on disk, at most: the engine's own are a megabyte unpacked
_LARGEST_BLOCK: Final = 64 << 20


def repair_bit(path: Path, said: str) -> bool:
    """Repair the first damaged block of ``path``; True if it is as it was written.

    Args:
        path: a file of compressed blocks, one behind the other.
        said: the engine's error about it.
    """
    named = _NAMED.search(said)
    with path.open("r+b") as file:
        if (found := _damaged(file)) is None:
            return False
        at, kept, body = found
        actual = checksum(body)
        if (int.from_bytes(kept) ^ int.from_bytes(actual)).bit_count() == 1:  # the sum itself was changed
            return _write(file, at, actual)
        if (head := _other_size(file, at, kept, body)) is not None:
            return _write(file, at + CHECKSUM_BYTES, head)
        if named is None or int(named[1]) >= len(body):
            return False
        repaired, byte = bytearray(body), int(named[1])
        repaired[byte] ^= 1 << int(named[2])
        return checksum(bytes(repaired)) == kept and _write(file, at + CHECKSUM_BYTES, bytes(repaired))


def _damaged(file: BinaryIO) -> tuple[int, bytes, bytes] | None:
    """Where the first block is whose check sum differs, the sum and the rest of it; None if there is none."""
    at = 0
    while head := file.read(CHECKSUM_BYTES + HEADER.size):
        if len(head) < CHECKSUM_BYTES + HEADER.size:
            return None
        size = HEADER.unpack(head[CHECKSUM_BYTES:])[1]
        body = head[CHECKSUM_BYTES:] + file.read(min(max(size - HEADER.size, 0), _LARGEST_BLOCK))
        if len(body) != size or checksum(body) != head[:CHECKSUM_BYTES]:
            return at, head[:CHECKSUM_BYTES], body
        at += CHECKSUM_BYTES + size
    return None


def _other_size(file: BinaryIO, at: int, kept: bytes, body: bytes) -> bytes | None:
    """The block's header with the one bit of its size changed that gives its check sum, if there is one."""
    method, size, unpacked = HEADER.unpack(body[: HEADER.size])
    for bit in range(_LARGEST_BLOCK.bit_length()):
        other = size ^ 1 << bit
        if not HEADER.size <= other <= _LARGEST_BLOCK:
            continue
        head = HEADER.pack(method, other, unpacked)
        file.seek(at + CHECKSUM_BYTES + HEADER.size)
        rest = file.read(other - HEADER.size)
        if len(head) + len(rest) == other and checksum(head + rest) == kept:
            return head
    return None


def _write(file: BinaryIO, at: int, content: bytes) -> bool:
    file.seek(at)
    file.write(content)
    return True
