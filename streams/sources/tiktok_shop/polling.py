"""What is asked of TikTok Shop, shop by shop: orders, returns, cancellations, analytics, LIVE sessions, customer service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.ending_dates import Offer
from scoring.sources.endings import Use
from streams.sources.asking import HttpAnswer, HttpRequest, PlatformApi
from streams.sources.market_asking import (
    ADS_RESTATED_DAYS,
    changes,
    days_between,
    part_of,
    row_of,
    rows_of,
    total_of,
)
from streams.sources.market_reading import Resource
from streams.sources.source import Poll, PollPage
from streams.sources.tiktok_shop.asking import ShopCiphers
from streams.sources.tiktok_shop.config import TiktokShopConnection
from streams.sources.tiktok_shop.fields import AFTER_SALE_FIELDS, OPENED, ORDER_FIELDS, PEOPLE, REPORT_FIELDS

_LONGEST_S = 7 * 86_400.0
ORDERS_PATH = "/order/202309/orders/search"
#: of each list: its path, where its rows are, and what they are recognised by
_LISTS = {
    Resource.ORDERS: (ORDERS_PATH, "orders", "id"),
    Resource.RETURNS: ("/return_refund/202309/returns/search", "return_orders", "return_id"),
    Resource.CANCELLATIONS: ("/return_refund/202309/cancellations/search", "cancellations", "cancel_id"),
}
#: what each thing that is read asks for
VERSIONS = {
    "orders": Use(Offer.TIKTOK_SHOP_ORDERS, "202309"),
    "returns": Use(Offer.TIKTOK_SHOP_RETURNS, "202309"),
    "cancellations": Use(Offer.TIKTOK_SHOP_RETURNS, "202309"),
    "analytics": Use(Offer.TIKTOK_SHOP_ANALYTICS, "202405"),
    "lives": Use(Offer.TIKTOK_SHOP_LIVES, "202508"),
    "service": Use(Offer.TIKTOK_SHOP_SERVICE, "202407"),
}


def polls(config: TiktokShopConnection) -> tuple[Poll, ...]:
    """The resources of a connection in each of its shops; none where only pushes come."""
    if not config.is_authorised:
        return ()
    ciphers = ShopCiphers(config)
    return tuple(poll for shop in config.stores_of_shops for poll in _of_shop(config, ciphers, shop))


def _of_shop(config: TiktokShopConnection, ciphers: ShopCiphers, shop: str) -> list[Poll]:
    suffix = f".{shop}" if len(config.stores_of_shops) > 1 else ""
    plan = changes(config, _LONGEST_S)
    figures = PollPlan(3 * 3600.0, _LONGEST_S, 2 * 86_400.0, 0.0, plan.first_s)
    found = {}
    for name in _LISTS:
        is_order = name is Resource.ORDERS
        found[name.value] = Poll(
            name + suffix, plan, partial(listed, config, ciphers, shop, name), scope=name.value, people=PEOPLE, kept=OPENED,
            only=ORDER_FIELDS if is_order else AFTER_SALE_FIELDS, restated_days=2 if is_order else 0, past_window_s=_LONGEST_S,
        )  # fmt: skip
    reports = {
        "analytics": (Resource.TRAFFIC_DAYS, traffic),
        "lives": (Resource.LIVES, lives),
        "service": (Resource.SERVICE, service),
    }
    for part, (resource, fetch) in reports.items():
        found[part] = Poll(
            resource + suffix, figures, partial(fetch, config, ciphers, shop), scope=part, only=REPORT_FIELDS,
            restated_days=ADS_RESTATED_DAYS,
        )  # fmt: skip
    return [found[part] for part in config.reads]


def request_of(
    config: TiktokShopConnection,
    path: str,
    query: Mapping[str, object],
    body: Mapping[str, object] | None = None,
) -> HttpRequest:
    parts = tuple((name, str(one)) for name, one in query.items() if one != "")
    text = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    return HttpRequest(config.url.rstrip("/") + path, "GET" if body is None else "POST", parts, body=text)


# ---------------------------------------------------------------- orders and what follows them


async def listed(
    config: TiktokShopConnection,
    ciphers: ShopCiphers,
    shop: str,
    name: Resource,
    api: PlatformApi,
    window: PollWindow,
    mark: str,
) -> PollPage:
    """One page of a window by time of change."""
    path, rows_at, number = _LISTS[name]
    query = {
        "page_size": config.page_size,
        "sort_field": "update_time",
        "sort_order": "ASC",
        "page_token": mark,
        "shop_cipher": await ciphers.of(api, shop),
    }
    body = {"update_time_ge": window.from_ms // 1000, "update_time_lt": -(-window.to_ms // 1000)}
    answer = await api.ask(request_of(config, path, query, body))
    listed, next_mark, total = page_of(answer, rows_at)
    rows = rows_of(answer, listed, number, "update_time", config.stores_of_shops[shop])
    return PollPage(rows=rows, next_mark=next_mark, total=total)


def page_of(answer: HttpAnswer, rows_at: str) -> tuple[list[Any], str, int | None]:
    """The rows of a page, the token of the next, and how many there are in all. Of none, TikTok leaves out the list."""
    part = part_of(answer, answer.json(), "data")
    total = total_of(answer, part, "total_count")
    if rows_at not in part and total == 0:
        return [], "", 0
    return part_of(answer, part, rows_at, kind=list), str(part.get("next_page_token") or ""), total


# ---------------------------------------------------------------- reports, by the shop's own days


def _days(window: PollWindow) -> list[date]:
    """The days of a window wherever the shop is: up to a day more at its beginning, and what is not there yet is not there."""
    return list(days_between(window.from_ms - 86_400_000, window.to_ms, "UTC"))


def _spanned(window: PollWindow, cipher: str) -> dict[str, Any]:
    """What analytics are asked for: the days of a window, in the shop's own money."""
    days = _days(window)
    return {
        "start_date_ge": days[0].isoformat(),
        "end_date_lt": (days[-1] + timedelta(days=1)).isoformat(),
        "currency": "LOCAL",
        "shop_cipher": cipher,
    }


def _with_latest(answer: HttpAnswer, part: Any, found: list[Any]) -> list[dict[str, Any]]:
    """Each row with the last day that is whole."""
    latest = part_of(answer, part, "latest_available_date", kind=str)
    return [{**row, "latest_available_date": latest} for row in found if isinstance(row, dict)]


async def traffic(
    config: TiktokShopConnection,
    ciphers: ShopCiphers,
    shop: str,
    api: PlatformApi,
    window: PollWindow,
    mark: str,
) -> PollPage:
    """The days of a window."""
    query = _spanned(window, await ciphers.of(api, shop)) | {"granularity": "1D"}
    answer = await api.ask(request_of(config, "/analytics/202405/shop/performance", query))
    part = part_of(answer, answer.json(), "data")
    rows = _with_latest(answer, part, part_of(answer, part, "performance", "intervals", kind=list))
    return PollPage(rows=rows_of(answer, rows, "start_date", store=config.stores_of_shops[shop]))


async def lives(
    config: TiktokShopConnection,
    ciphers: ShopCiphers,
    shop: str,
    api: PlatformApi,
    window: PollWindow,
    mark: str,
) -> PollPage:
    """One page of the LIVE sessions of some days."""
    query = _spanned(window, await ciphers.of(api, shop))
    query |= {"page_size": config.page_size, "page_token": mark}
    answer = await api.ask(request_of(config, "/analytics/202508/shop_lives/performance", query))
    part = part_of(answer, answer.json(), "data")
    total = total_of(answer, part, "total_count")
    found = [] if total == 0 else part_of(answer, part, "live_stream_sessions", kind=list)
    rows = _with_latest(answer, part, found)
    made = rows_of(answer, rows, "id", store=config.stores_of_shops[shop])
    return PollPage(rows=made, next_mark=str(part.get("next_page_token") or "") if rows else "", total=total)


async def service(
    config: TiktokShopConnection,
    ciphers: ShopCiphers,
    shop: str,
    api: PlatformApi,
    window: PollWindow,
    mark: str,
) -> PollPage:
    """The customer service of one closed day after another; the mark is the day."""
    days = [day.isoformat() for day in _days(window)[:-1]]
    if not days:
        return PollPage(rows=())
    at = days.index(mark) if mark in days else 0
    query = {
        "support_date_ge": days[at],
        "support_date_lt": (date.fromisoformat(days[at]) + timedelta(days=1)).isoformat(),
        "shop_cipher": await ciphers.of(api, shop),
    }
    answer = await api.ask(request_of(config, "/customer_service/202407/performance", query))
    found = part_of(answer, answer.json(), "data", "performance")
    row = row_of(answer, {**found, "day": days[at]}, "day", store=config.stores_of_shops[shop])
    return PollPage(rows=(row,), next_mark=days[at + 1] if at + 1 < len(days) else "")
