"""The spool's reader on segments that the disk has changed."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from streams.collector.frames import Record, find_gaps, frame, read_frame
from streams.collector.spool import Spool
from tests.fuzz.running import HOLD_S, Figures, cost_s, search

NAMES = [f"n{number}" for number in range(6)]
PARTS = [frame([Record("t", b"k", 1, name.encode())]) for name in NAMES]
WHOLE = b"".join(PARTS)
#: where bytes are changed, how, and how many
DAMAGE = st.lists(
    st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(1, 255), st.integers(1, 12)),
    min_size=1,
    max_size=4,
)
POSITION = st.binary(max_size=20) | st.sampled_from(
    [b"1 20 00000000", b"[1,40]", b"[9,0]", b"[1,-1]", b"99999 0 x"]
)


def damaged(places: list[tuple[int, int, int]]) -> bytes:
    content = bytearray(WHOLE)
    for at, flip, length in places:
        for place in range(at, min(at + length, len(content))):
            content[place] ^= flip
    return bytes(content)


def test_a_spool_gives_back_every_frame_that_is_whole(tmp_path: Path) -> None:
    def look(example: tuple[list[tuple[int, int, int]], bytes], figures: Figures) -> None:
        content = damaged(example[0])
        size = len(PARTS[0])
        kept = {
            name
            for number, name in enumerate(NAMES)
            if content[number * size : (number + 1) * size] == PARTS[number]
        }
        end, gaps = find_gaps(content)
        assert all(gap.start < gap.end <= end for gap in gaps)
        assert read_frame(content) is not None or NAMES[0] not in kept
        for path in tmp_path.rglob("*.*"):
            path.unlink()
        (tmp_path / "position").write_bytes(example[1])
        (tmp_path / "0000000001.seg").write_bytes(content)
        found: set[str] = set()

        def read() -> None:
            spool = Spool(tmp_path, 1_000_000)
            while not spool.is_empty:
                records, taken = spool.head()
                found.update(record.value.decode() for record in records)
                spool.advance(taken)
            spool.close()

        figures.judge(cost_s(read), HOLD_S)
        assert found <= set(NAMES)
        if not example[1].startswith(
            b"[1,"
        ):  # an earlier release's position says what was sent, and cannot be checked
            assert kept <= found

    search("spool", st.tuples(DAMAGE, POSITION), look)
