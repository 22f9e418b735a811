"""What is said of a platform's own figure and its target, in the reader's language. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from scoring.evaluation.platform_targets import PLATFORM, PlatformTarget
from scoring.records.seller_metrics import TargetRule
from scoring.wording.text import Language, Text

#: names of figures that platforms document; others are shown under the platform's own
METRIC_NAMES: Mapping[str, Text] = {
    "non_fulfillment_rate": Text("未完成订单率", "Non-fulfilment rate"),
    "cancellation_rate": Text("取消率", "Cancellation rate"),
    "return_refund_rate": Text("退货退款率", "Return and refund rate"),
    "late_shipment_rate": Text("迟发货率", "Late shipment rate"),
    "preparation_time": Text("备货时长", "Preparation time"),
    "same_day_handover_rate": Text("当日交运率", "Same-day handover rate"),
    "severe_listing_violations": Text("严重刊登违规", "Severe listing violations"),
    "spam_listings": Text("垃圾刊登", "Spam listings"),
    "counterfeit_ip_infringement": Text("假货与侵权", "Counterfeit and infringement"),
    "prohibited_listings": Text("禁售商品", "Prohibited listings"),
    "pre_order_listing_rate": Text("预售商品占比", "Share of pre-order listings"),
    "other_listing_violations": Text("其他刊登违规", "Other listing violations"),
    "response_rate": Text("聊天回复率", "Chat response rate"),
    "response_time": Text("聊天回复时长", "Chat response time"),
    "shop_rating": Text("店铺评分", "Shop rating"),
    "positive_seller_rating": Text("店铺好评率", "Positive seller rating"),
    "lateShipmentRate": Text("迟发货率", "Late shipment rate"),
    "preFulfillmentCancellationRate": Text("发货前取消率", "Cancellation rate before fulfilment"),
    "validTrackingRate": Text("有效追踪率", "Valid tracking rate"),
    "onTimeDeliveryRate": Text("准时送达率", "On-time delivery rate"),
    "orderDefectRate.mfn": Text("订单缺陷率（自发货）", "Order defect rate (seller-fulfilled)"),
    "orderDefectRate.afn": Text("订单缺陷率（亚马逊配送）", "Order defect rate (fulfilled by Amazon)"),
}
_PERCENT = Text("{value}%", "{value}%")
#: how a number of each unit is written
_UNITS: Mapping[str, Text] = {
    "percent": _PERCENT,
    "percentage": _PERCENT,
    "share": _PERCENT,
    "seconds": Text("{value} 秒", "{value} s"),
    "minutes": Text("{value} 分钟", "{value} min"),
    "hours": Text("{value} 小时", "{value} h"),
    "days": Text("{value} 天", "{value} d"),
}
#: the same of a difference: that of two percentages is in points
_GAPS: Mapping[str, Text] = {
    unit: Text("{value} 个百分点", "{value} percentage points") if text is _PERCENT else text
    for unit, text in _UNITS.items()
}
_RULES: Mapping[TargetRule, Text] = {
    TargetRule.BELOW: Text("低于 {target}", "below {target}"),
    TargetRule.AT_MOST: Text("不高于 {target}", "at most {target}"),
    TargetRule.ABOVE: Text("高于 {target}", "above {target}"),
    TargetRule.AT_LEAST: Text("不低于 {target}", "at least {target}"),
    TargetRule.EQUAL: Text("等于 {target}", "exactly {target}"),
}
_MET = Text(
    "达标：{value}，平台要求{rule}，相差 {gap}", "met: {value}, the platform asks for {rule}; {gap} apart"
)
_MISSED = Text(
    "未达标：{value}，平台要求{rule}，相差 {gap}",
    "missed: {value}, the platform asks for {rule}; {gap} apart",
)
_UNSAID = Text(
    "{value}，平台目标 {target}；平台没说高好还是低好，不判断",
    "{value}, target {target}; the platform does not say which way is better, so it is not judged",
)


def metric_name(of: str, language: Language) -> str:
    """A platform's figure for people, by the name it is asked for under (``PlatformTarget.of``)."""
    metric = of.removeprefix(PLATFORM).split(":", 1)[-1].rsplit(":", 1)[0]
    return METRIC_NAMES[metric](language) if metric in METRIC_NAMES else metric


def say_platform_target(one: PlatformTarget, language: Language) -> str:
    """Whether it is met, by how much, or why nobody can say."""
    written = {
        name: _written(value, one.unit, units, language)
        for name, value, units in (
            ("value", one.value, _UNITS),
            ("target", one.target, _UNITS),
            ("gap", abs(one.gap), _GAPS),
        )
    }
    if one.rule is None:
        return _UNSAID(language, value=written["value"], target=written["target"])
    rule = _RULES[one.rule](language, target=written["target"])
    return (_MET if one.is_met else _MISSED)(language, value=written["value"], rule=rule, gap=written["gap"])


def _written(value: Decimal, unit: str, units: Mapping[str, Text], language: Language) -> str:
    """As exact as the platform said it: a rounded value might look as if it met what it misses."""
    number = f"{(100 * value if unit == 'share' else value).normalize():,f}"
    return units[unit](language, value=number) if unit in units else number
