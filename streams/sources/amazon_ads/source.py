"""The source ``amazon_ads``: the campaigns of one advertising profile by day, and by hour where Marketing Stream is sent."""

from __future__ import annotations

from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.sources.amazon_ads.asking import asking
from streams.sources.amazon_ads.config import AmazonAdsConnection
from streams.sources.amazon_ads.mapping import translate
from streams.sources.amazon_ads.polling import polls
from streams.sources.source import Authorisation, SourceSpec, Supply

SOURCE = SourceSpec(
    name="amazon_ads",
    words=Text("亚马逊广告", "Amazon Ads"),
    supplies={Stage.IMPRESSION: Supply.REPORT, Stage.CLICK: Supply.REPORT},
    definition=Text(
        "曝光、点击、花费、归因订单和归因销售额，按广告活动、按天，是广告部分，不是全店流量；商品推广归因 7 天内的点击，品牌推广和展示型推广 14 天。"
        "最近 14 天每天重读。归因订单不是订单，不与订单相加。接了 Marketing Stream 的队列才有小时。没有投放的日子没有行，不等于 0。",
        "Impressions, clicks, spend, attributed orders and attributed sales by campaign and day: of ads, not of the whole shop. Sponsored "
        "Products credits clicks of 7 days, Sponsored Brands and Display of 14. The last 14 days are read again each day. Attributed orders "
        "are not orders and are never added to them. Hours come from the queue of Marketing Stream alone. A day without delivery has no row, "
        "which is not 0.",
    ),
    events_as=(),
    polls=polls,
    asking=asking,
    translate=translate,
    config=AmazonAdsConnection,
    authorisation=lambda config: Authorisation.TOKEN,
)
