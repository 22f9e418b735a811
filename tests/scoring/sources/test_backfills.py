"""A backfill reads a range part by part from its newest end, and knows how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from scoring.funnel.units import DAY_MS
from scoring.sources.backfills import (
    BackfillProgress,
    BackfillState,
    BackfillWish,
    begun,
    days_done,
    left_s,
    next_part,
    state_of_backfill,
    went_on,
)

TO_MS = 1_764_300_000_000
WISH = BackfillWish("b1", "orders", TO_MS - 5 * DAY_MS - 1000, TO_MS)


@dataclass
class Read:
    spans: list[tuple[int, int]] = field(default_factory=list)


def work(wish: BackfillWish, window_s: float, parts: int = 10**6) -> tuple[BackfillProgress, Read]:
    progress, read = begun(wish, "orders", 1), Read()
    while parts and (part := next_part(wish, progress, window_s)) is not None:
        read.spans.append((part.from_ms, part.to_ms))
        progress = went_on(progress, part, wish, 10, 2.0, 99)
        parts -= 1
    return progress, read


def test_all_of_the_range_is_read_once_the_newest_first() -> None:
    progress, read = work(WISH, 7 * 86_400)
    assert read.spans[0] == (TO_MS - DAY_MS, TO_MS)
    assert read.spans[-1] == (WISH.from_ms, TO_MS - 5 * DAY_MS)
    assert all(later[0] == earlier[1] for earlier, later in zip(read.spans[1:], read.spans, strict=False))
    assert (progress.rows, progress.done_ms) == (60, 99)
    assert state_of_backfill(WISH, progress) is BackfillState.DONE


def test_a_part_is_no_longer_than_the_platform_takes() -> None:
    _, read = work(WISH, 3600)
    assert {end - start for start, end in read.spans[:-1]} == {3_600_000}


def test_progress_says_days_and_time_left() -> None:
    progress, _ = work(WISH, 86_400, parts=2)
    assert days_done(WISH, progress) == (2, 6)
    assert left_s(WISH, begun(WISH, "orders", 1)) is None
    rest = left_s(WISH, progress)
    assert rest is not None
    assert 5.9 < rest < 6.1


def test_an_empty_range_is_done_at_once() -> None:
    wish = BackfillWish("b", "orders", TO_MS, TO_MS)
    assert next_part(wish, begun(wish, "orders", 1), 86_400) is None


def test_a_backfill_says_where_it_is() -> None:
    progress = begun(WISH, "orders", 1)
    paused = BackfillWish("b1", "orders", 0, TO_MS, paused=True)
    failed = BackfillProgress("b1", "orders", TO_MS, error="503")
    assert state_of_backfill(WISH, None) is BackfillState.WAITING
    assert state_of_backfill(WISH, progress) is BackfillState.RUNNING
    assert state_of_backfill(paused, progress) is BackfillState.PAUSED
    assert state_of_backfill(WISH, failed) is BackfillState.FAILED


def test_a_platform_with_a_way_of_its_own_for_history_is_asked_for_longer_parts() -> None:
    part = next_part(WISH, begun(WISH, "orders", 1), 3600.0, past_window_s=7 * 86_400.0)
    assert part is not None
    assert (part.from_ms, part.to_ms) == (WISH.from_ms, TO_MS)
