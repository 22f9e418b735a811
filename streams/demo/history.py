"""Four weeks of a shop's minute counts, drawn minute by minute as thinned and delayed streams, and their loading.

Every conversion is drawn from the upstream counts with its delay, so the counts hold the same traces that real ones do
and the fit finds the delay kernels in them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from scoring.funnel.segment_names import JOINT, MISSING, segment_name
from scoring.funnel.stages import STAGE_INDEX, STAGES
from streams.demo.world import (
    FULFILLED_SHARE,
    FULFILMENT_MINUTES,
    RETURNING_SHARE,
    Curve,
    minute_shares,
    shop_seed,
)

Counts = NDArray[np.int64]

WEEKS = 4
MINUTES = WEEKS * 7 * 1440


def draw_history(curve: Curve, minutes: int, seed: int) -> dict[str, Counts]:
    """(7 stages, minutes) counts by segment ``device/method`` for the first ``minutes`` minutes of the curve."""
    random = shop_seed(seed, curve.shop, "history")
    shop = curve.shop
    segments: dict[str, Counts] = {}

    def add(segment: str, stage: str, values: Counts) -> None:
        if segment not in segments:
            segments[segment] = np.zeros((len(STAGES), minutes), dtype=np.int64)
        segments[segment][STAGE_INDEX[stage]] += values

    paid = np.zeros(minutes)
    for device, share in shop.devices.items():
        unknown = f"{device}{JOINT}{MISSING}"
        shown = random.poisson(curve.clicks[:minutes] * shop.impressions_per_click * share)
        add(unknown, "impression", shown)
        click_rate = np.full(minutes, 1 / shop.impressions_per_click)
        clicked = _convert(random, shown, click_rate, minute_shares("click"))
        add(unknown, "click", clicked)
        carted = _convert(random, clicked, curve.cart[:minutes], minute_shares("add_to_cart"))
        add(unknown, "add_to_cart", carted)
        ordered = _convert(random, carted, curve.order[:minutes], minute_shares("order"))
        by_method = random.multinomial(ordered, list(shop.methods.values()))
        for column, method in enumerate(shop.methods):
            segment = segment_name(("" if shop.is_connected else device, method))
            orders = by_method[:, column]
            add(segment, "order", orders)
            payments = _convert(random, orders, curve.payment[:minutes], minute_shares("payment"))
            add(segment, "payment", payments)
            add(segment, "repurchase", random.binomial(orders, RETURNING_SHARE))
            paid += payments
    add(f"{MISSING}{JOINT}{MISSING}", "fulfilment", random.poisson(expected_fulfilments(paid)[:minutes]))
    return segments


def expected_fulfilments(paid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Expected fulfilments in each minute, also in the day after the last payment given."""
    later = np.arange(3 * FULFILMENT_MINUTES)
    shares = later * np.exp(-later / (FULFILMENT_MINUTES / 2))
    return np.asarray(np.maximum(fftconvolve(paid, FULFILLED_SHARE * shares / shares.sum()), 0.0))


def _convert(
    random: np.random.Generator, upstream: Counts, rate: NDArray[np.float64], shares: NDArray[np.float64]
) -> Counts:
    """Downstream counts: each upstream event converts with its minute's rate, and arrives with its delay."""
    arrived = np.zeros_like(upstream)
    converted = random.binomial(upstream, rate)
    for delay, count in enumerate(random.multinomial(converted, shares).T):
        arrived[delay:] += count[: len(count) - delay]
    return arrived


def minute_rows(store_id: str, first_minute: int, segments: dict[str, Counts]) -> Iterator[pa.Table]:
    """The history as rows of ``minutes_raw``, one table a segment; minutes without events have no row.

    The version is the stream's own: rank 0 and the total, so that a later count of the same minute can replace it.
    """
    for segment, counts in segments.items():
        totals = counts.sum(axis=0)
        busy = np.nonzero(totals)[0]
        if not len(busy):
            continue
        size = len(busy)
        flat = np.ascontiguousarray(counts[:, busy].T.astype(np.uint64)).reshape(-1)
        offsets = np.arange(size + 1, dtype=np.int32) * len(STAGES)
        yield pa.table(
            {
                "store_id": pa.array([store_id] * size, pa.string()),
                "minute": pa.array(((first_minute + busy) * 60).astype(np.uint32)),
                "segment": pa.array([segment] * size, pa.string()),
                "counts": pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat)),
                "version": pa.array(totals[busy].astype(np.uint64)),
            }
        )
