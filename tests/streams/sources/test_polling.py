"""A resource's cursor: reading on and reading again each keep their part of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from scoring.records.raw_delivery import RawDelivery
from scoring.sources.cursors import CursorState, PollPlan, PollWindow, restated_from
from streams.sources.polling import ResourcePoller
from streams.sources.source import Poll, PollPage, polled_row
from tests.fakes.workbench import connection_from

HOUR_MS = 3_600_000
NOW_MS = 1_000 * HOUR_MS


class Api:
    now_ms = NOW_MS
    notes: Any = type("Notes", (), {"left": None})


async def test_reading_on_took_the_note_away_that_restated_days_were_read() -> None:
    asked: list[PollWindow] = []
    written: list[CursorState] = []
    go_on = asyncio.Event()

    async def fetch(_: Any, window: PollWindow, mark: str) -> PollPage:
        asked.append(window)
        return PollPage(())

    async def keep(cursor: CursorState) -> None:
        await go_on.wait()
        written.append(cursor)

    class Sink:
        async def deliver(self, deliveries: Sequence[RawDelivery]) -> None:
            raise AssertionError("there is nothing to deliver")

    connection = connection_from(
        {"name": "a", "source": "webhook", "store": "cn", "secret": "env:NEW", "format": "events"}
    )
    plan = PollPlan(interval_s=60, window_s=86_400, settle_s=0)
    poll = Poll("orders", plan, fetch, restated_days=2)
    poller = ResourcePoller(connection, poll, Api(), Sink(), keep, lambda store, raw: raw)  # type: ignore[arg-type]
    poller.cursor = CursorState(until_ms=NOW_MS - HOUR_MS)
    both = asyncio.gather(poller.turn(), poller.read_restated(Api()))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    go_on.set()
    await both
    assert (poller.cursor.until_ms, poller.cursor.restated_ms) == (NOW_MS, NOW_MS)
    assert written[-1] == poller.cursor
    again = [window for window in asked if window.from_ms == NOW_MS - 48 * HOUR_MS]
    assert len(again) == 1
    assert max(window.to_ms - window.from_ms for window in asked) <= 86_400_000 + 120_000


async def test_a_wrong_answer_to_days_read_again_stayed_for_good() -> None:
    """Days that differ were read again while amounts were wrong, and those older than what is restated were never asked for after it."""
    amounts = ["8.00", "800.00"]
    old_ms = NOW_MS - 96 * HOUR_MS

    async def fetch(_: Any, window: PollWindow, mark: str) -> PollPage:
        is_in = window.from_ms <= old_ms < window.to_ms
        return PollPage([polled_row("1", {"amount": amounts[0]}, old_ms)] if is_in else ())

    class Sink:
        async def deliver(self, deliveries: Sequence[RawDelivery]) -> None: ...

    async def keep(cursor: CursorState) -> None: ...

    connection = connection_from(
        {"name": "a", "source": "webhook", "store": "cn", "secret": "env:NEW", "format": "events"}
    )
    poll = Poll("orders", PollPlan(interval_s=60, window_s=86_400), fetch, restated_days=2)
    poller = ResourcePoller(connection, poll, Api(), Sink(), keep, lambda store, raw: raw)  # type: ignore[arg-type]
    poller.cursor = CursorState(until_ms=NOW_MS)
    await poller.read_differing(old_ms - HOUR_MS, Api())  # type: ignore[arg-type]
    assert poller.cursor.unsure_ms == 0
    amounts.pop(0)
    await poller.read_differing(old_ms - HOUR_MS, Api())  # type: ignore[arg-type]
    assert poller.cursor.unsure_ms == old_ms
    assert restated_from(poller.cursor, 2, NOW_MS) == old_ms


@pytest.mark.parametrize(("missed_h", "turns"), [(1, 1), (25, 2), (24 * 8, 8)])
async def test_the_newest_day_waited_for_an_interval_after_the_older_ones(missed_h: int, turns: int) -> None:
    """A day's figures are asked for every hour; those of the last window came an hour after the rest."""

    async def fetch(_: Any, window: PollWindow, mark: str) -> PollPage:
        return PollPage(())

    async def keep(cursor: CursorState) -> None:
        """Nothing is lost here."""

    class Sink:
        async def deliver(self, deliveries: Sequence[RawDelivery]) -> None:
            raise AssertionError("there is nothing to deliver")

    connection = connection_from(
        {"name": "a", "source": "webhook", "store": "cn", "secret": "env:NEW", "format": "events"}
    )
    poll = Poll("days", PollPlan(interval_s=3600, window_s=86_400, overlap_s=0), fetch)
    poller = ResourcePoller(connection, poll, Api(), Sink(), keep, lambda store, raw: raw)  # type: ignore[arg-type]
    began_ms = NOW_MS - missed_h * HOUR_MS
    poller.cursor = CursorState(until_ms=began_ms, first_ms=began_ms)
    rests = [await poller.turn() for _ in range(turns)]
    assert rests == [0.0] * (turns - 1) + [3600]
    assert poller.cursor.until_ms == NOW_MS
