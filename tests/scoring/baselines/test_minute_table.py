"""Minute counts gathered from rows, against a dictionary of them."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from scoring.baselines.minute_table import MinuteTable
from scoring.calendar.effects import DayEffect, DayRules, OwnEntry
from scoring.funnel.segment_names import BOTS
from scoring.funnel.stages import STAGE_INDEX, supplied_stages

START = 29_459_520  # 2026-01-05 00:00 UTC
Key = tuple[str, str, str]


def add(table: MinuteTable, rows: list[tuple[Key, int, int]]) -> None:
    keys = sorted({key for key, _, _ in rows})
    table.add(
        keys,
        np.array([keys.index(key) for key, _, _ in rows], dtype=np.int64),
        np.array([minute for _, minute, _ in rows], dtype=np.int64),
        np.array([count for _, _, count in rows], dtype=np.int64),
    )


def drawn(draw: random.Random, most: int) -> list[tuple[Key, int, int]]:
    stages = ["click", "order", "payment", "favourite"]
    return [
        (
            (draw.choice(["a", "b", "c"]), draw.choice(["x", "y", BOTS]), draw.choice(stages)),
            START + draw.randrange(-3 * 1440, 3 * 1440),
            draw.choice([0, 1, 2, 70_000]),
        )
        for _ in range(draw.randrange(1, most))
    ]


@pytest.mark.parametrize("seed", range(6))
def test_rows_in_any_order_are_added_up_by_store_segment_stage_and_minute(seed: int) -> None:
    draw, table, rows = random.Random(seed), MinuteTable(), list[tuple[Key, int, int]]()
    for _ in range(4):
        rows += (batch := drawn(draw, 60))
        add(table, batch)
    table.finish()
    counted = [row for row in rows if row[0][2] in STAGE_INDEX and row[0][1] != BOTS]
    sums: Counter[tuple[Key, int]] = Counter()
    for key, minute, count in counted:
        sums[key, minute] += count
    assert table.ignored == sum(key[2] not in STAGE_INDEX for key, _, _ in rows)
    assert table.set_apart == sum(c for key, _, c in rows if key[1] == BOTS and key[2] in STAGE_INDEX)
    filled = [(key, minute) for key, minute, count in counted if count]
    assert table.repeated == len(filled) - len(set(filled))
    minutes = [minute for _, minute, _ in counted]
    assert (table.first, table.last) == (min(minutes), max(minutes) + 1)
    by_store: dict[str, Counter[str]] = {key[0]: Counter() for key, _, _ in counted}
    for key, _, count in counted:
        by_store[key[0]][key[2]] += count
    assert table.supplied() == {store: supplied_stages(counts) for store, counts in by_store.items()}
    names = table.rows()
    assert names == sorted({key[:2] for key, _, _ in counted})
    first, last = table.first - 7, table.last + 9
    block = table.block(first, last)
    assert block.shape == (last - first, len(names), 7)
    shown = {
        ((*names[row], stage), first + int(minute)): int(block[minute, row, STAGE_INDEX[stage]])
        for minute, row in zip(*np.nonzero(block.any(2)), strict=True)
        for stage in ("click", "order", "payment")
        if block[minute, row, STAGE_INDEX[stage]]
    }
    assert shown == {key: count for key, count in sums.items() if count}
    whole = table.histories(table.first, table.last)
    assert len(whole) == len({store for store, _ in names})
    for history in whole:
        own = [(key, minute) for (key, minute), count in sums.items() if key[0] == history.store_id and count]
        assert history.start_minute == min(minute for _, minute in own)
        total = int(history.counts.sum())
        assert total == sum(sums[one] for one in own)
        assert history.segments == tuple(segment for store, segment in names if store == history.store_id)
        assert history.minutes == table.last - history.start_minute


def test_a_stretch_without_events_is_not_history() -> None:
    table = MinuteTable({"a": "Asia/Tokyo"}, "Europe/Berlin")
    add(table, [(("a", "", "click"), START, 1), (("b", "", "click"), START + 2000, 1)])
    table.finish()
    assert table.history("b", START, START + 1000) is None
    assert table.history("a", START + 5000, START + 6000) is None
    assert table.history("a", START - 10, START) is None
    history = table.history("b", START - 100, START + 9000)
    assert history is not None
    assert (history.zone, history.minutes, history.start_minute) == ("Europe/Berlin", 1, START + 2000)
    assert table.zone("a") == "Asia/Tokyo"
    assert [one.store_id for one in table.histories(START, START + 1000)] == ["a"]


def test_days_that_the_calendar_names_are_left_out_of_the_fit() -> None:
    from datetime import datetime

    day = OwnEntry("x", DayEffect.COMPARE, datetime(2026, 1, 6), datetime(2026, 1, 7))  # noqa: DTZ001
    table = MinuteTable({"a": "Asia/Tokyo"}, rules=DayRules({}, {}, (day,)))
    add(table, [(("a", "", "click"), START, 1), (("a", "", "click"), START + 5 * 1440, 1)])
    history = table.finish().history("a", START, START + 9 * 1440)
    assert history is not None
    assert history.excluded is not None
    assert np.nonzero(history.excluded)[0][[0, -1]].tolist() == [15 * 60, 39 * 60 - 1]


@pytest.mark.parametrize(
    ("far", "events", "is_stray"), [(61, 1, True), (61, 2, False), (60, 1, False), (20_000, 1, True)]
)
def test_a_time_cut_short_becomes_1970_and_costs_its_day_only(far: int, events: int, is_stray: bool) -> None:
    table = MinuteTable()
    add(table, [(("a", "", "click"), START, 99), (("a", "", "click"), START - far * 1440, events)])
    table.finish()
    assert (table.stray_events, len(table.stray_days)) == ((events, 1) if is_stray else (0, 0))
    assert (table.first == START) == is_stray
    assert table.stray_days == ((START // 1440 - far,) if is_stray else ())


def test_rows_without_a_segment_that_are_the_sums_of_the_others_count_nothing_new() -> None:
    def summed(sum_of_second: int) -> MinuteTable:
        table = MinuteTable()
        rows = [(("a", segment, "click"), START + at * 1440, 5) for segment in ("x", "y") for at in (0, 1)]
        rows += [(("a", "", "click"), START, 10), (("a", "", "click"), START + 1440, sum_of_second)]
        rows += [(("b", "", "click"), START, 4), (("a", "", "order"), START, 1)]
        add(table, rows)
        return table.finish()

    doubled, own = summed(10), summed(9)
    assert doubled.summed_stores == ("a",)
    assert int(doubled.block(START, START + 1).sum()) == 10 + 4 + 1
    assert own.summed_stores == ()
    assert int(own.block(START, START + 1).sum()) == 20 + 4 + 1


def test_what_cannot_be_counted_is_rejected() -> None:
    key = ("a", "", "click")
    with pytest.raises(ValueError, match="negative"):
        add(MinuteTable(), [(key, START, -1)])
    with pytest.raises(ValueError, match="larger than 1,000,000,000"):
        add(MinuteTable(), [(key, START, 1_000_000_001)])
    add(MinuteTable(), [(key, START, 1_000_000_000)])
    with pytest.raises(ValueError, match="no row of any stage"):
        MinuteTable().finish()


def test_a_table_that_does_not_fit_into_memory_is_rejected_before_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scoring.baselines.minute_table._LARGEST_TABLE", 3 * 1440 * 4)
    table = MinuteTable()
    add(table, [(("a", "", "click"), START + day * 1440, 1) for day in range(3)])
    with pytest.raises(ValueError, match="4 days of 1 series"):
        add(table, [(("a", "", "click"), START + 3 * 1440, 1)])
