"""Campaigns, bots and two failures at once, which are not one failure of a step: ``python tests/bench/detection/scenarios.py --seed 7 --stores 10``.

Each scenario changes the simulator's stores (300 to 30,000 clicks an hour) in the test days; printed are the alerts of a store by level and label, how often
one was reported as resolved, and after how many minutes the first fired.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from simulator import DAY, DOWN, SEGMENTS, UP, Store, World, simulate

from scoring.alerts.alert import AlertKind, AlertState, Level
from scoring.baselines import StoreHistory, fit_baselines
from scoring.calendar.effects import DayEffect, DayRules
from scoring.calendar.entries import CalendarKind
from scoring.detection import DetectionPolicy, Detector
from scoring.funnel.spread_notes import parse_spread_note

TRAIN, TEST = 28, 7
#: when it begins: the second test day at 02:00
BEGIN = (TRAIN + 1) * DAY + 120
Change = Callable[[np.ndarray, np.random.Generator], None]


def _convert(rng: np.random.Generator, clicks: np.ndarray, rate: float) -> np.ndarray:
    out = np.zeros_like(clicks)
    for delay, share in enumerate((0.3, 0.3, 0.2, 0.2)):
        out[delay:] += rng.binomial(clicks, rate * share)[: len(clicks) - delay]
    return out


def _more(counts: np.ndarray, rng: np.random.Generator, row: int, factor: np.ndarray, worth: float) -> None:
    """More visitors in one segment, who convert at ``worth`` of the store's rate."""
    rate = counts[:, DOWN].sum() / counts[:, UP].sum()
    pace = counts[:, UP].sum(0)[BEGIN : BEGIN + len(factor)]
    clicks = rng.poisson(pace * factor)
    cut = slice(BEGIN, BEGIN + len(factor))
    counts[row, UP, cut] += clicks
    counts[row, DOWN, cut] += _convert(rng, clicks, min(rate * worth, 0.9))


def campaign(counts: np.ndarray, rng: np.random.Generator) -> None:
    _more(counts, rng, 0, np.ones(5 * DAY), 0.25)


def growing_campaign(counts: np.ndarray, rng: np.random.Generator) -> None:
    _more(counts, rng, 0, np.minimum(np.arange(5 * DAY) / 360, 1.0), 0.25)


def bots(counts: np.ndarray, rng: np.random.Generator) -> None:
    _more(counts, rng, 2, np.full(120, 1.5), 0.0)


def two_segments(counts: np.ndarray, rng: np.random.Generator) -> None:
    for row, first, last in ((0, 600, 840), (1, 690, 840)):
        cut = slice(BEGIN + first, BEGIN + last)
        counts[row, DOWN, cut] = rng.binomial(counts[row, DOWN, cut], 0.2)


def failure_within_campaign(counts: np.ndarray, rng: np.random.Generator) -> None:
    campaign(counts, rng)
    cut = slice(BEGIN + 1440 + 600, BEGIN + 1440 + 780)
    counts[:, DOWN, cut] = rng.binomial(counts[:, DOWN, cut], 0.3)


SCENARIOS: dict[str, Change] = {
    "a campaign overnight doubles visitors, who convert at a quarter": campaign,
    "the same, growing over six hours": growing_campaign,
    "bots, +150 % for two hours": bots,
    "two segments fail one after the other": two_segments,
    "a campaign, and a day later carts fail by 70 % for three hours": failure_within_campaign,
}


#: Monday 2026-10-05 00:00 UTC: the test fortnight begins on 2 November
AUTUMN = 29_853_120


def double_eleven(counts: np.ndarray, rng: np.random.Generator) -> None:
    """People wait until the tenth, buy on the eleventh, and have bought until the fourteenth."""
    rate = counts[:, DOWN].sum(1) / counts[:, UP].sum(1)
    for first, last, visitors, worth in ((28, 37, 1.3, 0.6), (37, 38, 3.0, 1.4), (38, 41, 0.9, 0.7)):
        cut = slice(first * DAY, last * DAY)
        clicks = rng.poisson(counts[:, UP, cut] * visitors)
        counts[:, UP, cut] = clicks
        for row in range(len(counts)):
            counts[row, DOWN, cut] = _convert(rng, clicks[row], min(rate[row] * worth, 0.9))


def changed(store: Store, change: Change, seed: int, is_split: bool) -> StoreHistory:
    history = store.history
    counts = history.counts.astype(np.int64)
    change(counts, np.random.default_rng([seed, counts.sum() % 99991]))
    if not is_split:
        counts = counts.sum(0, keepdims=True)
    return StoreHistory(
        history.store_id, "UTC", history.start_minute, SEGMENTS if is_split else ("",), counts
    )


def run(histories: list[StoreHistory], rules: DayRules | None = None, begin: int = BEGIN) -> None:
    trained = [
        StoreHistory(h.store_id, h.zone, h.start_minute, h.segments, h.counts[:, :, : TRAIN * DAY])
        for h in histories
    ]
    detector = Detector(DetectionPolicy(), rules)
    rows = []
    for baseline, history in zip(fit_baselines(trained, 0), histories, strict=True):
        detector.set_baseline(baseline)
        rows += [detector.row_of(history.store_id, segment) for segment in history.segments]
    minutes = np.concatenate([h.counts for h in histories]).transpose(2, 0, 1)
    start = histories[0].start_minute
    made = []
    for minute in range((TRAIN - 1) * DAY, len(minutes)):
        made += detector.advance_matrix(start + minute, minutes[minute])
    made = [t for t in made if t.kind is AlertKind.CONVERSION and t.at_ms // 60_000 > start + begin]
    fired = [t for t in made if t.state is AlertState.FIRING]
    first = {}
    for t in fired:
        first.setdefault(t.store_id, t.at_ms // 60_000 - start - begin)
    paged = {t.store_id for t in fired if t.level is Level.PAGE}
    last = {t.alert_id: t for t in made}
    over = [t for t in made if t.state is AlertState.RESOLVED and t.fired_at_ms is not None]
    spread = {t.store_id for t in made if parse_spread_note(t.note).segments}
    print(
        f"  stores {len(histories)}, fired {len(first)} (median {np.median(list(first.values()) or [np.nan]):.0f} min), paged {len(paged)}, "
        f"alerts {len(last) / len(histories):.1f} a store, resolved {len(over) / len(histories):.1f} a store, "
        f"labels {dict(Counter(str(t.label.value) for t in last.values()))}, spread {len(spread)}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--stores", type=int, default=10)
    given = parser.parse_args()
    world = World(given.seed, stores=given.stores, train_days=TRAIN, test_days=TEST, low=300, high=30_000, incidents=0)  # fmt: skip
    stores = simulate(world)
    for name, change in SCENARIOS.items():
        for is_split in (True, False) if "campaign" in name or "bots" in name else (True,):
            print(f"{name}{'' if is_split else ', not visible as a segment'}:")
            run([changed(store, change, given.seed, is_split) for store in stores])
    autumn = simulate(replace(world, start=AUTUMN, test_days=14))
    for country in ("", "CN"):
        print(f"11.11 with its warm-up and hangover, country {country or 'unknown'}:")
        histories = [changed(store, double_eleven, given.seed, True) for store in autumn]
        countries = {h.store_id: country for h in histories}
        run(histories, DayRules(countries, {CalendarKind.COMMERCE: DayEffect.WIDEN}), TRAIN * DAY)


if __name__ == "__main__":
    main()
