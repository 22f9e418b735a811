"""What is asked of Lazada, country by country: orders with their items, reverse orders, figures of ads, the seller's standing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import text_of
from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi
from streams.sources.lazada.config import LazadaConnection
from streams.sources.lazada.feedback import REVIEW_DAYS, chats, reviews
from streams.sources.lazada.fields import (
    ADS_FIELDS,
    CHAT_FIELDS,
    ORDER_FIELDS,
    PEOPLE,
    REVERSE_FIELDS,
    REVIEW_FIELDS,
    STANDING_FIELDS,
)
from streams.sources.market_asking import (
    ADS_RESTATED_DAYS,
    changes,
    day_at,
    days_between,
    get_request,
    iso,
    part_of,
    row_of,
    rows_of,
    total_of,
    window_within,
)
from streams.sources.market_config import COUNTRIES
from streams.sources.market_reading import Resource
from streams.sources.source import Poll, PollPage

#: orders whose items are asked for at once
_ORDERS_AT_ONCE = 50
_WINDOW_S = 86_400.0
#: a window of reviews
_REVIEWS_OVERLAP_S = 2 * _WINDOW_S
_REVIEWS_S = window_within(REVIEW_DAYS * _WINDOW_S, _REVIEWS_OVERLAP_S)


def polls(config: LazadaConnection) -> tuple[Poll, ...]:
    """The resources of a connection in each of its countries; none where only pushes come."""
    if not config.is_authorised:
        return ()
    return tuple(poll for country in config.stores_of_shops for poll in _of_country(config, country))


def _of_country(config: LazadaConnection, country: str) -> list[Poll]:
    suffix = f".{country}" if len(config.stores_of_shops) > 1 else ""
    plan = changes(config, _WINDOW_S)
    ads = PollPlan(3600.0, 3 * _WINDOW_S, 7200.0, 0.0, plan.first_s)
    standing = PollPlan(6 * 3600.0, 7 * _WINDOW_S, 0.0, 0.0, 60.0)
    found = {
        "orders": [
            Poll(
                Resource.ORDERS + suffix, plan, partial(orders, config, country), scope="order", people=PEOPLE, only=ORDER_FIELDS,
                restated_days=2,
            )
        ],
        "returns": [
            Poll(
                Resource.RETURNS + suffix, plan, partial(returns, config, country), scope="reverse order", only=REVERSE_FIELDS,
            )
        ],
        "ads": [
            Poll(
                Resource.ADS_DAYS + suffix, ads, partial(campaigns, config, country), scope="sponsored solutions", only=ADS_FIELDS,
                restated_days=ADS_RESTATED_DAYS,
            )
        ],
        "standing": [
            Poll(
                name + suffix, standing, partial(seller, config, country, path), has_past=False, scope="seller", only=STANDING_FIELDS,
            )
            for name, path in _STANDING.items()
        ],
        "reviews": [
            Poll(
                Resource.REVIEWS + suffix, PollPlan(6 * 3600.0, _REVIEWS_S, _REVIEWS_OVERLAP_S, 0.0, plan.first_s),
                partial(reviews, config, country), scope="product review", only=REVIEW_FIELDS,
            )
        ],
        "chat": [
            Poll(
                Resource.CHATS + suffix, PollPlan(1800.0, _WINDOW_S, 3 * _WINDOW_S + 3600.0, 0.0, 4 * _WINDOW_S),
                partial(chats, config, country), scope="instant messaging", only=CHAT_FIELDS,
            )
        ],
    }  # fmt: skip
    return [poll for part in config.reads for poll in found[part]]


_STANDING = {Resource.PERFORMANCE: "/seller/performance/get", Resource.SERVICE: "/seller/metrics/get"}


def question(config: LazadaConnection, country: str, path: str, query: Mapping[str, object]) -> HttpRequest:
    return get_request(config.base(country) + path, query)


# ---------------------------------------------------------------- orders


async def orders(
    config: LazadaConnection, country: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """One page of a closed window by time of change, each order with its items; the mark is the offset.

    Where Lazada does not say how many there are, the last page is an empty one.
    """
    offset = int(mark or 0)
    query = {
        "update_after": iso(window.from_ms),
        "update_before": iso(window.to_ms + 999),
        "sort_by": "updated_at",
        "sort_direction": "ASC",
        "offset": offset,
        "limit": config.page_size,
    }
    answer = await api.ask(question(config, country, "/orders/get", query))
    part = part_of(answer, answer.json(), "data")
    listed = part_of(answer, part, "orders", kind=list)
    total = total_of(answer, part, "countTotal")
    items = await items_of(config, country, api, [row.row_id for row in rows_of(answer, listed, "order_id")])
    store = config.stores_of_shops[country]
    rows = [
        row_of(
            answer,
            {**row, "order_items": items[text_of(row["order_id"], "order_id")]},
            "order_id",
            "updated_at",
            store,
        )
        for row in listed
    ]
    end = offset + len(rows)
    has_more = bool(rows) and (total is None or end < total)
    return PollPage(rows=rows, next_mark=str(end) if has_more else "", total=total)


async def items_of(
    config: LazadaConnection, country: str, api: PlatformApi, numbers: Sequence[str]
) -> dict[str, list[Any]]:
    """The items of some orders, by order. An order without any is not passed over."""
    found: dict[str, list[Any]] = {}
    for at in range(0, len(numbers), _ORDERS_AT_ONCE):
        some = numbers[at : at + _ORDERS_AT_ONCE]
        query = {
            "order_ids": json.dumps(
                [int(one) if one.isdigit() else one for one in some], separators=(",", ":")
            )
        }
        answer = await api.ask(question(config, country, "/orders/items/get", query))
        content = answer.json()
        data = content.get("data") if isinstance(content, dict) else None
        # the documentation shows an object, the service a list of them
        for part in data if isinstance(data, list) else [data]:
            for item in part_of(answer, part, "order_items", kind=list):
                found.setdefault(row_of(answer, item, "order_id").row_id, []).append(item)
        missing = [one for one in some if one not in found]
        if missing:
            raise AnswerGarbledError(f"{answer.host} gave no items of {len(missing)} of {len(some)} orders")
    return found


# ---------------------------------------------------------------- reverse orders, ads, standing


async def returns(
    config: LazadaConnection, country: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """One page of the reverse orders whose lines changed in a window."""
    number = int(mark or 1)
    query = {
        "page_no": number,
        "page_size": config.page_size,
        "ReverseOrderLineModifiedTimeRangeStart": window.from_ms,
        "ReverseOrderLineModifiedTimeRangeEnd": window.to_ms,
    }
    answer = await api.ask(question(config, country, "/reverse/getreverseordersforseller", query))
    part = part_of(answer, answer.json(), "result")
    listed = [_numbered(answer, row) for row in part_of(answer, part, "items", kind=list)]
    rows = rows_of(answer, listed, "reverse_order_id", store=config.stores_of_shops[country])
    total = total_of(answer, part, "total") or 0
    has_more = bool(rows) and number * config.page_size < total
    return PollPage(rows=rows, next_mark=str(number + 1) if has_more else "", total=total)


def _numbered(answer: HttpAnswer, row: Any) -> dict[str, Any]:
    """A reverse order whose lines have their number under a name that is not taken for a person's account (LINE)."""
    lines = part_of(answer, row, "reverse_order_lines", kind=list)
    numbered = [
        {**line, "number": line.get("reverse_order_line_id")} for line in lines if isinstance(line, dict)
    ]
    return {**row, "reverse_order_lines": numbered}


async def campaigns(
    config: LazadaConnection, country: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """One page of the campaigns of one day; the mark is the day and the page."""
    zone = COUNTRIES[country].zone
    days = [day.isoformat() for day in days_between(window.from_ms, window.to_ms, zone)]
    day, _, page = (mark or f"{days[0]} 1").partition(" ")
    today = day_at(api.now_ms, zone)
    query = {
        "startDate": day,
        "endDate": day,
        "pageNo": page,
        "pageSize": config.page_size,
        "useRtTable": str(day == today).lower(),
    }
    answer = await api.ask(
        question(config, country, "/sponsor/solutions/report/getDiscoveryReportCampaign", query)
    )
    part = part_of(answer, answer.json(), "result")
    listed = part_of(answer, part, "result", kind=list)
    named = [
        {**one, "day": day, "row": f"{day} {one.get('campaignId')}"}
        for one in listed
        if isinstance(one, dict)
    ]
    rows = rows_of(answer, named, "row", store=config.stores_of_shops[country])
    left = [one for one in days if one > day]
    if rows and int(page) * config.page_size < (total_of(answer, part, "totalCount") or 0):
        return PollPage(rows=rows, next_mark=f"{day} {int(page) + 1}")
    return PollPage(rows=rows, next_mark=f"{left[0]} 1" if left else "")


async def seller(
    config: LazadaConnection, country: str, path: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """The seller's figures as one row a day."""
    answer = await api.ask(question(config, country, path, {}))
    found = part_of(answer, answer.json(), "data")
    day = day_at(window.to_ms, COUNTRIES[country].zone)
    row = row_of(answer, {**found, "day": day}, "day", store=config.stores_of_shops[country])
    return PollPage(rows=(row,))
