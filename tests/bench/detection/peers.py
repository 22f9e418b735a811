"""What people usually set up, each as one score per store and minute over the test weeks; larger is worse.

Seven are those that a backtest runs next to the product (``scoring/detection/usual.py``), on the same counts: conversion of the whole
store, history of four weeks. Their scores are turned into alerts by one threshold for all stores, fixed on another set of stores for
the same budget of false alerts. Prophet and Holt-Winters are run from their libraries on hourly conversion (they forecast
series, not counts) with their own bands.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

import numpy as np
from simulator import DAY, DOWN, UP, Store, World

from scoring.baselines.localtime import WEEK_MINUTES, local_minutes
from scoring.detection.usual import USUAL, StepStream, UsualMethod


def _whole(store: Store) -> tuple[np.ndarray, np.ndarray]:
    counts = store.history.counts
    return tuple(counts[:, stage].sum(0, dtype=np.int64).astype(float) for stage in (UP, DOWN))


def _usual(method: UsualMethod) -> Callable[[Store, World], np.ndarray]:
    def score(store: Store, world: World) -> np.ndarray:
        up, down = _whole(store)
        minutes = store.history.start_minute + np.arange(len(up), dtype=np.int64)
        hours = local_minutes(store.history.zone, minutes) % WEEK_MINUTES // 60
        return USUAL[method](StepStream(up, down, hours, world.train_days * DAY))

    return score


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
    "static threshold": _usual(UsualMethod.STATIC),
    "rolling z": _usual(UsualMethod.ROLLING_Z),
    "same hour, last weeks": _usual(UsualMethod.SAME_HOUR),
    "seasonal band": _usual(UsualMethod.SEASONAL_BAND),
    "CUSUM": _usual(UsualMethod.CUSUM),
    "CUSUM by volume": _usual(UsualMethod.CUSUM_BY_VOLUME),
    "Bayesian change-point": _usual(UsualMethod.CHANGE_POINT),
    "Prophet": prophet,
    "Holt-Winters": holt_winters,
}
