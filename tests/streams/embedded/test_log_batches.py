"""A byte of the broker's log that the disk changed is put right; what cannot be is cut out, and all other batches stay."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import example, given
from hypothesis import strategies as st

from streams.embedded.log_batches import look_through
from streams.embedded.log_repair import repair_logs, set_aside

BASE = 70_000


def batch(offset: int, records: int, size: int) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1_000_000)
    for number in range(records):
        builder.append(number, 1_764_444_444_000 + number, b"store", b"v" * size, [])
    built = builder.build()
    struct.pack_into(">q", built, 0, offset)
    return bytes(built)


#: the offsets 70,000 to 70,009, with a gap as compaction leaves it
BATCHES = [batch(BASE, 1, 30), batch(BASE + 1, 3, 200), batch(BASE + 6, 3, 1), batch(BASE + 9, 1, 4000)]
SEGMENT = b"".join(BATCHES)
STARTS = [sum(map(len, BATCHES[:number])) for number in range(len(BATCHES))]
#: bytes 12 to 15 of a batch, the leader's epoch, are under no check sum and no reader of ours looks at them
EPOCHS = {start + place for start in STARTS for place in range(12, 16)}
#: the offset of a batch behind a gap may be any that fits into it, that of the last one any that a log can have
FREE = {STARTS[2] + 7, *range(STARTS[-1] + 3, STARTS[-1] + 8)}
PLACES = sorted(set(range(len(SEGMENT))) - EPOCHS - FREE)


def changed(content: bytes, *places: int, by: int = 0x41) -> bytes:
    made = bytearray(content)
    for place in places:
        made[place] ^= by
    return bytes(made)


def test_nothing_is_wrong_with_what_kafka_wrote() -> None:
    looked = look_through(SEGMENT, BASE)
    assert (looked.content, looked.starts, looked.repaired, looked.lost) == (None, STARTS, [], [])


@example(STARTS[-1], 1)
@given(st.sampled_from(PLACES), st.integers(1, 255))
def test_one_changed_byte_anywhere_is_put_right(place: int, by: int) -> None:
    looked = look_through(changed(SEGMENT, place, by=by), BASE)
    assert looked.content == SEGMENT
    assert (len(looked.repaired), looked.lost, looked.starts) == (1, [], STARTS)


@given(st.integers(0, len(BATCHES) - 1), st.data())
def test_a_batch_with_more_damage_costs_itself_alone(number: int, data: st.DataObject) -> None:
    begin = STARTS[number] + 61
    places = data.draw(st.sets(st.integers(begin, STARTS[number] + len(BATCHES[number]) - 1), min_size=3))
    damaged = changed(SEGMENT, *places)
    looked = look_through(damaged, BASE)
    others = [one for place, one in enumerate(BATCHES) if place != number]
    assert looked.content == b"".join(others)
    assert looked.lost == [(STARTS[number], damaged[STARTS[number] :][: len(BATCHES[number])])]


@pytest.mark.parametrize("cut", [1, 30, 4000, 4060])
def test_a_torn_end_is_left_to_kafka(cut: int) -> None:
    assert look_through(SEGMENT[:-cut], BASE).content is None
    damaged = changed(SEGMENT[:-cut], STARTS[1] + 80)
    assert look_through(damaged, BASE).content == SEGMENT[:-cut]


def test_what_was_cut_out_is_kept_and_an_index_that_leads_elsewhere_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "funnel.events.v1-0"
    folder.mkdir(parents=True)
    log, index = folder / f"{BASE:020d}.log", folder / f"{BASE:020d}.index"
    log.write_bytes(SEGMENT)
    entries = struct.pack(">iiii", 3, STARTS[1], 8, STARTS[2]) + bytes(16)
    index.write_bytes(entries)
    assert (repair_logs(tmp_path), index.read_bytes()) == ([], entries)
    index.write_bytes(changed(entries, 7))
    assert ["the index" in said for said in repair_logs(tmp_path)] == [True]
    assert not index.exists()
    log.write_bytes(changed(SEGMENT, *range(STARTS[1] + 100, STARTS[1] + 110)))
    (said,) = repair_logs(tmp_path)
    (kept,) = set_aside(tmp_path)
    assert str(kept) in said
    assert len(kept.read_bytes()) == len(BATCHES[1])
    assert log.read_bytes() == SEGMENT.replace(BATCHES[1], b"")
