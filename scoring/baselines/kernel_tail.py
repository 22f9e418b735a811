"""The slow part of a delay kernel: how much arrives after what minutes trace, and how late.

What leaves no minute-to-minute trace (``kernel.py``) need not be slow: a burst of visitors that do not convert leaves none, nor
does a delay that jitters. So the slow part is asked of what a slow part does and nothing else: it smooths, over hours, what
the traffic of each day brings. Over a grid of slow shares and lengths, a candidate's exposure, times the conversion of its hours of the
week and of its day, is compared with what arrived, in bins of ten minutes. Left out are bursts upstream and the stretches that
the best candidate does not explain (an incident, a storm). The candidates' weights over all stores of a step are the prior of
each store (EM, Laird 1978): one that differs from the others is taken at its word where its counts are clear.

Where counts leave it open, several candidates keep weight. What they make of the same traffic differs, most where it rises and
falls; that spread, by hour of the week, is variance of what is expected (``Tail.doubt``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.localtime import WEEK_MINUTES
from scoring.baselines.noise import EM_ROUNDS, USUAL_SIGMA
from scoring.funnel.arrays import Bools, Floats, Places
from scoring.funnel.units import HOURS_A_WEEK

#: minutes of a bin
TAIL_BIN = 10
#: candidates: shares of conversions that are slow, and their mean delay in minutes
_SHARES = (0.1, 0.2, 0.3, 0.45, 0.65, 0.8, 0.95)
_MINUTES = (20.0, 45.0, 90.0, 180.0, 360.0)
CANDIDATES = ((0.0, 0.0), *((share, minutes) for share in _SHARES for minutes in _MINUTES))
_CANDIDATE_SHARES, _CANDIDATE_MINUTES = (np.array(values) for values in zip(*CANDIDATES, strict=True))
#: weight, in stores, of "no slow part" and of all others together before anything is known
_PRIOR_NONE, _PRIOR_OTHERS = 1.5, 0.5
#: a bin counts as far off as this many standard deviations at most
_FAR = 3.0
#: stretches, in bins, that are left out where the best candidate is off by so many standard deviations; in so many passes
_STRETCHES, _ODD, _PASSES = (1, 3, 12), 4.0, 2
#: upstream events above this many times their usual are a burst; bins after burst or stretch that are left out with it
_BURST, _AFTER = 1.45, 18
#: events by which an hour with little is drawn to the whole
_LITTLE = 20.0
#: bins within a wobble's reach say nearly the same: so many of them are one
_ALIKE = 6.0
#: how slow the slow ones are shows over hours only, as the wobble does: between lengths that evidence is worth so many times less, and
#: above an hour and a half a length is the less likely beforehand the longer it is
_LENGTHS_ALIKE, _USUAL_LENGTH = 2.0, 90.0
#: fewer days and arrivals than these show nothing
_MIN_DAYS, _MIN_ARRIVALS = 3, 300.0
#: bins of less expectation than this are not compared
_MIN_EXPECTED = 0.05
#: a slow share below this is none; a candidate of less weight makes no doubt
_MIN_SHARE, _MIN_WEIGHT = 0.04, 0.02
#: hours of the week are known from this many days on; before, hours of the day are compared
_WEEKS = 21 * 1440 // TAIL_BIN


@dataclass(frozen=True, slots=True)
class TailEvidence:
    """A store-step in bins of ten minutes: upstream and downstream events, and each bin's hour of the week."""

    upstream: NDArray[np.float32]
    downstream: NDArray[np.float32]
    hour: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Tail:
    """The slow part of a store's kernel.

    ``share`` and ``minutes`` are its share and mean delay, ``spread`` the standard deviation of the whole kernel's mean delay
    in minutes that counts leave open, ``doubt`` the variance of log µ that comes of it, by hour of the week (empty: none).
    """

    share: float = 0.0
    minutes: float = 0.0
    spread: float = 0.0
    doubt: tuple[float, ...] = ()


class _Sums:
    """Sums of rows of bins by places of one kind: hours of the week, or days."""

    def __init__(self, place: NDArray[np.integer]) -> None:
        self._order = np.argsort(place, kind="stable")
        ordered = place[self._order]
        self._starts = np.concatenate([[0], np.nonzero(np.diff(ordered))[0] + 1])
        group = np.repeat(np.arange(len(self._starts)), np.diff([*self._starts, len(place)]))
        self._group = np.empty(len(place), dtype=np.intp)
        self._group[self._order] = group

    def of(self, rows: Floats) -> Floats:
        return np.asarray(np.add.reduceat(rows[:, self._order], self._starts, axis=1))

    def spread_over(self, sums: Floats) -> Floats:
        return np.asarray(sums[:, self._group])


def tail_evidence(upstream: Floats, downstream: Floats, local: NDArray[np.integer]) -> TailEvidence | None:
    """The evidence of one store, None if there is too little.

    Args:
        upstream: (minutes,) events n.
        downstream: (minutes,) events a.
        local: (minutes,) minutes of the store's clock.
    """
    bins = len(upstream) // TAIL_BIN
    if bins * TAIL_BIN < _MIN_DAYS * 1440 or downstream.sum() < _MIN_ARRIVALS:
        return None
    n, a = (
        values[-bins * TAIL_BIN :].reshape(bins, TAIL_BIN).sum(1).astype(np.float32)
        for values in (upstream, downstream)
    )
    hour = local[-bins * TAIL_BIN :: TAIL_BIN] % WEEK_MINUTES // 60
    return TailEvidence(n, a, hour.astype(np.uint8))


def fit_tails(evidence: list[TailEvidence | None], fast: list[tuple[float, ...]]) -> list[Tail]:
    """The slow part of every store's kernel; a store without evidence has the others'.

    Args:
        evidence: of the same step in each store, None where there is too little.
        fast: the shares of each store's fast part, by minutes of delay.
    """
    known = [index for index, item in enumerate(evidence) if item is not None]
    if not known:
        return [Tail() for _ in evidence]
    scores = np.zeros((len(known), len(CANDIDATES)))
    for row, index in enumerate(known):
        item = evidence[index]
        assert item is not None
        scores[row] = _compare(item, np.asarray(fast[index]))[0]
    weights = _posterior(scores)
    of_store, others = dict(zip(known, weights, strict=True)), weights.mean(0)
    return [
        _tail(of_store.get(index, others), np.asarray(fast[index]), item)
        for index, item in enumerate(evidence)
    ]


def _compare(evidence: TailEvidence, fast: Floats) -> tuple[Floats, Floats]:
    """(candidates,) scores, and (candidates, bins) what each expects."""
    exposure, arrived = _exposures(evidence, fast), evidence.downstream.astype(float)
    sums = (
        _Sums(evidence.hour if len(arrived) >= _WEEKS else evidence.hour % 24),
        _Sums(np.arange(len(arrived)) * TAIL_BIN // 1440),
    )
    calm = ~_bursts(evidence)
    kept = calm
    for _ in range(_PASSES):
        expected = _seasoned(exposure, arrived, sums, kept)
        best = int(_scores(expected, arrived, kept).argmax())
        kept = calm & ~_far_off(expected[best], arrived, kept)
    expected = _seasoned(exposure, arrived, sums, kept)
    return _scores(expected, arrived, kept), expected


def _by_bins(pmf: Floats) -> Floats:
    """The shares of a kernel by bins of delay, for an event that falls anywhere within its bin."""
    delays = np.arange(len(pmf))
    shares = np.zeros(len(pmf) // TAIL_BIN + 2)
    within = delays % TAIL_BIN / TAIL_BIN
    np.add.at(shares, delays // TAIL_BIN, pmf * (1 - within))
    np.add.at(shares, delays // TAIL_BIN + 1, pmf * within)
    return shares


def _exposures(evidence: TailEvidence, fast: Floats) -> Floats:
    """(candidates, bins) what each candidate makes of the upstream events."""
    from scipy.signal import lfilter  # takes as long to load as everything else here

    n = evidence.upstream.astype(float)
    quick = np.convolve(n, _by_bins(fast / max(float(fast.sum()), 1e-9)))[: len(n)]
    slow = {}
    for minutes in _MINUTES:
        stays = np.exp(-TAIL_BIN / minutes)
        # an event is half a bin old at the end of its own bin, on average
        first = 1 - np.exp(-TAIL_BIN / 2 / minutes)
        slow[minutes] = lfilter([first, 1 - first - stays], [1.0, -stays], n)
    return np.stack(
        [quick if not share else (1 - share) * quick + share * slow[minutes] for share, minutes in CANDIDATES]
    )


def _seasoned(exposure: Floats, arrived: Floats, sums: tuple[_Sums, ...], kept: Bools) -> Floats:
    """(candidates, bins) the exposures times the conversion of their hours of the week and of their day."""
    came = (arrived * kept)[None]
    exposure = exposure * (came.sum() / np.maximum((exposure * kept).sum(1), 1e-9))[:, None]
    for places in sums:
        factor = (places.of(came) + _LITTLE) / (places.of(exposure * kept) + _LITTLE)
        exposure = exposure * places.spread_over(factor)
    return np.asarray(exposure)


def _wobble(expected: Floats, arrived: Floats) -> float:
    """The variance of log µ of a bin beyond chance, by moments; bins that are far off count as far off."""
    far = _FAR * np.sqrt(expected + (USUAL_SIGMA * expected) ** 2)
    excess = np.minimum(np.abs(arrived - expected), far) ** 2 - expected
    return max(float(excess.sum() / max(float((expected**2).sum()), 1e-9)), 0.0)


def _scores(expected: Floats, arrived: Floats, kept: Bools) -> Floats:
    """(candidates,) log-likelihoods, tempered by the wobble and by what is alike; the best has 0."""
    known = kept & (expected.min(0) > _MIN_EXPECTED)
    if not known.any():
        return np.zeros(len(expected))
    mu, a = expected[:, known], arrived[known]
    wobble = min(_wobble(row, a) for row in mu)
    variance = mu + mu * mu * wobble
    z = np.minimum((a - mu) ** 2 / variance, _FAR**2)
    loss = (z + np.log(variance)).sum(1)
    inflation = max(float(z.mean(1).min()), 1.0)
    return _tempered_lengths(-0.5 * (loss - loss.min()) / (inflation * _ALIKE))


def _tempered_lengths(scores: Floats) -> Floats:
    """The scores with what they say of lengths tempered; the best has 0.

    A storm delays everything that is under way for hours, and so does a long tail: a few such days in a month made departures
    that are late by a quarter of an hour look late by three.
    """
    by_share = scores[1:].reshape(len(_SHARES), len(_MINUTES))
    best = by_share.max(1, keepdims=True)
    price = np.log(np.maximum(np.array(_MINUTES) / _USUAL_LENGTH, 1.0))
    slow = (best + (by_share - best) / _LENGTHS_ALIKE - price).reshape(-1)
    tempered = np.concatenate([scores[:1], slow])
    return np.asarray(tempered - tempered.max())


def _far_off(expected: Floats, arrived: Floats, kept: Bools) -> Bools:
    """Bins of stretches that (bins,) ``expected`` does not explain, and of the hours after them."""
    wobble = _wobble(expected[kept], arrived[kept]) + USUAL_SIGMA**2
    odd = np.zeros(len(arrived), dtype=bool)
    came, due = (np.concatenate([[0.0], values.cumsum()]) for values in (arrived, expected))
    for width in _STRETCHES:
        a, mu = came[width:] - came[:-width], due[width:] - due[:-width]
        odd |= _following(np.abs(a - mu) > _ODD * np.sqrt(mu + mu**2 * wobble + 1e-9), width, len(odd))
    return odd


def _following(starts: Bools, width: int, bins: int) -> Bools:
    """The bins of stretches of ``width`` that begin at ``starts``, and of the hours after them."""
    edges = np.zeros(bins + 1)
    first = np.nonzero(starts)[0]
    np.add.at(edges, first, 1)
    np.add.at(edges, np.minimum(first + width + _AFTER, bins), -1)
    return np.asarray(edges.cumsum()[:bins] > 0)


def _bursts(evidence: TailEvidence) -> Bools:
    """Bins in which far more came upstream than is usual then and on that day: visitors who may lawfully convert otherwise."""
    n, bins = evidence.upstream.astype(float), len(evidence.upstream)
    hour: Places = (evidence.hour if bins >= _WEEKS else evidence.hour % 24).astype(np.intp)
    medians = np.zeros(HOURS_A_WEEK)
    for at in np.unique(hour):
        medians[at] = np.median(n[hour == at])
    usual = medians[hour]
    day = np.arange(bins) * TAIL_BIN // 1440
    of_day = np.bincount(day, np.minimum(n, _BURST * usual)) / np.maximum(np.bincount(day, usual), 1e-9)
    usual = usual * of_day[day]
    burst = _following((n > _BURST * usual) & (n - usual > 5 * np.sqrt(usual + 1)), 1, bins)
    return burst if burst.mean() < 0.5 else np.zeros(bins, dtype=bool)


def _posterior(scores: Floats) -> Floats:
    """(stores, candidates) weights, under the prior that all stores make together."""
    start = np.where(_CANDIDATE_SHARES > 0, _PRIOR_OTHERS / (len(CANDIDATES) - 1), _PRIOR_NONE)
    likelihood, prior = np.exp(scores), start / start.sum()
    weights = likelihood
    for _ in range(EM_ROUNDS):
        weights = likelihood * prior
        weights = weights / weights.sum(1, keepdims=True)
        prior = weights.sum(0) + start
        prior = prior / prior.sum()
    return weights


def _tail(weights: Floats, fast: Floats, evidence: TailEvidence | None) -> Tail:
    quick = float(np.arange(len(fast)) @ fast) / max(float(fast.sum()), 1e-9)
    delays = (1 - _CANDIDATE_SHARES) * quick + _CANDIDATE_SHARES * _CANDIDATE_MINUTES
    mean = float(weights @ delays)
    spread = float(np.sqrt(max(weights @ (delays - mean) ** 2, 0.0)))
    share = float(weights @ _CANDIDATE_SHARES)
    minutes = (
        float(weights @ (_CANDIDATE_SHARES * _CANDIDATE_MINUTES)) / share if share >= _MIN_SHARE else 0.0
    )
    doubt = _doubt(weights, fast, evidence) if evidence is not None else ()
    return Tail(share if minutes else 0.0, minutes, spread, doubt)


def _doubt(weights: Floats, fast: Floats, evidence: TailEvidence) -> tuple[float, ...]:
    """(168,) the variance of log µ between the candidates that have weight, by hour of the week; empty if one has it all."""
    heavy = weights > _MIN_WEIGHT
    if heavy.sum() < 2:
        return ()
    expected = _compare(evidence, fast)[1][heavy]
    part = weights[heavy] / weights[heavy].sum()
    known = expected.min(0) > _MIN_EXPECTED
    logs = np.log(expected[:, known])
    variance = part @ (logs - part @ logs) ** 2
    hour = evidence.hour[known]
    count = np.bincount(hour, minlength=HOURS_A_WEEK)
    total = np.bincount(hour, variance, HOURS_A_WEEK)
    return tuple(np.round(total / np.maximum(count, 1), 6).tolist())
