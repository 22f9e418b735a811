"""WooCommerce's orders of closed days a second time: by date of creation, read without the mapping."""

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
    UNITS,
    CountedOrder,
)
from scoring.sources.second_way import AT_LEAST, MONEY, DayFigures
from streams.sources.asking import PlatformApi
from streams.sources.connection import Connection
from streams.sources.json_object import JsonObject
from streams.sources.recounting import counted_rows, method_of, recounted
from streams.sources.woocommerce.config import WooCommerceConnection
from streams.sources.woocommerce.mapping import ORDERS
from streams.sources.woocommerce.polling import LISTED, has_next, listed, second_of


async def second_way(api: PlatformApi, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
    """The orders that were placed on closed days, by date of creation, with what they are worth."""
    config: WooCommerceConnection = connection.config

    async def placed(begin_ms: int, end_ms: int) -> dict[str, CountedOrder]:
        found: dict[str, CountedOrder] = {}
        number, has_more = 1, True
        while has_more:
            query = {
                "after": second_of(begin_ms - 1000),
                "before": second_of(end_ms),
                "orderby": "date",
                "order": "asc",
                **LISTED,
                "per_page": str(config.page_size),
                "page": str(number),
            }
            answer, rows = await listed(config, api, ORDERS, query)
            found |= counted_rows(answer.host, rows, "id", partial(_counted_order, config))
            has_more, number = has_next(config, answer, number, len(rows)), number + 1
        return found

    return await recounted(connection, days, _COUNTED, placed, None)


#: an order that is cancelled or refunded later says no longer what had happened to it
_SINCE = (PAID, SHIPPED, CANCELLED, BUYERS, ON_DELIVERY, PREPAID, METHOD, COUNTRY)
_COUNTED = ("orders", MONEY, UNITS, *(AT_LEAST + name for name in _SINCE))


def _counted_order(config: WooCommerceConnection, row: JsonObject) -> CountedOrder | None:
    """An order that is none of the drafts of a checkout. One on delivery is paid once it is done, others once they are no longer waiting."""
    status, done_ms, method = (
        row.text("status"),
        row.moment("date_completed_gmt"),
        row.text("payment_method"),
    )
    if status.endswith("draft"):
        return None
    is_done, is_cod = status == "completed", method in config.cod
    is_paid = is_done or (not is_cod and status in ("processing", "refunded"))
    paid_ms = done_ms if is_cod else row.moment("date_paid_gmt")
    return CountedOrder(
        placed_ms=row.moment("date_created_gmt"),
        paid_ms=paid_ms if is_paid else 0,
        amount=row.money("total"),
        currency=row.text("currency"),
        shipped_ms=done_ms if is_done else 0,
        cancelled_ms=row.moment("date_modified_gmt") if status == "cancelled" else 0,
        units=sum(line.whole("quantity") for line in row.rows("line_items")),
        has_buyer=row.text("customer_id") not in ("", "0"),
        on_delivery=is_cod if method else None,
        method=method_of("payment_method", method),
        country=row.text("shipping", "country") or row.text("billing", "country"),
    )
