"""What a backtest's report says in addition to its alerts: what was left out of the file, volume, the calendar."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np

from scoring.baselines.localtime import local_minutes
from scoring.baselines.minute_table import MinuteTable
from scoring.calendar.effects import DayEffect, local_date
from scoring.wording.text import Bilingual, Text
from streams.backtest.run import BacktestResult
from streams.printable import counted

#: stores from which on quartiles of volume say something
QUARTILE_STORES = 8
_LONGEST = 5

_IGNORED = Text(
    "{rows} 行事件不属于任何环节，未计入。", "{rows} rows of events that belong to no stage were left out."
)
_STRAY = Text(
    "{events} 个事件的时间不可能（与其余相距太远：{days}），未计入。",
    "{events} events were left out because their time cannot be: far from all others ({days}).",
)
_SET_APART = Text(
    "{events} 个事件来自爬虫或已单列，未计入，也不作判断。",
    "{events} events of bots, or set apart, were left out: they are not judged.",
)
_REPEATED = Text(
    "{rows} 行与另一行的店铺、分群、环节和分钟都相同，已与其相加。",
    "{rows} rows repeat store, segment, stage and minute of another row and were added to it.",
)
_SUMMED = Text(
    "不带分群的行是各分群之和，没有重复计数：{stores}。",
    "Rows without a segment that are the sums of the segments were not counted twice: {stores}.",
)
_BY_THE_HOUR = Text(
    "所有时间都是整点：一小时的数量按第一分钟到达来判断，因此告警可能晚一小时，一小时以内的延迟也无从得知。按分钟计数或逐条事件判断得更准。",
    "All times are full hours: what came in an hour is judged as if it came in its first minute, so an alert can be an hour "
    "late, and delays within an hour are not known. Counts by the minute, or single events, are judged better.",
)
_LONE = Text(
    "{stores}只有一个环节：无法判断转化，只能判断事件是否缺席（用 --traffic 写出这类告警）：{names}。",
    "{stores} with one stage only: no conversion can be judged, only whether events stay away "
    "(--traffic writes those alerts): {names}.",
)
_BY_VOLUME = Text(
    "按规模，从最小的四分之一店铺起：每店每周 {rates} 个告警",
    "by volume, smallest quarter of the stores first: {rates} alerts per store-week",
)
_HELD_BACK = Text(
    "日历：{entry}（{effect}，{stores}）压下{alerts}{fired}",
    "calendar: {entry} ({effect}, {stores}) held back {alerts}{fired}",
)
_FIRED = Text("；另有 {number} 个照常发出并注明该日", "; {number} fired and name it")


def _date(day: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d")
    except OverflowError:
        return f"day {day} since 1970"


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_LONGEST]) + (" …" if len(names) > _LONGEST else "")


def file_remarks(table: MinuteTable) -> list[Bilingual]:
    """What was not taken as it is in the file, one sentence each, in both languages."""
    said = []
    if table.ignored:
        said.append(_IGNORED.both(rows=f"{table.ignored:,}"))
    if table.stray_events:
        days = _some(tuple(_date(day) for day in table.stray_days))
        said.append(_STRAY.both(events=f"{table.stray_events:,}", days=days))
    if table.set_apart:
        said.append(_SET_APART.both(events=f"{table.set_apart:,}"))
    if table.repeated:
        said.append(_REPEATED.both(rows=f"{table.repeated:,}"))
    if table.summed_stores:
        said.append(_SUMMED.both(stores=_some(table.summed_stores)))
    if table.is_by_the_hour():
        said.append(_BY_THE_HOUR.both())
    stages = table.supplied()
    lone = tuple(store for store in table.stores if len(stages[store]) == 1)
    if lone:
        said.append(_LONE.both(stores=stores_of(len(lone)), names=_some(lone)))
    return said


def stores_of(number: int) -> Bilingual:
    """``3 stores``."""
    return Bilingual(f"{number:,} 家店铺", counted(number, "store"))


def alerts_of(number: int) -> Bilingual:
    """``3 alerts``."""
    return Bilingual(f"{number:,} 个告警", counted(number, "alert"))


def by_volume(outcome: BacktestResult, table: MinuteTable) -> Bilingual:
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
    return _BY_VOLUME.both(rates=rates)


def calendar_remarks(outcome: BacktestResult, table: MinuteTable) -> list[Bilingual]:
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
        _HELD_BACK.both(
            entry=name,
            effect=effects[name].value,
            stores=stores_of(count),
            alerts=alerts_of(held[name]),
            fired=_FIRED.both(number=noted[name]) if noted[name] else "",
        )
        for name, count in sorted(stores.items())
    ]


def _named(note: str, names: dict[str, DayEffect]) -> list[str]:
    listed = note.partition(": ")[2].split(", ")
    return [name for name in names if name in listed or note.endswith(f": {name}")]
