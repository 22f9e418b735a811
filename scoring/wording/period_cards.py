"""What of a card differs for an alert on a report: where, on what data, about which days; and its picture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from scoring.funnel.period_notes import PeriodNote
from scoring.funnel.units import DAY_MS
from scoring.wording.card import CardCurve, CurvePoint, Line, LineKind
from scoring.wording.catalogue import arrivals_of
from scoring.wording.period_words import COMPLETE, WHOLE_STORE, say_since
from scoring.wording.text import Language, Text

_BY_DAY = Text(
    "{begins} 至 {ends} 逐日{unit}：实线为实际，虚线为预期，阴影为 99% 区间，红底为告警所指的报表日。{newest}：{count}（预期 {expected}）",
    "Report by day ({unit}), {begins} to {ends}. Solid: reported; dashed: expected; shaded: its 99% range; on red: the alert's days. "
    "{newest}: {count} ({expected} expected)",
)
_BY_HOUR = Text(
    "{begins} 至 {ends} 逐小时{unit}：实线为实际，虚线为预期，阴影为 99% 区间，红底为告警所指的时段。{newest}：{count}（预期 {expected}）",
    "Report by hour ({unit}), {begins} to {ends}. Solid: reported; dashed: expected; shaded: its 99% range; on red: the alert's hours. "
    "{newest}: {count} ({expected} expected)",
)
CALENDAR_NAMES = Text("；日历：{names}", "; calendar: {names}")


class CountWording(Protocol):
    """How numbers are written for one reader, of a card or of a page."""

    @property
    def language(self) -> Language:
        """The reader's."""

    def count(self, value: float) -> str:
        """A number of events, rounded to whole ones."""


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


def name_period(at_ms: int, zone: str, period_ms: int) -> str:
    """A period by its beginning on the report's clock, the day as the report writes it."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    return f"{at:%Y-%m-%d}" if period_ms >= DAY_MS else f"{at:%Y-%m-%d %H:%M}"


def period_curve(
    step: str, zone: str, points: tuple[CurvePoint, ...], period_ms: int, wording: CountWording
) -> CardCurve | None:
    """The picture of a report's periods, on the report's own clock, with words for those who do not see it.

    Args:
        step: of the report.
        zone: of the report.
        points: periods, oldest first.
        period_ms: their length.
        wording: the reader's language.

    Returns:
        None where nothing was expected of any of them: there is nothing to compare with.
    """
    newest = next((point for point in reversed(points) if point.expected is not None), None)
    if newest is None:
        return None
    language, arrivals = wording.language, arrivals_of(step)
    words = (_BY_DAY if period_ms >= DAY_MS else _BY_HOUR)(
        language,
        unit=arrivals.unit(language),
        begins=name_period(points[0].at_ms, zone, period_ms),
        ends=name_period(points[-1].at_ms, zone, period_ms),
        newest=name_period(newest.at_ms, zone, period_ms),
        count=arrivals.counted(wording.count(newest.observed), language),
        expected=wording.count(newest.expected or 0.0),
    )
    return CardCurve(points, zone, words, period_ms)
