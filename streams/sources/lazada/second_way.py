"""Lazada's orders of closed days a second time: listed by time of creation, read with their items and without the mapping."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from scoring.sources.counted_orders import (
    BUYERS,
    CANCELLED,
    METHOD,
    ON_DELIVERY,
    PAID,
    PREPAID,
    SHIPPED,
    UNITS,
    CountedOrder,
)
from scoring.sources.second_way import AT_LEAST, MONEY, DayFigures
from streams.sources.asking import HttpAnswer, PlatformApi
from streams.sources.connection import Connection
from streams.sources.json_object import JsonObject
from streams.sources.lazada.config import LazadaConnection
from streams.sources.lazada.polling import items_of, question
from streams.sources.market_asking import iso, part_of, rows_of, total_of
from streams.sources.recounting import counted_rows, method_of, recounted


async def second_way(api: PlatformApi, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
    """The orders that were placed on closed days, by time of creation, with what they are worth. Of an account with one country."""
    config: LazadaConnection = connection.config

    async def page(begin_ms: int, end_ms: int, offset: int, limit: int) -> tuple[HttpAnswer, dict[str, Any]]:
        query = {
            "created_after": iso(begin_ms),
            "created_before": iso(end_ms - 1000),
            "sort_by": "created_at",
            "sort_direction": "ASC",
            "offset": offset,
            "limit": limit,
        }
        answer = await api.ask(question(config, config.country, "/orders/get", query))
        return answer, part_of(answer, answer.json(), "data")

    async def placed(begin_ms: int, end_ms: int) -> dict[str, CountedOrder]:
        found: dict[str, CountedOrder] = {}
        offset, has_more = 0, True
        while has_more:
            answer, part = await page(begin_ms, end_ms, offset, config.page_size)
            rows, total = part_of(answer, part, "orders", kind=list), total_of(answer, part, "countTotal")
            numbers = [row.row_id for row in rows_of(answer, rows, "order_id")]
            items = await items_of(config, config.country, api, numbers)
            whole = [{**row, "order_items": items[number]} for number, row in zip(numbers, rows, strict=True)]
            found |= counted_rows(answer.host, whole, "order_id", _counted)
            offset += len(rows)
            has_more = bool(rows) and (total is None or offset < total)
        return found

    async def count(begin_ms: int, end_ms: int) -> int | None:
        return total_of(*await page(begin_ms, end_ms, 0, 1), "countTotal")

    return await recounted(connection, days, _COUNTED, placed, count)


def _counted(row: JsonObject) -> CountedOrder:
    """The order has the money, its items the rest. Lazada has no times of what happened: it had when an item changed last."""
    paid_by_buyer = sum(Decimal(row.money(name) or "0") for name in ("price", "shipping_fee"))
    amount = paid_by_buyer - Decimal(row.money("voucher") or "0")
    items = [
        (item.text("status").lower(), item.moment("updated_at"), item) for item in row.rows("order_items")
    ]
    method = row.text("payment_method")
    prepaid = [at for word, at, _ in items if word in _PAID_BY_THEN and method.upper() != "COD"]
    is_cancelled = all(word in ("canceled", "cancelled") for word, *_ in items)
    return CountedOrder(
        placed_ms=row.moment("created_at"),
        paid_ms=max(prepaid, default=0),
        amount=format(amount, "f"),
        currency=items[0][2].text("currency"),
        shipped_ms=max((at for word, at, _ in items if word == "shipped"), default=0),
        # as the order's own change says it: the last one may be later than its items'
        cancelled_ms=max(row.moment("updated_at"), *(at for _, at, _ in items)) if is_cancelled else 0,
        units=len(items),
        has_buyer=any(item.text("buyer_id") for *_, item in items),
        on_delivery=method.upper() == "COD" if method else None,
        method=method_of("payment_method", method),
    )


_PAID_BY_THEN = ("pending", "packed", "ready_to_ship", "shipped", "delivered")
_SINCE = (PAID, SHIPPED, CANCELLED, BUYERS, ON_DELIVERY, PREPAID, METHOD)
_COUNTED = ("orders", MONEY, UNITS, *(AT_LEAST + name for name in _SINCE))
