"""The source ``tiktok_ads``: an advertiser's spend on GMV Max and on ordinary campaigns, by day and hour."""

from __future__ import annotations

from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.sources.source import Authorisation, SourceSpec, Supply
from streams.sources.tiktok_ads.asking import asking
from streams.sources.tiktok_ads.config import TiktokAdsConnection
from streams.sources.tiktok_ads.mapping import translate
from streams.sources.tiktok_ads.polling import polls

SOURCE = SourceSpec(
    name="tiktok_ads",
    words=Text("TikTok 广告", "TikTok Ads"),
    supplies={Stage.IMPRESSION: Supply.REPORT, Stage.CLICK: Supply.REPORT},
    definition=Text(
        "花费：GMV Max（商品、直播分开）和普通广告，按天、按小时，时区是广告主的；GMV Max 的订单和成交额是 TikTok 归因的，包含推广商品的自然成交，不是店铺订单，不与订单相加。"
        "曝光、点击只有普通广告有，GMV Max 不给。7 天内每天重读。没有投放的日子没有行，不等于 0。",
        "Spend: of GMV Max (products and LIVE apart) and of ordinary campaigns, by day and hour of the advertiser's clock. Orders and revenue of "
        "GMV Max are what TikTok credits to it, organic orders of promoted products among them; they are not the shop's orders and are never "
        "added to them. Impressions and clicks are of ordinary campaigns alone: GMV Max does not give them. The last 7 days are read again "
        "each day. A day without delivery has no row, which is not 0.",
    ),
    events_as=(),
    polls=polls,
    asking=asking,
    translate=translate,
    config=TiktokAdsConnection,
    lacks=lambda config: (
        frozenset() if "auction" in config.reads else frozenset({Stage.IMPRESSION, Stage.CLICK})
    ),
    authorisation=lambda config: Authorisation.KEY,
)
