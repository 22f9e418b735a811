"""Stores at rest: a quiet store costs nothing, and is judged as if it had been looked at every minute.

::

    minute      0        60            900   1000                1500  1600         2000
    always      ---------------------------------------------------------------------
    often       bursts   | silence, at rest        | bursts       | silence
    late        never heard of                            | bursts
"""

from __future__ import annotations

from datetime import datetime

import msgspec
import numpy as np
import pytest

from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.calendar.effects import DayEffect, DayRules, OwnEntry
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.policy import WINDOWS
from scoring.funnel.scores import ScoreRow
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
TRAIN = 6 * DAY
START = 29_459_520 + TRAIN  # Sunday 2026-01-11 00:00 UTC
CLICK, CART = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
ACTIVE = {"always": [(0, 2100)], "often": [(0, 60), (1000, 1500), (2000, 2100)], "late": [(1600, 2100)]}
#: all stores but these are quiet from the beginning to the end
MANY = [f"quiet-{number}" for number in range(20)]
EVERYBODY = 10**9
NUMBERS = ("observed", "expected", "low", "high", "surprise", "sample", "baseline", "baseline_variance")
#: an own entry that widens and one that suppresses, both within the rest of "often" and close to its end
RULES = DayRules(
    {},
    {},
    (
        OwnEntry(
            "sale",
            DayEffect.WIDEN,
            datetime.fromisoformat("2026-01-11 12:00"),
            datetime.fromisoformat("2026-01-11 15:30"),
        ),
        OwnEntry(
            "night",
            DayEffect.SUPPRESS,
            datetime.fromisoformat("2026-01-11 16:00"),
            datetime.fromisoformat("2026-01-11 20:00"),
        ),
    ),
)


def drawn() -> dict[str, np.ndarray]:
    """{store: (7, minutes)}: while active, 40 clicks a minute, a cart for one in four; from 1200 to 1300 none of ``often``."""
    rng = np.random.default_rng(11)
    found = {}
    for store, spans in ACTIVE.items():
        counts = np.zeros((7, 2100), dtype=np.int64)
        for first, last in spans:
            counts[CLICK, first:last] = rng.poisson(40, last - first)
        counts[CART] = rng.binomial(counts[CLICK], 0.25)
        found[store] = counts
    found["often"][CART, 1200:1300] = 0
    return found


COUNTS = drawn()


@pytest.fixture(scope="module")
def baselines() -> list[StoreBaseline]:
    rng = np.random.default_rng(2)
    counts = np.zeros((1, 7, TRAIN), dtype=np.int64)
    counts[:, CLICK] = rng.poisson(40, (1, TRAIN))
    counts[:, CART] = rng.binomial(counts[:, CLICK], 0.25)
    fitted = fit_baselines([StoreHistory("any", "Asia/Tokyo", START - TRAIN, ("",), counts)], 1)[0]
    return [msgspec.structs.replace(fitted, store_id=name) for name in (*ACTIVE, *MANY)]


def detector_of(baselines: list[StoreBaseline], room: int) -> Detector:
    detector = Detector(DetectionPolicy(), RULES, room)
    for baseline in baselines:
        detector.set_baseline(baseline)
    return detector


def minute_counts(minute: int) -> dict[str, dict[str, list[int]]]:
    return {
        store: {"": counts[:, minute].tolist()} for store, counts in COUNTS.items() if counts[:, minute].any()
    }


def both(
    baselines: list[StoreBaseline], first: int, last: int, detectors: tuple[Detector, Detector]
) -> tuple[list[tuple[ScoreRow, ScoreRow]], list, list, list[int]]:
    """Pairs of rows of stores that had events lately, all transitions of both, and how many rest, minute by minute."""
    pairs, transitions, resting = [], ([], []), []
    for minute in range(first, last):
        judged = [detector.advance(START + minute, minute_counts(minute)) for detector in detectors]
        for found, judgement in zip(transitions, judged, strict=True):
            found.extend(judgement.transitions)
        rows = {(row.store_id, row.step): row for row in judged[1].scores}
        pairs += [(row, rows[row.store_id, row.step]) for row in judged[0].scores]
        resting.append(len(detectors[0]._resting))
    return pairs, *transitions, resting


def assert_alike(pairs: list[tuple[ScoreRow, ScoreRow]], rel: float = 1e-6) -> None:
    for rested, looked_at in pairs:
        minute = rested.minute_ms // 60_000 - START
        assert (rested.store_id, rested.state, rested.window_minutes) == (
            looked_at.store_id,
            looked_at.state,
            looked_at.window_minutes,
        ), minute
        one, other = ([getattr(row, name) for name in NUMBERS] for row in (rested, looked_at))
        assert one == pytest.approx(other, rel=rel, abs=rel), (rested.store_id, minute)


@pytest.mark.slow
def test_a_store_that_rested_is_judged_as_if_it_had_been_looked_at_every_minute(
    baselines: list[StoreBaseline],
) -> None:
    pairs, rested, looked_at, resting = both(
        baselines, 0, 2100, (detector_of(baselines, 0), detector_of(baselines, EVERYBODY))
    )
    assert resting[0] == len(MANY) + 1, "those without events are not in the book"
    assert resting[-200] == len(MANY)
    assert max(resting[900:1000]) == len(MANY) + 2, "'often' went to rest"
    assert_alike(pairs)
    assert {row.store_id for row, _ in pairs} == set(ACTIVE)
    assert [(t.store_id, t.state, t.at_ms) for t in rested] == [
        (t.store_id, t.state, t.at_ms) for t in looked_at
    ]
    assert {t.store_id for t in rested} == {"often"}


@pytest.mark.slow
def test_a_baseline_that_comes_while_a_store_rests_is_the_one_it_is_judged_by(
    baselines: list[StoreBaseline],
) -> None:
    detectors = (detector_of(baselines, 0), detector_of(baselines, EVERYBODY))
    both(baselines, 0, 950, detectors)
    step = baselines[0].steps["click_to_add_to_cart"]
    other = {"click_to_add_to_cart": msgspec.structs.replace(step, rate=step.rate * 1.3, level_arrivals=10.0)}
    for detector in detectors:
        for baseline in baselines:
            detector.set_baseline(msgspec.structs.replace(baseline, steps=other))
    pairs, *_ = both(baselines, 950, 1700, detectors)
    assert_alike(pairs)


@pytest.mark.slow
def test_a_snapshot_survives_a_restart_during_the_rest(baselines: list[StoreBaseline]) -> None:
    before = detector_of(baselines, EVERYBODY)
    for minute in range(950):
        before.advance(START + minute, minute_counts(minute))
    snapshots = {store: before.snapshot(store) for store in ACTIVE}
    detectors = (detector_of(baselines, 0), before)
    for minute in range(100, 950):  # the minutes that are kept begin after the first bursts
        detectors[0].warm_up(START + minute, minute_counts(minute))
    for store, state in snapshots.items():
        detectors[0].restore(store, state)
    assert len(detectors[0]._resting) == len(MANY) + 2
    pairs, rested, looked_at, _ = both(baselines, 950, 1400, detectors)
    often = [pair for pair in pairs if pair[0].store_id == "often"]
    assert len(often) > 300
    assert_alike([pair for pair in often if pair[0].minute_ms // 60_000 >= START + 1000])
    assert [t.alert_id for t in rested] == [t.alert_id for t in looked_at]


def test_a_store_with_an_open_alert_does_not_rest(baselines: list[StoreBaseline]) -> None:
    detector = detector_of(baselines, 0)
    for minute in range(1000, 1260):
        detector.advance(START + minute, minute_counts(minute))
    for minute in range(1260, 1260 + 2 * WINDOWS[-1]):
        detector.advance(START + minute, {})
    assert "often" in detector._judged
    snapshot = detector.snapshot("often")
    again = detector_of(baselines, 0)
    again.warm_up(START, {})
    again.restore("often", snapshot)
    assert "often" in again._judged


@pytest.mark.slow
def test_late_events_of_a_store_at_rest_are_corrected_once(baselines: list[StoreBaseline]) -> None:
    detectors = (detector_of(baselines, 0), detector_of(baselines, EVERYBODY))
    both(baselines, 0, 990, detectors)
    late = {"often": {"": [0, 30, 8, 0, 0, 0, 0]}}
    rows = [detector.amend(START + 985, late) for detector in detectors]
    assert [detector.amend(START + 985, late) for detector in detectors] == [[], []], (
        "the same total sent again"
    )
    assert [row.observed for row in rows[0] if row.store_id == "often"][:1] == [8.0]
    # the thousandth of an arrival that is nothing when a store goes to rest moves its filter a little
    assert_alike(list(zip(*rows, strict=True)), rel=1e-4)
    pairs, *_ = both(baselines, 990, 1100, detectors)
    assert_alike(pairs, rel=1e-4)
