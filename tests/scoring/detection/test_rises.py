"""Rises that signal a fault, and labels that say whether visitors, their events or nobody is behind a change."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from scipy.stats import nbinom

from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, AlertTransition, Level
from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.rises import upper_surprise
from scoring.detection.surge import Surges
from scoring.detection.tracking import Rise, is_inflated, label_of_rise
from scoring.funnel.stages import STAGE_INDEX
from tests.scoring.detection.turns import said_apart

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
TRAIN = 15 * DAY
FAULT = TRAIN + 700
CLICK, CART, ORDER, PAYMENT = (STAGE_INDEX[stage] for stage in ("click", "add_to_cart", "order", "payment"))
Counts = np.ndarray[Any, Any]


def passed_on(rng: np.random.Generator, upstream: Counts, rate: float | Counts) -> Counts:
    """Conversions of a stage: a share of its events, spread over three minutes."""
    out = np.zeros_like(upstream)
    for delay, share in enumerate((0.3, 0.5, 0.2)):
        out[delay:] += rng.binomial(upstream, np.minimum(rate * share, 1.0))[: len(upstream) - delay]
    return out


def draw(order_factor: float = 1.0, bots: float = 0.0, minutes: int = 60) -> Counts:
    """(7, minutes): a shop with season; from ``FAULT`` on carts become more orders, or bots add to the clicks."""
    rng = np.random.default_rng(4)
    size = TRAIN + DAY
    pace = 60 * (1 + 0.4 * np.sin(np.arange(size) / DAY * 2 * np.pi))
    factor = np.ones(size)
    factor[FAULT : FAULT + minutes] = order_factor
    counts = np.zeros((7, size), dtype=np.int64)
    counts[CLICK] = rng.poisson(pace)
    counts[CART] = passed_on(rng, counts[CLICK], 0.3)
    counts[ORDER] = passed_on(rng, counts[CART], 0.3 * factor)
    counts[PAYMENT] = passed_on(rng, counts[ORDER], 0.8)
    counts[CLICK, FAULT : FAULT + minutes] += rng.poisson(bots * pace[FAULT : FAULT + minutes])
    return counts


CALM = draw()


@pytest.fixture(scope="module")
def baseline() -> StoreBaseline:
    return fit_baselines([StoreHistory("shop", "UTC", START, ("",), CALM[None, :, :TRAIN])], 1)[0]


def run(
    baseline: StoreBaseline, counts: Counts, minutes: int = 200, before: int = 300
) -> list[AlertTransition]:
    detector = Detector(DetectionPolicy())
    detector.set_baseline(baseline)
    reported: list[AlertTransition] = []
    for minute in range(FAULT - before, FAULT + minutes):
        reported += detector.advance(START + minute, {"shop": {"": counts[:, minute].tolist()}}).transitions
    return reported


@pytest.mark.slow
def test_orders_at_a_wrong_price_are_a_surge_that_ends_without_a_drop(baseline: StoreBaseline) -> None:
    reported = run(baseline, draw(order_factor=2.8))
    assert {t.kind for t in reported} == {AlertKind.SURGE}
    assert [(t.step, t.state) for t in reported] == [
        ("add_to_cart_to_order", AlertState.FIRING),
        ("add_to_cart_to_order", AlertState.RESOLVED),
    ]
    fired, ended = reported
    assert 0 < fired.opened_at_ms / 60_000 - START - FAULT <= 25
    assert fired.observed > fired.high
    assert fired.observed > 2 * fired.expected
    assert 60 < ended.at_ms / 60_000 - START - FAULT <= 85
    assert fired.at_end is None
    assert ended.at_end is not None
    assert ended.at_end.observed < 1.5 * ended.at_end.expected
    assert ended.at_end.low <= ended.at_end.observed
    assert fired.lost == 0


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1.0, 1.4])
def test_a_good_day_is_not_a_surge(baseline: StoreBaseline, factor: float) -> None:
    assert run(baseline, draw(order_factor=factor)) == []


def test_payments_settled_in_a_batch_are_not_a_surge(baseline: StoreBaseline) -> None:
    counts = CALM.copy()
    counts[PAYMENT, FAULT : FAULT + 30] *= 4
    assert run(baseline, counts, 60) == []


@pytest.mark.parametrize(
    ("usual", "seen", "vanished"),
    [(0.02, 0, False), (0.3, 0, False), (0.4, 0, True), (3.0, 1, True), (3.0, 2, False)],
)
def test_upstream_events_have_vanished_only_where_enough_of_them_are_due(
    usual: float, seen: int, vanished: bool
) -> None:
    """A small shop's payments settled in a batch, while no order came in twenty minutes, are not lost tracking."""
    surges = Surges()
    index = surges.add("UTC", (usual,) * 168)
    for minute in range(20):
        surges.advance(START + minute, np.array([float(seen)]))
    assert surges.has_vanished(index) is vanished


def test_a_burst_of_held_back_orders_is_not_a_surge(baseline: StoreBaseline) -> None:
    counts = CALM.copy()
    held = counts[ORDER, FAULT - 5 : FAULT].sum()
    counts[ORDER, FAULT] += held
    assert run(baseline, counts, 60) == []


def test_clicks_lost_while_carts_go_on_are_labelled_tracking_within_a_quarter_of_an_hour(
    baseline: StoreBaseline,
) -> None:
    counts = CALM.copy()
    counts[CLICK, FAULT : FAULT + 60] = 0
    reported = run(baseline, counts, 120)
    labels = [(t.kind, t.label) for t in reported if t.state is AlertState.FIRING]
    assert labels[0] == (AlertKind.TRAFFIC, AlertLabel.UNKNOWN)
    assert labels[-1] == (AlertKind.TRAFFIC, AlertLabel.TRACKING)
    first = next(t for t in reported if t.label is AlertLabel.TRACKING)
    assert first.at_ms / 60_000 - START - FAULT <= 20
    assert {t.kind for t in reported} == {AlertKind.TRAFFIC}


def test_clicks_lost_in_a_store_too_young_for_traffic_are_a_tracking_alert_of_the_step_behind(
    baseline: StoreBaseline,
) -> None:
    counts = CALM.copy()
    counts[CLICK, FAULT : FAULT + 60] = counts[CLICK, FAULT : FAULT + 60] // 4
    reported = run(msgspec.structs.replace(baseline, traffic=None), counts, 120)
    assert [(t.kind, t.step, t.label) for t in reported][:1] == [
        (AlertKind.TRACKING, "click_to_add_to_cart", AlertLabel.TRACKING)
    ]


@pytest.mark.parametrize("bots", [2.0, 0.42])
def test_bots_that_inflate_clicks_are_labelled_within_a_quarter_of_an_hour(
    baseline: StoreBaseline, bots: float
) -> None:
    reported = run(baseline, draw(bots=bots), 120)
    drop = [t for t in reported if t.step == "click_to_add_to_cart" and t.kind is AlertKind.CONVERSION]
    assert drop[0].label is AlertLabel.UNKNOWN
    labelled = next(t for t in drop if t.label is not AlertLabel.UNKNOWN)
    assert labelled.label is AlertLabel.INFLATED
    assert labelled.at_ms - drop[0].at_ms <= 15 * 60_000


def test_bots_paged_before_they_were_recognised_and_resolved_again_and_again(baseline: StoreBaseline) -> None:
    reported = run(baseline, draw(bots=2.0, minutes=180), 320)
    drop = [t for t in reported if t.step == "click_to_add_to_cart" and t.kind is AlertKind.CONVERSION]
    turns = said_apart((t.state, t.label, t.level) for t in drop)
    assert {state for state, _, _ in turns[:-2]} == {AlertState.PENDING}
    assert turns[-2:] == [
        (AlertState.FIRING, AlertLabel.INFLATED, Level.NOTICE),
        (AlertState.RESOLVED, AlertLabel.INFLATED, Level.NOTICE),
    ]
    assert drop[-1].at_ms >= (START + FAULT + 180) * 60_000


def test_carts_that_fail_under_bots_are_reported_all_the_same(baseline: StoreBaseline) -> None:
    counts = draw(bots=2.0, minutes=180)
    counts[CART, FAULT + 60 : FAULT + 180] //= 5
    reported = run(baseline, counts, 200)
    drop = [t for t in reported if t.step == "click_to_add_to_cart" and t.kind is AlertKind.CONVERSION]
    reported_drop = next(t for t in drop if t.level is Level.PAGE and t.state is AlertState.FIRING)
    assert (START + FAULT + 60) * 60_000 < reported_drop.at_ms <= (START + FAULT + 90) * 60_000
    assert reported_drop.label is not AlertLabel.INFLATED


def test_a_failure_that_begins_with_a_campaign_waits_minutes_only(baseline: StoreBaseline) -> None:
    counts = draw(bots=1.0, minutes=120)
    counts[CART, FAULT : FAULT + 120] //= 5
    reported = run(baseline, counts, 120)
    drop = [t for t in reported if t.step == "click_to_add_to_cart" and t.kind is AlertKind.CONVERSION]
    paged = next(t for t in drop if t.state is AlertState.FIRING and t.level is Level.PAGE)
    assert paged.at_ms <= (START + FAULT + 10) * 60_000


@pytest.mark.slow
def test_a_rise_survives_a_restart(baseline: StoreBaseline) -> None:
    counts = draw(order_factor=2.8)
    whole = run(baseline, counts)
    cut = FAULT + 40
    first, second = Detector(DetectionPolicy()), Detector(DetectionPolicy())
    reported: list[AlertTransition] = []
    for detector in (first, second):
        detector.set_baseline(baseline)
    for minute in range(FAULT - 300, cut):
        reported += first.advance(START + minute, {"shop": {"": counts[:, minute].tolist()}}).transitions
        second.warm_up(START + minute, {"shop": {"": counts[:, minute].tolist()}})
    assert "shop" in first.changed()
    second.restore("shop", first.snapshot("shop"))
    for minute in range(cut, FAULT + 200):
        reported += second.advance(START + minute, {"shop": {"": counts[:, minute].tolist()}}).transitions
    assert [(t.alert_id, t.sequence, t.state) for t in reported] == [
        (t.alert_id, t.sequence, t.state) for t in whole
    ]


@pytest.mark.parametrize(
    ("observed", "mean", "variance"), [(30, 10.0, 0.01), (120, 50.0, 0.05), (9, 4.0, 0.2)]
)
def test_the_upper_tail_is_that_of_the_negative_binomial(observed: int, mean: float, variance: float) -> None:
    size = 1 / variance
    expected = -nbinom.logsf(observed - 1, size, size / (size + mean)) / np.log(10)
    found = upper_surprise(np.array([observed]), np.array([mean]), np.array([variance]), np.array([1.0]))
    assert found[0] == pytest.approx(expected, rel=1e-6)


def test_inflation_is_said_only_with_enough_behind_it() -> None:
    assert is_inflated(100, 300.0, 3.0, 5) is True
    assert is_inflated(30, 300.0, 3.0, 5) is False
    assert is_inflated(5, 15.0, 3.0, 5) is None
    assert is_inflated(100, 300.0, 3.0, 1) is None
    assert is_inflated(100, 300.0, 3.0, 31) is False


@pytest.mark.parametrize(
    ("arrived", "expected", "before", "usual", "minutes", "label"),
    [
        # five times the upstream events and as many conversions as they would have brought
        (4, 24, 24, 0.2, 3, AlertLabel.INFLATED),
        (0, 24, 24, 0.2, 3, None),  # nothing converts: that is not the bots' doing
        (24, 24, 24, 0.2, 3, None),  # a campaign whose visitors convert as ever
        (30, 100, 200, 0.42, 3, None),  # upstream a fifth higher does not explain seventy missing
        (85, 100, 200, 0.42, 3, None),  # traffic differs by as much from one hour to the next
        (4, 24, 24, 0.2, 2, None),  # too early to say
        (4, 24, 24, 0.2, 31, None),  # too late to compare with the hours before
        (75, 120, 60, 1.0, 3, AlertLabel.INFLATED),
        (90, 120, 60, 1.0, 3, AlertLabel.MIX),  # twice as many, of whom those that came more convert at half
        (105, 120, 60, 1.0, 3, None),  # at three quarters: that is a drop on a busier day
        (95, 130, 90, 1.0, 3, AlertLabel.INFLATED),
        (30, 120, 60, 1.0, 3, None),  # half of those that were there before are missing
    ],
)
def test_a_sudden_rise_upstream_explains_a_drop_only_if_as_many_convert_as_before(
    arrived: float, expected: float, before: float, usual: float, minutes: int, label: AlertLabel | None
) -> None:
    assert label_of_rise(arrived, 0.05, Rise(expected, before, usual), minutes) is label


def test_the_first_weekend_of_a_shop_of_three_days_is_not_a_surge() -> None:
    """It was fitted on Wednesday to Friday and converts at two and a half times that on Saturday: nobody knew that hour."""
    rng = np.random.default_rng(9)
    first, size = 2 * DAY, 4 * DAY  # Wednesday, four days
    weekend = np.arange(size) >= 3 * DAY
    counts = np.zeros((7, size), dtype=np.int64)
    counts[CLICK] = rng.poisson(60, size)
    counts[ORDER] = passed_on(rng, counts[CLICK], np.where(weekend, 0.25, 0.1))
    counts[PAYMENT] = passed_on(rng, counts[ORDER], 0.8)
    young = StoreHistory("shop", "UTC", START + first, ("",), counts[None, :, : 3 * DAY])
    detector = Detector(DetectionPolicy())
    detector.set_baseline(fit_baselines([young], 1)[0])
    reported: list[AlertTransition] = []
    for minute in range(3 * DAY - 300, 3 * DAY + 400):
        now = {"shop": {"": counts[:, minute].tolist()}}
        reported += detector.advance(START + first + minute, now).transitions
    assert reported == []
