"""Reads whole days of all stores out of ClickHouse and compares them (``scoring/baselines/drift.py``); part of each fit of baselines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from clickhouse_connect.driver import Client

from scoring.baselines import StoreBaseline
from scoring.baselines.baseline import StepDrift
from scoring.baselines.drift import REFERENCE_DAYS, WINDOWS, DailyCounts, drifts_of
from scoring.calendar.effects import DayRules, local_number
from scoring.funnel.arrays import Bools
from scoring.funnel.stages import STAGE_INDEX, STAGES, steps_of
from streams.clickhouse.daily import DAILY_COUNTS, counted_between
from streams.clickhouse.errors import mapped

_EPOCH = date(1970, 1, 1)
#: days that a comparison can use
_DAYS = max(WINDOWS) + REFERENCE_DAYS


def with_drifts(
    client: Client, baselines: list[StoreBaseline], rules: DayRules, at_ms: int
) -> list[StoreBaseline]:
    """The baselines with what whole days up to yesterday, on each store's clock, say of slow changes.

    Args:
        client: reads ``stage_counts``.
        baselines: of stores and pools; pools are left as they are.
        rules: the calendar: days that it names are not compared.
        at_ms: now.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    by_zone: dict[str, list[str]] = {}
    for baseline in baselines:
        if not baseline.members:
            by_zone.setdefault(baseline.zone, []).append(baseline.store_id)
    days: dict[str, DailyCounts] = {}
    for zone, stores in by_zone.items():
        days |= _read(client, zone, stores, rules, at_ms)
    return [
        msgspec.structs.replace(baseline, drifts=_drifts(baseline, days[baseline.store_id]))
        if baseline.store_id in days
        else baseline
        for baseline in baselines
    ]


def _drifts(baseline: StoreBaseline, days: DailyCounts) -> tuple[StepDrift, ...]:
    steps = {step.id: step for step in steps_of(baseline.stages) if step.is_fast}
    return drifts_of(days, steps)


def _read(
    client: Client, zone: str, stores: Iterable[str], rules: DayRules, at_ms: int
) -> dict[str, DailyCounts]:
    today = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone)).date()
    first = (today - _EPOCH).days - _DAYS
    with mapped():
        rows = client.query(
            DAILY_COUNTS, counted_between(zone, list(stores), today - timedelta(days=_DAYS), today)
        ).result_rows
    tables: dict[str, np.ndarray] = {}
    for store_id, day, stage, *counted in rows:
        table = tables.setdefault(store_id, np.zeros((_DAYS, len(STAGES), 2), dtype=np.int64))
        table[day - first, STAGE_INDEX[stage]] = counted
    return {store_id: _whole(store_id, table, first, rules) for store_id, table in tables.items()}


def _whole(store_id: str, table: np.ndarray, first: int, rules: DayRules) -> DailyCounts:
    """Without the days before a store's first whole one: the day that its history begins on is seldom complete."""
    begun = int(np.nonzero(table.any((1, 2)))[0][0])
    begun += begun > 0
    numbers = np.array([local_number(_noon(first + row)) for row in range(begun, len(table))], dtype=np.int64)
    named = rules.excluded(store_id, numbers) if len(numbers) else None
    excluded: Bools = np.zeros(len(numbers), dtype=bool) if named is None else named
    return DailyCounts(first + begun, table[begun:, :, 0], excluded, table[begun:, :, 1])


def _noon(day: int) -> datetime:
    return datetime.combine(_EPOCH + timedelta(days=day), time(12))
