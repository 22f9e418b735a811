"""Decoys that a store's own sources show, and what is left alone: bots, tracking, sold-out products, late and restated reports, holidays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from scoring.evaluation.decoys import DECOY_BY_KIND
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.event_facts import EventFact, FactSum
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.findings import DecoyEvidence
from scoring.evaluation.order_figures import OrderWindow, WindowTally
from scoring.evaluation.report_figures import ReportBook
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.seen_decoys import seen_decoys
from scoring.evaluation.spans import SpanLength, last_spans
from scoring.evaluation.suppliers import StoreSources
from scoring.funnel.units import DAY_MS
from scoring.records.report_row import Period, ReportRow
from scoring.wording.text import in_language

#: weeks that end on the Sunday of a Chinese new year
UNTIL = round(datetime(2026, 2, 23, tzinfo=UTC).timestamp() * 1000)
SPANS = last_spans(UNTIL, "UTC", SpanLength.WEEK, 11)


class Events:
    """Facts by week, the newest first; the others are of 40 of 1000."""

    known_until_ms = UNTIL

    def __init__(self, facts: Mapping[EventFact, Sequence[tuple[int, int]]]) -> None:
        self._facts = facts

    def fact(self, fact: EventFact, span: EvaluationSpan, lag_days: int = 0) -> FactSum:
        weeks = self._facts.get(fact)
        return FactSum(*weeks[SPANS.index(span)]) if weeks else FactSum()

    def prices(self, span: EvaluationSpan) -> FactSum:
        return FactSum()

    def rows(self, types: Sequence[str], span: EvaluationSpan, count: int) -> SourceRows:
        return SourceRows("events" if self._facts else "", "of the week", count)


class Orders:
    """As many orders a week."""

    known_until_ms = UNTIL

    def __init__(self, placed: int) -> None:
        self._placed = placed

    def times(self, window: OrderWindow) -> tuple[int, int]:
        return self._placed, 0

    def tally(self, window: OrderWindow, span: EvaluationSpan, days: int) -> WindowTally:
        return WindowTally(self._placed, self._placed, 0.0, 0.0)

    def rows(self, window: OrderWindow, span: EvaluationSpan, days: int, count: int) -> SourceRows:
        return SourceRows("orders", "of the week", count)


def report(days: Sequence[int], value: str = "100", told_at_ms: int = 1) -> list[ReportRow]:
    return [
        ReportRow(
            store_id="s1",
            source="shopee",
            measure="visitors",
            period=Period.DAY,
            period_start_ms=UNTIL - day * DAY_MS,
            period_end_ms=UNTIL - (day - 1) * DAY_MS,
            zone="UTC",
            value=value,
            told_at_ms=told_at_ms,
        )
        for day in days
    ]


def seen(
    facts: Mapping[EventFact, Sequence[tuple[int, int]]] | None = None,
    rows: Sequence[ReportRow] = (),
    country: str = "",
) -> tuple[dict[DecoyKind, DecoyEvidence], frozenset[DecoyKind]]:
    known = StoreSources("s1", Orders(500), ReportBook(rows), Events(facts) if facts else None)
    found, checked = seen_decoys(known, SPANS, country)
    return {one.kind: one for one in found}, checked


def weeks(now: int, usual: int, of: int) -> list[tuple[int, int]]:
    random = np.random.default_rng(4)
    return [(now, of), *((int(random.poisson(usual)), of) for _ in SPANS[1:])]


@pytest.mark.parametrize(
    ("fact", "kind"),
    [
        (EventFact.BOTS, DecoyKind.BOT_WAVE),
        (EventFact.SOLD_OUT_VIEWS, DecoyKind.STOCK_OR_LISTING),
    ],
)
def test_a_wave_is_named_with_its_share_beyond_the_usual_and_an_ordinary_week_is_only_checked(
    fact: EventFact, kind: DecoyKind
) -> None:
    found, checked = seen({fact: weeks(340, 40, 1000)})
    assert found[kind].share == pytest.approx(0.3, abs=0.02)
    assert found[kind].rows[0].relation == "events"
    assert kind in checked
    calm, checked = seen({fact: weeks(45, 40, 1000)})
    assert kind in checked - calm.keys()


def test_orders_that_visits_no_longer_show_are_a_broken_tracking() -> None:
    found, _ = seen({EventFact.AD_ORDERS: [(0, 150), *((0, 400 + at) for at in range(10))]})
    assert found[DecoyKind.TRACKING_BROKEN].share == pytest.approx(0.63, abs=0.02)
    assert {row.relation for row in found[DecoyKind.TRACKING_BROKEN].rows} == {"orders", "events"}
    never, checked = seen({EventFact.AD_ORDERS: [(0, 10), *((0, 40 + at) for at in range(10))]})
    assert DecoyKind.TRACKING_BROKEN not in {*never, *checked}


def test_days_that_a_report_lacks_and_figures_it_restated_are_seen() -> None:
    found, checked = seen(rows=report(range(3, 80)))
    assert found[DecoyKind.REPORT_LATE].share == pytest.approx(2 / 7)
    assert found[DecoyKind.REPORT_LATE].detail == "shopee"
    assert checked == {DecoyKind.REPORT_LATE, DecoyKind.RESTATED}
    twice = [*report(range(1, 80)), *report((2, 3), "140", told_at_ms=2)]
    found, _ = seen(rows=twice)
    assert found.keys() == {DecoyKind.RESTATED}
    assert found[DecoyKind.RESTATED].share == pytest.approx(2 / 7)


def test_a_report_that_never_had_every_day_is_not_late() -> None:
    found, _ = seen(rows=report(range(1, 80, 2)))
    assert found == {}


def test_a_holiday_week_is_another_kind_of_week_and_only_where_it_is_kept() -> None:
    found, _ = seen(country="CN")
    assert found[DecoyKind.CALENDAR].share > 0.5
    assert "春节" in in_language(found[DecoyKind.CALENDAR].detail, "zh")
    assert "春" not in found[DecoyKind.CALENDAR].detail
    presidents_day = seen(country="US")[0][DecoyKind.CALENDAR]
    assert presidents_day.share < DECOY_BY_KIND[DecoyKind.CALENDAR].next_to
    assert DecoyKind.CALENDAR not in seen()[1]


def test_events_that_never_show_an_order_say_nothing_of_tracking() -> None:
    """A folder with reviews and no visits had no file that its orders could have been seen in, and could not be evaluated."""
    known = StoreSources("s1", Orders(500), ReportBook(()), Events({}))
    assert seen_decoys(known, SPANS, "") == ((), frozenset())


def test_a_store_without_a_past_is_looked_at_for_nothing() -> None:
    known = StoreSources("s1", Orders(500), ReportBook(report(range(1, 10))), None)
    assert seen_decoys(known, SPANS[:3], "CN") == ((), frozenset())
