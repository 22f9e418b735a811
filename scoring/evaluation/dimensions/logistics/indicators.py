"""The indicators of logistics, their names, what is counted over what, and what supplies them."""

from __future__ import annotations

from scoring.evaluation.dimensions.supplies import ORDERS, PROMISE
from scoring.evaluation.duties import shared
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.indicator import Direction, EvaluationDimension, Indicator
from scoring.wording.text import Text

DIMENSION = EvaluationDimension(
    "logistics",
    Text("物流时效", "Logistics"),
    Text("说好什么时候到，就什么时候到吗？", "Does it arrive when it was promised?"),
    (
        Indicator(
            "logistics.shipped_in_time",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=30,
            restated_days=1,
            name=Text("按时发货", "Shipped in time"),
            definition=Text(
                "承诺天数内交给承运商的订单 ÷ 到期应发的订单，按付款日；发货前取消的不算",
                "orders handed to the carrier within the promised days ÷ orders due, by the day of payment; those cancelled before are left out",
            ),
            first=Text(
                "把本期超时发出的订单列出来，按仓库、商品、下单时段各数一遍，先看最多的那一类卡在哪一步。",
                "List what was shipped too late; count it by warehouse, product and hour of payment, and see where the largest group waited.",
            ),
            closed_by=PROMISE,
            shares=shared(logistics=7, supply=3),
            is_cohort=True,
        ),
        Indicator(
            "logistics.time_to_ship",
            IndicatorKind.DURATION,
            Direction.LOWER,
            floor=30,
            restated_days=1,
            name=Text("发货用时", "Time to ship"),
            definition=Text(
                "付款到交给承运商的工作小时，几何平均，按付款日；不到期的不计",
                "business hours from payment to the carrier, geometric mean, by the day of payment; what is not due is left out",
            ),
            unit=Text("小时", "h"),
            first=Text(
                "挑发得最慢的 20 单，逐单对上付款、打单、出库的时间，看时间花在哪一段；有没有周末或缺货的单混在里面。",
                "Take the 20 slowest orders and note when each was paid, printed and handed over: where did the time go, and were weekends or missing stock among them?",
            ),
            closed_by=ORDERS,
            shares=shared(logistics=7, supply=3),
            is_cohort=True,
        ),
        Indicator(
            "logistics.time_to_deliver",
            IndicatorKind.DURATION,
            Direction.LOWER,
            floor=30,
            restated_days=30,
            name=Text("配送用时", "Time to deliver"),
            definition=Text(
                "交给承运商到签收的小时，几何平均，按发货日",
                "hours from the carrier to delivery, geometric mean, by the day of shipping",
            ),
            unit=Text("小时", "h"),
            first=Text(
                "按承运商和目的地区列出配送用时，先看变慢最多的那一条线路，向承运商要轨迹。",
                "List delivery time by carrier and region; take the route that slowed down most and ask the carrier for its tracking.",
            ),
            closed_by=ORDERS,
            shares=shared(logistics=10),
            is_cohort=True,
        ),
        Indicator(
            "logistics.seller_cancellations",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=30,
            restated_days=14,
            name=Text("卖家原因取消", "Cancelled by the seller"),
            definition=Text(
                "因卖家取消的订单 ÷ 已付款订单，按付款日",
                "orders cancelled by the seller ÷ paid orders, by the day of payment",
            ),
            first=Text(
                "把卖家取消的订单按原因和商品列出来，先核对取消最多的商品的库存数。",
                "List orders that the shop cancelled by reason and product; check the stock of the product with most of them first.",
            ),
            closed_by=ORDERS,
            shares=shared(supply=6, operations=3, logistics=1),
            is_cohort=True,
        ),
    ),
)
