"""Rolling windows agree with sums taken afresh."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scoring.counting.windows import RollingWindows

LENGTHS = (2, 5)
minute_counts = st.dictionaries(
    st.sampled_from(["a", "b"]), st.lists(st.integers(0, 3), min_size=7, max_size=7), max_size=2
)


@given(st.lists(minute_counts, min_size=1, max_size=12), st.integers(1, 11), minute_counts)
def test_the_latest_row_of_a_store_is_the_sum_of_its_last_minutes(
    minutes: list[dict[str, list[int]]], late: int, correction: dict[str, list[int]]
) -> None:
    windows = RollingWindows(LENGTHS)
    latest = {}
    for number, counts in enumerate(minutes):
        rows = windows.advance(number, counts)
        if number == late:
            rows += windows.amend(number - 1, correction)
        for row in rows:
            latest[row.store_id, row.window_minutes] = row.counts
    if late < len(minutes):
        minutes[late - 1] = {**minutes[late - 1], **correction}
    for store in ("a", "b"):
        for length in LENGTHS:
            recent = [counts.get(store, [0] * 7) for counts in minutes[-length:]]
            wanted = tuple(map(sum, zip(*recent, strict=True)))
            assert latest.get((store, length), (0,) * 7) == wanted


def test_a_quiet_store_costs_no_rows() -> None:
    windows = RollingWindows((2,))
    assert len(windows.advance(0, {"a": [1] * 7})) == 1
    assert windows.advance(1, {}) == []
    assert [row.counts for row in windows.advance(2, {})] == [(0,) * 7]
    assert windows.advance(3, {}) == []


@given(st.lists(minute_counts, min_size=2, max_size=12), st.integers(1, 11))
def test_restored_windows_go_on_like_those_that_never_stopped(
    minutes: list[dict[str, list[int]]], at: int
) -> None:
    at = min(at, len(minutes) - 1)
    straight, restored = RollingWindows(LENGTHS), RollingWindows(LENGTHS)
    for number, counts in enumerate(minutes[:at]):
        straight.advance(number, counts)
    restored.restore(at - 1, dict(enumerate(minutes[:at])))
    for number, counts in enumerate(minutes[at:], at):
        assert restored.advance(number, counts) == straight.advance(number, counts)


@given(st.lists(minute_counts, min_size=6, max_size=30))
def test_minutes_that_left_every_window_were_held_forever(minutes: list[dict[str, list[int]]]) -> None:
    windows = RollingWindows(LENGTHS)
    for number, counts in enumerate(minutes):
        windows.advance(number, counts)
        assert len(windows._totals) <= max(LENGTHS)


def test_a_correction_outside_the_longest_window_changes_nothing_and_its_edge_does() -> None:
    one = {"a": [1, 0, 0, 0, 0, 0, 0]}
    windows = RollingWindows(LENGTHS)
    assert windows.amend(0, one) == []
    for number in range(10):
        windows.advance(number, {})
    assert windows.amend(10, one) == []
    assert windows.amend(4, one) == []
    assert [row.window_minutes for row in windows.amend(5, one)] == [5]
    assert [row.window_minutes for row in windows.amend(8, one)] == [2, 5]
    assert [row.counts[0] for row in windows.amend(9, one)] == [2, 3]
    assert windows.amend(9, one) == []
    assert [row.minute_ms for row in windows.advance(10, {})] == [600_000, 600_000]


def test_windows_are_five_minutes_an_hour_and_a_day() -> None:
    windows = RollingWindows()
    rows = windows.advance(7, {"a": [1] * 7})
    assert [(row.window_minutes, row.minute_ms) for row in rows] == [(5, 420_000), (60, 420_000), (1440, 420_000)]  # fmt: skip
    left = {}
    for minute in range(8, 1448):
        left |= {row.window_minutes: minute for row in windows.advance(minute, {})}
    assert left == {5: 12, 60: 67, 1440: 1447}


def test_what_is_restored_is_what_the_windows_hold_and_nothing_around_it() -> None:
    one = {"a": [1, 0, 0, 0, 0, 0, 0]}
    windows = RollingWindows(LENGTHS)
    windows.restore(9, dict.fromkeys(range(20), one))
    assert [row.counts[0] for row in windows.amend(9, {"a": [2, 0, 0, 0, 0, 0, 0]})] == [3, 6]
    assert windows.amend(10, one) == []
    assert [row.counts[0] for row in windows.amend(9, {})] == []
    rows = {row.window_minutes: row.counts[0] for row in windows.advance(10, {})}
    assert rows == {2: 2, 5: 5}


def test_a_correction_of_a_store_that_was_not_there_begins_its_windows() -> None:
    windows = RollingWindows(LENGTHS)
    windows.advance(0, {"a": [1] * 7})
    rows = windows.amend(0, {"b": [0, 3, 0, 0, 0, 0, 0]})
    assert [(row.store_id, row.window_minutes, row.counts[1]) for row in rows] == [("b", 2, 3), ("b", 5, 3)]
    assert [row.counts for row in windows.amend(0, {"b": [0] * 7})] == [(0,) * 7] * 2
