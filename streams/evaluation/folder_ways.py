"""The attribution of a folder of exports: visits and orders of event files, orders of order files, ads reports."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from scoring.evaluation.attribution.ads import AD_MEASURES, AdBook, ad_book, ad_figures
from scoring.evaluation.attribution.attributing import attribute
from scoring.evaluation.attribution.journeys import (
    LOOKBACK_MS,
    CameBy,
    OrderSeen,
    lost_paths,
    order_paths,
    person_of,
    visits_of,
)
from scoring.evaluation.attribution.lines import Attribution, AttributionFacts
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.report_figures import SPEND
from scoring.events.event import EventType
from scoring.records.order_life import OrderLife, OrderState
from scoring.records.report_row import Period, ReportRow
from streams.evaluation.attributed import AttributionRates, main_currency, rates_into
from streams.evaluation.folder_events import FolderEvents

#: states of orders that do not count
_GONE = frozenset({OrderState.CANCELLED, OrderState.CANCELLED_UNPAID})


def folder_attribution(
    store: str,
    span: EvaluationSpan,
    lives: Sequence[OrderLife],
    events: FolderEvents,
    rows: Sequence[ReportRow],
    names: tuple[str, str],
    rates: AttributionRates,
) -> Attribution | None:
    """The attribution of a period; None without orders and ads in it.

    Args:
        store: its name.
        span: the period.
        lives: orders of order files.
        events: of event files; those of the period and of the thirty days before it were noted.
        rows: of reports.
        names: of the files of orders and events, and of those of reports, as rows say them.
        rates: of currencies.
    """
    visits = visits_of((one.event for one in events.noted), span.zone)
    orders = _orders(lives, events, span)
    ads = _ads(rows, span)
    if not orders and not ads.sources:
        return None
    paths = order_paths(visits, orders, ads.window)
    within = [one for one in visits if span.start_ms <= one.began_ms < span.end_ms]
    recent_ms = max(span.start_ms, span.end_ms - LOOKBACK_MS)
    recent = order_paths(visits, [one for one in orders if one.placed_ms >= recent_ms], None)
    counts: dict[CameBy, int] = {}
    for one in within:
        counts[one.place] = counts.get(one.place, 0) + 1
    buyers = frozenset(one.person for one in orders)
    currency = main_currency(paths, ads)
    during = f"{span.start_ms} <= time_ms AND time_ms < {span.end_ms}"
    return attribute(
        AttributionFacts(
            store,
            span,
            paths,
            lost_paths(visits, buyers, span.start_ms, span.end_ms),
            dict(sorted(counts.items())),
            (
                sum(one.orders for one in recent if one.places),
                sum(one.began_ms >= recent_ms for one in within),
            ),
            ads,
            rates_into(currency, paths, ads, rates),
            currency,
            rates.of_base(currency),
            (names[0] or "orders", during),
            (names[1] or "reports", during),
        )
    )


def _orders(lives: Sequence[OrderLife], events: FolderEvents, span: EvaluationSpan) -> list[OrderSeen]:
    """The orders of the period that count: those of order files, else those of event files."""
    buyers = {
        one.event.order_id: person_of(one.event)
        for one in events.noted
        if one.event.type is EventType.ORDER and one.event.order_id and person_of(one.event)
    }
    if lives:
        return [
            OrderSeen(
                life.order_id,
                life.placed_ms,
                buyers.get(life.order_id, ""),
                Decimal(life.amount) - life.refunded if life.amount else None,
                life.currency,
            )
            for life in lives
            if span.start_ms <= life.placed_ms < span.end_ms
            and life.left_out is None
            and life.state not in _GONE
        ]
    return [
        OrderSeen(one.event.order_id, one.event.at_ms, person_of(one.event), one.amount, one.currency)
        for one in events.noted
        if one.event.type is EventType.ORDER and span.start_ms <= one.event.at_ms < span.end_ms
    ]


def _ads(rows: Sequence[ReportRow], span: EvaluationSpan) -> AdBook:
    spent: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.measure == SPEND and row.period is Period.DAY and row.complete:
            first, last = spent.get(row.source, (row.period_start_ms, row.period_end_ms))
            spent[row.source] = min(first, row.period_start_ms), max(last, row.period_end_ms)
    return ad_book(ad_figures(row for row in rows if row.measure in AD_MEASURES), spent, span)
