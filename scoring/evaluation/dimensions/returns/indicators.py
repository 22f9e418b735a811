"""The indicators of returns, their names, what is counted over what, and what supplies them."""

from __future__ import annotations

from scoring.evaluation.dimensions.supplies import DISPUTES, REFUNDS, REVIEWS
from scoring.evaluation.duties import shared
from scoring.evaluation.figure import IndicatorKind, RatingScale
from scoring.evaluation.indicator import Direction, EvaluationDimension, Indicator
from scoring.wording.text import Text

DIMENSION = EvaluationDimension(
    "returns",
    Text("退换货", "Returns"),
    Text("收到之后满意吗，退得多吗？", "Are they content with what came, and how much comes back?"),
    (
        Indicator(
            "returns.refunds",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=100,
            restated_days=45,
            name=Text("退款率", "Refunds"),
            definition=Text(
                "有退款的订单 ÷ 已付款订单，按付款日，未到期的按历史进度折算",
                "orders with a refund ÷ paid orders, by the day of payment, corrected for what is not due yet",
            ),
            first=Text(
                "按商品和原因列出退款，先看退款最多的那一款：尺码、描述、质检记录。",
                "List refunds by product and reason; for the one with most look at sizes, description and quality checks.",
            ),
            closed_by=REFUNDS,
            shares=shared(operations=4, supply=4, support=2),
            is_cohort=True,
        ),
        Indicator(
            "returns.disputes",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=300,
            restated_days=90,
            name=Text("纠纷与拒付", "Disputes and chargebacks"),
            definition=Text(
                "有纠纷或拒付的订单 ÷ 已付款订单，按付款日",
                "orders with a dispute or chargeback ÷ paid orders, by the day of payment",
            ),
            first=Text(
                "按原因列出拒付，先看“没收到货”的物流轨迹和“不认识这笔交易”的账单名称。",
                "List disputes by reason: tracking for what was not received, and the name on the statement for what nobody recognised.",
            ),
            closed_by=DISPUTES,
            shares=shared(support=5, operations=3, logistics=2),
            is_cohort=True,
        ),
        Indicator(
            "returns.negative_reviews",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=30,
            restated_days=30,
            name=Text("差评占比", "Negative reviews"),
            definition=Text(
                "1–2 星评价 ÷ 全部评价，按评价日",
                "reviews of one or two stars ÷ all, by the day of the review",
            ),
            first=Text(
                "把本期差评逐条标上原因（物流、质量、描述不符、其他），看哪一类变多了。",
                "Tag each bad review of the period by reason (delivery, quality, description, other) and see which grew.",
            ),
            closed_by=REVIEWS,
            shares=shared(operations=3, supply=3, logistics=2, support=2),
        ),
        Indicator(
            "returns.rating",
            IndicatorKind.RATING,
            Direction.HIGHER,
            floor=30,
            restated_days=30,
            name=Text("商品评分", "Rating"),
            definition=Text(
                "当期新增评价的星级（1–5），不是平台显示的历史平均",
                "stars of the reviews of the period (1 to 5), not the all-time mean that platforms show",
            ),
            first=Text(
                "按商品列出本期评分，先看掉得最多的那一款的评价原文。",
                "List this period's rating by product; read the reviews of the one that fell most.",
            ),
            closed_by=REVIEWS,
            shares=shared(supply=4, operations=4, design=2),
            scale=RatingScale(1.0, 5.0),
        ),
    ),
)
