"""What the mappings of sources share: a row with its delivery and its connection's terms, and the records that are made of it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from scoring.events.event import EventType
from scoring.records.order_facts import OrderChannel, OrderFacts, check_order_facts
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.records.report_row import BadRecordError, Period, ReportRow, check_report_row
from scoring.records.report_rules import is_complete
from scoring.records.signal import Signal, SignalKind, check_signal
from scoring.sources.json_mapping import LONGEST_PAYLOAD
from scoring.sources.json_values import UnreadableValueError, is_given, json_text, read_json
from scoring.sources.report_spans import ClockSpan
from scoring.sources.translated import ConnectionTerms, MappingGap, SetAside, Translated, TranslationError
from streams.sources.json_object import JsonObject


@dataclass(frozen=True, slots=True)
class DeliveryReading:
    """One delivery while it is translated; ``store`` is whose it is."""

    row: JsonObject
    delivery: RawDelivery
    terms: ConnectionTerms
    store: str
    done: Translated

    @property
    def zone(self) -> str:
        """Of the store."""
        return self.terms.zones.get(self.store, "UTC")

    @property
    def currency(self) -> str:
        """Of the store."""
        return self.terms.currencies.get(self.store, "")

    @property
    def received_ms(self) -> int:
        """When it came."""
        return self.delivery.received_at_ms

    @property
    def channel(self) -> OrderChannel:
        """Where all orders of this source are made; unknown if each says it itself."""
        return OrderChannel.UNKNOWN

    @property
    def is_state(self) -> bool:
        """Whether it is the state at the moment at which it was asked for, and not what was sent of an earlier one."""
        return self.delivery.door is not DeliveryDoor.HOOK

    @property
    def is_past(self) -> bool:
        """Whether the past was asked for."""
        return self.delivery.door is DeliveryDoor.BACKFILL

    @property
    def reported_by(self) -> str:
        """What report rows and signals name as their source."""
        return self.terms.source

    def known_as_of(self, changed_ms: int) -> int:
        """The platform's own time of a state that it calls changed at ``changed_ms``, in whole seconds.

        What was asked for is at least as new as any delivery of the same second: it is of that second's end. A delivery that comes late
        otherwise takes back what the platform changed without a new time. A change later in the same second is read again with the
        next overlap.
        """
        is_edge = self.is_state and changed_ms and changed_ms % 1000 == 0
        return max(changed_ms, min(changed_ms + 999, self.received_ms)) if is_edge else changed_ms

    def gap(self, what: str, name: str, value: str = "") -> None:
        """Name what is new."""
        self.done.gaps.append(MappingGap(what, name, value[:64]))

    def leave_out(self, why: str = "") -> None:
        """Name a delivery that is known and not needed."""
        self.done.left_out.append(f"{self.delivery.topic} {why}".strip())

    def word(self, value: str, name: str, known: Collection[str]) -> str:
        """A word of a closed list; a new one is named, and empty."""
        if value and value not in known:
            self.gap("value", name, value)
            return ""
        return value

    def fields(self, known: Collection[str]) -> None:
        """Name the fields of the row that nobody has seen before."""
        for name in sorted(set(self.row.values) - set(known))[:5]:
            self.gap("field", name)

    def order(self, number: str, **facts: Any) -> None:
        """A version of an order.

        Raises:
            UnreadableValueError: it has no number; what has none cannot be counted once. Or it is the order's state, which has all that is
                known of it, without the time at which it was placed: that would be counted on no day.
        """
        if not number:
            raise UnreadableValueError("the order's number is missing; what has none cannot be counted once")
        if self.is_state and facts.get("placed_ms") == 0:
            raise UnreadableValueError(
                "the time at which the order was placed is missing; it belongs to no day"
            )
        made = OrderFacts(
            store_id=self.store,
            order_id=number,
            source=self.terms.source,
            connection=self.terms.name,
            told_at_ms=self.received_ms,
            history=self.is_past,
            **{"channel": self.channel} | facts | {"as_of_ms": self.known_as_of(facts.get("as_of_ms", 0))},
        )
        check_order_facts(made)
        self.done.orders.append(made)

    def event(self, kind: EventType, at_ms: int, about: str, *, is_once: bool = False, **fields: Any) -> None:
        """An event whose id follows from what it is about and, unless that happens once, when."""
        parts = [self.store, kind.value, about] + ([] if is_once else [str(at_ms)])
        digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
        made = {
            "event_id": f"{self.terms.source}-{digest}",
            "store_id": self.store,
            "type": kind.value,
            "event_time_ms": at_ms,
        }
        self.done.events.append(made | fields)

    def figures(
        self, values: Mapping[str, str], span: ClockSpan, zone: str, *more: Any, **options: Any
    ) -> None:
        """The figures of a day or an hour; ``more`` and ``options`` as for ``reports``.

        Raises:
            UnreadableValueError: there is none of them, which is not 0.
        """
        if not any(values.values()):
            raise UnreadableValueError("none of the figures that were asked for is there")
        self.reports(values, (span.period, span.start_ms, span.end_ms), zone, *more, **options)

    def signal(
        self,
        kind: SignalKind,
        about: str,
        since_ms: int,
        until_ms: int = 0,
        details: Mapping[str, str] | None = None,
    ) -> None:
        """A state. One without its beginning cannot be kept."""
        made = Signal(
            store_id=self.store,
            kind=kind,
            object=about,
            since_ms=since_ms,
            until_ms=max(until_ms, since_ms) if until_ms else 0,
            source=self.reported_by,
            details={name: value[:256] for name, value in (details or {}).items() if value},
            told_at_ms=self.received_ms,
            connection=self.terms.name,
        )
        check_signal(made)
        self.done.signals.append(made)

    def reports(
        self,
        figures: Mapping[str, str],
        period: tuple[Period, int, int],
        zone: str,
        dimensions: Mapping[str, str] | None = None,
        currency: str = "",
        complete: bool | None = None,
        in_money: Collection[str] | None = None,
    ) -> None:
        """Figures of one period by measure; a figure that is not given is left out: it is not zero.

        Args:
            figures: by measure, as text.
            period: which, and its edges.
            zone: of the period.
            dimensions: of what part of the store they are.
            currency: of the figures in money.
            complete: the period is whole; by default as the source's lateness says.
            in_money: the measures that are money; by default all.
        """
        kind, start_ms, end_ms = period
        if complete is None:
            complete = is_complete(self.terms.source, end_ms, self.received_ms)
        found = []
        for measure, value in figures.items():
            if not is_given(value):
                continue
            made = ReportRow(
                store_id=self.store,
                source=self.reported_by,
                measure=measure,
                period=kind,
                period_start_ms=start_ms,
                period_end_ms=end_ms,
                zone=zone,
                value=value,
                dimensions=dict(dimensions or {}),
                currency=currency if in_money is None or measure in in_money else "",
                complete=complete,
                told_at_ms=self.received_ms,
                connection=self.terms.name,
            )
            check_report_row(made)
            found.append(made)
        self.done.reports += found


ReadingT = TypeVar("ReadingT", bound=DeliveryReading)


def row_of_delivery(delivery: RawDelivery) -> JsonObject:
    """The object that a delivery is.

    Raises:
        TranslationError: it is none.
    """
    try:
        return JsonObject(read_json(delivery.body))
    except UnreadableValueError as error:
        raise TranslationError(str(error)) from error


def take_row(
    one: ReadingT, topic: str, take: Callable[[ReadingT], None] | None, left_out: str | None
) -> Translated:
    """What a delivery says, by what reads its topic. One that nobody reads is named.

    Args:
        one: the delivery.
        topic: of it.
        take: what reads it; None for a topic that was never seen.
        left_out: why a known topic is not read; None if it is.
    """
    try:
        if left_out is not None:
            one.leave_out(left_out)
        elif take is None:
            one.gap("topic", topic or "-")
        else:
            take(one)
    except (UnreadableValueError, BadRecordError) as error:
        return set_aside(one, error)
    return one.done


def set_aside(one: DeliveryReading, error: Exception) -> Translated:
    """The delivery is kept whole, with what it could not be counted for."""
    payload = json_text(one.row.values)[:LONGEST_PAYLOAD]
    one.done.set_aside.append(SetAside(str(error), one.delivery.topic, payload))
    return one.done
