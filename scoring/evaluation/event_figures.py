"""Figures that a store's events give: rates, times, ratings and prices, each from the facts of whole days.

What events never say is not read as never happened: a fact that was so in no case of all periods together was most likely not
reported, and nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import reduce
from typing import Protocol
from zoneinfo import ZoneInfo

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.event_facts import (
    DayFacts,
    EventFact,
    FactEvent,
    FactSum,
    PriceSeen,
    facts_by_day,
    price_sum,
)
from scoring.evaluation.figure import (
    Figure,
    IndicatorKind,
    RatingScale,
    SourceRows,
    logs_figure,
    rate_figure,
    rating_of_sums,
)

#: who counts them, as rows say it: numbers of events and of a platform's reports are never compared
BY_EVENTS = "events"


class CountedEvents(Protocol):
    """The events of one store, wherever they are kept: read from files (``EventFigures``), or counted by the store of rows."""

    @property
    def known_until_ms(self) -> int:
        """Up to here whatever happened is in them."""

    def fact(self, fact: EventFact, span: EvaluationSpan, lag_days: int = 0) -> FactSum:
        """What the days of a period (or those so many days before) add up to."""

    def prices(self, span: EvaluationSpan) -> FactSum:
        """The newest comparison of each product's price in a period."""

    def rows(self, types: Sequence[str], span: EvaluationSpan, count: int) -> SourceRows:
        """Where the events of a period are."""


def fact_rates(
    events: CountedEvents,
    fact: EventFact,
    types: Sequence[str],
    spans: Sequence[EvaluationSpan],
    *,
    of_the_others: bool = False,
    lag_days: int = 0,
) -> list[Figure | None]:
    """In how many cases of each period it was so (or was not); all None where it never was."""
    sums = [events.fact(fact, span, lag_days) for span in spans]
    if not any(one.hits for one in sums):
        return [None] * len(spans)
    return [
        rate_figure(
            one.cases - one.hits if of_the_others else one.hits,
            one.cases,
            (events.rows(types, span, one.cases),),
        )
        if one.cases
        else None
        for one, span in zip(sums, spans, strict=True)
    ]


def fact_times(
    events: CountedEvents, fact: EventFact, types: Sequence[str], spans: Sequence[EvaluationSpan]
) -> list[Figure | None]:
    """How long it took in each period."""
    return [
        logs_figure(one.cases, one.total, one.squares, (events.rows(types, span, one.cases),))
        if (one := events.fact(fact, span)).cases >= 2
        else None
        for span in spans
    ]


def fact_ratings(
    events: CountedEvents,
    fact: EventFact,
    types: Sequence[str],
    spans: Sequence[EvaluationSpan],
    scale: RatingScale,
) -> list[Figure | None]:
    """The ratings of each period."""
    return [
        rating_of_sums(one.cases, one.total, one.squares, scale, (events.rows(types, span, one.cases),))
        if (one := events.fact(fact, span)).cases
        else None
        for span in spans
    ]


def price_indices(events: CountedEvents, spans: Sequence[EvaluationSpan]) -> list[Figure | None]:
    """The shop's prices against those of the same products elsewhere, in each period."""
    return [
        logs_figure(
            one.cases,
            one.total,
            one.squares,
            (events.rows(("price",), span, one.cases),),
            IndicatorKind.INDEX,
        )
        if (one := events.prices(span)).cases >= 2
        else None
        for span in spans
    ]


class EventFigures:
    """The events of one store, read from files."""

    def __init__(
        self,
        events: Iterable[FactEvent],
        prices: Sequence[PriceSeen],
        relation: Callable[[Sequence[str]], str],
        known_until_ms: int,
        zone: str,
    ) -> None:
        """Look at a store's events.

        Args:
            events: in any order, each once; they are read once.
            prices: what its ``price`` events say.
            relation: where events of some types are read from, as rows say it: the names of files.
            known_until_ms: up to here whatever happened is in them.
            zone: of the store's clock.
        """
        self._days: Mapping[str, DayFacts] = facts_by_day(events, zone)
        self._prices, self._relation, self._until, self._zone = prices, relation, known_until_ms, zone

    @property
    def known_until_ms(self) -> int:
        """See ``CountedEvents``."""
        return self._until

    def fact(self, fact: EventFact, span: EvaluationSpan, lag_days: int = 0) -> FactSum:
        """See ``CountedEvents``."""
        first, end = (_day(at, span.zone, lag_days) for at in (span.start_ms, span.end_ms))
        sums = (facts.get(fact, FactSum()) for day, facts in sorted(self._days.items()) if first <= day < end)
        return reduce(FactSum.plus, sums, FactSum())

    def prices(self, span: EvaluationSpan) -> FactSum:
        """See ``CountedEvents``."""
        return price_sum(self._prices, span.start_ms, span.end_ms)

    def rows(self, types: Sequence[str], span: EvaluationSpan, count: int) -> SourceRows:
        """See ``CountedEvents``."""
        condition = f"type in ({', '.join(types)}), event_time_ms >= {span.start_ms} AND event_time_ms < {span.end_ms}"
        return SourceRows(self._relation(types), condition, count, BY_EVENTS)


def _day(at_ms: int, zone: str, back: int) -> str:
    day = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()
    return (day - timedelta(days=back)).isoformat()
