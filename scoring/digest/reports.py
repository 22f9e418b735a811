"""What platforms report themselves, in a digest: of each store and source the newest complete day, by measure. Never added to counts.

A platform may need days until its figures are complete (``scoring/records/report_rules.py``), so the day is always named.
"""

from __future__ import annotations

from collections.abc import Iterable

from scoring.digest import texts as texts
from scoring.digest.values import DigestFacts, DigestFigure
from scoring.digest.worded import DigestContext, Said
from scoring.records.measures import MEASURE_BY_NAME, MEASURES, Measure, Unit
from scoring.records.source_names import report_source_name

#: stores and sources that are listed, at most
MOST_REPORTS = 12
_ORDER = {measure.name: place for place, measure in enumerate(MEASURES)}


def newest_day(figures: Iterable[DigestFigure]) -> list[DigestFigure]:
    """The figures of the newest day that any of them has, in the order of the measures."""
    some = [one for one in figures if one.measure in MEASURE_BY_NAME]
    last = max((one.day for one in some), default=None)
    return sorted(
        (one for one in some if one.day == last), key=lambda one: (_ORDER[one.measure], one.currency)
    )


def say_reports(facts: DigestFacts, context: DigestContext) -> tuple[tuple[Said, ...], str]:
    """One item a store and source, and a line about them all (empty if there are none)."""
    wording, language = context.wording, context.wording.language
    names = {store.store_id: store.name for store in facts.stores}
    groups: dict[tuple[str, str, str], list[DigestFigure]] = {}
    for figure in facts.reports:
        groups.setdefault((figure.store_id, figure.source, figure.zone), []).append(figure)
    said = []
    for (store_id, source, zone), figures in sorted(groups.items()):
        shown = newest_day(figures)
        if not shown:
            continue
        day = shown[0].day
        title = texts.REPORT_OF(
            language,
            store=names.get(store_id, store_id),
            source=report_source_name(source, language),
            day=wording.day(day),
            weekday=wording.weekday(day),
            zone=context.wording.zone(zone),
        )
        said.append(
            Said(title, (" · ".join(_said(one, context) for one in shown),), url=context.store_url(store_id))
        )
    if not said:
        return (), ""
    note = texts.REPORTS_NOTE(language)
    if len(said) > MOST_REPORTS:
        note += texts.REPORTS_MORE(language, n=len(said) - MOST_REPORTS)
    return tuple(said[:MOST_REPORTS]), note


def _said(figure: DigestFigure, context: DigestContext) -> str:
    language = context.wording.language
    measure = MEASURE_BY_NAME[figure.measure]
    text = f"{measure.words(language)} {_value(figure, measure, context)}"
    return text + texts.RESTATED(language) if figure.is_restated else text


def _value(figure: DigestFigure, measure: Measure, context: DigestContext) -> str:
    value = float(figure.value)
    if measure.unit is Unit.MONEY and figure.currency:  # as reported, not rounded to what its size bears
        return f"{context.wording.count(value)} {figure.currency}"
    return context.wording.percent(value) if measure.unit is Unit.SHARE else context.wording.count(value)
