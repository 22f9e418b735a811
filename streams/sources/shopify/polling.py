"""What is asked for on a schedule: changed orders page by page, history by bulk operation, and the app's access."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from scoring.funnel.units import DAY_MS
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import (
    UnreadableValueError,
    moment_of,
    read_json,
    text_of,
    whole_of,
)
from streams.sources.asking import (
    MAX_BYTES,
    AnswerGarbledError,
    HttpRequest,
    PlatformApi,
    PlatformFailedError,
    PlatformRejectedError,
    PlatformThrottledError,
    ScopeMissingError,
)
from streams.sources.shopify import queries
from streams.sources.shopify.asking import TOO_COSTLY, ask
from streams.sources.shopify.config import ShopifyConnection
from streams.sources.shopify.fields import KEPT, OPENED, PEOPLE
from streams.sources.shopify.mapping import ACCESS, ORDERS
from streams.sources.source import Poll, PolledRow, PollPage, polled_row

#: older orders are shown only with the scope read_all_orders; without it they are left out in silence
_SHOWN_MS = 60 * DAY_MS
#: of a window of history, by one bulk operation
_PAST_S = 7 * 86_400.0
#: changes may be filtered by some seconds after they happened
_SETTLE_S, _OVERLAP_S = 5.0, 900.0
_ACCESS_S = 3600.0
#: seconds between two looks at a bulk operation, growing
_LOOKS_S = (2.0, 5.0, 10.0, 20.0, 30.0)
#: looks at one bulk operation: half a day
_MAX_LOOKS = 1440
_WORKING = frozenset({"CREATED", "RUNNING", "CANCELING"})
#: why a bulk operation cannot begin yet: others of this app and shop are running
_BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})


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
    await _see_that_past_is_shown(config, api, window)
    data, served = await page_that_may_be_asked(config, api, queries.changed_in(window), mark)
    nodes, next_mark, total = page_of(config, data)
    try:
        rows = [_row(node) for node in nodes]
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


def _row(node: Any) -> PolledRow:
    if not isinstance(node, dict):
        raise UnreadableValueError("an order that is not an object")
    number = text_of(node.get("legacyResourceId"), "legacyResourceId")
    return polled_row(number, node, moment_of(node.get("updatedAt"), "updatedAt", "UTC"))


def exact(count: Any) -> int | None:
    """A count that is exact; None where Shopify says that there are more."""
    if not isinstance(count, dict) or count.get("precision") != "EXACT":
        return None
    return whole_of(count.get("count"), "ordersCount")


async def _see_that_past_is_shown(config: ShopifyConnection, api: PlatformApi, window: PollWindow) -> None:
    """Raise where older orders would be left out without a word.

    Raises:
        ScopeMissingError: the window is older than 60 days, and the app may not see that.
    """
    if api.now_ms - window.from_ms <= _SHOWN_MS:
        return
    data, _ = await ask(api, config, queries.SCOPES)
    if "read_all_orders" not in _scopes(data, config):
        raise ScopeMissingError(
            "the scope read_all_orders is missing: Shopify leaves out orders older than 60 days"
        )


# ---------------------------------------------------------------- history


async def past_page(config: ShopifyConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """A window of history by a bulk operation: begun, looked at until it is done, then read whole.

    The mark is the operation and how often it was looked at.
    """
    if not mark:
        await _see_that_past_is_shown(config, api, window)
        return PollPage(rows=(), next_mark=f"{await _begun(config, api, window)} 0")
    operation, _, looks = mark.rpartition(" ")
    look = int(looks)
    await asyncio.sleep(_LOOKS_S[min(look, len(_LOOKS_S) - 1)])
    data, served = await ask(api, config, queries.BULK_STATE, {"id": operation})
    state = data.get("node")
    if not isinstance(state, dict):
        raise PlatformFailedError(f"{config.shop} does not know the bulk operation any more")
    status = state.get("status")
    if status in _WORKING and look < _MAX_LOOKS:
        return PollPage(rows=(), next_mark=f"{operation} {look + 1}", served=served)
    if status != "COMPLETED":
        raise PlatformFailedError(
            f"{config.shop}: the bulk operation ended as {status} ({state.get('errorCode')}): not an empty answer"
        )
    return await _read_bulk(config, api, state, served)


async def _begun(config: ShopifyConnection, api: PlatformApi, window: PollWindow) -> str:
    query = queries.all_orders(window, config.buyers)
    data, _ = await ask(api, config, queries.RUN_BULK, {"query": query})
    run = data.get("bulkOperationRunQuery") or {}
    errors = run.get("userErrors") or []
    if errors:
        found = [one for one in errors if isinstance(one, dict)]
        said = "; ".join(str(one.get("message", "")) for one in found)
        if {one.get("code") for one in found} & _BUSY:
            raise PlatformThrottledError(f"{config.shop}: {said[:200]}", 60.0)
        raise PlatformRejectedError(f"{config.shop}: {said[:200]}")
    operation = (run.get("bulkOperation") or {}).get("id")
    if not isinstance(operation, str) or not operation:
        raise AnswerGarbledError(f"{config.shop} began no bulk operation, and says no error")
    return operation


async def _read_bulk(
    config: ShopifyConnection, api: PlatformApi, state: dict[str, Any], served: str
) -> PollPage:
    try:
        total = whole_of(state.get("rootObjectCount"), "rootObjectCount")
        size = whole_of(state.get("fileSize"), "fileSize")
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{config.shop}: {error}") from error
    url = state.get("url")
    if not url and not total:
        return PollPage(rows=(), total=0, served=served)
    if not isinstance(url, str) or not url:
        raise AnswerGarbledError(f"{config.shop}: {total} orders, but no file with them")
    if size > MAX_BYTES:
        raise PlatformRejectedError(
            f"{config.shop}: {size:,} bytes of orders in one part of the backfill; ask for fewer days at once"
        )
    answer = await api.ask(HttpRequest(url))
    try:
        rows = [_row(read_json(line)) for line in answer.body.splitlines() if line.strip()]
    except (UnreadableValueError, UnicodeDecodeError) as error:
        raise AnswerGarbledError(f"the file of the bulk operation: {error}") from error
    return PollPage(rows=rows, total=total, served=served)


# ---------------------------------------------------------------- access


async def access_page(config: ShopifyConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """The app's scopes, and the shop's zone and currency.

    Raises:
        ScopeMissingError: orders cannot be had without a scope that is missing.
    """
    data, served = await ask(api, config, queries.ACCESS)
    given = _scopes(data, config)
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


def _scopes(data: dict[str, Any], config: ShopifyConnection) -> list[str]:
    try:
        return [str(one["handle"]) for one in data["currentAppInstallation"]["accessScopes"]]
    except (KeyError, TypeError) as error:
        raise AnswerGarbledError(f"{config.shop} does not say the app's scopes") from error
