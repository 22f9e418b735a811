"""A second simulator, made without looking at the first: what it agrees on with ``simulator.py`` is not an artefact of either.

Differences: whole funnels (two to five stages, drawn per store); log-normal, gamma and mixed kernels drawn per store and
step; no, three or ten segments with long-tailed shares; season of three bumps at hours of their own; a wobble of two
components (under and over five hours) of the log odds, so that no single AR(1) of the log rate fits it; daily random walk; flash traffic that converts
worse; minute traffic that is over-dispersed; zones of three continents; incidents of any depth on any step. The hard worlds
(bots, held-back ingest, gaps, holidays that move) are switches.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from scipy.signal import fftconvolve, lfilter
from scipy.stats import gamma, lognorm

from scoring.baselines.history import StoreHistory
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
STAGES = ("impression", "click", "add_to_cart", "order", "payment")
ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "America/Los_Angeles")
#: Beta parameters of a step's rate
RATES = {"impression": (3, 60), "click": (4, 28), "add_to_cart": (6, 10), "order": (40, 5)}
#: nats that one false alert in twenty store-weeks takes (ln 201,600)
NATS = float(np.log(201_600))
_CHUNK = 4_000_000


@dataclass(frozen=True)
class Market:
    """What is simulated. Volumes are events an hour of the first stage."""

    seed: int
    stores: int = 60
    train_days: int = 28
    test_days: int = 14
    low: float = 30.0
    high: float = 100_000.0
    start: int = 29_500_000 - 29_500_000 % DAY
    incidents: int = 6
    first_stages: tuple[str, ...] = ("impression", "click", "click", "add_to_cart")
    segments: tuple[int, ...] = (1, 3, 10)
    #: mean delay of click to cart and cart to order, from and to, in minutes
    delays: tuple[float, float] = (1.0, 12.0)
    heavy_tails: bool = False
    bots: bool = False
    lag: bool = False
    gaps: bool = False
    moving_holiday: bool = False


@dataclass(frozen=True)
class Incident:
    """What was planted: ``bound`` in minutes, infinite where it holds too little information to be found."""

    store_id: str
    kind: str
    depth: float
    start: int
    end: int
    segment: str
    bound: float
    step: str = ""


@dataclass
class Store:
    """A simulated store and its labels."""

    history: StoreHistory
    incidents: list[Incident]
    clicks_per_hour: float


def ou(rng: np.random.Generator, minutes: int, sigma: float, tau: float, heavy: bool = False) -> np.ndarray:
    """An AR(1) path; with heavy tails its shocks are Student's with four degrees of freedom."""
    rho = np.exp(-1 / tau)
    shock = rng.standard_t(4, minutes) / np.sqrt(2) if heavy else rng.standard_normal(minutes)
    shock[0] /= np.sqrt(1 - rho**2)
    return sigma * np.sqrt(1 - rho**2) * lfilter([1.0], [1.0, -rho], shock)


def wall_clock(zone: str, start: int, minutes: int) -> tuple[np.ndarray, np.ndarray]:
    """Hour of the day (float) and day since 1970 on the store's own clock, by the quarter of an hour."""
    quarters = np.arange(start // 15, (start + minutes) // 15 + 2)
    info = ZoneInfo(zone)
    offset = np.array(
        [
            datetime.fromtimestamp(int(q) * 900, UTC).astimezone(info).utcoffset().total_seconds() / 60
            for q in quarters
        ]
    )
    at = start + np.arange(minutes)
    local = at + offset[at // 15 - quarters[0]]
    return local % DAY / 60, local // DAY


def kernel(rng: np.random.Generator, stage: str, delays: tuple[float, float]) -> np.ndarray:
    """A pmf over minutes, discretised from a continuous delay; at most five hours."""
    edges = np.arange(301)
    if stage == "impression":
        cdf = gamma.cdf(edges + 0.5, 1.0, scale=rng.uniform(0.2, 1.0))
    elif stage == "order":
        cdf = 0.93 * gamma.cdf(edges + 0.5, 1.2, scale=rng.uniform(0.8, 3.0)) + 0.07 * np.minimum(
            edges / 60, 1
        )
    else:
        mean, spread = rng.uniform(*delays), rng.uniform(0.7, 1.1)
        cdf = lognorm.cdf(edges + 0.5, spread, scale=mean * np.exp(-(spread**2) / 2))
    pmf = np.diff(np.concatenate([[0.0], cdf]))
    pmf = pmf[: int(np.searchsorted(np.cumsum(pmf), 0.999 * pmf.sum())) + 1]
    return pmf / pmf.sum()


def arrive(rng: np.random.Generator, converted: np.ndarray, pmf: np.ndarray) -> np.ndarray:
    """When (rows, minutes) conversions arrive: each event by its own delay, in large stores minute by minute."""
    out = np.zeros_like(converted)
    minutes = converted.shape[1]
    for row, counts in enumerate(converted):
        if counts.sum() < _CHUNK:
            due = np.repeat(np.arange(minutes), counts)
            due = due + rng.choice(len(pmf), len(due), p=pmf)
            out[row] = np.bincount(due[due < minutes], minlength=minutes)
            continue
        left, rest = counts.copy(), 1.0
        for delay, share in enumerate(pmf):
            now = rng.binomial(left, min(share / max(rest, 1e-12), 1.0)) if delay < len(pmf) - 1 else left
            out[row, delay:] += now[: minutes - delay]
            left, rest = left - now, rest - share
    return out


def bound(expected: np.ndarray, depth: np.ndarray, rate: float, wobble: list[tuple[float, float]]) -> float:
    """Minutes until a change holds ``NATS`` for one who knows it and the state of the wobble; infinite if it ends first.

    n minutes hold M·((1−d)ln(1−d)+d)/(1−p+M·V_n), M what would have arrived, V_n the variance of the mean of n minutes of
    each component given its present value, found here by summing the AR(1) covariances rather than from a formula.
    """
    total = expected.cumsum()
    d = np.clip((expected * depth).cumsum() / np.maximum(total, 1e-9), 1e-6, 0.999)
    n = np.arange(1, len(depth) + 1)
    variance = np.zeros(len(n))
    for sigma, tau in wobble:
        rho = np.exp(-1 / tau)
        # weight of shock j in the sum of minutes 1..n is (1 − rho^(n−j+1))/(1 − rho)
        reach = ((1 - rho ** n.astype(float)) / (1 - rho)) ** 2
        variance += sigma**2 * (1 - rho**2) * reach.cumsum() / n**2
    held = total * ((1 - d) * np.log(1 - d) + d) / (1 - rate + total * variance)
    enough = np.nonzero(held >= NATS)[0]
    return float(n[enough[0]]) if len(enough) else np.inf


def _traffic(
    rng: np.random.Generator, market: Market, hour: np.ndarray, day: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log intensity of the first stage, and how much worse flash traffic converts (log)."""
    minutes = len(hour)
    shape = np.full(minutes, 0.15)
    for height in (1.0, 0.7, 0.5):
        centre, width = rng.uniform(8, 23), rng.uniform(1.5, 4)
        distance = np.minimum(np.abs(hour - centre), 24 - np.abs(hour - centre))
        shape += height * np.exp(-0.5 * (distance / width) ** 2)
    weekend = (day + 3) % 7 >= 5
    logs = np.log(shape) + weekend * rng.normal(0.05, 0.2) + ou(rng, minutes, 0.15, 90)
    worse = np.zeros(minutes)
    for _ in range(rng.poisson(minutes / DAY / 4)):
        first, length = int(rng.integers(minutes)), int(rng.uniform(20, 90))
        fade = np.exp(-np.arange(min(3 * length, minutes - first)) / length)
        logs[first : first + len(fade)] += rng.uniform(0.3, 1.2) * fade
        worse[first : first + len(fade)] -= abs(rng.normal(0, 0.06)) * fade
    if market.moving_holiday:
        for date in np.unique(day)[[9, market.train_days + 4]]:
            logs[day == date] += 0.5
            worse[day == date] -= 0.12
    return logs, worse


def simulate_store(market: Market, number: int) -> Store:
    """One store, the same for the same seed and number."""
    rng = np.random.default_rng([77, market.seed, number])
    store_id = f"m{number:04d}"
    minutes = (market.train_days + market.test_days) * DAY
    volume = float(np.exp(rng.uniform(np.log(market.low), np.log(market.high))))
    zone = str(rng.choice(ZONES))
    hour, day = wall_clock(zone, market.start, minutes)
    begin = STAGES.index(str(rng.choice(market.first_stages)))
    last = int(rng.integers(begin + 1, len(STAGES)))
    funnel = STAGES[begin : last + 1]
    parts = int(rng.choice(market.segments))
    share = rng.dirichlet(np.full(parts, 1.2)) if parts > 1 else np.ones(1)
    names = ("",) if parts == 1 else tuple(f"p{part:02d}" for part in range(parts))
    logs, worse = _traffic(rng, market, hour, day)
    intensity = volume / 60 * np.exp(logs) / np.exp(logs).mean()
    mix = np.exp(np.log(share)[:, None] + 0.25 * rng.normal(size=(parts, 1)) * np.cos(hour / 24 * 2 * np.pi))
    mix /= mix.sum(0)
    planned = _plan(rng, market, store_id, funnel, names, share)
    for item in planned:
        if item.kind == "traffic":
            intensity[item.start : item.end] *= 1 - item.depth
    burst = rng.gamma(40.0, 1 / 40.0, minutes)
    counts = np.zeros((parts, 7, minutes), dtype=np.uint32)
    events = rng.poisson(intensity * burst * mix).astype(np.int64)
    found = [item for item in planned if item.kind == "traffic"]
    for stage, following in itertools.pairwise(funnel):
        counts[:, STAGE_INDEX[stage]] = events
        events, labelled = _step(rng, market, stage, following, events, names, hour, day, worse, planned)
        found += labelled
    counts[:, STAGE_INDEX[funnel[-1]]] = events
    _spoil(rng, market, counts, funnel)
    history = StoreHistory(store_id, zone, market.start, names, counts)
    labels = [
        replace(item, start=item.start + market.start, end=item.end + market.start)
        for item in found
        if item.kind != "unlabelled"
    ]
    return Store(history, labels, volume)


def _step(rng, market, stage, following, events, names, hour, day, worse, planned):
    """What arrives at the next stage, and the labels of incidents on this step."""
    minutes = len(hour)
    rate = float(np.clip(rng.beta(*RATES[stage]), 0.005, 0.97))
    wobble = [
        (
            float(np.exp(rng.normal(np.log(0.045), 0.4))),
            float(np.exp(rng.uniform(np.log(15), np.log(120)))),
        ),
        (
            float(np.exp(rng.normal(np.log(0.04), 0.3))),
            float(np.exp(rng.uniform(np.log(300), np.log(1200)))),
        ),
    ]
    logs = sum(ou(rng, minutes, sigma, tau, market.heavy_tails) for sigma, tau in wobble)
    phase = rng.uniform(0, 2 * np.pi, 2)
    logs = logs + rng.normal(0, 0.09) * np.cos(hour / 24 * 2 * np.pi + phase[0])
    logs = logs + rng.normal(0, 0.04) * np.cos(hour / 12 * 2 * np.pi + phase[1])
    logs = logs + ((day + 3) % 7 >= 5) * rng.normal(0, 0.06)
    logs = logs + rng.normal(0, 0.012, int(day[-1] - day[0]) + 1).cumsum()[(day - day[0]).astype(int)]
    tilt = rng.normal(0, 0.25, (len(names), 1)) if len(names) > 1 else np.zeros((1, 1))
    odds = np.log(rate / (1 - rate)) + logs + worse + tilt
    p = 1 / (1 + np.exp(-odds))
    pmf = kernel(rng, stage, market.delays)
    arrivals = arrive(rng, rng.binomial(events, p), pmf)
    due = np.maximum(fftconvolve(events * p, pmf[None, :], axes=1)[:, :minutes], 0.0)
    known = [(sigma * float(1 - p.mean()), tau) for sigma, tau in wobble]
    labelled = []
    for item in planned:
        if item.step != f"{stage}_to_{following}":
            continue
        depth = np.full(item.end - item.start, item.depth)
        if item.kind == "ramp":
            depth *= np.minimum(np.arange(len(depth)) / 45, 1)
        rows = [names.index(item.segment)] if item.segment else range(len(names))
        span = slice(item.start, item.end)
        for row in rows:
            arrivals[row, span] = rng.binomial(arrivals[row, span], 1 - depth)
        labelled.append(
            replace(item, bound=bound(due[list(rows), span].sum(0), depth, float(p.mean()), known))
        )
    return arrivals, labelled


def _plan(rng, market, store_id, funnel, names, share):
    """Incidents of the test weeks, a slot each, and one or two of the training weeks that nobody labelled."""
    steps = [f"{up}_to_{down}" for up, down in itertools.pairwise(funnel)]
    planned = []
    width = market.test_days * DAY // max(2 * market.incidents, 1)
    for slot in sorted(rng.permutation(2 * market.incidents)[: market.incidents]):
        kind = str(rng.choice(["abrupt", "abrupt", "abrupt", "abrupt", "ramp", "segment", "traffic"]))
        first = market.train_days * DAY + slot * width + int(rng.uniform(0.05, 0.4) * width)
        last = min(
            first + int(np.exp(rng.uniform(np.log(20), np.log(360)))),
            market.train_days * DAY + (slot + 1) * width,
        )
        depth = float(rng.choice([0.15, 0.25, 0.4, 0.6, 0.8, 1.0]))
        segment = ""
        if kind == "segment" and len(names) > 1:
            segment = names[int(rng.choice(len(names), p=share))]
        elif kind == "segment":
            kind = "abrupt"
        step = "" if kind == "traffic" else str(rng.choice(steps))
        planned.append(Incident(store_id, kind, depth, first, last, segment, np.inf, step))
    for _ in range(rng.integers(1, 3)):
        first = int(rng.uniform(0.1, market.train_days - 1) * DAY)
        length = int(rng.uniform(30, 300))
        step = str(rng.choice(steps))
        planned.append(
            Incident(store_id, "unlabelled", 0.7, first, first + length, "", np.inf, step),
        )
    return planned


def _spoil(rng, market, counts, funnel):
    """The hard worlds: bots in the first stage, ingest held back and let go, minutes without any row."""
    minutes = counts.shape[2]
    first = STAGE_INDEX[funnel[0]]
    test = market.train_days * DAY
    if market.bots:
        for _ in range(2):
            at, length = int(rng.integers(test, minutes - 300)), int(rng.uniform(20, 180))
            usual = counts[0, first, at : at + length].mean() + 0.2
            counts[0, first, at : at + length] += rng.poisson(usual * rng.uniform(0.5, 4), length).astype(
                np.uint32
            )
    if market.lag:
        for _ in range(2):
            at, length = int(rng.integers(test, minutes - 200)), int(rng.uniform(5, 25))
            held = counts[:, :, at : at + length].sum(2)
            counts[:, :, at : at + length] = 0
            counts[:, :, at + length] += held.astype(np.uint32)
    if market.gaps:
        for _ in range(4):
            at, length = int(rng.integers(0, minutes - 200)), int(rng.uniform(2, 15))
            counts[:, :, at : at + length] = 0


def simulate(market: Market) -> list[Store]:
    """All stores of a market."""
    return [simulate_store(market, number) for number in range(market.stores)]
