"""What is asked of Amazon: orders that changed, sales by hour, and the report of sales and traffic by day."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from scoring.funnel.units import DAY_MS
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.ending_dates import Offer
from scoring.sources.endings import Use
from scoring.sources.json_values import UnreadableValueError, moment_of, read_json
from scoring.sources.second_way import DayFigures
from streams.sources.amazon.config import AmazonConnection
from streams.sources.amazon.fields import NOTICE_FIELDS, ORDER_FIELDS, REPORT_FIELDS
from streams.sources.amazon.queue import notifications
from streams.sources.asking import (
    AnswerGarbledError,
    HttpAnswer,
    HttpRequest,
    PlatformApi,
    PlatformFailedError,
)
from streams.sources.connection import Connection
from streams.sources.market_asking import bounds_of, counted_days, part_of, row_of, rows_of
from streams.sources.market_reading import Resource
from streams.sources.source import Poll, PolledRow, PollPage

_ORDERS, _METRICS = "/orders/2026-01-01/orders", "/sales/v1/orderMetrics"
_REPORTS, _DOCUMENTS = "/reports/2021-06-30/reports", "/reports/2021-06-30/documents"
#: what each thing that is read asks for
VERSIONS = {
    "orders": Use(Offer.AMAZON_ORDERS_API, "2026-01-01"),
    "sales": Use(Offer.AMAZON_SALES_API, "v1"),
    "traffic": Use(Offer.AMAZON_REPORTS_API, "2021-06-30"),
}
_TRAFFIC_REPORT = "GET_SALES_AND_TRAFFIC_REPORT"
#: no buyer and no recipient
_INCLUDED = "PROCEEDS,FULFILLMENT,PACKAGES"
_PAGE = 100
#: Amazon does not search the last two minutes
_SETTLE_S = 150.0
#: days before today that Amazon still restates: sales by hour, and sales and traffic
_METRICS_RESTATED, _TRAFFIC_RESTATED = 2, 7
#: waits between looks at a report, and how often it is looked at
_LOOKS_S, _MAX_LOOKS = (15.0, 30.0, 60.0, 120.0), 30
_WORKING = ("IN_QUEUE", "IN_PROGRESS")


def polls(config: AmazonConnection) -> tuple[Poll, ...]:
    """The resources: orders of all marketplaces at once, and the reports of each."""
    first_s = config.first_days * (DAY_MS / 1000)
    plan = PollPlan(config.interval_s, (DAY_MS / 1000), 900.0, _SETTLE_S, first_s)
    found = []
    if "orders" in config.reads:
        found.append(
            Poll(
                Resource.ORDERS,
                plan,
                partial(orders, config),
                scope="Inventory and Order Tracking",
                only=ORDER_FIELDS,
                restated_days=2,
            )
        )
    if config.queue:
        often = PollPlan(30.0, 7 * (DAY_MS / 1000), 0.0, 0.0, 60.0)
        found.append(
            Poll(
                Resource.NOTIFICATIONS,
                often,
                partial(notifications, config),
                has_past=False,
                scope="queue",
                only=NOTICE_FIELDS,
            )
        )
    hours, days = (
        PollPlan(1800.0, (DAY_MS / 1000), 4 * 3600.0, _SETTLE_S, first_s),
        PollPlan(6 * 3600.0, 7 * (DAY_MS / 1000), (DAY_MS / 1000), 0.0, first_s),
    )
    reports = {
        "sales": (Resource.SALES_HOURS, hours, sales, _METRICS_RESTATED),
        "traffic": (Resource.TRAFFIC_DAYS, days, traffic, _TRAFFIC_RESTATED),
    }
    for marketplace in config.stores_of_shops:
        suffix = f".{marketplace}" if len(config.stores_of_shops) > 1 else ""
        for part, (resource, own, fetch, restated) in reports.items():
            if part in config.reads:
                found.append(
                    Poll(
                        resource + suffix, own, partial(fetch, config, marketplace), scope="Brand Analytics" if part == "traffic" else "",
                        only=REPORT_FIELDS, restated_days=restated,
                    )
                )  # fmt: skip
    return tuple(found)


def _get(config: AmazonConnection, path: str, **query: str) -> HttpRequest:
    return HttpRequest(config.base + path, query=tuple((name, one) for name, one in query.items() if one))


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---------------------------------------------------------------- orders


async def orders(config: AmazonConnection, api: PlatformApi, window: PollWindow, mark: str) -> PollPage:
    """One page of the orders of all marketplaces that changed in a window."""
    return await _searched(
        config,
        api,
        mark,
        lastUpdatedAfter=_moment(window.from_ms - 1000),
        lastUpdatedBefore=_moment(window.to_ms),
    )


async def _searched(config: AmazonConnection, api: PlatformApi, mark: str, **query: str) -> PollPage:
    request = _get(
        config,
        _ORDERS,
        **query,
        marketplaceIds=",".join(config.stores_of_shops),
        includedData=_INCLUDED,
        maxResultsPerPage=str(_PAGE),
        paginationToken=mark,
    )
    answer = await api.ask(request)
    content = answer.json()
    found = part_of(answer, content, "orders", kind=list)
    rows = []
    for row in found:
        channel = row.get("salesChannel") if isinstance(row, dict) else None
        store = (
            config.stores_of_shops.get(str((channel or {}).get("marketplaceId", "")), "")
            if isinstance(channel, dict)
            else ""
        )
        rows.append(row_of(answer, row, "orderId", "lastUpdatedTime", store))
    pagination = content.get("pagination")
    token = pagination.get("nextToken") if isinstance(pagination, dict) else None
    return PollPage(rows=rows, next_mark=str(token or ""))


async def second_way(api: PlatformApi, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
    """How many orders were placed on closed days: searched by time of creation, all of the days at once. Of one marketplace."""
    config: AmazonConnection = connection.config
    zone = connection.zones.get(connection.stores[0], "UTC")
    begin_ms, end_ms = bounds_of(days[0], zone)[0], bounds_of(days[-1], zone)[1]
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    mark, is_first = "", True
    while mark or is_first:
        page = await _searched(
            config, api, mark, createdAfter=_moment(begin_ms - 1000), createdBefore=_moment(end_ms)
        )
        for row in page.rows:
            if row.row_id not in seen:
                seen.add(row.row_id)
                counts[_day_of(row, zone)] += 1
        mark, is_first = page.next_mark, False
    return counted_days(days, [counts[day.isoformat()] for day in days])


def _day_of(row: PolledRow, zone: str) -> str:
    try:
        at_ms = moment_of(read_json(row.body).get("createdTime"), "createdTime", "UTC")
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"the count of orders: {error}") from error
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date().isoformat()


# ---------------------------------------------------------------- sales by hour


async def sales(
    config: AmazonConnection, marketplace: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """The hours of a window, each a row."""
    hour_ms = 3_600_000
    from_ms, to_ms = window.from_ms // hour_ms * hour_ms, window.to_ms // hour_ms * hour_ms
    if from_ms >= to_ms:
        return PollPage(rows=())
    interval = f"{_moment(from_ms)}--{_moment(to_ms)}"
    answer = await api.ask(
        _get(config, _METRICS, marketplaceIds=marketplace, interval=interval, granularity="Hour")
    )
    found = part_of(answer, answer.json(), "payload", kind=list)
    return PollPage(rows=rows_of(answer, found, "interval", store=config.stores_of_shops[marketplace]))


# ---------------------------------------------------------------- sales and traffic by day


async def traffic(
    config: AmazonConnection, marketplace: str, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """The report of a window: created, looked at until it is done, then read whole. The mark is the report and the looks at it."""
    if not mark:
        return PollPage(rows=(), next_mark=f"{await _created(config, marketplace, api, window)} 0")
    report, _, looks = mark.rpartition(" ")
    look = int(looks)
    await asyncio.sleep(_LOOKS_S[min(look, len(_LOOKS_S) - 1)])
    answer = await api.ask(_get(config, f"{_REPORTS}/{report}"))
    state = part_of(answer, answer.json())
    status = state.get("processingStatus")
    if status in _WORKING and look < _MAX_LOOKS:
        return PollPage(rows=(), next_mark=f"{report} {look + 1}")
    if status != "DONE":
        # CANCELLED and FATAL may mean that there is nothing, or that it was asked for too often: neither is zero
        raise PlatformFailedError(f"{answer.host}: the report ended as {status}: that is not an empty report")
    document = part_of(answer, state, "reportDocumentId", kind=str)
    return PollPage(rows=await _read(config, marketplace, api, document))


async def _created(config: AmazonConnection, marketplace: str, api: PlatformApi, window: PollWindow) -> str:
    zone = ZoneInfo(config.zone_of(marketplace))
    first, last = (
        datetime.fromtimestamp(at_ms / 1000, zone).date().isoformat()
        for at_ms in (window.from_ms, window.to_ms - 1)
    )
    body = {
        "reportType": _TRAFFIC_REPORT,
        "marketplaceIds": [marketplace],
        "dataStartTime": f"{first}T00:00:00Z",
        "dataEndTime": f"{last}T00:00:00Z",
        "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "PARENT"},
    }
    headers = {"Content-Type": "application/json"}
    answer = await api.ask(
        HttpRequest(config.base + _REPORTS, "POST", headers=headers, body=json.dumps(body).encode())
    )
    return str(part_of(answer, answer.json(), "reportId", kind=str))


async def _read(
    config: AmazonConnection, marketplace: str, api: PlatformApi, document: str
) -> list[PolledRow]:
    answer = await api.ask(_get(config, f"{_DOCUMENTS}/{document}"))
    place = part_of(answer, answer.json())
    file = await api.ask(HttpRequest(part_of(answer, place, "url", kind=str)))
    content = _unpacked(file, str(place.get("compressionAlgorithm") or ""))
    named = part_of(file, content, "reportSpecification", "marketplaceIds", kind=list)
    if marketplace not in named:
        raise AnswerGarbledError(f"the report is of {', '.join(map(str, named))}, not of {marketplace}")
    days = part_of(file, content, "salesAndTrafficByDate", kind=list)
    return rows_of(file, days, "date", store=config.stores_of_shops[marketplace])


def _unpacked(file: HttpAnswer, algorithm: str) -> Any:
    """The content of a report's file.

    Raises:
        AnswerGarbledError: it cannot be unpacked, or is not JSON.
    """
    try:
        body = gzip.decompress(file.body) if algorithm.upper() == "GZIP" else file.body
        return read_json(body)
    except (OSError, EOFError, zlib.error, UnreadableValueError, UnicodeDecodeError) as error:
        raise AnswerGarbledError(f"the file of the report cannot be read: {error}") from error
