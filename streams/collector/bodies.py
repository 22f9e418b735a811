"""Reads request bodies within limits: size, time, and what a compressed body may swell to."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping

import cramjam
from aiohttp import web

from streams.errors import InputError

#: seconds in which a body must have arrived
READ_S = 30.0
#: bytes kept of a body that is too large or unreadable, for its dead letter
KEPT_BYTES = 8192
#: members of a gzip body, frames of a zstd one: a sender compresses a body whole, or joins a few
_MAX_MEMBERS = 1000
#: bytes of a gzip body that are handed to zlib at once
_FIRST_PIECE, _LARGEST_PIECE = 512, 262_144
#: how a zstd frame begins, and a part of how a skippable one does (RFC 8878, 3.1)
_ZSTD_FRAME, _ZSTD_SKIPPABLE = b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18"
#: compressed bytes that are decompressed on the event loop; more go to a thread
_INLINE_BYTES = 2048
#: bytes of bodies that are being read for senders who are not known yet: some thousand beacons, a hundred webhooks' deliveries
_STRANGERS_BYTES = 128_000_000


class BodyTooLargeError(InputError):
    """The body is over the limit; ``head`` is its beginning. The HTTP handlers answer 413."""

    def __init__(self, detail: str, head: bytes) -> None:
        super().__init__(detail)
        self.head = head


class BodyUnreadableError(InputError):
    """The body cannot be decompressed (400), or its encoding is not known (415): ``status`` says which.

    ``head`` is the beginning of what could be read of it, else of the body as it came. The HTTP handlers answer.
    """

    def __init__(self, detail: str, status: int, head: bytes) -> None:
        super().__init__(detail)
        self.status = status
        self.head = head[:KEPT_BYTES]


class StrangersRoom:
    """Memory for bodies that are being read before it is known whose they are: a page's beacon, a signed delivery.

    Whoever connects can send all but the last byte of a body, on every connection that it may open. When the room is full, the body
    that has been on its way for longest gives way, as if its time had ended.
    """

    def __init__(self, most: int = _STRANGERS_BYTES) -> None:
        self._most = most
        self._held = 0
        #: by what ends its reading, how many bytes of a body are here; the longest under way first
        self._readings: dict[asyncio.Timeout, int] = {}

    def take(self, reading: asyncio.Timeout, size: int) -> None:
        """Take ``size`` bytes more of the body whose ``reading`` this is."""
        self._readings[reading] = self._readings.get(reading, 0) + size
        self._held += size
        while self._held > self._most and len(self._readings) > 1:
            longest = next(iter(self._readings))
            self.leave(longest)
            longest.reschedule(0)

    def leave(self, reading: asyncio.Timeout) -> None:
        """The body has been read, or never will be."""
        self._held -= self._readings.pop(reading, 0)


async def read_raw(request: web.Request, limit: int, room: StrangersRoom | None = None) -> bytes:
    """The whole body as it came.

    Args:
        request: with its body not read yet; the server must not decompress it.
        limit: bytes at most.
        room: where the bodies of senders are kept who are not known yet.

    Raises:
        BodyTooLargeError: it is larger.
        TimeoutError: it did not arrive in time.
    """
    chunks: list[bytes] = []
    size = 0
    encoding = _encoding_of(request.headers)
    async with asyncio.timeout(READ_S) as reading:
        try:
            async for chunk in request.content.iter_any():
                chunks.append(chunk)
                size += len(chunk)
                if room is not None:
                    room.take(reading, len(chunk))
                if size > limit:
                    head = b"".join(chunks)[:KEPT_BYTES] if encoding == "identity" else b""
                    raise BodyTooLargeError(
                        f"the body has more than {limit:,} bytes; send smaller batches", head
                    )
        finally:
            if room is not None:
                room.leave(reading)
    return b"".join(chunks)


async def content_of(raw: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """What ``decompress`` gives, without holding the event loop for more than a millisecond."""
    if _encoding_of(headers) in ("identity", "") or len(raw) <= _INLINE_BYTES:
        return decompress(raw, headers, limit)
    return await asyncio.to_thread(decompress, raw, headers, limit)


def decompress(raw: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """The content of a body that came with ``headers``.

    Args:
        raw: the body as it came.
        headers: of the request.
        limit: bytes after decompression at most.

    Raises:
        BodyTooLargeError: it is larger.
        BodyUnreadableError: its Content-Encoding is unknown, or its content broken or of too many parts.
    """
    encoding = _encoding_of(headers)
    if encoding in ("identity", ""):
        return raw
    if encoding in ("gzip", "x-gzip"):
        return _gunzip(raw, limit)
    if encoding == "zstd":
        return _unzstd(raw, limit)
    detail = f"unknown Content-Encoding {encoding[:40]!r}; send identity, gzip or zstd"
    raise BodyUnreadableError(detail, 415, raw)


def _encoding_of(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Encoding", "identity").strip().lower()


def _gunzip(raw: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    size = at = 0
    view = memoryview(raw)
    for _ in range(_MAX_MEMBERS):
        if at >= len(raw):
            return b"".join(parts)
        stream = zlib.decompressobj(wbits=31)
        # what lies behind a member is copied by zlib: pieces that begin small keep many small members linear
        step = _FIRST_PIECE
        while not stream.eof:
            piece = view[at : at + step]
            if not piece:
                raise BodyUnreadableError("the gzip body is cut short", 400, b"".join(parts))
            try:
                part = stream.decompress(piece, limit - size + 1)
            except zlib.error as error:
                raise BodyUnreadableError(
                    f"the body is not gzip: {error}", 400, b"".join(parts) or raw
                ) from error
            parts.append(part)
            size += len(part)
            if size > limit:
                raise _swollen(limit, b"".join(parts))
            at += len(piece) - len(stream.unused_data)
            step = min(2 * step, _LARGEST_PIECE)
    if at >= len(raw):
        return b"".join(parts)
    raise _too_many_parts("gzip members", b"".join(parts))


def _unzstd(raw: bytes, limit: int) -> bytes:
    if raw.count(_ZSTD_FRAME) > _MAX_MEMBERS or raw.count(_ZSTD_SKIPPABLE) > _MAX_MEMBERS:
        raise _too_many_parts("zstd frames", raw)
    room = bytearray(limit + 1)
    try:
        size = cramjam.zstd.decompress_into(raw, room)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            raise _swollen(limit, bytes(room)) from error
        raise BodyUnreadableError("the body is not zstd, or it is cut short", 400, raw) from error
    if size > limit:
        raise _swollen(limit, bytes(room))
    return bytes(room[:size])


def _too_many_parts(what: str, content: bytes) -> BodyUnreadableError:
    return BodyUnreadableError(
        f"the body has more than {_MAX_MEMBERS:,} {what}; compress it whole", 400, content
    )


def _swollen(limit: int, content: bytes) -> BodyTooLargeError:
    return BodyTooLargeError(
        f"the body has more than {limit:,} bytes when decompressed", content[:KEPT_BYTES]
    )
