"""The life of an alert on a slow change, from one night's baseline to the next."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from scoring.alerts.alert import AGED, AlertKind, AlertState, AlertTransition, Level
from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.baselines.baseline import StepDrift
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.tracked_alert import ClosedAlerts
from scoring.funnel.drift_notes import parse_drift_note
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
STEP = "click_to_order"


@pytest.fixture(scope="module")
def baseline() -> StoreBaseline:
    counts = np.zeros((1, 7, DAY), dtype=np.int64)
    rng = np.random.default_rng(2)
    counts[0, STAGE_INDEX["click"]] = rng.poisson(20, DAY)
    counts[0, STAGE_INDEX["order"]] = rng.binomial(counts[0, STAGE_INDEX["click"]], 0.1)
    return fit_baselines([StoreHistory("shop", "UTC", START, ("",), counts)], 1)[0]


class Nights:
    """A detector that is given a baseline a night."""

    def __init__(self, baseline: StoreBaseline, closed: ClosedAlerts | None = None) -> None:
        self.baseline, self.closed = baseline, closed or ClosedAlerts()
        self.detector = Detector(DetectionPolicy(), closed=self.closed)
        self.night, self.minute = 100, START + 100 * DAY

    def say(
        self, surprise: float, observed: float = 800.0, night: int | None = None
    ) -> list[AlertTransition]:
        """One night's comparison (1,000 expected), and the two minutes after it; the last of the night's transitions."""
        self.night = night if night is not None else self.night + 1
        drift = StepDrift(
            STEP, self.night - 7, self.night - 1, surprise, observed, 1000.0, 850.0, 1150.0, 9e3, 0.004
        )
        self.detector.set_baseline(msgspec.structs.replace(self.baseline, drifts=(drift,)))
        return self.go_on()

    def go_on(self) -> list[AlertTransition]:
        made = []
        for _ in range(2):
            made += self.detector.advance(self.minute, {"shop": {"": [0, 20, 0, 2, 0, 0, 0]}}).transitions
            self.minute += 1
        return [one for one in made if one.kind is AlertKind.DRIFT]

    def restart(self) -> None:
        state = self.detector.snapshot("shop")
        self.detector = Detector(DetectionPolicy(), closed=self.closed)
        self.detector.set_baseline(self.baseline)
        self.detector.restore("shop", state)


def test_a_drift_opens_once_as_a_notice_and_is_brought_up_to_date_each_night(baseline: StoreBaseline) -> None:
    nights = Nights(baseline)
    (opened,) = nights.say(5.0)
    assert (opened.state, opened.level, opened.sequence) == (AlertState.FIRING, Level.NOTICE, 0)
    assert (opened.observed, opened.expected, opened.window_minutes) == (800.0, 1000.0, 7 * DAY)
    assert opened.lost == 200.0
    assert opened.lost_low < 200 < opened.lost_high
    assert parse_drift_note(opened.note) is not None
    assert nights.say(5.0, night=nights.night) == []  # fitted again in the same night
    (later,) = nights.say(3.0, observed=850.0)
    assert (later.alert_id, later.sequence, later.lost) == (opened.alert_id, 1, 150.0)


@pytest.mark.parametrize(("surprise", "observed"), [(3.4, 800.0), (9.0, 960.0)])
def test_what_chance_explains_or_is_small_opens_nothing(
    baseline: StoreBaseline, surprise: float, observed: float
) -> None:
    assert Nights(baseline).say(surprise, observed) == []


def test_it_is_over_when_the_rate_is_back_and_says_how_it_is(baseline: StoreBaseline) -> None:
    nights = Nights(baseline)
    (opened,) = nights.say(5.0)
    (ended,) = nights.say(0.2, observed=990.0)
    assert (ended.alert_id, ended.state) == (opened.alert_id, AlertState.RESOLVED)
    assert ended.at_end is not None
    assert ended.at_end.observed == 990.0
    assert ended.note != AGED
    (again,) = nights.say(5.0)
    assert (again.alert_id, again.state) == (opened.alert_id, AlertState.FIRING)


def test_one_that_stays_low_for_weeks_ends_as_the_new_normal(baseline: StoreBaseline) -> None:
    nights = Nights(baseline)
    nights.say(5.0)
    nights.minute += 22 * DAY
    nights.detector = _moved(nights)
    (ended,) = nights.say(0.2, observed=990.0)
    assert ended.note == AGED


def _moved(nights: Nights) -> Detector:
    """The detector after a pause of weeks, as a restart brings it back."""
    nights.restart()
    return nights.detector


def test_what_somebody_closed_does_not_open_again_while_it_goes_on(baseline: StoreBaseline) -> None:
    nights = Nights(baseline)
    (opened,) = nights.say(5.0)
    nights.closed.add(opened.alert_id)
    assert {one.alert_id for _ in range(3) for one in nights.say(5.0)} == {opened.alert_id}
    nights.say(0.2, observed=990.0)
    (other,) = nights.say(5.0)
    assert other.alert_id != opened.alert_id


def test_a_restart_neither_repeats_nor_forgets_it(baseline: StoreBaseline) -> None:
    nights = Nights(baseline)
    (opened,) = nights.say(5.0)
    nights.restart()
    assert nights.say(5.0, night=nights.night) == []
    (ended,) = nights.say(0.1, observed=1000.0)
    assert ended.alert_id == opened.alert_id


def test_a_night_that_can_compare_nothing_leaves_it_open(baseline: StoreBaseline) -> None:
    nights = Nights(baseline)
    nights.say(5.0)
    nights.detector.set_baseline(baseline)
    assert nights.go_on() == []
