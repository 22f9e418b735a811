"""A seeded simulator of stores with labelled incidents, after the lab in which the method was found.

Volumes are log-uniform between 20 and 100,000 clicks an hour, rates Beta(4, 28), three segments of different rate and
mix, hour-of-week and weekend season in traffic and rate, a weekly drift, an AR(1) wobble (sigma log-normal about 0.07,
tau 20 to 240 minutes), promotion days, two unlabelled incidents in the training month and labelled incidents afterwards.
With ``hours`` every store opens and closes (``opening_hours``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scoring.baselines.history import StoreHistory
from scoring.funnel.stages import STAGE_INDEX

DAY = 1440
WEEK = 7 * DAY
#: a Monday, 2026-01-05 00:00 UTC
START = 29_459_520
SEGMENTS = ("ios/paid", "android/organic", "desktop/organic")
KERNEL = 0.75 ** np.arange(13)
KERNEL = KERNEL / KERNEL.sum()
UP, DOWN = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
STEP = "click_to_add_to_cart"


@dataclass(frozen=True)
class World:
    """What is simulated. ``incidents`` are labelled ones per store in the test weeks."""

    seed: int
    stores: int = 100
    train_days: int = 28
    test_days: int = 14
    low: float = 20.0
    high: float = 100_000.0
    incidents: int = 8
    zone: str = "UTC"
    sigma: float = 0.07
    heavy_tails: bool = False
    promos: bool = True
    kernel: tuple[float, ...] = tuple(KERNEL)
    start: int = START
    #: stores open and close: offices, shops of two shifts with a break, weekend shops
    hours: bool = False


@dataclass(frozen=True)
class Incident:
    store_id: str
    kind: str
    depth: float
    start: int
    end: int
    segment: str
    bound: float
    #: visitors that a loss of traffic took; where stores close, some take nearly none
    lost: float = np.inf


@dataclass
class Store:
    history: StoreHistory
    incidents: list[Incident]
    clicks_per_hour: float
    sigma: float
    tau: float


def ar1(rng: np.random.Generator, minutes: int, sigma: float, tau: float, heavy: bool) -> np.ndarray:
    from scipy.signal import lfilter

    rho = np.exp(-1 / tau)
    noise = rng.standard_t(4, minutes) / np.sqrt(2) if heavy else rng.standard_normal(minutes)
    x = lfilter([np.sqrt(1 - rho**2)], [1, -rho], noise)
    return sigma * x


def season(
    rng: np.random.Generator, minutes: int, start: int, day: float, weekend: float, zone: str = "UTC"
) -> np.ndarray:
    from scoring.baselines.localtime import WEEK_MINUTES, local_minutes

    how = local_minutes(zone, start + np.arange(minutes)) % WEEK_MINUTES
    phase = rng.normal(0, 0.4)
    hour = how / 60 % 24
    curve = day * np.cos((hour - 20) / 24 * 2 * np.pi + phase) + day / 3 * np.cos(
        (hour - 13) / 12 * 2 * np.pi
    )
    return curve + weekend * (how >= 5 * DAY)


def opening_hours(rng: np.random.Generator, minutes: int, start: int, zone: str) -> np.ndarray:
    """How far a store is open, 0 to 1, by minute: hard or soft edges, on the hour or half past, some minutes early or late."""
    from scoring.baselines.localtime import local_minutes

    local = local_minutes(zone, start + np.arange(minutes))
    day, at = local // DAY, local % DAY
    kind = rng.choice(["office", "shifts", "weekend"], p=[0.5, 0.25, 0.25])
    opens = 30 * int(rng.integers({"office": 14, "shifts": 10, "weekend": 18}[kind], 21))
    closes = 30 * int(rng.integers(32, 42)) if kind != "shifts" else 30 * int(rng.integers(42, 47))
    is_day = {"office": day % 7 < 5, "shifts": day % 7 < 6, "weekend": day % 7 >= 5}[kind]
    jitter = rng.choice([0.0, 4.0, 8.0])
    soft = rng.choice([1.0, 20.0, 60.0])
    shift = rng.normal(0, jitter, int(day[-1] - day[0]) + 1)[day - day[0]]
    shut = rng.normal(0, jitter, int(day[-1] - day[0]) + 1)[day - day[0]]
    open_for = np.clip((at - opens - shift) / soft, 0, 1) * np.clip((closes + shut - at) / soft, 0, 1)
    if kind == "shifts":
        pause = 30 * int(rng.integers(24, 28))
        open_for = open_for * np.where((at >= pause) & (at < pause + 60), 0.05, 1.0)
    return np.where(is_day, open_for, 0.0) + rng.choice([0.0, 0.01])


def simulate_store(world: World, number: int) -> Store:
    rng = np.random.default_rng([world.seed, number])
    minutes = (world.train_days + world.test_days) * DAY
    clicks = float(np.exp(rng.uniform(np.log(world.low), np.log(world.high))))
    rate = float(np.clip(rng.beta(4, 28), 0.01, 0.6))
    sigma = float(world.sigma * np.exp(rng.normal(0, 0.4)))
    tau = float(np.exp(rng.uniform(np.log(20), np.log(240))))
    traffic = season(rng, minutes, world.start, abs(rng.normal(0.6, 0.15)), rng.normal(0.1, 0.15), world.zone)
    traffic += ar1(rng, minutes, 0.12, 60, False)
    rate_season = season(
        rng, minutes, world.start, abs(rng.normal(0.10, 0.05)), rng.normal(0.05, 0.08), world.zone
    )
    days = np.arange(minutes) // DAY
    drift = np.repeat(rng.normal(0, 0.04, minutes // WEEK + 1).cumsum(), WEEK)[:minutes]
    wobble = ar1(rng, minutes, sigma, tau, world.heavy_tails)
    if world.promos:
        promo = np.isin(days, rng.choice(minutes // DAY, 2, replace=False))
        traffic = traffic + promo * rng.uniform(0.4, 0.9)
        rate_season = rate_season + promo * rng.normal(0, 0.10)
    intensity = clicks / 60 * np.exp(traffic) / np.exp(traffic).mean()
    if world.hours:
        intensity = intensity * opening_hours(
            np.random.default_rng([world.seed, number, 1]), minutes, world.start, world.zone
        )
    share = rng.dirichlet([6, 5, 4])
    tilt = np.array([0.7, 1.0, 1.4]) * np.exp(rng.normal(0, 0.15, 3))
    tilt /= (share * tilt).sum()
    mix = np.exp(
        np.log(share)[:, None]
        + 0.3 * np.stack([np.sin(np.arange(minutes) / DAY * 2 * np.pi + k) for k in range(3)])
    )
    mix /= mix.sum(0)
    labelled, traffic_loss = _plan_incidents(rng, world, f"s{number:04d}")
    loss = np.ones(minutes)
    for first, last, depth in traffic_loss:
        loss[first:last] = 1 - depth
    n = rng.poisson(intensity * mix * loss)
    p = np.clip(rate * tilt[:, None] * np.exp(rate_season + drift + wobble), 0, 0.95)
    arrivals = _convert(rng, n, p, np.asarray(world.kernel))
    arrivals, found = _break(rng, world, arrivals, labelled, p.mean(), sigma, tau)
    found = [
        replace(
            item, lost=float(intensity[item.start - world.start : item.end - world.start].sum() * item.depth)
        )
        if item.kind == "traffic"
        else item
        for item in found
    ]
    counts = np.zeros((3, 7, minutes), dtype=np.uint16)
    counts[:, UP], counts[:, DOWN] = n, arrivals
    history = StoreHistory(f"s{number:04d}", world.zone, world.start, SEGMENTS, counts)
    return Store(history, found, clicks, sigma, tau)


def _convert(rng: np.random.Generator, n: np.ndarray, p: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    left = rng.binomial(n, p)
    out = np.zeros_like(n)
    rest = 1.0
    for delay, share in enumerate(kernel):
        now = rng.binomial(left, min(share / max(rest, 1e-12), 1.0)) if delay < len(kernel) - 1 else left
        out[:, delay:] += now[:, : now.shape[1] - delay]
        left = left - now
        rest -= share
    return out


KINDS = (("abrupt", 0.1), ("abrupt", 0.2), ("abrupt", 0.3), ("abrupt", 0.5), ("abrupt", 0.9), ("ramp", 0.5), ("segment", 0.7), ("traffic", 0.8))  # fmt: skip


def _plan_incidents(rng, world, store_id):
    test = world.train_days * DAY
    planned, traffic = [], []
    slots = rng.permutation(max(world.incidents, 1) * 2)[: world.incidents]
    width = world.test_days * DAY // max(world.incidents * 2, 1)
    order = rng.permutation(len(KINDS))
    for index, slot in enumerate(sorted(slots)):
        kind, depth = KINDS[order[index % len(KINDS)]]
        first = test + slot * width + int(rng.uniform(0.05, 0.45) * width)
        last = min(first + int(np.exp(rng.uniform(np.log(30), np.log(240)))), test + (slot + 1) * width)
        segment = SEGMENTS[rng.integers(3)] if kind == "segment" else ""
        planned.append(Incident(store_id, kind, depth, first, last, segment, np.nan))
        if kind == "traffic":
            traffic.append((first, last, depth))
    for _ in range(2):
        first = int(rng.uniform(0, world.train_days - 1) * DAY)
        planned.append(
            Incident(
                store_id,
                "unlabelled",
                float(rng.choice([0.3, 0.5, 0.9])),
                first,
                first + int(rng.uniform(30, 180)),
                "",
                np.nan,
            )
        )
    return planned, traffic


def _break(rng, world, arrivals, planned, rate, sigma, tau):
    found = []
    before = arrivals.astype(float)
    out = arrivals.copy()
    for item in planned:
        span = slice(item.start, item.end)
        depth = np.full(item.end - item.start, item.depth)
        if item.kind == "ramp":
            depth *= np.minimum(np.arange(len(depth)) / 30, 1)
        rows = [SEGMENTS.index(item.segment)] if item.segment else range(3)
        expected = np.zeros(len(depth))
        if item.kind != "traffic":
            for row in rows:
                out[row, span] = rng.binomial(out[row, span], 1 - depth)
                expected += _smooth(before[row], item.start, item.end)
        if item.kind != "unlabelled":
            bound = detection_bound(expected, depth, rate, sigma, tau) if item.kind != "traffic" else np.inf
            found.append(
                replace(item, bound=bound, start=item.start + world.start, end=item.end + world.start)
            )
    return out, found


def _smooth(arrivals: np.ndarray, start: int, end: int) -> np.ndarray:
    """The local mean of what would have arrived, minute by minute."""
    pad = 30
    total = np.concatenate([[0.0], arrivals.cumsum()])
    index = np.arange(start, end)
    low, high = np.maximum(index - pad, 0), np.minimum(index + pad, len(arrivals))
    return (total[high] - total[low]) / (high - low)


def detection_bound(expected, depth, rate, sigma, tau, nats: float = np.log(201_600)) -> float:
    """Minutes after its start at which a change holds ``nats`` of information for one who knows it and the wobble's state.

    Information of n minutes: M·((1−d)ln(1−d)+d)/(1−p+M·V_n), M what would have arrived, V_n = σ²(G(n)−k(n)²) the
    wobble's variance given the state before. Infinite where the incident ends first. ln 201,600 = one false alert in
    twenty store-weeks (Lorden 1971).
    """
    from scoring.baselines.wobble import carry_over, mean_variance

    n = np.arange(1, len(depth) + 1)
    total = expected.cumsum()
    mean_depth = np.clip((expected * depth).cumsum() / np.maximum(total, 1e-9), 1e-6, 0.999)
    wobble = sigma**2 * np.maximum(mean_variance(n, tau) - carry_over(n, tau) ** 2, 0)
    information = (
        total * ((1 - mean_depth) * np.log(1 - mean_depth) + mean_depth) / (1 - rate + total * wobble)
    )
    enough = np.nonzero(information >= nats)[0]
    return float(n[enough[0]]) if len(enough) else np.inf


def simulate(world: World) -> list[Store]:
    return [simulate_store(world, number) for number in range(world.stores)]
