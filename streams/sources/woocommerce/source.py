"""The source ``woocommerce``: webhooks of a shop, verified over the raw bytes, and its REST API by date of modification."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from scoring.events.event import Source
from scoring.funnel.stages import Stage
from scoring.sources.budget import BudgetRate
from scoring.sources.cursors import PollPlan, PollWindow
from scoring.sources.json_values import UnreadableValueError, moment_of, text_of
from scoring.sources.second_way import DayFigures
from scoring.sources.signatures import DigestCode, SignatureScheme, SignatureVerdict, verify
from scoring.sources.tokens import TokenPair
from scoring.wording.text import Text
from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi, judge_http
from streams.sources.connection import Connection
from streams.sources.source import (
    Asking,
    Authorisation,
    Hook,
    HookAnswer,
    HookLabel,
    HookRequest,
    Poll,
    PolledRow,
    PollPage,
    SourceSpec,
    Supply,
    polled_row,
)
from streams.sources.woocommerce.config import WooCommerceConnection
from streams.sources.woocommerce.mapping import KEPT, OPENED, ORDERS, PEOPLE, REFUNDS, WooTerms, translate

_SCHEME = SignatureScheme("X-WC-Webhook-Signature", code=DigestCode.BASE64)
#: what WooCommerce sends when a webhook is saved: a form, unsigned
_PING = re.compile(rb"webhook_id=\d{1,20}")
_TOPIC_HEADER = "X-WC-Webhook-Topic"
_WINDOW_S, _OVERLAP_S, _SETTLE_S = 6 * 3600.0, 900.0, 5.0
_RESTATED_DAYS = 2


# ---------------------------------------------------------------- deliveries


def verify_delivery(request: HookRequest, connection: Connection) -> SignatureVerdict:
    """Whether one of the connection's secrets signed the raw bytes."""
    config: WooCommerceConnection = connection.config
    secrets = [connection.secret(one) for one in (config.secret, config.old_secret) if one]
    return verify(_SCHEME, request.raw, request.headers, secrets, request.now_s)


def handshake(request: HookRequest, connection: Connection) -> HookAnswer | None:
    """The answer to the ping of a new webhook; it is disabled without one."""
    is_ping = request.method == "POST" and _SCHEME.header not in request.headers
    return HookAnswer() if is_ping and _PING.fullmatch(request.raw.strip()) else None


def label(request: HookRequest, document: Any, connection: Connection) -> HookLabel:
    """The topic of a delivery. Its id is made of the second it was sent in, so it is recognised by its bytes instead."""
    return HookLabel(request.headers.get(_TOPIC_HEADER, "").strip())


# ---------------------------------------------------------------- what is asked for


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
        from_name: _second(window.from_ms - 1000),
        to_name: _second(window.to_ms + 999),
        "dates_are_gmt": "true",
        "orderby": "modified" if resource == ORDERS else "date",
        "order": "asc",
        "per_page": str(config.page_size),
        "page": str(number),
        **({"status": "any"} if resource == ORDERS else {}),
    }
    answer = await api.ask(HttpRequest(config.address(resource), query=tuple(query.items())))
    content = answer.json()
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise AnswerGarbledError(f"{answer.host} answered with no list of {resource}: not an empty answer")
    try:
        rows = [_row(row, changed) for row in content]
    except UnreadableValueError as error:
        raise AnswerGarbledError(f"{answer.host}: {error}") from error
    total, pages = _counted(answer, "X-WP-Total"), _counted(answer, "X-WP-TotalPages")
    has_more = number < pages if pages is not None else len(rows) >= config.page_size
    return PollPage(rows=rows, next_mark=str(number + 1) if has_more else "", total=total)


def _row(row: dict[str, Any], changed: str) -> PolledRow:
    return polled_row(text_of(row.get("id"), "id"), row, moment_of(row.get(changed), changed, "UTC"))


def _counted(answer: HttpAnswer, header: str) -> int | None:
    """A number that a header gives; None where a cache or a plugin has dropped the header."""
    said = answer.headers.get(header, "").strip()
    return int(said) if said.isascii() and said.isdigit() else None


def _second(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


async def second_way(api: PlatformApi, connection: Connection, days: Sequence[date]) -> list[DayFigures]:
    """How many orders were placed on closed days: counted by the shop, by date of creation."""
    config: WooCommerceConnection = connection.config
    zone = ZoneInfo(connection.zones.get(connection.stores[0], "UTC"))
    found = []
    for day in days:
        begins, ends = (
            datetime(one.year, one.month, one.day, tzinfo=zone) for one in (day, day + timedelta(days=1))
        )
        query = {
            "after": _second(round(begins.timestamp() * 1000) - 1000),
            "before": _second(round(ends.timestamp() * 1000)),
            "dates_are_gmt": "true",
            "status": "any",
            "per_page": "1",
        }
        answer = await api.ask(HttpRequest(config.address(ORDERS), query=tuple(query.items())))
        total = _counted(answer, "X-WP-Total") if isinstance(answer.json(), list) else None
        if total is not None:
            found.append(DayFigures(day.isoformat(), {"orders": str(total)}))
    return found


# ---------------------------------------------------------------- how it is asked


def asking(connection: Connection) -> Asking:
    """How the API is asked: by key and secret, over HTTPS."""
    config: WooCommerceConnection = connection.config
    return Asking(
        app=urlsplit(config.url).hostname or config.url,
        app_rate=BudgetRate(),
        shop_rate=BudgetRate(config.rate, max(1.0, config.rate)),
        authorise=partial(authorise, connection),
        judge=judge_http,
    )


def authorise(connection: Connection, request: HttpRequest, pair: TokenPair | None) -> HttpRequest:
    """The request with key and secret."""
    config: WooCommerceConnection = connection.config
    word = f"{connection.secret(config.consumer_key)}:{connection.secret(config.consumer_secret)}"
    basic = f"Basic {base64.b64encode(word.encode()).decode()}"
    headers = {**request.headers, "Authorization": basic}
    return HttpRequest(request.url, request.method, request.query, headers, request.body)


SOURCE = SourceSpec(
    name="woocommerce",
    words=Text("WooCommerce", "WooCommerce"),
    supplies={
        Stage.ORDER: Supply.EVENT,
        Stage.PAYMENT: Supply.STATUS,
        Stage.FULFILMENT: Supply.STATUS,
        Stage.REPURCHASE: Supply.STATUS,
    },
    definition=Text(
        "下单：订单创建（date_created_gmt）；支付：date_paid_gmt，待付款、保留、失败不算，货到付款在订单完成时才算；履约：状态变为已完成的时间，"
        "是商家自己标记的；复购：按注册客户编号的化名计算，游客不参与。看不到曝光、点击和加购，请在页面上装像素。",
        "Order: the order was created (date_created_gmt). Payment: date_paid_gmt; pending, on hold and failed are not paid, cash on "
        "delivery is once the order is completed. Fulfilment: when the shop marked it as completed. Repurchase: by the pseudonym of the "
        "customer's id; guests take no part. It sees no impressions, clicks and carts: use the pixel on the pages.",
    ),
    events_as=(Source.WEBHOOK, Source.POLL),
    hook=Hook(
        verify=verify_delivery,
        handshake=handshake,
        label=label,
        people=lambda connection: PEOPLE,
        kept=lambda connection: OPENED,
        only=lambda connection: KEPT,
    ),
    polls=polls,
    asking=asking,
    translate=translate,
    second_way=second_way,
    has_second_way=lambda config: bool(config.consumer_key),
    config=WooCommerceConnection,
    terms=lambda config: WooTerms(config.cod),
    authorisation=lambda config: Authorisation.KEY if config.consumer_key else Authorisation.SIGNATURE,
)
