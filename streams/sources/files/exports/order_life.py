"""Orders from the rows of an order export: each once, with the facts that its rows give, whatever a row is."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from scoring.wording.text import Bilingual
from streams.sources.files.exports.arrivals import ARRIVAL_FIELDS
from streams.sources.files.exports.cells import folded, is_blank
from streams.sources.files.exports.columns import TableChunk
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.layout import FACTS, STATUS_FIELDS
from streams.sources.files.exports.open_orders import (
    LONGEST_ADDRESS,
    LONGEST_TEXT,
    MOST_PARCELS,
    ExportOrder,
    OpenOrders,
)
from streams.sources.files.exports.unreadable import UnreadableExportError
from streams.sources.files.exports.values import BAD_NUMBER, BadNumber, ColumnValues

_LIFE = ("placed", "paid", "shipped", "shipping_arranged", "delivered", "completed", "cancelled")
_NAMES = ("country", "buyer", "product", "shop", *ARRIVAL_FIELDS)
#: the column of the id by which the platform's API and webhooks know an order
OWN_ID = "own_id"
#: columns that mark orders which are none to be counted
_MARKS = ("replacement", "test")
#: reasons for which a row is none of data
_NO_ROWS = frozenset({"total", "description"})
#: rows of one table: what memory holds of each is a few bytes
MOST_ROWS = 10_000_000
_YES = frozenset({"true", "yes", "1", "y", "是", "sim", "ja", "sí"})
_TOTAL_WORDS = frozenset(
    {
        "total",
        "totals",
        "grand total",
        "sum",
        "合计",
        "总计",
        "小计",
        "合計",
        "summe",
        "gesamt",
        "valor total",
        "tổng",
        "tổng cộng",
        "jumlah",
    }
)


@dataclass(frozen=True, slots=True)
class LeftOutOrder:
    """An order that is none to be counted: ``reason`` is test or replacement."""

    order_id: str
    line: int
    reason: str
    placed: Moment | None


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row's status columns say together."""

    facts: frozenset[str]
    says_anything: bool
    is_cancelled: bool
    unknown: tuple[tuple[str, str], ...]


class _OrderRows:
    """The columns of a chunk as an order reads them. Columns that the table does not have are None."""

    def __init__(
        self, values: ColumnValues, chunk: TableChunk, life: Sequence[str], statuses: Sequence[str]
    ) -> None:
        self._values, self._chunk, self._columns = values, chunk, values.table.columns
        self.ids = values.order_ids(chunk)
        self.life = [(one, values.moments(one, chunk)) for one in life]
        self.placed, self.cancelled = values.moments("placed", chunk), values.moments("cancelled", chunk)
        texts = [values.texts(one, chunk) for one in statuses]
        self.statuses: list[tuple[str, ...]] = (
            list(zip(*texts, strict=True)) if texts else [()] * len(chunk.lines)
        )
        self.names = [(one, values.texts(one, chunk)) for one in _NAMES if one in self._columns]
        if OWN_ID in self._columns:
            self.names.append((OWN_ID, values.own_ids(chunk)))
        self.methods, self.parcels = self._texts("payment_method"), self._texts("parcel")
        self.currencies = values.currencies(chunk)
        self.buyer_currencies = values.currencies(chunk, "buyer_currency")
        self._bad: set[int] = set()
        self.quantities, self.totals = self._figures("quantity"), self._figures("total")
        self.refunds = self._figures("refund_amount") if "refund_amount" in self._columns else None
        self.paid_by_buyer = self._figures("paid_by_buyer") if "paid_by_buyer" in self._columns else None
        self._prices, self._discounts = self._figures("unit_price"), self._figures("discount")
        self._odd = self._find_odd()

    def _texts(self, one: str) -> list[str] | None:
        return self._values.texts(one, self._chunk) if one in self._columns else None

    def _figures(self, one: str) -> list[Decimal | None]:
        figures = self._values.numbers(one, self._chunk)
        if BAD_NUMBER in figures:
            self._bad |= {at for at, figure in enumerate(figures) if figure is BAD_NUMBER}
            return [None if isinstance(figure, BadNumber) else figure for figure in figures]
        return figures  # type: ignore[return-value]

    def _find_odd(self) -> dict[int, str]:
        """The rows that are not lines of an order, by what can be seen of them alone, and why."""
        odd = dict.fromkeys(self._bad, "bad_number")
        for one in _MARKS:
            for at, text in enumerate(self._texts(one) or ()):
                if text and folded(text) in _YES:
                    odd[at] = one
        for at, is_damaged in enumerate(self._values.damaged_ids(self._chunk)):
            if is_damaged:
                odd[at] = "damaged_id"
        for at, order_id in enumerate(self.ids):
            if not order_id:
                odd[at] = "total" if self._looks_like_total(at) else "no_order_id"
            elif not any(sign.isdigit() for sign in order_id[-2:]) and folded(order_id) in _TOTAL_WORDS:
                odd[at] = "total"
        for at in self._values.descriptions(self._chunk):
            if odd.get(at) != "total":
                odd[at] = "description"
        return odd

    def why_left_out(self, at: int, *, is_new: bool) -> str:
        """Why a row is not a line of an order; empty for one that is. A line without a time needs an order that has one."""
        if at in self._odd:
            return self._odd[at]
        if self.placed[at] is None and (is_new or self._has_placed_text(at)):
            return "no_time"
        return ""

    def is_gift(self, at: int) -> bool:
        """Whether the row's discount is its whole price."""
        price, discount = self._prices[at], self._discounts[at]
        return bool(price) and discount is not None and price + discount == 0  # type: ignore[operator]

    def _has_placed_text(self, at: int) -> bool:
        place = self._columns.get("placed")
        return place is not None and not is_blank(self._chunk.columns[place][at])

    def _looks_like_total(self, at: int) -> bool:
        """Whether one of the row's first cells says that it is a total."""
        cells = (self._chunk.columns[place][at] for place in range(5) if place in self._chunk.columns)
        return any(isinstance(cell, str) and folded(cell) in _TOTAL_WORDS for cell in cells)


class OrderBook:
    """The orders of one table. They are made each time that they are asked for: there may be millions.

    Nothing is raised for single rows: what cannot be used is counted by reason, with its line. ``tally``, ``unknown_statuses``,
    ``left_out_orders`` and ``newest`` are complete once ``orders`` has been read to its end.

    Raises:
        UnreadableExportError: there are too many rows.
    """

    def __init__(self, values: ColumnValues) -> None:
        self._values, self._layout = values, values.table.layout
        self._columns = values.table.columns
        self.tally = values.tally()
        self.unknown_statuses: Counter[tuple[str, str]] = Counter()
        self.left_out_orders: dict[str, LeftOutOrder] = {}
        #: the newest times that orders have, with an offset of their own and without
        self.newest: dict[bool, Moment] = {}
        self._statuses = [
            one for one in STATUS_FIELDS if one in self._columns and one in self._layout.statuses
        ]
        self._said: dict[tuple[str, ...], _Said] = {}
        self._life = [one for one in _LIFE if one in self._columns]
        self._counts_units = self._layout.units == "quantity" and "quantity" in self._columns
        self.knows_paid = "paid" in self._columns or any(
            "paid" in FACTS[fact] for one in self._statuses for fact in self._layout.statuses[one]
        )  # fmt: skip
        self._last_rows = self._find_last_rows()

    def _find_last_rows(self) -> npt.NDArray[np.bool_]:
        """For each row, whether it is the last of its order. An eight-byte number stands for an order's: should two have the same one, the first of them is complete at the end of the file only."""
        if self._values.row_count > MOST_ROWS:
            raise UnreadableExportError(
                Bilingual(
                    f"超过 {MOST_ROWS:,} 行；请每次少导出几个月，逐个文件导入",
                    f"holds more than {MOST_ROWS:,} rows; export fewer months at a time, and import one file after the other",
                )
            )
        marks = array("q")
        for chunk in self._values.chunks():
            marks.extend(map(hash, self._values.order_ids(chunk)))
        found = np.frombuffer(marks, dtype=np.int64) if marks else np.zeros(0, dtype=np.int64)
        _, from_the_end = np.unique(found[::-1], return_index=True)
        is_last = np.zeros(len(found), dtype=np.bool_)
        is_last[len(found) - 1 - from_the_end] = True
        return is_last

    def orders(self) -> Iterator[ExportOrder]:
        """Each order once, when its last row has been read."""
        self.tally, self.unknown_statuses = self._values.tally(), Counter()
        self.left_out_orders, self.newest = {}, {}
        opened = OpenOrders()
        begin = 0
        for chunk in self._values.chunks():
            end = begin + len(chunk.lines)
            yield from self._of_chunk(chunk, self._last_rows[begin:end].tolist(), opened)
            begin = end
        yield from opened.close_all()

    def _of_chunk(self, chunk: TableChunk, last: Sequence[bool], opened: OpenOrders) -> Iterator[ExportOrder]:
        rows = _OrderRows(self._values, chunk, self._life, self._statuses)
        self._note_times(rows)
        for at, (line, order_id, is_last) in enumerate(zip(chunk.lines, rows.ids, last, strict=True)):
            order = opened.get(order_id)
            if reason := rows.why_left_out(at, is_new=order is None):
                self._leave_out(reason, rows, at, line)
            else:
                self.tally.rows += 1
                if order is None:
                    order = ExportOrder(order_id, line)
                    if not is_last:
                        opened.add(order)
                self._add(order, line, rows, at)
            if is_last and order is not None:
                opened.close(order_id)
                yield order

    def _leave_out(self, reason: str, rows: _OrderRows, at: int, line: int) -> None:
        self.tally.rows += reason not in _NO_ROWS
        self.tally.leave_out(reason, line)
        if reason in _MARKS:
            left = LeftOutOrder(rows.ids[at], line, reason, rows.placed[at])
            self.left_out_orders.setdefault(rows.ids[at], left)

    def _note_times(self, rows: _OrderRows) -> None:
        for _, moments in rows.life:
            known = set(moments) - {None}
            self._note_newest(False, [at for at in known if at is not None and at.offset is None])
            self._note_newest(True, [at for at in known if at is not None and at.offset is not None])

    def _note_newest(self, has_offset: bool, moments: list[Moment]) -> None:
        if has_offset in self.newest:
            moments.append(self.newest[has_offset])
        if moments:
            self.newest[has_offset] = max(moments, key=lambda at: at.at(UTC)) if has_offset else max(moments)

    def _add(self, order: ExportOrder, line: int, rows: _OrderRows, at: int) -> None:
        order.rows += 1
        times = order.times
        for one, moments in rows.life:
            if (moment := moments[at]) is not None and one not in times:
                times[one] = moment
        self._add_statuses(order, rows, at)
        for one, texts in rows.names:
            if (text := texts[at]) and not getattr(order, one):
                setattr(order, one, text[: LONGEST_ADDRESS if one == "landing" else LONGEST_TEXT])
        if rows.methods is not None and not order.method and (method := rows.methods[at]):
            order.method, order.is_cod = method[:LONGEST_TEXT], self._layout.is_cod(method)
        if rows.parcels is not None and (parcel := rows.parcels[at]) and parcel not in order.parcels:
            order.parcels = frozenset((*list(order.parcels)[: MOST_PARCELS - 1], parcel[:LONGEST_TEXT]))
        order.currency = order.currency or rows.currencies[at]
        self._add_numbers(order, line, rows, at)

    def _add_statuses(self, order: ExportOrder, rows: _OrderRows, at: int) -> None:
        texts = rows.statuses[at]
        said = self._said.get(texts)
        if said is None:
            said = self._said[texts] = self._said_by(texts)
        for unknown in said.unknown:
            self.unknown_statuses[unknown] += 1
        is_cancelled = said.is_cancelled or rows.cancelled[at] is not None
        if not said.facts <= order.facts:
            order.facts |= said.facts
        order.cancelled_rows += is_cancelled
        order.live_rows += said.says_anything and not is_cancelled

    def _said_by(self, texts: tuple[str, ...]) -> _Said:
        """What the texts of a row's status columns mean."""
        facts, unknown = [], []
        for one, text in zip(self._statuses, texts, strict=True):
            if not text:
                continue
            fact = self._layout.fact_of(one, text)
            if fact is None:
                unknown.append((one, text))
            else:
                facts.append(fact)
        met = frozenset[str]().union(*(FACTS[fact] - {"cancelled"} for fact in facts))
        return _Said(met, bool(facts), "cancelled" in facts, tuple(unknown))

    def _add_numbers(self, order: ExportOrder, line: int, rows: _OrderRows, at: int) -> None:
        if self._layout.gifts and rows.is_gift(at):
            self.tally.leave_out("gift", line)
        elif self._counts_units:
            order.units += rows.quantities[at] or 0
        else:
            order.units += 1
        if rows.refunds is not None and not order.refund and (refund := rows.refunds[at]):
            order.refund = abs(refund)
        if rows.paid_by_buyer is not None and (paid := rows.paid_by_buyer[at]) is not None:
            order.buyer_amount += paid
            order.buyer_currency = order.buyer_currency or rows.buyer_currencies[at]
        total = rows.totals[at]
        if total is None:
            return
        if order.amount is None:
            order.amount = total
        elif self._layout.money == "line":
            order.amount += total
        elif total != order.amount:
            order.amounts_differ = True

    def is_known_by_name(self, order: ExportOrder) -> bool:
        """Whether the file should say the platform's own id of an order, and does not."""
        return OWN_ID in self._columns and not order.own_id

    def is_paid(self, order: ExportOrder) -> bool:
        """Whether it is truly paid: cash on delivery is when it is delivered, whatever a column of that name says."""
        if "unpaid" in order.facts:
            return False
        if self._layout.cod_paid == "column":
            return "paid" in order.times or "paid" in order.facts
        if order.is_cod:
            return "paid" in order.facts or order.is_delivered
        return "paid" in order.times or "paid" in order.facts or order.is_delivered

    def paid_at(self, order: ExportOrder) -> Moment | None:
        """When it was paid; None where it was not, or where the file does not say when."""
        if not self.is_paid(order):
            return None
        if order.is_cod and self._layout.cod_paid == "delivery":
            return order.times.get("delivered") or order.times.get("completed")
        return order.times.get("paid")

    def shipped_at(self, order: ExportOrder) -> Moment | None:
        """When it was first handed over; the time that was arranged where the file gives no other."""
        return order.times.get("shipped") or order.times.get("shipping_arranged")
