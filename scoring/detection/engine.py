"""The detector's arithmetic: one vectorised step per minute over all series of a partition.

A series is one store-step, whole or one segment of it. Each minute it is given the arrivals A and their expectation
µ, and it

1. tracks the slow wobble of the log rate with a one-state Kalman filter (mean m, variance P),
2. takes, over 16 look-back windows, the smallest negative-binomial tail of the window's arrivals, each window judged
   from the filter's state just before it began (a window-limited scan, Lai 1998, with an AR(1)-aware null),
3. opens when the surprise reaches the series' threshold and the drop is still going on, freezes the filter while
   open, and closes by a recovery CUSUM.

Past 400 lines: filter, scan and recovery work on one set of arrays and are read as one step.
It knows no stores, names or times: ``detector.py`` gives it numbers and makes rows and alerts of what it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.wobble import (
    autocorrelation,
    carry_over,
    doubt_share,
    mean_variance,
    window_containment,
)
from scoring.detection.policy import WINDOWS, DetectionPolicy
from scoring.detection.tail import binomial_scale, lower_surprise, normal_surprise
from scoring.funnel.arrays import Bools, Floats, Places

_WIN = np.array(WINDOWS, dtype=np.intp)
#: how late a correction of a closed minute may come, in minutes, and still be scored
AMENDABLE = 60
#: rows of the rings: the longest window, and as much as may be amended
RING = int(_WIN.max()) + 2 + AMENDABLE
#: minutes after a surge's change at which the filter has taken it in
_SETTLE = 15
#: the window (20 minutes) whose containment shows the filter how binomial arrivals are
_FILTERED = WINDOWS.index(20)
#: the exact tail is computed only below this many standard deviations
_Z_GATE = -2.5
#: a "still happening" window needs this many expected arrivals, and this share of the scoring window's drop
_GATE_EXPECTED, _GATE_SHARE = 8.0, 0.4
#: a rise of a minute beyond this many standard deviations is a burst and moves the filter by this share only
_BURST_Z, _BURST_GAIN = 5.0, 0.2
#: where a least drop is asked for, windows of more minutes than this must have lost this share
_LONG_WINDOW, _LONG_DROP = 45, 0.8
#: the deviation is not believed to be further above the baseline than this many standard deviations
HIGHEST = 4.0
#: an observation variance less than 1 minus this share of Poisson's is not believed: delays are longer on one day than on another, for all alike
MAX_BINOMIAL = 0.75
#: depth that the recovery test assumes, at least and at most
_DEPTH_RANGE = (0.1, 0.95)

#: an alert goes on while this share of the last minutes is missing, or this many sigmas, or this part of the least drop
_MISSING, _MISSING_SIGMAS, _MISSING_OF_MIN = 0.2, 1.5, 0.7
#: standard deviations by which more than that must have come
_MARGIN = 1.5
#: minutes of a recovery that are looked at, and expected arrivals below which it is more of them
_RECENT, _MAX_RECENT, _MIN_RECENT = 30, 240, 10.0
#: evidence of health that is kept, in units of what an end takes: old health must not outweigh a relapse
_RECOVERY_CAP = 3.0

_PER_SERIES = (
    "sigma2", "rho", "q", "fast", "dispersion", "phi15", "threshold", "least_drop", "silence", "m", "variance", "recovery", "depth", "open_arrived", "open_expected"
)  # fmt: skip
_PER_SERIES_INT = ("age", "open_minutes", "heal")
_PER_WINDOW = ("k", "k2", "wobble", "unknown", "doubt", "window_fast")
_RINGS = ("cum_arrived", "cum_expected", "ring_m", "ring_variance")


@dataclass(frozen=True, slots=True)
class SeriesParameters:
    """What the engine must know of a series: wobble, conversion rate, kernel and the threshold that opens it."""

    sigma: float
    tau: float
    rate: float
    dispersion: float
    pmf: tuple[float, ...]
    slow_share: float
    threshold: float
    #: smaller shares missing are not surprising, against what the filter tracked and against the baseline
    least_drop: float = 0.0
    #: a window in which nothing at all came opens at this much less surprise
    silence: float = 0.0


@dataclass(frozen=True, slots=True)
class SeriesMinute:
    """What one minute gave: per series the surprise, its window (index into WINDOWS) and what opened and closed."""

    surprise: Floats
    window: Places
    window_observed: Floats
    window_expected: Floats
    predicted: Floats
    predicted_variance: Floats
    opened: Bools
    closed: Bools


@dataclass(frozen=True, slots=True)
class Unrest:
    """Series in a surge: (size,) whether it is on, minutes since it changed, whether it changed now; its log variance.

    The variance is one for all, or (size,).
    """

    is_on: Bools
    since: NDArray[np.int64]
    changed: Bools
    variance: float | Floats

    def add_to(self, variance: Floats, unknown: Floats) -> None:
        """Add the surge's variance to (windows, size) ``variance``: all of it where a window reaches across the change."""
        which = np.nonzero(self.is_on | (self.since < RING))[0]
        if len(which):
            across = self.since[which] < _WIN[:, None] + _SETTLE
            within = np.where(self.is_on[which], unknown[:, which], 0.0)
            own = np.broadcast_to(self.variance, self.is_on.shape)[which]
            variance[:, which] += own * np.where(across, 1.0, within)


class SeriesEngine:
    """State and parameters of all series, in arrays that grow as series are added.

    Args:
        policy: thresholds.
        shortest_window: minutes of the shortest window that may open; shorter ones are not looked at.
        capacity: series to make room for at first.
    """

    def __init__(self, policy: DetectionPolicy, shortest_window: int = 1, capacity: int = 64) -> None:
        self._policy = policy
        self._too_short = shortest_window > _WIN
        self.size = 0
        self.minutes = 0
        self._capacity = 0
        self._unrest: Unrest | None = None
        self._kappa: dict[tuple[tuple[float, ...], float], Floats] = {}
        self._grow(capacity)

    def _grow(self, capacity: int) -> None:
        for names, shape, kind in (
            (_PER_SERIES, (), float),
            (_PER_SERIES_INT, (), np.int64),
            (("open",), (), bool),
            (_PER_WINDOW, (len(WINDOWS),), float),
            (_RINGS, (RING,), float),
        ):
            for name in names:
                new = np.zeros((*shape, capacity), dtype=kind)
                if self._capacity:
                    new[..., : self._capacity] = getattr(self, name)
                setattr(self, name, new)
        self._capacity = capacity

    def keep(self, kept: Places) -> None:
        """Forget all series but these, which are renumbered in this order."""
        for name in (*_PER_SERIES, *_PER_SERIES_INT, "open", *_PER_WINDOW, *_RINGS):
            old = getattr(self, name)
            new = np.zeros((*old.shape[:-1], max(len(kept), 1)), dtype=old.dtype)
            new[..., : len(kept)] = old[..., kept]
            setattr(self, name, new)
        self.size, self._capacity = len(kept), max(len(kept), 1)

    # arrays set by _grow
    sigma2: Floats
    rho: Floats
    q: Floats
    fast: Floats
    dispersion: Floats
    phi15: Floats
    threshold: Floats
    least_drop: Floats
    silence: Floats
    m: Floats
    variance: Floats
    recovery: Floats
    depth: Floats
    open_arrived: Floats
    open_expected: Floats
    age: NDArray[np.int64]
    open_minutes: NDArray[np.int64]
    heal: NDArray[np.int64]
    open: Bools
    k: Floats
    k2: Floats
    wobble: Floats
    unknown: Floats
    doubt: Floats
    window_fast: Floats
    cum_arrived: Floats
    cum_expected: Floats
    ring_m: Floats
    ring_variance: Floats

    def add(self, parameters: SeriesParameters) -> int:
        """The index of a new series, which starts without any memory."""
        if self.size == self._capacity:
            self._grow(2 * self._capacity)
        index = self.size
        self.size += 1
        self.set(index, parameters)
        self.variance[index] = self.sigma2[index]
        self.ring_variance[:, index] = self.sigma2[index]
        return index

    def set(self, index: int, parameters: SeriesParameters) -> None:
        """Give a series other parameters (a new baseline); what it has seen stays."""
        sigma = max(parameters.sigma, self._policy.sigma_floor)
        tau = np.array(parameters.tau)
        binomial = min(parameters.rate, MAX_BINOMIAL)
        self.sigma2[index] = sigma**2
        self.rho[index] = autocorrelation(tau)
        self.q[index] = sigma**2 * (1 - self.rho[index] ** 2)
        containment = self._containment(parameters)
        self.dispersion[index] = parameters.dispersion
        self.fast[index] = parameters.dispersion * (1 - binomial * containment[_FILTERED])
        self.phi15[index] = 15 * sigma**2 * mean_variance(15, tau)
        self.threshold[index] = parameters.threshold
        self.least_drop[index] = parameters.least_drop
        self.silence[index] = parameters.silence
        k = carry_over(_WIN, tau)
        self.k[:, index] = k
        self.k2[:, index] = k**2
        self.unknown[:, index] = (1 - k) ** 2
        self.doubt[:, index] = doubt_share(_WIN, tau)
        self.wobble[:, index] = sigma**2 * np.maximum(mean_variance(_WIN, tau) - k**2, 0)
        self.window_fast[:, index] = parameters.dispersion * (1 - binomial * containment)

    def _containment(self, parameters: SeriesParameters) -> Floats:
        key = (parameters.pmf, parameters.slow_share)
        if key not in self._kappa:
            self._kappa[key] = np.array([window_containment(key[0], int(length), key[1]) for length in _WIN])
        return self._kappa[key]

    def step(
        self,
        arrivals: Floats,
        expected: Floats,
        baseline_variance: Floats,
        unrest: Unrest | None = None,
        held: Bools | None = None,
    ) -> SeriesMinute:
        """Close one minute.

        Args:
            arrivals: (size,) A, what arrived this minute.
            expected: (size,) µ, what the baseline expected of it.
            baseline_variance: (size,) variance of log µ.
            unrest: which series are in a surge or have lately left or entered one.
            held: (size,) True where this minute is not to be believed: it counts in no window, moves no filter, opens
                and closes nothing.
        """
        n = self.size
        self._unrest = unrest
        believed = np.ones(n, dtype=bool) if held is None else ~held
        if unrest is not None:
            self.variance[:n] += unrest.variance * unrest.changed
        now, before = self.minutes % RING, (self.minutes - 1) % RING
        self.cum_arrived[now, :n] = self.cum_arrived[before, :n] + arrivals * believed
        self.cum_expected[now, :n] = self.cum_expected[before, :n] + expected * believed
        self.age[:n] += 1
        surprise, window, observed, mean, depth = self._scan(now, baseline_variance)
        eased = np.where(observed > 0, 0.0, self.silence[:n])
        opened = (surprise + eased >= self.threshold[:n]) & ~self.open[:n] & believed
        self._begin(opened, observed, mean, depth)
        prior = self.m[:n] * self.rho[:n]
        prior_variance = self.variance[:n] * self.rho[:n] ** 2 + self.q[:n]
        predicted = expected * np.exp(prior)
        closed = self._update(arrivals, predicted, prior, prior_variance, opened, believed)
        self.ring_m[now, :n] = self.m[:n]
        self.ring_variance[now, :n] = self.variance[:n]
        self.minutes += 1
        return SeriesMinute(
            surprise, window, observed, mean, predicted, prior_variance + baseline_variance, opened, closed
        )

    def _scan(self, now: int, baseline_variance: Floats) -> tuple[Floats, Places, Floats, Floats, Floats]:
        """Surprise of each series over its windows, the window that gave it, that window's A, M and drop."""
        n = self.size
        then = (now - _WIN) % RING
        observed = self.cum_arrived[now, :n] - self.cum_arrived[then, :n]
        mean = self.cum_expected[now, :n] - self.cum_expected[then, :n]
        mean *= np.exp(self.ring_m[then, :n] * self.k[:, :n])
        variance = self.ring_variance[then, :n] * self.k2[:, :n]
        variance += self.wobble[:, :n]
        variance += baseline_variance * self.doubt[:, :n]
        variance += self._policy.model_variance
        if self._unrest is not None:
            self._unrest.add_to(variance, self.unknown)
        fast = self.window_fast[:, :n]
        z = (observed - mean) / np.sqrt(mean * fast + mean * mean * variance + 1e-9)
        z[_WIN[:, None] >= self.age[:n]] = 0.0
        z[self._too_short] = 0.0
        window = z.argmin(0)
        columns = np.arange(n)
        surprise = normal_surprise(np.maximum(z[window, columns], _Z_GATE))
        rows, series = np.nonzero(z < _Z_GATE)
        if len(rows):
            a, e = observed[rows, series], mean[rows, series]
            dispersion = self.dispersion[series]
            scale = binomial_scale(1 - a / e, 1 - fast[rows, series] / dispersion)
            exact = lower_surprise(a, e, variance[rows, series], dispersion * scale)
            exact = np.where(self._goes_on(rows, series, observed, mean), exact, 0.0)
            least = self.least_drop[series]
            if least.any():
                is_long = (least > 0) & (_WIN[rows] > _LONG_WINDOW)
                least = np.where(is_long, np.maximum(least, _LONG_DROP), least)
                usual = (self.cum_expected[now, :n] - self.cum_expected[then, :n])[rows, series]
                exact = np.where((least > 0) & (a > (1 - least) * np.minimum(e, usual)), 0.0, exact)
            surprise[series] = 0.0
            np.maximum.at(surprise, series, exact)
            best = exact >= surprise[series]
            window[series[best]] = rows[best]
        a, e = observed[window, columns], mean[window, columns]
        return surprise, window, a, e, 1 - a / np.maximum(e, 1e-9)

    @staticmethod
    def _goes_on(rows: Places, series: Places, observed: Floats, mean: Floats) -> Bools:
        """Whether the shortest window with enough evidence still shows 40 % of the drop: an incident that is over opens nothing."""
        drop = 1 - observed[rows, series] / np.maximum(mean[rows, series], 1e-9)
        can_judge = mean[:, series] >= _GATE_EXPECTED
        can_judge[0] = False
        shortest = np.where(can_judge.any(0), np.minimum(can_judge.argmax(0), rows), rows)
        current = 1 - observed[shortest, series] / np.maximum(mean[shortest, series], 1e-9)
        return np.asarray(current >= _GATE_SHARE * drop)

    def _begin(self, opened: Bools, observed: Floats, mean: Floats, depth: Floats) -> None:
        which = np.nonzero(opened)[0]
        self.depth[which] = np.clip(depth[which], *_DEPTH_RANGE)
        self.open_arrived[which] = 0.0
        self.open_expected[which] = 0.0
        self.open_minutes[which] = 0
        self.recovery[which] = 0.0
        self.heal[which] = 0

    def _update(
        self,
        arrivals: Floats,
        predicted: Floats,
        prior: Floats,
        prior_variance: Floats,
        opened: Bools,
        believed: Bools,
    ) -> Bools:
        """Update the filters that are not frozen, run the recovery test of those that are; gives what closed."""
        n = self.size
        frozen = self.open[:n] | opened
        total = predicted**2 * prior_variance + predicted * self.fast[:n] + 1e-9
        gain = np.where(frozen | ~believed, 0.0, prior_variance * predicted / total)
        innovation = arrivals - predicted
        # a burst (held-back events let go at once) is not a lasting rise: believing it would make the quiet after it a drop
        gain = np.where((innovation > 0) & (innovation**2 > _BURST_Z**2 * total), _BURST_GAIN * gain, gain)
        highest = HIGHEST * np.sqrt(self.sigma2[:n])
        self.m[:n] = np.clip(prior + gain * innovation, -4.0, highest)
        self.variance[:n] = prior_variance * (1 - gain * predicted)
        closed = np.zeros(n, dtype=bool)
        was = np.nonzero(self.open[:n] & believed)[0]
        if len(was):
            closed[was] = self._recovered(was, arrivals[was], predicted[was])
            which = np.nonzero(closed)[0]
            self.age[which] = 0
            self.m[which] = 0.0
            self.variance[which] = self.sigma2[which]
        self.open[:n] = frozen & ~closed
        return closed

    def _recovered(self, was: Places, arrivals: Floats, predicted: Floats) -> Bools:
        """CUSUM of "healthy" against "still broken at the estimated depth" (log-likelihood ratio of two Poissons)."""
        policy = self._policy
        depth = self.depth[was]
        gain = (arrivals * np.log(1 / (1 - depth)) - predicted * depth) / (1 + predicted * self.phi15[was])
        recovery = np.minimum(np.maximum(0.0, self.recovery[was] + gain), _RECOVERY_CAP * policy.recovery)
        self.recovery[was] = recovery
        self.heal[was] = np.where(recovery > 0, self.heal[was] + 1, 0)
        self.open_arrived[was] += arrivals
        self.open_expected[was] += predicted
        self.open_minutes[was] += 1
        known = self.open_expected[was] > 10
        so_far = np.maximum(depth, 1 - self.open_arrived[was] / np.maximum(self.open_expected[was], 1e-9))
        self.depth[was] = np.where(known, np.clip(so_far, *_DEPTH_RANGE), depth)
        healed = (recovery >= policy.recovery) & (self.heal[was] >= policy.heal_minutes)
        healed[healed] = ~self._still_missing(was[healed])
        return np.asarray(healed | (self.open_minutes[was] >= policy.longest_open_minutes))

    def _still_missing(self, which: Places) -> Bools:
        """Whether, since recovery began to show, too much is missing for an end: a repair in stages is none at half depth.

        Of the last half hour at most; where that is too little to say, of the last four hours. A share is too much that is
        above a fifth, above what the series strays by nature and, where a least drop is asked for, above most of it.
        """
        heal = np.maximum(self.heal[which], self._policy.heal_minutes)
        arrived, expected = self._since(which, np.minimum(heal, _RECENT))
        longer_arrived, longer_expected = self._since(which, np.minimum(heal, _MAX_RECENT))
        is_little = expected < _MIN_RECENT
        arrived = np.where(is_little, longer_arrived, arrived)
        expected = np.where(is_little, longer_expected, expected)
        allowed = np.maximum(_MISSING, _MISSING_SIGMAS * np.sqrt(self.sigma2[which]))
        allowed = np.maximum(allowed, _MISSING_OF_MIN * self.least_drop[which])
        at_most = (1 - allowed) * expected
        # chance must not pass for health: by a margin, as far as few arrivals leave room for one
        healthy = np.minimum(at_most + _MARGIN * np.sqrt(at_most), (1 - allowed / 4) * expected)
        return np.asarray(arrived < healthy)

    def _since(self, which: Places, minutes: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """A of the last ``minutes`` of each series, the one that closes included, and what was expected of them."""
        now = self.minutes % RING
        then = (now - minutes) % RING
        arrived = self.cum_arrived[now, which] - self.cum_arrived[then, which]
        expected = self.cum_expected[now, which] - self.cum_expected[then, which]
        return arrived, expected * np.exp(self.m[which])

    def window_of_end(self, series: int, closed: Sequence[int]) -> int:
        """The window, an index into WINDOWS, that shows how a series is now that ``closed`` have closed.

        It reaches back into their recovery and no further; it is longer than half an hour only where little was expected.
        """
        shown = max(int(self.heal[list(closed)].min()) if len(closed) else 0, self._policy.heal_minutes)
        within = [place for place, length in enumerate(WINDOWS) if length <= min(shown, _MAX_RECENT)]
        window = max(place for place in within if WINDOWS[place] <= _RECENT)
        while window < within[-1] and self.peek(np.array([series]), np.array([window]))[1][0] < _MIN_RECENT:
            window += 1
        return window

    def forget_rises(self, which: Places) -> None:
        """Take these series, as of the minute just closed, to be at most what their baseline says."""
        self.m[which] = np.minimum(self.m[which], 0.0)
        self.ring_m[(self.minutes - 1) % RING, which] = self.m[which]

    def peek(self, series: Places, window: Places, ago: int = 0) -> tuple[Floats, Floats, Floats, Floats]:
        """A, M, variance of log M (without the baseline's) and c of given windows that ended ``ago`` minutes ago."""
        now = (self.minutes - 1 - ago) % RING
        then = (now - _WIN[window]) % RING
        observed = self.cum_arrived[now, series] - self.cum_arrived[then, series]
        mean = self.cum_expected[now, series] - self.cum_expected[then, series]
        mean = mean * np.exp(self.ring_m[then, series] * self.k[window, series])
        variance = self.ring_variance[then, series] * self.k2[window, series] + self.wobble[window, series]
        return observed, mean, variance + self._policy.model_variance, self.window_fast[window, series]

    def lately(self, series: int, window: int) -> tuple[float, float]:
        """A of a window that ends now, and what the baseline alone, without the filter, expected of it."""
        return self.since(series, int(_WIN[window]))

    def since(self, series: int, minutes: int) -> tuple[float, float]:
        """The same of the last ``minutes``."""
        now = (self.minutes - 1) % RING
        then = (now - minutes) % RING
        arrived = self.cum_arrived[now, series] - self.cum_arrived[then, series]
        expected = self.cum_expected[now, series] - self.cum_expected[then, series]
        return float(arrived), float(expected)

    def amend(self, ago: int, series: Places, arrivals: Floats, expected: Floats) -> None:
        """Correct past minutes: (ago + 1, k) additions to A and µ of the minutes from ``ago`` minutes ago until now.

        The filter's state stays as it was: it saw what was known then.
        """
        total_arrived, total_expected = np.cumsum(arrivals, axis=0), np.cumsum(expected, axis=0)
        for back in range(ago, -1, -1):
            row = (self.minutes - 1 - back) % RING
            self.cum_arrived[row, series] += total_arrived[ago - back]
            self.cum_expected[row, series] += total_expected[ago - back]

    def baseline_of(self, ago: int, series: Places) -> Floats:
        """µ of the minute ``ago`` minutes ago, as the baseline alone expected it."""
        now = (self.minutes - 1 - ago) % RING
        return np.asarray(self.cum_expected[now, series] - self.cum_expected[(now - 1) % RING, series])

    def rescore(self, ago: int, baseline_variance: Floats) -> tuple[Floats, Places, Floats, Floats, Floats]:
        """Surprise, window, its A and M, and the predicted variance, of the minute ``ago`` minutes ago."""
        n = self.size
        now = (self.minutes - 1 - ago) % RING
        surprise, window, observed, mean, _ = self._scan(now, baseline_variance)
        before = (now - 1) % RING
        return (
            surprise,
            window,
            observed,
            mean,
            self.ring_variance[before, :n] * self.rho[:n] ** 2 + self.q[:n],
        )

    def expected_at_most(self) -> Floats:
        """(size,) expected arrivals of the longest window that a series has memory for: whether it can breach at all."""
        n = self.size
        now = (self.minutes - 1) % RING
        reach = np.minimum(np.maximum(self.age[:n] - 1, 0), int(_WIN.max()))
        return np.asarray(self.cum_expected[now, :n] - self.cum_expected[(now - reach) % RING, np.arange(n)])
