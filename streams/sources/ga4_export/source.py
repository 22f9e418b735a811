"""The source ``ga4_export``: a property's figures by day and hour, counted in its export to BigQuery."""

from __future__ import annotations

from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.sources.ga4_export.asking import asking
from streams.sources.ga4_export.config import Ga4ExportConnection
from streams.sources.ga4_export.polling import polls
from streams.sources.ga4_reports.mapping import translate
from streams.sources.source import Authorisation, SourceSpec, Supply

SOURCE = SourceSpec(
    name="ga4_export",
    words=Text("GA4 导出（BigQuery）", "GA4 export (BigQuery)"),
    supplies={
        Stage.IMPRESSION: Supply.REPORT,
        Stage.CLICK: Supply.REPORT,
        Stage.ADD_TO_CART: Supply.REPORT,
        Stage.ORDER: Supply.REPORT,
    },
    definition=Text(
        "曝光：看到商品列表的次数；点击：商品页浏览次数，会话、活跃用户、浏览量另列；加购、结账、购买按事件计，购买按交易编号只算一次，是感谢页所见，不代表已付款。"
        "在 BigQuery 里对全部事件计数，没有抽样和阈值，访客的数据不离开 BigQuery。当天用当日表，标为未完整；日表生成后以日表为准，三天内会改写。",
        "Impression: a product list was seen. Click: a product's page was seen; sessions, active users and views are figures of their own. Adds "
        "to cart, checkouts and purchases are events; a purchase counts once by its transaction and is what the thank-you page saw, no proof "
        "of payment. All events are counted in BigQuery, without sampling or thresholds, and nothing of a visitor leaves it. Today is from the "
        "intraday table and marked as incomplete; the day's own table takes its place, and is rewritten for three days.",
    ),
    events_as=(),
    polls=polls,
    asking=asking,
    translate=translate,
    config=Ga4ExportConnection,
    authorisation=lambda config: Authorisation.TOKEN,
)
