"""What is asked of a Shopee shop's standing: its metrics, issues of listings, penalties, and whether it is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scoring.sources.cursors import PollWindow
from streams.sources.asking import HttpAnswer, PlatformApi
from streams.sources.market_asking import day_at, part_of, row_of, total_of
from streams.sources.market_reading import Resource
from streams.sources.shopee.config import ShopeeConnection
from streams.sources.shopee.questions import PAGE_SIZE, question, store_of
from streams.sources.source import PolledRow, PollPage


async def _standing(
    config: ShopeeConnection,
    api: PlatformApi,
    window: PollWindow,
    path: str,
    query: Mapping[str, object],
    part: str,
) -> PollPage:
    """An answer as one row a day, with the day it was asked for."""
    answer = await api.ask(question(config, path, query))
    content = answer.json()
    found = part_of(answer, content, part) if part else part_of(answer, content)
    day = day_at(window.to_ms, config.site.zone)
    return PollPage(rows=(row_of(answer, {"day": day, **found}, "day", store=store_of(config)),))


async def performance(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """Metrics with their targets."""
    return await _standing(config, api, window, "account_health/get_shop_performance", {}, "response")


async def shop_info(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """When the authorisation ends, and whether the shop is open."""
    return await _standing(config, api, window, "shop/get_shop_info", {}, "")


async def _pages(
    config: ShopeeConnection,
    api: PlatformApi,
    window: PollWindow,
    mark: str,
    path: str,
    rows: str,
    query: Mapping[str, object],
) -> PollPage:
    """One page of a list; each row with the day it was asked for, because some lists do not say since when."""
    number = int(mark or 1)
    answer = await api.ask(question(config, path, {"page_no": number, "page_size": PAGE_SIZE, **query}))
    part = part_of(answer, answer.json(), "response")
    day = day_at(window.to_ms, config.site.zone)
    listed = part_of(answer, part, rows, kind=list)
    total = total_of(answer, part, "total_count") or 0
    made = [_named(answer, {"day": day, **row}, config) for row in listed if isinstance(row, dict)]
    has_more = bool(listed) and number * PAGE_SIZE < total
    return PollPage(rows=made, next_mark=str(number + 1) if has_more else "", total=total)


def _named(answer: HttpAnswer, row: dict[str, Any], config: ShopeeConnection) -> PolledRow:
    number = "item_id" if "item_id" in row else "reference_id"
    return row_of(answer, row, number, store=store_of(config))


async def listings(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """Listings with issues."""
    path = "account_health/get_listings_with_issues"
    return await _pages(config, api, window, mark, path, "listing_list", {})


async def penalties(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """Penalty points of the present quarter."""
    path = "account_health/get_penalty_point_history"
    return await _pages(config, api, window, mark, path, "penalty_point_list", {})


async def punishments(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """Punishments that last."""
    path = "account_health/get_punishment_history"
    return await _pages(config, api, window, mark, path, "punishment_list", {"punishment_status": 1})


STATES = {
    Resource.PERFORMANCE: performance,
    Resource.LISTINGS: listings,
    Resource.PENALTIES: penalties,
    Resource.PUNISHMENTS: punishments,
    Resource.SHOP: shop_info,
}
