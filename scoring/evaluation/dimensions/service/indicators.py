"""The indicators of service, their names, what is counted over what, and what supplies them."""

from __future__ import annotations

from scoring.evaluation.dimensions.supplies import ANSWER_PROMISE, SERVICE
from scoring.evaluation.duties import shared
from scoring.evaluation.figure import IndicatorKind, RatingScale
from scoring.evaluation.indicator import Direction, EvaluationDimension, Indicator
from scoring.wording.text import Text

DIMENSION = EvaluationDimension(
    "service",
    Text("客服响应", "Service"),
    Text("买家问了，有人及时答吗？", "When a buyer asks, does somebody answer in time?"),
    (
        Indicator(
            "service.answered_in_time",
            IndicatorKind.RATE,
            Direction.HIGHER,
            floor=30,
            restated_days=0,
            name=Text("按时首次回复", "First answer in time"),
            definition=Text(
                "平台时限内有人工回复的会话 ÷ 全部会话；自动回复不算",
                "conversations answered by a person within the platform's limit ÷ all; automatic answers do not count",
            ),
            closed_by=ANSWER_PROMISE,
            shares=shared(support=10),
        ),
        Indicator(
            "service.time_to_answer",
            IndicatorKind.DURATION,
            Direction.LOWER,
            floor=30,
            restated_days=0,
            name=Text("首次回复用时", "Time to the first answer"),
            definition=Text(
                "买家开口到首次人工回复的分钟，几何平均；没回的不计，另有指标",
                "minutes from the buyer's first message to the first answer by a person, geometric mean; the unanswered have an indicator of their own",
            ),
            unit=Text("分钟", "min"),
            closed_by=SERVICE,
            shares=shared(support=10),
        ),
        Indicator(
            "service.unanswered",
            IndicatorKind.RATE,
            Direction.LOWER,
            floor=30,
            restated_days=0,
            name=Text("没人回的会话", "Unanswered"),
            definition=Text(
                "三天内没有人工回复的会话 ÷ 全部会话",
                "conversations without an answer by a person within three days ÷ all",
            ),
            closed_by=SERVICE,
            shares=shared(support=10),
            is_cohort=True,
        ),
        Indicator(
            "service.satisfaction",
            IndicatorKind.RATING,
            Direction.HIGHER,
            floor=30,
            restated_days=7,
            name=Text("客服满意度", "Satisfaction"),
            definition=Text("买家给客服会话的评分（1–5）", "buyers' ratings of conversations (1 to 5)"),
            closed_by=SERVICE,
            shares=shared(support=8, operations=2),
            scale=RatingScale(1.0, 5.0),
        ),
    ),
)
