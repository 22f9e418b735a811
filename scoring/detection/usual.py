"""What shops usually set up instead: seven methods, each one score per minute of a step; larger is worse.

A backtest runs them next to the product, the benchmark as well. Every method sees the counts that the product sees, of the whole store;
a score says what was known when its minute had ended. One threshold for all stores and steps turns scores into alerts.

Sources: CUSUM, Page 1954 (for Poisson counts Lucas 1985); Bayesian online change-point, Adams and MacKay 2007; a band of median absolute
deviations, Hampel 1974. The others are rules of thumb of dashboards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaln

from scoring.baselines.localtime import WEEK_MINUTES
from scoring.calendar.effects import DAY
from scoring.funnel.arrays import Floats, Places

_HOURS_OF_WEEK = WEEK_MINUTES // 60
#: the score of a minute that a method cannot judge
NO_SCORE = -9.0
#: alerts of one store and step within this many minutes are one
MERGE = 60
#: of the change-point: minutes of a bin, events behind the prior of a new rate, expected events kept of the longest run
_BIN, _PRIOR, _KEEP = 5, 4.0, 500.0
#: its longest run, minutes between changes, and the share of the usual rate below which one is a drop
_LONGEST_RUN, _BETWEEN_CHANGES, _BELOW = 540, 3.5 * DAY, 0.8
#: the drop that CUSUM sums up for
_DROP = 0.3
#: shares of all minutes that lie below the thresholds that are tried: closer together towards the rarest
_GRID = np.concatenate([np.linspace(0.5, 0.99, 100), 1 - np.logspace(-2, -6.5, 300), [1.0]])


class UsualMethod(StrEnum):
    """A method that is compared with."""

    STATIC = "static"
    ROLLING_Z = "rolling_z"
    SAME_HOUR = "same_hour"
    SEASONAL_BAND = "seasonal_band"
    CUSUM = "cusum"
    CUSUM_BY_VOLUME = "cusum_by_volume"
    CHANGE_POINT = "change_point"


@dataclass(frozen=True, slots=True)
class StepStream:
    """A step's counts, minute by minute without gaps.

    Args:
        upstream: (minutes,) events of the stage that the step begins with.
        downstream: (minutes,) those of the stage it ends with.
        hours: (minutes,) hour of the week, 0 to 167, on the store's clock.
        trained: this many of the minutes are history; the others are judged.
    """

    upstream: Floats
    downstream: Floats
    hours: Places
    trained: int

    def conversion(self, minutes: int, least: float) -> Floats:
        """(minutes,) conversion of the last ``minutes``, NaN where fewer than ``least`` upstream events came."""
        up, down = _rolled(self.upstream, minutes), _rolled(self.downstream, minutes)
        return np.where(up >= least, down / np.maximum(up, 1), np.nan)

    def profile(self) -> Floats:
        """(168,) conversion by hour of the week in the history; of all hours where nothing came."""
        known = slice(0, self.trained)
        up, down = (
            np.bincount(self.hours[known], values[known], _HOURS_OF_WEEK)
            for values in (self.upstream, self.downstream)
        )
        return np.where(up > 0, down / np.maximum(up, 1), down.sum() / max(up.sum(), 1))

    def expected(self) -> Floats:
        """(minutes,) downstream events that the profile expects of each minute's upstream events."""
        return self.upstream * self.profile()[self.hours]


def _rolled(values: Floats, width: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    out = np.full(len(values), np.nan)
    out[width - 1 :] = total[width:] - total[:-width]
    return out


def _before(values: Floats, minutes: int) -> Floats:
    """What the values were this many minutes ago; NaN where there were none."""
    out = np.full(len(values), np.nan)
    if minutes < len(values):
        out[minutes:] = values[:-minutes]
    return out


def _judged(score: Floats, stream: StepStream) -> Floats:
    return np.nan_to_num(score[stream.trained :], nan=NO_SCORE)


def _by(width: int, values: Floats) -> Floats:
    """Sums of whole blocks of this many minutes."""
    whole = len(values) // width * width
    return np.asarray(values[:whole].reshape(-1, width).sum(1))


def static(stream: StepStream) -> Floats:
    """Relative drop of the last hour's conversion below the history's mean, at least 200 upstream events."""
    known = slice(0, stream.trained)
    mean = stream.downstream[known].sum() / max(stream.upstream[known].sum(), 1)
    return _judged(1 - stream.conversion(60, 200) / max(mean, 1e-9), stream)


def rolling_z(stream: StepStream) -> Floats:
    """Standard deviations of the last quarter of an hour below the day before it."""
    conversion = stream.conversion(15, 30)
    known = np.nan_to_num(conversion)
    count = _rolled((~np.isnan(conversion)).astype(float), DAY)
    mean = _rolled(known, DAY) / np.maximum(count, 1)
    spread = np.sqrt(np.maximum(_rolled(known**2, DAY) / np.maximum(count, 1) - mean**2, 1e-9))
    z = np.where(count > 120, (_before(mean, 15) - conversion) / _before(spread, 15), np.nan)
    return _judged(z, stream)


def same_hour(stream: StepStream) -> Floats:
    """Standard deviations below the mean of the same half hour in the last four weeks."""
    conversion = stream.conversion(30, 30)
    past = np.stack([_before(conversion, week * WEEK_MINUTES) for week in (1, 2, 3, 4)])
    is_known = ~np.isnan(past)
    weeks = is_known.sum(0)
    mean = np.where(weeks > 0, np.nansum(past, 0) / np.maximum(weeks, 1), np.nan)
    off = np.where(is_known, past - mean, 0.0)
    spread = np.where(weeks > 1, np.sqrt((off**2).sum(0) / np.maximum(weeks - 1, 1)), np.nan)
    return _judged((mean - conversion) / np.maximum(spread, 0.02 * mean + 1e-6), stream)


def seasonal_band(stream: StepStream) -> Floats:
    """Median absolute deviations of the last quarter of an hour below the hour of the week's conversion."""
    below = stream.profile()[stream.hours] - stream.conversion(15, 30)
    rest = below[: stream.trained : 15]
    rest = rest[~np.isnan(rest)]
    if len(rest) < 20:
        return np.full(len(below) - stream.trained, NO_SCORE)
    spread = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    return _judged(below / max(spread, 1e-6), stream)


def _summed(gain: Floats) -> Floats:
    total = np.cumsum(gain)
    return np.asarray(total - np.minimum.accumulate(np.minimum(total, 0)))


def _gain(stream: StepStream) -> Floats:
    """Log-likelihood of a drop by ``_DROP`` against none, minute by minute, for Poisson counts."""
    return np.asarray(stream.downstream * np.log(1 - _DROP) + stream.expected() * _DROP)


def cusum(stream: StepStream) -> Floats:
    """CUSUM for a 30 % drop against the profile, in units of one over-dispersion, that of whole hours."""
    arrived, expected = (
        _by(60, values[: stream.trained]) for values in (stream.downstream, stream.expected())
    )
    excess = max(float(np.mean((arrived - expected) ** 2 / np.maximum(expected, 1))), 1.0)
    return _summed(_gain(stream)[stream.trained :] / excess)


def cusum_by_volume(stream: StepStream) -> Floats:
    """The same CUSUM in units of what the store's own history reaches in one minute of a hundred."""
    gain = _gain(stream)
    unit = max(float(np.quantile(_summed(gain)[: stream.trained], 0.99)), 1.0)
    return np.asarray(_summed(gain[stream.trained :]) / unit)


def change_point(stream: StepStream) -> Floats:
    """Bayesian online change-point: log10 odds that the rate is now below 0.8 of its usual.

    Arrivals of five minutes are Poisson about the expectation times a rate that is constant between changes, with a Gamma prior.
    Runs of nine hours and more are one. Counts are tempered by the over-dispersion of half hours in the history. It runs in for a day; a
    score holds from the end of its five minutes on.
    """
    arrived, expected = stream.downstream, stream.expected()
    halves, due = (_by(30, values[: stream.trained]) for values in (arrived, expected))
    excess = max(float(np.median((halves - due) ** 2 / np.maximum(due, 1))) / 0.455, 1.0)
    begin = max(stream.trained - DAY, 0)
    odds = _odds_of_a_drop(*(_by(_BIN, values[begin:]) / excess for values in (arrived, expected)))
    by_minute = np.concatenate([np.full(_BIN - 1, NO_SCORE), np.repeat(odds, _BIN)])
    return by_minute[stream.trained - begin :][: len(arrived) - stream.trained]


def _odds_of_a_drop(arrived: Floats, expected: Floats) -> Floats:
    runs, hazard = _LONGEST_RUN // _BIN, _BIN / _BETWEEN_CHANGES
    shape, scale = np.full(runs, _PRIOR), np.full(runs, _PRIOR)
    weight = np.zeros(runs)
    weight[-1] = 1.0
    out = np.empty(len(arrived))
    for index, (came, due) in enumerate(zip(arrived.tolist(), expected.tolist(), strict=True)):
        likelihood = gammaln(shape + came) - gammaln(shape) + shape * np.log(scale / (scale + due))
        likelihood += came * np.log(np.maximum(due, 1e-9) / (scale + due))
        weight = weight * np.exp(likelihood - likelihood.max())
        weight /= weight.sum()
        shape, scale = shape + came, scale + due
        below = float((weight * gammainc(shape, _BELOW * scale)).sum())
        out[index] = np.log10(max(below, 1e-12)) - np.log10(max(1 - below, 1e-12))
        last = weight[-2:] / max(weight[-2:].sum(), 1e-300)
        for values in (shape, scale):
            merged = float(values[-2:] @ last)
            values[1:] = values[:-1].copy()
            values[0], values[-1] = _PRIOR, merged
        kept = _KEEP / max(_KEEP, scale[-1])
        shape[-1], scale[-1] = shape[-1] * kept, scale[-1] * kept
        grown = weight * (1 - hazard)
        weight = np.concatenate([[hazard], grown[:-2], [grown[-2:].sum()]])
    return out


USUAL: dict[UsualMethod, Callable[[StepStream], Floats]] = {
    UsualMethod.STATIC: static,
    UsualMethod.ROLLING_Z: rolling_z,
    UsualMethod.SAME_HOUR: same_hour,
    UsualMethod.SEASONAL_BAND: seasonal_band,
    UsualMethod.CUSUM: cusum,
    UsualMethod.CUSUM_BY_VOLUME: cusum_by_volume,
    UsualMethod.CHANGE_POINT: change_point,
}


def openings(score: NDArray[np.floating], threshold: float) -> Places:
    """The minutes at which a score reaches the threshold after an hour or more below it."""
    above = np.nonzero(score >= threshold)[0]
    if not len(above):
        return above
    return np.asarray(above[np.concatenate([[True], np.diff(above) > MERGE])], dtype=np.intp)


def thresholds_for(scores: Sequence[NDArray[np.floating]], alerts: int) -> Floats:
    """Thresholds, the same for all scores, at which no more than ``alerts`` open, nor at any above; the lowest first, never none.

    Args:
        scores: of each store and step, by minute.
        alerts: at most this many, in all of them together.
    """
    seen = [score[score > NO_SCORE] for score in scores]
    values = np.concatenate(seen) if seen else np.zeros(0)
    # openings are not monotonous in the threshold: two alerts merge where it is low
    grid = np.unique(np.quantile(values, _GRID)) if len(values) else np.array([0.0])
    grid = np.append(grid, grid[-1] + max(1e-6, abs(grid[-1]) * 1e-6))
    found: list[float] = []
    for threshold in grid[::-1].tolist():
        if sum(len(openings(score, threshold)) for score in scores) > alerts:
            break
        found.append(threshold)
    return np.array(found[::-1])


def threshold_for(scores: Sequence[NDArray[np.floating]], alerts: int) -> float:
    """The lowest of ``thresholds_for``."""
    return float(thresholds_for(scores, alerts)[0])
