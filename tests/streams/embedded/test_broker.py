"""The embedded broker keeps its data, starts on taken ports' neighbours and says why it failed."""

from __future__ import annotations

import hashlib
import http.server
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.embedded import jars as jars_module
from streams.embedded.broker import Broker, BrokerFailedError, broker_of
from streams.embedded.jars import JarsUnavailableError, fetch_jars, locked_jars
from streams.kafka.admin import create_topics
from streams.kafka.topics import EVENTS, TOPICS, TopicSpec
from streams.settings import load_settings
from tests.fixtures.kafka import SharedBroker


def until_it_ended(broker: Broker) -> None:
    while broker.wait_ready(60):
        broker.check()
        time.sleep(0.05)


async def written_and_read(address: str, values: list[bytes]) -> list[bytes]:
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(EVENTS, value, key=b"store", partition=0)
    finally:
        await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partition = TopicPartition(EVENTS, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        read: list[bytes] = []
        while len(read) < end:
            read += [record.value for record in (await consumer.getmany(timeout_ms=500)).get(partition, [])]
        return read
    finally:
        await consumer.stop()


def damage(log: Path) -> None:
    content = bytearray(log.read_bytes())
    content[-1] ^= 0x10
    log.write_bytes(content)


async def test_data_survive_an_orderly_stop_a_flipped_byte_and_a_kill_in_a_folder_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    data = tmp_path / "数据 übung, 50% & more"
    broker = broker_of(load_settings(data=data), data)
    broker.start()
    try:
        broker.wait_ready()
        made = await create_topics(broker.address, partitions=2)
        assert set(made) == {spec.name for spec in TOPICS}
        assert await written_and_read(broker.address, [b"1"]) == [b"1"]
        broker.stop()
        damage(data / "kafka" / "data" / f"{EVENTS}-0" / f"{0:020d}.log")
        broker.start()
        broker.wait_ready()
        assert await create_topics(broker.address, partitions=2) == []
        assert await written_and_read(broker.address, [b"2"]) == [b"1", b"2"]
        broker.kill()
        broker.start()
        broker.wait_ready()
        assert await written_and_read(broker.address, [b"3"]) == [b"1", b"2", b"3"]
        assert (data / "kafka" / "data" / "meta.properties").exists()
        assert (data / "logs" / "broker.log").exists()
        assert list(tmp_path.iterdir()) == [data]  # nothing lands in a folder of a garbled name
    finally:
        broker.stop()


async def test_topics_are_made_once_and_with_their_settings(kafka: str, topic_prefix: str) -> None:
    specs = [
        TopicSpec(topic_prefix + "a", True, {"cleanup.policy": "compact"}),
        TopicSpec(topic_prefix + "b", False),
    ]
    assert await create_topics(kafka, partitions=3, topics=specs) == [spec.name for spec in specs]
    assert await create_topics(kafka, partitions=3, topics=specs) == []
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        assert len(await producer.partitions_for(specs[0].name)) == 3
        assert len(await producer.partitions_for(specs[1].name)) == 1
    finally:
        await producer.stop()


def test_a_broker_that_cannot_start_says_why(tmp_path: Path, kafka_broker: SharedBroker) -> None:
    jars = fetch_jars(load_settings())
    broker = Broker(tmp_path / "kafka", tmp_path / "logs", jars)
    broker.port = kafka_broker.port
    broker.start()
    try:
        with pytest.raises(BrokerFailedError, match="in use"):
            # the port answers (the other broker does), so the failure shows when looked for
            until_it_ended(broker)
    finally:
        broker.stop()


def test_a_folder_without_the_jars_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(JarsUnavailableError, match=r"lacks \d+ of \d+ jars.*FUNNELWATCH_BROKER_JARS"):
        fetch_jars(load_settings(broker_jars=tmp_path))


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A repository of one's own: its address and its folder."""
    folder = tmp_path / "mirror"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()


def test_jars_come_from_a_mirror_and_a_wrong_one_is_rejected(
    mirror: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, folder = mirror
    good = b"a jar" * 100
    lock = tmp_path / "jars.lock"
    lock.write_text(f"org.example thing 1.0 {hashlib.sha256(good).hexdigest()} {len(good)}\n")
    monkeypatch.setattr(jars_module, "locked_jars", lambda: locked_jars(lock))
    settings = load_settings(cache=tmp_path / "cache", maven_mirror=address)
    (served := folder / "org/example/thing/1.0/thing-1.0.jar").parent.mkdir(parents=True)
    served.write_bytes(b"other bytes")
    with pytest.raises(JarsUnavailableError, match=r"thing-1\.0\.jar"):
        fetch_jars(settings)
    served.write_bytes(good)
    reported: list[tuple[int, int]] = []
    there = fetch_jars(settings, lambda done, total: reported.append((done, total)))
    assert (there / "thing-1.0.jar").read_bytes() == good
    assert reported == [(len(good), len(good))]
    served.unlink()
    assert fetch_jars(settings) == there
