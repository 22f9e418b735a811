"""The report rows of all series that are judged, and what was reported of each. Rows in, transitions out.

Called by ``streams/pools``, which keeps ``version`` and ``memory`` in its log, and by the backtest. The order in which versions come, and how often,
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scoring.alerts.alert import AlertTransition
from scoring.calendar.effects import DayRules
from scoring.detection.policy import DetectionPolicy
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.units import DAY_MS, WEEK_MS
from scoring.periods.expecting import LEAST_DAYS
from scoring.periods.following import Follower, ReportMemory
from scoring.periods.judging import PeriodIncident, PeriodScore, SeriesJudge
from scoring.periods.series import PeriodPoint, SeriesKey, Way, keys_of, points_of
from scoring.records.merging import rank_of, way_of
from scoring.records.report_row import Period, ReportRow

#: figures are kept for as long as they are learned from by an incident that is still open, and a month
KEPT_DAYS = 110

#: of one figure by one way: measure, begin of the period, way
Place = tuple[str, int, Way]


@dataclass(slots=True)
class ReportSeries:
    """The newest version of each figure by each way, and what was reported."""

    versions: dict[Place, ReportRow] = field(default_factory=dict)
    memory: ReportMemory | None = None


@dataclass(slots=True)
class Judged:
    """What judging gave: transitions, and the series whose memory changed."""

    transitions: list[AlertTransition] = field(default_factory=list)
    remembered: dict[SeriesKey, ReportMemory] = field(default_factory=dict)


class PeriodBook:
    """All series.

    Args:
        policy: thresholds.
        rules: the calendar; None for none.
    """

    def __init__(self, policy: DetectionPolicy, rules: DayRules | None = None) -> None:
        self._policy, self._rules = policy, rules
        self.series: dict[SeriesKey, ReportSeries] = {}
        self._changed: set[SeriesKey] = set()

    def take(self, row: ReportRow) -> bool:
        """Take a version over; whether it is new here and part of a series."""
        is_new = False
        for key in keys_of(row):
            series = self.series.setdefault(key, ReportSeries())
            place: Place = (row.measure, row.period_start_ms, way_of(row))
            known = series.versions.get(place)
            if known is None or rank_of(row) > rank_of(known):
                series.versions[place] = row
                self._changed.add(key)
                is_new = True
        return is_new

    def remember(self, key: SeriesKey, memory: ReportMemory) -> None:
        """Take over what was reported of a series before a restart."""
        self.series.setdefault(key, ReportSeries()).memory = memory

    def points(self, key: SeriesKey) -> tuple[PeriodPoint, ...]:
        """The complete periods of a series."""
        return points_of(PERIOD_STEP_BY_ID[key.step], self.series[key].versions.values())

    def incidents(self, key: SeriesKey) -> tuple[tuple[PeriodPoint, ...], list[PeriodIncident]]:
        """The points and incidents of a series."""
        points = self.points(key)
        return points, self._judge(key, points).incidents()

    def scores(self, key: SeriesKey) -> list[PeriodScore]:
        """The complete periods of a series as they were judged; none of a series that is not known."""
        return self._judge(key, self.points(key)).scores() if key in self.series else []

    def _judge(self, key: SeriesKey, points: Sequence[PeriodPoint]) -> SeriesJudge:
        return SeriesJudge(points, Period(key.period), key.zone, key.store_id, self._policy, self._rules)

    def judge(self) -> Judged:
        """Judge the series that changed since the last call."""
        judged = Judged()
        for key in sorted(self._changed):
            series = self.series[key]
            points, incidents = self.incidents(key)
            told_at_ms = max((row.told_at_ms for row in series.versions.values()), default=0)
            made, memory = Follower(key, points, told_at_ms, series.memory).follow(incidents)
            if memory is not None and memory is not series.memory:
                series.memory = judged.remembered[key] = memory
            judged.transitions += made
        self._changed.clear()
        return judged

    def expire(self, now_ms: int) -> list[ReportRow]:
        """Forget figures that nothing is learned from any more; gives them."""
        before_ms = now_ms - KEPT_DAYS * DAY_MS
        gone: list[ReportRow] = []
        for key in list(self.series):
            versions = self.series[key].versions
            old = [place for place, row in versions.items() if row.period_end_ms < before_ms]
            gone += [versions.pop(place) for place in old]
            if not versions:
                del self.series[key]
        return gone


@dataclass(slots=True)
class JudgedHistory:
    """What a backtest of reports found: every incident as an alert, by time; the series, and their judged periods in weeks."""

    alerts: list[AlertTransition] = field(default_factory=list)
    series: list[SeriesKey] = field(default_factory=list)
    store_weeks: float = 0.0


def judge_history(
    rows: Iterable[ReportRow], policy: DetectionPolicy, rules: DayRules | None = None
) -> JudgedHistory:
    """Judge past rows whole: also incidents that are over, or would not be news."""
    book, judged = PeriodBook(policy, rules), JudgedHistory()
    for row in rows:
        book.take(row)
    for key in sorted(book.series):
        points, incidents = book.incidents(key)
        if not points:
            continue
        follower = Follower(key, points, points[-1].told_at_ms, None)
        judged.alerts += [follower.reported(one, points[one.last].told_at_ms).alert for one in incidents]
        judged.series.append(key)
        judged.store_weeks += max(points[-1].end_ms - points[0].start_ms - LEAST_DAYS * DAY_MS, 0) / WEEK_MS
    judged.alerts.sort(key=lambda alert: (alert.opened_at_ms, alert.store_id, alert.step))
    return judged
