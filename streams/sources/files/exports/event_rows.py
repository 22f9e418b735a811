"""Rows that are events already: web-pixel rows and analytics exports."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from scoring.errors import UNDECODABLE
from scoring.events.event import EventType
from streams.sources.files.exports.columns import TableChunk
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.layout import NUMBER_ATTRIBUTES, TEXT_ATTRIBUTES
from streams.sources.files.exports.values import BadNumber, ColumnValues

_STARS = re.compile(r"([1-5])(?:[.,]0+)?(?:\s*(?:stars?|星|/\s*5(?:[.,]0+)?|分))?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ExportedEvent:
    """One event of a file. ``type`` is None where it is not a stage of the funnel."""

    name: str
    type: EventType | None
    at: Moment
    line: int
    visitor: str = ""
    order_id: str = ""
    amount: Decimal | None = None
    product: str = ""
    session: str = ""
    channel: str = ""
    campaign: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


class EventTable:
    """The events of one table, worked out each time that they are asked for: there may be millions.

    ``shared_order_ids`` are ids under which the file has different orders, ``unknown`` names of events that are not a stage; both are
    complete once ``events`` has been read.
    """

    def __init__(self, values: ColumnValues) -> None:
        self._values, self._layout = values, values.table.layout
        self.tally = values.tally()
        self.unknown: Counter[str] = Counter()
        self.repeats = 0
        self._orders: dict[str, tuple[str, Decimal | None]] = {}
        self.shared_order_ids: set[str] = set()

    @property
    def currency(self) -> str:
        """Of its amounts; empty if unknown."""
        return self._layout.amount_currency or self._values.currency

    def holds(self, kind: EventType) -> bool:
        """Whether its rows can be of a type."""
        return self._layout.type is kind or kind in self._layout.types.values()

    @property
    def events(self) -> Iterator[ExportedEvent]:
        """The events in file order."""
        self.tally, self.unknown, self.repeats = self._values.tally(), Counter(), 0
        self._orders, self.shared_order_ids = {}, set()
        for chunk in self._values.chunks():
            yield from self._of_chunk(chunk)

    def _of_chunk(self, chunk: TableChunk) -> Iterator[ExportedEvent]:
        values, layout = self._values, self._layout
        times, names = values.moments("time", chunk), values.texts("event", chunk)
        details, orders = values.texts("details", chunk), values.texts("order", chunk)
        amounts, visitors = values.numbers("amount", chunk), values.texts("visitor", chunk)
        products, sessions = values.texts("product", chunk), values.texts("session", chunk)
        channels, campaigns = values.texts("channel", chunk), values.texts("campaign", chunk)
        present = values.table.columns
        texts = {one: values.texts(one, chunk) for one in TEXT_ATTRIBUTES if one in present}
        figures = {one: values.numbers(one, chunk) for one in NUMBER_ATTRIBUTES if one in present}
        for at, line in enumerate(chunk.lines):
            self.tally.rows += 1
            moment, name, amount = times[at], names[at] or (layout.type or ""), amounts[at]
            if moment is None or not name:
                self.tally.leave_out("no_time" if moment is None else "no_event_name", line)
                continue
            kind = layout.types.get(name) or layout.type
            if kind is None and name not in layout.no_stage:
                self.unknown[name] += 1
            numbers = {one: found[at] for one, found in figures.items()}
            if isinstance(amount, BadNumber) or any(isinstance(one, BadNumber) for one in numbers.values()):
                self.tally.leave_out("bad_number", line)
                continue
            said = _details(details[at])
            order_id = orders[at] or _first(said, layout.order_keys)
            if amount is None:
                amount = _decimal(_first(said, layout.amount_keys))
            if kind is EventType.ORDER and order_id:
                order_id = self._own_id(order_id, visitors[at], amount)
                if not order_id:
                    self.repeats += 1
                    continue
            noted = {one: found[at].strip() for one, found in texts.items() if found[at].strip()}
            attributes = event_attributes(name, kind, noted, numbers)
            yield ExportedEvent(
                name,
                kind,
                moment,
                line,
                visitors[at],
                order_id,
                amount,
                products[at],
                sessions[at],
                channels[at],
                campaigns[at],
                attributes,
            )

    def _own_id(self, order_id: str, visitor: str, amount: Decimal | None) -> str:
        """The id of an order; one of its own where another buyer's order came under the same id; empty for a repeat."""
        mark = (visitor, amount)
        known = self._orders.setdefault(order_id, mark)
        if known is mark:
            return order_id
        if known == mark or (order_id in self.shared_order_ids and mark in self._orders.values()):
            return ""
        self.shared_order_ids.add(order_id)
        own = f"{order_id}~{len(self._orders)}"
        self._orders[own] = mark
        return own


def event_attributes(
    name: str, kind: EventType | None, texts: Mapping[str, str], numbers: Mapping[str, Any]
) -> dict[str, str]:
    """What columns say of an event, as its attributes: stars as a digit, an answer in minutes, a vital by its name."""
    found = {one: text[:512] for one, text in texts.items()}
    found |= {one: f"{value:f}" for one, value in numbers.items() if isinstance(value, Decimal)}
    if "rating" in found:
        found["rating"] = _stars(found["rating"])
    if seconds := found.pop("answered_s", ""):
        found["answered_min"] = f"{Decimal(seconds) / 60:.3f}"
    if kind is EventType.PAGE_VITAL:
        found.setdefault("metric", name)
    return {one: text for one, text in found.items() if text}


def _stars(text: str) -> str:
    """``4``, ``4.0``, ``4 stars``, ``4星``, ``4/5`` as 4; empty for what is not one of five whole stars."""
    match = _STARS.match(text)
    return match[1] if match is not None else ""


def _details(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        found = msgspec.json.decode(text)
    except UNDECODABLE:
        return {}
    return found if isinstance(found, dict) else {}


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def _first(details: Mapping[str, Any], keys: Sequence[str]) -> str:
    for key in keys:
        value = details.get(key)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return str(value)
    return ""
