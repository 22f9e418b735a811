"""The role on a real broker and store: deliveries become events and orders, each connection has one owner, and a former owner writes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from scoring.events.pseudonyms import Pseudonyms
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.backfills import BackfillProgress, BackfillWish
from scoring.sources.cursors import CursorState
from scoring.sources.health import ConnectionHealth, ConnectionState
from streams.clickhouse.reader import Database
from streams.clock import now_ms
from streams.collector.intake import EventIntake
from streams.collector.keys import store_defaults
from streams.collector.publisher import Publisher
from streams.config.model import Config
from streams.errors import FencedError
from streams.kafka import topics
from streams.kafka.admin import partition_of
from streams.sources.orders_known import StoredVersions
from streams.sources.role import SourcesRole, opened
from streams.sources.source_log import (
    ConnectionControl,
    ConnectionLease,
    OwnerWriter,
    SourceBook,
    StoredConnection,
    log_key,
    publish_records,
    read_book,
)
from streams.sources.stored_days import ClickHouseDays
from tests.contracts.source_doubles import WEBHOOK
from tests.deadlines import within
from tests.fakes.ledger import DAY_MS, HOUR_MS, Ledger, day_of
from tests.fakes.lying_server import LyingShop, connection
from tests.fakes.workbench import SECRETS
from tests.fixtures.kafka_tools import read_all
from tests.fixtures.landing import Ground, until
from tests.streams.sources.shopify.bodies import order, parcel

STORE = {"id": "cn", "zone": "Asia/Shanghai", "currency": "CNY"}


def asked(name: str = "lying") -> dict[str, Any]:
    settings = {**connection(name=name), "past_days": 0}
    settings["resources"][0] |= {"interval_s": 5, "first_days": 0.25, "overlap_s": 60}
    return settings


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for reference, secret in SECRETS.items():
        monkeypatch.setenv(reference.removeprefix("env:"), secret)


@dataclass
class Scene:
    """The topics, a shop, and what the topics hold."""

    ground: Ground
    config: Config
    shop: LyingShop

    def rename(self, topic: str) -> str:
        return self.ground.prefix + topic

    @asynccontextmanager
    async def role(self, process: str = "one") -> AsyncIterator[SourcesRole]:
        async with Publisher(self.ground.settings.kafka, None) as publisher:
            intake = EventIntake(
                publisher,
                store_defaults(self.config),
                Pseudonyms("test"),
                events_topic=self.rename(topics.EVENTS),
                deadletters_topic=self.rename(topics.DEADLETTERS),
            )
            async with opened(
                self.ground.settings,
                self.config,
                intake,
                self.shop,
                prefix=self.ground.prefix,
                process=process,
            ) as role:
                task = asyncio.create_task(role.run())
                try:
                    yield role
                finally:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled(), task.exception()

    async def book(self) -> SourceBook:
        return await read_book(self.ground.settings.kafka, self.rename)

    async def kept(self, kind: type[Any], *key: str) -> Any:
        return (await self.book()).get(kind, log_key(*key))

    async def values(self, topic: str) -> list[dict[str, Any]]:
        records = await read_all(self.ground.settings.kafka, self.rename(topic))
        return [json.loads(record.value) for record in records if record.value]

    async def deliver(self, *deliveries: RawDelivery) -> None:
        keys = [f"{one.source}/{one.connection}" for one in deliveries]
        await self.ground.send(topics.RAW, list(deliveries), keys)

    async def wants(self, name: str, control: ConnectionControl) -> None:
        await publish_records(self.ground.settings, {log_key("control", name): control}, self.rename)


def scene(ground: Ground, *connections: dict[str, Any], hours: int = 6) -> Scene:
    config = Config.model_validate({"stores": [STORE], "connections": list(connections)})
    begin_ms = now_ms() - hours * HOUR_MS
    ledger = Ledger.drawn(1, begin_ms, 1, per_day=0)
    ledger.orders = [
        one for one in Ledger.drawn(1, begin_ms, 1, per_day=200).orders if one.placed_ms < now_ms() - 60_000
    ]
    return Scene(ground, config, LyingShop(ledger, now_ms))


async def eventually(condition: Any, seconds: float = 40.0) -> None:
    """Wait until an awaited condition holds."""
    deadline = asyncio.get_running_loop().time() + within(seconds)
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not come about in time"
        await asyncio.sleep(0.2)


def pushed(number: int, content: Any, connection_name: str = "erp") -> RawDelivery:
    return RawDelivery(
        delivery_id=f"d{number}",
        source="webhook",
        connection=connection_name,
        received_at_ms=now_ms(),
        topic="order.changed",
        door=DeliveryDoor.HOOK,
        body=json.dumps(content),
    )


async def test_deliveries_become_orders_and_stage_events_and_a_fault_is_set_aside_whole(
    ground: Ground,
) -> None:
    here = scene(ground, dict(WEBHOOK.settings))
    life = [pushed(number, content) for number, content in enumerate(WEBHOOK.life)]
    await here.deliver(*life[::-1], pushed(98, {"order": 7}), pushed(99, {}, "nobody"), *life)

    async def done() -> bool:
        return len(await here.values(topics.EVENTS)) >= 3 and len(await here.values(topics.DEADLETTERS)) >= 2

    async with here.role():
        await eventually(done)
        await eventually(lambda: _has_health(here, "erp"))
    events = {(one["type"], one["event_id"]): one for one in await here.values(topics.EVENTS)}
    assert sorted(kind for kind, _ in events) == ["fulfilment", "order", "payment"]
    assert {one["source"] for one in events.values()} == {"webhook"}
    facts = await here.values(topics.ORDER_FACTS)
    assert {one["order_id"] for one in facts} == {"E-1001"}
    assert len({one["buyer"] for one in (*facts, *events.values())}) == 1
    letters = {one["letter_id"]: one for one in await here.values(topics.DEADLETTERS)}
    assert {one["reason"] for one in letters.values()} == {"untranslatable"}
    assert letters["raw-d98"]["source"] == "webhook/erp"
    health = await here.kept(ConnectionHealth, "health", "erp")
    assert (health.deliveries.quarantined, health.deliveries.repeated) == (1, 4)


async def test_orders_without_a_page_are_marked_in_a_store_with_a_pixel_and_not_in_one_without(
    ground: Ground,
) -> None:
    shop = {
        "source": "shopify", "shop": "a.myshopify.com", "secret": "env:TEST_SECRET", "access": "none",
        "channels": {"9990001": "agent"},
    }  # fmt: skip
    stores = [{"id": "paged", "pixel_keys": ["env:TEST_PIXEL"]}, {"id": "bare"}]
    connections = [shop | {"name": f"c-{store['id']}", "store": store["id"]} for store in stores]
    config = Config.model_validate({"stores": stores, "connections": connections})
    here = Scene(ground, config, LyingShop(Ledger.drawn(1, now_ms(), 1, per_day=0), now_ms))
    names = ((1, "pos"), (2, "web"), (3, "7654321"), (4, "9990001"))
    bodies = [order(id=number, source_name=name) for number, name in names]
    paid = order(1, id=1, financial_status="paid", source_name="pos")
    parcels = [{**parcel(2), "order_id": 1}]
    came = [("orders/create", one) for one in bodies] + [
        ("orders/paid", paid),
        ("fulfillments/create", parcels[0]),
    ]
    await here.deliver(
        *(
            RawDelivery(
                delivery_id=f"{name}{number}", source="shopify", connection=name, received_at_ms=now_ms(), topic=topic,
                door=DeliveryDoor.HOOK, body=json.dumps(body),
            )
            for name in ("c-paged", "c-bare")
            for number, (topic, body) in enumerate(came)
        )
    )  # fmt: skip

    async def done() -> bool:
        return len(await here.values(topics.EVENTS)) >= 12

    async with here.role():
        await eventually(done)
    events = await here.values(topics.EVENTS)
    apart = {
        (one["store_id"], one["order_id"], one["type"]): one["set_apart"]
        for one in events
        if one.get("set_apart")
    }
    of_till = {("paged", "1", kind): "without_page" for kind in ("order", "payment", "fulfilment")}
    assert apart == of_till | {("paged", "4", "order"): "without_page:agent"}
    channels = {
        (one["order_id"], one["attributes"]["order_channel"])
        for one in events
        if one["type"] == "order" and one.get("attributes")
    }
    assert channels == {("1", "pos"), ("2", "page"), ("4", "agent")}


async def _has_health(here: Scene, name: str, hooks: int = 9) -> bool:
    health = await here.kept(ConnectionHealth, "health", name)
    return health is not None and health.deliveries.hooks >= hooks


async def test_a_poll_reads_all_orders_and_the_next_owner_goes_on_where_it_was(ground: Ground) -> None:
    polled = asked()
    del polled["second_way"]  # what compares closed days asks for them again
    here = scene(ground, polled)
    wanted = {order.number for order in here.shop.ledger.orders}

    async def stored() -> set[str]:
        return {one["order_id"] for one in await here.values(topics.ORDER_FACTS)}

    async def all_there() -> bool:
        return await stored() == wanted

    async with here.role("one"):
        await eventually(all_there)
        lease = await here.kept(ConnectionLease, "lease", "lying")
    first = await here.kept(CursorState, "cursor", "lying", "orders")
    late = Ledger.drawn(2, now_ms() - 60_000, 1, per_day=1).orders[0]
    late.placed_ms, late.paid_ms, late.shipped_ms, late.cancelled_ms = now_ms(), 0, 0, 0
    here.shop.ledger.orders.append(late)
    wanted.add(late.number)
    before = len(here.shop.requests)
    async with here.role("two"):
        await eventually(all_there)
        second = await here.kept(ConnectionLease, "lease", "lying")
    assert lease.process == "one"
    assert second.process == "two"
    assert first.until_ms > now_ms() - HOUR_MS
    assert len(here.shop.requests) - before < before


async def test_of_two_processes_each_connection_has_one_owner_and_a_former_owner_is_fenced(
    ground: Ground,
) -> None:
    names = spread(3)
    here = scene(ground, *(asked(name) for name in names))

    async def owners() -> dict[str, str]:
        book = await here.book()
        return {name: lease.process for name, lease in book.under(ConnectionLease, "lease")}

    async with here.role("one"):
        await eventually(lambda: _all_of(owners, names, {"one"}))
        async with here.role("two"):
            await eventually(lambda: _all_of(owners, names, {"one", "two"}))
        await eventually(lambda: _all_of(owners, names, {"one"}))
    group = f"{ground.prefix}{ground.settings.group_prefix}-sources-0"
    former = OwnerWriter(ground.settings.kafka, group, here.rename)
    present = OwnerWriter(ground.settings.kafka, group, here.rename)
    try:
        await former.open()
        await former.write({"cursor/one/orders": CursorState(until_ms=1)})
        await present.open()
        await present.write({"cursor/one/orders": CursorState(until_ms=2)})
        with pytest.raises(FencedError):
            await former.write({"cursor/one/orders": CursorState(until_ms=3)})
        assert (await here.kept(CursorState, "cursor", "one", "orders")).until_ms == 2
    finally:
        for writer in (former, present):
            with contextlib.suppress(KafkaError):
                await writer.close()


def spread(each: int) -> list[str]:
    """So many names for each of the topic's two partitions."""
    found: dict[int, list[str]] = {0: [], 1: []}
    for number in range(1000):
        name = f"shop-{number}"
        found[partition_of(f"json_api/{name}", 2)].append(name)
    return found[0][:each] + found[1][:each]


async def _all_of(owners: Any, names: list[str], processes: set[str]) -> bool:
    found = await owners()
    return set(found) == set(names) and set(found.values()) == processes


async def test_a_connection_added_at_run_time_works_pauses_resumes_and_reads_its_past(ground: Ground) -> None:
    here = scene(ground)

    async def state(*wanted: ConnectionState) -> bool:
        health = await here.kept(ConnectionHealth, "health", "lying")
        return health is not None and health.state in wanted

    async def read_back() -> bool:
        book = await here.book()
        progress = dict(book.under(BackfillProgress, "backfill/lying"))
        return bool(progress) and all(one.done_ms for one in progress.values())

    async with here.role():
        await publish_records(
            ground.settings, {"connection/lying": StoredConnection(asked(), now_ms())}, here.rename
        )
        await eventually(lambda: state(ConnectionState.CONNECTED))
        await here.wants("lying", ConnectionControl(paused=True, why="stock-taking", who="ops"))
        await eventually(lambda: state(ConnectionState.PAUSED))
        wish = BackfillWish("b1", "", now_ms() - 2 * DAY_MS, now_ms() - DAY_MS)
        await here.wants("lying", ConnectionControl(backfills=(wish,)))
        await eventually(lambda: state(ConnectionState.CONNECTED))
        await eventually(read_back)
        await publish_records(ground.settings, {"connection/lying": None}, here.rename)
        await eventually(lambda: _is_quiet(here))


async def test_a_new_connection_of_the_file_read_no_past_and_reads_it_once(ground: Ground) -> None:
    here = scene(ground, asked() | {"past_days": 90})

    async def asked_again() -> bool:
        return len(here.shop.requests) > seen

    async def wished() -> tuple[BackfillWish, ...]:
        return (await here.book()).control("lying").backfills

    async with here.role():
        await eventually(wished)
    (wish,) = await wished()
    assert 90 <= (wish.to_ms - wish.from_ms) / DAY_MS <= 91
    await here.wants("lying", ConnectionControl())  # somebody withdrew it
    seen = len(here.shop.requests)
    async with here.role():
        await eventually(asked_again)
    assert await wished() == ()


async def _is_quiet(here: Scene) -> bool:
    before = len(here.shop.requests)
    await asyncio.sleep(6)  # longer than the connection's interval: nothing is asked any more
    return len(here.shop.requests) == before


async def test_what_is_stored_of_closed_days_is_what_the_ledger_says(ground: Ground) -> None:
    here = scene(ground, asked(), hours=40)
    ends_ms = now_ms() - 2 * HOUR_MS
    days = [datetime.now(UTC).date() - timedelta(days=1)]
    settings = asked()
    settings["resources"][0] |= {"first_days": 2.0}
    here = scene(ground, settings, hours=40)
    database = Database(ground.settings)
    try:
        async with ground.landing(), here.role():

            def landed() -> bool:
                found = ground.one("SELECT uniqExact(order_id) FROM order_versions")
                return bool(found == len(here.shop.ledger.orders))

            await until(landed, 60)
            (found,) = here.config.connections
            stored = await ClickHouseDays(database).figures(_as_connection(here, found), days)
            versions = await StoredVersions(database).of("cn", [here.shop.ledger.orders[0].number])
    finally:
        await database.close()
    truth = here.shop.ledger.figures(days, ends_ms)[days[0].isoformat()]
    held = {name: float(value) for name, value in stored[0].figures.items()}
    assert {name: held[name] for name in truth} == {name: float(value) for name, value in truth.items()}
    assert held["with a buyer of them"] == held["orders"]
    assert held["paid of them"] + held["cancelled of them"] <= held["orders"]
    assert 0 < held["shipped of them"] <= held["paid of them"]
    assert versions
    assert versions[0].placed_ms == here.shop.ledger.orders[0].placed_ms
    assert day_of(versions[0].placed_ms)


def _as_connection(here: Scene, settings: Any) -> Any:
    from streams.sources.connection import connection_of

    return connection_of(here.config, settings, SECRETS.__getitem__, is_in_file=True)
