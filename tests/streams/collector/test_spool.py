"""The spool: order, bounds, restarts, torn tails."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from streams.collector import spool as spools
from streams.collector.frames import FRAME_BYTES, Record, find_gaps, frame, frames
from streams.collector.spool import Spool, SpoolFullError, SpoolInUseError, open_spool, set_aside


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


def test_a_torn_tail_is_cut_off_and_what_precedes_it_is_kept(tmp_path: Path) -> None:
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


def test_a_full_spool_accepts_no_more_and_keeps_what_it_has(tmp_path: Path) -> None:
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


def filled(folder: Path, names: list[str]) -> Path:
    """The segment of a closed spool that holds a frame for each name."""
    spool = Spool(folder, 1_000_000)
    for name in names:
        spool.append(records(name))
    spool.close()
    (segment,) = folder.glob("*.seg")
    return segment


def test_a_byte_that_the_disk_changed_while_the_collector_ran_costs_its_frame_only(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "00", 10_000)
    for name in "abc":
        spool.append(records(name))
    (segment,) = tmp_path.glob("*/*.seg")
    with segment.open("r+b") as file:
        file.seek(len(frame(records("a"))) + 10)
        file.write(b"?")
    spool.append(records("d"))
    assert drain(spool) == ["a", "c", "d"]
    (reported,) = spool.take_damage()
    (kept,) = set_aside(tmp_path)
    assert str(kept) in reported
    assert kept.read_bytes()[10:11] == b"?"
    assert spool.is_empty
    assert spool.take_damage() == []


def test_any_single_flipped_byte_costs_at_most_the_frame_it_is_in(tmp_path: Path) -> None:
    names = [f"name-{number}" for number in range(5)]
    segment = filled(tmp_path / "00", names)
    whole = segment.read_bytes()
    size = len(whole) // len(names)
    for place in range(len(whole)):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            segment.write_bytes(damaged)
            spool = Spool(tmp_path / "00", 1_000_000)
            left = [name for number, name in enumerate(names) if number != place // size]
            assert drain(spool) == left, (place, flip)
            assert len(spool.take_damage()) == 1, (place, flip)
            (kept,) = set_aside(tmp_path)
            assert kept.read_bytes() == damaged[place // size * size :][:size]
            kept.unlink()
            (tmp_path / "00" / "position").unlink(missing_ok=True)
            spool.close()


@pytest.mark.parametrize("place", range(12))
@pytest.mark.parametrize("flip", [0x01, 0x02, 0x08, 0x80])
def test_a_damaged_position_never_deletes_what_was_not_sent(tmp_path: Path, place: int, flip: int) -> None:
    spool = Spool(tmp_path, 10_000)
    for name in "abc":
        spool.append(records(name))
    spool.advance(spool.head()[1])
    spool.close()
    position = bytearray((tmp_path / "position").read_bytes())
    position[place % len(position)] ^= flip
    (tmp_path / "position").write_bytes(position)
    assert drain(Spool(tmp_path, 10_000)) == ["a", "b", "c"]  # the first again: its event id is known


def test_the_spool_of_an_earlier_release_is_read_from_its_position(tmp_path: Path) -> None:
    segment = filled(tmp_path, ["a", "b"])
    (tmp_path / "position").write_bytes(b"[%d,%d]" % (int(segment.stem), segment.stat().st_size // 2))
    assert drain(Spool(tmp_path, 10_000)) == ["b"]


def test_a_file_that_was_set_aside_is_sent_after_it_was_moved_behind_the_last_segment(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    spool.append(records("a"))
    spool.close()
    (tmp_path / "9999999999.seg").write_bytes(frame(records("b")))
    spool = Spool(tmp_path, 10_000)
    spool.append(records("c"))
    spool.close()
    assert drain(Spool(tmp_path, 10_000)) == ["a", "b", "c"]


def test_files_that_are_not_segments_are_left_alone(tmp_path: Path) -> None:
    filled(tmp_path, ["a"])
    for name in ("zzz.seg", "1.seg", ".0000000001.seg.swp", "readme"):
        (tmp_path / name).write_bytes(b"not ours")
    (tmp_path / "0000000009.seg").mkdir()
    assert drain(Spool(tmp_path, 10_000)) == ["a"]
    assert (tmp_path / "zzz.seg").read_bytes() == b"not ours"


def test_rejected_records_are_kept_as_a_frame(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "00", 10_000)
    path = spool.set_aside(records("a"), "rejected")
    assert set_aside(tmp_path) == [path]
    assert path.read_bytes() == frame(records("a"))
    assert spool.set_aside(records("a"), "rejected") == path  # tried again: still one file


def test_a_damaged_length_that_leads_to_a_later_frame_does_not_take_those_between(tmp_path: Path) -> None:
    segment = filled(tmp_path, ["a", "b", "c", "d"])
    whole = bytearray(segment.read_bytes())
    size = len(whole) // 4
    whole[0] += 2 * size  # as if the first frame went up to the last one
    segment.write_bytes(whole)
    assert drain(Spool(tmp_path, 10_000)) == ["b", "c", "d"]


def test_a_megabyte_of_damage_that_looks_like_frames_is_looked_through_once(tmp_path: Path) -> None:
    one = frame(records("a"))
    fakes = b"".join(one[:8] + b"\x91\x94\xa1" for _ in range(100_000))
    whole, gaps = find_gaps(fakes + one)
    assert whole == len(fakes) + len(one)
    assert [(gap.start, gap.end) for gap in gaps] == [(0, len(fakes))]
    assert len(frames(records("x" * FRAME_BYTES, "y"))) == 2


def test_a_frame_is_length_crc_content(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10_000)
    spool.append(records("a"))
    (segment,) = tmp_path.glob("*.seg")
    raw = segment.read_bytes()
    assert int.from_bytes(raw[:4], "little") == len(raw) - 8
    assert int.from_bytes(raw[4:8], "little") == zlib.crc32(raw[8:])
