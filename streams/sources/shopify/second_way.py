"""Shopify's orders of closed days a second time: by when they were placed, read without the mapping."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from scoring.sources.counted_orders import (
    BUYERS,
    CANCELLED,
    COUNTRY,
    METHOD,
    ON_DELIVERY,
    PAID,
    PREPAID,
    SHIPPED,
    CountedOrder,
)
from scoring.sources.json_values import UnreadableValueError
from scoring.sources.second_way import AT_LEAST, MONEY, DayFigures
from streams.sources.asking import AnswerGarbledError, PlatformApi
from streams.sources.connection import Connection
from streams.sources.json_object import JsonObject
from streams.sources.recounting import counted_rows, method_of, recounted
from streams.sources.shopify import queries
from streams.sources.shopify.asking import ask
from streams.sources.shopify.config import ShopifyConnection
from streams.sources.shopify.polling import exact, page_of, page_that_may_be_asked


async def second_way(api: PlatformApi, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
    """The orders that were placed on closed days, with what they are worth; of days with very many, how many there are."""
    config: ShopifyConnection = connection.config

    async def placed(begin_ms: int, end_ms: int) -> dict[str, CountedOrder]:
        found: dict[str, CountedOrder] = {}
        mark, is_first = "", True
        while mark or is_first:
            data, _ = await page_that_may_be_asked(config, api, queries.placed_in(begin_ms, end_ms), mark)
            rows, mark, total = page_of(config, data)
            found |= counted_rows(config.shop, rows, "legacyResourceId", partial(_counted, config))
            is_first = False
        if total is not None and len(found) != total:
            raise AnswerGarbledError(f"{config.shop}: {len(found)} of {total} orders of a day arrived")
        return found

    async def count(begin_ms: int, end_ms: int) -> int | None:
        data, _ = await ask(api, config, queries.count(begin_ms, end_ms))
        try:
            return exact(data.get("ordersCount"))
        except UnreadableValueError as error:
            raise AnswerGarbledError(f"the count of a day: {error}") from error

    return await recounted(connection, days, _COUNTED, placed, count)


#: an order may be paid, or sent, without a record of it that has a time
_SINCE = (PAID, SHIPPED, CANCELLED, BUYERS, ON_DELIVERY, PREPAID, METHOD, COUNTRY)
_COUNTED = ("orders", MONEY, *(AT_LEAST + name for name in _SINCE))


def _counted(config: ShopifyConnection, row: JsonObject) -> CountedOrder:
    named = row.at("paymentGatewayNames")
    gateways = [str(name).strip() for name in named if name] if isinstance(named, list) else []
    money = [
        one.moment("processedAt")
        for one in row.rows("transactions")
        if one.text("status") == "SUCCESS" and one.text("kind") in ("SALE", "CAPTURE")
    ]
    is_paid = row.text("displayFinancialStatus") in ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")
    sent = [one.moment("createdAt") for one in row.rows("fulfillments") if one.text("status") == "SUCCESS"]
    return CountedOrder(
        placed_ms=row.moment("processedAt"),
        paid_ms=max(money, default=0) if is_paid else 0,
        amount=row.money("totalPriceSet", "shopMoney", "amount"),
        currency=row.text("totalPriceSet", "shopMoney", "currencyCode"),
        shipped_ms=min(sent, default=0),
        cancelled_ms=row.moment("cancelledAt"),
        has_buyer=bool(row.text("customer", "legacyResourceId")),
        on_delivery=any(word.lower() in name.lower() for name in gateways for word in config.cod)
        if gateways
        else None,
        method=method_of("paymentGatewayNames", gateways[0]) if gateways else "",
        country=row.text("shippingAddress", "countryCodeV2"),
    )
