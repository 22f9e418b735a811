"""A broker's log files are rewritten record by record: offsets, times and headers stay, whatever compressed them."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streams.privacy.log_segments import LogUnreadableError, rewrite_segment, segment_records, topics_under

NAMES = {0: "none", 1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}


def batch(codec: int, first: int, values: list[bytes | None], *, transactional: bool = False) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, int(transactional), 7, 3, 11, 1 << 20)
    for number, value in enumerate(values):
        builder.append(number, 1_000 + number, b"key-ORDER-1001", value, [("h", b"ORDER-1001 header")])
    made = bytearray(builder.build())
    made[:8] = first.to_bytes(8, "big")
    return bytes(made)


def read(content: bytes) -> list[tuple[int, int, bytes | None, bytes | None, int, bool]]:
    found, records = [], MemoryRecords(content)
    while records.has_next():
        one = records.next_batch()
        assert one.validate_crc()
        found += [
            (record.offset, record.timestamp, record.key, record.value, one.producer_id, one.is_transactional)
            for record in one
        ]
    return found


def replace(content: bytes) -> bytes:
    return content.replace(b"ORDER-1001", b"erased-something-longer")


@pytest.mark.parametrize("codec", NAMES, ids=NAMES.get)
def test_values_are_replaced_and_all_else_stays(codec: int, tmp_path: Path) -> None:
    path = tmp_path / "00000000000000000040.log"
    values = [b'{"order_id":"ORDER-1001"}', None, b"x" * 5_000, "订单 ORDER-1001".encode()]
    before = batch(codec, 40, values, transactional=True) + batch(codec, 60, [b"other"])
    path.write_bytes(before)
    for index in (".index", ".timeindex", ".txnindex"):
        path.with_suffix(index).write_bytes(b"0" * 8)
    assert rewrite_segment(path, replace) == 2
    assert read(path.read_bytes()) == [
        (
            offset,
            time,
            key,
            None if value is None else replace(value),
            producer,
            transactional,
        )
        for offset, time, key, value, producer, transactional in read(before)
    ]
    assert [one.suffix for one in sorted(tmp_path.iterdir())] == [".log", ".txnindex"]
    assert [record.value for record in segment_records(path)][1] is None


def test_a_segment_without_a_find_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "00000000000000000000.log"
    content = batch(4, 0, [b"nothing"]) + bytes(64)  # and room that the broker took in advance
    path.write_bytes(content)
    path.with_suffix(".index").write_bytes(b"")
    assert rewrite_segment(path, lambda found: found) == 0
    assert path.read_bytes() == content
    assert path.with_suffix(".index").exists()


def test_a_damaged_segment_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "00000000000000000000.log"
    content = batch(0, 0, [b"ORDER-1001"])[:-5]
    path.write_bytes(content)
    with pytest.raises(LogUnreadableError, match="at byte 0"):
        rewrite_segment(path, replace)
    assert path.read_bytes() == content


def test_partitions_are_found_by_their_folders(tmp_path: Path) -> None:
    for name in ("funnel.events.v1-11", "__consumer_offsets-0", "funnelwatch-monitor-counts-changelog-2"):
        (tmp_path / name).mkdir()
    (tmp_path / "meta.properties").touch()
    assert [topic for topic, _ in topics_under(tmp_path)] == [
        "__consumer_offsets", "funnel.events.v1", "funnelwatch-monitor-counts-changelog",
    ]  # fmt: skip
