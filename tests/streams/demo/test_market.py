"""The demo's platforms: the connectors take what they push and answer, and every order and payment of the shops arrives once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from multidict import CIMultiDict

from scoring.events.event import EventType
from scoring.records.order_life import stage_events
from scoring.records.signal import SignalKind
from scoring.sources.health import ConnectionState
from streams.config.loading import FILE_NAME, load_config
from streams.demo.market.server import CONNECTED, DECLINING, Market, Push
from streams.demo.setting_up import make_folder
from streams.demo.shops import demo_shops
from streams.sources.asking import HttpAnswer, HttpRequest
from streams.sources.connection import Connection, connection_of
from streams.sources.registry import source_named
from tests.fakes.memory_store import MemoryStore
from tests.fakes.virtual import BEGIN_MS, VirtualClock, in_virtual_time
from tests.fakes.workbench import Workbench
from tests.streams.sources.market_ledger import taken

pytestmark = pytest.mark.usefixtures("quiet")

SHOPS = demo_shops(datetime(2026, 3, 4, 9, 0, tzinfo=UTC))
DAY_MS = 86_400_000


class Asked:
    """The demo's platforms as the connectors ask them."""

    def __init__(self, market: Market, clock: VirtualClock) -> None:
        self._market, self._clock = market, clock

    async def send(self, request: HttpRequest, timeout_s: float) -> HttpAnswer:
        """The answer."""
        path, query = urlsplit(request.url).path, dict(request.query)
        status, content = self._market.answer(path, query, self._clock.now_ms())
        headers = CIMultiDict({"Content-Type": "application/json"})
        return HttpAnswer(status, headers, json.dumps(content).encode(), "demo")


@pytest.fixture
def connected(tmp_path: Path) -> tuple[Market, dict[str, Connection]]:
    """The platforms, and the connections that the demo's configuration makes to them."""
    keys = make_folder(tmp_path / "demo", SHOPS, False, 8765)
    config = load_config(tmp_path / "demo" / FILE_NAME)

    def secret(reference: str) -> str:
        return Path(reference.removeprefix("file:")).read_text("utf-8").strip()

    found = [connection_of(config, one, secret, is_in_file=True) for one in config.connections]
    return Market(keys.market), {one.stores[0]: one for one in found}


def bench_of(connection: Connection, market: Market, clock: VirtualClock) -> Workbench:
    spec = source_named(connection.source)
    assert spec is not None
    return Workbench(connection, spec, Asked(market, clock), clock, MemoryStore(connection, spec))


def events(store: str, count: int) -> list[dict[str, Any]]:
    """Orders of a quarter of an hour, most of them paid a minute later, as visitors make them."""
    of_order = {
        "store_id": store,
        "device_class": "ios",
        "payment_method": "card",
        "amount": "12.50",
        "currency": "SGD",
    }
    found = []
    for number in range(count):
        one = {**of_order, "order_id": f"{store}-{number:x}", "buyer": f"b{number}"}
        at_ms = BEGIN_MS + 60_000 + number * 15_000
        found.append({**one, "type": "order", "event_time_ms": at_ms})
        if number % 4:
            found.append({**one, "type": "payment", "event_time_ms": at_ms + 60_000})
    return sorted(found, key=lambda one: int(one["event_time_ms"]))  # fmt: skip


@pytest.mark.parametrize("store", sorted(CONNECTED))
def test_orders_and_payments_of_a_connected_shop_arrive_once(
    connected: tuple[Market, dict[str, Connection]], store: str
) -> None:
    market, connections = connected
    sent = events(store, 40)

    async def work(clock: VirtualClock) -> tuple[Workbench, list[Push]]:
        bench, pushed = bench_of(connections[store], market, clock), []

        async def happen() -> None:
            for event in sent:
                await asyncio.sleep((event["event_time_ms"] - clock.now_ms()) / 1000)
                own, pushes = market.take([event])
                assert own == []
                pushed.extend(pushes)
                for one in pushes:
                    await bench.store.deliver([taken(bench, one.body, one.headers, clock.now_ms())])

        happening = asyncio.create_task(happen())
        worker = await bench.run_for(20 * 60)
        await happening
        health = worker.health.present()
        assert health.state is ConnectionState.CONNECTED
        assert store != "siamglow" or health.token_ends_ms < clock.now_ms() + 5 * DAY_MS
        return bench, pushed

    bench, pushed = in_virtual_time(work)
    assert 0 < len(pushed) < len(sent)  # some are lost
    lives = bench.store.lives().values()
    found = [(one.type, one.life.order_id) for life in lives for one in stage_events(life).events]
    assert sorted(found) == sorted((EventType(one["type"]), one["order_id"]) for one in sent)
    assert {life.amount for life in lives} == {"12.5" if store == "lioncity" else "12.50"}


def test_a_lost_payment_of_the_incident_s_shop_is_a_signal(
    connected: tuple[Market, dict[str, Connection]],
) -> None:
    market, connections = connected
    lost = events(DECLINING[0], 2)[-1] | {"payment_method": "paypal"}

    async def work(clock: VirtualClock) -> Workbench:
        bench = bench_of(connections[DECLINING[0]], market, clock)
        (push,) = market.declined([lost])
        await bench.store.deliver([taken(bench, push.body, push.headers, clock.now_ms())])
        return bench

    bench = in_virtual_time(work)
    (signal,) = bench.store.signals
    assert (signal.kind, signal.object) == (SignalKind.PAYMENT_DECLINED, "processing_error")
    assert signal.details["gateway"] == "paypal"
