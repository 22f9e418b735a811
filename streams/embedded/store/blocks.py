"""ClickHouse's own compressed blocks over HTTP (``compress=1``, ``decompress=1``), which some clients use by default.

A block is a checksum of 16 bytes (CityHash128 1.0.2 of what follows), a byte for the method, the size with these nine bytes of
header and the size unpacked (4 bytes each, little endian), and the packed content (``CompressedReadBufferBase``,
``CompressedWriteBuffer`` of ClickHouse). The engine writes the columns on its disk in the same form.
"""

from __future__ import annotations

import struct
from typing import Final

import cramjam
import lz4.block
from clickhouse_cityhash.cityhash import CityHash128

from streams.embedded.store.errors import (
    BROKEN_BLOCK,
    CHECKSUM_DIFFERS,
    CUT_SHORT,
    REQUEST_TOO_LARGE,
    UNKNOWN_COMPRESSION,
    StoreError,
)

#: what follows the check sum: method, size with this header, size unpacked
HEADER: Final = struct.Struct("<BII")
_HALVES: Final = struct.Struct("<QQ")
CHECKSUM_BYTES: Final = _HALVES.size
_START: Final = CHECKSUM_BYTES + HEADER.size
_NONE, _LZ4, _ZSTD = 0x02, 0x82, 0x90
#: bytes of content in a block that is written, as the server's ``max_compress_block_size``
_BLOCK_BYTES: Final = 1 << 20
#: bytes of content in a block that is read, at most; clients write about a megabyte
_MAX_BYTES: Final = 64 << 20


def pack(content: bytes) -> bytes:
    """``content`` as LZ4 blocks."""
    return b"".join(_block(content[at : at + _BLOCK_BYTES]) for at in range(0, len(content), _BLOCK_BYTES))


def _block(content: bytes) -> bytes:
    packed = bytes(lz4.block.compress(content, store_size=False))
    body = HEADER.pack(_LZ4, HEADER.size + len(packed), len(content)) + packed
    return checksum(body) + body


def checksum(body: bytes) -> bytes:
    """The check sum in front of a block: of its header and its packed content."""
    number: int = CityHash128(body)
    # two numbers of eight bytes, each little endian, the first one in front
    return _HALVES.pack(number >> 64, number & (1 << 64) - 1)


class BlockReader:
    """Takes blocks as they come, gives their content: ``most`` bytes in all."""

    def __init__(self, most: int) -> None:
        self._held = bytearray()
        self._most = self._left = most

    def feed(self, data: bytes) -> bytes:
        """The content of the blocks that are whole with ``data``.

        Raises:
            StoreError: one is damaged, too large, or of an unknown method.
        """
        self._held += data
        content: list[bytes] = []
        at = 0
        while (end := self._end_of(at)) is not None and end <= len(self._held):
            block = bytes(self._held[at:end])
            self._left -= HEADER.unpack_from(block, CHECKSUM_BYTES)[2]
            if self._left < 0:  # known before any room is made for it
                raise StoreError(
                    REQUEST_TOO_LARGE,
                    "TOO_MANY_BYTES",
                    f"The request's body is larger than {self._most} bytes unpacked: send it in parts",
                )
            content.append(_unpack(block))
            at = end
        del self._held[:at]
        return b"".join(content)

    def finish(self) -> None:
        """Call it at the end.

        Raises:
            StoreError: the last block is not whole.
        """
        if self._held:
            raise StoreError(CUT_SHORT, "CANNOT_READ_ALL_DATA", "The last compressed block is cut short")

    def _end_of(self, at: int) -> int | None:
        if len(self._held) < at + _START:
            return None
        method, packed, size = HEADER.unpack_from(self._held, at + CHECKSUM_BYTES)
        if method not in (_NONE, _LZ4, _ZSTD):
            raise StoreError(
                UNKNOWN_COMPRESSION,
                "UNKNOWN_COMPRESSION_METHOD",
                f"Unknown compression method 0x{method:02x} of a block; send LZ4, ZSTD or NONE",
            )
        if packed < HEADER.size or max(packed, size) > _MAX_BYTES:
            raise StoreError(
                BROKEN_BLOCK,
                "TOO_LARGE_SIZE_COMPRESSED",
                f"A compressed block says that it has {packed} bytes, {size} unpacked; at most {_MAX_BYTES} are taken",
            )
        return at + CHECKSUM_BYTES + int(packed)


def _unpack(block: bytes) -> bytes:
    body = block[CHECKSUM_BYTES:]
    if checksum(body) != block[:CHECKSUM_BYTES]:
        raise StoreError(
            CHECKSUM_DIFFERS,
            "CHECKSUM_DOESNT_MATCH",
            "Checksum doesn't match: a compressed block was damaged on its way, or made with another hash than CityHash128 1.0.2",
        )
    method, _, size = HEADER.unpack_from(body)
    packed = body[HEADER.size :]
    try:
        content = _content(method, packed, size)
    except (lz4.block.LZ4BlockError, cramjam.DecompressionError, ValueError) as error:
        raise StoreError(BROKEN_BLOCK, "CANNOT_DECOMPRESS", f"Cannot decompress a block: {error}") from error
    if len(content) != size:
        raise StoreError(
            BROKEN_BLOCK,
            "CANNOT_DECOMPRESS",
            f"Cannot decompress a block: it has {len(content)} bytes unpacked, not {size}",
        )
    return content


def _content(method: int, packed: bytes, size: int) -> bytes:
    if method == _NONE:
        return packed
    if method == _LZ4:
        return bytes(lz4.block.decompress(packed, uncompressed_size=size))
    room = bytearray(size + 1)
    return bytes(room[: cramjam.zstd.decompress_into(packed, room)])
