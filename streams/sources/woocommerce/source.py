"""The source ``woocommerce``: webhooks of a shop, verified over the raw bytes, and its REST API by date of modification."""

from __future__ import annotations

import base64
import re
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from scoring.events.event import Source
from scoring.funnel.stages import Stage
from scoring.sources.budget import BudgetRate
from scoring.sources.signatures import DigestCode, SignatureScheme, SignatureVerdict, verify
from scoring.sources.tokens import TokenPair
from scoring.wording.text import Text
from streams.sources.asking import HttpRequest, judge_http
from streams.sources.connection import Connection
from streams.sources.source import (
    Asking,
    Authorisation,
    Hook,
    HookAnswer,
    HookLabel,
    HookRequest,
    SourceSpec,
    Supply,
)
from streams.sources.woocommerce.config import WooCommerceConnection
from streams.sources.woocommerce.mapping import KEPT, OPENED, PEOPLE, WooTerms, translate
from streams.sources.woocommerce.polling import polls
from streams.sources.woocommerce.second_way import second_way

_SCHEME = SignatureScheme("X-WC-Webhook-Signature", code=DigestCode.BASE64)
#: what WooCommerce sends when a webhook is saved: a form, unsigned
_PING = re.compile(rb"webhook_id=\d{1,20}")
_TOPIC_HEADER = "X-WC-Webhook-Topic"


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
