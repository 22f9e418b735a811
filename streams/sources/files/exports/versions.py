"""What an export says besides events, as records: the facts of its orders, and its figures as report rows."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from scoring.records.order_facts import ALL_REFUNDS, OrderFacts, OrderKind
from scoring.records.report_row import Period, ReportRow
from scoring.records.report_rules import is_complete
from streams.sources.arrival import Arrival
from streams.sources.files.exports.arrivals import arrival_of_order
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.open_orders import ExportOrder
from streams.sources.files.exports.order_life import OrderBook
from streams.sources.files.exports.report_rows import ExportFigure

_COUNTRY = re.compile(r"^[A-Z]{2}$")
#: what a layout calls the platform of an export that no platform wrote
_NO_PLATFORM = "other"


@dataclass(frozen=True, slots=True)
class ImportMarks:
    """What every record of one import carries.

    Attributes:
        platform: whose export it is.
        zone: of times without an offset; UTC where they all have one.
        told_at_ms: when it is imported.
        exported_at_ms: when it was exported, as far as anybody knows.
    """

    store_id: str
    platform: str
    zone: str
    import_id: str
    told_at_ms: int
    exported_at_ms: int

    @property
    def source(self) -> str:
        """Who reports."""
        return "files" if self.platform in ("", _NO_PLATFORM) else self.platform

    @property
    def local(self) -> tzinfo:
        """The zone."""
        return ZoneInfo(self.zone or "UTC")


class OrderVersions:
    """The facts of the orders of one table, each with its line and how its buyer came."""

    def __init__(self, book: OrderBook, marks: ImportMarks) -> None:
        self._book, self._marks, self._zone = book, marks, marks.local
        #: the file knows all of its orders as they were at the newest time in it, or later
        self._as_of_ms = min(max(map(self._ms, book.newest.values()), default=0), marks.told_at_ms)

    def __iter__(self) -> Iterator[tuple[int, OrderFacts, Arrival]]:
        for order in self._book.orders():
            yield order.line, self._facts(order), arrival_of_order(order)
        for left in self._book.left_out_orders.values():
            yield (
                left.line,
                self._version(
                    left.order_id,
                    placed_ms=self._ms(left.placed),
                    test=True if left.reason == "test" else None,
                    kind=OrderKind(left.reason) if left.reason != "test" else OrderKind.ORDINARY,
                ),
                Arrival(),
            )

    def _facts(self, order: ExportOrder) -> OrderFacts:
        """What a row says for certain; what it does not say is unknown, never false: an export is soon out of date."""
        book, times = self._book, order.times
        is_paid = book.knows_paid and book.is_paid(order)
        worth = order.amount if order.amount is not None and order.amount >= 0 else None
        return self._version(
            order.own_id or order.order_id,
            placed_ms=self._ms(times.get("placed")),
            paid_ms=self._ms(book.paid_at(order)) if is_paid else 0,
            shipped_ms=self._ms(book.shipped_at(order)),
            delivered_ms=self._ms(times.get("delivered") or times.get("completed"))
            if order.is_delivered
            else 0,
            cancelled_ms=self._ms(times.get("cancelled")) if order.is_cancelled else 0,
            is_paid=is_paid or None,
            is_shipped=order.is_shipped or None,
            is_delivered=order.is_delivered or None,
            is_cancelled=order.is_cancelled or None,
            amount="" if worth is None else f"{worth:f}",
            currency=order.currency if worth is not None else "",
            refunds={ALL_REFUNDS: f"{order.refund:f}"} if order.refund > 0 else {},
            units=int(order.units) if order.units >= 1 else 0,
            cod=True if order.is_cod else None,
            buyer=order.buyer[:256],
            country=order.country if _COUNTRY.match(order.country) else "",
            payment_method=order.method[:64],
            parcels=len(order.parcels),
        )

    def _version(self, order_id: str, **known: object) -> OrderFacts:
        marks = self._marks
        return OrderFacts(
            store_id=marks.store_id,
            order_id=order_id,
            source=marks.source,
            import_id=marks.import_id,
            as_of_ms=self._as_of_ms,
            told_at_ms=marks.told_at_ms,
            history=True,
            **known,  # type: ignore[arg-type]
        )

    def _ms(self, at: Moment | None) -> int:
        return 0 if at is None else round(at.at(self._zone).timestamp() * 1000)


def report_row(figure: ExportFigure, marks: ImportMarks, currency: str) -> ReportRow | None:
    """A figure as it is kept; None where the file names no day of it."""
    if figure.start is None or figure.end is None:
        return None
    begins, ends = (
        _midnight(figure.start, marks.local),
        _midnight(figure.end + timedelta(days=1), marks.local),
    )
    return ReportRow(
        store_id=marks.store_id,
        source=marks.source,
        measure=figure.measure,
        period=period_of(figure.start, figure.end),
        period_start_ms=begins,
        period_end_ms=ends,
        zone=marks.zone or "UTC",
        value=f"{figure.value:f}",
        dimensions={name: text[:512] for name, text in figure.dimensions if text},
        currency=(figure.currency or currency) if figure.unit == "money" else "",
        complete=is_complete(marks.source, ends, marks.exported_at_ms),
        told_at_ms=marks.told_at_ms,
        import_id=marks.import_id,
    )


def period_of(first: date, last: date) -> Period:
    """What the days from ``first`` to ``last`` are."""
    if first == last:
        return Period.DAY
    if last - first == timedelta(days=6) and first.weekday() in (0, 6):
        return Period.WEEK
    is_month = first.day == 1 and last == first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return Period.MONTH if is_month else Period.RANGE


def _midnight(day: date, zone: tzinfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp() * 1000)
