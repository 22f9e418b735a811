"""What is behind a worker in tests: raw deliveries translated at once into orders by day, and a durable book of what an owner keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from scoring.alerts.alert import AlertTransition
from scoring.errors import ScoringError
from scoring.records.order_facts import OrderFacts
from scoring.records.order_life import OrderLife, merge
from scoring.records.raw_delivery import RawDelivery
from scoring.records.report_row import ReportRow
from scoring.records.signal import Signal
from scoring.sources.counted_orders import CountedOrder, figures_of
from scoring.sources.plausibility import ReportedDays, ReportedOrder
from scoring.sources.second_way import DayFigures
from streams.sources.connection import Connection
from streams.sources.health_keeping import DeliveryNotes
from streams.sources.source import SourceSpec
from streams.sources.source_log import SourceBook

Step = Callable[[str], None]


class MemoryStore:
    """Takes deliveries (``DeliverySink``), and is what is stored (``StoredDays``).

    Args:
        connection, spec: whose deliveries.
        step: is called before and after each effect; a test may die there.
    """

    def __init__(self, connection: Connection, spec: SourceSpec, step: Step = lambda name: None) -> None:
        self._connection, self._spec, self.step = connection, spec, step
        self.notes = DeliveryNotes()
        self.raw: dict[str, RawDelivery] = {}
        self.deliveries = 0
        self.versions: dict[str, list[OrderFacts]] = {}
        #: by order, of how many versions its life was made last, and the life
        self._lives: dict[str, tuple[int, OrderLife | None]] = {}
        self.reports: list[ReportRow] = []
        self.signals: list[Signal] = []
        self.files: list[ReportedOrder] = []
        self.pixel: list[ReportedOrder] = []
        self.report: ReportedDays | None = None

    async def deliver(self, deliveries: Sequence[RawDelivery]) -> None:
        """Keep and translate."""
        self.step("before deliver")
        for one in deliveries:
            self.deliveries += 1
            self.raw[one.delivery_id] = one
            self.translate(one)
        self.step("after deliver")

    def translate(self, delivery: RawDelivery) -> None:
        """As the role does."""
        assert self._spec.translate is not None
        terms = self._connection.terms(self._spec.terms(self._connection.config))
        try:
            found = self._spec.translate(delivery, terms)
        except ScoringError as error:
            self.notes.quarantined(delivery, str(error))
            return
        self.notes.translated(delivery, found)
        self.reports += found.reports
        self.signals += found.signals
        for order in found.orders:
            versions = self.versions.setdefault(order.order_id, [])
            if order not in versions:
                versions.append(order)

    def lives(self) -> dict[str, OrderLife]:
        """The orders by all versions of them."""
        for number, versions in self.versions.items():
            if self._lives.get(number, (0, None))[0] != len(versions):
                self._lives[number] = len(versions), merge(versions)
        return {number: life for number, (_, life) in self._lives.items() if life is not None}

    async def figures(self, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
        """The figures of each day."""
        orders = [
            CountedOrder(
                one.placed_ms,
                one.paid_ms,
                one.amount,
                one.currency,
                one.shipped_ms,
                one.cancelled_ms,
                one.units,
                bool(one.buyer),
                one.cod,
                one.payment_method,
                one.country,
            )
            for one in self.lives().values()
        ]
        return figures_of(orders, days, ZoneInfo(connection.zones[connection.stores[0]]))

    async def between(
        self, connection: Connection, from_ms: int, to_ms: int, most: int
    ) -> list[ReportedOrder]:
        """What was reported of each order in a span (``OrderStatements``)."""
        found = []
        for number, versions in self.versions.items():
            inside = [one for one in versions if from_ms <= one.told_at_ms < to_ms]
            if inside:
                found.append(order_of_versions(number, inside))
        return sorted(found, key=lambda one: (-one.reported_ms, one.order_id))[:most]

    async def from_files(self, connection: Connection, most: int) -> list[ReportedOrder]:
        """What was imported."""
        return list(self.files)

    async def from_pixel(self, connection: Connection, from_ms: int, most: int) -> list[ReportedOrder]:
        """What pages saw."""
        return list(self.pixel)

    async def reported(self, connection: Connection, now_ms: int) -> ReportedDays | None:
        """What reports say."""
        return self.report


def order_of_versions(number: str, versions: Sequence[OrderFacts]) -> ReportedOrder:
    """An order by some of its versions, each field by the newest that has it."""
    newest = sorted(versions, key=lambda one: (one.told_at_ms, one.as_of_ms))

    def last(name: str) -> Any:
        return next(
            (value for one in reversed(newest) if (value := getattr(one, name)) not in ("", 0, None)), ""
        )

    cod = [one.cod for one in newest if one.cod is not None]
    return ReportedOrder(
        number,
        newest[-1].told_at_ms,
        last("placed_ms") or 0,
        float(last("amount") or 0),
        last("currency"),
        any(one.is_paid or one.paid_ms for one in newest),
        cod[-1] if cod else None,
        last("payment_method"),
        last("country"),
        any(one.buyer for one in newest),
        last("units") or 0,
    )


class DurableBook:
    """The topic of sources: what was written is there, whoever dies."""

    def __init__(self, step: Step = lambda name: None) -> None:
        self.book, self.step = SourceBook(), step
        self.history: list[tuple[str, bytes | None]] = []
        self.alerts: list[AlertTransition] = []

    async def write(self, records: Mapping[str, Any], alerts: Sequence[AlertTransition] = ()) -> None:
        """All or none."""
        self.step("before write")
        self.alerts += alerts
        for key, record in records.items():
            value = None if record is None else msgspec.json.encode(record)
            self.history.append((key, value))
            self.book.take(key, value)
        self.step("after write")
