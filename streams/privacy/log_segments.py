"""Replaces ids in the log files of a broker that does not run: every record keeps its offset, time and headers.

A segment is a row of record batches (Kafka's message format 2). Those that hold an id are written again in the same order; the
indexes by position are deleted, and the broker makes them again when it starts.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cramjam
from aiokafka.record.util import calc_crc32c as crc32c

from streams.errors import StateError
from streams.instance.files import write_atomically

#: base offset, length, leader epoch, magic, checksum; then what the checksum is of
_HEAD = struct.Struct(">qiibI")
#: attributes, last offset delta, first and last time, producer id and epoch, first sequence, number of records
_BODY = struct.Struct(">hiqqqhii")
_LENGTH_FROM = 12
_CODEC_MASK, _CONTROL = 0x07, 0x20

Replace = Callable[[bytes], bytes]


class LogUnreadableError(StateError):
    """A segment is not as a broker writes it; nothing of it was changed. The command line prints it."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record of a batch; ``before`` is what precedes its key, ``after`` its headers."""

    before: bytes
    key: bytes | None
    value: bytes | None
    after: bytes


def topics_under(log_dir: Path) -> Iterator[tuple[str, Path]]:
    """Each partition's folder, with the name of its topic."""
    for folder in sorted(log_dir.iterdir()):
        topic, _, number = folder.name.rpartition("-")
        if folder.is_dir() and topic and number.isdecimal():
            yield topic, folder


def segment_records(path: Path) -> Iterator[LogRecord]:
    """The records of a segment.

    Raises:
        LogUnreadableError: it is not one.
    """
    for _, body, payload in _batches(path):
        if not body[0] & _CONTROL:
            yield from _records(payload, body[7])


def rewrite_segment(path: Path, replace: Replace) -> int:
    """Replace in the values of a segment's records; how many were changed. Keys are names of stores and connections.

    Raises:
        LogUnreadableError: it is not one.
    """
    changed, parts = 0, []
    for head, body, payload in _batches(path):
        if body[0] & _CONTROL:
            parts.append(_batch(head, body, payload))
            continue
        made, new = [], 0
        for record in _records(payload, body[7]):
            value = None if record.value is None else replace(record.value)
            new += value != record.value
            made.append(_record(record.before, record.key, value, record.after))
        changed += new
        parts.append(_batch(head, body, b"".join(made) if new else payload))
    if changed:
        write_atomically(path, b"".join(parts))
        for index in (path.with_suffix(".index"), path.with_suffix(".timeindex")):
            index.unlink(missing_ok=True)
    return changed


def _batches(path: Path) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...], bytes]]:
    content, at = path.read_bytes(), 0
    while at + _HEAD.size + _BODY.size <= len(content):
        head = _HEAD.unpack_from(content, at)
        end = at + _LENGTH_FROM + head[1]
        if head[1] <= 0 and not any(content[at:]):  # room that the broker took in advance
            return
        if head[3] != 2 or end > len(content):
            raise LogUnreadableError(
                f"{path} is not as a broker writes it at byte {at}; start the broker once, and stop it"
            )
        body = _BODY.unpack_from(content, at + _HEAD.size)
        payload = content[at + _HEAD.size + _BODY.size : end]
        yield head, body, _decompressed(payload, body[0] & _CODEC_MASK, path)
        at = end


def _batch(head: tuple[Any, ...], body: tuple[Any, ...], payload: bytes) -> bytes:
    checked = _BODY.pack(*body) + _compressed(payload, body[0] & _CODEC_MASK)
    length = _HEAD.size - _LENGTH_FROM + len(checked)
    return _HEAD.pack(head[0], length, head[2], head[3], crc32c(checked)) + checked


def _decompressed(payload: bytes, codec: int, path: Path) -> bytes:
    if codec == 0:
        return payload
    if codec == 2:
        return _snappy(payload)
    decoders = {1: cramjam.gzip, 3: cramjam.lz4, 4: cramjam.zstd}
    if codec not in decoders:
        raise LogUnreadableError(f"{path} is compressed in a way that is not known ({codec})")
    return bytes(decoders[codec].decompress(payload))


def _compressed(payload: bytes, codec: int) -> bytes:
    if codec == 0:
        return payload
    encoders = {1: cramjam.gzip, 2: cramjam.snappy, 3: cramjam.lz4, 4: cramjam.zstd}
    if codec == 2:
        return bytes(cramjam.snappy.compress_raw(payload))
    return bytes(encoders[codec].compress(payload))


def _snappy(payload: bytes) -> bytes:
    """Blocks as xerial's library frames them, which Kafka's clients do, or one plain block."""
    if not payload.startswith(b"\x82SNAPPY\x00"):
        return bytes(cramjam.snappy.decompress_raw(payload))
    at, parts = 16, []
    while at < len(payload):
        (length,) = struct.unpack_from(">i", payload, at)
        parts.append(bytes(cramjam.snappy.decompress_raw(payload[at + 4 : at + 4 + length])))
        at += 4 + length
    return b"".join(parts)


def _records(payload: bytes, count: int) -> Iterator[LogRecord]:
    at = 0
    for _ in range(count):
        length, at = _varint(payload, at)
        start, end = at, at + length
        at += 1  # attributes
        _, at = _varint(payload, at)
        _, at = _varint(payload, at)
        before = payload[start:at]
        key, at = _bytes(payload, at)
        value, at = _bytes(payload, at)
        yield LogRecord(before, key, value, payload[at:end])
        at = end


def _record(before: bytes, key: bytes | None, value: bytes | None, after: bytes) -> bytes:
    content = before + _with_length(key) + _with_length(value) + after
    return _encoded(len(content)) + content


def _bytes(payload: bytes, at: int) -> tuple[bytes | None, int]:
    length, at = _varint(payload, at)
    return (None, at) if length < 0 else (payload[at : at + length], at + length)


def _with_length(content: bytes | None) -> bytes:
    return _encoded(-1) if content is None else _encoded(len(content)) + content


def _varint(payload: bytes, at: int) -> tuple[int, int]:
    """A number in zigzag coding, seven bits a byte, and where it ends."""
    number, shift = 0, 0
    while True:
        byte = payload[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return (number >> 1) ^ -(number & 1), at
        shift += 7


def _encoded(number: int) -> bytes:
    number = (number << 1) ^ (number >> 63)
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)
