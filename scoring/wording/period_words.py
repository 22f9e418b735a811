"""Words of steps that only a platform's reports give: their names, what they mean there, and which days an alert speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from scoring.funnel.period_notes import PeriodChange, PeriodNote
from scoring.wording.text import Language, Text


class PeriodStepWords(NamedTuple):
    """Of one step.

    Attributes:
        name: for lists and headlines.
        unit: what arrives at its end.
        meaning: what the rate of its two measures means on that platform.
        measure: the measure word of the unit in Chinese.
    """

    name: Text
    unit: Text
    meaning: Text
    measure: str = "笔"


_ORDERS = Text("订单", "orders")
PERIOD_STEP_WORDS: Mapping[str, PeriodStepWords] = {
    "amazon:sessions_to_order_items": PeriodStepWords(
        Text("亚马逊报表：会话 → 订单商品行", "Amazon's report: sessions → order items"),
        Text("订单商品行", "order items"),
        Text(
            "订单商品行数 ÷ 会话数。一单买几种商品算几行，所以高于按订单算的转化率。",
            "Order items per session. An order of several products counts several, so it is higher than a rate of orders.",
        ),
        "条",
    ),
    "shopee:visitors_to_orders": PeriodStepWords(
        Text("Shopee 报表：访客 → 订单", "Shopee's report: visitors → orders"),
        _ORDERS,
        Text(
            "当日订单数 ÷ 当日访客数。同一访客可下多单；访客按天去重，不跨天相加。",
            "Orders of a day per visitor of that day. A visitor may order more than once; visitors are never added over days.",
        ),
    ),
    "lazada:visitors_to_orders": PeriodStepWords(
        Text("Lazada 报表：访客 → 订单", "Lazada's report: visitors → orders"),
        _ORDERS,
        Text(
            "当日订单数 ÷ 当日访客数，与 Lazada 自己按买家算的转化率不同。",
            "Orders of a day per visitor of that day; Lazada's own conversion rate counts buyers instead.",
        ),
    ),
    "tiktok_shop:visitors_to_orders": PeriodStepWords(
        Text("TikTok Shop 报表：访客 → 订单", "TikTok Shop's report: visitors → orders"),
        _ORDERS,
        Text("当日订单数 ÷ 当日店铺访客数。", "Orders of a day per visitor of the shop on that day."),
    ),
    "shopify:sessions_to_orders": PeriodStepWords(
        Text("Shopify 报表：会话 → 订单", "Shopify's report: sessions → orders"),
        _ORDERS,
        Text("当日订单数 ÷ 当日会话数。", "Orders of a day per session of that day."),
    ),
    "ga4:sessions_to_orders": PeriodStepWords(
        Text("GA4 报表：会话 → 订单", "GA4's report: sessions → orders"),
        _ORDERS,
        Text(
            "GA4 看到的购买次数 ÷ 会话数；拦截脚本的访客两边都不计。",
            "Purchases per session as GA4 sees them; visitors who block its script are in neither.",
        ),
    ),
}

_ONE_DAY = Text("报表日 {first}", "the report of {first}")
_SEVERAL_DAYS = Text("报表日 {first} 至 {last}", "the reports of {first} to {last}")
WHOLE_STORE = Text("按整店合计，报表不分群", "The store as a whole; its report has no segments")
COMPLETE = Text(
    "数据：平台给出的完整数（{zone} 的自然日），每次修订后重新判断",
    "Data: the platform's complete figures, by days of {zone}; judged again whenever they are restated",
)
SINCE = Text("说的是{days}", "This is about {days}")
CHANGES: Mapping[PeriodChange, Text] = {
    PeriodChange.NONE: Text("", ""),
    PeriodChange.RESTATED: Text(
        "平台修订了数字，重新判断后仍低于预期", "the platform restated its figures; judged again, they are still below expectation"
    ),
    PeriodChange.TAKEN_BACK: Text(
        "平台修订了数字，重新判断后不再低于预期，告警撤回",
        "the platform restated its figures; judged again, they are no longer below expectation: the alert is taken back",
    ),
    PeriodChange.WITHDRAWN: Text(
        "这些数字已被撤回（如撤销了导入），告警撤回",
        "these figures were withdrawn (an import was undone, say): the alert is taken back",
    ),
    PeriodChange.NEW_NORMAL: Text("已持续两周，视为新的常态", "it has lasted two weeks and is taken for the new normal"),
    PeriodChange.HELD: Text("日历暂缓告警：{detail}", "held back by the calendar: {detail}"),
}  # fmt: skip


def say_days(note: PeriodNote, language: Language) -> str:
    """The days of a report."""
    text = _ONE_DAY if note.first == note.last else _SEVERAL_DAYS
    return text(language, first=note.first, last=note.last)


def say_change(note: PeriodNote, language: Language) -> str:
    """What became of an alert on a report; empty if it only goes on, or has recovered."""
    text = CHANGES[note.change]
    return text(language, detail=note.detail) if note.detail else text(language)


def say_since(note: PeriodNote, language: Language) -> str:
    """Which days an alert is about, and what became of it."""
    parts = [SINCE(language, days=say_days(note, language)), say_change(note, language)]
    return ("；" if language == "zh" else "; ").join(part for part in parts if part)
