"""The source ``ga4_reports``: a property's figures by day and hour, asked for through the Data API."""

from __future__ import annotations

from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.sources.ga4_reports.asking import asking
from streams.sources.ga4_reports.config import Ga4ReportsConnection
from streams.sources.ga4_reports.mapping import translate
from streams.sources.ga4_reports.polling import polls
from streams.sources.source import Authorisation, SourceSpec, Supply

SOURCE = SourceSpec(
    name="ga4_reports",
    words=Text("GA4 报表", "GA4 reports"),
    supplies={
        Stage.IMPRESSION: Supply.REPORT,
        Stage.CLICK: Supply.REPORT,
        Stage.ADD_TO_CART: Supply.REPORT,
        Stage.ORDER: Supply.REPORT,
    },
    definition=Text(
        "曝光：看到商品列表的次数；点击：商品页浏览次数，会话、活跃用户、浏览量另列；加购、结账、购买都是事件次数，购买是感谢页所见，不代表已付款。"
        "一天在结束 48 小时后算完整。抽样、阈值或归入 (other) 的数字会标出，不参与判断。",
        "Impression: a product list was seen. Click: a product's page was seen; sessions, active users and views are figures of their own. Adds "
        "to cart, checkouts and purchases are events; a purchase is what the thank-you page saw, no proof of payment. A day is complete 48 "
        "hours after its end. Figures that are sampled, thresholded or lose rows to (other) are marked and not judged.",
    ),
    events_as=(),
    polls=polls,
    asking=asking,
    translate=translate,
    config=Ga4ReportsConnection,
    authorisation=lambda config: Authorisation.TOKEN,
)
