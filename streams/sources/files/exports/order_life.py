"""Orders from the rows of an order export: each once, with the facts that its rows give, whatever a row is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from streams.sources.files.exports.cells import Cell, folded
from streams.sources.files.exports.dates import Moment
from streams.sources.files.exports.layout import FACTS, STATUS_FIELDS
from streams.sources.files.exports.values import ColumnValues, RowTally

_LIFE = ("placed", "paid", "shipped", "shipping_arranged", "delivered", "completed", "cancelled")
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


@dataclass(slots=True)
class ExportOrder:
    """What a file says of one order. Times are the first of each kind that its rows give."""

    order_id: str
    line: int
    times: dict[str, Moment] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)
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
    parcels: set[str] = field(default_factory=set)

    @property
    def is_cancelled(self) -> bool:
        """Cancelled as a whole: every row that says anything says so."""
        return self.cancelled_rows > 0 and self.live_rows == 0

    @property
    def is_shipped(self) -> bool:
        return bool({"shipped", "shipping_arranged"} & set(self.times)) or "shipped" in self.facts

    @property
    def is_delivered(self) -> bool:
        return "delivered" in self.times or "delivered" in self.facts

    @property
    def is_refunded(self) -> bool:
        return "refunded" in self.facts or self.refund > 0


@dataclass(frozen=True, slots=True)
class LeftOutOrder:
    """An order that is none to be counted: ``reason`` is test or replacement."""

    order_id: str
    line: int
    reason: str
    placed: Moment | None


class OrderBook:
    """The orders of one table.

    Raises nothing for single rows: what cannot be used is counted by reason, with its line.
    """

    def __init__(self, values: ColumnValues) -> None:
        self._values, self._layout = values, values.table.layout
        self._columns = values.table.columns
        self.tally = RowTally()
        self.orders: dict[str, ExportOrder] = {}
        self.unknown_statuses: Counter[tuple[str, str]] = Counter()
        self.left_out_orders: dict[str, LeftOutOrder] = {}
        self._statuses = [
            one for one in STATUS_FIELDS if one in self._columns and one in self._layout.statuses
        ]
        self._life = [one for one in _LIFE if one in self._columns]
        self.knows_paid = "paid" in self._columns or any(
            "paid" in FACTS[fact] for one in self._statuses for fact in self._layout.statuses[one]
        )  # fmt: skip
        for line, cells in values.rows(self.tally):
            self._take(line, cells)

    def _take(self, line: int, cells: Sequence[Cell]) -> None:
        values, tally = self._values, self.tally
        order_id = values.text("order", cells)
        if folded(order_id) in _TOTAL_WORDS or (not order_id and self._looks_like_total(cells)):
            tally.leave_out("total", line)
            return
        if values.is_description(line, cells):
            tally.leave_out("description", line)
            return
        tally.rows += 1
        if not order_id:
            tally.leave_out("no_order_id", line)
            return
        if values.is_id_damaged(cells):
            tally.leave_out("damaged_id", line)
            return
        if reason := next(
            (one for one in ("test", "replacement") if folded(values.text(one, cells)) in _YES), ""
        ):
            left = LeftOutOrder(order_id, line, reason, values.moment("placed", cells))
            self.left_out_orders.setdefault(order_id, left)
            tally.leave_out(reason, line)
            return
        order = self.orders.get(order_id)
        placed = values.moment("placed", cells)
        if placed is None and (order is None or values.text("placed", cells)):
            tally.leave_out("no_time", line)
            return
        try:
            numbers: dict[str, Decimal | None] = {
                one: values.number(one, cells)
                for one in ("quantity", "total", "refund_amount", "paid_by_buyer", "unit_price", "discount")
                if one in self._columns
            }
        except ValueError:
            tally.leave_out("bad_number", line)
            return
        if order is None:
            order = self.orders[order_id] = ExportOrder(order_id, line)
        self._add(order, line, cells, numbers)

    def _looks_like_total(self, cells: Sequence[Cell]) -> bool:
        return any(isinstance(cell, str) and folded(cell) in _TOTAL_WORDS for cell in cells[:5])

    def _add(
        self, order: ExportOrder, line: int, cells: Sequence[Cell], numbers: dict[str, Decimal | None]
    ) -> None:
        values = self._values
        order.rows += 1
        for one in self._life:
            if one not in order.times and (moment := values.moment(one, cells)) is not None:
                order.times[one] = moment
        self._add_statuses(order, cells)
        for one in ("country", "buyer", "product", "shop"):
            if not getattr(order, one):
                setattr(order, one, values.text(one, cells))
        if not order.method and (method := values.text("payment_method", cells)):
            order.method, order.is_cod = method, self._layout.is_cod(method)
        if parcel := values.text("parcel", cells):
            order.parcels.add(parcel)
        order.currency = order.currency or values.currency_of(cells)
        self._add_numbers(order, line, numbers)
        if (paid := numbers.get("paid_by_buyer")) is not None:
            order.buyer_amount += paid
            order.buyer_currency = order.buyer_currency or values.currency_of(cells, "buyer_currency")

    def _add_statuses(self, order: ExportOrder, cells: Sequence[Cell]) -> None:
        told, is_cancelled = False, self._values.moment("cancelled", cells) is not None
        for one in self._statuses:
            text = self._values.text(one, cells)
            if not text:
                continue
            fact = self._layout.fact_of(one, text)
            if fact is None:
                self.unknown_statuses[one, text] += 1
                continue
            told = True
            is_cancelled |= fact == "cancelled"
            order.facts |= FACTS[fact] - {"cancelled"}
        order.cancelled_rows += is_cancelled
        order.live_rows += told and not is_cancelled

    def _add_numbers(self, order: ExportOrder, line: int, numbers: dict[str, Decimal | None]) -> None:
        price, discount = numbers.get("unit_price"), numbers.get("discount")
        is_gift = bool(self._layout.gifts and price and discount is not None and price + discount == 0)
        if is_gift:
            self.tally.leave_out("gift", line)
        else:
            counted = self._layout.units == "quantity" and "quantity" in self._columns
            order.units += (numbers.get("quantity") or Decimal(0)) if counted else Decimal(1)
        if order.refund == 0:
            order.refund = abs(numbers.get("refund_amount") or Decimal(0))
        total = numbers.get("total")
        if total is None:
            return
        if order.amount is None:
            order.amount = total
        elif self._layout.money == "line":
            order.amount += total
        elif total != order.amount:
            order.amounts_differ = True

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
