"""The lines of a card that differ for a slow change: what was compared, what the calendar says, which days."""

from __future__ import annotations

from scoring.alerts.alert import AlertTransition
from scoring.funnel.drift_notes import parse_drift_note
from scoring.wording.card import Line, LineKind, Wording
from scoring.wording.period_cards import CALENDAR_NAMES
from scoring.wording.text import Text

_COMPARED = Text(
    "全店按整日对照之前 28 天，同星期几比同星期几", "The whole store by whole days, weekday against weekday"
)
_DAYS = Text("{first} 至 {last}，对照之前四周", "{first} to {last} against the four weeks before")
_STEPWISE = Text(
    "单日波动都不足以告警，几天合起来才看得出", "No single day was unusual enough; the days together are"
)


def drift_lines(alert: AlertTransition, calendar: tuple[str, ...] | None, wording: Wording) -> list[Line]:
    """What was compared, and which days."""
    language = wording.language
    compared = _COMPARED(language)
    if calendar:
        compared += CALENDAR_NAMES(language, names=("、" if language == "zh" else ", ").join(calendar))
    lines = [Line(LineKind.WHERE, compared), Line(LineKind.NOT_THE_CAUSE, _STEPWISE(language))]
    note = parse_drift_note(alert.note)
    if note is not None:
        days = _DAYS(language, first=wording.day(note.first), last=wording.day(note.last))
        lines.append(Line(LineKind.SINCE, days))
    return lines
