"""What is usual of a store's traffic: the baseline that ``scoring/detection/traffic.py`` judges by.

The median of an hour of the week over the weeks is what is usual; how far and how long traffic strays from it is fitted
as the wobble of a conversion rate is. Between the middles of two hours it is interpolated, except where a store opens or
closes: a step interpolated is a ramp, which has visitors due before the door opens. There what is due is the least that the
quarters of that hour had on the days alike, and no more than the quarters next to it: doors open and close some minutes
early or late, and a soft opening takes an hour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.baseline import TrafficBaseline
from scoring.baselines.localtime import WEEK_MINUTES, interpolation_table
from scoring.funnel.arrays import Bools, Floats
from scoring.funnel.stages import Stage
from scoring.funnel.units import HOURS_A_WEEK

#: days of history that are needed
TRAFFIC_DAYS = 7
#: with fewer an hour of the week was seen once: no more is usual than on days alike, and traffic may stray so far
_YOUNG_DAYS, _YOUNG_SIGMA = 14, 0.25
_BIN = 5
#: the wobble is fitted on this many last bins (three weeks)
_RECENT = 21 * 1440 // _BIN
#: traffic strays at least so far (log scale)
_SIGMA_FLOOR = 0.15
#: two neighbouring hours are a step from this ratio on, if the weeks' events differ by this many standard deviations
_STEP_RATIO, _STEP_Z = 2.0, 3.0
_QUARTERS_A_WEEK, _QUARTERS_A_DAY = 4 * HOURS_A_WEEK, 96
_HOUR, _OTHER, _WEIGHT = interpolation_table()

#: a day with less than this share of its usual events is not a day of opening: a holiday, an outage
_CLOSED_DAY = 0.25
#: from this many days alike on, the lowest quarter of one is left out
_MANY_DAYS = 15
#: where a bin is due less than this, gaps show clumps; gaps needed for that; the longest that one counts for
_SMALL_BIN, _MIN_GAPS, _LONGEST_GAP = 1.0, 30, 12.0
#: doors wander where a quarter of enough events had less than half of its usual on one day: half an hour is left to them
_WANDERS, _MIN_QUARTER = 0.5, 20.0
#: the first hour of the weekend
_SATURDAY = 120

Edges = dict[int, tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True)
class TrafficHistory:
    """A store's traffic: usual events a minute by hour of week; (bins,) events and minute of the week of each bin."""

    store_id: str
    stage: str
    usual: tuple[float, ...]
    events: NDArray[np.float32]
    how: NDArray[np.int64]


def entry_stage(stages: tuple[str, ...]) -> str:
    """The stage whose events are a store's traffic: clicks if it supplies them, else its first; empty without stages."""
    if Stage.CLICK.value in stages:
        return Stage.CLICK.value
    return stages[0] if stages else ""


def fit_traffic(histories: list[TrafficHistory]) -> dict[str, TrafficBaseline]:
    """The baselines by store."""
    if not histories:
        return {}
    bins = min(max(len(history.events) for history in histories), _RECENT)
    events, expected = np.zeros((bins, len(histories))), np.zeros((bins, len(histories)))
    edges: list[Edges] = []
    usuals: list[tuple[float, ...]] = []
    for column, history in enumerate(histories):
        usual = np.asarray(history.usual)
        how = history.how[-bins:] + _BIN // 2
        here, there = usual[_HOUR[how]], usual[_OTHER[how]]
        quarters = np.bincount(history.how // 15, history.events, _QUARTERS_A_WEEK).astype(float)
        is_edge = _next_to_step(usual, quarters, len(history.how) * _BIN / WEEK_MINUTES)
        shares = quarters.reshape(HOURS_A_WEEK, 4)
        shares = (shares + 1) / (shares.sum(1, keepdims=True) + 4)
        stepped = (usual[:, None] * 4 * shares).ravel()[how // 15]
        pace = np.where(is_edge[how // 60], stepped, here + _WEIGHT[how] * (there - here))
        edges.append(_fit_edges(history, is_edge))
        usuals.append(history.usual if _days(history) >= _YOUNG_DAYS else _cautious(usual))
        events[bins - len(how) :, column] = history.events[-bins:]
        expected[bins - len(how) :, column] = pace * _BIN
    none = np.zeros(len(histories))
    from scoring.baselines.noise import (
        fit_noise,  # seconds to load: only a fit needs it, a detector loads this file too
    )

    # visitors come in clumps, which wider bins of a small store would count a second time
    noise = fit_noise(events, expected, none, lambda minutes: none, _BIN, widest=_BIN)
    floors = [_SIGMA_FLOOR if _days(history) >= _YOUNG_DAYS else _YOUNG_SIGMA for history in histories]
    clumps = _clumping(events, expected)
    return {
        history.store_id: TrafficBaseline(
            history.stage,
            usuals[column],
            round(float(max(noise.sigma[column], floors[column])), 5),
            round(float(noise.tau[column]), 2),
            round(float(max(noise.dispersion[column], clumps[column])), 4),
            edges[column],
        )
        for column, history in enumerate(histories)
    }


def _days(history: TrafficHistory) -> float:
    return len(history.how) * _BIN / 1440


def _cautious(usual: Floats) -> tuple[float, ...]:
    """(168,) no more than is usual at that hour on most of the days alike, Monday to Friday or the weekend."""
    days = usual.reshape(7, 24)
    alike = np.concatenate([np.tile(np.median(days[:5], 0), 5), np.tile(np.median(days[5:], 0), 2)])
    return tuple(round(float(value), 4) for value in np.minimum(usual, alike))


def _clumping(events: Floats, expected: Floats) -> Floats:
    """(stores,) how many events come at a time, by the gaps between them: the dispersion of stores too small to show it else.

    What was due in a gap is exponential with mean c: the mean of what is beyond one, winsorised against outages, less
    half of what a bin is due. 1 where bins hold too much for gaps, or there are too few of them.
    """
    found = np.ones(events.shape[1])
    for column in range(events.shape[1]):
        due, is_filled = expected[:, column], events[:, column] > 0
        of_bin = float(due[due > 0].mean()) if (due > 0).any() else 0.0
        if not 0 < of_bin < _SMALL_BIN:
            continue
        gaps = np.bincount(np.cumsum(is_filled), np.where(is_filled, 0.0, due))
        long = np.minimum(gaps[gaps > 1] - 1, _LONGEST_GAP)
        if len(long) >= _MIN_GAPS:
            found[column] = max(float(long.mean()) - of_bin / 2, 1.0)
    return found


def _fit_edges(history: TrafficHistory, is_edge: Bools) -> Edges:
    """What is due at least, in events a minute, in each quarter of the hours next to a step."""
    if not is_edge.any():
        return {}
    usual = np.asarray(history.usual)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = _past_quarters(history).reshape(-1, HOURS_A_WEEK, 4) / (15 * usual[:, None])
    shares[:, usual == 0] = 0.0
    least = np.ones((HOURS_A_WEEK, 4))
    hours, wanders = np.arange(HOURS_A_WEEK), np.zeros(HOURS_A_WEEK, dtype=bool)
    for hour in np.nonzero(is_edge)[0].tolist():
        alike = is_edge & (hours % 24 == hour % 24) & ((hours >= _SATURDAY) == (hour >= _SATURDAY))
        seen = np.sort(shares[:, alike].reshape(-1, 4), axis=0)
        days = int((~np.isnan(seen)).sum(0).min())
        if not days:
            continue
        least[hour] = seen[1 if days >= _MANY_DAYS else 0]
        middle = np.nanmedian(seen, axis=0)
        is_enough = middle * usual[hour] * 15 > _MIN_QUARTER
        wanders[hour] = (is_enough & (least[hour] < _WANDERS * middle)).any()
    due = (least * usual[:, None]).ravel()
    near = _least_around(due).reshape(HOURS_A_WEEK, 4)
    far = _least_around(near.ravel()).reshape(HOURS_A_WEEK, 4)
    due = np.where(wanders[:, None], far, near)
    found: Edges = {}
    for hour in np.nonzero(is_edge)[0].tolist():
        first, second, third, fourth = (round(value, 4) for value in due[hour].tolist())
        found[hour] = (first, second, third, fourth)
    return found


def _least_around(due: Floats) -> Floats:
    """(672,) the least of each quarter of the week and the ones on either side."""
    return np.asarray(np.minimum(np.minimum(np.roll(due, 1), np.roll(due, -1)), due))


def _past_quarters(history: TrafficHistory) -> Floats:
    """(weeks, 672) events by quarter; NaN where it was not seen whole, and on days that the store was closed."""
    weeks = np.concatenate([[0], np.cumsum(np.diff(history.how) < -WEEK_MINUTES // 2)])
    index = weeks * _QUARTERS_A_WEEK + history.how // 15
    size = (int(weeks[-1]) + 1) * _QUARTERS_A_WEEK
    events = np.bincount(index, history.events, size).reshape(-1, 7, _QUARTERS_A_DAY)
    is_whole = (np.bincount(index, minlength=size) * _BIN >= 15).reshape(events.shape)
    days = np.where(is_whole.any(2), events.sum(2), np.nan)
    is_open = days >= _CLOSED_DAY * np.nanmedian(days, axis=0)
    return np.where(is_whole & is_open[:, :, None], events, np.nan).reshape(-1, _QUARTERS_A_WEEK)


def _next_to_step(usual: Floats, quarters: Floats, weeks: float) -> Bools:
    """(168,) whether traffic jumps into, out of or within an hour.

    Args:
        usual: (168,) events a minute.
        quarters: (672,) events of all weeks; half an hour apart, too, so that a soft opening within an hour shows.
        weeks: how many they are.
    """
    found = np.zeros(HOURS_A_WEEK, dtype=bool)
    for values, apart in ((usual * 60 * weeks, 1), (quarters, 1), (quarters, 2)):
        after = np.roll(values, -apart)
        high, low = np.maximum(values, after), np.minimum(values, after)
        jumps = (high > _STEP_RATIO * low) & (high - low > _STEP_Z * np.sqrt(high + low))
        next_to = np.asarray(jumps | np.roll(jumps, apart))
        found |= next_to if len(next_to) == HOURS_A_WEEK else next_to.reshape(HOURS_A_WEEK, 4).any(1)
    return found


def edges_by_quarter(baseline: TrafficBaseline) -> Floats:
    """(672,) events a minute that are due at least next to a step, by quarter of the week; NaN in all other hours."""
    due = np.full((HOURS_A_WEEK, 4), np.nan)
    for hour, quarters in baseline.edges.items():
        due[hour] = quarters
    return due.ravel()
