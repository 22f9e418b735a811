"""What an export holds through the collector's own path: orders, events and report rows. The same again, from any file, adds nothing.

An order, its payment and its fulfilment are one event each, however many lines and parcels it has; they follow from its facts, which
are kept too. What the file gives no time for makes no event and is counted as such.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import islice
from typing import Any

from scoring.events.delivery import StoreDefaults
from scoring.events.event import EventType, Source
from scoring.records.order_life import LeftOut, merge, stage_events
from scoring.records.report_row import identity_of
from streams.clock import now_ms
from streams.collector.intake import EventIntake
from streams.sources.arrival import Arrival
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.dry_run import ExportSummary
from streams.sources.files.exports.event_rows import EventTable
from streams.sources.files.exports.order_life import OrderBook
from streams.sources.files.exports.report_rows import ReportTable
from streams.sources.files.exports.versions import ImportMarks, OrderVersions, report_row
from streams.sources.publishing import PublishedRecords, RecordPublisher

_CHUNK = 2000
#: types whose amount is taken
WITH_MONEY = (EventType.ORDER, EventType.REFUND, EventType.PRICE)
#: (type, order id) pairs of a list that are stored already; ids as they are kept
Known = Callable[[str, Sequence[str]], set[tuple[str, str]]]


@dataclass(slots=True)
class ImportReport:
    """What came of an import.

    Attributes:
        accepted, by_type: events.
        repeats: events and figures that were there before, or that the file holds twice.
        orders, report_rows: facts of orders and figures that were taken.
        left_out: orders, or stages of orders, that make no event, by reason.
        without_time: facts that the file gives no time for, by event type.
        without_day: figures whose day the file does not name.
    """

    accepted: int = 0
    repeats: int = 0
    orders: int = 0
    report_rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    first_details: list[str] = field(default_factory=list)
    by_type: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    without_time: Counter[str] = field(default_factory=Counter)
    without_day: int = 0


async def send(
    summary: ExportSummary,
    intake: EventIntake,
    defaults: StoreDefaults,
    known: Known,
    progress: Callable[[int], None] = lambda sent: None,
    exported_at_ms: int = 0,
) -> ImportReport:
    """Send everything that the dry run has shown.

    Args:
        summary: of one table, with its store, zone and import id.
        intake: its publisher takes the records too.
        defaults: what is known of the store.
        known: which facts of orders are stored already.
        progress: is sending how many events, or report rows, have been sent.
        exported_at_ms: when the file was made, if anybody knows; a day that was not over then is not complete.

    Raises:
        KafkaUnreachableError: what was sent is there; the same import can be run again.
    """
    at = now_ms()
    marks = ImportMarks(
        store_id=summary.store,
        platform=summary.table.layout.platform if summary.table else "",
        zone="" if summary.zone.startswith("UTC") else summary.zone,
        import_id=summary.import_id,
        told_at_ms=at,
        exported_at_ms=min(exported_at_ms or at, at),
    )
    sending = _Sending(intake, defaults, known, progress, marks)
    content = summary.content
    if isinstance(content, OrderBook):
        await sending.orders(content)
    elif isinstance(content, EventTable):
        currency = summary.values.currency if summary.values else ""
        await sending.events(_of_table(content, marks, currency))
    elif isinstance(content, ReportTable):
        await sending.figures(content, summary.values.currency if summary.values else "")
    return sending.report


class _Sending:
    """One table on its way, chunk by chunk."""

    def __init__(
        self,
        intake: EventIntake,
        defaults: StoreDefaults,
        known: Known,
        progress: Callable[[int], None],
        marks: ImportMarks,
    ) -> None:
        self._intake, self._known, self._progress, self._marks = intake, known, progress, marks
        self._stores = {marks.store_id: defaults}
        self._records = RecordPublisher.of(intake)
        self.report = ImportReport()

    async def orders(self, book: OrderBook) -> None:
        """The facts of orders, and the events that follow from them."""
        versions = iter(OrderVersions(book, self._marks))
        while chunk := list(islice(versions, _CHUNK)):
            done = await self._records.publish(orders=[facts for _, facts, _ in chunk])
            self._note(done)
            self.report.orders += done.orders
            bad = {id(one.record) for one in done.rejected}
            events: list[tuple[int, dict[str, Any]]] = []
            for line, facts, arrival in chunk:
                if id(facts) in bad or (life := merge([facts])) is None:
                    continue
                sending = stage_events(life)
                events += [(line, _arrived(event.incoming(), arrival)) for event in sending.events]
                for kind, reason in sending.left_out:
                    if reason is LeftOut.NO_TIME:
                        self.report.without_time[kind.value] += 1
                    else:
                        self.report.left_out[reason.value] += 1
            await self._chunk(events)

    async def events(self, events: Iterator[tuple[int, dict[str, Any]]]) -> None:
        """Events as they are in the file."""
        while chunk := list(islice(events, _CHUNK)):
            await self._chunk(chunk)

    async def figures(self, table: ReportTable, currency: str) -> None:
        """The figures of a report; one that it holds twice is taken once."""
        seen = set()
        rows = []
        for figure in table.rows:
            row = report_row(figure, self._marks, currency)
            if row is None:
                self.report.without_day += 1
            elif (identity := identity_of(row)) in seen:
                self.report.repeats += 1
            else:
                seen.add(identity)
                rows.append(row)
        for start in range(0, len(rows), _CHUNK):
            done = await self._records.publish(reports=rows[start : start + _CHUNK])
            self._note(done)
            self.report.report_rows += done.reports
            self._progress(self.report.report_rows)

    async def _chunk(self, chunk: Sequence[tuple[int, dict[str, Any]]]) -> None:
        report, store = self.report, self._marks.store_id
        sending = [event for _, event in chunk]
        if not sending:
            return
        kept = {
            raw: self._intake.kept_order_id(store, raw)
            for raw in (event.get("order_id", "") for event in sending)
        }
        present = self._known(store, sorted(filter(None, kept.values())))
        result = await self._intake.accept(
            sending,
            source=Source.REPLAY,
            stores=self._stores,
            received_at_ms=now_ms(),
            places=[f"line {line}" for line, _ in chunk],
        )
        rejected = {one.index for one in result.rejected}
        report.accepted += result.accepted
        report.repeats += result.duplicates
        for index, event in enumerate(sending):
            if index not in rejected:
                report.by_type[event["type"]] += 1
                report.repeats += (event["type"], kept[event.get("order_id", "")]) in present
        for one in result.rejected:
            report.rejected[one.rejection.reason.value] += 1
            self._remember(one.rejection.detail)
        self._progress(report.accepted)

    def _note(self, done: PublishedRecords) -> None:
        for one in done.rejected:
            self.report.rejected["bad_value"] += 1
            self._remember(one.detail)

    def _remember(self, detail: str) -> None:
        if len(self.report.first_details) < 3:
            self.report.first_details.append(detail)


def _arrived(event: dict[str, Any], arrival: Arrival) -> dict[str, Any]:
    """An event of an order; the order itself with how its buyer came."""
    if event["type"] == EventType.ORDER.value:
        event |= {name: text[:256] for name, text in arrival._asdict().items() if text}
    return event


def _of_table(table: EventTable, marks: ImportMarks, currency: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The events of a table as the HTTP API takes them, each with its line."""
    seen: Counter[tuple[object, ...]] = Counter()
    for one in table.events:
        if one.type is None:
            continue
        event: dict[str, Any] = {
            "store_id": marks.store_id,
            "type": one.type.value,
            "event_time_ms": _ms(one.at, marks.local),
        }
        if one.visitor:
            event["visitor"] = one.visitor[:256]
        if one.order_id:
            event["order_id"] = one.order_id
        event |= {
            name: text[:256]
            for name, text in (
                ("product", one.product),
                ("session", one.session),
                ("channel", one.channel[:64]),
                ("campaign", one.campaign),
            )
            if text
        }
        if one.attributes:
            event["attributes"] = dict(one.attributes)
        if one.amount is not None and one.type in WITH_MONEY:
            event |= {"amount": f"{one.amount:f}", "currency": currency}
        if one.type is not EventType.ORDER or not one.order_id:
            mark = (one.type, event["event_time_ms"], one.visitor, one.name)
            event["event_id"] = _id(marks.store_id, one.type, f"{mark}{seen[mark]}")
            seen[mark] += 1
        yield one.line, event


def _ms(at: Moment, zone: tzinfo) -> int:
    return round(at.at(zone).timestamp() * 1000)


def _id(store: str, kind: EventType, key: str) -> str:
    return "f-" + hashlib.blake2b(f"{store}\0{kind.value}\0{key}".encode(), digest_size=16).hexdigest()
