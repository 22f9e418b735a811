"""TikTok Shop's orders of closed days a second time: searched by time of creation, read without the mapping."""

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
from scoring.sources.second_way import AT_LEAST, MONEY, DayFigures
from streams.sources.asking import PlatformApi
from streams.sources.connection import Connection
from streams.sources.json_object import JsonObject
from streams.sources.recounting import counted_rows, method_of, recounted
from streams.sources.tiktok_shop.asking import ShopCiphers
from streams.sources.tiktok_shop.config import TiktokShopConnection
from streams.sources.tiktok_shop.polling import ORDERS_PATH, page_of, request_of


async def second_way(api: PlatformApi, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
    """The orders that were placed on closed days, by time of creation, with what they are worth. Of an account with one shop."""
    config: TiktokShopConnection = connection.config
    cipher = await ShopCiphers(config).of(api, config.shop_id)

    async def placed(begin_ms: int, end_ms: int) -> dict[str, CountedOrder]:
        found: dict[str, CountedOrder] = {}
        body = {"create_time_ge": begin_ms // 1000, "create_time_lt": end_ms // 1000}
        mark, is_first = "", True
        while mark or is_first:
            query = {"page_size": config.page_size, "page_token": mark, "shop_cipher": cipher}
            answer = await api.ask(request_of(config, ORDERS_PATH, query, body))
            rows, mark, _ = page_of(answer, "orders")
            found |= counted_rows(answer.host, rows, "id", _counted)
            is_first = False
        return found

    return await recounted(connection, days, _COUNTED, placed, None)


_SINCE = (SHIPPED, CANCELLED, BUYERS, ON_DELIVERY, PREPAID, METHOD, COUNTRY)
_COUNTED = ("orders", MONEY, PAID, UNITS, *(AT_LEAST + name for name in _SINCE))


def _counted(row: JsonObject) -> CountedOrder | None:
    if row.answer("is_replacement_order") or row.answer("is_exchange_order"):
        return None
    return CountedOrder(
        placed_ms=row.moment("create_time"),
        paid_ms=row.moment("paid_time"),
        amount=row.money("payment", "total_amount"),
        currency=row.text("payment", "currency"),
        shipped_ms=row.moment("collection_time"),
        cancelled_ms=row.moment("cancel_time"),
        units=len(list(row.rows("line_items"))),
        has_buyer=bool(row.text("user_id")),
        on_delivery=row.answer("is_cod"),
        method=method_of("payment_method_name", row.text("payment_method_name")),
        country=row.text("recipient_address", "region_code"),
    )
