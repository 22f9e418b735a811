"""What is asked for: each kind of campaigns by day, and by hour one day after another, on the advertiser's own clock.

GMV Max is not in the ordinary report: a shop that uses it seems to spend nothing there.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scoring.funnel.units import DAY_MS
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import UnreadableValueError, whole_of
from scoring.sources.report_spans import span_on_clock
from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi
from streams.sources.market_asking import ADS_RESTATED_DAYS, days_between, part_of, row_of
from streams.sources.source import Poll, PolledRow, PollPage
from streams.sources.tiktok_ads.config import TiktokAdsConnection
from streams.sources.tiktok_ads.mapping import DAYS, HOURS, KEPT, KINDS

_DAY_S, _ROWS = DAY_MS / 1000, 1000
#: days that one report may span
_REPORT_DAYS = 28
_TIMES = {DAYS: "stat_time_day", HOURS: "stat_time_hour"}
_WHEN = re.compile(r"(\d{4}-\d{2}-\d{2})(?: (\d{2}):\d{2}:\d{2})?")


def polls(config: TiktokAdsConnection) -> tuple[Poll, ...]:
    """Days and hours of each kind of campaigns."""
    first_s = config.first_days * _DAY_S
    plans = {
        DAYS: PollPlan(3600.0, _REPORT_DAYS * _DAY_S, 2 * _DAY_S, 0.0, first_s),
        HOURS: PollPlan(config.interval_s, 2 * _DAY_S, 0.5 * _DAY_S, 0.0, min(first_s, 2 * _DAY_S)),
    }
    return tuple(
        Poll(
            f"{resource}.{kind}", plan, partial(figures, config, resource, kind), scope="reporting", only=KEPT,
            restated_days=ADS_RESTATED_DAYS,
        )
        for kind in config.reads
        for resource, plan in plans.items()
    )  # fmt: skip


async def figures(
    config: TiktokAdsConnection, resource: str, kind: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """One page. The mark is the advertiser's zone and money, the day where hours are asked for, and the page."""
    about, day, number = mark.split(" ") if mark else (await _advertiser(config, api), "", "1")
    zone = about.partition("|")[0]
    days = [one.isoformat() for one in days_between(window.from_ms, window.to_ms, zone)]
    day = day or days[0]
    first, last = (day, day) if resource == HOURS else (days[0], days[-1])
    answer = await api.ask(_request(config, resource, kind, first, last, number))
    part = part_of(answer, answer.json(), "data")
    about_pages = part_of(answer, part, "page_info")
    try:
        total, pages, size = (
            whole_of(about_pages.get(name), name) for name in ("total_number", "total_page", "page_size")
        )
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    # without a row TikTok leaves the list out, and says that there is none
    listed = [] if "list" not in part and total == 0 else part_of(answer, part, "list", kind=list)
    if len(listed) < min(size, total - (int(number) - 1) * size):
        raise AnswerGarbledError(f"{answer.host}: page {number} of {pages} has {len(listed)} rows of {total}")
    rows = [_row(answer, one, (first, last), about, api.now_ms) for one in listed]
    after = next((one for one in days if one > day), "") if resource == HOURS else ""
    if int(number) < pages:
        return PollPage(rows=rows, next_mark=f"{about} {day} {int(number) + 1}")
    return PollPage(rows=rows, next_mark=f"{about} {after} 1" if after else "")


def _request(
    config: TiktokAdsConnection, resource: str, kind: str, first: str, last: str, number: str
) -> HttpRequest:
    own = KINDS[kind]
    query = {
        "advertiser_id": config.advertiser,
        "dimensions": json.dumps(["advertiser_id", _TIMES[resource]]),
        "metrics": json.dumps(list(own.metrics.values())),
        "start_date": first,
        "end_date": last,
        "page": number,
        "page_size": str(_ROWS),
    }
    if own.promotion:
        filtering = {"gmv_max_promotion_types": [own.promotion]}
        query |= {"store_ids": json.dumps([config.shop_id]), "filtering": json.dumps(filtering)}
        return HttpRequest(config.address("/gmv_max/report/get/"), query=tuple(query.items()))
    query |= {"report_type": "BASIC", "data_level": "AUCTION_ADVERTISER"}
    return HttpRequest(config.address("/report/integrated/get/"), query=tuple(query.items()))


async def _advertiser(config: TiktokAdsConnection, api: PlatformApi) -> str:
    """The zone and the money of the advertiser: days are its."""
    query = (
        ("advertiser_ids", json.dumps([config.advertiser])),
        ("fields", json.dumps(["timezone", "currency"])),
    )
    answer = await api.ask(HttpRequest(config.address("/advertiser/info/"), query=query))
    listed = part_of(answer, answer.json(), "data", "list", kind=list)
    found = listed[0] if listed else {}
    zone, currency = (part_of(answer, found, name, kind=str) for name in ("timezone", "currency"))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise AnswerGarbledError(f"{answer.host} does not say the advertiser's time zone") from error
    return f"{zone}|{currency}"


def _row(answer: HttpAnswer, row: Any, asked: tuple[str, str], about: str, now_ms: int) -> PolledRow:
    """A day or an hour. One of another day than was asked for makes the answer another one."""
    said = part_of(answer, row, "dimensions")
    by_hour = _TIMES[HOURS] in said
    when = _WHEN.fullmatch(str(said.get(_TIMES[HOURS if by_hour else DAYS])))
    if when is None or not asked[0] <= when[1] <= asked[1] or (by_hour and when[2] is None):
        raise AnswerGarbledError(f"{answer.host} answered with a row of another time than was asked for")
    zone, _, currency = about.partition("|")
    # as digits alone an hour reads like a telephone number, and would be masked like one
    written = f"{when[1]}T{when[2]}" if by_hour else when[1]
    content = {"when": written, "zone": zone, "currency": currency, **part_of(answer, row, "metrics")}
    try:
        span = span_on_clock(date.fromisoformat(when[1]), int(when[2]) if by_hour else None, ZoneInfo(zone))
    except ValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    return replace(row_of(answer, content, "when"), changed_ms=min(span.end_ms, now_ms))
