"""Data Kiosk: the same sales and traffic by day as the report, and by product and day, which the report does not have.

A query is asked for, looked at until its document is made, and read; a document that goes on has a query of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from scoring.sources.cursors import PollWindow
from streams.sources.amazon.config import AmazonConnection
from streams.sources.amazon.reports import created, is_being_made
from streams.sources.asking import AnswerGarbledError, HttpRequest, PlatformApi
from streams.sources.made_reports import MadeReports, documents, first_mark, report_page
from streams.sources.market_asking import bounds_of, days_between, ends_of, part_of, row_of
from streams.sources.source import PollPage

VERSION = "2024_04_24"
_QUERIES, _DOCUMENTS = "/dataKiosk/2023-11-15/queries", "/dataKiosk/2023-11-15/documents"
#: a query that is done and has no document has found nothing
_NOTHING = "-"
_SALES = (
    "unitsOrdered totalOrderItems unitsRefunded unitsShipped ordersShipped "
    "orderedProductSales { amount currencyCode } shippedProductSales { amount currencyCode }"
)
_TRAFFIC = "sessions pageViews buyBoxPercentage"


def _query(kind: str, by: str, first: date, last: date, marketplace: str, own: str) -> str:
    return (
        f'query {{ analytics_salesAndTraffic_{VERSION} {{ {kind}(aggregateBy: {by}, startDate: "{first}", endDate: "{last}", '
        f'marketplaceIds: ["{marketplace}"]) {{ {own} marketplaceId startDate endDate sales {{ {_SALES} }} '
        f"traffic {{ {_TRAFFIC} }} }} }} }}"
    )


async def kiosk_days(
    config: AmazonConnection,
    made: MadeReports,
    marketplace: str,
    api: PlatformApi,
    window: PollWindow,
    mark: str,
) -> PollPage:
    """Sales and traffic of the days of a window."""
    first, last = ends_of(window, config.zone_of(marketplace))
    query = _query("salesAndTrafficByDate", "DAY", first, last, marketplace, "")
    return await _page(
        config, made, marketplace, api, query, mark, lambda row: str(row.get("startDate") or "")
    )


async def kiosk_products(
    config: AmazonConnection,
    made: MadeReports,
    marketplace: str,
    api: PlatformApi,
    window: PollWindow,
    mark: str,
) -> PollPage:
    """Sales and traffic of each product on the days that end within a window: a query sums all of its days, so each day has one."""
    zone = config.zone_of(marketplace)
    days = [
        day
        for day in days_between(window.from_ms - 86_400_000, window.to_ms, zone)
        if window.from_ms < bounds_of(day, zone)[1] <= window.to_ms
    ]
    if not days:
        return PollPage(rows=())
    at, _, own_mark = mark.partition(" ")
    place = int(at or 0)
    query = _query("salesAndTrafficByAsin", "CHILD", days[place], days[place], marketplace, "childAsin")
    page = await _page(
        config,
        made,
        marketplace,
        api,
        query,
        own_mark,
        lambda row: f"{days[place]} {row.get('childAsin')}" if row.get("childAsin") else "",
    )
    if page.next_mark:
        return PollPage(rows=page.rows, next_mark=f"{place} {page.next_mark}")
    return PollPage(rows=page.rows, next_mark=f"{place + 1} " if place + 1 < len(days) else "")


async def _page(
    config: AmazonConnection,
    made: MadeReports,
    marketplace: str,
    api: PlatformApi,
    query: str,
    mark: str,
    number_of: Callable[[dict[str, Any]], str],
) -> PollPage:
    follows = ""

    async def create(token: str = "") -> str:
        body = {"query": query, **({"paginationToken": token} if token else {})}
        answer = await created(config, api, _QUERIES, body)
        return str(part_of(answer, answer.json(), "queryId", kind=str))

    async def look(number: str) -> str:
        nonlocal follows
        answer = await api.ask(HttpRequest(f"{config.base}{_QUERIES}/{number}"))
        state = part_of(answer, answer.json())
        if is_being_made(answer, state):
            return ""
        pagination = state.get("pagination")
        follows = str(pagination.get("nextToken") or "") if isinstance(pagination, dict) else ""
        return str(state.get("dataDocumentId") or _NOTHING)

    async def read(document: str) -> PollPage:
        rows = [] if document == _NOTHING else await _rows(config, api, document, marketplace, number_of)
        return PollPage(rows=rows, next_mark=first_mark(await create(follows)) if follows else "")

    return await report_page(mark, partial(create), look, read, made)


async def _rows(
    config: AmazonConnection,
    api: PlatformApi,
    document: str,
    marketplace: str,
    number_of: Callable[[dict[str, Any]], str],
) -> list[Any]:
    """The rows of a document of one JSON object a line."""
    answer = await api.ask(HttpRequest(f"{config.base}{_DOCUMENTS}/{document}"))
    url = part_of(answer, answer.json(), "documentUrl", kind=str)
    file = await api.ask(HttpRequest(url))
    rows = []
    for one in documents(file.body):
        part_of(file, one, "sales")
        if one.get("marketplaceId", marketplace) != marketplace:
            raise AnswerGarbledError(f"the document is of {one['marketplaceId']}, not of {marketplace}")
        row = {**one, "id": number_of(one)}
        rows.append(row_of(file, row, "id", store=config.stores_of_shops[marketplace]))
    return rows
