"""What a table's orders add up to, and in which days and zones its times lie."""

from __future__ import annotations

from array import array
from collections import Counter
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.open_orders import ExportOrder
from streams.sources.files.exports.order_life import OrderBook


class OrderTotals:
    """What a table's orders add up to, counted in one go over them."""

    def __init__(self, book: OrderBook, zone: str) -> None:
        self.orders = self.paid = self.shipped = self.delivered = self.cancelled = self.refunded = 0
        self.differing = self.known_by_name = 0
        self.units, self.money = Decimal(0), dict[str, Decimal]()
        self.per_day: Counter[str] = Counter()
        self.has_two_currencies = False
        self._parcels = array("q")
        offsets = OffsetsSeen()
        for order in book.orders():
            self.orders += 1
            self.paid += book.is_paid(order)
            self.shipped += order.is_shipped
            self.delivered += order.is_delivered
            self.cancelled += order.is_cancelled
            self.refunded += order.is_refunded
            self.differing += order.amounts_differ
            self.known_by_name += book.is_known_by_name(order)
            self.units += order.units
            self._parcels.extend(map(hash, order.parcels))
            self._add_money(order)
            placed = order.times.get("placed")
            offsets.add(placed)
            if placed is not None:
                self.per_day[day_text(placed, zone)] += 1
        self.offsets = offsets.text

    @property
    def parcels(self) -> int:
        """How many different parcels there are. An eight-byte number stands for each: millions fit."""
        return len(np.unique(np.frombuffer(self._parcels, dtype=np.int64))) if self._parcels else 0

    def _add_money(self, order: ExportOrder) -> None:
        if order.amount is not None:
            code = order.currency or "?"
            self.money[code] = self.money.get(code, Decimal(0)) + order.amount
        if order.buyer_currency:
            self.has_two_currencies = True
            self.money[order.buyer_currency] = (
                self.money.get(order.buyer_currency, Decimal(0)) + order.buyer_amount
            )


def day_text(moment: Moment, zone: str) -> str:
    """The local day as written; in ``zone`` where the time has an offset of its own and a zone is given."""
    if zone and moment.offset is not None:
        return moment.at(UTC).astimezone(ZoneInfo(zone)).date().isoformat()
    return moment.local.date().isoformat()


class OffsetsSeen:
    """The offsets that times themselves give."""

    def __init__(self) -> None:
        self._found: set[tzinfo] = set()
        self._has_none = False

    def add(self, moment: Moment | None) -> None:
        """Take a time into account."""
        if moment is None:
            return
        if moment.offset is None:
            self._has_none = True
        else:
            self._found.add(moment.offset)

    @property
    def text(self) -> str:
        """They, as text; empty if any time gives none."""
        return "" if self._has_none else ", ".join(sorted({_offset_text(one) for one in self._found}))


def _offset_text(offset: tzinfo) -> str:
    delta = offset.utcoffset(datetime(2000, 1, 1)) or timedelta(0)  # noqa: DTZ001 (a fixed offset)
    if not delta:
        return "UTC"
    minutes = round(abs(delta).total_seconds() / 60)
    return f"UTC{'-' if delta < timedelta(0) else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
