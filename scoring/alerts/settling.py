"""What a group remembers once a decision has been carried out: what was sent of each alert, what flaps, what is held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from scoring.alerts.deciding import (
    FLAP_MEMORY_MS,
    Candidate,
    Decision,
    Flap,
    GroupAction,
    GroupState,
    LastSent,
    Reason,
    identity,
)

#: alerts that are over and that a group still remembers as sent (only to explain it)
MAX_REMEMBERED = 20


def after(decision: Decision, group: GroupState, candidates: Sequence[Candidate], now_ms: int) -> GroupState:
    """The group's state once ``decision`` has been carried out."""
    by_id = {candidate.alert_id: candidate for candidate in candidates}
    done = decision.alert_ids if decision.action is GroupAction.SEND else ()
    known = dict.fromkeys([*group.was_held, *decision.held_ids])
    was_held = tuple(i for i in known if i not in done and i in by_id and by_id[i].is_firing)
    if decision.action is not GroupAction.SEND:
        return group if was_held == group.was_held else msgspec.structs.replace(group, was_held=was_held)
    sent = dict(group.sent or {})
    if decision.reason is Reason.TAKEN_ON:  # neither a reminder nor news of an alert: their clocks go on
        sent |= {alert_id: replace(sent[alert_id], acknowledged=True) for alert_id in done}
        return msgspec.structs.replace(group, sent=sent, was_held=was_held)
    for alert_id in done:
        candidate = by_id[alert_id]
        was = sent.get(alert_id)
        sent[alert_id] = LastSent(
            candidate.is_firing and not candidate.closed,
            candidate.labels.get("severity", ""),
            candidate.labels.get("level", ""),
            acknowledged=was is not None and was.is_firing and was.acknowledged,
            spread=candidate.spread,
        )
    over = [alert_id for alert_id, what in sent.items() if not what.is_firing]
    for alert_id in over[:-MAX_REMEMBERED]:
        del sent[alert_id]
    flaps = {
        name: flap for name, flap in (group.flaps or {}).items() if now_ms - flap.over_ms <= FLAP_MEMORY_MS
    }
    for candidate in (by_id[i] for i in done if not by_id[i].is_firing):
        before = flaps.get(identity(candidate))
        times = before.times + 1 if before else 1
        flaps[identity(candidate)] = Flap(times, now_ms, candidate.labels.get("severity", ""))
    reminders = {Reason.REPEAT: group.repeats + 1, Reason.SILENCE_ENDED: group.repeats}
    return GroupState(
        first_seen_ms=group.first_seen_ms,
        last_sent_ms=now_ms,
        repeats=reminders.get(decision.reason, 0),
        sent=sent,
        was_held=was_held,
        flaps=flaps or None,
    )
