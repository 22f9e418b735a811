"""The same orders by file, webhook and poll, each with what it knows, in every order: counted once, and as if never imported once the file is undone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from scoring.events.event import Event, Source
from scoring.records.order_facts import OrderFacts
from scoring.records.order_life import merge, stage_events
from streams.clickhouse.clients import open_writer
from streams.clickhouse.imported import take_back
from streams.clock import now_ms
from streams.config.model import Config
from streams.kafka import topics
from tests.fixtures.landing import Ground, event, until

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
IMPORT = "imp-1"
#: what each way knows of an order: the file days only and the payment, the push the placing, the poll the handing over
DETAILS: dict[str, dict[str, Any]] = {
    "file": {"source": "shopify", "import_id": IMPORT, "history": True, "placed_ms": 0, "paid_ms": 5 * MINUTE_MS, "amount": "12.50"},
    "webhook": {"source": "shopify", "connection": "main", "placed_ms": 9 * HOUR_MS, "amount": "10"},
    "poll": {"source": "shopify", "connection": "main", "placed_ms": 9 * HOUR_MS, "shipped_ms": 20 * HOUR_MS, "is_paid": True, "amount": "10"},
}  # fmt: skip
TIMES = ("placed_ms", "paid_ms", "shipped_ms")
COUNTS = "SELECT stage, sum(count) FROM stage_counts WHERE store_id = 's1' GROUP BY stage"


class Orders:
    """One order for each order of the ways, and the same reported without the file."""

    def __init__(self, ground: Ground, begin: int) -> None:
        self.ground, self.begin = ground, begin
        self.ways = {f"o{number}": ways for number, ways in enumerate(itertools.permutations(DETAILS))}
        self.reported: dict[str, list[OrderFacts]] = {}

    async def report(self, place: int) -> None:
        """Each order by the way that is at this place; returns when all of it has landed."""
        facts: list[OrderFacts] = []
        events: list[Event] = []
        for order_id, ways in self.ways.items():
            for reported in [order_id] if ways[place] == "file" else [order_id, f"never-{order_id}"]:
                own = self._report(ways[place], reported, place)
                facts.append(own[-1])
                events += events_of(ways[place], own)
        await self.ground.send(topics.ORDER_FACTS, facts)
        await self.ground.send(topics.EVENTS, events)
        expected = sum(map(len, self.reported.values()))
        known = {(one.order_id, kind) for one in self.versions for kind in ("order", *self._stages(one))}
        await until(lambda: self.ground.one("SELECT count() FROM order_versions") == expected)
        await until(
            lambda: self.ground.one("SELECT uniqExact(order_id, type) FROM event_records") == len(known)
        )

    @property
    def versions(self) -> list[OrderFacts]:
        return [one for some in self.reported.values() for one in some]

    @staticmethod
    def _stages(one: OrderFacts) -> list[str]:
        return ["payment"] * bool(one.paid_ms) + ["fulfilment"] * bool(one.shipped_ms)

    def _report(self, way: str, order_id: str, place: int) -> list[OrderFacts]:
        """Note what a way says now; returns the versions that it goes by, this one last."""
        known = {name: value + self.begin if name in TIMES else value for name, value in DETAILS[way].items()}
        at = self.begin + 30 * HOUR_MS + place
        one = OrderFacts(
            store_id="s1", order_id=order_id, told_at_ms=at, as_of_ms=at, currency="USD", **known
        )
        some = self.reported.setdefault(order_id, [])
        some.append(one)
        # a connection goes by what connections said, a file by its own
        return [one] if way == "file" else [said for said in some if not said.import_id]

    async def undo_file(self) -> None:
        """As ``streams/imports/undoing.py`` does, which waits until landing has committed what it landed."""
        facts = [
            msgspec.structs.replace(one, withdrawn=True, told_at_ms=now_ms())
            for one in self.versions
            if one.import_id
        ]
        before = self.ground.one("SELECT count() FROM order_versions")
        await self.ground.send(topics.ORDER_FACTS, facts)
        client = await open_writer(self.ground.settings)
        await take_back(client, self.ground.settings, Config().segments.dimensions, "s1", IMPORT)
        await client.close()
        await until(lambda: self.ground.one("SELECT count() FROM order_versions") == before + len(facts))

    def check_undone(self) -> None:
        """Nothing is left that the file alone reported."""
        for order_id, ways in self.ways.items():
            assert self.state(order_id) == self.state(f"never-{order_id}"), ways
        both = 2 * len(self.ways)
        assert dict(self.ground.rows(COUNTS)) == {"order": both, "fulfilment": both}

    def state(self, order_id: str) -> list[list[tuple[Any, ...]]]:
        where = f"WHERE store_id = 's1' AND order_id = '{order_id}'"
        return [
            self.ground.rows(
                f"SELECT type, toUnixTimestamp64Milli(event_time), toString(amount) FROM events {where} ORDER BY type"
            ),
            self.ground.rows(
                f"SELECT state, toString(amount), toString(placed_at), toString(paid_at), toString(shipped_at), source FROM orders {where}"
            ),
        ]


def events_of(way: str, versions: Sequence[OrderFacts]) -> list[Event]:
    """What the door of a way makes of the versions that it goes by."""
    life = merge(versions)
    assert life is not None
    return [
        event(
            0,
            event_id=one.event_id,
            type=one.type,
            event_time_ms=one.event_time_ms,
            received_at_ms=now_ms(),
            order_id=life.order_id,
            source=(Source.REPLAY if way == "file" else Source(way)).value,
            amount=life.amount if one.type.value in ("order", "payment") else "",
            currency=life.currency,
            import_id=IMPORT if way == "file" else "",
        )
        for one in stage_events(life).events
    ]


@pytest.mark.parametrize("days", [3, 200])
@pytest.mark.parametrize("is_restarted", [False, True])
async def test_what_each_way_knows_is_counted_once_and_an_undone_file_leaves_nothing(
    ground: Ground, days: int, is_restarted: bool
) -> None:
    orders = Orders(ground, (now_ms() - days * DAY_MS) // DAY_MS * DAY_MS)
    places = range(len(DETAILS))
    for some in [[place] for place in places] if is_restarted else [list(places)]:
        async with ground.landing():
            for place in some:
                await orders.report(place)
    both = 2 * len(orders.ways)
    async with ground.landing():
        await until(
            lambda: dict(ground.rows(COUNTS)) == {"order": both, "payment": both // 2, "fulfilment": both}
        )
        for order_id, ways in orders.ways.items():
            kinds = [kind for kind, _, _ in orders.state(order_id)[0]]
            assert kinds == ["fulfilment", "order", "payment"], ways
    async with ground.landing():
        await ground.committed()
        await orders.undo_file()
        orders.check_undone()
    # its offsets are lost: all of it is read again
    async with ground.landing("again"):
        await ground.committed("again")
        orders.check_undone()
