"""The calendar in judging: alerts held back, named or made less likely, and special days left out of the fit.

::

    store clock   00:00 ........ 13:00 ......... 13:40 ...... 24:00   next day
                  entry of the day: suppress                        | entry is over
                                 drop            end of the drop
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from scoring.alerts.alert import AlertState, AlertTransition
from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.baselines.minute_table import MinuteTable
from scoring.calendar.effects import DayChoice, DayEffect, DayRules, OwnEntry
from scoring.calendar.entries import CalendarKind, DayPhase
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.special_days import LONG_AGO, PHASE_VARIANCE, SpecialDays
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
TRAIN = 9 * DAY  # until Wednesday 2026-01-14 00:00 UTC
CLICK, CART = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
FOURTEENTH, FIFTEENTH = datetime.fromisoformat("2026-01-14"), datetime.fromisoformat("2026-01-15")
FALL, FIXED = TRAIN + 23 * 60 + 30, TRAIN + DAY + 30


def utc(moment: str) -> int:
    """Minutes since 1970."""
    return int(datetime.fromisoformat(moment + "Z").timestamp() // 60)


def draw_counts() -> np.ndarray:
    """(7, minutes): carts fall by 80 % for an hour about the midnight after the day that is tested."""
    rng = np.random.default_rng(4)
    counts = np.zeros((7, TRAIN + DAY + 120), dtype=np.int64)
    counts[CLICK] = rng.poisson(60, counts.shape[1])
    for delay, share in enumerate((0.2, 0.5, 0.3)):
        counts[CART, delay:] += rng.binomial(counts[CLICK], 0.2 * share)[: counts.shape[1] - delay]
    counts[CART, FALL:FIXED] = rng.binomial(counts[CART, FALL:FIXED], 0.2)
    return counts


COUNTS = draw_counts()


@pytest.fixture(scope="module")
def baseline() -> StoreBaseline:
    return fit_baselines([StoreHistory("shop", "UTC", START, ("",), COUNTS[None, :, :TRAIN])], 1)[0]


def transitions(baseline: StoreBaseline, rules: DayRules | None, last: int) -> list[AlertTransition]:
    detector = Detector(DetectionPolicy(), rules)
    detector.set_baseline(baseline)
    found: list[AlertTransition] = []
    for minute in range(TRAIN - 60, last):
        found += detector.advance(START + minute, {"shop": {"": COUNTS[:, minute].tolist()}}).transitions
    return found


def own(effect: DayEffect, first: datetime = FOURTEENTH, last: datetime = FIFTEENTH) -> DayRules:
    return DayRules({}, {}, (OwnEntry("Founders' day", effect, first, last),))


@pytest.mark.slow
def test_a_suppressed_alert_is_pending_and_fires_when_the_day_ends_if_it_is_still_so(
    baseline: StoreBaseline,
) -> None:
    found = transitions(baseline, own(DayEffect.SUPPRESS), TRAIN + DAY + 120)
    states = [t.state for t in found]
    assert states[0] is AlertState.PENDING
    assert found[0].note == "held back by the calendar: Founders' day"
    assert found[0].fired_at_ms is None
    fired = found[states.index(AlertState.FIRING)]
    assert fired.fired_at_ms == (START + TRAIN + DAY + 1) * 60_000
    assert fired.opened_at_ms == found[0].opened_at_ms
    assert states[-1] is AlertState.RESOLVED
    assert found[-1].fired_at_ms == fired.fired_at_ms
    assert [t.sequence for t in found] == list(range(len(found)))


@pytest.mark.slow
def test_a_suppressed_alert_that_ends_in_time_never_fires(baseline: StoreBaseline) -> None:
    found = transitions(
        baseline, own(DayEffect.SUPPRESS, last=datetime.fromisoformat("2026-01-16")), TRAIN + DAY + 120
    )
    assert {t.state for t in found} == {AlertState.PENDING, AlertState.RESOLVED}
    assert {t.fired_at_ms for t in found} == {None}


@pytest.mark.slow
def test_compare_fires_as_on_any_day_and_names_the_entry(baseline: StoreBaseline) -> None:
    plain = transitions(baseline, None, TRAIN + DAY + 60)
    named = transitions(baseline, own(DayEffect.COMPARE), TRAIN + DAY + 60)
    assert [(t.state, t.at_ms) for t in named] == [(t.state, t.at_ms) for t in plain]
    assert named[0].note == "on the calendar: Founders' day"


@pytest.mark.slow
def test_widen_makes_the_same_shortfall_less_surprising(baseline: StoreBaseline) -> None:
    plain, widened = (
        transitions(baseline, None, FALL + 20),
        transitions(baseline, own(DayEffect.WIDEN), FALL + 20),
    )
    assert widened[0].opened_at_ms >= plain[0].opened_at_ms
    assert widened[0].surprise < plain[0].surprise


def test_an_entry_holds_for_its_stores_and_on_each_store_s_own_clock() -> None:
    entry = OwnEntry("Sale", DayEffect.SUPPRESS, FOURTEENTH, FIFTEENTH, ("DE",), ("a", "b"))
    days = SpecialDays(DayRules({"c": "DE", "d": "FR"}, {}, (entry,)))
    for store_id, zone in (("a", "UTC"), ("b", "Asia/Shanghai"), ("c", "UTC"), ("d", "UTC")):
        days.add(store_id, zone)
    days.advance(START + TRAIN - 15)
    assert [bool(days.suppressed(index)) for index in range(4)] == [False, True, False, False]
    days.advance(START + TRAIN)
    assert [bool(days.suppressed(index)) for index in range(4)] == [True, True, True, False]


def test_commerce_days_come_from_the_country_and_open_the_filter_as_they_begin() -> None:
    days = SpecialDays(DayRules({"cn": "CN"}, {CalendarKind.COMMERCE: DayEffect.WIDEN}))
    days.add("cn", "Asia/Shanghai")
    days.add("nowhere", "Asia/Shanghai")
    eve = utc("2026-06-17T16:00")  # 618 begins in Shanghai; the presale was on before
    days.advance(utc("2026-05-19T15:45"))
    is_on, since, begins = days.advance(utc("2026-05-19T16:00"))
    assert (is_on.tolist(), since[0], begins.tolist()) == ([True, False], 0, [True, False])
    days.advance(eve)
    assert "618" in days.named(0)
    assert days.named(1) == ""


def test_special_days_are_left_out_of_the_fit_unless_few_days_would_remain() -> None:
    table = MinuteTable(
        rules=own(DayEffect.WIDEN, datetime.fromisoformat("2026-01-06"), datetime.fromisoformat("2026-01-07"))
    )
    minutes = START + np.arange(3 * DAY)
    table.add([("shop", "", "click")], np.zeros(3 * DAY, dtype=int), minutes, np.ones(3 * DAY, dtype=int))
    table.finish()
    (history,) = table.histories(START, START + 3 * DAY)
    assert history.excluded is not None
    assert np.nonzero(history.excluded)[0].tolist() == list(range(DAY, 2 * DAY))
    (short,) = table.histories(START + DAY, START + 2 * DAY + 60)
    assert short.excluded is None


def test_a_single_day_does_what_is_chosen_for_it_by_country_and_store() -> None:
    day = date(2026, 11, 11)
    rules = DayRules(
        {"cn": "CN", "cn-quiet": "CN", "sg": "SG"},
        {CalendarKind.COMMERCE: DayEffect.WIDEN},
        choices=(
            DayChoice("11.11", None, stores=("cn-quiet",)),
            DayChoice("双11", DayEffect.SUPPRESS, countries=("CN",)),
        ),
    )
    effects = {store: [span.effect for span in rules.spans(store, day, day)] for store in rules.countries}
    assert effects == {"cn": [DayEffect.SUPPRESS], "cn-quiet": [], "sg": [DayEffect.WIDEN]}


def phases(*days: tuple[int, int, DayPhase]) -> SpecialDays:
    entries = tuple(
        OwnEntry("sale", DayEffect.WIDEN, datetime(2026, 1, first), datetime(2026, 1, last), phase=phase)  # noqa: DTZ001
        for first, last, phase in days
    )
    found = SpecialDays(DayRules({}, {}, entries))
    found.add("shop", "UTC")
    return found


def test_before_and_after_a_promotion_conversion_may_differ_by_more_than_on_the_day() -> None:
    days = phases((6, 7, DayPhase.WARM_UP), (7, 8, DayPhase.DAY), (8, 9, DayPhase.HANGOVER))
    seen = {}
    for minute in range(4 * DAY):
        is_on, since, changed = days.advance(START + minute)
        seen[minute] = (bool(is_on[0]), int(since[0]), bool(changed[0]), float(days.variance[0]))
    wide, usual = PHASE_VARIANCE[DayPhase.WARM_UP], PHASE_VARIANCE[DayPhase.DAY]
    assert wide > 5 * usual
    assert seen[600] == (False, LONG_AGO, False, usual)
    assert seen[DAY] == (True, 0, True, wide)
    # the day begins: a change of its own, and windows that reach back into the warm-up carry its variance
    assert seen[2 * DAY] == (True, 0, True, wide)
    assert seen[2 * DAY + 1200] == (True, 1200, False, usual)
    assert seen[3 * DAY] == (True, 0, True, wide)
    assert days.variance[0] == wide


def test_a_promotion_of_three_phases_is_three_entries() -> None:
    day = OwnEntry("sale", DayEffect.WIDEN, FOURTEENTH, FIFTEENTH)
    before, itself, after = day.with_phases(2, 1)
    assert (before.first, before.last, before.phase) == (
        FOURTEENTH - timedelta(days=2),
        FOURTEENTH,
        DayPhase.WARM_UP,
    )
    assert itself == day
    assert (after.first, after.last, after.phase) == (
        FIFTEENTH,
        FIFTEENTH + timedelta(days=1),
        DayPhase.HANGOVER,
    )
    assert day.with_phases(0, 0) == (day,)


def test_the_first_hours_of_a_promotion_say_nothing_of_lost_tracking() -> None:
    days = phases((6, 7, DayPhase.DAY))
    begun = []
    for minute in range(DAY - 10, DAY + 200):
        days.advance(START + minute)
        begun.append(days.has_just_begun(0))
    assert not any(begun[:10])
    assert all(begun[10:190])
    assert not any(begun[190:])
