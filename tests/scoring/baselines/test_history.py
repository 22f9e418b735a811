"""Where the history of a store begins."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.baselines.history import begin_of
from scoring.baselines.minute_table import MinuteTable

DAY = 1440
#: 2026-01-05 00:00 UTC
START = 29_459_520


def table_of(minutes: np.ndarray) -> MinuteTable:
    table = MinuteTable()
    keys = [("shop", "", "click")]
    table.add(keys, np.zeros(len(minutes), np.int64), minutes, np.ones(len(minutes), np.int64))
    return table.finish()


@pytest.mark.parametrize(
    ("early", "begins"),
    [
        ([], 0),  # nothing came before
        ([-20 * DAY], 0),  # one order of weeks ago
        ([-20 * DAY, -9 * DAY, -3 * DAY], 0),  # several, each alone
        ([-20 * DAY, -1 * DAY], -1 * DAY),  # a silence of a day belongs to it
        (range(-20 * DAY, -20 * DAY + 60), -20 * DAY),  # an hour of events is not next to nothing
    ],
)
def test_old_events_sent_again_do_not_make_a_store_older(early: list[int], begins: int) -> None:
    minutes = np.array([*early, *range(3 * DAY)]) + START
    table = table_of(minutes)
    history = table.history("shop", table.first, table.last)
    assert history is not None
    assert history.start_minute == START + begins
    assert history.minutes == 3 * DAY - begins


def test_a_small_store_keeps_its_first_order() -> None:
    few = np.arange(START, START + 90 * DAY, 3 * DAY)  # an order every third day
    history = table_of(few).history("shop", START, START + 90 * DAY)
    assert history is not None
    assert history.start_minute == START


def test_days_give_the_same_beginning_as_minutes() -> None:
    rng = np.random.default_rng(8)
    for _ in range(200):
        days = np.sort(rng.choice(30, rng.integers(1, 12), replace=False))
        minutes = np.concatenate(
            [np.sort(day * DAY + rng.choice(DAY, rng.choice([1, 3, 400]), replace=False)) for day in days]
        )
        blocks = [minutes[minutes // DAY == day] for day in days]
        by_minute = minutes[begin_of(minutes, minutes, np.ones(len(minutes), np.int64))]
        first, last, filled = (np.array([f(block) for block in blocks]) for f in (np.min, np.max, np.size))
        assert first[begin_of(first, last, filled)] == by_minute
