"""The lines of a card that differ for an alert on a report: where, on what data, about which days."""

from __future__ import annotations

from scoring.funnel.period_notes import PeriodNote
from scoring.wording.card import Line, LineKind
from scoring.wording.period_words import COMPLETE, WHOLE_STORE, say_since
from scoring.wording.text import Language, Text

CALENDAR_NAMES = Text("；日历：{names}", "; calendar: {names}")


def report_lines(note: PeriodNote, calendar: tuple[str, ...] | None, language: Language) -> list[Line]:
    """Where, what the data is, and which days."""
    data = COMPLETE(language, zone=note.zone)
    if calendar:
        data += CALENDAR_NAMES(language, names=("、" if language == "zh" else ", ").join(calendar))
    return [
        Line(LineKind.WHERE, WHOLE_STORE(language)),
        Line(LineKind.NOT_THE_CAUSE, data),
        Line(LineKind.SINCE, say_since(note, language)),
    ]
