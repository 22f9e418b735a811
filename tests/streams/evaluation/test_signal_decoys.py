"""Signals next to an evaluation: closed shops and releases, with their share of the period, and releases that make no sense."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scoring.calendar.effects import DayEffect, DayRules, OwnEntry
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.scenarios import SCENARIO_BY_ID
from scoring.evaluation.single_rules import ALL_RULES
from scoring.evaluation.spans import span_name
from scoring.funnel.units import DAY_MS
from scoring.records.signal import SignalKind
from streams.evaluation.excused import NO_RULES, excused_periods
from streams.evaluation.signal_decoys import signal_decoys
from streams.incidents.releases import InvalidReleaseError, release_of

START = 1_780_272_000_000
SPAN = EvaluationSpan(START, START + 10 * DAY_MS, "UTC")


def row(kind: str, begin: float, end: float | None, about: str = "") -> dict[str, Any]:
    until = 0 if end is None else round(START + end * DAY_MS)
    return {"kind_name": kind, "about": about, "since_ms": round(START + begin * DAY_MS), "until_ms": until}


def test_days_that_the_shop_was_closed_count_once_and_only_those_of_the_period() -> None:
    rows = [row("shop_closed", -2, 1), row("shop_closed", 0.5, 2), row("shop_closed", 9, None)]
    (closed,) = signal_decoys(rows, "s1", SPAN)
    assert (closed.kind, round(closed.share, 6)) == (DecoyKind.SHOP_CLOSED, 0.3)
    assert closed.rows[0].count == 3


def test_a_release_is_named_with_the_part_of_the_period_after_it() -> None:
    rows = [
        row("release", -1, -1, "old"),
        row("release", 4, 4, "theme 4.2"),
        row("release", 6, 6, "theme 4.3"),
    ]
    (released,) = signal_decoys(rows, "s1", SPAN)
    assert (released.kind, released.share) == (DecoyKind.RELEASE, 0.6)
    assert released.detail == "theme 4.2, theme 4.3"
    assert signal_decoys([], "s1", SPAN) == ()


def test_a_promotion_counts_by_how_much_more_of_the_period_it_covers_than_of_those_before() -> None:
    past = [
        EvaluationSpan(START - (at + 1) * 10 * DAY_MS, START - at * 10 * DAY_MS, "UTC") for at in range(4)
    ]
    sale = row("promotion", 2, 8, "summer sale")
    (found,) = signal_decoys([sale], "s1", SPAN, past)
    assert (found.kind, found.share, found.detail) == (DecoyKind.CALENDAR, 0.6, "summer sale")
    always = row("promotion", -60, None, "welcome coupon")
    assert signal_decoys([always], "s1", SPAN, past) == ()


def test_a_past_period_that_the_shop_was_closed_for_was_compared_with() -> None:
    past = [
        EvaluationSpan(START - (at + 1) * 10 * DAY_MS, START - at * 10 * DAY_MS, "UTC") for at in range(4)
    ]
    rows = [row("shop_closed", -18, -15), row("shop_closed", -30, -29)]
    (name,) = left = excused_periods("s1", past, rows, NO_RULES)
    assert name == span_name(past[1])
    assert (left[name].zh, left[name]) == ("30% 的时间打烊", "closed for 30% of it")


def test_days_that_people_excuse_are_left_out_by_name_and_those_that_only_widen_are_not() -> None:
    past = [
        EvaluationSpan(START - (at + 1) * 10 * DAY_MS, START - at * 10 * DAY_MS, "UTC") for at in range(4)
    ]
    first = datetime.fromtimestamp(past[2].start_ms / 1000, UTC).replace(tzinfo=None)

    def entry(name: str, effect: DayEffect, stores: tuple[str, ...] = ()) -> OwnEntry:
        return OwnEntry(name, effect, first, first + timedelta(days=4), (), stores)

    moved = DayRules({}, {}, (entry("warehouse moved", DayEffect.SUPPRESS),))
    left = excused_periods("s1", past, (), moved)
    assert list(left) == [span_name(past[2])]
    assert "40%" in left[span_name(past[2])]
    assert "warehouse moved" in left[span_name(past[2])]
    widened = DayRules({}, {}, (entry("sale", DayEffect.WIDEN), entry("away", DayEffect.SUPPRESS, ("s2",))))
    assert excused_periods("s1", past, (), widened) == {}
    assert excused_periods("s1", past, (), left) == left  # a report names what it left out


def test_slow_pages_and_unpaid_carts_may_have_come_with_a_release() -> None:
    by_id = {one.id: one for one in ALL_RULES}
    assert DecoyKind.RELEASE in by_id["low:page_experience.fast_pages"].may_be
    assert DecoyKind.RELEASE in SCENARIO_BY_ID["carts_not_paid"].may_be
    assert DecoyKind.RELEASE not in by_id["low:service.time_to_answer"].may_be


@pytest.mark.parametrize(("name", "at_ms", "why"), [("  ", START, "say what"), ("x" * 101, START, "at most"), ("x", START + 2, "still to come"), ("x", 0, "since_ms")])  # fmt: skip
def test_a_release_that_makes_no_sense_is_rejected_in_words(name: str, at_ms: int, why: str) -> None:
    with pytest.raises(InvalidReleaseError, match=why):
        release_of("s1", name, at_ms, START + 1)


def test_a_release_is_a_moment_and_carries_no_address_of_a_person() -> None:
    made = release_of("s1", " theme  4.2 of ann@example.com ", START, START + 1)
    assert (made.kind, made.since_ms, made.until_ms) == (SignalKind.RELEASE, START, START)
    assert made.object.startswith("theme 4.2")
    assert "ann@example.com" not in made.object
