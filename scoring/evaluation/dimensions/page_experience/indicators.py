"""The indicators of page experience, their names, what is counted over what, and what supplies them."""

from __future__ import annotations

from scoring.evaluation.dimensions.supplies import PAGE_EVENTS, PIXEL, STOCKS, VITALS
from scoring.evaluation.duties import shared
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.indicator import Direction, EvaluationDimension, Indicator
from scoring.wording.text import Text

DIMENSION = EvaluationDimension(
    "page_experience",
    Text("页面体验", "Page experience"),
    Text("打得开、看得懂、买得成吗？", "Does it open, is it clear, can one buy?"),
    (
        Indicator(
            "page_experience.fast_pages",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=300,
            restated_days=0,
            name=Text("打开够快的页面", "Pages that open fast"),
            definition=Text(
                "最大内容在 2.5 秒内出现（LCP）的打开次数 ÷ 全部打开次数；达到 75% 即 p75 合格",
                "page loads whose largest content shows within 2.5 s (LCP) ÷ all; 75% of them is a good p75",
            ),
            closed_by=VITALS,
            shares=shared(engineering=7, design=3),
        ),
        Indicator(
            "page_experience.stable_pages",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=300,
            restated_days=0,
            name=Text("不跳动的页面", "Pages that do not jump"),
            definition=Text(
                "布局偏移（CLS）不超过 0.1 的打开次数 ÷ 全部打开次数",
                "page loads with a layout shift (CLS) of at most 0.1 ÷ all",
            ),
            closed_by=VITALS,
            shares=shared(engineering=6, design=4),
        ),
        Indicator(
            "page_experience.responsive_pages",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=300,
            restated_days=0,
            name=Text("点了有反应的页面", "Pages that respond"),
            definition=Text(
                "交互延迟（INP）不超过 0.2 秒的访问 ÷ 有交互的访问",
                "visits whose interactions answer within 0.2 s (INP) ÷ visits with an interaction",
            ),
            closed_by=VITALS,
            shares=shared(engineering=10),
        ),
        Indicator(
            "page_experience.view_to_cart",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=300,
            restated_days=0,
            name=Text("商品页加购率", "Product page to cart"),
            definition=Text(
                "有加购的商品页会话 ÷ 看过商品页的会话",
                "sessions with an add to cart ÷ sessions that saw a product page",
            ),
            closed_by=PIXEL,
            shares=shared(operations=4, design=4, engineering=2),
        ),
        Indicator(
            "page_experience.checkout_errors",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=100,
            restated_days=0,
            name=Text("结账报错", "Checkout errors"),
            definition=Text(
                "出现过报错的结账 ÷ 全部结账，按会话去重",
                "checkouts that showed an error ÷ all, each session once",
            ),
            closed_by=PAGE_EVENTS,
            shares=shared(engineering=10),
        ),
        Indicator(
            "page_experience.empty_searches",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=100,
            restated_days=0,
            name=Text("搜不到结果", "Searches without a result"),
            definition=Text(
                "没有结果的站内搜索 ÷ 全部站内搜索", "searches of the shop without a result ÷ all"
            ),
            closed_by=PAGE_EVENTS,
            shares=shared(operations=6, engineering=4),
        ),
        Indicator(
            "page_experience.out_of_stock_views",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=300,
            restated_days=0,
            name=Text("看到缺货商品", "Views of sold-out products"),
            definition=Text(
                "打开时已缺货的商品页次数 ÷ 商品页总次数", "product page views while out of stock ÷ all"
            ),
            closed_by=STOCKS,
            shares=shared(supply=7, operations=3),
        ),
    ),
)
