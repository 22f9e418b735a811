"""The words of reports, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.records.measures import MEASURE_BY_NAME
from scoring.wording.text import Language, Text

REPORT_WORDS: Mapping[str, Text] = {
    "reports": Text("平台报表", "Platform reports"),
    "reports_note": Text(
        "平台自己给出的合计，按报表自己的时区分天。不并入事件计数；人数绝不跨天相加。",
        "Totals that the platform gives itself, by days of the report's own zone. They are never added to event counts, and people are never added over days.",
    ),
    "reports_none": Text(
        "近 28 天没有平台报表。用 funnelwatch import 导入店铺日报、广告报表即可显示。",
        "No platform reports in the last 28 days. Import a shop's or an ads report with funnelwatch import, and it is shown here.",
    ),
    "report_group": Text("{source}，按 {zone} 分天", "{source}, days of {zone}"),
    "report_no_latest": Text("尚无完整的一天", "No complete day yet"),
    "report_never_added": Text("人数，不跨天相加", "People, never added over days"),
    "report_never_added_share": Text("占比，不跨天相加", "A share, never added over days"),
    "report_never_added_actions": Text("不同行为，不相加", "Different actions, never added"),
    "report_day": Text("日期", "Day"),
    "report_judged": Text("数字完整后判断。", "Judged once a day is complete."),
    "report_period": Text("期间", "Period"),
    "report_measure": Text("指标", "Measure"),
    "report_value": Text("数值", "Value"),
    "report_source": Text("来源", "Source"),
    "report_partial": Text("暂估", "partial"),
    "report_partial_why": Text("平台还会更新这一天的数字", "The platform still updates this day"),
    "report_restated": Text("已修订", "restated"),
    "report_restated_why": Text("平台之前给过另一个数字", "The platform gave another figure before"),
    "report_parts": Text("{n} 项合计", "sum of {n}"),
    "report_parts_why": Text(
        "报表只按商品或广告给出，这里相加", "Reported only by product or ad; added up here"
    ),
    "report_missing": Text("未提供", "not supplied"),
    "report_key_complete": Text("完整", "Complete"),
    "report_key_partial": Text("暂估", "Partial"),
    "reports_longer": Text("周、月及其他期间", "Weeks, months and other spans"),
    "reports_picture": Text("{measure}，近 {n} 天", "{measure}, last {n} days"),
}  # fmt: skip


def measure_name(measure: str, language: Language) -> str:
    """The name of a measure; its id where it is not known."""
    known = MEASURE_BY_NAME.get(measure)
    return known.words(language) if known else measure
