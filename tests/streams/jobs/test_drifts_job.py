"""Whole days of the real store, on each store's clock, become what its baseline says of slow changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from scoring.alerts.alert import DRIFT_SURPRISE
from scoring.baselines import StoreBaseline
from scoring.calendar.effects import DayRules
from scoring.funnel.units import DAY_MS
from streams.jobs.drifts import with_drifts

#: 2026-03-02 05:00 UTC: already the 2nd in Shanghai, still the 1st in Los Angeles
NOW_MS = int(datetime(2026, 3, 2, 5, tzinfo=UTC).timestamp() * 1000)


def baseline(store_id: str, zone: str, members: tuple[str, ...] = ()) -> StoreBaseline:
    return StoreBaseline(
        store_id=store_id, zone=zone, fitted_at_ms=NOW_MS, trained_from_ms=0, trained_until_ms=NOW_MS, days=28.0,
        stages=("click", "add_to_cart"), steps={}, members=members,
    )  # fmt: skip


async def test_days_are_those_of_the_store_s_clock_and_end_yesterday(
    clickhouse: Any, ready_database: str
) -> None:
    client = clickhouse.client(database=ready_database)
    hours = np.arange(NOW_MS - 60 * DAY_MS, NOW_MS, 3_600_000) // 1000
    leaking = 0.97 ** np.clip((hours - hours[-1]) / 86_400 + 10, 0, 10)
    rows = [
        [store, int(at), "ios", [0, 100, round(100 * rate), 0, 0, 0, 0], 1]
        for store, rates in (("cn", 0.3 * leaking), ("us", np.full(len(hours), 0.3)))
        for at, rate in zip(hours, rates, strict=True)
    ]
    # bots, and a burst of today: neither is compared
    rows += [["us", int(at), "[bots]", [0, 0, 90, 0, 0, 0, 0], 1] for at in hours[:300]]
    rows += [["us", int(hours[-1]) + 60, "ios", [0, 50_000, 0, 0, 0, 0, 0], 1]]
    client.insert("minutes_raw", rows, column_names=["store_id", "minute", "segment", "counts", "version"])
    made = with_drifts(
        client,
        [
            baseline("cn", "Asia/Shanghai"),
            baseline("us", "America/Los_Angeles"),
            baseline("pool:x", "UTC", ("cn",)),
        ],
        DayRules({}, {}, ()),
        NOW_MS,
    )
    china, america = made[0].drifts[0], made[1].drifts[0]
    assert china.surprise > DRIFT_SURPRISE
    assert china.last_day == datetime(2026, 3, 1, tzinfo=UTC).timestamp() // 86_400
    assert america.last_day == china.last_day - 1
    assert america.surprise < 1
    assert america.sample in (7 * 2400, 28 * 2400)
    assert made[2].drifts == ()
