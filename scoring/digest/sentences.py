"""What a digest says, in the reader's language: subject, sentences, table cells, and the numbers in the pictures' place.

Pure: ``scoring/digest/judging.py`` judges, this file says it through a ``DigestWording``, ``streams/digests`` lays it out. One set of
strings serves the HTML, the plain text and the alternative texts, so they cannot disagree. Every part of the mail has its few lines
here, in the order of the mail; those of an incident are in ``scoring/digest/matters.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from scoring.digest import texts as texts
from scoring.digest.coverage import say_data
from scoring.digest.health import say_health
from scoring.digest.matters import incident_title, say_incident, say_matter
from scoring.digest.reports import say_reports
from scoring.digest.schedule import LATE_MS, DigestForm, Occurrence
from scoring.digest.slow import say_slow, slow_detail
from scoring.digest.trade import say_against, say_trade, say_trade_note
from scoring.digest.values import (
    DEFINITIONS_VERSION,
    FULL_ROWS,
    MAX_INCIDENTS,
    MAX_ROWS,
    Digest,
    DigestGroup,
    Dimension,
    StageBar,
    StoreRow,
    Verdict,
)
from scoring.digest.worded import DigestContext, DigestWording, Said, SaidDigest, SaidRow, SaidStage
from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.wording.card import Wording
from scoring.wording.catalogue import (
    STAGE_NAMES,
    STAGE_UNITS,
    step_name,
)
from scoring.wording.text import Language, joined

_STEP_NAME = {step.id: step.downstream for step in STEP_BY_ID.values()}


def say_digest(digest: Digest, context: DigestContext) -> SaidDigest:
    """Say ``digest`` to one reader."""
    wording, language = context.wording, context.wording.language
    pictured = digest.pictured
    store = pictured.store.name if pictured else ""
    shown = digest.rows[:MAX_ROWS]
    slow, slow_note = say_slow(digest.slow, context)
    reports, reports_note = say_reports(digest.facts, context)
    result = " · ".join(
        (texts.GROUPS_OF_ONE.get(group, texts.GROUPS[group]) if n == 1 else texts.GROUPS[group])(
            language, n=n
        )
        for group, n in digest.counts.items()
        if n
    ) or texts.VERDICTS[Verdict.NO_DATA](language)
    return SaidDigest(
        language=language,
        subject=texts.SUBJECT(language, days=_subject_day(context), result=result),
        result=result,
        period=_period(context),
        late=_late(context),
        data=say_data(digest, context),
        matters=tuple(say_matter(matter, context) for matter in digest.matters),
        matters_note=_matters_note(digest, language),
        rows=tuple(
            _row(row, context, place, is_short=len(digest.rows) > FULL_ROWS)
            for place, row in enumerate(shown)
        ),
        rows_note=_rows_note(digest.rows[MAX_ROWS:], language),
        funnel_title=texts.HEADINGS["funnel"](language, store=store),
        funnel_alt=texts.FUNNEL_ALT(
            language, store=store, bars=joined(language, [_bar(b, wording) for b in digest.funnel])
        ),
        stages=tuple(_stage(bar, wording) for bar in digest.funnel),
        radar_title=texts.HEADINGS["radar"](language, store=store),
        radar_alt=texts.RADAR_ALT(
            language, store=store, axes=joined(language, [_axis(a, wording) for a in digest.radar])
        ),
        axes=tuple(_axis(axis, wording) for axis in digest.radar),
        incidents=tuple(say_incident(i, context) for i in digest.open_incidents[:MAX_INCIDENTS]),
        incidents_note=_incidents_note(digest, language),
        calendar=_calendar(context),
        calendar_note="" if context.calendar else texts.NO_DAYS(language),
        definitions=texts.DEFINITIONS(language),
        version=texts.VERSION(language, version=DEFINITIONS_VERSION, zone=context.wording.zone(context.zone)),
        headings={name: text(language) for name, text in texts.HEADINGS.items() if "{" not in text.en},
        funnel_note=texts.FUNNEL_NOTE(language) if any(bar.expected for bar in digest.funnel) else "",
        radar_note=texts.RADAR_NOTE(language),
        slow=slow,
        slow_note=slow_note,
        reports=reports,
        reports_note=reports_note,
        figures=say_trade(digest.facts.trade, digest.facts.trade_currency, context),
        figures_note=say_trade_note(digest.facts, context),
        against=say_against(context),
        health=say_health(digest.facts, context),
    )


def _subject_day(context: DigestContext) -> str:
    when, wording = context.occurrence, context.wording
    if context.form is DigestForm.DAILY:
        return texts.SUBJECT_DAY(wording.language, day=wording.day(when.last_day))
    return texts.SUBJECT_WEEK(
        wording.language, first=wording.day(when.first_day), last=wording.day(when.last_day)
    )


def _period(context: DigestContext) -> str:
    when, wording = context.occurrence, context.wording
    zone = context.zone
    if context.form is DigestForm.DAILY:
        text = texts.PERIOD_DAY(
            wording.language,
            day=wording.day(when.last_day),
            weekday=wording.weekday(when.last_day),
            zone=wording.zone(zone),
        )
    else:
        text = texts.PERIOD_WEEK(
            wording.language,
            first=wording.day(when.first_day),
            first_weekday=wording.weekday(when.first_day),
            last=wording.day(when.last_day),
            last_weekday=wording.weekday(when.last_day),
            zone=wording.zone(zone),
        )
    return text + texts.MADE(wording.language, clock=wording.clock(context.made_ms, zone))


def _late(context: DigestContext) -> str:
    if context.made_ms - context.occurrence.at_ms <= LATE_MS:
        return ""
    return texts.LATE(
        context.wording.language, due=context.wording.clock(context.occurrence.at_ms, context.zone)
    )


def _matters_note(digest: Digest, language: Language) -> str:
    if digest.matters_left:
        return texts.MORE_MATTERS(language, n=digest.matters_left)
    if digest.matters:
        return ""
    behind = sum(row.is_behind for row in digest.slow)
    if behind:
        return texts.NOTHING_BUT_SLOW(language, n=behind)
    if digest.counts[DigestGroup.NORMAL]:
        return texts.NOTHING(language, normal=digest.counts[DigestGroup.NORMAL])
    if learning := digest.counts[DigestGroup.LEARNING]:
        return texts.NOTHING_YET(language, n=learning)
    return texts.NOTHING_JUDGED(language)


_TONES: Mapping[Verdict, str] = {
    Verdict.ATTENTION: "bad",
    Verdict.SILENT: "bad",
    Verdict.RECOVERED: "mild",
    Verdict.NORMAL: "good",
    Verdict.LEARNING: "dim",
    Verdict.NOT_JUDGED: "dim",
    Verdict.NO_DATA: "dim",
}


def _row(row: StoreRow, context: DigestContext, place: int, *, is_short: bool) -> SaidRow:
    wording = context.wording
    language, store = wording.language, row.store
    outcome = expected = ""
    if row.outcome is not None:
        unit = STAGE_UNITS[row.outcome](language)
        outcome = texts.OUTCOME(
            language, count=wording.count(store.counts.get(row.outcome.value, 0)), unit=unit
        )
        if row.expected is not None and row.verdict is not Verdict.NOT_JUDGED:
            expected = wording.count(row.expected)
    if row.change is not None and row.verdict is not Verdict.NOT_JUDGED:
        change = wording.signed_percent(row.change)
    elif row.outcome is not None:
        change = (texts.NOT_SCORED if row.verdict is Verdict.LEARNING else texts.TOO_FEW)(language)
    else:
        change = texts.NO_BASELINE(language)
    detail = []
    if row.step and row.line:
        name = step_name(row.step, language)
        detail.append(
            name if row.step_change is None else f"{name} {wording.signed_percent(row.step_change)}"
        )
    behind = slow_detail(store, context)
    if behind:
        detail.append(behind)
    if 0 < row.steps_judged < row.steps_supplied:
        detail.append(texts.PARTLY(language, judged=row.steps_judged, supplied=row.steps_supplied))
    return SaidRow(
        name=store.name,
        platform=store.platform,
        verdict=texts.VERDICTS[row.verdict](language),
        tone=_TONES[row.verdict],
        outcome=outcome,
        expected=expected,
        change=change,
        detail=" · ".join(detail),
        alt=_spark_alt(row, wording),
        url=context.store_url(store.store_id),
        row=row,
        figures=say_trade(store.trade, store.currency, context),
        matter=incident_title(row.incident, language) if row.incident else "",
        place=place,
        is_full=not (is_short and row.is_quiet),
    )


def _spark_alt(row: StoreRow, wording: Wording) -> str:
    if not row.line:
        return ""
    observed = " ".join(wording.count(bucket.observed) for bucket in row.line[-24:])
    name = step_name(row.step, wording.language)
    known = [bucket.expected for bucket in row.line[-24:]]
    if any(value is None for value in known):
        return texts.SPARK_ALT_PLAIN(wording.language, step=name, observed=observed)
    expected = " ".join(wording.count(value) for value in known if value is not None)
    return texts.SPARK_ALT(wording.language, step=name, observed=observed, expected=expected)


def _rows_note(rest: tuple[StoreRow, ...], language: Language) -> str:
    if not rest:
        return ""
    groups = [
        f"{texts.VERDICTS[verdict](language)} {n}"
        for verdict in Verdict
        if (n := sum(row.verdict is verdict for row in rest))
    ]
    return texts.STORES_MORE(language, n=len(rest), groups=joined(language, groups))


def _bar(bar: StageBar, wording: Wording) -> str:
    language = wording.language
    stage = STAGE_NAMES[bar.stage](language)
    if bar.count is None:
        return texts.BAR_NONE(language, stage=stage)
    if bar.expected is None:
        return texts.BAR_PLAIN(language, stage=stage, count=wording.count(bar.count))
    return texts.BAR(
        language, stage=stage, count=wording.count(bar.count), expected=wording.count(bar.expected)
    )


def _stage(bar: StageBar, wording: DigestWording) -> SaidStage:
    language = wording.language
    change = ""
    if bar.count is not None and bar.expected:
        change = wording.signed_percent(bar.count / bar.expected - 1.0)
    return SaidStage(
        name=STAGE_NAMES[bar.stage](language),
        count=texts.NOT_SUPPLIED(language) if bar.count is None else wording.count(bar.count),
        expected="—" if bar.expected is None else wording.count(bar.expected),
        change=change or "—",
    )


def axis_name(axis: Dimension, language: Language) -> str:
    """The name of a radar axis: the stage that the step leads to."""
    stage: Stage | None = _STEP_NAME.get(axis.name)
    return STAGE_NAMES[stage](language) if stage else axis.name


def _axis(axis: Dimension, wording: Wording) -> str:
    language = wording.language
    name = axis_name(axis, language)
    if axis.value is None:
        return texts.AXIS_NONE(language, name=name)
    value, coverage = wording.percent(axis.value), wording.percent(axis.coverage)
    if axis.before is None:
        return texts.AXIS(language, name=name, value=value, coverage=coverage)
    return texts.AXIS_BEFORE(
        language, name=name, value=value, before=wording.percent(axis.before), coverage=coverage
    )


def _incidents_note(digest: Digest, language: Language) -> str:
    parts = [] if digest.open_incidents else [texts.NO_INCIDENTS(language)]
    left = len(digest.open_incidents) - MAX_INCIDENTS
    if left > 0:
        parts.append(texts.MORE_INCIDENTS(language, n=left))
    if digest.over_count:
        parts.append(texts.OVER(language, n=digest.over_count))
    return " ".join(parts)


def _calendar(context: DigestContext) -> tuple[Said, ...]:
    wording, today = context.wording, context.occurrence.day
    language = wording.language
    days: dict[date, list[str]] = {}
    for entry in context.calendar:
        first = max(entry.first, today)
        marks = [joined(language, [wording.country(code) for code in entry.countries])]
        if entry.last > first:
            marks.append(texts.TO_DAY(language, day=wording.day(entry.last)))
        if not entry.is_certain:
            marks.append(texts.UNCERTAIN(language))
        said = ("，" if language == "zh" else ", ").join(mark for mark in marks if mark)
        around = texts.IN_BRACKETS(language, text=said) if said else ""
        days.setdefault(first, []).append(entry.name(language) + around)
    return tuple(
        Said(texts.DAY(language, day=wording.day(day), weekday=wording.weekday(day)), tuple(lines))
        for day, lines in sorted(days.items())
    )


def calendar_span(occurrence: Occurrence) -> tuple[date, date]:
    """The seven days of the calendar: from the day of the digest on."""
    return occurrence.day, occurrence.day + timedelta(days=6)
