"""A promotion that nobody announced: most stores of a zone have more visitors at once."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.detection.common_rise import EVERY, CommonRises
from scoring.detection.special_days import PHASE_VARIANCE, SpecialDays

HERE, ELSEWHERE = 0, 1


def after(minutes: int, shares: list[float], usual: float = 100.0, quiet: int = 0) -> list[bool]:
    """Whether a rise is on here and elsewhere, after ``minutes`` of these shares here and ``quiet`` of the usual."""
    rises = CommonRises()
    zone = np.array([HERE] * len(shares) + [ELSEWHERE] * 5)
    due = np.full(len(zone), usual)
    for risen in [True] * (minutes // EVERY) + [False] * (quiet // EVERY):
        here = shares if risen else [1.0] * len(shares)
        rises.advance(zone, np.array([*here, *[1.0] * 5]), due)
    return rises.is_on(np.array([HERE, ELSEWHERE])).tolist()


def test_stores_of_one_zone_that_have_more_visitors_together_are_on_a_special_day() -> None:
    assert after(30, [1.3, 1.25, 1.4, 1.2]) == [True, False]


@pytest.mark.parametrize(
    ("shares", "minutes", "usual"),
    [
        ([1.3, 1.25, 1.4, 1.2], 25, 100.0),
        ([1.3, 1.25, 1.4], 60, 100.0),
        ([3.0, 3.0, 1.0, 1.0, 1.0], 60, 100.0),
        ([1.15, 1.15, 1.15, 1.15], 60, 100.0),
        ([1.3, 1.25, 1.4, 1.2], 60, 20.0),
        ([1.3, 1.25, 1.4, 1.2], 60, np.inf),
    ],
    ids=[
        "not for long",
        "too few stores",
        "some stores only",
        "a good day",
        "too small to say",
        "usual unknown",
    ],
)
def test_less_than_that_is_none(shares: list[float], minutes: int, usual: float) -> None:
    assert after(minutes, shares, usual) == [False, False]


def test_what_follows_it_is_special_for_some_hours_too() -> None:
    shares = [1.3, 1.25, 1.4, 1.2]
    assert [after(60, shares, quiet=quiet)[0] for quiet in (60, 360, 365)] == [True, True, False]


def test_it_widens_as_the_days_before_a_promotion_do_and_windows_that_reach_across_its_end() -> None:
    days = SpecialDays(None)
    days.add("a", "UTC")
    days.add("b", "UTC")
    common = np.array([True, False])
    days.advance(0, ~common & False)
    is_on, since, changed = days.advance(1, common)
    assert (is_on.tolist(), since[0], changed.tolist()) == ([True, False], 0, [True, False])
    _, since, changed = days.advance(2, common)
    assert (since[0], changed.any()) == (1, False)
    widest = max(PHASE_VARIANCE.values())
    assert days.variance[0] == widest > days.variance[1]
    is_on, _, changed = days.advance(3, common & False)
    assert (is_on.any(), changed.tolist()) == (False, [True, False])
    for minute in range(4, 600):
        days.advance(minute, common & False)
    assert days.variance[0] == widest
    for minute in range(600, 1000):
        days.advance(minute, common & False)
    assert days.variance[0] == days.variance[1]
