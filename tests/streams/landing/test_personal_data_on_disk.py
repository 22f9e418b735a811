"""Personal data planted in every text field, through the collector's path, Kafka and ClickHouse: not one byte of it is on a disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring.events.delivery import StoreDefaults
from scoring.events.event import Source
from scoring.events.pseudonyms import Pseudonyms
from streams.clock import now_ms
from streams.collector.intake import EventIntake
from streams.collector.publisher import Publisher
from streams.collector.spool import Spool
from streams.embedded.broker import Broker
from streams.kafka.topics import DEADLETTERS, EVENTS
from streams.sources.files.mapping import parse_mapping
from streams.sources.files.reading import Table
from streams.sources.files.run import Replay
from streams.sources.pixel.beacon import read_beacon
from tests.fixtures.clickhouse import OwnStore, Store, start_store
from tests.fixtures.kafka import start_broker
from tests.fixtures.landing import Ground, until
from tests.scoring.events.personal_kinds import LIKE_IDS, NAMES, VALUES

PERSON, PLACE = "Zqxavier Planted", "Zqlane 77"
PLANTED = [value for value in VALUES if value not in LIKE_IDS and len(value) <= 40]
FIELDS = (
    "event_id",
    "order_id",
    "product",
    "category",
    "channel",
    "campaign",
    "payment_method",
    "visitor",
    "buyer",
    "session",
)
MAPPING = """
name: planted
store: s1
time: {column: when, format: iso}
fields: {order_id: number, buyer: who}
events: [{type: order}]
"""


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of this file alone: what others write into the shared one would be read here, too."""
    broker = start_broker(tmp_path_factory.mktemp("broker"))
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def kafka(own_broker: Broker) -> str:
    return own_broker.address


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    """A store of this file alone, for the same reason."""
    store = start_store(tmp_path_factory.mktemp("store"))
    yield store
    store.stop()


def planted_events(at_ms: int) -> Iterator[dict[str, Any]]:
    """A good and a bad event for each value in each field, and for each name of an attribute."""
    for value in PLANTED:
        good = {"store_id": "s1", "type": "click", "event_time": at_ms}
        for field in FIELDS:
            yield {**good, field: value}
            yield {**good, field: value, "unknown": value}
        yield {**good, "type": value}
        yield {**good, "attributes": {value: value, "note": f"({value})"}}
        yield {**good, "device_class": value, value: value}
    for name in NAMES:
        yield {**good, "visitor": f"v {name}", "attributes": {name: PERSON}}
        yield {**good, "rows": [{name: PLACE}], name: PERSON}


async def take_in(ground: Ground, kafka: str, tmp_path: Path) -> tuple[int, int]:
    """Events accepted and records rejected, by the API's path and by a file."""
    async with Publisher(kafka, None) as publisher:
        topics = {"events_topic": ground.prefix + EVENTS, "deadletters_topic": ground.prefix + DEADLETTERS}
        intake = EventIntake(
            publisher, {"s1": StoreDefaults("shopify", "USD")}, Pseudonyms("a key"), **topics
        )
        planted = list(planted_events(now_ms() - 60_000))
        body = json.dumps(planted[: len(planted) // 2], ensure_ascii=False)
        lines = "\n".join(json.dumps(one) for one in planted[len(planted) // 2 :])
        results = [await intake.accept(text.encode(), source=Source.API) for text in (body, lines)]
        beacon = json.dumps({"k": "a key", "events": planted[::7]}, ensure_ascii=False).encode()
        results.append(await intake.accept(read_beacon(beacon).events, source=Source.PIXEL))
        path = tmp_path / "export.csv"
        head = f"number;when;who;{';'.join(NAMES)}\n"
        rows = f"1;yesterday;{PERSON}" + f";{PERSON}" * len(NAMES) + "\n" + f"2;{PERSON};{PLACE}\n"
        path.write_text(head + rows + "".join(f"3;{value};{value}\n" for value in PLANTED))
        mapping = parse_mapping(MAPPING, "planted")
        report = await Replay(
            Table(path, mapping), mapping, "s1", StoreDefaults("shopify", "USD"), intake
        ).run()
    spool = Spool(tmp_path / "spool", 100_000_000)
    async with Publisher("127.0.0.1:1", spool) as publisher:
        intake = EventIntake(publisher, {"s1": StoreDefaults("shopify", "USD")}, Pseudonyms("a key"))
        waiting = await intake.accept(body.encode(), source=Source.API)
        assert waiting.accepted > 1000
    rejected = sum(len(result.rejected) for result in results) + report.rejected.total()
    return sum(result.accepted for result in results), rejected


def written_since(folder: Path, began_s: float) -> list[bytes]:
    """What the files hold that were written in this test, without the emptiness that Kafka's indexes end with: ten megabytes each."""
    return [
        path.read_bytes().rstrip(b"\0")
        for path in folder.rglob("*")
        if path.is_file() and path.stat().st_mtime >= began_s
    ]


async def test_personal_data_was_found_in_raw_files_of_broker_and_store(
    ground: Ground, kafka: str, own_broker: Broker, clickhouse: Store, tmp_path: Path
) -> None:
    began_s = now_ms() / 1000 - 1
    accepted, rejected = await take_in(ground, kafka, tmp_path)
    assert accepted > 1000
    assert rejected > 1000
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM dead_letters") == rejected)
        await until(lambda: ground.one("SELECT uniqExact(event_id) FROM events") > accepted // 2)
    planted = {text.encode() for text in (*PLANTED, PERSON, PLACE, "Zqxavier", "Zqlane")}
    reported = [
        str(row).encode()
        for table in ("events", "dead_letters")
        for row in ground.rows(f"SELECT * FROM {table}")
    ]
    assert [one for one in planted for row in reported if one in row] == []
    assert any(b"[phone]" in row for row in reported)
    logs = written_since(own_broker.folder / "data", began_s)
    assert logs
    parts = written_since(clickhouse.data, began_s)
    assert parts
    spooled = written_since(tmp_path / "spool", began_s)
    assert sum(map(len, spooled)) > 100_000
    assert [one for one in planted for raw in (*logs, *parts, *spooled) if one in raw] == []
