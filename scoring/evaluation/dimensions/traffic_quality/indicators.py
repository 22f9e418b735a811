"""The indicators of traffic quality, their names, what is counted over what, and what supplies them."""

from __future__ import annotations

from scoring.evaluation.dimensions.supplies import ADS, PIXEL, TRAFFIC
from scoring.evaluation.duties import shared
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.indicator import Direction, EvaluationDimension, Indicator
from scoring.wording.text import Text

DIMENSION = EvaluationDimension(
    "traffic_quality",
    Text("流量质量", "Traffic quality"),
    Text("来的是不是想买的人？", "Are those who come people who want to buy?"),
    (
        Indicator(
            "traffic_quality.click_through",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=1000,
            restated_days=3,
            name=Text("点击率", "Click-through"),
            definition=Text(
                "点击次数 ÷ 曝光次数，同一份报表、同一广告或渠道口径",
                "clicks per impression, both from one report and of one kind of traffic",
            ),
            first=Text(
                "按计划拆开看点击率，先看花费最大、掉得最多的三条：素材、人群、出价近期改过什么。",
                "List click-through by campaign; for the three that spend most and fell most see what changed in creatives, audience and bids.",
            ),
            closed_by=TRAFFIC,
            shares=shared(operations=6, design=4),
        ),
        Indicator(
            "traffic_quality.engaged_sessions",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=300,
            restated_days=3,
            name=Text("有效访问占比", "Engaged sessions"),
            definition=Text(
                "停留 10 秒以上、看过两页或有加购的会话 ÷ 全部会话，已去掉机器流量",
                "sessions of ten seconds, two pages or an add to cart ÷ all sessions, bots left out",
            ),
            first=Text(
                "按渠道和落地页列出有效访问占比，先看访问最多、掉得最多的那个入口，自己点进去走一遍。",
                "List engaged sessions by channel and landing page; enter through the largest that fell most, as a visitor would.",
            ),
            closed_by=PIXEL,
            shares=shared(operations=6, design=4),
        ),
        Indicator(
            "traffic_quality.bot_share",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=300,
            restated_days=0,
            name=Text("机器流量占比", "Bot share"),
            definition=Text("被识别为爬虫的会话 ÷ 全部会话", "sessions recognised as bots ÷ all sessions"),
            first=Text(
                "按来源、国家和落地页列出机器流量，先把最大的一处在广告和防护里排除，再看两周。",
                "List bots by source, country and landing page; exclude the largest in ads and protection, and look again after two weeks.",
            ),
            closed_by=PIXEL,
            shares=shared(engineering=7, operations=3),
        ),
        Indicator(
            "traffic_quality.orders_per_spend",
            IndicatorKind.COUNT,
            Direction.HIGHER,
            floor=10,
            restated_days=28,
            name=Text("每百元花费的真实订单", "Real orders per 100 spent"),
            definition=Text(
                "店铺里归到广告的订单数 ÷ 花费（每 100）；订单不带渠道时用店铺全部订单，两种口径从不混用；不用平台自报的订单数",
                "orders of the shop that came through ads ÷ spend in hundreds; where orders name no channel, all orders of the shop, and the two are never mixed; never the orders that the platform claims",
            ),
            first=Text(
                "按计划列出每单花费，先看花费最大、没有带来订单的计划；对一下落地页和库存。",
                "List cost per order by campaign; look first at what spends most and brings no order: its landing page and stock.",
            ),
            unit=Text("单", "orders"),
            closed_by=ADS,
            shares=shared(operations=8, design=2),
        ),
    ),
)
