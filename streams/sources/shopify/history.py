"""The past of a Shopify shop: by bulk operations, and as far back as the app may see."""

from __future__ import annotations

import asyncio
from typing import Any

from scoring.funnel.units import DAY_MS
from scoring.sources.cursors import PollWindow
from scoring.sources.json_values import UnreadableValueError, moment_of, read_json, text_of, whole_of
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
from streams.sources.shopify.asking import ask
from streams.sources.shopify.config import ShopifyConnection
from streams.sources.source import PolledRow, PollPage, polled_row

#: older orders are shown only with the scope read_all_orders; without it they are left out in silence
_SHOWN_MS = 60 * DAY_MS
#: seconds between two looks at a bulk operation, growing
_LOOKS_S = (2.0, 5.0, 10.0, 20.0, 30.0)
#: looks at one bulk operation: half a day
_MAX_LOOKS = 1440
_WORKING = frozenset({"CREATED", "RUNNING", "CANCELING"})
#: why a bulk operation cannot begin yet: others of this app and shop are running
_BUSY = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})


async def past_page(config: ShopifyConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """A window of history by a bulk operation: begun, looked at until it is done, then read whole.

    The mark is the operation and how often it was looked at.
    """
    if not mark:
        await see_that_past_is_shown(config, api, window)
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
        rows = [row_of(read_json(line)) for line in answer.body.splitlines() if line.strip()]
    except (UnreadableValueError, UnicodeDecodeError) as error:
        raise AnswerGarbledError(f"the file of the bulk operation: {error}") from error
    return PollPage(rows=rows, total=total, served=served)


async def see_that_past_is_shown(config: ShopifyConnection, api: PlatformApi, window: PollWindow) -> None:
    """Raise where older orders would be left out without a word.

    Raises:
        ScopeMissingError: the window is older than 60 days, and the app may not see that.
    """
    if api.now_ms - window.from_ms <= _SHOWN_MS:
        return
    data, _ = await ask(api, config, queries.SCOPES)
    if "read_all_orders" not in scopes_of(data, config):
        raise ScopeMissingError(
            "the scope read_all_orders is missing: Shopify leaves out orders older than 60 days"
        )


def scopes_of(data: dict[str, Any], config: ShopifyConnection) -> list[str]:
    """What the app may do."""
    try:
        return [str(one["handle"]) for one in data["currentAppInstallation"]["accessScopes"]]
    except (KeyError, TypeError) as error:
        raise AnswerGarbledError(f"{config.shop} does not say the app's scopes") from error


def row_of(node: Any) -> PolledRow:
    """An order of an answer."""
    if not isinstance(node, dict):
        raise UnreadableValueError("an order that is not an object")
    number = text_of(node.get("legacyResourceId"), "legacyResourceId")
    return polled_row(number, node, moment_of(node.get("updatedAt"), "updatedAt", "UTC"))
