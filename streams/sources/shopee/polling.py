"""What is asked of Shopee: orders with their details, returns, lost pushes, figures of ads, and the shop's standing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import UnreadableValueError, answer_of, text_of
from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi
from streams.sources.market_asking import (
    ADS_RESTATED_DAYS,
    changes,
    days_between,
    part_of,
    row_of,
    rows_of,
    window_within,
)
from streams.sources.market_reading import Resource
from streams.sources.shopee.config import ShopeeConnection
from streams.sources.shopee.fields import (
    ADS_FIELDS,
    OPENED,
    ORDER_FIELDS,
    PEOPLE,
    PUSH_FIELDS,
    RETURN_FIELDS,
    STATE_FIELDS,
)
from streams.sources.shopee.questions import PAGE_SIZE, question, store_of
from streams.sources.shopee.standing import STATES
from streams.sources.source import Poll, PolledRow, PollPage

#: a window of orders and of returns, of which Shopee takes fifteen days, and the details asked for at once
WINDOW_S, DETAILS = window_within(15 * 86_400.0), 50
_HOUR_S, _DAY_S = 3600.0, 86_400.0
_WANTED = "buyer_user_id,item_list,pay_time,pickup_done_time,package_list,payment_method,total_amount,cancel_reason,cancel_by,fulfillment_flag"


def polls(config: ShopeeConnection) -> tuple[Poll, ...]:
    """The resources of a connection; none where only pushes come."""
    if not config.is_authorised:
        return ()
    first_s = config.first_days * _DAY_S
    plan = changes(config, WINDOW_S)
    lost = PollPlan(config.interval_s, WINDOW_S, 0.0, 0.0, _HOUR_S)
    states = PollPlan(_HOUR_S * 6, 7 * _DAY_S, 0.0, 0.0, 60.0)
    ads = PollPlan(_HOUR_S, 3 * _DAY_S, 2 * _HOUR_S, 0.0, first_s)
    found = {
        "orders": [
            Poll(
                Resource.ORDERS, plan, partial(orders, config), scope="order", people=PEOPLE, kept=OPENED, only=ORDER_FIELDS,
                past_window_s=WINDOW_S, restated_days=2,
            )
        ],
        "returns": [
            Poll(
                Resource.RETURNS, plan, partial(returns, config), scope="returns", only=RETURN_FIELDS, past_window_s=WINDOW_S,
            )
        ],
        "lost_pushes": [
            Poll(Resource.LOST_PUSHES, lost, partial(lost_pushes, config), has_past=False, scope="push", only=PUSH_FIELDS)
        ],
        "ads": [
            Poll(name, ads, partial(fetch, config), scope="ads", only=ADS_FIELDS, restated_days=ADS_RESTATED_DAYS)
            for name, fetch in ((Resource.ADS_HOURS, ads_hours), (Resource.ADS_DAYS, ads_days))
        ],
        "standing": [
            Poll(
                name, states, partial(fetch, config), has_past=False, scope="account_health", only=STATE_FIELDS
            )
            for name, fetch in STATES.items()
        ],
    }  # fmt: skip
    return tuple(poll for part in config.reads for poll in found[part])


def _more(answer: HttpAnswer, part: Mapping[str, Any], name: str) -> bool:
    """Whether there is a next page; an answer that does not say is none."""
    try:
        said = answer_of(part.get(name), name)
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    if said is None:
        raise AnswerGarbledError(f"{answer.host} does not say whether there is more (`{name}`)")
    return said


# ---------------------------------------------------------------- orders


async def orders(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """One page of a window by time of change, each order with its details."""
    listed, next_mark = await listed_orders(config, api, window, mark, "update_time")
    rows: list[PolledRow] = []
    for at in range(0, len(listed), DETAILS):
        rows += await _details(config, api, listed[at : at + DETAILS])
    return PollPage(rows=rows, next_mark=next_mark)


async def listed_orders(
    config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str, field: str
) -> tuple[list[str], str]:
    """The numbers of a page of orders, and the mark of the next. Shopee's edges hold both of their seconds."""
    query = {
        "time_range_field": field,
        "time_from": window.from_ms // 1000,
        "time_to": -(-window.to_ms // 1000),
        "page_size": PAGE_SIZE,
        "cursor": mark,
        "response_optional_fields": "order_status",
        "request_order_status_pending": "true",
    }
    answer = await api.ask(question(config, "order/get_order_list", query))
    part = part_of(answer, answer.json(), "response")
    rows = part_of(answer, part, "order_list", kind=list)
    numbers = [row.row_id for row in rows_of(answer, rows, "order_sn")]
    has_more = _more(answer, part, "more")
    return numbers, str(part.get("next_cursor") or "") if has_more else ""


async def _details(config: ShopeeConnection, api: PlatformApi, numbers: Sequence[str]) -> list[PolledRow]:
    answer, rows = await details_of(config, api, numbers)
    return rows_of(answer, rows, "order_sn", "update_time", store_of(config))


async def details_of(
    config: ShopeeConnection, api: PlatformApi, numbers: Sequence[str]
) -> tuple[HttpAnswer, list[Any]]:
    """The details of all of these orders."""
    query = {
        "order_sn_list": ",".join(numbers),
        "response_optional_fields": _WANTED,
        "request_order_status_pending": "true",
    }
    answer = await api.ask(question(config, "order/get_order_detail", query))
    rows = part_of(answer, answer.json(), "response", "order_list", kind=list)
    missing = set(numbers) - {row.row_id for row in rows_of(answer, rows, "order_sn")}
    if missing:
        raise AnswerGarbledError(f"{answer.host} gave no details of {len(missing)} of {len(numbers)} orders")
    return answer, rows


# ---------------------------------------------------------------- returns and lost pushes


async def returns(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """One page of the returns of a window by time of change."""
    number = int(mark or 1)
    query = {
        "page_no": number,
        "page_size": PAGE_SIZE,
        "update_time_from": window.from_ms // 1000,
        "update_time_to": -(-window.to_ms // 1000),
    }
    answer = await api.ask(question(config, "returns/get_return_list", query))
    part = part_of(answer, answer.json(), "response")
    rows = rows_of(
        answer, part_of(answer, part, "return", kind=list), "return_sn", "update_time", store_of(config)
    )
    return PollPage(rows=rows, next_mark=str(number + 1) if _more(answer, part, "more") else "")


async def lost_pushes(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """The earliest hundred pushes that did not arrive. Those of the page before are durable by now, so they are confirmed first."""
    confirmed = mark or window.mark
    if confirmed:
        body = json.dumps({"last_message_id": int(confirmed)}).encode()
        url = f"{config.base}/api/v2/push/confirm_consumed_lost_push_message"
        await api.ask(HttpRequest(url, "POST", headers={"Content-Type": "application/json"}, body=body))
    answer = await api.ask(question(config, "push/get_lost_push_message", {}))
    part = part_of(answer, answer.json(), "response")
    rows = [_lost(answer, row) for row in part_of(answer, part, "push_message_list", kind=list)]
    last = text_of(part.get("last_message_id"), "last_message_id") if rows else ""
    return PollPage(
        rows=rows, next_mark=last if rows and _more(answer, part, "has_next_page") else "", cursor_mark=last
    )


def _lost(answer: HttpAnswer, row: Any) -> PolledRow:
    """A push as it would have come: its text is within the row."""
    text = row.get("data") if isinstance(row, dict) else None
    if not isinstance(text, str) or not text:
        raise AnswerGarbledError(f"{answer.host} answered with a lost push without `data`")
    found = row_of(answer, {"data": text}, "data")
    return PolledRow(found.version, found.version, text)


# ---------------------------------------------------------------- figures of ads


async def ads_hours(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """The hours of one day after another; the mark is the day."""
    days = [day.isoformat() for day in days_between(window.from_ms, window.to_ms, config.site.zone)]
    at = days.index(mark) if mark in days else 0
    query = {"performance_date": f"{date.fromisoformat(days[at]):%d-%m-%Y}"}
    answer = await api.ask(question(config, "ads/get_all_cpc_ads_hourly_performance", query))
    hours = part_of(answer, answer.json(), "response", kind=list)
    row = row_of(answer, {"day": days[at], "hours": hours}, "day", store=store_of(config))
    return PollPage(rows=(row,), next_mark=days[at + 1] if at + 1 < len(days) else "")


async def ads_days(config: ShopeeConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """The days of a window, each a row. Shopee wants two different days."""
    days = list(days_between(window.from_ms - round(_DAY_S * 1000), window.to_ms, config.site.zone))
    query = {"start_date": f"{days[0]:%d-%m-%Y}", "end_date": f"{days[-1]:%d-%m-%Y}"}
    answer = await api.ask(question(config, "ads/get_all_cpc_ads_daily_performance", query))
    rows = part_of(answer, answer.json(), "response", kind=list)
    return PollPage(rows=rows_of(answer, rows, "date", store=store_of(config)))
