"""The orders and events of one store as ClickHouse counts them: what ``CountedOrders`` and ``CountedEvents`` ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from math import fsum, log
from typing import Self

import numpy as np

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.event_facts import EventFact, FactSum
from scoring.evaluation.event_figures import BY_EVENTS
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.order_figures import (
    DELIVERING,
    DISPUTING,
    PAYING,
    PROMISED,
    REFUNDING,
    SHIPPING,
    OrderWindow,
    WindowTally,
    open_hours,
)
from streams.clickhouse.literals import literal, literals
from streams.clickhouse.reader import Row

_NAMES: Mapping[str, str] = {
    PAYING.name: "placed",
    SHIPPING.name: "paid",
    DELIVERING.name: "shipped",
    REFUNDING.name: "refund",
    DISPUTING.name: "dispute",
    PROMISED: "promise",
}
#: begin and end of each window as columns of the view ``orders``
_COLUMNS: Mapping[str, tuple[str, str]] = {
    PAYING.name: ("placed_at", "paid_at"),
    SHIPPING.name: ("paid_at", "shipped_at"),
    DELIVERING.name: ("shipped_at", "delivered_at"),
    REFUNDING.name: ("paid_at", "refunded > 0"),
    DISPUTING.name: ("paid_at", "paid_at"),
    PROMISED: ("paid_at", "shipped_at"),
}


class _KnownUntil:
    """Rows that hold whatever happened up to a moment."""

    _until: int

    def until(self, known_until_ms: int) -> Self:
        """The same where whatever happened up to a moment is in the rows."""
        other = copy(self)
        other._until = known_until_ms
        return other

    @property
    def known_until_ms(self) -> int:
        """See ``CountedOrders`` and ``CountedEvents``."""
        return self._until


class StoredOrders(_KnownUntil):
    """The orders of one store as counted by ClickHouse: ``CountedOrders``."""

    def __init__(
        self,
        store: str,
        spans: Sequence[EvaluationSpan],
        rows: Sequence[Row],
        hours: Row | None,
        zone: str,
    ) -> None:
        """
        Args:
            store: its id.
            spans: the newest first.
            rows: of the query ``ORDERS``.
            hours: of the query ``SHIPPING``; None without one that was shipped.
            zone: of the warehouse's clock.
        """
        self._store, self._until = store, spans[0].end_ms
        self._places = places_of(spans)
        self._rows = {(row["window_name"], int(row["span"])): row for row in rows}
        self._shipped = _ShippedHours(zone, hours) if hours is not None else None
        self._times: dict[str, tuple[int, int]] = {}
        for row in rows:
            timed, untimed = self._times.get(row["window_name"], (0, 0))
            self._times[row["window_name"]] = timed + int(row["timed"]), untimed + int(row["untimed"])

    def times(self, window: OrderWindow) -> tuple[int, int]:
        """See ``CountedOrders``."""
        return self._times.get(_NAMES[window.name], (0, 0))

    def tally(self, window: OrderWindow, span: EvaluationSpan, days: int) -> WindowTally:
        """See ``CountedOrders``."""
        row = self._rows.get((_NAMES[window.name] + _suffix(window), self._places[span]))
        if row is None:
            return WindowTally(0, 0, 0.0, 0.0)
        at = window.days.index(days)
        reached = int(row["reached"][at])
        if window.name == SHIPPING.name and self._shipped is not None:
            logs, squares = self._shipped.sums(
                window.lag_days > 0, self._places[span], SHIPPING.days.index(days)
            )
            return WindowTally(int(row["begun"]), reached, logs, squares)
        return WindowTally(int(row["begun"]), reached, float(row["logs"][at]), float(row["squares"][at]))

    def rows(self, window: OrderWindow, span: EvaluationSpan, days: int, count: int) -> SourceRows:
        """See ``CountedOrders``."""
        begin, _ = _COLUMNS[window.name]
        first, end = window.begin_ms(span)
        condition = (
            f"store_id = {literal(self._store)} AND left_out = ''"
            f" AND {begin} >= {moment(first)} AND {begin} < {moment(end)}"
        )
        if window.name == PROMISED:
            condition += " AND NOT (state = 'cancelled' AND shipped_at IS NULL)"
        due = ", due in the period" if window.lag_days else ""
        return SourceRows("orders", condition, count, f"orders: {window.name}, {days} d{due}")


class _ShippedHours:
    """How long shipping took a store in its business hours: from hour to hour of the wall clock, by period."""

    def __init__(self, zone: str, row: Row) -> None:
        """
        Args:
            zone: of the warehouse's clock.
            row: of the query ``SHIPPING``.
        """
        paid, shipped, counts = (
            np.asarray(row[name], dtype=np.int64) for name in ("paid_hours", "shipped_hours", "counts")
        )
        self._reached = np.asarray(row["reached"], dtype=np.int64).reshape(len(paid), -1)
        self._places = {
            is_due: np.asarray(row[name], dtype=np.int64)
            for is_due, name in ((False, "spans"), (True, "due_spans"))
        }
        opened = open_hours(zone, paid, shipped, counts)
        taken = opened.each(paid, shipped) if opened is not None else np.ones(len(paid))
        lengths, of_row = np.unique(taken, return_inverse=True)
        self._logs = np.array([log(one) for one in lengths.tolist()])[of_row]
        self._sums: dict[tuple[bool, int, int], tuple[float, float]] = {}

    def sums(self, is_due: bool, place: int, at: int) -> tuple[float, float]:
        """Sums of the logs of business hours, and of their squares, of a period's orders; each worked out once."""
        key = is_due, place, at
        if key not in self._sums:
            which = self._places[is_due] == place
            counts, logs = self._reached[which, at], self._logs[which]
            self._sums[key] = fsum((counts * logs).tolist()), fsum((counts * logs * logs).tolist())
        return self._sums[key]


def moment(at_ms: int) -> str:
    """A ClickHouse expression of a moment."""
    return f"toDateTime({at_ms // 1000}, 'UTC')"


class StoredEvents(_KnownUntil):
    """The events of one store, by what their days add up to: ``CountedEvents``."""

    def __init__(
        self, store: str, spans: Sequence[EvaluationSpan], facts: Sequence[Row], prices: Sequence[Row]
    ) -> None:
        """
        Args:
            store: its id.
            spans: the newest first.
            facts: of the query ``FACTS``.
            prices: of the query ``PRICES``.
        """
        self._store, self._until = store, spans[0].end_ms
        self._places = places_of(spans)
        self._facts: dict[tuple[str, bool, int], FactSum] = {}
        for row in facts:
            for is_late, column in ((False, "span"), (True, "due_span")):
                key = row["fact"], is_late, int(row[column])
                self._facts[key] = self._facts.get(key, FactSum()).plus(_sum_of(row))
        self._prices = {int(row["span"]): _sum_of(row) for row in prices}

    def fact(self, fact: EventFact, span: EvaluationSpan, lag_days: int = 0) -> FactSum:
        """See ``CountedEvents``; the only lag is that of ``UNANSWERED_DAYS``."""
        return self._facts.get((fact.value, lag_days > 0, self._places[span]), FactSum())

    def prices(self, span: EvaluationSpan) -> FactSum:
        """See ``CountedEvents``."""
        return self._prices.get(self._places[span], FactSum())

    def rows(self, types: Sequence[str], span: EvaluationSpan, count: int) -> SourceRows:
        """See ``CountedEvents``."""
        condition = (
            f"store_id = {literal(self._store)} AND type IN ({literals(types)})"
            f" AND event_time >= {moment(span.start_ms)} AND event_time < {moment(span.end_ms)}"
        )
        return SourceRows("events", condition, count, BY_EVENTS)


def _suffix(window: OrderWindow) -> str:
    """How the query names the rows of a window."""
    return " due" if window.lag_days else ""


def places_of(spans: Sequence[EvaluationSpan]) -> dict[EvaluationSpan, int]:
    """The number of each period in the queries: 1 is the oldest. ``spans`` begin with the newest."""
    return {span: len(spans) - at for at, span in enumerate(spans)}


def _sum_of(row: Row) -> FactSum:
    return FactSum(int(row["hits"]), int(row["cases"]), float(row["total"]), float(row["squares"]))
