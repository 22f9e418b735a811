"""Quiet stores rest in the lateness rule, and nothing that it says of them afterwards shows it."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.counting.lateness import Delay, Lateness

MINUTES = 1500


def of_one(minutes: np.ndarray, judged: tuple[str, ...] | None) -> tuple[list[Delay | None], list[int]]:
    """What is said of "shop" in every minute, and how many stores are looked at, where a neighbour is never quiet."""
    lateness, said, looked_at = Lateness(), [], []
    for minute, events in enumerate(minutes.tolist()):
        both = (("neighbour", 60), ("shop", events))
        totals = {name: [number, 0, 0, 0, 0, 0, 0] for name, number in both if number}
        said.append(lateness.close(minute, totals, judged).get("shop"))
        looked_at.append(len(lateness))
    return said, looked_at


def drawn(gap: int) -> np.ndarray:
    """(minutes,) bursts of two hours with silences of ``gap`` minutes between them."""
    rng = np.random.default_rng(gap)
    events = rng.poisson(25, MINUTES)
    events[(np.arange(MINUTES) % (120 + gap)) >= 120] = 0
    return events


@pytest.mark.parametrize("gap", [10, 40, 130, 170, 250, 400, 700])
def test_what_is_said_of_a_store_with_events_does_not_depend_on_its_rests(gap: int) -> None:
    events = drawn(gap)
    asked, _ = of_one(events, None)
    unasked, looked_at = of_one(events, ("neighbour",))
    heard = np.nonzero(events)[0]
    assert [asked[minute] for minute in heard] == [unasked[minute] for minute in heard]
    assert set(looked_at) <= {1, 2}


def test_a_store_that_nobody_judges_is_looked_at_no_more_after_a_quarter_of_an_hour() -> None:
    events = np.zeros(60, dtype=int)
    events[0] = 50
    said, looked_at = of_one(events, ("neighbour",))
    assert looked_at[10] == 2
    assert looked_at[30] == 1
    asked, looked_at = of_one(events, ("neighbour", "shop"))
    assert looked_at[30] == 2
    assert asked[30] is Delay.SILENT
    assert said[30] is None


def test_late_events_wake_a_store_that_rests() -> None:
    lateness = Lateness()
    lateness.close(0, {"shop": [50, 0, 0, 0, 0, 0, 0]}, ())
    for minute in range(1, 100):
        lateness.close(minute, {}, ())
    assert len(lateness) == 0
    lateness.correct(90, {"shop": [400, 0, 0, 0, 0, 0, 0]})
    assert len(lateness) == 1
    assert lateness.close(100, {"shop": [5, 0, 0, 0, 0, 0, 0]}, ("shop",)) == {"shop": Delay.LATE}


@pytest.mark.parametrize("gap", [40, 250, 700])
def test_a_minute_without_events_may_be_given_as_zero_or_left_out(gap: int) -> None:
    events = drawn(gap).tolist()
    given, left_out = Lateness(), Lateness()
    for minute, number in enumerate(events):
        said = given.close(minute, {"shop": (number,)})
        assert said == left_out.close(minute, {"shop": (number,)} if number else {})


@pytest.mark.parametrize(("per_hour", "within"), [(5, 300), (20, 60), (60, 20), (110, 12), (600, 3)])
def test_a_small_store_is_silent_too_once_some_ten_events_are_overdue(per_hour: int, within: int) -> None:
    events = np.random.default_rng(per_hour).poisson(per_hour / 60, MINUTES)
    events[-400:] = 0
    said, _ = of_one(events, None)
    silent = [minute for minute in range(MINUTES - 400, MINUTES) if said[minute] is Delay.SILENT]
    assert silent
    assert silent[0] - (MINUTES - 400) <= within
    assert sum(delay is Delay.SILENT for delay in said[: MINUTES - 400]) <= 2


def test_a_store_that_slows_down_for_the_night_is_not_silent() -> None:
    minute = np.arange(MINUTES)
    pace = 0.4 * np.exp(-np.maximum(minute - 600, 0) / 220)
    for seed in range(10):
        said, _ = of_one(np.random.default_rng(seed).poisson(pace)[:1200], None)
        assert sum(delay is Delay.SILENT for delay in said) <= 30


@pytest.mark.parametrize("gap", [170, 181, 190, 210, 240, 300, 420, 590, 650])
@pytest.mark.parametrize("pace", [30, 5_000, 1_000_000])
def test_a_busy_store_is_not_forgotten_after_three_hours_of_silence(gap: int, pace: int) -> None:
    """Forgotten is who is quiet *and* whose pace has faded; who is only one of both is still compared with its past."""
    events = np.array([pace] * 60 + [0] * gap + [max(pace // 1000, 1)] * 5)
    asked, _ = of_one(events, None)
    unasked, _ = of_one(events, ("neighbour",))
    assert asked[-5:] == unasked[-5:]


def test_after_two_hours_it_is_the_store_that_is_silent_and_not_its_data() -> None:
    said, _ = of_one(np.array([50] * 30 + [0] * 130), None)
    assert said[30] is Delay.CUT_OFF or said[30] is Delay.SILENT
    assert said[149] is Delay.SILENT
    assert said[150:] == [None] * 10


@pytest.mark.parametrize(
    ("events", "of_them_late", "is_late"), [(100, 0, False), (100, 9, False), (20, 9, False), (100, 60, True)]
)
def test_late_is_from_a_fifth_of_the_events_and_ten_of_them_on(
    events: int, of_them_late: int, is_late: bool
) -> None:
    lateness = Lateness()
    lateness.close(0, {"shop": [events - of_them_late, 0, 0, 0, 0, 0, 0]})
    lateness.correct(0, {"shop": [events, 0, 0, 0, 0, 0, 0]})
    said = lateness.close(1, {"shop": [events, 0, 0, 0, 0, 0, 0]})
    assert (said.get("shop") is Delay.LATE) == is_late


def test_a_correction_of_a_minute_out_of_memory_or_downwards_makes_nothing_late() -> None:
    lateness = Lateness()
    lateness.correct(0, {"shop": [500, 0, 0, 0, 0, 0, 0]})
    for minute in range(200):
        lateness.close(minute, {"shop": [50, 0, 0, 0, 0, 0, 0]})
    lateness.correct(19, {"shop": [50_000, 0, 0, 0, 0, 0, 0]})
    lateness.correct(150, {"shop": [10, 0, 0, 0, 0, 0, 0]})
    assert lateness.close(200, {"shop": [50, 0, 0, 0, 0, 0, 0]}) == {}
    lateness.correct(21, {"shop": [50_000, 0, 0, 0, 0, 0, 0]})
    assert lateness.close(201, {"shop": [50, 0, 0, 0, 0, 0, 0]}) == {"shop": Delay.LATE}
