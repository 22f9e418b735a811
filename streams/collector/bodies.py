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
_KEPT = 8192


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
        self.head = head[:_KEPT]


async def read_raw(request: web.Request, limit: int) -> bytes:
    """The whole body as it came.

    Args:
        request: with its body not read yet; the server must not decompress it.
        limit: bytes at most.

    Raises:
        BodyTooLargeError: it is larger.
        TimeoutError: it did not arrive in time.
    """
    chunks: list[bytes] = []
    size = 0
    encoding = _encoding_of(request.headers)
    async with asyncio.timeout(READ_S):
        async for chunk in request.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                head = b"".join(chunks)[:_KEPT] if encoding == "identity" else b""
                raise BodyTooLargeError(f"the body has more than {limit:,} bytes; send smaller batches", head)
    return b"".join(chunks)


def decompress(raw: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """The content of a body that came with ``headers``.

    Args:
        raw: the body as it came.
        headers: of the request.
        limit: bytes after decompression at most.

    Raises:
        BodyTooLargeError: it is larger.
        BodyUnreadableError: its Content-Encoding is unknown or its content broken.
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
    size = 0
    while raw:
        stream = zlib.decompressobj(wbits=31)
        try:
            part = stream.decompress(raw, limit - size + 1)
        except zlib.error as error:
            raise BodyUnreadableError(
                f"the body is not gzip: {error}", 400, b"".join(parts) or raw
            ) from error
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _swollen(limit, b"".join(parts))
        if not stream.eof:
            raise BodyUnreadableError("the gzip body is cut short", 400, b"".join(parts))
        raw = stream.unused_data
    return b"".join(parts)


def _unzstd(raw: bytes, limit: int) -> bytes:
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


def _swollen(limit: int, content: bytes) -> BodyTooLargeError:
    return BodyTooLargeError(f"the body has more than {limit:,} bytes when decompressed", content[:_KEPT])
