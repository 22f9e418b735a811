"""The source ``amazon``: the Selling Partner API of one seller account, marketplace by marketplace."""

from __future__ import annotations

from scoring.events.event import Source
from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.sources.amazon.asking import asking
from streams.sources.amazon.config import AmazonConnection
from streams.sources.amazon.mapping import AmazonTerms, translate
from streams.sources.amazon.polling import VERSIONS, polls, second_way
from streams.sources.source import Authorisation, SourceSpec, Supply

_SUPPLIES = {
    Stage.CLICK: Supply.REPORT,
    Stage.ORDER: Supply.STATUS,
    Stage.PAYMENT: Supply.STATUS,
    Stage.FULFILMENT: Supply.STATUS,
}


def _terms(config: AmazonConnection) -> AmazonTerms:
    zones = {marketplace: config.zone_of(marketplace) for marketplace in config.stores_of_shops}
    return AmazonTerms(config.stores_of_shops, config.marketplace, zones)


def _lacks(config: AmazonConnection) -> frozenset[Stage]:
    """Views are in one of two reports; an order's life is in searches, and in notifications."""
    lacking = set() if {"traffic", "kiosk"} & set(config.reads) else {Stage.CLICK}
    if "orders" not in config.reads and not config.queue:
        lacking |= {stage for stage, how in _SUPPLIES.items() if how is Supply.STATUS}
    return frozenset(lacking)


SOURCE = SourceSpec(
    name="amazon",
    words=Text("亚马逊", "Amazon"),
    supplies=_SUPPLIES,
    definition=Text(
        "点击：会话数与浏览量，按天的报表，可能晚到三天；下单：创建订单（createdTime）；支付：离开 PENDING，即付款已授权（推断）；履约：第一个包裹的发货时间；"
        "没有曝光、加购，也没有买家编号，算不了复购。每小时销售是报表，不是事件。",
        "Clicks: sessions and page views by day, as report rows, up to three days late. Order: it was created (createdTime). Payment: it left "
        "PENDING, that is, its payment was authorised (inferred). Fulfilment: the first parcel was sent. There are no impressions and carts, "
        "and no buyer to know a repurchase by. Sales by hour are report rows, not events.",
    ),
    events_as=(Source.POLL,),
    polls=polls,
    asking=asking,
    translate=translate,
    second_way=second_way,
    has_second_way=lambda config: (
        "orders" in config.reads and (config.reconciled_by == "report" or len(config.stores_of_shops) == 1)
    ),
    lacks=_lacks,
    config=AmazonConnection,
    terms=_terms,
    authorisation=lambda config: Authorisation.TOKEN,
    uses=lambda config: [VERSIONS[name] for name in config.reads],
)
