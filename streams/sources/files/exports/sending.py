"""Orders and events of an export through the collector's own path. The same order again, from any file, is the same event.

An order, its payment and its fulfilment are one event each, however many lines and parcels it has. What the file gives no time
for makes no event and is counted as such.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from scoring.events.delivery import StoreDefaults
from scoring.events.event import EventType, Source
from streams.clock import now_ms
from streams.collector.intake import EventIntake
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.dry_run import ExportSummary
from streams.sources.files.exports.event_rows import EventTable
from streams.sources.files.exports.order_life import ExportOrder, OrderBook

_CHUNK = 2000
_COUNTRY = re.compile(r"^[A-Z]{2}$")
#: (type, order id) pairs of a list that are stored already
Known = Callable[[str, Sequence[str]], set[tuple[str, str]]]


@dataclass(slots=True)
class ImportReport:
    """What came of an import. ``repeats`` were there before; ``without_time`` are facts that the file gives no time for."""

    accepted: int = 0
    repeats: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    first_refusals: list[str] = field(default_factory=list)
    by_type: Counter[str] = field(default_factory=Counter)
    without_time: Counter[str] = field(default_factory=Counter)


def import_id_of(content: bytes, layout: str, store: str) -> str:
    """The id of an import: the same file into the same store is the same import."""
    return "imp-" + hashlib.blake2b(content + f"\0{layout}\0{store}".encode(), digest_size=8).hexdigest()


def events_of(
    summary: ExportSummary, store: str, zone: str, report: ImportReport
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The events of a table as the HTTP API takes them, each with its line."""
    local = ZoneInfo(zone) if zone else ZoneInfo("UTC")
    content = summary.content
    if isinstance(content, OrderBook):
        for order in content.orders.values():
            for event in _life_of(content, order, store, local, report):
                yield order.line, event
    elif isinstance(content, EventTable):
        yield from _of_table(summary, content, store, local)


def _life_of(
    book: OrderBook, order: ExportOrder, store: str, zone: tzinfo, report: ImportReport
) -> Iterator[dict[str, Any]]:
    """The events of one order, each once."""
    shared: dict[str, Any] = {"store_id": store, "order_id": order.order_id}
    if _COUNTRY.match(order.country):
        shared["country"] = order.country
    if order.buyer:
        shared["buyer"] = order.buyer[:256]
    if order.method:
        shared["payment_method"] = order.method[:64]
    worth: dict[str, Any] = {}
    if order.amount is not None and order.amount >= 0:
        worth = {"amount": f"{order.amount:f}"} | ({"currency": order.currency} if order.currency else {})
    units = {"quantity": int(order.units)} if order.units >= 1 else {}
    times: dict[EventType, tuple[bool, Moment | None, dict[str, Any]]] = {
        EventType.ORDER: (True, order.times.get("placed"), {**worth, **units}),
        EventType.PAYMENT: (book.is_paid(order) and book.knows_paid, book.paid_at(order), worth),
        EventType.FULFILMENT: (order.is_shipped, book.shipped_at(order), {}),
        EventType.DELIVERED: (
            order.is_delivered,
            order.times.get("delivered") or order.times.get("completed"),
            {},
        ),
        EventType.CANCEL: (order.is_cancelled, order.times.get("cancelled"), {}),
    }
    for kind, (happened, at, more) in times.items():
        if not happened:
            continue
        if at is None:
            report.without_time[kind.value] += 1
            continue
        event = {**shared, **more, "type": kind.value, "event_time_ms": _ms(at, zone)}
        if kind not in (
            EventType.ORDER,
            EventType.PAYMENT,
        ):  # those two have a natural id of their own at the door
            event["event_id"] = _id(store, kind, order.order_id)
        if order.is_cod and kind is EventType.ORDER:
            event["attributes"] = {"payment": "on_delivery"}
        elif kind is EventType.FULFILMENT and len(order.parcels) > 1:
            event["attributes"] = {"parcels": str(len(order.parcels))}
        yield event


def _of_table(
    summary: ExportSummary, table: EventTable, store: str, zone: tzinfo
) -> Iterator[tuple[int, dict[str, Any]]]:
    currency = summary.values.currency if summary.values else ""
    seen: Counter[tuple[object, ...]] = Counter()
    for one in table.events:
        if one.type is None:
            continue
        event: dict[str, Any] = {
            "store_id": store,
            "type": one.type.value,
            "event_time_ms": _ms(one.at, zone),
        }
        if one.visitor:
            event["visitor"] = one.visitor[:256]
        if one.order_id:
            event["order_id"] = one.order_id
        if one.amount is not None and one.type is EventType.ORDER:
            event |= {"amount": f"{one.amount:f}", "currency": currency}
        if one.type is not EventType.ORDER or not one.order_id:
            mark = (one.type, event["event_time_ms"], one.visitor, one.name)
            event["event_id"] = _id(store, one.type, f"{mark}{seen[mark]}")
            seen[mark] += 1
        yield one.line, event


async def send(
    summary: ExportSummary,
    intake: EventIntake,
    defaults: StoreDefaults,
    known: Known,
    progress: Callable[[int], None] = lambda sent: None,
) -> ImportReport:
    """Send everything that the dry run has shown.

    Raises:
        KafkaUnreachableError: what was sent is there; the same import can be run again.
    """
    report = ImportReport()
    store = summary.store
    events = events_of(summary, store, "" if summary.zone.startswith("UTC") else summary.zone, report)
    while chunk := list(islice(events, _CHUNK)):
        told = [event for _, event in chunk]
        present = known(store, sorted({event["order_id"] for event in told if event.get("order_id")}))
        result = await intake.accept(
            told,
            source=Source.REPLAY,
            stores={store: defaults},
            received_at_ms=now_ms(),
            places=[f"line {line}" for line, _ in chunk],
        )
        refused = {one.index for one in result.rejected}
        report.accepted += result.accepted
        report.repeats += result.duplicates
        for index, event in enumerate(told):
            if index not in refused:
                report.by_type[event["type"]] += 1
                report.repeats += (event["type"], event.get("order_id", "")) in present
        for one in result.rejected:
            report.rejected[one.rejection.reason.value] += 1
            if len(report.first_refusals) < 3:
                report.first_refusals.append(one.rejection.detail)
        progress(report.accepted)
    return report


def _ms(at: Moment, zone: tzinfo) -> int:
    return round(at.at(zone).timestamp() * 1000)


def _id(store: str, kind: EventType, key: str) -> str:
    return "f-" + hashlib.blake2b(f"{store}\0{kind.value}\0{key}".encode(), digest_size=16).hexdigest()
