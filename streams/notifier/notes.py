"""The line in front of a message: why it comes now, and what it does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scoring.alerts.deciding import Reason
from scoring.alerts.routing import Silence
from scoring.wording.text import Language, Text

NOTES: Mapping[Reason, Text] = {
    Reason.REPEAT: Text(
        "提醒：仍未恢复，也无人认领。", "Reminder: still firing, and nobody has acknowledged it."
    ),
    Reason.HOLD_ENDED: Text(
        "此前因静默、免打扰或跨店告警暂未通知，现已结束，仍未恢复。",
        "It was held back (silence, mute or inhibition); that has ended and the alert is still firing.",
    ),
    Reason.SILENCE_ENDED: Text(
        "静默已结束，仍未恢复。", "The silence has ended and the alert is still firing."
    ),
    Reason.SPREAD: Text("又一处出现同样问题。", "Another place fails too."),
    Reason.RAISED: Text("已升级。", "Raised."),
    Reason.ADDED: Text("同组新增告警。", "More alerts in this group."),
}
STORM = Text("至少 {n} 家店同时异常", "At least {n} stores are off at the same time")
STORM_OVER = Text("{n} 家店已恢复", "{n} stores have recovered")
STORM_COST = Text("，至今共约损失 {lost}", ", about {lost} lost so far")
TAKEN = Text("{who} 已认领：{what}", "{who} acknowledged: {what}")
TAKEN_MANY = Text("{who} 已认领 {n} 条告警：{what} 等", "{who} acknowledged {n} alerts: {what}, …")
SILENCE = Text("静默由 {who} 设置：{why}。", "It was silenced by {who}: {why}.")
NO_REASON = Text("未写原因", "no reason given")
UNSURE = Text("（本条可能重复发送）", "(This may be a repeat: the last attempt was interrupted.)")
LEFT_OUT = Text("另有 {n} 条告警，见页面。", "{n} more: see the page.")
OTHERS = Text("同组另有 {n} 条告警未恢复。", "{n} more in this group still firing.")


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
