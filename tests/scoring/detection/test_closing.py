"""When an alert ends: not at half depth of a repair in stages, and a quiet night does not set a new normal."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.alerts.alert import AGED, AlertState, AlertTransition
from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.engine import SeriesEngine, SeriesParameters
from scoring.detection.policy import WINDOWS
from scoring.detection.tracked_alert import ClosedAlerts
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
TRAIN = 14 * DAY
ORDER, PAYMENT = STAGE_INDEX["order"], STAGE_INDEX["payment"]


def engine_of(sigma: float = 0.05, least_drop: float = 0.0) -> SeriesEngine:
    engine = SeriesEngine(DetectionPolicy())
    engine.add(SeriesParameters(sigma, 60.0, 0.1, 1.0, (1.0,), 0.0, 6.0, least_drop))
    return engine


def ends(engine: SeriesEngine, *stages: tuple[int, float], pace: float = 20.0, seed: int = 5) -> list[int]:
    """Minutes at which an alert ended, where each stage is so many minutes at this share of the pace."""
    rng, minute, found = np.random.default_rng(seed), 0, []
    for length, share in stages:
        for _ in range(length):
            step = engine.step(np.array([float(rng.poisson(pace * share))]), np.array([pace]), np.zeros(1))
            if step.closed[0]:
                found.append(minute)
            minute += 1
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_repair_in_stages_is_not_resolved_while_two_fifths_are_missing(seed: int) -> None:
    found = ends(engine_of(), (300, 1.0), (60, 0.2), (120, 0.6), (60, 1.0), seed=seed)
    assert len(found) == 1
    assert 480 < found[0] <= 510


@pytest.mark.parametrize("pace", [2.0, 20.0])
def test_a_repair_at_once_is_resolved_as_soon_as_before(pace: float) -> None:
    found = ends(engine_of(), (540, 1.0), (300, 0.1), (200, 1.0), pace=pace)
    assert 840 < found[0] <= 870


def test_a_relapse_after_half_a_repair_is_not_resolved_by_the_health_before_it() -> None:
    found = ends(engine_of(), (300, 1.0), (60, 0.2), (240, 0.7), (60, 0.3), (60, 1.0))
    assert len(found) == 1
    assert found[0] > 660


def test_a_series_that_strays_by_nature_is_not_kept_open_by_its_wobble() -> None:
    found = ends(engine_of(sigma=0.25), (300, 1.0), (120, 0.05), (60, 0.75), pace=20.0)
    assert found
    assert found[0] < 450


def office(minutes: int) -> np.ndarray:
    """(7, minutes): 90 orders an hour from eight to eight, paid at once by eight of ten; next to none at night."""
    rng = np.random.default_rng(12)
    minute = np.arange(minutes)
    pace = np.where((minute % DAY >= 480) & (minute % DAY < 1200), 1.5, 0.01)
    counts = np.zeros((7, minutes), dtype=np.int64)
    counts[ORDER] = rng.poisson(pace)
    counts[PAYMENT] = rng.binomial(counts[ORDER], 0.8)
    return counts


@pytest.fixture(scope="module")
def history() -> np.ndarray:
    return office(TRAIN + 3 * DAY)


@pytest.fixture(scope="module")
def baseline(history: np.ndarray) -> StoreBaseline:
    return fit_baselines([StoreHistory("shop", "UTC", START, ("",), history[None, :, :TRAIN])], 1)[0]


def level_after(baseline: StoreBaseline, history: np.ndarray, first: int, last: int, until: int) -> float:
    """The daily level after an alert was held open from ``first`` on, its payments failing until ``last``."""
    counts = history.copy()
    counts[PAYMENT, first:last] = 0
    detector = Detector(DetectionPolicy(longest_open_minutes=300))
    detector.set_baseline(baseline)
    for minute in range(TRAIN - 600, until):
        detector.advance(START + minute, {"shop": {"": counts[:, minute].tolist()}})
    return float(detector._book.levels.level[0])


@pytest.mark.slow
def test_a_drop_that_ended_in_a_quiet_night_does_not_become_the_new_normal(
    baseline: StoreBaseline, history: np.ndarray
) -> None:
    level = level_after(baseline, history, TRAIN + 1140, TRAIN + 1215, TRAIN + DAY + 60)
    assert abs(level) < 0.1


@pytest.mark.slow
def test_a_drop_that_goes_on_by_day_is_the_new_normal_when_its_alert_is_too_old(
    baseline: StoreBaseline, history: np.ndarray
) -> None:
    level = level_after(baseline, history, TRAIN + 500, TRAIN + 1200, TRAIN + 900)
    assert level < -2


@pytest.mark.parametrize("is_closed", [False, True])
def test_what_came_back_after_an_alert_was_closed_reached_nobody(
    baseline: StoreBaseline, history: np.ndarray, is_closed: bool
) -> None:
    """Within the merge time it was the closed incident again, of which nothing more is sent."""
    counts = history.copy()
    first, again = TRAIN + 600, TRAIN + 660
    for begin in (first, again):
        counts[PAYMENT, begin : begin + 30] = 0
    closed = ClosedAlerts()
    detector = Detector(DetectionPolicy(), closed=closed)
    detector.set_baseline(baseline)
    made = []
    for minute in range(TRAIN - 600, again + 60):
        for alert in detector.advance(START + minute, {"shop": {"": counts[:, minute].tolist()}}).transitions:
            made.append(alert)
            if is_closed and alert.state is AlertState.RESOLVED:
                closed.add(alert.alert_id)
    assert [alert.state for alert in made].count(AlertState.RESOLVED) == 2
    fired = [alert for alert in made if alert.state is AlertState.FIRING]
    assert len({alert.alert_id for alert in fired}) == (2 if is_closed else 1)
    # what an incident says when it opens again is what holds now, not its worst of all times
    last = max(made, key=lambda alert: (alert.at_ms, alert.sequence))
    opened = next(alert for alert in fired if alert.at_ms > (START + again) * 60_000)
    assert opened.opened_at_ms == (opened.at_ms if is_closed else fired[0].opened_at_ms)
    assert opened.window_minutes <= 30
    assert last.state is AlertState.RESOLVED


def transitions_of(
    baseline: StoreBaseline, counts: np.ndarray, until: int, policy: DetectionPolicy
) -> list[AlertTransition]:
    detector = Detector(policy)
    detector.set_baseline(baseline)
    made = []
    for minute in range(TRAIN - 600, until):
        made += detector.advance(START + minute, {"shop": {"": counts[:, minute].tolist()}}).transitions
    return made


def test_the_end_of_an_alert_gave_its_bad_minutes_as_the_present(
    baseline: StoreBaseline, history: np.ndarray
) -> None:
    counts, first = history.copy(), TRAIN + 600
    counts[PAYMENT, first : first + 30] = 0
    fired, *_, ended = transitions_of(baseline, counts, first + 120, DetectionPolicy())
    assert fired.at_end is None
    assert ended.state is AlertState.RESOLVED
    now = ended.at_end
    assert now is not None
    assert ended.observed / ended.sample < 0.3  # its evidence stays what it fired on
    assert now.observed / now.sample > 0.6
    assert now.low <= now.observed <= now.high
    # it looks back into the recovery alone
    assert now.window_minutes <= (ended.at_ms // 60_000 - START) - (first + 30)


def test_an_alert_that_was_too_old_is_not_said_to_have_recovered(
    baseline: StoreBaseline, history: np.ndarray
) -> None:
    counts, first = history.copy(), TRAIN + 500
    counts[PAYMENT, first:] = 0
    made = transitions_of(baseline, counts, first + 330, DetectionPolicy(longest_open_minutes=300))
    ended = next(alert for alert in made if alert.state is AlertState.RESOLVED)
    assert ended.note.startswith(AGED)
    assert ended.at_end is not None
    assert ended.at_end.observed < ended.at_end.low


def test_the_end_of_an_alert_is_shown_by_as_much_of_the_recovery_as_says_something() -> None:
    engine = engine_of()
    for _ in range(600):
        engine.step(np.array([20.0]), np.array([20.0]), np.zeros(1))
    shown = {}
    for healthy in (0, 5, 29, 200):
        engine.heal[0] = healthy
        shown[healthy] = WINDOWS[engine.window_of_end(0, [0])]
    assert shown == {0: 5, 5: 5, 29: 20, 200: 30}
    quiet = engine_of()
    for _ in range(600):
        quiet.step(np.array([0.05]), np.array([0.05]), np.zeros(1))
    quiet.heal[0] = 300
    assert WINDOWS[quiet.window_of_end(0, [0])] == 240
    assert WINDOWS[quiet.window_of_end(0, [])] == 5


def test_ten_thousand_closed_alerts_are_remembered() -> None:
    closed = ClosedAlerts()
    for number in range(10_050):
        closed.add(str(number))
    assert ("49" in closed, "50" in closed, "10049" in closed) == (False, True, True)
