"""How busy each shop is in each minute, and how well it converts: season of the week, and a mild slow wobble.

Seeded, so that the same start gives the same demo. History and live traffic read the same curves.
"""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass

import numpy as np

from scoring.baselines.localtime import local_minutes
from scoring.funnel.arrays import Floats
from streams.demo.shops import Shop

#: visits by hour of the day, as in most shops: a trough before dawn, a plateau, an evening peak
_MORNING = (0.62, 0.45, 0.36, 0.32, 0.33, 0.42, 0.6, 0.8, 0.98, 1.1, 1.17, 1.2)
_EVENING = (1.2, 1.18, 1.16, 1.16, 1.18, 1.22, 1.3, 1.4, 1.46, 1.4, 1.2, 0.9)
_HOURS = np.array([*_MORNING, *_EVENING])
_WEEKEND = 1.12
#: log-scale standard deviation and time constant (minutes) of the wobble of visits and of conversion
_VISITS, _CONVERSION = (0.05, 90.0), (0.03, 60.0)
#: mean delays in seconds to the next stage, and the shape of their gamma distribution
DELAYS_S = {"click": 12.0, "add_to_cart": 110.0, "order": 120.0, "payment": 30.0}
DELAY_SHAPE = 1.4
LONGEST_DELAY_S = 2_400.0
#: mean delay of fulfilment in minutes, the share of payments that are fulfilled, of orders by returning buyers
FULFILMENT_MINUTES = 540.0
FULFILLED_SHARE = 0.98
RETURNING_SHARE = 0.18


@dataclass(frozen=True, slots=True)
class Curve:
    """One shop over time: expected clicks in each minute and each step's conversion rate."""

    shop: Shop
    first_minute: int
    clicks: Floats
    cart: Floats
    order: Floats
    payment: Floats


def shop_seed(seed: int, shop: Shop, part: str) -> np.random.Generator:
    """A generator of its own for a part of a shop, so that no part's draws depend on another's."""
    return np.random.default_rng([seed, zlib.crc32(f"{shop.id}/{part}".encode())])


def make_curve(shop: Shop, first_minute: int, minutes: int, seed: int) -> Curve:
    """The curve of ``shop`` over ``minutes`` minutes from ``first_minute`` (minutes since 1970 UTC)."""
    random = shop_seed(seed, shop, "curve")
    local = local_minutes(shop.zone, first_minute + np.arange(minutes, dtype=np.int64))
    hours = _HOURS / _HOURS.mean()
    at = (local % 1440) / 60
    season = np.interp(at, np.arange(25), np.append(hours, hours[0]))
    # local minutes count from Monday 00:00
    season *= np.where(local % 10_080 >= 5 * 1440, _WEEKEND, 1.0)
    season /= (5 + 2 * _WEEKEND) / 7
    clicks = shop.clicks_per_hour / 60 * season * np.exp(_wobble(random, minutes, *_VISITS))
    rates = [
        np.minimum(rate * np.exp(_wobble(random, minutes, *_CONVERSION)), 0.98)
        for rate in (shop.cart_rate, shop.order_rate, shop.payment_rate)
    ]
    return Curve(shop, first_minute, clicks, rates[0], rates[1], rates[2])


def _wobble(random: np.random.Generator, minutes: int, sigma: float, tau: float) -> Floats:
    """An AR(1) path with that standard deviation and time constant, started in its long-run distribution."""
    from scipy.signal import lfilter

    keep = float(np.exp(-1 / tau))
    shocks = random.normal(0.0, sigma * np.sqrt(1 - keep * keep), minutes)
    shocks[0] = random.normal(0.0, sigma)
    return np.asarray(lfilter([1.0], [1.0, -keep], shocks))


def draw_delays_s(random: np.random.Generator, stage: str, size: int) -> Floats:
    """Seconds from the stage before to ``stage``."""
    mean = DELAYS_S[stage]
    return np.minimum(random.gamma(DELAY_SHAPE, mean / DELAY_SHAPE, size), LONGEST_DELAY_S)


@functools.cache
def minute_shares(stage: str) -> Floats:
    """Share of conversions to ``stage`` by how many minutes later than the upstream's minute they fall."""
    random = np.random.default_rng(1)
    draws = 400_000
    minutes = ((random.random(draws) * 60 + draw_delays_s(random, stage, draws)) // 60).astype(np.int64)
    shares = np.bincount(minutes) / draws
    last = int(np.searchsorted(np.cumsum(shares), 0.9999)) + 1
    return np.asarray(shares[:last] / shares[:last].sum())
