"""What cards, digests and pages say of an alert in the same words: its state, kind and verdict, how bad it is, who handles it, where to look."""

from __future__ import annotations

from collections.abc import Mapping

from scoring.alerts.actions import CloseReason
from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, Level
from scoring.alerts.routing import Severity
from scoring.wording.catalogue import arrivals_of, step_name
from scoring.wording.text import Language, Text

SEVERITY_NAMES: Mapping[Severity, Text] = {
    Severity.CRITICAL: Text("严重", "Critical"),
    Severity.WARNING: Text("提醒", "Warning"),
    Severity.INFO: Text("通知", "Notice"),
}
ALERT_STATE_NAMES: Mapping[AlertState, Text] = {
    AlertState.PENDING: Text("观察中", "Pending"),
    AlertState.FIRING: Text("告警中", "Firing"),
    AlertState.RESOLVED: Text("已恢复", "Resolved"),
}

#: the state of one that was open for as long as an alert stays open: it has not recovered
AGED_OUT = Text("视为新常态", "Taken as the new normal")

LEVEL_NAMES: Mapping[Level, Text] = {
    Level.NOTICE: SEVERITY_NAMES[Severity.WARNING],
    Level.PAGE: SEVERITY_NAMES[Severity.CRITICAL],
}

KIND_NAMES: Mapping[AlertKind, Text] = {
    AlertKind.CONVERSION: Text("转化下降", "Conversion drop"),
    AlertKind.TRAFFIC: Text("流量下降", "Traffic drop"),
    AlertKind.TRACKING: Text("埋点故障", "Tracking loss"),
    AlertKind.SURGE: Text("异常上升", "Unusual surge"),
    AlertKind.POOLED: Text("多店同时下降", "Drop in several stores"),
    AlertKind.SOURCE: Text("数据源异常", "Source trouble"),
    AlertKind.DRIFT: Text("转化缓慢走低", "Slow decline"),
    AlertKind.AD_SPEND: Text("广告费空烧", "Ad spend burning"),
}

LABEL_NAMES: Mapping[AlertLabel, Text] = {
    AlertLabel.UNKNOWN: Text(
        "是真实下滑还是埋点故障，尚无法区分", "real drop or lost tracking: not known yet"
    ),
    AlertLabel.REAL: Text("更像真实下滑", "more like a real drop"),
    AlertLabel.TRACKING: Text("更像埋点故障", "more like lost tracking"),
    AlertLabel.INFLATED: Text(
        "转化数量如常，上游事件虚增（疑似爬虫或重复上报）",
        "conversions are as many as usual: the upstream events are inflated (bots or repeated reports)",
    ),
    AlertLabel.MIX: Text(
        "转化数量不比之前少，新增的访客转化较差（流量结构变了，例如投放）",
        "as many convert as before: more visitors came who convert worse (another mix, such as a campaign)",
    ),
}

CLOSE_REASON_NAMES: Mapping[CloseReason, Text] = {
    CloseReason.REAL: Text("真实下滑", "real drop"),
    CloseReason.EXPECTED: Text("活动所致", "expected"),
    CloseReason.TRACKING: Text("埋点或数据问题", "tracking or data"),
    CloseReason.FALSE_ALARM: Text("误报", "false alarm"),
}


def alert_name(kind: str, step: str, language: Language) -> str:
    """What an alert is about, in lists and titles: its kind and its step; of traffic, what does not come."""
    known = next((text(language) for member, text in KIND_NAMES.items() if member == kind), kind)
    if kind in (AlertKind.SOURCE, AlertKind.AD_SPEND):
        return known
    about = arrivals_of(step).name(language) if kind == AlertKind.TRAFFIC else step_name(step, language)
    return f"{known} · {about}"


ACKNOWLEDGE = Text("认领", "Acknowledge")
ACKNOWLEDGED = Text("{who} 已认领", "acknowledged by {who}")
ASSIGNED = Text("转交 {who}", "assigned to {who}")
IN_BASE = Text("，折合 {base}", "; ≈ {base}")
RATE_OF = Text("（{day}汇率）", " at the rate of {day}")
OWNER_CHECK = Text("{owner}：{check}", "{owner}: {check}")
