"""The source ``tiktok_shop``: pushes verified over the app's key and the raw bytes, and the signed Partner API of each shop."""

from __future__ import annotations

from typing import Any

from scoring.events.event import Source
from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.sources.connection import Connection
from streams.sources.market_hooks import (
    ORDER_SUPPLIES,
    is_read,
    push_label,
    token_or_signature,
    verify_app_key,
)
from streams.sources.market_reading import MarketTerms
from streams.sources.source import Hook, HookAnswer, HookLabel, HookRequest, SourceSpec, Supply
from streams.sources.tiktok_shop.asking import APPROVAL, asking
from streams.sources.tiktok_shop.config import TiktokShopConnection
from streams.sources.tiktok_shop.fields import PUSH_FIELDS
from streams.sources.tiktok_shop.mapping import translate
from streams.sources.tiktok_shop.polling import VERSIONS, polls
from streams.sources.tiktok_shop.second_way import second_way


def handshake(request: HookRequest, connection: Connection) -> HookAnswer | None:
    """TikTok does not check an address before it delivers."""
    return None


def label(request: HookRequest, document: Any, connection: Connection) -> HookLabel:
    """The type of a push, its id (a retry has the same) and its shop."""
    if not isinstance(document, dict):
        return HookLabel()
    number = document.get("tts_notification_id")
    return push_label(connection, document.get("type", ""), document.get("shop_id"), number)


def _lacks(config: TiktokShopConnection) -> frozenset[Stage]:
    """Views are in analytics; when it was paid and by whom is in what is asked for, not in pushes."""
    needed = {
        Stage.IMPRESSION: "analytics",
        Stage.CLICK: "analytics",
        Stage.PAYMENT: "orders",
        Stage.REPURCHASE: "orders",
    }
    return frozenset(stage for stage, part in needed.items() if not is_read(config, part))


SOURCE = SourceSpec(
    name="tiktok_shop",
    words=Text("TikTok Shop", "TikTok Shop"),
    supplies={
        Stage.IMPRESSION: Supply.REPORT,
        Stage.CLICK: Supply.REPORT,
        **ORDER_SUPPLIES,
    },
    definition=Text(
        "曝光、点击：商品曝光与商品页浏览，按天的报表；下单：创建订单（create_time），可能未付款；支付：paid_time，暂停（ON_HOLD）的订单没有付款时间就不算；"
        "履约：物流揽收（collection_time）；复购：按买家编号的化名计算。没有加购。直播按场次单独成漏斗。",
        "Impressions and clicks: product impressions and page views by day, as report rows. Order: it was created (create_time), perhaps "
        "unpaid. Payment: paid_time; an order on hold without one is not paid. Fulfilment: the carrier collected it (collection_time). "
        "Repurchase: by the pseudonym of the buyer's number. There are no carts. Each LIVE session is a funnel of its own.",
    ),
    events_as=(Source.WEBHOOK, Source.POLL),
    hook=Hook(
        verify=verify_app_key,
        handshake=handshake,
        label=label,
        only=lambda connection: PUSH_FIELDS,
    ),
    polls=polls,
    asking=asking,
    translate=translate,
    second_way=second_way,
    has_second_way=lambda config: config.is_authorised and len(config.stores_of_shops) == 1,
    lacks=_lacks,
    config=TiktokShopConnection,
    terms=lambda config: MarketTerms(config.stores_of_shops, config.shop_id),
    authorisation=token_or_signature,
    approval=APPROVAL,
    uses=lambda config: [VERSIONS[name] for name in config.reads] if config.is_authorised else [],
)
