"""The spool: order, bounds, restarts, torn tails."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest

from streams.collector import spool as spools
from streams.collector.spool import (
    Record,
    Spool,
    SpoolDamagedError,
    SpoolFullError,
    SpoolInUseError,
    open_spool,
)


def records(*names: str) -> list[Record]:
    return [Record("t", b"k", 1, name.encode()) for name in names]


def drain(spool: Spool) -> list[str]:
    found: list[str] = []
    while not spool.is_empty:
        part, size = spool.head()
        found += [record.value.decode() for record in part]
        spool.advance(size)
    return found


def test_records_come_out_in_the_order_in_which_they_went_in_also_after_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    spool.append(records("a", "b"))
    spool.append(records("c"))
    _, size = spool.head()
    spool.advance(size)
    spool.close()
    again = Spool(tmp_path, 10_000)
    again.append(records("d"))
    assert drain(again) == ["c", "d"]
    assert [path.name for path in tmp_path.glob("*.seg")] == []
    again.append(records("e"))
    again.close()
    assert drain(Spool(tmp_path, 10_000)) == ["e"]


def test_a_torn_tail_is_cut_off_and_what_stands_before_it_is_kept(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    spool.append(records("a"))
    spool.append(records("b"))
    spool.close()
    (segment,) = tmp_path.glob("*.seg")
    whole = segment.read_bytes()
    outcomes = set()
    for cut in range(len(whole)):
        segment.write_bytes(whole[:cut])
        again = Spool(tmp_path, 10_000)
        outcomes.add("".join(drain(again)))
        again.close()
        (tmp_path / "position").unlink(missing_ok=True)
        segment.write_bytes(whole)
    assert outcomes == {"", "a"}


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 200)
    spool.append(records("x" * 100))
    with pytest.raises(SpoolFullError):
        spool.append(records("y" * 100))
    assert drain(spool) == ["x" * 100]
    spool.append(records("z" * 100))
    assert drain(spool) == ["z" * 100]


def test_segments_roll_and_are_deleted_when_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "SEGMENT_BYTES", 100)
    spool = Spool(tmp_path, 100_000)
    names = [f"{number:030d}" for number in range(20)]
    for name in names:
        spool.append(records(name))
    assert len(list(tmp_path.glob("*.seg"))) >= 5
    assert drain(spool) == names
    assert list(tmp_path.glob("*.seg")) == []


def test_two_processes_do_not_share_a_spool(tmp_path: Path) -> None:
    first = open_spool(tmp_path, 1000)
    second = open_spool(tmp_path, 1000)
    second.append(records("mine"))
    assert first.is_empty
    with pytest.raises(SpoolInUseError):
        Spool(tmp_path / "00", 1000)
    first.close()
    assert open_spool(tmp_path, 1000).is_empty


def test_bytes_that_the_disk_changed_are_told_and_passed_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    spool.append(records("a"))
    (segment,) = tmp_path.glob("*.seg")
    with segment.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"?")
    with pytest.raises(SpoolDamagedError):
        spool.head()
    spool.append(records("b"))
    assert drain(spool) == ["b"]


def test_a_frame_is_length_crc_content(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    spool.append(records("a"))
    (segment,) = tmp_path.glob("*.seg")
    raw = segment.read_bytes()
    assert int.from_bytes(raw[:4], "little") == len(raw) - 8
    assert int.from_bytes(raw[4:8], "little") == zlib.crc32(raw[8:])
