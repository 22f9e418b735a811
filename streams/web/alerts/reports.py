"""Alerts on a platform's report: which days they are about, the figures behind them, and both as SQL for people to copy."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.alerts.alert import AlertKind
from scoring.funnel.period_notes import parse_period_note, period_ms_of
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.units import DAY_MS, MINUTE_MS
from scoring.wording.period_cards import name_period, period_curve
from scoring.wording.period_words import COMPLETE, PERIOD_STEP_WORDS, WHOLE_STORE, say_days, say_since
from scoring.wording.text import Language
from streams.clickhouse.reader import Database
from streams.config.model import Config
from streams.incidents.counted import counted_sql
from streams.incidents.report_course import report_course
from streams.web.alerts.answers import Alert
from streams.web.alerts.queries import rows_span
from streams.web.alerts.report_chart import ReportChart, report_chart
from streams.web.frame.reader import PageReader
from streams.web.reports.answers import ReportFigure
from streams.web.reports.queries import ReportQueries
from streams.web.store.row_sql import report_rows_sql, rows_sql, spend_rows_sql

#: days before an alert's own whose figures are shown with it
_DAYS_BEFORE = 14
#: figures of one page, at most
_MOST = 1000


@dataclass(frozen=True, slots=True)
class ReportSaid:
    """What a page says of an alert on a report."""

    days: str
    meaning: str
    where: str
    data: str
    since: str


def report_said(alert: Alert, language: Language) -> ReportSaid | None:
    """What to say of an alert on a report; None for every other alert."""
    words, note = PERIOD_STEP_WORDS.get(alert.step), parse_period_note(alert.note)
    if words is None or note is None:
        return None
    days = say_days(note, language)
    return ReportSaid(
        days[:1].upper() + days[1:],
        words.meaning(language),
        WHOLE_STORE(language),
        COMPLETE(language, zone=note.zone),
        say_since(note, language),
    )


async def course_behind(
    database: Database, config: Config, alert: Alert, reader: PageReader
) -> ReportChart | None:
    """The picture of an alert on a report; None for every other alert, and where nothing can be compared."""
    note = parse_period_note(alert.note)
    points = await report_course(database.rows, config, alert)
    if note is None or not points:
        return None
    curve = period_curve(alert.step, note.zone, points, period_ms_of(alert.window_minutes), reader)
    return report_chart(curve) if curve is not None else None


def period_named(alert: Alert, at_ms: int) -> str:
    """A period of the report that an alert is on; empty for every other alert."""
    note = parse_period_note(alert.note)
    return name_period(at_ms, note.zone, period_ms_of(alert.window_minutes)) if note is not None else ""


def behind(alert: Alert, at_ms: int, config: Config) -> str:
    """SQL text for people to copy: the raw events behind an alert, what was reported of its days, or the spend."""
    step = PERIOD_STEP_BY_ID.get(alert.step)
    if alert.kind == AlertKind.AD_SPEND:
        return spend_rows_sql(alert.store_id, alert.opened_at_ms - 3 * DAY_MS, alert.resolved_at_ms or at_ms)
    if step is None:
        return rows_sql(
            alert.members or (alert.store_id,), *rows_span(alert, at_ms), counted_by(alert, config)
        )
    return report_rows_sql(alert.store_id, step, *_span(alert))


def counted_by(alert: Alert, config: Config) -> str:
    """The condition on raw events under which an alert counted them."""
    return counted_sql(alert.store_id, alert.step, alert.segment, config.segments.dimensions)


async def figures_behind(queries: ReportQueries, alert: Alert) -> tuple[ReportFigure, ...]:
    """The figures behind an alert on a report, newest first; none for every other alert."""
    step = PERIOD_STEP_BY_ID.get(alert.step)
    if step is None:
        return ()
    found = await queries.figures(alert.store_id, *_span(alert), _MOST, source=step.source)
    return tuple(one for one in found.figures if one.measure in (step.upstream, step.downstream))


def _span(alert: Alert) -> tuple[int, int]:
    until_ms = alert.opened_at_ms + alert.window_minutes * MINUTE_MS
    return alert.opened_at_ms - _DAYS_BEFORE * DAY_MS, max(until_ms, alert.resolved_at_ms or 0)
