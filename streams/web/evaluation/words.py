"""The words of the page Evaluation, zh and en; what is said of scores is in ``scoring/evaluation``."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.evaluation.texts import PERIOD_NAMES
from scoring.wording.text import Text
from streams.evaluation.words import WORDS

#: words that the page of files has as well
_SHARED = (
    "not_supplied",
    "radar",
    "radar_note",
    "period",
    "health",
    "dimensions",
    "indicators",
    "funnel",
    "other_findings",
    "actions",
    "weak",
    "none_weak",
    "gaps",
    "duties",
    "duty",
    "duty_events",
    "duty_money",
    "duty_indicators",
    "duty_sum",
    "duty_targets",
    "earlier",
    "targets",
    "platform_targets",
    "platform_targets_note",
    "reported_by",
    "target",
    "set_by",
    "loss_note",
    "radar",
    "usual",
    "bar",
    "name",
    "score",
    "value",
    "cases",
    "definition",
    "source",
    "loss",
    "who",
    "coverage",
    "nothing_found",
    "weights",
    *(key for key in WORDS if key.startswith("attribution")),
)

EVALUATION_WORDS: Mapping[str, Text] = {
    **{f"evaluation_{key}": WORDS[key] for key in _SHARED},
    "evaluation": Text("店铺评价", "Evaluation"),
    "evaluation_length": Text("周期", "Period"),
    **{f"evaluation_length_{length}": text for length, text in PERIOD_NAMES.items()},
    "evaluation_groups_note": Text("同平台、同国家、同品类的店才放在一起比；口径不同的数不比。", "Only stores of one platform, country and category are compared, and only what is counted alike."),
    "evaluation_rank": Text("名次", "Rank"),
    "evaluation_lower": Text("越低越好", "lower is better"),
    "evaluation_unlike": Text("口径不一样，不比：", "Not compared, since definitions differ:"),
    "evaluation_left_out": Text("这一期数据不全，未参与", "Left out, since this period is not known"),
    "evaluation_alone": Text("没有同类店可比。", "There is no other store of this kind to compare with."),
    "evaluation_list": Text("、", ", "),
    "evaluation_none": Text(
        "还没有一个完整的周期。选短一点的周期，或先导入订单与报表。",
        "No period is complete yet. Choose a shorter one, or import orders and reports first.",
    ),
    "evaluation_known_until": Text("数据到 {at}", "data until {at}"),
    "evaluation_peers": Text("同类店 {n} 家", "{n} stores alike"),
    "evaluation_rows_of": Text("原始数据", "Rows"),
    "evaluation_rows_cut": Text("只列前 {n} 行。", "Only the first {n} rows are shown."),
    "evaluation_no_rows": Text("这些条件下现在没有行。", "No rows match these conditions now."),
    "evaluation_sql": Text("同样的查询（可用 funnelwatch sql 运行）：", "The same as SQL (run it with funnelwatch sql):"),
    "evaluation_act": Text("处理这条建议", "Act on this advice"),
    "evaluation_accept": Text("接受", "Accept"),
    "evaluation_decline": Text("不采纳", "Decline"),
    "evaluation_done": Text("已完成", "Done"),
    "evaluation_why": Text("说明（不采纳时必填）", "Remark (needed to decline)"),
    "evaluation_decline_why": Text("不采纳要写明理由。", "Say why it is declined."),
    "evaluation_inputs": Text("每个得分的全部输入（可复算）", "Every input of every score (to recompute them)"),
}  # fmt: skip
