"""What people usually set up, each as one score per store and minute over the test weeks; larger is worse.

Every peer sees the same counts as the product: conversion of a look-back window of the whole store, history of four
weeks. Their scores are turned into alerts by one threshold for all stores, fixed on another set of stores for the same
budget of false alerts. Prophet and Holt-Winters are run from their libraries on hourly conversion (they forecast series,
not counts) with their own bands.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

import numpy as np
from scipy.special import gammainc, gammaln
from simulator import DAY, DOWN, UP, Store, World

WEEK = 7 * DAY
#: of the change-point: minutes of a bin, events behind the prior of a new rate, expected events kept of the longest run
BIN, PRIOR, KEEP = 5, 4.0, 500.0


def _whole(store: Store) -> tuple[np.ndarray, np.ndarray]:
    counts = store.history.counts
    return counts[:, UP].sum(0, dtype=np.int64).astype(float), counts[:, DOWN].sum(0, dtype=np.int64).astype(
        float
    )


def _rolled(x: np.ndarray, width: int) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(x)])
    out = np.full(len(x), np.nan)
    out[width - 1 :] = total[width:] - total[:-width]
    return out


def _ratio(store: Store, width: int, least: float) -> np.ndarray:
    n, a = _whole(store)
    n, a = _rolled(n, width), _rolled(a, width)
    return np.where(n >= least, a / np.maximum(n, 1), np.nan)


def _test(score: np.ndarray, world: World) -> np.ndarray:
    return np.nan_to_num(score[world.train_days * DAY :], nan=-9.0)


def static(store: Store, world: World) -> np.ndarray:
    """Relative drop of the last hour's conversion below the training mean, at least 200 clicks."""
    n, a = _whole(store)
    train = slice(0, world.train_days * DAY)
    return _test(1 - _ratio(store, 60, 200) / (a[train].sum() / max(n[train].sum(), 1)), world)


def rolling_z(store: Store, world: World) -> np.ndarray:
    """z of the last quarter of an hour within the last day."""
    x = _ratio(store, 15, 30)
    known = np.nan_to_num(x)
    count = _rolled((~np.isnan(x)).astype(float), DAY)
    mean = _rolled(known, DAY) / np.maximum(count, 1)
    spread = np.sqrt(np.maximum(_rolled(known**2, DAY) / np.maximum(count, 1) - mean**2, 1e-9))
    z = np.where(count > 120, (np.roll(mean, 15) - x) / np.roll(spread, 15), np.nan)
    return _test(z, world)


def same_hour_last_weeks(store: Store, world: World) -> np.ndarray:
    """Standard deviations below the mean of the same half hour in the last four weeks."""
    x = _ratio(store, 30, 30)
    past = np.stack([np.roll(x, week * WEEK) for week in (1, 2, 3, 4)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mean, spread = np.nanmean(past, 0), np.nanstd(past, 0, ddof=1)
    return _test((mean - x) / np.maximum(spread, 0.02 * mean + 1e-6), world)


def _hourly_profile(store: Store, world: World) -> np.ndarray:
    n, a = (
        values[: world.train_days * DAY].reshape(-1, WEEK // 60, 60).sum((0, 2)) for values in _whole(store)
    )
    return np.where(n > 0, a / np.maximum(n, 1), a.sum() / max(n.sum(), 1))


def seasonal_band(store: Store, world: World) -> np.ndarray:
    """Median absolute deviations below the hour-of-week profile, quarter of an hour."""
    x = _ratio(store, 15, 30)
    usual = np.tile(np.repeat(_hourly_profile(store, world), 60), len(x) // WEEK)
    rest = (x - usual)[: world.train_days * DAY : 15]
    rest = rest[~np.isnan(rest)]
    if len(rest) < 20:
        return np.full(world.test_days * DAY, -9.0)
    mad = 1.4826 * np.median(np.abs(rest - np.median(rest)))
    return _test((usual - x) / max(mad, 1e-6), world)


def cusum(store: Store, world: World) -> np.ndarray:
    """Poisson CUSUM for a 30 % drop against the profile, in units of a scalar over-dispersion."""
    n, a = _whole(store)
    expected = n * np.tile(np.repeat(_hourly_profile(store, world), 60), len(n) // WEEK)
    hours_a, hours_e = (
        a[: world.train_days * DAY].reshape(-1, 60).sum(1),
        expected[: world.train_days * DAY].reshape(-1, 60).sum(1),
    )
    phi = max(float(np.mean((hours_a - hours_e) ** 2 / np.maximum(hours_e, 1))), 1.0)
    gain = ((a * np.log(0.7) + expected * 0.3) / phi)[world.train_days * DAY :]
    total = np.cumsum(gain)
    return total - np.minimum.accumulate(np.minimum(total, 0))


def cusum_by_volume(store: Store, world: World) -> np.ndarray:
    """The same CUSUM in units of what the store's own training month reaches in one minute of a hundred."""
    n, a = _whole(store)
    expected = n * np.tile(np.repeat(_hourly_profile(store, world), 60), len(n) // WEEK)
    gain = a * np.log(0.7) + expected * 0.3
    total = np.cumsum(gain)
    score = total - np.minimum.accumulate(np.minimum(total, 0))
    unit = max(float(np.quantile(score[: world.train_days * DAY], 0.99)), 1.0)
    total = np.cumsum(gain[world.train_days * DAY :])
    return (total - np.minimum.accumulate(np.minimum(total, 0))) / unit


def change_point(store: Store, world: World) -> np.ndarray:
    """Bayesian online change-point (Adams & MacKay 2007): log10 odds that the rate is now below 0.8 of its usual.

    Five-minute arrivals are Poisson about exposure times a rate that is constant between changes, with a Gamma prior; the
    exposure is clicks times the hour-of-week conversion. Runs of nine hours and more are one. Counts are tempered by the
    over-dispersion of half hours in the training month.
    """
    n, a = _whole(store)
    expected = n * np.tile(np.repeat(_hourly_profile(store, world), 60), len(n) // WEEK)
    train = world.train_days * DAY
    half_a, half_e = (values[:train].reshape(-1, 30).sum(1) for values in (a, expected))
    phi = max(float(np.median((half_a - half_e) ** 2 / np.maximum(half_e, 1))) / 0.455, 1.0)
    bins_a, bins_e = (values[train - DAY :].reshape(-1, BIN).sum(1) / phi for values in (a, expected))
    runs, hazard = 9 * 60 // BIN, BIN / (3.5 * DAY)
    shape, scale = np.full(runs, PRIOR), np.full(runs, PRIOR)
    weight = np.zeros(runs)
    weight[-1] = 1.0
    out = np.empty(len(bins_a))
    for index, (came, due) in enumerate(zip(bins_a, bins_e, strict=True)):
        likelihood = gammaln(shape + came) - gammaln(shape) + shape * np.log(scale / (scale + due))
        likelihood += came * np.log(np.maximum(due, 1e-9) / (scale + due))
        weight = weight * np.exp(likelihood - likelihood.max())
        weight /= weight.sum()
        shape, scale = shape + came, scale + due
        below = float((weight * gammainc(shape, 0.8 * scale)).sum())
        out[index] = np.log10(max(below, 1e-12)) - np.log10(max(1 - below, 1e-12))
        last = weight[-2:] / max(weight[-2:].sum(), 1e-300)
        for values in (shape, scale):
            merged = float(values[-2:] @ last)
            values[1:] = values[:-1].copy()
            values[0], values[-1] = PRIOR, merged
        kept = KEEP / max(KEEP, scale[-1])
        shape[-1], scale[-1] = shape[-1] * kept, scale[-1] * kept
        grown = weight * (1 - hazard)
        weight = np.concatenate([[hazard], grown[:-2], [grown[-2:].sum()]])
    return np.repeat(out, BIN)[DAY:]


def _hourly(store: Store, world: World) -> tuple[np.ndarray, np.ndarray]:
    n, a = (values.reshape(-1, 60).sum(1) for values in _whole(store))
    train = world.train_days * 24
    mean = a[:train].sum() / max(n[:train].sum(), 1)
    return np.where(n >= 30, a / np.maximum(n, 1), mean), n


def _by_the_hour(below: np.ndarray, n: np.ndarray, world: World) -> np.ndarray:
    """An hour's score holds from the minute the hour has ended."""
    score = np.where(n[world.train_days * 24 :] >= 30, below, -9.0)
    minutes = np.full(world.test_days * DAY, -9.0)
    minutes[59:] = np.repeat(score, 60)[: len(minutes) - 59]
    return minutes


def prophet(store: Store, world: World) -> np.ndarray:
    """Prophet on hourly conversion, daily and weekly season, in units of its 80 % band's half width."""
    import pandas as pd
    from prophet import Prophet

    for name in ("cmdstanpy", "prophet"):
        logging.getLogger(name).setLevel(logging.ERROR)
    x, n = _hourly(store, world)
    train = world.train_days * 24
    times = pd.date_range("2026-01-05", periods=len(x), freq="h")
    model = Prophet(
        daily_seasonality=True, weekly_seasonality=True, yearly_seasonality=False, uncertainty_samples=200
    )
    model.fit(pd.DataFrame({"ds": times[:train], "y": x[:train]}), seed=1)
    forecast = model.predict(pd.DataFrame({"ds": times[train:]}))
    half = np.maximum((forecast["yhat_upper"] - forecast["yhat_lower"]).to_numpy() / 2, 1e-6)
    return _by_the_hour((forecast["yhat"].to_numpy() - x[train:]) / half, n, world)


def holt_winters(store: Store, world: World) -> np.ndarray:
    """Holt-Winters (additive, daily season) on hourly conversion, one step ahead, in residual standard deviations."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    x, n = _hourly(store, world)
    train = world.train_days * 24
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = ExponentialSmoothing(
            x[:train], seasonal="add", seasonal_periods=24, initialization_method="estimated"
        ).fit()
        spread = max(float(np.std(fitted.resid)), 1e-6)
        level, season = float(fitted.level[-1]), list(fitted.season[-24:])
    alpha, gamma = fitted.params["smoothing_level"], fitted.params["smoothing_seasonal"]
    below = np.empty(len(x) - train)
    for index, value in enumerate(x[train:]):
        s = season[index % 24]
        below[index] = (level + s - value) / spread
        old = level
        level = alpha * (value - s) + (1 - alpha) * level
        season[index % 24] = gamma * (value - old) + (1 - gamma) * s
    return _by_the_hour(below, n, world)


PEERS: dict[str, Callable[[Store, World], np.ndarray]] = {
    "static threshold": static,
    "rolling z": rolling_z,
    "same hour, last weeks": same_hour_last_weeks,
    "seasonal band": seasonal_band,
    "CUSUM": cusum,
    "CUSUM by volume": cusum_by_volume,
    "Bayesian change-point": change_point,
    "Prophet": prophet,
    "Holt-Winters": holt_winters,
}


def openings(score: np.ndarray, threshold: float, merge: int = 60) -> np.ndarray:
    """Minutes at which the score reaches the threshold after at least ``merge`` minutes below it."""
    above = np.nonzero(score >= threshold)[0]
    if not len(above):
        return above
    return above[np.concatenate([[True], np.diff(above) > merge])]
