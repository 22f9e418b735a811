"""ClickHouse's own compressed blocks, read and written without a server."""

from __future__ import annotations

import struct
from itertools import pairwise

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.embedded.store.blocks import BlockReader, checksum, pack
from streams.embedded.store.errors import StoreError

#: what clickhouse-driver 0.2.11 writes for this content
CONTENT = b"funnelwatch " * 20
WRITTEN = bytes.fromhex(
    "cc06b7fdc1af54fa060bb820407b5a13821f000000f0000000cf66756e6e656c7761746368200c00cc506174636820"
)


def made(method: int, packed: bytes, size: int) -> bytes:
    body = struct.pack("<BII", method, 9 + len(packed), size) + packed
    return checksum(body) + body


@given(st.binary(max_size=300), st.lists(st.integers(0, 400), max_size=4))
def test_what_is_packed_is_read_however_it_is_cut(content: bytes, cuts: list[int]) -> None:
    written = pack(content) + pack(content)
    reader = BlockReader(10_000)
    places = sorted({0, len(written), *(cut for cut in cuts if cut < len(written))})
    parts = [reader.feed(written[start:end]) for start, end in pairwise(places)]
    reader.finish()
    assert b"".join(parts) == content * 2


def test_a_block_of_a_client_is_read() -> None:
    assert BlockReader(1000).feed(WRITTEN) == CONTENT


def test_every_method_of_the_clients_is_read() -> None:
    content = b"shop " * 1000
    blocks = made(0x02, content, len(content)) + made(
        0x90, bytes(cramjam.zstd.compress(content)), len(content)
    )
    assert BlockReader(20_000).feed(blocks + pack(content[:1])) == content * 2 + b"s"


def test_a_large_result_is_cut_into_blocks_of_a_megabyte() -> None:
    content = bytes(2_500_000)
    written = pack(content)
    assert written.count(struct.pack("<I", 1 << 20)) >= 2
    assert BlockReader(3_000_000).feed(written) == content


GOOD = pack(CONTENT)


@pytest.mark.parametrize(
    ("block", "code"),
    [
        (GOOD[:30] + bytes([GOOD[30] ^ 1]) + GOOD[31:], 40),
        (made(0x91, b"x", 1), 89),
        (made(0x82, b"\xff\xff\xff", 100), 271),
        (made(0x82, GOOD[25:], len(CONTENT) - 1), 271),
        (made(0x82, GOOD[25:], len(CONTENT) + 1), 271),
        (made(0x02, b"xyz", 4), 271),
        (made(0x90, b"nothing of zstd", 10), 271),
        (made(0x90, bytes(cramjam.zstd.compress(bytes(1000))), 10), 271),
        (made(0x82, b"", 2**31), 271),
        (struct.pack("<16xBII", 0x82, 3, 1), 271),
        (made(0x82, b"x", 9000), 307),
    ],
    ids=["damaged", "unknown", "no LZ4", "shorter", "longer", "another size", "no ZSTD", "a bomb", "huge", "no room", "too much"],
)  # fmt: skip
def test_a_block_that_is_none_is_rejected_with_the_servers_code(block: bytes, code: int) -> None:
    with pytest.raises(StoreError) as raised:
        BlockReader(8000).feed(block)
    assert raised.value.code == code
    assert raised.value.status in (400, 413)


def test_a_block_that_is_cut_short_is_rejected_at_the_end() -> None:
    reader = BlockReader(1000)
    assert reader.feed(GOOD[:-1]) == b""
    with pytest.raises(StoreError, match="cut short"):
        reader.finish()
