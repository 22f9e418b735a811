"""A cursor moves only past what is durable and complete; windows meet, overlap and never leave a gap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.funnel.units import DAY_MS
from scoring.sources.cursors import (
    CursorGapError,
    CursorState,
    IncompleteWalkError,
    PageWalk,
    PollPlan,
    PollWindow,
    is_behind,
    moved,
    next_window,
    restated_from,
)

NOW_MS = 1_764_300_000_000
PLAN = PollPlan(interval_s=300, window_s=86_400, overlap_s=600, settle_s=60, first_s=3 * 86_400)


def test_the_first_window_begins_as_far_back_as_is_asked_for() -> None:
    window = next_window(CursorState(), PLAN, NOW_MS)
    assert window == PollWindow(NOW_MS - 3 * 86_400_000, NOW_MS - 2 * 86_400_000)


def test_a_window_begins_before_the_cursor_and_ends_before_what_is_still_moving() -> None:
    window = next_window(CursorState(until_ms=NOW_MS - 360_000, first_ms=1), PLAN, NOW_MS)
    assert window == PollWindow(NOW_MS - 360_000 - 600_000, NOW_MS - 60_000)


def test_there_is_no_window_before_something_can_be_new() -> None:
    assert next_window(CursorState(until_ms=NOW_MS - 60_000, first_ms=1), PLAN, NOW_MS) is None


@given(
    st.lists(st.tuples(st.integers(1, 200_000), st.booleans()), max_size=40),
    st.integers(0, 4000),
    st.integers(0, 500),
    st.integers(600, 200_000),
)
def test_whatever_fails_every_moment_up_to_the_cursor_lies_in_a_window_that_was_read(
    turns: list[tuple[int, bool]], overlap_s: int, settle_s: int, window_s: int
) -> None:
    plan = PollPlan(300, window_s, overlap_s, settle_s, 86_400)
    state, now_ms, read = CursorState(), NOW_MS, []
    for wait_s, succeeds in turns:
        now_ms += wait_s * 1000
        window = next_window(state, plan, now_ms)
        if window is None or not succeeds:
            continue
        read.append(window)
        before = state.until_ms
        state = moved(state, window, now_ms, rows=1, newest_ms=0)
        assert before < state.until_ms <= now_ms - settle_s * 1000
    covered = read[0].from_ms if read else 0
    for window in read:
        assert window.from_ms <= covered
        covered = max(covered, window.to_ms)
    assert covered == state.until_ms


def test_a_cursor_does_not_jump_over_what_was_never_asked() -> None:
    state = CursorState(until_ms=NOW_MS, first_ms=1)
    with pytest.raises(CursorGapError):
        moved(state, PollWindow(NOW_MS + 1, NOW_MS + 2), NOW_MS, rows=0, newest_ms=0)
    assert moved(state, PollWindow(1, NOW_MS - 5), NOW_MS, rows=0, newest_ms=0).until_ms == NOW_MS


def test_a_connection_that_has_more_than_a_window_to_read_is_behind() -> None:
    assert is_behind(CursorState(), PLAN, NOW_MS)
    assert is_behind(CursorState(until_ms=NOW_MS - 2 * 86_400_000, first_ms=1), PLAN, NOW_MS)
    assert not is_behind(CursorState(until_ms=NOW_MS - 3_600_000, first_ms=1), PLAN, NOW_MS)


def walk(*pages: tuple[list[str], str, int | None]) -> PageWalk:
    one = PageWalk(PollWindow(0, 1))
    for ids, mark, total in pages:
        one.take(list(ids), mark, total)
    one.check_whole()
    return one


def test_pages_that_add_up_to_what_was_announced_are_a_whole() -> None:
    assert walk((["a", "b"], "2", 3), (["c"], "", 3)).rows == 3


def test_rows_that_are_on_two_pages_count_once() -> None:
    done = walk((["a", "b"], "2", None), (["b", "c"], "", None))
    assert (done.rows, done.repeated) == (3, 1)


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ([(["a", "b"], "2", 3), (["b"], "", 3)], "2 of 3 rows"),
        ([(["a"], "2", 2), (["b"], "", 3)], "changed while it was read"),
        ([(["a"], "2", None), (["b"], "2", None)], "leads back"),
        ([([], "", 1)], "0 of 1 rows"),
    ],
)
def test_pages_that_make_no_whole_do_not_make_a_window(
    pages: list[tuple[list[str], str, int | None]], said: str
) -> None:
    with pytest.raises(IncompleteWalkError, match=said):
        walk(*pages)


def read_on(walk: PageWalk, rows: list[str], pages: range) -> None:
    for number in pages:
        walk.take(rows, str(number), None)


def test_pages_that_lead_round_under_ever_new_marks_are_not_read_for_ever() -> None:
    walk = PageWalk(PollWindow(0, 1))
    walk.take(["a", "b"], "1", None)
    with pytest.raises(IncompleteWalkError, match="nothing new"):
        read_on(walk, ["a", "b"], range(2, 10))
    assert walk.pages == 4


def test_a_page_that_repeats_rows_that_moved_is_read_on() -> None:
    walk = PageWalk(PollWindow(0, 1))
    for number, rows in enumerate((["a"], ["a"], ["b"], ["b"], ["b"], ["c"]), 1):
        walk.take(rows, str(number), None)
    assert walk.rows == 3


def test_what_is_still_being_made_may_have_no_rows_for_half_a_day_but_not_for_ever() -> None:
    walk = PageWalk(PollWindow(0, 1))
    read_on(walk, [], range(1440))
    with pytest.raises(IncompleteWalkError, match="nothing new"):
        read_on(walk, [], range(1440, 5000))


def test_a_row_that_differed_is_asked_for_again_however_old() -> None:
    now_ms = 100 * DAY_MS
    assert restated_from(CursorState(), 2, now_ms) == 98 * DAY_MS
    assert restated_from(CursorState(unsure_ms=95 * DAY_MS), 2, now_ms) == 95 * DAY_MS
    assert restated_from(CursorState(unsure_ms=99 * DAY_MS), 2, now_ms) == 98 * DAY_MS
    assert restated_from(CursorState(unsure_ms=1), 2, now_ms) == 84 * DAY_MS
