"""The broker becomes unreachable and comes back; the collector is killed with bytes on disk. Nothing is lost, order is kept."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiokafka.client import AIOKafkaClient

from streams.clock import monotonic, now_ms
from streams.collector.publisher import Publisher
from streams.collector.spool import Spool
from streams.embedded.broker import Broker, broker_of
from streams.instance.files import read_states
from streams.kafka.admin import create_topics
from streams.kafka.topics import EVENTS
from streams.settings import load_settings
from tests.deadlines import within
from tests.fixtures.forking import start_python
from tests.streams.collector.places import read_topic, running, settings_for


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that a test may kill; not started."""
    data = tmp_path_factory.mktemp("own-broker")
    broker = broker_of(load_settings(data=data), data)
    try:
        yield broker
    finally:
        broker.stop()


def click(store: str, number: int) -> dict[str, Any]:
    return {"type": "click", "store_id": store, "event_id": f"{store}{number}", "event_time": now_ms()}


async def until(condition: Any, what: str, wait_s: float = 40.0) -> None:
    deadline = monotonic() + within(wait_s)
    while not condition():
        assert monotonic() < deadline, what
        await asyncio.sleep(0.05)


async def test_events_taken_while_the_broker_is_unreachable_follow_in_order_when_it_is_back(
    own_broker: Broker, tmp_path: Path
) -> None:
    own_broker.start()
    await asyncio.to_thread(own_broker.wait_ready)
    spool = Spool(tmp_path / "spool", 1_000_000)
    settings = settings_for(tmp_path)
    async with running(own_broker.address, "away.", settings, spool, delivery_s=1.5) as place:
        publisher = place.intake.publisher
        for number in range(20):
            assert (await place.post(click("a", number)))[0] == 202
        own_broker.kill()
        begun = monotonic()
        assert (await place.post(click("a", 20)))[0] == 202
        assert monotonic() - begun < within(10), "found out too late"
        begun = monotonic()
        for number in range(21, 60):
            assert (await place.post([click("a", number), {"type": "no such type"}]))[0] == 202
        assert monotonic() - begun < within(30), "each request must not find out for itself"
        assert publisher.spooled_bytes > 0
        async with place.session.get(place.url + "/healthz") as answer:
            assert (await answer.json())["state"] == "degraded"
        own_broker.start()
        await asyncio.to_thread(own_broker.wait_ready)
        number, deadline = 60, monotonic() + within(120)
        while publisher.spooled_bytes or not publisher.is_broker_there or number < 80:
            assert (await place.post(click("a", number)))[0] == 202
            number += 1
            assert monotonic() < deadline, "the broker is back, and the spool is not empty"
            await asyncio.sleep(0.05)
        found = [
            value["event_id"]
            for value, _ in await read_topic_at_least(place.kafka, place.events_topic, number)
        ]
        firsts = list(dict.fromkeys(found))
        assert firsts == [f"a{one}" for one in range(number)]
    own_broker.stop()


async def read_topic_at_least(kafka: str, topic: str, many: int) -> list[tuple[dict[str, Any], int]]:
    """All records; a flush whose acknowledgement was lost may be there twice, never less than once."""
    for more in range(100):
        try:
            return await read_topic(kafka, topic, many + more, wait_s=10.0)
        except AssertionError:
            continue
    raise AssertionError(f"far more than {many} records")


async def test_a_full_spool_is_503_with_retry_after(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    spool = Spool(tmp_path / "spool", 3000)
    nobody = "127.0.0.1:9"
    async with running(nobody, "none.", settings, spool, delivery_s=0.3, make_topics=False) as place:
        answers = [await place.post(click("a", number)) for number in range(30)]
        statuses = [status for status, _, _ in answers]
        assert set(statuses) == {202, 503}
        assert statuses == sorted(statuses)
        assert answers[-1][2]["Retry-After"] == "5"


async def test_a_collector_is_stopped_while_it_looks_for_the_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close, given_up = AIOKafkaClient.close, []

    async def close_slowly(client: AIOKafkaClient) -> None:
        given_up.append(client)
        await asyncio.sleep(0.5)
        await close(client)

    monkeypatch.setattr(AIOKafkaClient, "close", close_slowly)
    publisher = Publisher("127.0.0.1:9", Spool(tmp_path / "spool", 3000), delivery_s=0.3)
    await publisher.__aenter__()
    await until(lambda: len(given_up) == 2, "it gives up its second try to connect")
    await asyncio.wait_for(publisher.__aexit__(None, None, None), within(10))


async def test_a_collector_killed_with_bytes_on_disk_sends_them_after_its_restart(
    own_broker: Broker, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    config = tmp_path / "funnelwatch.yaml"
    config.write_text("stores:\n  - id: a\n    keys: [env:KEY_A]\n")
    environment = {
        **os.environ,
        "KEY_A": "key-of-a",
        "FUNNELWATCH_DATA": str(data),
        "FUNNELWATCH_CONFIG": str(config),
        "FUNNELWATCH_KAFKA": own_broker.address,
        "FUNNELWATCH_COLLECTOR_PORT": "0",
        "FUNNELWATCH_HASH_KEY": "test",
    }

    def start() -> subprocess.Popen[bytes]:
        command = ("-m", "streams.roles", "collector", "--parent", str(os.getpid()))
        with Path(os.devnull).open("wb") as nowhere:
            return start_python(*command, env=environment, stdout=nowhere)

    def address(process: subprocess.Popen[bytes]) -> str:
        mine = [state for state in read_states(data) if state.pid == process.pid]
        return mine[0].addresses.get("http", "") if mine else ""

    first = start()
    try:
        await until(lambda: address(first), "the collector does not serve without a broker")
        async with aiohttp.ClientSession(headers={"X-Funnelwatch-Key": "key-of-a"}) as session:
            for number in range(5):
                body = msgspec.json.encode([click("a", 2 * number), click("a", 2 * number + 1)])
                async with session.post(address(first) + "/v1/events", data=body) as answer:
                    assert answer.status == 202
    finally:
        first.kill()
        first.wait()

    own_broker.start()
    await asyncio.to_thread(own_broker.wait_ready)
    await create_topics(own_broker.address, partitions=2)
    second = start()
    try:
        found = [value["event_id"] for value, _ in await read_topic(own_broker.address, EVENTS, 10)]
        assert found == [f"a{number}" for number in range(10)]
        second.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(second.wait, within(15)) == 0
        assert read_states(data) == []
        assert list(data.glob("spool/*/*.seg")) == []
    finally:
        second.kill()
        second.wait()
