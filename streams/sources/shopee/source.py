"""The source ``shopee``: pushes verified over the registered address and the raw bytes, and the signed Open Platform API."""

from __future__ import annotations

from typing import Any

from scoring.events.event import Source
from scoring.funnel.stages import Stage
from scoring.sources.signatures import SignatureScheme, SignatureVerdict, verify
from scoring.wording.text import Text
from streams.sources.connection import Connection
from streams.sources.market_hooks import (
    ORDER_SUPPLIES,
    answer_address_check,
    is_read,
    push_label,
    secrets_of,
    token_or_signature,
)
from streams.sources.shopee.asking import APPROVAL, asking
from streams.sources.shopee.config import ShopeeConnection
from streams.sources.shopee.fields import PUSH_FIELDS
from streams.sources.shopee.mapping import ShopeeTerms, translate
from streams.sources.shopee.polling import polls
from streams.sources.shopee.second_way import second_way
from streams.sources.source import (
    Hook,
    HookLabel,
    HookRequest,
    SourceSpec,
)

_SCHEME = SignatureScheme("Authorization", signed="{url}|{body}")


def verify_delivery(request: HookRequest, connection: Connection) -> SignatureVerdict:
    """Whether one of the connection's keys signed the registered address and the raw bytes."""
    config: ShopeeConnection = connection.config
    keys = secrets_of(connection, config.push_secret)
    return verify(_SCHEME, request.raw, request.headers, keys, request.now_s, config.callback)


def label(request: HookRequest, document: Any, connection: Connection) -> HookLabel:
    """The number of a push and its shop. It has no id: the same bytes are the same push."""
    if not isinstance(document, dict):
        return HookLabel()
    return push_label(connection, document.get("code", ""), document.get("shop_id"))


SOURCE = SourceSpec(
    name="shopee",
    words=Text("Shopee", "Shopee"),
    supplies=ORDER_SUPPLIES,
    definition=Text(
        "下单：创建订单（create_time），可能未付款；支付：pay_time，货到付款在揽收之后有付款时间才算；履约：物流揽收（pickup_done_time）；"
        "复购：按买家编号的化名计算。曝光和点击只有广告部分，是报表；自然流量没有接口，请导入商业分析文件。",
        "Order: it was created (create_time), perhaps unpaid. Payment: pay_time; cash on delivery once it has one after pickup. Fulfilment: the "
        "carrier picked it up (pickup_done_time). Repurchase: by the pseudonym of the buyer's number. Impressions and clicks are of ads "
        "alone, as report rows; there is no API for the rest: import Business Insights' files.",
    ),
    events_as=(Source.WEBHOOK, Source.POLL),
    hook=Hook(
        verify=verify_delivery,
        handshake=answer_address_check,
        label=label,
        only=lambda connection: PUSH_FIELDS,
    ),
    polls=polls,
    asking=asking,
    translate=translate,
    second_way=second_way,
    has_second_way=lambda config: config.is_authorised,
    lacks=lambda config: (
        frozenset() if is_read(config, "orders") else frozenset({Stage.PAYMENT, Stage.REPURCHASE})
    ),
    config=ShopeeConnection,
    terms=lambda config: ShopeeTerms(config.stores_of_shops, config.shop_id, config.site),
    authorisation=token_or_signature,
    approval=APPROVAL,
)
