"""A second place that fails while the alert of the first is open, and shares that move."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.alerts.alert import NOTHING_MISSING, AlertState, AlertTransition, Level
from scoring.baselines import StoreBaseline, StoreHistory, fit_baselines
from scoring.detection import DetectionPolicy, Detector
from scoring.funnel.mix_notes import MixNote, parse_mix_note
from scoring.funnel.spread_notes import SpreadNote, parse_spread_note
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
TRAIN = 8 * DAY
FAULT = TRAIN + 300
CLICK, CART = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
SEGMENTS = ("android", "ios", "web")


def draw() -> np.ndarray:
    """(3, 7, minutes): clicks of three segments, a cart for one in five within two minutes."""
    rng = np.random.default_rng(6)
    counts = np.zeros((3, 7, TRAIN + DAY), dtype=np.int64)
    counts[:, CLICK] = rng.poisson(np.array([[25.0], [20.0], [15.0]]), (3, TRAIN + DAY))
    for delay in range(3):
        moved = rng.binomial(counts[:, CLICK], 0.2 / 3)
        counts[:, CART, delay:] += moved[:, : TRAIN + DAY - delay]
    return counts


CALM = draw()


@pytest.fixture(scope="module")
def baseline() -> StoreBaseline:
    return fit_baselines([StoreHistory("shop", "UTC", START, SEGMENTS, CALM[:, :, :TRAIN])], 1)[0]


def run(
    baseline: StoreBaseline, counts: np.ndarray, minutes: int, policy: DetectionPolicy | None = None
) -> list[AlertTransition]:
    detector = Detector(policy or DetectionPolicy())
    detector.set_baseline(baseline)
    reported: list[AlertTransition] = []
    for minute in range(FAULT - 600, FAULT + minutes):
        given = {name: counts[row, :, minute].tolist() for row, name in enumerate(SEGMENTS)}
        reported += detector.advance(START + minute, {"shop": given}).transitions
    return reported


def failing(row: int, first: int, last: int, counts: np.ndarray, depth: float = 0.9) -> np.ndarray:
    made = counts.copy()
    rng = np.random.default_rng(row)
    cut = slice(FAULT + first, FAULT + last)
    made[row, CART, cut] = rng.binomial(made[row, CART, cut], 1 - depth)
    return made


def test_a_second_segment_that_failed_was_not_reported_and_shares_stayed_those_of_the_opening(
    baseline: StoreBaseline,
) -> None:
    counts = failing(0, 60, 180, failing(2, 0, 180, CALM))
    reported = run(baseline, counts, 240)
    assert len({t.alert_id for t in reported}) == 1
    first = reported[0]
    assert first.segment == "web"
    assert first.contributions[0].segment == "web"
    spread = next(t for t in reported if parse_spread_note(t.note).segments)
    assert parse_spread_note(spread.note).segments == ("android",)
    assert (START + FAULT + 60) * 60_000 < spread.at_ms <= (START + FAULT + 90) * 60_000
    now = {part.segment: part.share for part in spread.contributions}
    assert now["android"] > 0.2
    assert max(part.share for t in reported for part in t.contributions if part.segment == "android") > 0.4
    assert reported[-1].state is AlertState.RESOLVED
    assert reported[-1].at_ms > (START + FAULT + 180) * 60_000


def test_a_segment_that_fails_alone_is_not_said_to_have_spread(baseline: StoreBaseline) -> None:
    reported = run(baseline, failing(2, 0, 120, CALM), 180)
    assert {t.segment for t in reported} == {"web"}
    assert not any(parse_spread_note(t.note).segments for t in reported)


def test_a_failure_under_a_campaign_pages_however_old_the_alert_of_the_campaign_is(
    baseline: StoreBaseline,
) -> None:
    counts, rng = CALM.copy(), np.random.default_rng(8)
    campaign = slice(FAULT - 300, FAULT + 100)
    came = rng.poisson(60.0, 400)
    counts[0, CLICK, campaign] += came
    counts[0, CART, campaign] += rng.binomial(came, 0.05)
    counts[:, CART, FAULT : FAULT + 100] = rng.binomial(counts[:, CART, FAULT : FAULT + 100], 0.3)
    reported = run(baseline, counts, 60, DetectionPolicy(longest_open_minutes=120))
    before = [t for t in reported if t.at_ms < (START + FAULT) * 60_000]
    assert before[-1].label in NOTHING_MISSING
    assert {t.level for t in before if t.state is AlertState.FIRING} == {Level.NOTICE}
    assert any(t.level is Level.PAGE and t.state is AlertState.FIRING for t in reported[len(before) :])


def test_notes_are_read_as_they_were_written() -> None:
    assert parse_spread_note(SpreadNote(("ios/paid", "web")).text()) == SpreadNote(("ios/paid", "web"))
    assert parse_spread_note("on the calendar: sale") == SpreadNote()
    assert SpreadNote().text() == ""
    assert parse_mix_note(MixNote("ios/paid").text()) == MixNote("ios/paid")
    assert parse_mix_note("also in web") == MixNote()
    assert MixNote().text() == ""
