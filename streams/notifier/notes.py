"""The line in front of a message: why it comes now, and what it does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.alerts.deciding import Reason
from scoring.alerts.routing import Silence
from scoring.wording.text import Language, Text

NOTES: Mapping[Reason, Text] = {
    Reason.REPEAT: Text(
        "提醒：仍未恢复，也无人认领。", "Reminder: still firing, and nobody has acknowledged it."
    ),
    Reason.HOLD_ENDED: Text(
        "此前因静默、免打扰或跨店告警暂未通知，现已结束，仍未恢复。",
        "It was held back (silence, mute timing or an alert over several stores) until now, and is still firing.",
    ),
    Reason.SILENCE_ENDED: Text(
        "静默已结束，仍未恢复。", "The silence has ended and the alert is still firing."
    ),
    Reason.SPREAD: Text("又一处出现同样问题。", "Another place fails too."),
    Reason.RAISED: Text("已升级。", "Raised."),
    Reason.ADDED: Text("同组新增告警。", "More alerts in this group."),
}
STORM = Text("至少 {n} 家店同时异常", "At least {n} stores are off at the same time")
STORM_PARTLY_OVER = Text(
    "{all} 家店同时异常，已恢复 {over} 家，{n} 家仍异常",
    "{all} stores were off at the same time: {over} recovered, {n} still off",
)
STORM_OVER = Text("{n} 家店已恢复，历时 {minutes} 分钟", "{n} stores have recovered after {minutes} min")
STORM_OVER_ONE = Text("1 家店已恢复，历时 {minutes} 分钟", "1 store has recovered after {minutes} min")
STORM_BREAKS_UP = Text(
    "仍异常，此后逐店通知：{names}", "Still off, with messages of their own from now on: {names}"
)
STORM_LEFT = Text("；仍异常：{names}", "; still off: {names}")
STORM_COST = Text("，至今共约损失 {lost}", ", about {lost} lost so far")
STORM_COST_IN_ALL = Text("，共约损失 {lost}", ", about {lost} lost in all")
STORM_JOINS = Text(
    "半小时内新增异常的店铺并入本次汇总，不再逐店通知；全部结束后再通知一次，最新情况见页面。",
    "Stores that go off within half an hour are part of this summary, without messages of their own; its end is sent once. "
    "The page has the latest.",
)
TAKEN = Text("{who} 已认领：{what}", "{who} acknowledged: {what}")
TAKEN_MANY = Text("{who} 已认领 {n} 条告警：{what} 等", "{who} acknowledged {n} alerts: {what}, …")
SILENCE = Text("静默由 {who} 设置：{why}。", "It was silenced by {who}: {why}.")
NO_REASON = Text("未写原因", "no reason given")
UNSURE = Text("（本条可能重复发送）", "(This may be a repeat: the last attempt was interrupted.)")
LEFT_OUT = Text("另有 {n} 条告警，见页面。", "{n} more: see the page.")
OTHERS = Text("同组另有 {n} 条告警未恢复。", "{n} more in this group still firing.")


@dataclass(frozen=True, slots=True)
class StormSeen:
    """What the message of a storm says of all its stores.

    ``off`` are the stores that are off now and ``over`` counts those that have recovered; ``minutes`` is how long ago it began.
    ``is_change``: its message is only brought up to date; ``can_change``: that is possible at its receiver. ``taken`` are the alerts of
    which it says that somebody has acknowledged them.
    """

    off: tuple[str, ...]
    over: int
    minutes: int
    is_ended: bool
    is_change: bool
    can_change: bool
    taken: frozenset[str] = frozenset()


def summary_of_storm(language: Language, storm: StormSeen, names: Sequence[str], lost: str) -> str:
    """A storm in one line. ``names`` are the stores that are off, ``lost`` what it has cost (empty where that is not known)."""
    if storm.is_ended:
        listed = ("、" if language == "zh" else ", ").join(names)
        if not storm.over:
            return STORM_BREAKS_UP(language, names=listed) + (STORM_COST(language, lost=lost) if lost else "")
        over = STORM_OVER_ONE if storm.over == 1 else STORM_OVER
        said = over(language, n=storm.over, minutes=storm.minutes)
        said += STORM_COST_IN_ALL(language, lost=lost) if lost else ""
        return said + (STORM_LEFT(language, names=listed) if names else "")
    off = len(storm.off)
    said = (
        STORM_PARTLY_OVER(language, all=off + storm.over, over=storm.over, n=off)
        if storm.over
        else STORM(language, n=off)
    )
    return said + (STORM_COST(language, lost=lost) if lost else "")


def note_of_storm(language: Language, storm: StormSeen) -> str:
    """What becomes of stores that go off later, where the message cannot show it."""
    return "" if storm.can_change or storm.is_ended else STORM_JOINS(language)


def note_of_acknowledged(language: Language, taken: Sequence[tuple[str, str]]) -> str:
    """One line: who has acknowledged what. ``taken`` are pairs of a person and what they have."""
    by_person: dict[str, list[str]] = {}
    for who, what in taken:
        by_person.setdefault(who, []).append(what)
    parts = [
        TAKEN(language, who=who, what=whats[0])
        if len(whats) == 1
        else TAKEN_MANY(language, who=who, n=len(whats), what=whats[0])
        for who, whats in by_person.items()
    ]
    return ("；" if language == "zh" else "; ").join(parts)


def note_of(
    language: Language, reason: Reason, *, unsure: bool, left_out: int, others: int, silence: Silence | None
) -> str:
    """The note of a message.

    Args:
        language: the reader's.
        reason: why the message is sent.
        unsure: whether it may have been sent before.
        left_out: alerts of the message without a card.
        others: alerts of the group that were sent and still fire, in addition to those of the message.
        silence: the last silence of one of its alerts that has ended, None if there was none.
    """
    parts = [NOTES[reason](language)] if reason in NOTES else []
    if silence is not None and reason in (Reason.SILENCE_ENDED, Reason.HOLD_ENDED):
        why = silence.reason.rstrip("。.") or NO_REASON(language)
        parts.append(SILENCE(language, who=silence.author, why=why))
    if unsure:
        parts.append(UNSURE(language))
    if left_out > 0:
        parts.append(LEFT_OUT(language, n=left_out))
    if others and reason is Reason.RESOLVED:
        parts.append(OTHERS(language, n=others))
    return " ".join(" ".join(parts).split())
