"""What is answered about one order."""

from __future__ import annotations

import msgspec

from scoring.records.order_way import OrderWay


class OrderFound(msgspec.Struct, frozen=True):
    """The stores that know an order of this number, and its way; no way if none does, or several do and none was named."""

    order_id: str
    stores: tuple[str, ...]
    way: OrderWay | None
