"""What is usual of a store's traffic, against the same taken quarter by quarter from a list of what came."""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import fmean, median

import numpy as np
import pytest

from scoring.baselines.noise import fit_noise
from scoring.baselines.traffic import (
    TrafficBaseline,
    TrafficHistory,
    edges_by_quarter,
    entry_stage,
    fit_traffic,
)

WEEK = 10_080


def drawn(
    name: str, paces: list[float], days: float, seed: int, start: int = 0, clumps: int = 1
) -> TrafficHistory:
    """A store with these events a minute by hour of the week."""
    rng = np.random.default_rng(seed)
    bins = int(days * 288)
    how = (start + 5 * np.arange(bins)) % WEEK
    events = rng.poisson(np.array(paces)[how // 60] * 5 / clumps) * clumps
    usual = []
    for hour in range(168):
        own = events[how // 60 == hour]
        usual.append(round(float(own.mean()) / 5, 4) if len(own) else 0.0)
    return TrafficHistory(name, "click", tuple(usual), events.astype(np.float32), how)


def opened(pace: float, first: int, last: int, rest_day: int = -1) -> list[float]:
    """A shop with doors: nothing, but for these hours of the day."""
    return [pace if first <= h % 24 < last and h // 24 != rest_day else 0.02 for h in range(168)]


class Slowly:
    """One store's traffic from the list of its bins."""

    def __init__(self, history: TrafficHistory) -> None:
        self.usual, self.events, self.how = list(history.usual), history.events.tolist(), history.how.tolist()
        self.days = len(self.how) / 288
        self.quarters: dict[tuple[int, int], list[float]] = defaultdict(list)  # (week, quarter) → its bins
        week = 0
        for place, (minute, count) in enumerate(zip(self.how, self.events, strict=True)):
            week += place > 0 and minute < self.how[place - 1]
            self.quarters[week, minute // 15].append(count)
        self.weeks = week + 1
        self.totals: dict[int, float] = defaultdict(float)
        for (_, quarter), bins in self.quarters.items():
            self.totals[quarter] += sum(bins)
        self.opened: dict[tuple[int, int], bool] = {}
        self.edge_hours = {h for h in range(168) if self.is_edge(h)}

    def total(self, quarter: int) -> float:
        """Events in a quarter of the week, all weeks together."""
        return self.totals[quarter % 672]

    @staticmethod
    def jumps(one: float, other: float) -> bool:
        """Whether two counts differ by twice and by three deviations."""
        high, low = max(one, other), min(one, other)
        return high > 2 * low and high - low > 3 * math.sqrt(high + low)

    def is_edge(self, hour: int) -> bool:
        """Whether traffic jumps into, out of or within an hour."""
        scale = 60 * len(self.how) / 2016
        hours = [self.usual[(hour + d) % 168] * scale for d in (-1, 0, 1)]
        if self.jumps(hours[0], hours[1]) or self.jumps(hours[1], hours[2]):
            return True
        quarters = [self.total(4 * hour + d) for d in range(-2, 6)]
        return any(
            self.jumps(quarters[at], quarters[at + d]) or self.jumps(quarters[at], quarters[at - d])
            for at in range(2, 6)
            for d in (1, 2)
        )

    def expected(self, minute: int) -> float:
        """Of the bin that begins in this minute of the week."""
        hour = minute // 60
        if hour in self.edge_hours:
            of_hour = [self.total(4 * hour + q) + 1 for q in range(4)]
            return self.usual[hour] * 4 * of_hour[minute // 15 % 4] / sum(of_hour) * 5
        offset = (minute % 60 + 2.5 - 30) / 60
        other = hour + (1 if offset >= 0 else -1)
        other = other if 0 <= other < 168 and (other >= 120) == (hour >= 120) else hour
        weight = abs(offset)
        return 5 * (self.usual[hour] * (1 - weight) + self.usual[other] * weight)

    def shares(self, hour: int, quarter: int) -> list[float]:
        """What came in a quarter of an hour on each day that was open, over what is usual of the hour."""
        found = []
        for week in range(self.weeks):
            bins = self.quarters.get((week, 4 * hour + quarter), [])
            if self.usual[hour] == 0:
                found.append(0.0)
            elif len(bins) == 3 and self.was_open(week, hour // 24):
                found.append(sum(bins) / (15 * self.usual[hour]))
        return found

    def day(self, week: int, day: int) -> float | None:
        """Events of a day, if any quarter of it was seen whole."""
        own = [self.quarters.get((week, 96 * day + q), []) for q in range(96)]
        return sum(map(sum, own)) if any(len(bins) == 3 for bins in own) else None

    def was_open(self, week: int, day: int) -> bool:
        """Whether a day had a quarter of what its weekday usually has."""
        if (week, day) not in self.opened:
            all_of = [total for other in range(self.weeks) if (total := self.day(other, day)) is not None]
            own = self.day(week, day)
            self.opened[week, day] = own is not None and own >= 0.25 * median(all_of)
        return self.opened[week, day]

    def edges(self) -> dict[int, list[float]]:
        """By hour what is due at least in each of its quarters, in events a minute."""
        least, wanders = {h: [1.0] * 4 for h in range(168)}, set()
        for hour in self.edge_hours:
            alike = [h for h in self.edge_hours if h % 24 == hour % 24 and (h >= 120) == (hour >= 120)]
            seen = [sorted(share for h in alike for share in self.shares(h, q)) for q in range(4)]
            days = min(map(len, seen))
            if not days:
                continue
            least[hour] = [values[1 if days >= 15 else 0] for values in seen]
            middles = [median(values) for values in seen]
            if any(
                m * self.usual[hour] * 15 > 20 and low < m / 2
                for m, low in zip(middles, least[hour], strict=True)
            ):
                wanders.add(hour)
        due = [least[k // 4][k % 4] * self.usual[k // 4] for k in range(672)]
        return {
            hour: [min(due[(4 * hour + q + d) % 672] for d in range(-reach, reach + 1)) for q in range(4)]
            for hour in self.edge_hours
            for reach in [2 if hour in wanders else 1]
        }

    def clumps(self, expected: list[float]) -> float:
        """How many events come at a time, by what was due between them."""
        due = [e for e in expected if e > 0]
        if not due or not 0 < fmean(due) < 1:
            return 1.0
        gaps, waited = [], 0.0
        for e, count in zip(expected, self.events[-len(expected) :], strict=True):
            if count:
                gaps.append(waited)
                waited = 0.0
            else:
                waited += e
        long = [min(gap - 1, 12) for gap in [*gaps, waited] if gap > 1]
        return max(fmean(long) - fmean(due) / 2, 1.0) if len(long) >= 30 else 1.0


STORES = [
    drawn("steady", [8 + 4 * math.sin(h % 24 / 24 * 2 * math.pi) for h in range(168)], 22, 1),
    drawn("doors", opened(6.0, 9, 18), 22, 2, start=700),
    drawn("busy", opened(30.0, 8, 20, rest_day=6), 16, 3),
    drawn("young", opened(3.0, 10, 17), 9, 4, start=5000),
    drawn("small", [0.08] * 168, 15, 5, clumps=3),
]


@pytest.fixture(scope="module")
def fitted() -> dict[str, TrafficBaseline]:
    return fit_traffic(STORES)


@pytest.mark.parametrize("history", STORES, ids=lambda history: history.store_id)
def test_next_to_a_step_the_least_of_the_days_alike_is_due(
    history: TrafficHistory, fitted: dict[str, TrafficBaseline]
) -> None:
    slowly, found = Slowly(history), fitted[history.store_id]
    assert set(found.edges) == slowly.edge_hours
    for hour, quarters in slowly.edges().items():
        assert found.edges[hour] == pytest.approx(quarters, abs=1e-4)
    if history.store_id in ("doors", "busy", "young"):
        assert {8, 9, 10} & {hour % 24 for hour in found.edges}
    assert history.store_id != "steady" or not found.edges
    due = edges_by_quarter(found)
    assert {int(k) // 4 for k in np.nonzero(~np.isnan(due))[0]} == set(found.edges)
    for hour, of_hour in found.edges.items():
        assert tuple(due[4 * hour : 4 * hour + 4]) == of_hour


def test_how_far_traffic_strays_is_fitted_on_what_is_usual_of_each_bin(
    fitted: dict[str, TrafficBaseline],
) -> None:
    bins = 21 * 288
    events, expected = np.zeros((bins, len(STORES))), np.zeros((bins, len(STORES)))
    clumps = []
    for column, history in enumerate(STORES):
        slowly = Slowly(history)
        of_minute = {minute: slowly.expected(minute) for minute in range(0, WEEK, 5)}
        own = [of_minute[minute] for minute in slowly.how[-bins:]]
        events[bins - len(own) :, column] = slowly.events[-bins:]
        expected[bins - len(own) :, column] = own
        clumps.append(slowly.clumps(own))
    nothing = np.zeros(len(STORES))
    noise = fit_noise(events, expected, nothing, lambda minutes: nothing, 5, widest=5)
    for column, history in enumerate(STORES):
        found = fitted[history.store_id]
        floor = 0.25 if history.store_id == "young" else 0.15
        assert found.sigma == pytest.approx(max(noise.sigma[column], floor), abs=1e-5)
        assert found.tau == pytest.approx(noise.tau[column], abs=0.01)
        assert found.dispersion == pytest.approx(max(noise.dispersion[column], clumps[column]), abs=1e-4)
        assert found.stage == "click"
    assert fitted["small"].dispersion > 2


def test_in_the_second_week_no_more_is_usual_than_on_most_days_alike(
    fitted: dict[str, TrafficBaseline],
) -> None:
    young = next(history for history in STORES if history.store_id == "young")
    for hour in range(168):
        days = range(5) if hour < 120 else range(5, 7)
        alike = median(young.usual[24 * day + hour % 24] for day in days)
        assert fitted["young"].usual[hour] == pytest.approx(min(young.usual[hour], alike), abs=1e-4)
    assert fitted["steady"].usual == STORES[0].usual


def test_a_day_on_which_the_shop_stayed_closed_says_nothing_of_its_doors() -> None:
    closed = drawn("doors", opened(30.0, 9, 18), 15, 2)
    events = closed.events.copy()
    events[2 * 288 : 3 * 288] *= 0.1  # the first Wednesday
    history = TrafficHistory("with", "click", closed.usual, events, closed.how)
    both = fit_traffic([history, closed])
    with_it, without = both["with"], both["doors"]
    slowly = Slowly(history)
    assert not slowly.was_open(0, 2)
    assert {h: pytest.approx(q, abs=1e-4) for h, q in slowly.edges().items()} == {h: list(q) for h, q in with_it.edges.items()}  # fmt: skip
    opening = 24 * 3 + 9
    assert with_it.edges[opening][3] > 0.5 * without.edges[opening][3]


def test_traffic_is_that_of_clicks_or_of_the_first_stage_there_is() -> None:
    assert entry_stage(("impression", "click", "order")) == "click"
    assert entry_stage(("impression", "order")) == "impression"
    assert entry_stage(()) == ""
    assert fit_traffic([]) == {}
