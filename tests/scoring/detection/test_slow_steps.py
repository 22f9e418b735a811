"""Payments that should have been fulfilled: a warehouse that stops shows within hours of its own, one at rest does not."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.alerts.alert import AlertState, AlertTransition
from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.baselines.business import BusinessHours
from scoring.baselines.slow import AttributedPairs, SlowInputs
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.slow import SlowSteps
from scoring.detection.slow_clock import SlowMemory
from scoring.detection.special_days import SpecialDays
from scoring.funnel.scores import ScoreRow, ScoreState
from scoring.funnel.stages import STAGE_INDEX
from tests.scoring.detection.turns import said_apart
from tests.scoring.detection.warehouse import DAY, FULFILMENT, HOURS, START, ZONE, draw_warehouse

TRAIN, WHOLE = 28 * DAY, 42 * DAY
#: Tuesday of the sixth week, 10 o'clock in Berlin
STOP = 36 * DAY + 9 * 60
STEP = "payment_to_fulfilment"
CALM = draw_warehouse(42)
STOPPED = draw_warehouse(42, stops=(STOP, STOP + DAY))


@pytest.fixture(scope="module")
def baseline() -> StoreBaseline:
    counts, paid, sent = CALM
    seen = sent < START + TRAIN
    return fit_baselines(
        [StoreHistory("shop", ZONE, START, ("",), counts[None, :, :TRAIN])],
        1,
        slow=SlowInputs({"shop": HOURS}, {"shop": AttributedPairs(paid[seen], sent[seen])}),
    )[0]


RowsAndTransitions = tuple[list[ScoreRow], list[AlertTransition]]


def run(slow: SlowSteps, counts: np.ndarray[Any, Any], first: int, last: int) -> RowsAndTransitions:
    """Hour by hour: events of an hour are given in its last minute, where they count alike."""
    rows: list[ScoreRow] = []
    reported: list[AlertTransition] = []
    for begin in range(first, last, 60):
        hour = counts[:, begin : begin + 60].sum(1)
        made = slow.advance(START + begin + 59, hour[None].astype(float), np.array([0]))
        rows += made.scores
        reported += made.transitions
    return rows, reported


def following(baseline: StoreBaseline) -> SlowSteps:
    slow = SlowSteps(DetectionPolicy(), SpecialDays(None))
    slow.set_baseline(baseline, None)
    return slow


def live(
    detector: Detector, counts: np.ndarray[Any, Any], first: int, last: int
) -> tuple[list[ScoreRow], list[AlertTransition]]:
    """Minute by minute, as the monitor does."""
    rows: list[ScoreRow] = []
    reported: list[AlertTransition] = []
    for minute in range(first, last):
        made = detector.advance(START + minute, {"shop": {"": counts[:, minute].tolist()}})
        rows += [row for row in made.scores if row.step == STEP and row.expected]
        reported += [transition for transition in made.transitions if transition.step == STEP]
    return rows, reported


def monitoring(baseline: StoreBaseline) -> Detector:
    detector = Detector(DetectionPolicy())
    detector.set_baseline(baseline)
    return detector


def test_a_warehouse_that_stops_is_paged_within_two_business_hours_and_resolved_when_it_works_again(
    baseline: StoreBaseline,
) -> None:
    counts, _, _ = STOPPED
    _, reported = run(following(baseline), counts, TRAIN, WHOLE)
    states = said_apart(transition.state for transition in reported)
    assert states == [AlertState.FIRING, AlertState.RESOLVED]
    fired, *growing, ended = reported
    assert growing[-1].lost > 0.7 * ended.lost
    assert 0 < fired.opened_at_ms / 60_000 - START - STOP <= 120
    assert fired.step == STEP
    assert fired.window_minutes % 60 == 0
    assert DAY < ended.at_ms / 60_000 - START - STOP <= DAY + 4 * 60
    assert ended.at_end is not None
    assert ended.at_end.observed >= ended.at_end.low
    assert ended.at_end.window_minutes % 60 == 0
    missing = CALM[0][FULFILMENT, STOP : STOP + DAY].sum()
    assert ended.lost == pytest.approx(missing, rel=0.35)


def test_nights_sundays_and_two_calm_weeks_fire_nothing_and_are_expected_right(
    baseline: StoreBaseline,
) -> None:
    counts, _, _ = CALM
    rows, reported = run(following(baseline), counts, TRAIN, WHOLE)
    assert reported == []
    assert len(rows) == 2 * 6 * 9
    assert {row.state for row in rows[3:]} == {ScoreState.NORMAL}
    ratio = sum(row.observed for row in rows) / sum(row.expected for row in rows)
    assert ratio == pytest.approx(1.0, abs=0.03)


def test_half_the_shipments_missing_shows_within_a_business_day(baseline: StoreBaseline) -> None:
    counts, _, _ = draw_warehouse(42, stops=(STOP, STOP + 2 * DAY), kept=0.5)
    _, reported = run(following(baseline), counts, TRAIN, WHOLE)
    assert 0 < reported[0].opened_at_ms / 60_000 - START - STOP <= 9 * 60


def test_missing_payments_lower_what_is_expected_and_fire_nothing_here(
    baseline: StoreBaseline,
) -> None:
    counts, paid, sent = draw_warehouse(42)
    gone = (paid >= START + STOP) & (paid < START + STOP + 3 * DAY)
    counts[STAGE_INDEX["payment"], STOP : STOP + 3 * DAY] = 0
    counts[FULFILMENT] -= np.bincount(sent[gone] - START, minlength=WHOLE)
    _, reported = run(following(baseline), counts, TRAIN, WHOLE)
    assert reported == []


def test_expected_fulfilments_are_those_of_the_formula(baseline: StoreBaseline) -> None:
    slow = baseline.slow
    assert slow is not None
    counts, _, _ = CALM
    rows, _ = run(following(baseline), counts, TRAIN, TRAIN + DAY)
    first = rows[0]
    payments = [*slow.recent, 0]
    minute = START + TRAIN
    while minute <= first.minute_ms // 60_000:
        payments[-1] += int(counts[STAGE_INDEX["payment"], minute - START])
        minute += 1
    payments[-1] += slow.carried[0]
    exposed = sum(share * payments[-1 - delay] for delay, share in enumerate(slow.kernel.pmf))
    hour = HOURS.open_hours[0]
    assert first.sample == pytest.approx(exposed)
    assert first.expected == pytest.approx(slow.rate * exposed * np.exp(slow.profile[hour]))


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(1, 6 * 24))
@pytest.mark.slow
def test_remembering_at_any_hour_changes_nothing(baseline: StoreBaseline, cut: int) -> None:
    counts, _, _ = STOPPED
    first, until = STOP // 60 * 60 - 2 * DAY, STOP // 60 * 60 + 4 * DAY
    whole, before, after = following(baseline), following(baseline), following(baseline)
    for slow in (whole, before):
        run(slow, counts, TRAIN, first)
    rows, reported = run(whole, counts, first, until)
    begun_rows, begun_reported = run(before, counts, first, first + cut * 60)
    after.recall("shop", before.remember("shop"))
    rest_rows, rest_reported = run(after, counts, first + cut * 60, until)
    assert begun_reported + rest_reported == reported
    assert [row.state for row in begun_rows + rest_rows] == [row.state for row in rows]
    assert [row.surprise for row in begun_rows + rest_rows] == pytest.approx(
        [row.surprise for row in rows], rel=1e-6, abs=1e-9
    )


def test_stores_of_one_clock_with_pasts_of_different_length_are_both_remembered(
    baseline: StoreBaseline,
) -> None:
    # | shop: followed for a week | young: for a day, on the same clock | restart: young first, then shop |
    counts, _, _ = CALM
    young = msgspec.structs.replace(baseline, store_id="young")
    slow, after = following(baseline), SlowSteps(DetectionPolicy(), SpecialDays(None))
    run(slow, counts, TRAIN, TRAIN + 7 * DAY)
    slow.set_baseline(young, None)
    both = np.array([0, 1])

    def hours(
        steps: SlowSteps, numbers: np.ndarray[Any, Any], first: int, last: int
    ) -> dict[str, list[float]]:
        seen: dict[str, list[float]] = {"shop": [], "young": []}
        for begin in range(first, last, 60):
            hour = counts[:, begin : begin + 60].sum(1).astype(float)
            for row in steps.advance(START + begin + 59, np.stack([hour, hour]), numbers).scores:
                seen[row.store_id].append(row.window_observed)
        return seen

    hours(slow, both, TRAIN + 7 * DAY, TRAIN + 9 * DAY)
    for store in (young, baseline):
        after.set_baseline(store, None)
    after.recall("young", slow.remember("young"))
    after.recall("shop", slow.remember("shop"))
    assert hours(after, both[::-1], TRAIN + 9 * DAY, TRAIN + 10 * DAY) == hours(
        slow, both, TRAIN + 9 * DAY, TRAIN + 10 * DAY
    )


@pytest.mark.slow
def test_a_restart_of_the_monitor_within_a_shut_hour_and_within_an_alert_changes_nothing(
    baseline: StoreBaseline,
) -> None:
    # | warm-up of the day before ... | stop at 10:00, 12:30 restart | first rows after it are those of one run
    counts, _, _ = STOPPED
    first, cut, until = STOP - 480, STOP + 150, STOP + 420
    whole, before, after = (monitoring(baseline) for _ in range(3))
    expected = live(whole, counts, first, until)
    rows, reported = live(before, counts, first, cut)
    for minute in range(first, cut):
        after.warm_up(START + minute, {"shop": {"": counts[:, minute].tolist()}})
    after.restore("shop", before.snapshot("shop"))
    more_rows, more_reported = live(after, counts, cut, until)
    assert reported + more_reported == expected[1]
    assert [(row.minute_ms, row.observed) for row in rows + more_rows] == [
        (row.minute_ms, row.observed) for row in expected[0]
    ]


def test_late_fulfilments_count_in_their_business_hour(baseline: StoreBaseline) -> None:
    counts, _, _ = CALM
    begin = STOP // 60 * 60
    late = counts.copy()
    late[FULFILMENT, begin : begin + 60] = 0
    in_time, corrected = following(baseline), following(baseline)
    run(in_time, counts, TRAIN, begin + 60)
    run(corrected, late, TRAIN, begin + 60)
    for minute in range(begin, begin + 60):
        change = np.zeros(7)
        change[FULFILMENT] = counts[FULFILMENT, minute]
        corrected.amend(START + minute, "shop", change)
    assert corrected.changed == {"shop"}
    rows, _ = run(in_time, counts, begin + 60, begin + 120)
    amended, _ = run(corrected, counts, begin + 60, begin + 120)
    arrivals = [memory_of(slow).arrived for slow in (in_time, corrected)]
    assert arrivals[0] == arrivals[1]
    assert [row.observed for row in rows] == [row.observed for row in amended]


def memory_of(slow: SlowSteps) -> SlowMemory:
    return msgspec.msgpack.decode(slow.remember("shop"), type=SlowMemory)


def test_an_hour_that_changed_something_must_be_remembered(baseline: StoreBaseline) -> None:
    slow = following(baseline)
    slow.advance(START + TRAIN + 58, np.ones((1, 7)), np.array([0]))
    assert slow.changed == set()
    slow.advance(START + TRAIN + 59, np.ones((1, 7)), np.array([0]))
    assert slow.changed == {"shop"}


def test_a_store_whose_hours_were_corrected_keeps_what_is_due(baseline: StoreBaseline) -> None:
    counts, _, _ = CALM
    slow = following(baseline)
    run(slow, counts, TRAIN, STOP // 60 * 60)
    assert baseline.slow is not None
    longer = BusinessHours(ZONE, tuple(range(24 * 6)))
    slow.set_baseline(
        msgspec.structs.replace(baseline, slow=msgspec.structs.replace(baseline.slow, hours=longer)), None
    )
    rows, _ = run(slow, counts, STOP // 60 * 60, STOP // 60 * 60 + 120)
    assert len(rows) == 2
    assert min(row.sample for row in rows) > 50
