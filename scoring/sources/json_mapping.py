"""A mapping by configuration: from the rows of a JSON document to orders, events, report rows and signals.

Used by the generic sources (``streams/sources/webhook``, ``streams/sources/json_api``); whatever a platform's own mapping does in
code is a table here. Unknown fields are left alone; a new value of a status is named as a gap; a row that cannot be counted is set
aside with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from scoring.funnel.units import HOUR_MS
from scoring.records.measures import Unit, UnknownMeasureError, measure_of
from scoring.records.order_facts import ORDER_ANSWERS, OrderFacts, check_order_facts
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.records.report_row import BadRecordError, Period, ReportRow, check_report_row
from scoring.records.signal import Signal, SignalKind, check_signal
from scoring.sources.json_paths import MISSING, JsonPath
from scoring.sources.json_values import (
    UnreadableValueError,
    answer_of,
    day_of,
    is_given,
    json_text,
    moment_of,
    money_of,
    shown,
    text_of,
    whole_of,
)
from scoring.sources.translated import ConnectionTerms, MappingGap, SetAside, Translated, TranslationError

#: rows set aside in one delivery that are explained one by one
_MAX_EXPLAINED = 100
LONGEST_PAYLOAD = 2000


class RecordKind(StrEnum):
    """What a row becomes."""

    ORDER = "order"
    EVENT = "event"
    REPORT = "report"
    SIGNAL = "signal"


class StatusMeaning(StrEnum):
    """What a value of an order's status says. Whoever is shipped was paid or pays on delivery, so only what is said follows."""

    PLACED = "placed"
    ON_HOLD = "on_hold"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    IGNORED = "ignored"


#: fields of an order that a mapping may fill, by how each is read
ORDER_MOMENTS: Mapping[str, str] = {
    "updated": "as_of_ms",
    "placed": "placed_ms",
    "authorised": "authorised_ms",
    "paid": "paid_ms",
    "shipped": "shipped_ms",
    "delivered": "delivered_ms",
    "cancelled": "cancelled_ms",
}
ORDER_TEXTS: tuple[str, ...] = ("order_id", "currency", "buyer", "country", "payment_method")
ORDER_NUMBERS: tuple[str, ...] = ("units", "parcels")
ORDER_FIELDS = frozenset(
    {*ORDER_MOMENTS, *ORDER_ANSWERS, *ORDER_TEXTS, *ORDER_NUMBERS, "amount", "refunded", "store", "status"}
)
REPORT_FIELDS = frozenset({"day", "hour", "currency", "complete", "store"})
SIGNAL_FIELDS = frozenset({"kind", "object", "since", "until", "store"})


@dataclass(frozen=True, slots=True)
class RecordMapping:
    """How rows of one kind are read.

    Attributes:
        kind: what a row becomes.
        rows: where the rows are; a list there is many rows, an object is one.
        topics: the platform's topics that hold such rows; all for none.
        fields: field of the record → where it is in a row.
        constants: field → value, where the row does not say it.
        values: field → the source's value → ours.
        statuses: the source's value of ``status`` → what it says of an order.
        measures: of a report: measure → where its figure is.
        dimensions, details: of a report, of a signal: name → where it is.
        zone: of times without an offset; the store's own if empty.
        time_form: of times that are not ISO, as ``strptime`` takes it.
        decimals: digits of an amount that are its fraction, where the source writes the smallest unit.
    """

    kind: RecordKind
    rows: JsonPath | None = None
    topics: frozenset[str] = frozenset()
    fields: Mapping[str, JsonPath] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    statuses: Mapping[str, StatusMeaning] = field(default_factory=dict)
    measures: Mapping[str, JsonPath] = field(default_factory=dict)
    dimensions: Mapping[str, JsonPath] = field(default_factory=dict)
    details: Mapping[str, JsonPath] = field(default_factory=dict)
    zone: str = ""
    time_form: str = ""
    decimals: int = 0


def translate_rows(
    document: Any, mappings: tuple[RecordMapping, ...], delivery: RawDelivery, terms: ConnectionTerms
) -> Translated:
    """All that a document says.

    Args:
        document: as ``read_json`` gives it.
        mappings: those of the connection; each that is for the delivery's topic is applied.
        delivery: the document's.
        terms: of the connection.

    Raises:
        TranslationError: no mapping finds any row in it.
    """
    done = Translated()
    fitting = [one for one in mappings if not one.topics or delivery.topic in one.topics]
    if not fitting:
        done.gaps.append(MappingGap("topic", delivery.topic or "-"))
        return done
    found = 0
    for mapping in fitting:
        for place, row in _rows(document, mapping):
            found += 1
            try:
                _translate_row(_Row(row, mapping, delivery, terms), done)
            except (UnreadableValueError, BadRecordError, UnknownMeasureError) as error:
                if len(done.set_aside) < _MAX_EXPLAINED:
                    done.set_aside.append(SetAside(str(error), place, _payload(row)))
                else:
                    done.set_aside.append(SetAside("like others of this delivery", place))
    if not found and not _is_empty(document, fitting):
        paths = ", ".join(one.rows.text if one.rows else "$" for one in fitting)
        raise TranslationError(f"no rows at {paths}; the document is {shown(document)}")
    return done


def _rows(document: Any, mapping: RecordMapping) -> Iterator[tuple[str, Any]]:
    place = mapping.rows.text if mapping.rows else "$"
    found = mapping.rows.of(document) if mapping.rows else document
    if isinstance(found, list):
        yield from ((f"{place}[{number}]", row) for number, row in enumerate(found))
    elif isinstance(found, dict):
        yield place, found


def _is_empty(document: Any, mappings: list[RecordMapping]) -> bool:
    """Whether there is a list without rows where rows should be: nothing to report, and no fault."""
    return any(isinstance(document if one.rows is None else one.rows.of(document), list) for one in mappings)


def _payload(row: Any) -> str:
    return json_text(row)[:LONGEST_PAYLOAD]


@dataclass(frozen=True, slots=True)
class _Row:
    """One row with what is needed to read it."""

    row: Any
    mapping: RecordMapping
    delivery: RawDelivery
    terms: ConnectionTerms

    def value(self, name: str) -> Any:
        path = self.mapping.fields.get(name)
        found = path.of(self.row) if path is not None else MISSING
        if not is_given(found):
            found = self.mapping.constants.get(name, found)
        ours = self.mapping.values.get(name)
        return ours.get(str(found), found) if ours and is_given(found) else found

    def text(self, name: str) -> str:
        return text_of(self.value(name), name)

    def moment(self, name: str) -> int:
        return moment_of(self.value(name), name, self.zone, self.mapping.time_form)

    def money(self, name: str) -> str:
        return money_of(self.value(name), name, self.mapping.decimals)

    @property
    def store(self) -> str:
        named = self.text("store")
        if not named:
            return self.terms.stores[0]
        if named not in self.terms.stores:
            raise UnreadableValueError(f"`store`: {named!r} is none of this connection's stores")
        return named

    @property
    def zone(self) -> str:
        return self.mapping.zone or self.terms.zones.get(self.store, "UTC")

    @property
    def currency(self) -> str:
        return (self.text("currency") or self.terms.currencies.get(self.store, "")).upper()


def _translate_row(row: _Row, done: Translated) -> None:
    if not isinstance(row.row, dict):
        raise UnreadableValueError(f"a row must be an object, got {shown(row.row)}")
    match row.mapping.kind:
        case RecordKind.ORDER:
            done.orders.append(_order(row, done))
        case RecordKind.EVENT:
            done.events.append(_event(row))
        case RecordKind.REPORT:
            done.reports.extend(_reports(row))
        case RecordKind.SIGNAL:
            done.signals.append(_signal(row))


def _order(row: _Row, done: Translated) -> OrderFacts:
    facts: dict[str, Any] = {ours: row.moment(name) for name, ours in ORDER_MOMENTS.items()}
    facts |= {name: answer_of(row.value(name), name) for name in ORDER_ANSWERS}
    facts |= {name: row.text(name) for name in ORDER_TEXTS if name != "currency"}
    facts |= {name: whole_of(row.value(name), name) for name in ORDER_NUMBERS}
    facts |= {key: value for key, value in _by_status(row, done).items() if facts.get(key) is None}
    amount, refunded = row.money("amount"), row.money("refunded")
    if not facts["order_id"]:
        raise UnreadableValueError(
            "`order_id`: nothing is there; an order without its number cannot be counted once"
        )
    order = OrderFacts(
        store_id=row.store,
        source=row.terms.source,
        connection=row.terms.name,
        told_at_ms=row.delivery.received_at_ms,
        amount=amount,
        currency=row.currency if amount or refunded else "",
        refunds={"*": refunded} if refunded.strip("0.") else {},
        history=row.delivery.door is DeliveryDoor.BACKFILL,
        **facts,
    )
    check_order_facts(order)
    return order


_SAID: Mapping[StatusMeaning, Mapping[str, bool]] = {
    StatusMeaning.PLACED: {"is_paid": False, "is_cancelled": False},
    StatusMeaning.ON_HOLD: {"on_hold": True, "is_cancelled": False},
    StatusMeaning.PAID: {"is_paid": True, "on_hold": False, "is_cancelled": False},
    StatusMeaning.SHIPPED: {"is_shipped": True, "is_cancelled": False},
    StatusMeaning.DELIVERED: {"is_shipped": True, "is_delivered": True, "is_cancelled": False},
    StatusMeaning.CANCELLED: {"is_cancelled": True},
    StatusMeaning.IGNORED: {},
}


def _by_status(row: _Row, done: Translated) -> dict[str, bool]:
    """What the status says where no field of its own does."""
    status = row.text("status")
    if not status or not row.mapping.statuses:
        return {}
    meaning = row.mapping.statuses.get(status)
    if meaning is None:
        done.gaps.append(MappingGap("value", "status", status[:64]))
        return {}
    return dict(_SAID[meaning])


def _event(row: _Row) -> dict[str, Any]:
    """In the form of the HTTP interface; the intake judges the rest."""
    event: dict[str, Any] = {"store_id": row.store}
    for name in {*row.mapping.fields, *row.mapping.constants} - {"store"}:
        value = row.value(name)
        if not is_given(value):
            continue
        if name in ("event_time", "event_time_ms"):
            event["event_time_ms"] = row.moment(name)
        elif name == "amount":
            event[name] = row.money(name)
        elif name == "quantity":
            event[name] = whole_of(value, name)
        else:
            event[name] = text_of(value, name)
    if "event_time_ms" not in event:
        event["event_time_ms"] = row.delivery.received_at_ms
    return event


def _reports(row: _Row) -> list[ReportRow]:
    starts, ends, period = _period(row)
    complete = answer_of(row.value("complete"), "complete")
    made = []
    for measure, path in row.mapping.measures.items():
        figure = path.of(row.row)
        if not is_given(figure):
            continue  # not supplied is not zero
        dimensions = {
            name: text_of(value, name)
            for name, where in row.mapping.dimensions.items()
            if is_given(value := where.of(row.row))
        }
        report = ReportRow(
            store_id=row.store,
            source=row.terms.source,
            measure=measure,
            period=period,
            period_start_ms=starts,
            period_end_ms=ends,
            zone=row.zone,
            value=money_of(figure, measure, row.mapping.decimals if _is_money(measure) else 0),
            dimensions=dimensions,
            currency=row.currency if _is_money(measure) else "",
            complete=ends <= row.delivery.received_at_ms if complete is None else complete,
            told_at_ms=row.delivery.received_at_ms,
            connection=row.terms.name,
        )
        check_report_row(report)
        made.append(report)
    return made


def _is_money(measure: str) -> bool:
    return measure_of(measure).unit is Unit.MONEY


def _period(row: _Row) -> tuple[int, int, Period]:
    """Begin, end and kind of the period that a row of a report speaks of, on the clock of its zone."""
    zone = ZoneInfo(row.zone)
    if is_given(row.value("hour")):
        at = datetime.fromtimestamp(row.moment("hour") / 1000, zone).replace(
            minute=0, second=0, microsecond=0
        )
        return _ms(at), _ms(at) + HOUR_MS, Period.HOUR
    day = day_of(row.value("day"), "day", row.zone, row.mapping.time_form)
    begins = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + timedelta(days=1)
    return _ms(begins), _ms(datetime(after.year, after.month, after.day, tzinfo=zone)), Period.DAY


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _signal(row: _Row) -> Signal:
    kind = row.text("kind")
    if kind not in set(SignalKind):
        raise UnreadableValueError(f"`kind`: unknown signal {kind[:64]!r}; map its values to one of ours")
    details = {
        name: text_of(value, name)[:256]
        for name, where in row.mapping.details.items()
        if is_given(value := where.of(row.row))
    }
    signal = Signal(
        store_id=row.store,
        kind=SignalKind(kind),
        object=row.text("object"),
        since_ms=row.moment("since") or row.delivery.received_at_ms,
        until_ms=row.moment("until"),
        source=row.terms.source,
        details=details,
        told_at_ms=row.delivery.received_at_ms,
        connection=row.terms.name,
    )
    check_signal(signal)
    return signal
