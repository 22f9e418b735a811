"""The words of the definitions, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

DEFINITION_WORDS: Mapping[str, Text] = {
    "definitions": Text("口径", "Definitions"),
    "states": Text("状态", "States"),
    "numbers": Text("数字", "Numbers"),
    "drop_off_title": Text("流失率", "Drop-off rate"),
    "money_title": Text("金额", "Money"),
    "def_surprise": Text(
        "一切如常时出现这么差的结果的概率，取 −log₁₀；在多个窗口中取最小的概率。6 约为百万分之一。达到 {notice} 提醒，达到 {page} 严重。",
        "−log₁₀ of the tail probability, the smallest over several windows. 6 means about one in a million if all were as usual. "
        "An alert is a warning from {notice} and critical from {page}.",
    ),
    "def_expected": Text(
        "由该店自身历史、每周规律与上游流量推算的到达数。",
        "Arrivals inferred from the store's own history, its week and its traffic upstream.",
    ),
    "def_band": Text(
        "一切如常时，到达数有 99% 的可能落在其中。", "Where arrivals fall 99 times in 100 when all is as usual."
    ),
    "def_drop_off_title": Text(
        "1 − 本段到达数 ÷ 上一段到达数，同一窗口，不是同一批人。",
        "1 − arrivals here ÷ arrivals one stage before, in the same window; not a cohort of people.",
    ),
    "def_not_supplied": Text(
        "28 天内没有任何来源提供该阶段；这不是零。", "No source supplied the stage in 28 days; that is not zero."
    ),
    "def_money_title": Text(
        "少掉的事件数 × 其成单概率 × 平均订单金额（取告警开始前 14 天；此前没有订单的店，取开始后一天；0 元订单不计入均值）；是估计，不是预测。",
        "Missing events × their chance of becoming an order × the mean order (of the 14 days before the alert began, or of the day after it where there were none; free orders "
        "are left out of the mean); an estimate, not a forecast.",
    ),
}  # fmt: skip
