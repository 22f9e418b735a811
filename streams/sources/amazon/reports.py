"""Reports of the Selling Partner API: sales and traffic by day, the account's health, and all orders as a second way."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from scoring.sources.counted_orders import CANCELLED, PAID, SHIPPED, CountedOrder, figures_of, said_of
from scoring.sources.cursors import PollWindow
from scoring.sources.json_values import UnreadableValueError, moment_of, money_of
from scoring.sources.second_way import ABOUT, AT_LEAST, MONEY, DayFigures
from streams.sources.amazon.config import MARKETPLACES, SALES_CHANNELS, AmazonConnection
from streams.sources.asking import (
    AnswerGarbledError,
    HttpAnswer,
    HttpRequest,
    PlatformApi,
    PlatformFailedError,
)
from streams.sources.connection import Connection
from streams.sources.made_reports import MadeReports, documents, report_page, unpacked
from streams.sources.market_asking import bounds_of, day_at, ends_of, iso, part_of, row_of, rows_of
from streams.sources.source import PolledRow, PollPage

_REPORTS, _DOCUMENTS = "/reports/2021-06-30/reports", "/reports/2021-06-30/documents"
_TRAFFIC, _HEALTH = "GET_SALES_AND_TRAFFIC_REPORT", "GET_V2_SELLER_PERFORMANCE_REPORT"
_ALL_ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
_WORKING = ("IN_QUEUE", "IN_PROGRESS")
_TRUE = ("true", "yes", "1")


async def created(
    config: AmazonConnection, api: PlatformApi, path: str, body: Mapping[str, Any]
) -> HttpAnswer:
    """The answer to a request for a report or query."""
    headers = {"Content-Type": "application/json"}
    return await api.ask(
        HttpRequest(config.base + path, "POST", headers=headers, body=json.dumps(body).encode())
    )


def is_being_made(answer: HttpAnswer, state: Mapping[str, Any]) -> bool:
    """Whether a report or query is not made yet.

    Raises:
        PlatformFailedError: it will never be made.
    """
    status = state.get("processingStatus")
    if status not in (*_WORKING, "DONE"):
        # CANCELLED and FATAL may mean that there is nothing, or that it was asked for too often: neither is zero
        raise PlatformFailedError(f"{answer.host}: the report ended as {status}: that is not an empty report")
    return bool(status != "DONE")


async def looked(config: AmazonConnection, api: PlatformApi, number: str) -> str:
    """The document of a report; empty while it is being made."""
    answer = await api.ask(HttpRequest(f"{config.base}{_REPORTS}/{number}"))
    state = part_of(answer, answer.json())
    if is_being_made(answer, state):
        return ""
    return str(part_of(answer, state, "reportDocumentId", kind=str))


async def file_of(api: PlatformApi, address: str) -> tuple[HttpAnswer, bytes]:
    """The file of a document, unpacked."""
    answer = await api.ask(HttpRequest(address))
    place = part_of(answer, answer.json())
    file = await api.ask(HttpRequest(part_of(answer, place, "url", kind=str)))
    return file, unpacked(file, str(place.get("compressionAlgorithm") or "").upper() == "GZIP")


async def _new(config: AmazonConnection, api: PlatformApi, kind: str, **more: Any) -> str:
    answer = await created(config, api, _REPORTS, {"reportType": kind, **more})
    return str(part_of(answer, answer.json(), "reportId", kind=str))


# ---------------------------------------------------------------- sales and traffic by day


async def traffic(
    config: AmazonConnection,
    made: MadeReports,
    marketplace: str,
    api: PlatformApi,
    window: PollWindow,
    mark: str,
) -> PollPage:
    """The report of the days of a window."""
    first, last = ends_of(window, config.zone_of(marketplace))
    create = partial(
        _new,
        config,
        api,
        _TRAFFIC,
        marketplaceIds=[marketplace],
        dataStartTime=f"{first}T00:00:00Z",
        dataEndTime=f"{last}T00:00:00Z",
        reportOptions={"dateGranularity": "DAY", "asinGranularity": "PARENT"},
    )

    async def read(document: str) -> PollPage:
        file, body = await file_of(api, f"{config.base}{_DOCUMENTS}/{document}")
        (content,) = documents(body)[:1]
        named = part_of(file, content, "reportSpecification", "marketplaceIds", kind=list)
        if marketplace not in named:
            raise AnswerGarbledError(f"the report is of {', '.join(map(str, named))}, not of {marketplace}")
        days = part_of(file, content, "salesAndTrafficByDate", kind=list)
        return PollPage(rows=rows_of(file, days, "date", store=config.stores_of_shops[marketplace]))

    return await report_page(mark, create, partial(looked, config, api), read, made)


# ---------------------------------------------------------------- the account's health


async def health(
    config: AmazonConnection, made: MadeReports, api: PlatformApi, window: PollWindow, mark: str
) -> PollPage:
    """How Amazon judges the account in each marketplace: a row a marketplace and day."""
    create = partial(_new, config, api, _HEALTH, marketplaceIds=list(config.stores_of_shops))

    async def read(document: str) -> PollPage:
        file, body = await file_of(api, f"{config.base}{_DOCUMENTS}/{document}")
        (content,) = documents(body)[:1]
        statuses = {
            str(one.get("marketplaceId")): one.get("status")
            for one in part_of(file, content, "accountStatuses", kind=list)
            if isinstance(one, dict)
        }
        metrics = {
            str(one.get("marketplaceId")): one
            for one in part_of(file, content, "performanceMetrics", kind=list)
            if isinstance(one, dict)
        }
        rows = [
            _judged(file, config, window, marketplace, statuses.get(marketplace), metrics.get(marketplace))
            for marketplace in config.stores_of_shops
            if marketplace in statuses or marketplace in metrics
        ]
        return PollPage(rows=rows)

    return await report_page(mark, create, partial(looked, config, api), read, made)


def _judged(
    file: HttpAnswer,
    config: AmazonConnection,
    window: PollWindow,
    marketplace: str,
    status: Any,
    found: Mapping[str, Any] | None,
) -> PolledRow:
    """A row whose metrics have their names as values: they are not fields that anybody could list."""
    day = day_at(window.to_ms, config.zone_of(marketplace))
    metrics = [{"metric": name, **values} for name, values in _metrics(found or {})]
    row = {"day": day, "marketplaceId": marketplace, "status": status, "metrics": metrics}
    return row_of(file, row, "marketplaceId", store=config.stores_of_shops[marketplace])


def _metrics(found: Mapping[str, Any], before: str = "") -> list[tuple[str, Mapping[str, Any]]]:
    """Each object with a target, by its name; those of one fulfilment are within another object."""
    listed: list[tuple[str, Mapping[str, Any]]] = []
    for name, value in found.items():
        if isinstance(value, dict):
            path = f"{before}.{name}" if before else name
            listed += [(path, value)] if "targetValue" in value else _metrics(value, path)
    return listed


# ---------------------------------------------------------------- all orders, as a second way


async def counted_by_report(
    api: PlatformApi, connection: Connection, days: Sequence[date]
) -> list[DayFigures]:
    """The orders that were placed on closed days, by the file of all orders: another way than the search.

    Its prices are those of the items before taxes and shipping, so their sum says only which size the money has.
    """
    config: AmazonConnection = connection.config
    zone = connection.zones.get(connection.stores[0], "UTC")
    create = partial(
        _new,
        config,
        api,
        _ALL_ORDERS,
        marketplaceIds=list(config.stores_of_shops),
        dataStartTime=iso(bounds_of(days[0], zone)[0]),
        dataEndTime=iso(bounds_of(days[-1], zone)[1]),
    )
    placed: dict[str, CountedOrder] = {}

    async def read(document: str) -> PollPage:
        file, body = await file_of(api, f"{config.base}{_DOCUMENTS}/{document}")
        placed.update(_placed(file, body, config))
        return PollPage(rows=())

    mark, made, is_first = "", MadeReports(), True
    while mark or is_first:
        page = await report_page(mark, create, partial(looked, config, api), read, made)
        mark, is_first = page.next_mark, False
    names = ("orders", ABOUT + MONEY, *(AT_LEAST + name for name in (PAID, SHIPPED, CANCELLED)))
    return [said_of(one, names) for one in figures_of(placed.values(), days, ZoneInfo(zone))]


def _placed(file: HttpAnswer, body: bytes, config: AmazonConnection) -> dict[str, CountedOrder]:
    """The orders of our marketplaces. The filter by marketplace is ignored by Amazon, and columns vary: by their names."""
    lines = csv.DictReader(
        io.StringIO(body.decode("utf-8-sig", "replace")), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    names = {"amazon-order-id", "purchase-date", "sales-channel"}
    if not names <= set(lines.fieldnames or ()):
        raise AnswerGarbledError(
            f"{file.host}: the file of all orders has no column {min(names - set(lines.fieldnames or ()))}"
        )
    channels = {SALES_CHANNELS[one] for one in config.stores_of_shops}
    own = MARKETPLACES[config.marketplace][1].currency
    found: dict[str, CountedOrder] = {}
    for line in lines:
        is_ours = (line["sales-channel"] or "").strip().lower() in channels
        if not is_ours or (line.get("is-replacement-order") or "").strip().lower() in _TRUE:
            continue
        try:
            at_ms = moment_of(line["purchase-date"], "purchase-date", "UTC")
            changed_ms = moment_of(line.get("last-updated-date"), "last-updated-date", "UTC")
            price = money_of((line.get("item-price") or "").strip(), "item-price")
        except UnreadableValueError as error:
            raise AnswerGarbledError(f"{file.host}: {error}") from error
        number = str(line["amazon-order-id"])
        before = found.get(number)
        amounts = [text for text in (before.amount if before else "", price) if text]
        amount = format(sum(map(Decimal, amounts)), "f") if amounts else ""
        status = (line.get("order-status") or "").strip().lower()
        found[number] = CountedOrder(
            placed_ms=at_ms,
            # when it was at the latest: a status has no time of its own
            paid_ms=changed_ms if status in ("unshipped", "shipped") else 0,
            amount=amount,
            currency=(line.get("currency") or "").strip() or own,
            shipped_ms=changed_ms if status == "shipped" else 0,
            cancelled_ms=changed_ms if status in ("cancelled", "canceled") else 0,
        )
    return found
