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
            first=Text(
                "按星期和小时列出超时的会话，看是哪几个时段没有人在；先调一个班次试两周。",
                "List late answers by weekday and hour to see when nobody is there; move one shift for two weeks.",
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
            first=Text(
                "按星期和小时列出首次回复用时，看慢在哪几个时段、哪个渠道、哪位同事；先调一个班次试两周。",
                "List time to the first answer by weekday, hour, channel and colleague to see where it is slow; move one shift for two weeks.",
            ),
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
            first=Text(
                "把没人回的会话全部列出来，今天先补回；再看它们是从哪个渠道、在什么时段进来的。",
                "List every unanswered conversation and answer it today; then see by which channel and at what hours they came.",
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
            first=Text(
                "把一分、两分的会话读一遍，标上原因（慢、没解决、态度、规则），看哪一类最多。",
                "Read conversations rated one or two and tag them (slow, not solved, tone, rules); see which is most.",
            ),
            closed_by=SERVICE,
            shares=shared(support=8, operations=2),
            scale=RatingScale(1.0, 5.0),
        ),
    ),
)
