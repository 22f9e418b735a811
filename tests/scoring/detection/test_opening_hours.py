"""A shop that opens and closes: nobody is notified of the closed door, but of the one that should be open."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.alerts.alert import AlertKind
from scoring.baselines import StoreBaseline, StoreHistory, decode_baseline, encode_baseline, fit_baselines
from scoring.baselines.traffic import TrafficHistory, edges_by_quarter, fit_traffic
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.traffic import Traffic
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
TRAIN = 14 * DAY
CLICK = STAGE_INDEX["click"]


def open_share(minutes: int, opens: int, closes: int, soft: int, late: np.ndarray) -> np.ndarray:
    """(minutes,) how far the door is open; ``late`` minutes a day, Saturday and Sunday closed."""
    minute = np.arange(minutes)
    day, at = minute // DAY, minute % DAY
    share = np.clip((at - opens - late[day]) / max(soft, 1), 0, 1) * (at < closes)
    return np.asarray(share * (day % 7 < 5))


def visitors(
    days: int, opens: int = 540, closes: int = 1080, soft: int = 1, jitter: float = 0.0
) -> np.ndarray:
    rng = np.random.default_rng(31)
    late = rng.normal(0, jitter, days)
    return np.asarray(rng.poisson(20.0 * open_share(days * DAY, opens, closes, soft, late)))


def fitted(clicks: np.ndarray) -> StoreBaseline:
    counts = np.zeros((1, 7, len(clicks)), dtype=np.int64)
    counts[0, CLICK] = clicks
    return fit_baselines([StoreHistory("shop", "UTC", START, ("",), counts)], 1)[0]


def openings(clicks: np.ndarray) -> list[int]:
    """Minutes of the live days at which a traffic alert opened."""
    detector = Detector(DetectionPolicy())
    detector.set_baseline(fitted(clicks[:TRAIN]))
    found = []
    for minute in range(TRAIN, len(clicks)):
        row = [0, int(clicks[minute]), 0, 0, 0, 0, 0]
        for alert in detector.advance(START + minute, {"shop": {"": row}}).transitions:
            assert alert.kind is AlertKind.TRAFFIC
            if alert.sequence == 0:
                found.append(alert.opened_at_ms // 60_000 - START - TRAIN)
    return found


def due(opens: int, **how: float) -> np.ndarray:
    """(96,) events a minute due on a Monday by quarter, as the detector expects them."""
    baseline = fitted(visitors(28, opens, **how)).traffic  # type: ignore[arg-type]
    assert baseline is not None
    quarters = edges_by_quarter(baseline)
    hours = np.repeat(baseline.usual, 4)
    return np.where(np.isnan(quarters), hours, quarters)[:96]


def test_before_the_door_opens_nobody_is_due() -> None:
    by_quarter = due(540)
    assert by_quarter[:36].max() == 0
    assert by_quarter[37:71].min() > 17
    assert by_quarter[72:].max() == 0


def test_a_shop_that_opens_at_half_past_has_nobody_due_on_the_hour() -> None:
    by_quarter = due(510)
    assert by_quarter[:34].max() == 0
    assert by_quarter[35:71].min() > 17


def test_a_soft_opening_over_an_hour_is_never_expected_to_be_steeper_than_it_is() -> None:
    by_quarter = due(540, soft=60)
    middles = (np.arange(36, 40) * 15 + 7.5 - 540) / 60 * 20
    assert (by_quarter[36:40] <= middles).all()
    assert by_quarter[41:71].min() > 15


def test_a_door_that_opens_some_minutes_late_now_and_then_is_not_expected_on_time() -> None:
    by_quarter = due(540, jitter=6.0)
    assert by_quarter[36] < 8
    assert by_quarter[37] < 12
    assert by_quarter[40:70].min() > 17


def test_a_holiday_in_the_history_does_not_hide_the_opening() -> None:
    clicks = visitors(28)
    clicks[7 * DAY : 8 * DAY] = 0
    baseline = fitted(clicks).traffic
    assert baseline is not None
    assert edges_by_quarter(baseline)[37] > 17


def test_a_store_that_never_closes_has_no_step() -> None:
    minute = np.arange(28 * DAY)
    pace = 20 * (1 + 0.5 * np.sin(minute / DAY * 2 * np.pi))
    baseline = fitted(np.random.default_rng(3).poisson(pace)).traffic
    assert baseline is not None
    assert baseline.edges == {}


def test_opening_hours_survive_the_topic() -> None:
    baseline = fitted(visitors(14))
    assert baseline.traffic is not None
    assert set(baseline.traffic.edges) >= {8, 9, 17, 18}
    assert decode_baseline(encode_baseline(baseline)) == baseline


def test_the_detector_expects_what_the_fit_says_minute_by_minute() -> None:
    traffic, baseline = Traffic(DetectionPolicy()), fitted(visitors(14))
    traffic.set_baseline(baseline)
    paces = np.array([traffic._usual(START + minute)[0] for minute in range(500, 600)])
    assert paces[:40].max() == 0
    assert paces[60:].min() > 16


def test_the_rush_at_the_door_does_not_pass_for_a_busy_day() -> None:
    traffic = Traffic(DetectionPolicy())
    traffic.set_baseline(fitted(visitors(14)))
    for minute in range(400, 556):
        traffic.advance(START + minute, np.array([20.0 * (minute >= 535)]), np.array([False]))
    assert traffic.engine.m[0] <= 0.0


@pytest.mark.slow
@pytest.mark.parametrize(("opens", "soft", "jitter"), [(540, 1, 0.0), (510, 60, 0.0), (540, 20, 4.0)])
def test_no_visitors_before_the_door_opens_are_not_a_loss_of_visitors(
    opens: int, soft: int, jitter: float
) -> None:
    assert openings(visitors(21, opens, 1080, soft, jitter)[: TRAIN + 3 * DAY]) == []


@pytest.mark.slow
def test_a_door_that_stays_closed_on_a_working_day_is_one_alert_soon_after_it_should_open() -> None:
    clicks = visitors(21)[: TRAIN + 2 * DAY]
    clicks[TRAIN + DAY : TRAIN + DAY + 1080] = 0
    found = openings(clicks)
    assert len(found) == 1
    assert DAY + 540 < found[0] <= DAY + 570


def test_an_outage_at_noon_does_not_blur_the_steps() -> None:
    clicks = visitors(28)
    outage = clicks.copy()
    outage[3 * DAY + 700 : 3 * DAY + 800] = 0
    histories = [
        TrafficHistory(name, "click", fitted(values).traffic.usual, *_bins(values))  # type: ignore[union-attr]
        for name, values in (("calm", clicks), ("broken", outage))
    ]
    fits = fit_traffic(histories)
    assert set(fits["calm"].edges) == set(fits["broken"].edges)


def _bins(clicks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return clicks.reshape(-1, 5).sum(1).astype(np.float32), np.arange(0, len(clicks), 5) % (7 * DAY)
