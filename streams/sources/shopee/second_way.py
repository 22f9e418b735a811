"""Shopee's orders of closed days a second time: listed by time of creation, their details read without the mapping."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from scoring.sources.counted_orders import (
    BUYERS,
    CANCELLED,
    COUNTRY,
    METHOD,
    ON_DELIVERY,
    PAID,
    PREPAID,
    SHIPPED,
    UNITS,
    CountedOrder,
)
from scoring.sources.cursors import PollWindow
from scoring.sources.second_way import AT_LEAST, MONEY, DayFigures
from streams.sources.asking import PlatformApi
from streams.sources.connection import Connection
from streams.sources.json_object import JsonObject
from streams.sources.recounting import counted_rows, method_of, recounted
from streams.sources.shopee.config import ShopeeConnection
from streams.sources.shopee.polling import DETAILS, details_of, listed_orders


async def second_way(api: PlatformApi, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
    """The orders that were placed on closed days, by time of creation, with what they are worth and when they were paid."""
    config: ShopeeConnection = connection.config

    async def placed(begin_ms: int, end_ms: int) -> dict[str, CountedOrder]:
        found: dict[str, CountedOrder] = {}
        mark, is_first = "", True
        while mark or is_first:
            window = PollWindow(begin_ms, end_ms - 1000)  # both seconds belong to Shopee's window
            listed, mark = await listed_orders(config, api, window, mark, "create_time")
            for at in range(0, len(listed), DETAILS):
                answer, rows = await details_of(config, api, listed[at : at + DETAILS])
                found |= counted_rows(answer.host, rows, "order_sn", _counted)
            is_first = False
        return found

    return await recounted(connection, days, _COUNTED, placed, None)


_SINCE = (SHIPPED, CANCELLED, BUYERS, ON_DELIVERY, PREPAID, METHOD, COUNTRY)
_COUNTED = ("orders", MONEY, PAID, UNITS, *(AT_LEAST + name for name in _SINCE))


def _counted(row: JsonObject) -> CountedOrder:
    return CountedOrder(
        cancelled_ms=row.moment("update_time") if row.text("order_status") == "CANCELLED" else 0,
        units=sum(line.whole("model_quantity_purchased") for line in row.rows("item_list")),
        has_buyer=bool(row.text("buyer_user_id")),
        placed_ms=row.moment("create_time"),
        paid_ms=row.moment("pay_time"),
        amount=row.money("total_amount"),
        currency=row.text("currency"),
        shipped_ms=row.moment("pickup_done_time"),
        on_delivery=row.answer("cod"),
        method=method_of("payment_method", row.text("payment_method")),
        country=row.text("recipient_address", "region") or row.text("region"),
    )
