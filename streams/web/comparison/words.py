"""The words of the comparison, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.wording.text import Text

COMPARISON_WORDS: Mapping[str, Text] = {
    "compare": Text("店铺对比", "Compare"),
    "compare_note": Text("每家店只与自己的预期比较。各平台口径不同，平台之间不排名。", "Each store against its own expectation. Platforms define stages differently and are not ranked."),
    "comparable_same": Text("同一平台、同一口径：转化率可相互比较。", "One platform, one definition: rates may be compared."),
    "comparable_alone": Text("该平台只有这一家店：只与自己的预期比较。", "The only store of its platform: compare it with its own expectation only."),
    "comparable_own": Text("各店自行定义阶段：仅在埋点相同时可比较转化率。", "Each store defines its own stages: compare rates only where tracking is the same."),
    "n_stores": Text("{n} 家", "{n} stores"),
    "one_store": Text("1 家", "1 store"),
    "rate": Text("转化率", "Rate"),
    "smallest": Text("1 小时内可发现", "Detectable within 1 h"),
    "smallest_drop": Text("跌幅 ≥ {drop}", "drops of {drop} or more"),
    "smallest_none": Text("单量太少", "too few"),
    "from_peers": Text("历史尚短，预期参考 {n} 家同类店", "Short history: expectation from {n} peer stores"),
    "from_benchmark": Text("历史尚短，预期参考上传的行业基准", "Short history: expectation from the uploaded benchmark"),
    "smallest_note": Text("“1 小时内可发现”是该步骤一小时内平均能看出的最小跌幅。", "“Detectable within 1 h” is the smallest drop that the step's volume reveals within an hour, on average."),
    "scale_note": Text("竖线为预期，条为这段时间的偏离，刻度 −50% 至 +50%，超出的以 › 标出；此刻的状态另外写明，可能与这段时间的合计不同。", "Line: expected. Bar: deviation over this time, −50% to +50%; › marks one that goes beyond. How a step is right now is said apart, and may differ from the sum."),
    "compare_covered": Text("其中至多 {covered}/{minutes} 分钟有预期：只比较这些分钟。", "At most {covered} of {minutes} minutes have an expectation: only these are compared."),
    "compare_now": Text("此刻：{state}", "now: {state}"),
    "compare_numbers": Text("全部数字", "All numbers"),
    "compare_figures": Text("实际 / 预期", "Observed of expected"),
    "compare_learning": Text("预期学习中", "still learning what to expect"),
    "compare_nothing_yet": Text("这段时间还没有可比的环节：检测开始几分钟后就会显示。", "No step to compare in this time yet: a few minutes after events come in, this page fills."),
    "compare_nothing": Text("这段时间没有可比的环节。", "No step to compare in this time."),
    "compare_cell": Text("{observed} / 预期 {expected}", "{observed} of {expected} expected"),
}  # fmt: skip
