"""Imports of overlapping files, reports by other sources and undoing, in random order, against a plain model on the real engine."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scoring.events.event import Event, EventType
from streams.clickhouse.clients import open_writer
from streams.clickhouse.imported import take_back
from streams.clickhouse.recount import recount
from streams.config.model import Config
from streams.landing.events import EventLanding
from streams.landing.repeats import mark_resent_orders
from streams.landing.targets import EVENTS, IMPORT_EVENTS, RESTORED_EVENTS, Target
from streams.landing.writer import Row, Writer
from streams.settings import Settings, load_settings
from tests.fixtures.landing import arguments_of

DIMENSIONS = Config().segments.dimensions
HOUR_MS, MINUTE_MS = 3_600_000, 60_000
#: on the minute, far beyond every horizon
LONG_AGO_MS = 1_717_200_000_000
NOW_MS = 1_764_000_000_000
ORDERS = 5


class Ground:
    """Lands events as the role does, without its consumer."""

    def __init__(self, settings: Settings, client: Any) -> None:
        self.settings, self.client = settings, client
        self.landing = EventLanding(settings, DIMENSIONS)
        self.writer = Writer(settings, self._no_rejection)
        self._offset = 0

    async def _no_rejection(self, target: Target, row: Row, why: str) -> None:
        raise AssertionError(why)

    def forget(self) -> None:
        """As landing does a horizon later: it remembers orders, and no events."""
        before = self.landing
        self.landing = EventLanding(self.settings, DIMENSIONS)
        self.landing.known.stores, self.landing.orders = before.known.stores, before.orders

    async def land(self, events: list[Event]) -> None:
        rows = [Row(msgspec.json.encode(event), 0, self._offset + at) for at, event in enumerate(events)]
        self._offset += len(rows)
        prepared = await self.landing.prepare(rows, self.writer)
        assert not prepared.rejected
        await self.writer.land(IMPORT_EVENTS, prepared.of_imports)
        await self.writer.land(EVENTS, prepared.rows)
        await self.writer.land(RESTORED_EVENTS, prepared.restored)

        async def finish(client: Any) -> None:
            await mark_resent_orders(client, self.settings, prepared.resent_orders)
            minutes = await self.landing.to_recount(prepared, client)
            await recount(client, self.settings, DIMENSIONS, minutes, f"b{self._offset}")

        await self.writer.patiently(finish)
        self.landing.remember_batch(prepared)

    def events(self, store: str) -> list[tuple[str, str, int]]:
        rows = self.client.query(
            "SELECT event_id, toString(amount), toUnixTimestamp64Milli(event_time) FROM events WHERE store_id = {s:String}",
            parameters={"s": store},
        ).result_rows
        return sorted(rows)

    def counts(self, store: str) -> Counter[int]:
        rows = self.client.query(
            "SELECT toUnixTimestamp(minute), sum(count) FROM stage_counts WHERE store_id = {s:String} AND stage = 'order' GROUP BY 1",
            parameters={"s": store},
        ).result_rows
        return Counter({second * 1000: count for second, count in rows})


@dataclass
class Model:
    """What is reported, by whom: (reporter, event) in the order of arrival. Sources without a name cannot be undone."""

    reports: list[tuple[str, Event]] = field(default_factory=list)

    def counted(self) -> list[tuple[str, str, int]]:
        """Of each event the first version that is left, and of each order the first event."""
        of_event: dict[str, Event] = {}
        for _, event in self.reports:
            of_event.setdefault(event.event_id, event)
        of_order: dict[str, Event] = {}
        for event in sorted(of_event.values(), key=lambda one: one.received_at_ms):
            of_order.setdefault(event.order_id, event)
        return sorted((one.event_id, one.amount, one.event_time_ms) for one in of_order.values())


@pytest.fixture
async def ground(clickhouse: Any, ready_database: str, tmp_path: Path) -> AsyncIterator[Ground]:
    settings = load_settings(**arguments_of(clickhouse, ready_database, "127.0.0.1:1", tmp_path))
    ground = Ground(settings, clickhouse.client(database=ready_database))
    yield ground
    await ground.writer.close()


class Story:
    """One store's imports, reports and undoings."""

    def __init__(self, ground: Ground, store: str, seed: int) -> None:
        self.ground, self.store = ground, store
        self.random = random.Random(seed)
        self.model = Model()
        self.active: list[str] = []
        self.undone: list[str] = []
        self._at = 0

    def event(self, number: int, import_id: str = "", own_id: str = "") -> Event:
        self._at += 1
        return Event(
            event_id=own_id or f"natural-{number}",
            store_id=self.store,
            type=EventType.ORDER,
            order_id=f"o{number}",
            # sources agree on the hour; under an id of its own it may be another one
            event_time_ms=LONG_AGO_MS + (number + bool(own_id)) * HOUR_MS + self._at * 17 % 60 * MINUTE_MS,
            received_at_ms=NOW_MS + self._at * 1000,
            amount=str(self._at),
            currency="EUR",
            source="replay" if import_id else "api",
            import_id=import_id,
        )

    async def step(self) -> None:
        what = self.random.choice(("import", "import", "undo", "undo", "report", "own"))
        if what == "import":
            name = f"imp-{self._at}-{self.store}"
            chosen = self.random.sample(range(ORDERS), self.random.randint(1, ORDERS))
            await self._reported(name, [self.event(number, name) for number in chosen])
            self.active.append(name)
        elif what == "undo" and self.active:
            await self.undo(self.active.pop(self.random.randrange(len(self.active))))
        elif what == "report":
            await self._reported("", [self.event(self.random.randrange(ORDERS))])
        elif what == "own":
            number = self.random.randrange(ORDERS)
            await self._reported("", [self.event(number, own_id=f"own-{number}")])
        if self.random.random() < 0.5:
            self.ground.forget()

    async def _reported(self, name: str, events: list[Event]) -> None:
        await self.ground.land(events)
        self.model.reports += [(name, event) for event in events]

    async def undo(self, name: str) -> None:
        client = await open_writer(self.ground.settings)
        try:
            await take_back(client, self.ground.settings, DIMENSIONS, self.store, name, self.undone)
        finally:
            await client.close()
        self.undone.append(name)
        self.model.reports = [(one, event) for one, event in self.model.reports if one != name]

    def check(self) -> None:
        expected = self.model.counted()
        assert self.ground.events(self.store) == expected
        minutes = Counter(at // MINUTE_MS * MINUTE_MS for _, _, at in expected)
        assert +self.ground.counts(self.store) == minutes


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_imported_reported_and_undone_each_event_left_counts_once(
    ground: Ground, seed: int
) -> None:
    story = Story(ground, f"s{seed}", seed)
    for _ in range(8):
        await story.step()
        story.check()
    for name in list(story.active):
        await story.undo(name)
        story.check()


async def test_what_is_undone_and_reported_again_counts_again(ground: Ground) -> None:
    story = Story(ground, "s", 0)
    first = [story.event(number, "imp-a") for number in range(3)]
    await story._reported("imp-a", first)
    await story.undo("imp-a")
    assert ground.events("s") == []
    ground.forget()
    await story._reported("imp-b", [story.event(number, "imp-b") for number in range(3)])
    story.check()
    await story.undo("imp-b")
    await story._reported("", [story.event(1)])
    story.check()


async def test_undoing_twice_changes_nothing_more_and_says_the_same_of_what_stays(ground: Ground) -> None:
    story = Story(ground, "s", 0)
    await story._reported("", [story.event(0)])
    await story._reported("imp-a", [story.event(number, "imp-a") for number in range(3)])
    client = await open_writer(ground.settings)
    done = [await take_back(client, ground.settings, DIMENSIONS, "s", "imp-a") for _ in range(2)]
    await client.close()
    assert [(one.events, one.kept) for one in done] == [(2, 1), (0, 3)]
    assert [name for name, _, _ in ground.events("s")] == ["natural-0"]
