"""The events of a folder's files: visits, vitals, reviews, conversations and prices as facts, and refunds as facts of orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from scoring.evaluation.event_facts import FactEvent, PriceSeen, price_seen
from scoring.evaluation.event_figures import EventFigures
from scoring.events.event import EventType
from scoring.records.order_facts import OrderFacts
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.event_rows import EventTable, ExportedEvent
from streams.sources.files.exports.versions import ImportMarks


@dataclass(frozen=True, slots=True)
class NotedEvent:
    """An event with its order's amount."""

    event: FactEvent
    amount: Decimal | None
    currency: str


@dataclass(slots=True)
class FolderEvents:
    """The tables of a folder whose rows are events. A row that two files hold is one.

    ``noted`` are those of ``note_within`` of which it is known who did it, once ``figures`` was asked for.
    """

    tables: list[tuple[str, EventTable, ImportMarks]] = field(default_factory=list)
    days: set[str] = field(default_factory=set)
    prices: list[PriceSeen] = field(default_factory=list)
    noted: list[NotedEvent] = field(default_factory=list)
    note_within: tuple[int, int] = (0, 0)

    def take(self, name: str, table: EventTable, marks: ImportMarks, days: Sequence[str]) -> None:
        """Note a table, and on which days it has something."""
        self.tables.append((name, table, marks))
        self.days.update(days)

    def bounds_ms(self, zone: str) -> tuple[int, int] | None:
        """The beginnings of the first and of the last day; None without any: that day may be cut off."""
        if not self.days:
            return None
        first, last = (
            round(datetime.combine(date.fromisoformat(day), time(), ZoneInfo(zone)).timestamp() * 1000)
            for day in (min(self.days), max(self.days))
        )
        return first, last

    def figures(self, known_until_ms: int, zone: str) -> EventFigures | None:
        """The facts of all of them; None without a table. The files are read again."""
        if not self.tables:
            return None
        return EventFigures(self._facts(), self.prices, self.names, known_until_ms, zone)

    def names(self, types: Sequence[str]) -> str:
        """The files whose rows can be of these types, as rows say it."""
        return " + ".join(
            sorted(
                name for name, table, _ in self.tables if any(table.holds(EventType(one)) for one in types)
            )
        )

    def refunds(self) -> Iterator[OrderFacts]:
        """The refunds of orders, each with its time."""
        for _, table, marks in self.tables:
            if table.holds(EventType.REFUND):
                yield from _refunds(table, marks)

    def _facts(self) -> Iterator[FactEvent]:
        known: set[int] = set()
        for _, table, marks in self.tables:
            seen: Counter[int] = Counter()
            for event in table.events:
                at_ms = _ms(event.at, marks)
                mark = hash(
                    (
                        event.name,
                        at_ms,
                        event.visitor,
                        event.product,
                        event.order_id,
                        tuple(event.attributes.items()),
                    )
                )
                seen[mark] += 1
                again = hash((mark, seen[mark]))
                if event.type is None or (len(self.tables) > 1 and again in known):
                    continue
                if len(self.tables) > 1:
                    known.add(again)
                if event.type is EventType.PRICE:
                    self._note_price(event, at_ms)
                made = FactEvent(
                    event.type,
                    at_ms,
                    event.visitor,
                    event.session,
                    event.product,
                    channel=event.channel,
                    attributes=event.attributes,
                    campaign=event.campaign,
                    order_id=event.order_id,
                )
                if self.note_within[0] <= at_ms < self.note_within[1] and made.visit:
                    self.noted.append(NotedEvent(made, event.amount, table.currency))
                yield made

    def _note_price(self, event: ExportedEvent, at_ms: int) -> None:
        amount = f"{event.amount:f}" if event.amount is not None else ""
        if (seen := price_seen(event.product, at_ms, amount, event.attributes)) is not None:
            self.prices.append(seen)


def _refunds(table: EventTable, marks: ImportMarks) -> Iterator[OrderFacts]:
    for event in table.events:
        if event.type is not EventType.REFUND or not event.order_id or event.amount is None:
            continue
        at_ms = _ms(event.at, marks)
        name = f"{event.order_id}/{at_ms}"
        yield OrderFacts(
            store_id=marks.store_id,
            order_id=event.order_id,
            source=marks.source,
            import_id=marks.import_id,
            told_at_ms=marks.told_at_ms,
            refunds={name: f"{abs(event.amount):f}"},
            refund_times={name: at_ms},
            history=True,
        )


def _ms(at: Moment, marks: ImportMarks) -> int:
    return round(at.at(marks.local).timestamp() * 1000)
