"""What is asked for on a schedule: changed orders page by page, and the app's access."""

from __future__ import annotations

from functools import partial
from typing import Any

from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import (
    UnreadableValueError,
    text_of,
    whole_of,
)
from streams.sources.asking import (
    AnswerGarbledError,
    PlatformApi,
    PlatformRejectedError,
    ScopeMissingError,
)
from streams.sources.shopify import queries
from streams.sources.shopify.asking import TOO_COSTLY, ask
from streams.sources.shopify.config import ShopifyConnection
from streams.sources.shopify.fields import KEPT, OPENED, PEOPLE
from streams.sources.shopify.history import past_page, row_of, scopes_of, see_that_past_is_shown
from streams.sources.shopify.mapping import ACCESS, ORDERS
from streams.sources.source import Poll, PollPage, polled_row

#: of a window of history, by one bulk operation
_PAST_S = 7 * 86_400.0
#: changes may be filtered by some seconds after they happened
_SETTLE_S, _OVERLAP_S = 5.0, 900.0
_ACCESS_S = 3600.0


def polls(config: ShopifyConnection) -> tuple[Poll, ...]:
    """The resources of a connection; none where only webhooks come."""
    if config.access == "none":
        return ()
    plan = PollPlan(config.interval_s, 86_400.0, _OVERLAP_S, _SETTLE_S, config.first_days * 86_400)
    return (
        Poll(
            ORDERS,
            plan,
            partial(orders_page, config),
            scope="read_orders",
            restated_days=2,
            version=config.version,
            people=PEOPLE,
            kept=OPENED,
            only=KEPT,
            past=partial(past_page, config),
            past_window_s=_PAST_S,
        ),
        Poll(
            ACCESS,
            PollPlan(_ACCESS_S, _ACCESS_S * 24, 0.0, 0.0, _ACCESS_S),
            partial(access_page, config),
            has_past=False,
            version=config.version,
            only=KEPT,
        ),
    )


# ---------------------------------------------------------------- changed orders


async def orders_page(config: ShopifyConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """One page of the orders that changed in a window."""
    await see_that_past_is_shown(config, api, window)
    data, served = await page_that_may_be_asked(config, api, queries.changed_in(window), mark)
    nodes, next_mark, total = page_of(config, data)
    try:
        rows = [row_of(node) for node in nodes]
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{config.shop}: no page of orders: {error}") from error
    return PollPage(rows=rows, next_mark=next_mark, total=total, served=served)


def page_of(config: ShopifyConnection, data: dict[str, Any]) -> tuple[list[Any], str, int | None]:
    """The orders of a page, the cursor to the next, and, on the last, how many there are."""
    try:
        nodes, info = data["orders"]["nodes"], data["orders"]["pageInfo"]
        has_more = bool(info["hasNextPage"])
        next_mark = text_of(info["endCursor"], "endCursor") if has_more else ""
        # orders that change meanwhile leave the window, so the number at the end is the one that must have come
        total = None if has_more else exact(data.get("ordersCount"))
    except (KeyError, TypeError, UnreadableValueError) as error:
        raise AnswerGarbledError(f"{config.shop}: no page of orders: {error}") from error
    if not isinstance(nodes, list) or (has_more and not next_mark):
        raise AnswerGarbledError(
            f"{config.shop}: a page without its orders, or without the cursor to the next"
        )
    return nodes, next_mark, total


async def page_that_may_be_asked(
    config: ShopifyConnection, api: PlatformApi, wanted: str, mark: str
) -> tuple[dict[str, Any], str]:
    """A page of the orders of a filter, made smaller until Shopify takes its cost."""
    size = config.page_size
    while True:
        variables = {"filter": wanted, "first": size, "after": mark or None}
        try:
            return await ask(api, config, queries.orders_page(config.buyers), variables)
        except PlatformRejectedError as error:
            if TOO_COSTLY not in str(error) or size == 1:
                raise
            size //= 2


def exact(count: Any) -> int | None:
    """A count that is exact; None where Shopify says that there are more."""
    if not isinstance(count, dict) or count.get("precision") != "EXACT":
        return None
    return whole_of(count.get("count"), "ordersCount")


# ---------------------------------------------------------------- access


async def access_page(config: ShopifyConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """The app's scopes, and the shop's zone and currency.

    Raises:
        ScopeMissingError: orders cannot be had without a scope that is missing.
    """
    data, served = await ask(api, config, queries.ACCESS)
    given = scopes_of(data, config)
    if not {"read_orders", "write_orders"} & set(given):
        raise ScopeMissingError("the scope read_orders is missing: no orders, payments and refunds")
    said = data.get("shop")
    shop: dict[str, Any] = said if isinstance(said, dict) else {}
    content = {
        "current": sorted(given),
        "iana_timezone": shop.get("ianaTimezone", ""),
        "currency": shop.get("currencyCode", ""),
    }
    return PollPage(rows=(polled_row("access", content),), served=served)
