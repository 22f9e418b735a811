"""What is asked of Amazon: orders that changed, sales by hour, and the report of sales and traffic by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from scoring.funnel.units import DAY_MS
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.ending_dates import Offer
from scoring.sources.endings import Use
from scoring.sources.json_values import UnreadableValueError, moment_of, read_json
from scoring.sources.second_way import DayFigures
from streams.sources.amazon.config import ROLES, AmazonConnection
from streams.sources.amazon.feedback import VERSION as FEEDBACK_VERSION
from streams.sources.amazon.feedback import topics
from streams.sources.amazon.fields import (
    FEEDBACK_FIELDS,
    HEALTH_FIELDS,
    KIOSK_FIELDS,
    NOTICE_FIELDS,
    ORDER_FIELDS,
    REPORT_FIELDS,
)
from streams.sources.amazon.kiosk import VERSION as KIOSK_VERSION
from streams.sources.amazon.kiosk import kiosk_days, kiosk_products
from streams.sources.amazon.queue import notifications
from streams.sources.amazon.reports import counted_by_report, health, traffic
from streams.sources.asking import AnswerGarbledError, HttpRequest, PlatformApi
from streams.sources.connection import Connection
from streams.sources.made_reports import MadeReports
from streams.sources.market_asking import bounds_of, counted_days, part_of, row_of, rows_of
from streams.sources.market_reading import Resource
from streams.sources.source import Poll, PolledRow, PollPage

_ORDERS, _METRICS = "/orders/2026-01-01/orders", "/sales/v1/orderMetrics"
#: what each thing that is read asks for
VERSIONS = {
    "orders": Use(Offer.AMAZON_ORDERS_API, "2026-01-01"),
    "sales": Use(Offer.AMAZON_SALES_API, "v1"),
    "traffic": Use(Offer.AMAZON_REPORTS_API, "2021-06-30"),
    "health": Use(Offer.AMAZON_REPORTS_API, "2021-06-30"),
    "kiosk": Use(Offer.AMAZON_DATA_KIOSK, KIOSK_VERSION),
    "feedback": Use(Offer.AMAZON_CUSTOMER_FEEDBACK, FEEDBACK_VERSION),
}
_DAY_S = DAY_MS / 1000
#: no buyer and no recipient
_INCLUDED = "PROCEEDS,FULFILLMENT,PACKAGES"
_PAGE = 100
#: Amazon does not search the last two minutes
_SETTLE_S = 150.0
#: days before today that Amazon still restates: sales by hour, and sales and traffic
_METRICS_RESTATED, _TRAFFIC_RESTATED = 2, 7


def polls(config: AmazonConnection) -> tuple[Poll, ...]:
    """The resources: those of all marketplaces at once, and the reports of each."""
    made, found = MadeReports(), []
    if "orders" in config.reads:
        plan = PollPlan(config.interval_s, _DAY_S, 900.0, _SETTLE_S, config.first_days * _DAY_S)
        found.append(
            Poll(
                Resource.ORDERS, plan, partial(orders, config), scope=ROLES["orders"], only=ORDER_FIELDS, restated_days=2,
            )
        )  # fmt: skip
    if config.queue:
        often = PollPlan(30.0, 7 * _DAY_S, 0.0, 0.0, 60.0)
        found.append(
            Poll(
                Resource.NOTIFICATIONS, often, partial(notifications, config, made), has_past=False, scope="queue", only=NOTICE_FIELDS,
            )
        )  # fmt: skip
    if "health" in config.reads:
        daily = PollPlan(_DAY_S, 7 * _DAY_S, 0.0, 0.0, 60.0)
        found.append(
            Poll(
                Resource.HEALTH, daily, partial(health, config, made), has_past=False, scope=ROLES["health"], only=HEALTH_FIELDS,
            )
        )  # fmt: skip
    for marketplace in config.stores_of_shops:
        suffix = f".{marketplace}" if len(config.stores_of_shops) > 1 else ""
        found += [
            replace(poll, resource=poll.resource + suffix)
            for part in config.reads
            for poll in _of_marketplace(config, made, marketplace).get(part, ())
        ]
    return tuple(found)


def _of_marketplace(config: AmazonConnection, made: MadeReports, marketplace: str) -> dict[str, list[Poll]]:
    """By what is read, the resources of one marketplace."""
    first_s = config.first_days * _DAY_S
    hours = PollPlan(1800.0, _DAY_S, 4 * 3600.0, _SETTLE_S, first_s)
    days = PollPlan(6 * 3600.0, 7 * _DAY_S, _DAY_S, 0.0, first_s)
    by_day = PollPlan(6 * 3600.0, _DAY_S, 0.0, 0.0, first_s)
    weekly = PollPlan(7 * _DAY_S, 30 * _DAY_S, 0.0, 0.0, 60.0)
    of_report = partial(Poll, only=REPORT_FIELDS, restated_days=_TRAFFIC_RESTATED, scope=ROLES["traffic"])
    of_kiosk = partial(Poll, only=KIOSK_FIELDS, restated_days=_TRAFFIC_RESTATED, scope=ROLES["kiosk"])
    return {
        "sales": [
            Poll(
                Resource.SALES_HOURS, hours, partial(sales, config, marketplace), only=REPORT_FIELDS, restated_days=_METRICS_RESTATED,
            )
        ],
        "traffic": [of_report(Resource.TRAFFIC_DAYS, days, partial(traffic, config, made, marketplace))],
        "kiosk": [
            of_kiosk(Resource.KIOSK_DAYS, days, partial(kiosk_days, config, made, marketplace)),
            of_kiosk(Resource.KIOSK_PRODUCTS, by_day, partial(kiosk_products, config, made, marketplace)),
        ],
        "feedback": [
            Poll(
                Resource.FEEDBACK, weekly, partial(topics, config, marketplace), has_past=False, scope=ROLES["feedback"],
                only=FEEDBACK_FIELDS,
            )
        ],
    }  # fmt: skip


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
    """How many orders were placed on closed days: by the file of all orders, or searched by time of creation."""
    config: AmazonConnection = connection.config
    if config.reconciled_by == "report":
        return await counted_by_report(api, connection, days)
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
