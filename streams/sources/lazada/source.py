"""The source ``lazada``: pushes verified over the app's key and the raw bytes, and the signed Open Platform API of each country."""

from __future__ import annotations

from typing import Any

from scoring.events.event import Source
from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.sources.connection import Connection
from streams.sources.lazada.asking import APPROVAL, asking
from streams.sources.lazada.config import LazadaConnection
from streams.sources.lazada.fields import PEOPLE, PUSH_FIELDS
from streams.sources.lazada.mapping import translate
from streams.sources.lazada.polling import polls
from streams.sources.lazada.second_way import second_way
from streams.sources.market_hooks import (
    ORDER_SUPPLIES,
    answer_address_check,
    is_read,
    push_label,
    token_or_signature,
    verify_app_key,
)
from streams.sources.market_reading import MarketTerms
from streams.sources.source import Hook, HookLabel, HookRequest, SourceSpec


def label(request: HookRequest, document: Any, connection: Connection) -> HookLabel:
    """The type of a push and its country. It has no id: the same bytes are the same push."""
    if not isinstance(document, dict):
        return HookLabel()
    country = str(document.get("site", ""))[-2:].upper()
    return push_label(connection, document.get("message_type", ""), country)


SOURCE = SourceSpec(
    name="lazada",
    words=Text("Lazada", "Lazada"),
    supplies=ORDER_SUPPLIES,
    definition=Text(
        "下单：创建订单（created_at），可能未付款；支付：进入 pending 的时间（推断），货到付款在妥投时才算；履约：第一件商品变为 shipped 的时间；"
        "复购：按买家编号的化名计算。曝光、点击、加购只有广告部分，是报表。",
        "Order: it was created (created_at), perhaps unpaid. Payment: when it became pending (inferred); cash on delivery once it is "
        "delivered. Fulfilment: when the first item became shipped. Repurchase: by the pseudonym of the buyer's number. Impressions, "
        "clicks and carts are of ads alone, as report rows.",
    ),
    events_as=(Source.WEBHOOK, Source.POLL),
    hook=Hook(
        verify=verify_app_key,
        handshake=answer_address_check,
        label=label,
        people=lambda connection: PEOPLE,
        only=lambda connection: PUSH_FIELDS,
    ),
    polls=polls,
    asking=asking,
    translate=translate,
    second_way=second_way,
    has_second_way=lambda config: config.is_authorised and len(config.stores_of_shops) == 1,
    lacks=lambda config: frozenset() if is_read(config, "orders") else frozenset({Stage.REPURCHASE}),
    config=LazadaConnection,
    terms=lambda config: MarketTerms(config.stores_of_shops, config.country),
    authorisation=token_or_signature,
    approval=APPROVAL,
)
