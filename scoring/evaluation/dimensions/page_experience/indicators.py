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
            first=Text(
                "用主要机型打开流量最大的三个页面，看最大的图多大、多久显示；对一下近期换过的主图和插件。",
                "Open the three busiest pages on the main devices: how large is the largest picture, when does it show? Go through pictures and apps changed lately.",
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
            first=Text(
                "在手机上打开流量最大的三个页面，看哪一块在加载时把内容推开：弹窗、横幅、没写尺寸的图。",
                "Open the three busiest pages on a phone and see what pushes content away while loading: banners, overlays, pictures without a size.",
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
            first=Text(
                "在中低端手机上点一遍商品页的选项和加购，看哪一下没反应；对一下近期新增的脚本和插件。",
                "Tap through options and add to cart on a cheaper phone and note what does not answer; go through scripts and apps added lately.",
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
            first=Text(
                "按商品列出加购率，先看浏览最多、掉得最多的三款：价格、库存、主图、评价近期有没有变。",
                "List it by product; for the three with most views that fell most, look at changes of price, stock, main picture and reviews.",
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
            first=Text(
                "按报错内容列出结账报错，先照着最多的那一条在同样的设备和国家走一遍。",
                "List checkout errors by message; walk through the most frequent one on the same device and in the same country.",
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
            first=Text(
                "列出搜不到结果的前 20 个词，有货的补上同义词，没货的交给选品看。",
                "List the 20 words searched most without a result: add synonyms for what you have, hand the rest to whoever chooses products.",
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
            first=Text(
                "列出缺货期间浏览最多的商品，先补货；补不上的改成到货提醒，并停掉引流的广告。",
                "List products viewed most while out of stock: restock first; else offer a reminder and pause the ads that lead there.",
            ),
            closed_by=STOCKS,
            shares=shared(supply=7, operations=3),
        ),
    ),
)
