"""Visitors that stay away: one traffic alert, no conversion alert; usual ups and downs fire nothing."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, AlertTransition
from scoring.baselines import StoreBaseline, StoreHistory, decode_baseline, encode_baseline, fit_baselines
from scoring.counting.lateness import Delay
from scoring.detection import DetectionPolicy, Detector
from scoring.funnel.stages import STAGE_INDEX
from tests.scoring.detection.turns import said_apart

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
TRAIN, LIVE = 15 * DAY, 3 * DAY
IMPRESSION = STAGE_INDEX["impression"]
CLICK, CART = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
FALL = TRAIN + 2 * DAY + 800


def draw_counts(kept: float = 1.0, minutes: int = 0) -> np.ndarray:
    """(7, minutes): visitors with season and a slow wobble; from ``FALL`` on only a part of them comes."""
    rng = np.random.default_rng(8)
    size = TRAIN + LIVE
    wobble = np.repeat(np.cumsum(rng.normal(0, 0.06, size // 30)) % 0.4, 30)
    pace = 40 * (1 + 0.5 * np.sin(np.arange(size) / DAY * 2 * np.pi)) * np.exp(wobble)
    pace[FALL : FALL + minutes] *= kept
    counts = np.zeros((7, size), dtype=np.int64)
    counts[CLICK] = rng.poisson(pace)
    for delay, share in enumerate((0.3, 0.5, 0.2)):
        counts[CART, delay:] += rng.binomial(counts[CLICK], 0.2 * share)[: size - delay]
    return counts


CALM = draw_counts()


@pytest.fixture(scope="module")
def baseline() -> StoreBaseline:
    return fit_baselines([StoreHistory("shop", "UTC", START, ("",), CALM[None, :, :TRAIN])], 1)[0]


def run(
    detector: Detector, counts: np.ndarray, first: int, last: int, delays: dict[str, Delay] | None = None
) -> list[AlertTransition]:
    reported: list[AlertTransition] = []
    for minute in range(first, last):
        rows = {"shop": {"": counts[:, minute].tolist()}}
        reported += detector.advance(START + minute, rows, delays or {}).transitions
    return reported


def detector_with(baseline: StoreBaseline) -> Detector:
    detector = Detector(DetectionPolicy())
    detector.set_baseline(baseline)
    return detector


def test_visitors_that_stay_away_are_one_traffic_alert_and_no_conversion_alert(
    baseline: StoreBaseline,
) -> None:
    counts = draw_counts(0.1, 60)
    reported = run(detector_with(baseline), counts, FALL - 400, FALL + 150)
    assert said_apart((t.kind, t.state, t.label) for t in reported) == [
        (AlertKind.TRAFFIC, AlertState.FIRING, AlertLabel.UNKNOWN),
        (AlertKind.TRAFFIC, AlertState.FIRING, AlertLabel.REAL),
        (AlertKind.TRAFFIC, AlertState.RESOLVED, AlertLabel.REAL),
    ]
    fired, *_, ended = reported
    labelled = next(t for t in reported if t.label is AlertLabel.REAL)
    assert labelled.at_ms - fired.at_ms <= 15 * 60_000
    assert (fired.at_end, labelled.at_end) == (None, None)
    assert ended.at_end is not None
    assert ended.at_end.low <= ended.at_end.observed <= ended.at_end.high
    assert ended.observed < ended.low
    assert fired.step == "impression_to_click"
    assert FALL < fired.opened_at_ms / 60_000 - START <= FALL + 5
    assert FALL + 60 < ended.at_ms / 60_000 - START < FALL + 90
    missing = 0.9 * draw_counts()[CLICK, FALL : FALL + 60].sum()
    assert ended.lost == pytest.approx(missing, rel=0.35)


def shown(click_rate: float, seen: float) -> np.ndarray:
    """The calm counts with impressions in front; from ``FALL`` on for an hour, another rate of clicks and share of impressions."""
    rng, counts, span = np.random.default_rng(9), CALM.copy(), slice(FALL, FALL + 60)
    views = counts[CLICK] / 0.2
    views[span] *= seen
    counts[IMPRESSION] = rng.poisson(views)
    counts[CLICK] = rng.binomial(counts[IMPRESSION], 0.2)
    counts[CLICK, span] = rng.binomial(counts[IMPRESSION, span], 0.2 * click_rate)
    for delay, share in enumerate((0.3, 0.5, 0.2)):
        drawn = rng.binomial(counts[CLICK], 0.2 * share)
        counts[CART] = drawn if not delay else counts[CART] + np.roll(drawn, delay)
    return counts


@pytest.fixture(scope="module")
def shown_baseline() -> StoreBaseline:
    counts = shown(1.0, 1.0)[None, :, :TRAIN]
    return fit_baselines([StoreHistory("shop", "UTC", START, ("",), counts)], 1)[0]


@pytest.mark.slow
def test_one_fault_of_the_click_rate_was_two_alerts_of_the_same_name_both_priced(
    shown_baseline: StoreBaseline,
) -> None:
    counts = shown(0.1, 1.0)
    reported = run(detector_with(shown_baseline), counts, FALL - 400, FALL + 120)
    assert {(t.kind, t.step) for t in reported} == {(AlertKind.CONVERSION, "impression_to_click")}
    assert len({t.alert_id for t in reported}) == 1
    missing = 0.9 * CALM[CLICK, FALL : FALL + 60].sum()
    assert reported[-1].state is AlertState.RESOLVED
    assert sum(t.lost for t in reported if t.state is AlertState.RESOLVED) == pytest.approx(missing, rel=0.35)


@pytest.mark.slow
def test_visitors_that_stay_away_are_reported_whatever_the_click_rate_does(
    shown_baseline: StoreBaseline,
) -> None:
    for click_rate in (1.0, 0.3):
        counts = shown(click_rate, 0.05)
        reported = run(detector_with(shown_baseline), counts, FALL - 400, FALL + 60)
        assert AlertKind.TRAFFIC in {t.kind for t in reported}


@pytest.mark.slow
def test_usual_ups_and_downs_fire_nothing(baseline: StoreBaseline) -> None:
    assert run(detector_with(baseline), CALM, TRAIN, TRAIN + 2 * DAY) == []


def test_a_third_fewer_visitors_raise_no_alert(baseline: StoreBaseline) -> None:
    assert run(detector_with(baseline), draw_counts(0.67, 180), FALL - 400, FALL + 240) == []


def test_events_known_to_be_late_are_not_a_loss_of_visitors(baseline: StoreBaseline) -> None:
    detector, counts = detector_with(baseline), draw_counts(0.0, 20)
    assert run(detector, counts, FALL - 400, FALL) == []
    assert run(detector, counts, FALL, FALL + 20, {"shop": Delay.LATE}) == []


def test_a_restart_while_visitors_stay_away_reports_nothing_twice(baseline: StoreBaseline) -> None:
    counts = draw_counts(0.1, 60)
    first, second = detector_with(baseline), detector_with(baseline)
    reported = run(first, counts, FALL - 400, FALL + 30)
    assert first.changed() == {"shop"}
    for minute in range(FALL - 400, FALL + 30):
        second.warm_up(START + minute, {"shop": {"": counts[:, minute].tolist()}})
    second.restore("shop", first.snapshot("shop"))
    reported += run(second, counts, FALL + 30, FALL + 150)
    assert said_apart((t.state, t.label) for t in reported) == [
        (AlertState.FIRING, AlertLabel.UNKNOWN),
        (AlertState.FIRING, AlertLabel.REAL),
        (AlertState.RESOLVED, AlertLabel.REAL),
    ]
    assert [t.sequence for t in reported] == list(range(len(reported)))
    lost = [t.lost for t in reported[:-1]]
    assert lost == sorted(lost), "what was lost before the restart was forgotten"


def test_a_store_of_less_than_a_week_has_no_baseline_of_traffic(baseline: StoreBaseline) -> None:
    young = fit_baselines([StoreHistory("shop", "UTC", START, ("",), CALM[None, :, : 6 * DAY])], 1)[0]
    assert young.traffic is None
    assert baseline.traffic is not None
    assert decode_baseline(encode_baseline(baseline)).traffic == baseline.traffic


def test_a_single_minute_without_visitors_fires_nothing(baseline: StoreBaseline) -> None:
    assert run(detector_with(baseline), draw_counts(0.0, 1), FALL - 400, FALL + 60) == []


def orders_alone(stopped: range) -> np.ndarray:
    """(7, minutes): four orders an hour from eight to eight, none at night and none while stopped."""
    rng = np.random.default_rng(9)
    minute = np.arange(TRAIN + LIVE)
    is_day = (minute % DAY >= 480) & (minute % DAY < 1200)
    counts = np.zeros((7, len(minute)), dtype=np.int64)
    counts[STAGE_INDEX["order"]] = rng.poisson(4 / 60 * is_day)
    counts[:, stopped] = 0
    return counts


@pytest.mark.slow
def test_a_store_of_orders_alone_is_alerted_within_its_working_day_that_none_come() -> None:
    day = TRAIN + DAY
    counts = orders_alone(range(day, day + DAY))
    (baseline,) = fit_baselines([StoreHistory("shop", "UTC", START, ("",), counts[None, :, :TRAIN])], 1)
    assert (baseline.steps, baseline.stages) == ({}, ("order",))
    reported = run(detector_with(baseline), counts, TRAIN - DAY, day + 2 * DAY)
    assert {t.kind for t in reported} == {AlertKind.TRAFFIC}
    assert said_apart(t.state for t in reported) == [AlertState.FIRING, AlertState.RESOLVED]
    assert day + 480 < reported[0].opened_at_ms / 60_000 - START < day + 1200
    assert reported[0].observed == 0


@pytest.mark.slow
def test_a_store_of_orders_alone_that_sells_as_usual_gets_no_alert() -> None:
    counts = orders_alone(range(0))
    (baseline,) = fit_baselines([StoreHistory("shop", "UTC", START, ("",), counts[None, :, :TRAIN])], 1)
    assert run(detector_with(baseline), counts, TRAIN - DAY, TRAIN + 2 * DAY) == []


@pytest.mark.slow
def test_a_shop_closed_for_three_days_is_one_alert() -> None:
    counts = orders_alone(range(TRAIN, TRAIN + 3 * DAY))
    (baseline,) = fit_baselines([StoreHistory("shop", "UTC", START, ("",), counts[None, :, :TRAIN])], 1)
    reported = run(detector_with(baseline), counts, TRAIN - 600, TRAIN + 3 * DAY)
    assert len({t.alert_id for t in reported}) == 1
    assert said_apart(t.state for t in reported)[:3] == [
        AlertState.FIRING,
        AlertState.RESOLVED,
        AlertState.FIRING,
    ]
