"""What the files of broker and store hold, also in what they compressed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import cramjam
from aiokafka.record.memory_records import MemoryRecords


def readable(path: Path) -> Iterator[bytes]:
    """A file as it is; and what Kafka or ClickHouse compressed in it."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".log" and "kafka" in path.parts:
        records = MemoryRecords(content)
        while records.has_next():
            for record in records.next_batch():
                yield (record.key or b"") + b" " + (record.value or b"")
    if path.suffix == ".bin" and "clickhouse" in path.parts:
        yield from blocks(content)


def blocks(content: bytes) -> Iterator[bytes]:
    """ClickHouse's compressed blocks: a checksum, the method, both sizes, the data."""
    at = 0
    while at < len(content):
        method, size, plain = struct.unpack_from("<BII", content, at + 16)
        data = content[at + 25 : at + 16 + size]
        if method == 0x82:
            yield bytes(cramjam.lz4.decompress_block(data, output_len=plain))
        elif method == 0x90:
            yield bytes(cramjam.zstd.decompress(data))
        else:
            assert method in (0x02, 0x91), (
                f"a block of the method {method:#x}"
            )  # numbers: not compressed, or by their differences
            yield data
        at += 16 + size
