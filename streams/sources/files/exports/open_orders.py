"""An order of a file while its lines are read. Of those whose lines lie far apart, all but the last touched are packed on disk."""

from __future__ import annotations

import marshal
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import IO, Any

from scoring.wording.text import Bilingual
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.unreadable import UnreadableExportError

#: open orders that are kept as objects
_AT_HAND = 20_000
#: open orders: what memory holds of each is its number and where it is on disk
MOST_OPEN = 1_000_000
#: bytes that a packed order has at most
_LONGEST = 256 << 10
#: in place of a place on disk: the order is at hand
_HERE = -1
#: characters of a text, and parcels, that are kept of an order
LONGEST_TEXT, LONGEST_ADDRESS, MOST_PARCELS = 256, 1024, 500
_NOTHING: frozenset[str] = frozenset()


@dataclass(slots=True)
class ExportOrder:
    """What a file says of one order. Times are the first of each kind that its rows give.

    ``own_id`` is the id by which the platform's API and webhooks know it, where ``order_id`` is only its name.
    """

    order_id: str
    line: int
    times: dict[str, Moment] = field(default_factory=dict)
    facts: frozenset[str] = _NOTHING
    rows: int = 0
    live_rows: int = 0
    cancelled_rows: int = 0
    units: Decimal = Decimal(0)
    amount: Decimal | None = None
    currency: str = ""
    refund: Decimal = Decimal(0)
    buyer_amount: Decimal = Decimal(0)
    buyer_currency: str = ""
    method: str = ""
    is_cod: bool = False
    amounts_differ: bool = False
    country: str = ""
    buyer: str = ""
    product: str = ""
    shop: str = ""
    parcels: frozenset[str] = _NOTHING
    own_id: str = ""
    channel: str = ""
    campaign: str = ""
    medium: str = ""
    landing: str = ""
    referrer: str = ""

    @property
    def is_cancelled(self) -> bool:
        """Cancelled as a whole: every row that says anything says so."""
        return self.cancelled_rows > 0 and self.live_rows == 0

    @property
    def is_shipped(self) -> bool:
        return "shipped" in self.times or "shipping_arranged" in self.times or "shipped" in self.facts

    @property
    def is_delivered(self) -> bool:
        return "delivered" in self.times or "delivered" in self.facts

    @property
    def is_refunded(self) -> bool:
        return "refunded" in self.facts or self.refund > 0


class OpenOrders:
    """The orders of which lines may yet come, by their number."""

    def __init__(self, at_hand: int = _AT_HAND) -> None:
        """``at_hand``: how many are kept as objects, and at most as many again."""
        self._most_at_hand = at_hand
        #: where each order is on disk; -1 for one at hand
        self._places: dict[str, int] = {}
        self._at_hand: dict[str, ExportOrder] = {}
        self._file: IO[bytes] | None = None

    def get(self, order_id: str) -> ExportOrder | None:
        """The order, to be changed by the caller; None if it is not open."""
        order = self._at_hand.get(order_id)
        if order is None and order_id in self._places:
            order = self._at_hand[order_id] = self._read(self._places[order_id])
            self._places[order_id] = _HERE
        return order

    def add(self, order: ExportOrder) -> None:
        """Take an order.

        Raises:
            UnreadableExportError: more than ``MOST_OPEN`` are open.
        """
        if len(self._at_hand) >= 2 * self._most_at_hand:
            self._put_away()
        if len(self._places) >= MOST_OPEN:
            raise UnreadableExportError(
                Bilingual(
                    f"超过 {MOST_OPEN:,} 个订单的行分散在文件各处；请按订单号排序，或每次少导出几个月",
                    f"the lines of more than {MOST_OPEN:,} orders lie far apart; sort the file by order number, or export fewer months at a time",
                )
            )
        self._places[order.order_id] = _HERE
        self._at_hand[order.order_id] = order

    def close(self, order_id: str) -> ExportOrder | None:
        """Give an order up that is complete; None if it was not open."""
        order = self.get(order_id)
        if order is not None:
            del self._places[order_id], self._at_hand[order_id]
        return order

    def close_all(self) -> Iterator[ExportOrder]:
        """Those that are left."""
        for order_id in list(self._places):
            order = self.close(order_id)
            assert order is not None
            yield order

    def _put_away(self) -> None:
        """Write the orders at hand that came first to disk; a later line of one of them fetches it back."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="funnelwatch-orders-")  # noqa: SIM115 (as long as this object)
        place = self._file.seek(0, os.SEEK_END)
        for order_id in list(self._at_hand)[: self._most_at_hand]:
            packed = marshal.dumps(_packed(self._at_hand.pop(order_id)))
            self._file.write(packed)
            self._places[order_id] = place
            place += len(packed)
        self._file.flush()

    def _read(self, place: int) -> ExportOrder:
        return _unpacked(marshal.loads(self._piece(place, _LONGEST)))  # noqa: S302 (written by this object)

    def _piece(self, place: int, size: int) -> bytes:
        assert self._file is not None
        return os.pread(self._file.fileno(), size, place)


def _packed(order: ExportOrder) -> tuple[Any, ...]:
    times = [
        (name, at.local.isoformat(), None if at.offset is None else _minutes(at), at.has_time)
        for name, at in order.times.items()
    ]
    return (
        (order.order_id, order.line, order.facts, order.rows, order.live_rows, order.cancelled_rows),
        (
            str(order.units),
            None if order.amount is None else str(order.amount),
            str(order.refund),
            str(order.buyer_amount),
        ),
        (order.currency, order.buyer_currency, order.method, order.is_cod, order.amounts_differ),
        (order.country, order.buyer, order.product, order.shop, order.parcels, order.own_id),
        (order.channel, order.campaign, order.medium, order.landing, order.referrer),
        times,
    )


def _unpacked(packed: tuple[Any, ...]) -> ExportOrder:
    head, numbers, money, names, arrival, times = packed
    order_id, line, facts, rows, live_rows, cancelled_rows = head
    units, amount, refund, buyer_amount = numbers
    currency, buyer_currency, method, is_cod, amounts_differ = money
    country, buyer, product, shop, parcels, own_id = names
    return ExportOrder(
        order_id, line, {name: _moment(*at) for name, *at in times}, facts, rows, live_rows, cancelled_rows,
        Decimal(units), None if amount is None else Decimal(amount), currency, Decimal(refund), Decimal(buyer_amount),
        buyer_currency, method, is_cod, amounts_differ, country, buyer, product, shop, parcels, own_id, *arrival,
    )  # fmt: skip


def _minutes(at: Moment) -> int:
    offset = at.offset.utcoffset(at.local) if at.offset is not None else None
    return round(offset.total_seconds() / 60) if offset is not None else 0


def _moment(local: str, minutes: int | None, has_time: bool) -> Moment:
    offset = None if minutes is None else timezone(timedelta(minutes=minutes))
    return Moment(datetime.fromisoformat(local), offset, has_time)
