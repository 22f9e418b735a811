"""How much there was of a stage by a platform's report: one source's own measure, day by day, against that source's own past.

It is taken where events of the stage are not counted, and is never added to them. Sources and measures are never added to each other
either. What counts people is a mean of days and no number of people. Of parts, such as campaigns, only what adds up over them is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.evaluation.comparator import Comparator, ComparatorKind, comparator_of
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.figure import Figure, count_figure
from scoring.evaluation.report_figures import (
    CLICKED,
    VOLUME_MEASURES,
    PartSum,
    ReportBook,
    adds_up,
    measure_rows,
)
from scoring.evaluation.spans import span_name
from scoring.funnel.stages import Stage
from scoring.funnel.units import DAY_MS

#: a report that lacks more of a period's days speaks of other days than the periods it is compared with
_LEAST_REPORTED = 0.8


@dataclass(frozen=True, slots=True)
class ReportedVolume:
    """A measure per reported day of a period. ``rank``: of two of a stage the one with the higher rank is taken."""

    stage: Stage
    figure: Figure
    rank: tuple[int, bool, int]


def daily_volumes(rows: ReportBook, span: EvaluationSpan) -> dict[str, ReportedVolume]:
    """The measures of stages that reports give of nearly all days of a period, by source, measure, parts and zone.

    Of impressions those that clicks are reported of come first: click-through is made of the same ones.
    """
    stage_of = {measure: stage for stage, measures in VOLUME_MEASURES.items() for measure in measures}
    sums: dict[tuple[str, str, tuple[str, ...], str], list[PartSum]] = {}
    clicked = set()
    for (source, zone, _), day in rows.parts(span, stage_of.keys()).items():
        for names, measures in day.items():
            if any(one in measures for one in CLICKED):
                clicked.add((source, names))
            for measure, one in measures.items():
                if adds_up(measure, names):
                    sums.setdefault((source, measure, names, zone), []).append(one)
    found = {}
    for (source, measure, names, zone), days in sorted(sums.items()):
        total = int(sum(one.value for one in days))
        if total < 0 or len(days) * DAY_MS < _LEAST_REPORTED * (span.end_ms - span.start_ms):
            continue
        stage = stage_of[measure]
        behind = measure_rows(rows.store, source, (measure,), span, sum(one.rows for one in days), names)
        is_closer = (source, names) in clicked if stage is Stage.IMPRESSION else not names
        rank = -VOLUME_MEASURES[stage].index(measure), is_closer, total
        figure = count_figure(total, len(days), behind)
        found[f"{behind[0].counted_by} {zone}"] = ReportedVolume(stage, figure, rank)
    return found


def reported_volumes(
    rows: ReportBook, spans: Sequence[EvaluationSpan]
) -> dict[Stage, tuple[Figure, Comparator]]:
    """How much there was of each stage a day in the first span by one source's report, and what is usual by the same one.

    Args:
        rows: what platforms report of the store.
        spans: the judged period first.
    """
    now, *earlier = ({} if not rows else rows.read(daily_volumes, span) for span in spans)
    found: dict[Stage, tuple[ReportedVolume, Comparator]] = {}
    for key, volume in now.items():
        past = _past(key, spans[1:], earlier)
        usual = comparator_of(ComparatorKind.OWN, past)
        if usual is None or not any(figure.n for figure in (volume.figure, *past.values())):
            continue
        if volume.stage not in found or volume.rank > found[volume.stage][0].rank:
            found[volume.stage] = volume, usual
    return {stage: (volume.figure, usual) for stage, (volume, usual) in found.items()}


def _past(
    key: str, spans: Sequence[EvaluationSpan], volumes: Sequence[Mapping[str, ReportedVolume]]
) -> dict[str, Figure]:
    return {span_name(span): one[key].figure for span, one in zip(spans, volumes, strict=True) if key in one}
