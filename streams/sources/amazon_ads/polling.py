"""What is asked for: a report of campaigns by day for each kind of ads, and the messages of Marketing Stream.

A message is an addition to its hour, never the hour's total: those of one hour are added, and the same message again is the same.
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
from scoring.sources.json_values import UnreadableValueError, read_json
from streams.sources.amazon_ads.asking import SAME_REPORT
from streams.sources.amazon_ads.config import AmazonAdsConnection
from streams.sources.amazon_ads.mapping import DAY_FIELDS, DAYS, KINDS, STREAM, STREAM_FIELDS, AdKind, spelled
from streams.sources.asking import (
    AnswerGarbledError,
    HttpAnswer,
    HttpRequest,
    PlatformApi,
    PlatformFailedError,
    PlatformThrottledError,
)
from streams.sources.made_reports import MadeReports, documents, report_page, unpacked
from streams.sources.market_asking import bounds_of, ends_of, part_of, row_of
from streams.sources.message_queue import received
from streams.sources.source import Poll, PolledRow, PollPage

_REPORTS = "/reporting/reports"
_TYPE = "application/vnd.createasyncreportrequest.v3+json"
_WORKING, _MADE = ("PENDING", "PROCESSING"), "COMPLETED"
#: days before today in which orders are still credited to ads; the longest report; between two looks at the queue
_RESTATED_DAYS, _REPORT_DAYS, _QUEUE_S = 14, 30, 300.0
_DAY_S = DAY_MS / 1000
_NUMBER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)


def polls(config: AmazonAdsConnection) -> tuple[Poll, ...]:
    """A report of each kind of ads, and the queue."""
    first_s = config.first_days * _DAY_S
    plan = PollPlan(config.interval_s, _REPORT_DAYS * _DAY_S, 3 * _DAY_S, 0.0, first_s)
    found = [
        Poll(
            f"{DAYS}.{kind}", plan, partial(days, config, KINDS[kind]), scope="advertising::campaign_management",
            only=DAY_FIELDS, restated_days=_RESTATED_DAYS,
        )
        for kind in config.reads
    ]  # fmt: skip
    if config.queue:
        often = PollPlan(_QUEUE_S, 7 * _DAY_S, 0.0, 0.0, 60.0)
        found.append(
            Poll(STREAM, often, partial(stream, config), has_past=False, scope="queue", only=STREAM_FIELDS)
        )
    return tuple(found)


# ---------------------------------------------------------------- days


async def days(
    config: AmazonAdsConnection, kind: AdKind, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """The campaigns of the days of a window. The mark is the profile's zone and money, and the report."""
    about, _, own_mark = mark.partition(" ")
    zone, _, currency = (about or await _profile(config, api)).partition("|")
    first, last = (day.isoformat() for day in ends_of(window, zone))
    body = {
        "name": f"{kind.name} {first} {last}",
        "startDate": first,
        "endDate": last,
        "configuration": {
            "adProduct": kind.name,
            "groupBy": ["campaign"],
            "columns": ["date", "campaignId", *kind.columns.values()],
            "reportTypeId": kind.report,
            "timeUnit": "DAILY",
            "format": "GZIP_JSON",
        },
    }

    async def read(url: str) -> PollPage:
        file = await api.ask(HttpRequest(url))
        listed = [
            row
            for one in documents(unpacked(file, True))
            for row in (one if isinstance(one, list) else [one])
        ]
        return PollPage(rows=[_row(file, row, zone, currency, (first, last), api.now_ms) for row in listed])

    page = await report_page(
        own_mark, partial(_created, config, api, body), partial(_looked, config, api), read, MadeReports()
    )
    return PollPage(rows=page.rows, next_mark=f"{zone}|{currency} {page.next_mark}" if page.next_mark else "")


async def _profile(config: AmazonAdsConnection, api: PlatformApi) -> str:
    """The zone and the money of the profile: days are its."""
    answer = await api.ask(HttpRequest(f"{config.base}/v2/profiles/{config.profile}"))
    content = part_of(answer, answer.json())
    zone, currency = (part_of(answer, content, name, kind=str) for name in ("timezone", "currencyCode"))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise AnswerGarbledError(f"{answer.host} does not say the profile's time zone") from error
    return f"{zone}|{currency}"


async def _created(config: AmazonAdsConnection, api: PlatformApi, body: dict[str, Any]) -> str:
    headers = {"Content-Type": _TYPE, "Accept": _TYPE}
    answer = await api.ask(
        HttpRequest(config.base + _REPORTS, "POST", headers=headers, body=json.dumps(body).encode())
    )
    if answer.status == SAME_REPORT:
        named = _NUMBER.search(answer.body.decode("utf-8", "replace"))
        if named is None:
            raise PlatformThrottledError(f"{answer.host} answered {SAME_REPORT}: asked too early")
        return named.group()
    return str(part_of(answer, answer.json(), "reportId", kind=str))


async def _looked(config: AmazonAdsConnection, api: PlatformApi, number: str) -> str:
    answer = await api.ask(HttpRequest(f"{config.base}{_REPORTS}/{number}"))
    state = part_of(answer, answer.json())
    status = state.get("status")
    if status in _WORKING:
        return ""
    if status != _MADE:
        raise PlatformFailedError(f"{answer.host}: the report ended as {status}: that is not an empty report")
    return str(part_of(answer, state, "url", kind=str))


def _row(
    file: HttpAnswer, row: Any, zone: str, currency: str, asked: tuple[str, str], now_ms: int
) -> PolledRow:
    """A campaign's day. One of another day than was asked for makes the file another report."""
    day, campaign = (row.get(name) if isinstance(row, dict) else None for name in ("date", "campaignId"))
    if not isinstance(day, str) or not asked[0] <= day <= asked[1] or campaign is None:
        raise AnswerGarbledError(
            f"{file.host}: a row without its campaign, or of another day than was asked for"
        )
    named = {**row, "zone": zone, "currency": currency, "row": f"{day} {campaign}"}
    try:
        ends_ms = bounds_of(date.fromisoformat(day), zone)[1]
    except ValueError as error:
        raise AnswerGarbledError(f"{file.host}: {error}") from error
    return replace(row_of(file, named, "row"), changed_ms=min(ends_ms, now_ms))


# ---------------------------------------------------------------- hours


async def stream(config: AmazonAdsConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """Some messages of Marketing Stream."""
    return await received(config, _message, api, mark)


def _message(answer: HttpAnswer, text: str, number: str) -> PolledRow:
    """A message as a row, its names in one spelling. One that is none is kept, too: it is set aside where it is translated."""
    try:
        content = read_json(text)
    except UnreadableValueError:
        content = {}
    row = {spelled(name): value for name, value in content.items()} if isinstance(content, dict) else {}
    given = row.get("idempotencyid")
    found = row_of(answer, {**row, "message": str(given or number)}, "message")
    return PolledRow(found.row_id, "", found.body)
