"""Two dozen small shops with a drop that no one of them can show, and what a pool says of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scoring.alerts.alert import AlertTransition
from scoring.baselines import StoreBaseline
from scoring.calendar.effects import DayRules
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.pool_minutes import PoolMinutes
from scoring.detection.pools import PoolDetector
from scoring.funnel.pools import PoolRules, StoreTraits
from scoring.funnel.scores import ScoreRow
from scoring.funnel.stages import STAGE_INDEX

DAY, MINUTE_MS = 1440, 60_000
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
TRAIN, LIVE = 8 * DAY, 900
BREAKS, FIXED = 720, 780
STORES = tuple(f"shop-{number:02}" for number in range(24))
SEGMENTS = ("ios/paypal", "ios/card")
ORDER, PAYMENT = STAGE_INDEX["order"], STAGE_INDEX["payment"]
#: live minutes in which one partition has no owner
UNREACHABLE = range(300, 320)
POOL = "pool:platform=shopify"
RULES = PoolRules(
    {store: StoreTraits(platform="shopify", country="US") for store in STORES},
    segment_dimensions=("device_class", "payment_method"),
)
History = dict[str, np.ndarray]


def draw_counts() -> History:
    """By store (2, 7, minutes): 6 orders an hour by PayPal, 3 by card; four of five are paid within three minutes."""
    made = {}
    for number, store in enumerate(STORES):
        rng = np.random.default_rng([11, number])
        counts = np.zeros((2, 7, TRAIN + LIVE), dtype=np.int64)
        counts[:, ORDER] = rng.poisson(np.array([[0.1], [0.05]]), (2, TRAIN + LIVE))
        left = rng.binomial(counts[:, ORDER], 0.8)
        for delay in range(3):
            moved = rng.binomial(left, 1 / (3 - delay))
            counts[:, PAYMENT, delay:] += moved[:, : TRAIN + LIVE - delay]
            left = left - moved
        made[store] = counts
    return made


COUNTS = draw_counts()


def broken(depth: float, stores: Iterable[str] = STORES, segments: slice = slice(None)) -> History:
    """The stores, with a share of the payments missing for an hour."""
    rng = np.random.default_rng(5)
    failing = slice(TRAIN + BREAKS, TRAIN + FIXED)
    made = dict(COUNTS)
    for store in stores:
        made[store] = COUNTS[store].copy()
        made[store][segments, PAYMENT, failing] = rng.binomial(
            COUNTS[store][segments, PAYMENT, failing], 1 - depth
        )
    return made


def judge_stores(
    baselines: list[StoreBaseline], history: History
) -> tuple[list[list[ScoreRow]], list[AlertTransition]]:
    """The score rows of every live minute, and what the stores' own monitors reported."""
    detector = Detector(DetectionPolicy())
    for baseline in baselines:
        if not baseline.members:
            detector.set_baseline(baseline)
    rows, reported = [], []
    for minute in range(TRAIN, TRAIN + LIVE):
        counts = {
            store: {name: numbers[row, :, minute].tolist() for row, name in enumerate(SEGMENTS)}
            for store, numbers in history.items()
        }
        judgement = detector.advance(START + minute, counts)
        rows.append(judgement.scores)
        reported += judgement.transitions
    return rows, reported


def score_rows(baselines: list[StoreBaseline], history: History) -> list[list[ScoreRow]]:
    """The score rows of every live minute."""
    return judge_stores(baselines, history)[0]


def pools_of(baselines: list[StoreBaseline], days: DayRules | None = None) -> PoolDetector:
    detector = PoolDetector(DetectionPolicy(), RULES, days)
    for baseline in baselines:
        if baseline.members:
            detector.set_baseline(baseline)
    return detector


def feed(minutes: PoolMinutes, rows: list[list[ScoreRow]]) -> list[AlertTransition]:
    """Give rows as two partitions would, and what the pools reported."""
    reported = []
    for minute in rows:
        for row in minute:
            minutes.take(STORES.index(row.store_id) % 2, row)
        minutes.at_end(0)
        minutes.at_end(1)
        reported += minutes.close()
    return reported
