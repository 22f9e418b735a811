"""From report rows to series that may be compared: one store, one step of one source, one zone, periods of one length.

Nothing unlike meets: both figures of a period come from one report (one import, or one connection) and speak of the same
period of the same zone and of the whole store. A period with one figure missing, or not complete, is not there: missing, not zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from scoring.funnel.period_steps import PERIOD_STEPS, PeriodStep
from scoring.records.merging import rank_of, way_of
from scoring.records.report_row import Period, ReportRow
from scoring.records.report_rules import is_complete

#: the periods that are judged: of weeks and months a store has too few to know what is usual
JUDGED_PERIODS = (Period.DAY, Period.HOUR)
_STEPS_OF: Mapping[tuple[str, str], tuple[PeriodStep, ...]] = {
    (source, measure): tuple(
        step for step in PERIOD_STEPS if step.source == source and measure in (step.upstream, step.downstream)
    )
    for source, measure in {(s.source, m) for s in PERIOD_STEPS for m in (s.upstream, s.downstream)}
}

Way = tuple[str, str, str]


class SeriesKey(NamedTuple):
    """What is compared with its own past."""

    store_id: str
    step: str
    period: str
    zone: str


@dataclass(frozen=True, slots=True)
class PeriodPoint:
    """One complete period: its two figures, and when the later of them was reported."""

    start_ms: int
    end_ms: int
    upstream: float
    downstream: float
    told_at_ms: int


def keys_of(row: ReportRow) -> list[SeriesKey]:
    """The series that a row is part of; none for measures, dimensions and periods that are not judged."""
    if row.dimensions or row.period not in JUDGED_PERIODS:
        return []
    steps = _STEPS_OF.get((row.source, row.measure), ())
    return [SeriesKey(row.store_id, step.id, row.period.value, row.zone) for step in steps]


def points_of(step: PeriodStep, versions: Iterable[ReportRow]) -> tuple[PeriodPoint, ...]:
    """The complete periods of one series, oldest first.

    Args:
        step: which measures meet.
        versions: of both measures, of one store, zone and kind of period, in any order and as often as they came.
    """
    newest: dict[tuple[int, Way, str], ReportRow] = {}
    for version in versions:
        if version.measure not in (step.upstream, step.downstream):
            continue
        place = (version.period_start_ms, way_of(version), version.measure)
        known = newest.get(place)
        if known is None or rank_of(version) > rank_of(known):
            newest[place] = version
    found: dict[int, tuple[tuple[object, ...], PeriodPoint]] = {}
    for (start, way, measure), upstream in newest.items():
        if measure != step.upstream:
            continue
        downstream = newest.get((start, way, step.downstream))
        if downstream is None:
            continue
        point = _point(upstream, downstream)
        rank = (max(upstream.told_at_ms, downstream.told_at_ms), way)
        if point is not None and (start not in found or rank > found[start][0]):
            found[start] = (rank, point)
    return tuple(point for _, (_, point) in sorted(found.items()))


def _point(upstream: ReportRow, downstream: ReportRow) -> PeriodPoint | None:
    if upstream.period_end_ms != downstream.period_end_ms:
        return None
    for row in (upstream, downstream):
        if row.withdrawn or not row.complete or Decimal(row.value) < 0:
            return None
        if not is_complete(row.source, row.period_end_ms, row.told_at_ms):
            return None
    return PeriodPoint(
        upstream.period_start_ms,
        upstream.period_end_ms,
        float(upstream.value),
        float(downstream.value),
        max(upstream.told_at_ms, downstream.told_at_ms),
    )
