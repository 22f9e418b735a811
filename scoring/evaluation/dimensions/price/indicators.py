"""The indicators of price, their names, what is counted over what, and what supplies them."""

from __future__ import annotations

from scoring.evaluation.dimensions.supplies import PAGE_EVENTS, PIXEL, PRICE, PRICES
from scoring.evaluation.duties import shared
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.indicator import Direction, EvaluationDimension, Indicator
from scoring.wording.text import Text

DIMENSION = EvaluationDimension(
    "price",
    Text("价格竞争力", "Price"),
    Text("到手价有没有吸引力？", "Is the price to the buyer attractive?"),
    (
        Indicator(
            "price.featured_offer",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=300,
            restated_days=3,
            name=Text("拿到购物车的浏览", "Views with the featured offer"),
            definition=Text(
                "本店拥有购物车时的商品页浏览 ÷ 商品页浏览",
                "product page views during which the shop held the featured offer ÷ all",
            ),
            first=Text(
                "列出丢了购物车的商品，对一下价格、配送方式和库存；先看销量最大的三款。",
                "List products that lost the featured offer and compare price, delivery and stock; the three with most sales first.",
            ),
            closed_by=PRICE,
            shares=shared(operations=7, supply=3),
        ),
        Indicator(
            "price.price_index",
            IndicatorKind.INDEX,
            Direction.LOWER,
            floor=10,
            restated_days=0,
            name=Text("价格指数", "Price index"),
            definition=Text(
                "本店到手价 ÷ 同款参考价，按商品取几何平均；1 为持平，含运费与税",
                "the shop's price to the buyer ÷ the reference price of the same product, geometric mean over products; 1 is equal, shipping and tax included",
            ),
            first=Text(
                "列出比参照价贵得最多的十款，核对参照是不是同款同规格、含不含运费和税。",
                "List the ten products furthest above the reference; check that it is the same product and size, with shipping and tax.",
            ),
            closed_by=PRICES,
            shares=shared(operations=6, supply=4),
        ),
        Indicator(
            "price.coupon_errors",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=100,
            restated_days=0,
            name=Text("优惠券用不了", "Coupons that fail"),
            definition=Text(
                "被拒的优惠券提交 ÷ 全部提交，按会话去重", "rejected coupon attempts ÷ all, each session once"
            ),
            first=Text(
                "按优惠券列出用不了的次数和提示，先核对最多那一张的日期、门槛和适用商品。",
                "List failed coupons by code and message; check dates, minimum and products of the most frequent one.",
            ),
            closed_by=PAGE_EVENTS,
            shares=shared(operations=6, engineering=4),
        ),
        Indicator(
            "price.cart_to_order",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=100,
            restated_days=0,
            name=Text("加购后下单", "Cart to order"),
            definition=Text(
                "下了单的加购会话 ÷ 加购会话；运费与税多在这一步才显示",
                "sessions with an order ÷ sessions with an add to cart; shipping and tax mostly show here",
            ),
            first=Text(
                "用主要国家的地址走一遍购物车，看运费、税和送达时间在哪一步才出现，记下总价比商品价多多少。",
                "Walk through the cart with an address of the main country: where do shipping, tax and delivery time first show, and how much do they add?",
            ),
            closed_by=PIXEL,
            shares=shared(operations=6, engineering=4),
        ),
    ),
)
