"""Rows that are events already: web-pixel rows and analytics exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from scoring.events.event import EventType
from streams.sources.files.exports.cells import Cell
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.values import ColumnValues, RowTally


@dataclass(frozen=True, slots=True)
class ExportedEvent:
    """One event of a file. ``type`` is None where it is no stage of the funnel."""

    name: str
    type: EventType | None
    at: Moment
    line: int
    visitor: str = ""
    order_id: str = ""
    amount: Decimal | None = None


class EventTable:
    """The events of one table. ``shared_order_ids`` are ids under which the file has different orders."""

    def __init__(self, values: ColumnValues) -> None:
        self._values, self._layout = values, values.table.layout
        self.tally = RowTally()
        self.events: list[ExportedEvent] = []
        self.unknown: Counter[str] = Counter()
        self.repeats = 0
        self._orders: dict[str, tuple[str, Decimal | None]] = {}
        self.shared_order_ids: set[str] = set()
        for line, cells in values.rows(self.tally):
            self._take(line, cells)

    def _take(self, line: int, cells: Sequence[Cell]) -> None:
        values, layout = self._values, self._layout
        self.tally.rows += 1
        at, name = values.moment("time", cells), values.text("event", cells)
        if at is None or not name:
            self.tally.leave_out("no_time" if at is None else "no_event_name", line)
            return
        kind = layout.types.get(name)
        if kind is None and name not in layout.no_stage:
            self.unknown[name] += 1
        details = _details(values.text("details", cells))
        order_id = values.text("order", cells) or _first(details, layout.order_keys)
        try:
            amount = values.number("amount", cells) if "amount" in values.table.columns else None
        except ValueError:
            self.tally.leave_out("bad_number", line)
            return
        if amount is None and (text := _first(details, layout.amount_keys)):
            amount = Decimal(text)
        visitor = values.text("visitor", cells)
        if kind is EventType.ORDER and order_id:
            order_id = self._own_id(order_id, visitor, amount)
            if not order_id:
                self.repeats += 1
                return
        self.events.append(ExportedEvent(name, kind, at, line, visitor, order_id, amount))

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


def _details(text: str) -> Mapping[str, Any]:
    if not text.startswith("{"):
        return {}
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _first(details: Mapping[str, Any], keys: Sequence[str]) -> str:
    for key in keys:
        value = details.get(key)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return str(value)
    return ""
