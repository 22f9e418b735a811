"""What is asked of WooCommerce: orders by date of modification, refunds by date of creation, both in GMT."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import UnreadableValueError, moment_of, text_of
from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi
from streams.sources.source import Poll, PolledRow, PollPage, polled_row
from streams.sources.woocommerce.config import WooCommerceConnection
from streams.sources.woocommerce.mapping import KEPT, OPENED, ORDERS, PEOPLE, REFUNDS

_WINDOW_S, _OVERLAP_S, _SETTLE_S = 6 * 3600.0, 900.0, 5.0
_RESTATED_DAYS = 2


def polls(config: WooCommerceConnection) -> tuple[Poll, ...]:
    """The resources of a connection; none where only webhooks come."""
    if not config.consumer_key:
        return ()
    plan = PollPlan(config.interval_s, _WINDOW_S, _OVERLAP_S, _SETTLE_S, config.first_days * 86_400)
    orders = Poll(
        ORDERS,
        plan,
        partial(page, config, ORDERS, "modified_after", "modified_before", "date_modified_gmt"),
        scope="read",
        restated_days=_RESTATED_DAYS,
        people=PEOPLE,
        kept=OPENED,
        only=KEPT,
    )
    refunds = Poll(
        REFUNDS,
        plan,
        partial(page, config, REFUNDS, "after", "before", "date_created_gmt"),
        scope="read",
        only=KEPT,
    )
    return (orders, refunds) if config.refunds else (orders,)


async def page(
    config: WooCommerceConnection,
    resource: str,
    from_name: str,
    to_name: str,
    changed: str,
    api: PlatformApi,
    window: PollWindow,
    mark: str,
) -> PollPage:
    """One page of a window. Its edges are left out by WooCommerce, so it is asked for from a second before."""
    number = int(mark or 1)
    query = {
        from_name: second_of(window.from_ms - 1000),
        to_name: second_of(window.to_ms + 999),
        "orderby": "modified" if resource == ORDERS else "date",
        "order": "asc",
        "per_page": str(config.page_size),
        "page": str(number),
        **(LISTED if resource == ORDERS else {"dates_are_gmt": "true"}),
    }
    answer, content = await listed(config, api, resource, query)
    try:
        rows = [_row(row, changed) for row in content]
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    has_more = has_next(config, answer, number, len(rows))
    total = _counted(answer, "X-WP-Total")
    return PollPage(rows=rows, next_mark=str(number + 1) if has_more else "", total=total)


#: how orders are always asked for: without it the site's own clock shifts the window, and orders of some states are left out
LISTED = {"dates_are_gmt": "true", "status": "any"}


async def listed(
    config: WooCommerceConnection, api: PlatformApi, resource: str, query: Mapping[str, str]
) -> tuple[HttpAnswer, list[dict[str, Any]]]:
    answer = await api.ask(HttpRequest(config.address(resource), query=tuple(query.items())))
    content = answer.json()
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise AnswerGarbledError(f"{answer.host} answered with no list of {resource}: not an empty answer")
    return answer, content


def has_next(config: WooCommerceConnection, answer: HttpAnswer, number: int, rows: int) -> bool:
    """Whether there is a page after this one; where a cache has dropped the header, by whether this one is full."""
    pages = _counted(answer, "X-WP-TotalPages")
    return number < pages if pages is not None else rows >= config.page_size


def _row(row: dict[str, Any], changed: str) -> PolledRow:
    return polled_row(text_of(row.get("id"), "id"), row, moment_of(row.get(changed), changed, "UTC"))


def _counted(answer: HttpAnswer, header: str) -> int | None:
    """A number that a header gives; None where a cache or a plugin has dropped the header."""
    said = answer.headers.get(header, "").strip()
    return int(said) if said.isascii() and said.isdigit() else None


def second_of(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
