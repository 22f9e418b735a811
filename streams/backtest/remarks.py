"""What a backtest's report says in addition to its alerts: what was left out of the file, volume, the calendar."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np

from scoring.baselines.localtime import local_minutes
from scoring.baselines.minute_table import MinuteTable
from scoring.calendar.effects import DayEffect, local_date
from streams.backtest.run import BacktestResult
from streams.printable import counted

#: stores from which on quartiles of volume say something
QUARTILE_STORES = 8
_LONGEST = 5


def _date(day: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d")
    except OverflowError:
        return f"day {day} since 1970"


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_LONGEST]) + (" …" if len(names) > _LONGEST else "")


def file_remarks(table: MinuteTable) -> list[str]:
    """What was not taken as it is in the file, one sentence each."""
    said = []
    if table.ignored:
        said.append(f"{table.ignored:,} rows of events that belong to no stage were left out.")
    if table.stray_events:
        days = _some(tuple(_date(day) for day in table.stray_days))
        said.append(
            f"{table.stray_events:,} events were left out because their time cannot be: far from all others ({days})."
        )
    if table.set_apart:
        said.append(f"{table.set_apart:,} events of bots, or set apart, were left out: they are not judged.")
    if table.repeated:
        said.append(
            f"{table.repeated:,} rows repeat store, segment, stage and minute of another row and were added to it."
        )
    if table.summed_stores:
        said.append(
            f"Rows without a segment that are the sums of the segments were not counted twice: {_some(table.summed_stores)}."
        )
    if table.is_by_the_hour():
        said.append(
            "All times are full hours: what came in an hour is judged as if it came in its first minute, so an alert can be an hour "
            "late, and delays within an hour are not known. Counts by the minute, or single events, are judged better."
        )
    stages = table.supplied()
    lone = tuple(store for store in table.stores if len(stages[store]) == 1)
    if lone:
        said.append(
            f"{counted(len(lone), 'store')} with one stage only: no conversion can be judged, only whether events stay away "
            f"(--traffic writes those alerts): {_some(lone)}."
        )
    return said


def by_volume(outcome: BacktestResult, table: MinuteTable) -> str:
    """Alerts per store-week by quartile of volume, so that none pays for another."""
    volume = dict.fromkeys(table.stores, 0.0)
    for baseline in outcome.baselines:
        volume[baseline.store_id] = max(
            (step.arrivals_per_hour / step.rate for step in baseline.steps.values()), default=0.0
        )
    ordered = sorted(volume, key=lambda store: (volume[store], store))
    alerts = Counter(alert.store_id for alert in outcome.alerts)
    parts = np.array_split(np.array([alerts[store] for store in ordered]), 4)
    weeks = outcome.store_weeks(1)
    rates = ", ".join(f"{part.sum() / max(len(part) * weeks, 1e-9):.3f}" for part in parts)
    return f"by volume, smallest quarter of the stores first: {rates} alerts per store-week"


def calendar_remarks(outcome: BacktestResult, table: MinuteTable) -> list[str]:
    """For each entry of the calendar within the tested stretch, how many stores it concerned and what it did to alerts."""
    if table.rules is None:
        return []
    effects: dict[str, DayEffect] = {}
    stores: Counter[str] = Counter()
    ends = np.array([outcome.from_minute, outcome.until_minute - 1])
    for store in table.stores:
        first, last = local_minutes(table.zone(store), ends).tolist()
        names = set()
        for span in table.rules.spans(store, local_date(first), local_date(last)):
            if span.first <= last and span.last > first:
                effects[span.name] = span.effect
                names.add(span.name)
        stores.update(names)
    held = Counter(note for alert in outcome.held_back for note in _named(alert.note, effects))
    noted = Counter(note for alert in outcome.alerts for note in _named(alert.note, effects))
    return [
        f"calendar: {name} ({effects[name].value}, {counted(count, 'store')}) held back {counted(held[name], 'alert')}"
        + (f"; {noted[name]} fired and name it" if noted[name] else "")
        for name, count in sorted(stores.items())
    ]


def _named(note: str, names: dict[str, DayEffect]) -> list[str]:
    listed = note.partition(": ")[2].split(", ")
    return [name for name in names if name in listed or note.endswith(f": {name}")]
