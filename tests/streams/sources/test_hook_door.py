"""The door of webhooks on a real broker: what is genuine is kept masked and answered, what is not is not, and nothing is lost."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scoring.events.pseudonyms import Pseudonyms
from scoring.sources.signatures import DigestCode, SignatureScheme, SignatureVerdict, sign
from streams.clock import now_ms
from streams.collector.spool import Spool
from streams.config.model import Config
from streams.embedded.broker import Broker, broker_of
from streams.kafka.admin import create_topics
from streams.kafka.topics import RAW, TopicSpec
from streams.settings import load_settings
from streams.sources.directory import ConnectionDirectory, load_copy, save_copy
from streams.sources.hook_door import MAX_BYTES, VERDICT_TEXTS, HookDoor
from streams.sources.registry import SOURCES
from streams.sources.sealing import Sealer, sealed_secrets
from streams.sources.source_log import SourceBook, StoredConnection
from streams.sources.webhook.config import WebhookConnection
from tests.deadlines import within
from tests.streams.collector.places import CONFIG, Place, read_topic, running, settings_for

NEW, OLD = "new-secret-of-erp", "old-secret-of-erp"
SEALER = Sealer(["k" * 20])
SCHEME = SignatureScheme("X-Signature", prefix="sha256=")
TIMED = SignatureScheme(
    "X-Signature", code=DigestCode.BASE64, signed="{timestamp}.{body}", timestamp_header="X-Time"
)
ORDER = {
    "event": "order.paid",
    "id": "d-1",
    "order": {
        "no": "1001",
        "customer": {"id": "u-joe-77", "email": "joe@example.com"},
        "phone": "+8613812345678",
    },
}
FILE = {
    "stores": [store.model_dump() for store in CONFIG.stores],
    "connections": [
        {
            "name": "erp",
            "source": "webhook",
            "store": "a",
            "secret": "env:ERP_NEW",
            "old_secret": "env:ERP_OLD",
            "signature": {"prefix": "sha256="},
            "topic": {"path": "event"},
            "delivery_id": {"path": "id"},
            "handshake": {"query": "challenge", "path": "challenge"},
            "mapping": [{"kind": "order", "fields": {"order_id": "order.no", "buyer": "order.customer.id"}}],
        },
        {
            "name": "missing",
            "source": "webhook",
            "store": "a",
            "secret": "env:NOT_THERE",
            "format": "events",
        },
    ],
}


def added_at_run_time(book: SourceBook, name: str, secret: str) -> None:
    settings = {
        "name": name,
        "source": "webhook",
        "store": "b",
        "secret": secret,
        "signature": {
            "encoding": "base64",
            "signed": "{timestamp}.{body}",
            "timestamp_header": "X-Time",
        },
        "format": "events",
    }
    sealed = sealed_secrets(WebhookConnection, settings, SEALER, f"connection/{name}")
    stored = StoredConnection(sealed, 1)
    book.take(f"connection/{name}", msgspec.json.encode(stored))


@dataclass
class Doorway:
    """A running collector with the door, and the topic behind it."""

    place: Place
    raw_topic: str
    book: SourceBook
    directory: ConnectionDirectory

    async def send(
        self, body: bytes, name: str = "erp", method: str = "POST", path: str = "", **headers: str
    ) -> tuple[int, bytes]:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        url = f"{self.place.url}/v1/hooks/webhook/{name}{path}"
        async with self.place.session.request(method, url, data=body or None, headers=named) as answer:
            return answer.status, await answer.read()

    async def kept(self, many: int) -> list[dict[str, Any]]:
        return [value for value, _ in await read_topic(self.place.kafka, self.raw_topic, many)]


@asynccontextmanager
async def doorway(
    kafka: str, prefix: str, folder: Path, spool: Spool | None = None, rate: float = 200.0, **more: float
) -> AsyncIterator[Doorway]:
    raw_topic = prefix + RAW
    await create_topics(kafka, partitions=3, topics=[TopicSpec(raw_topic, True)])
    book = SourceBook()
    directory = ConnectionDirectory(Config.model_validate(FILE), SEALER, book)
    directory.is_whole = True
    door = HookDoor(directory, {one.name: one for one in SOURCES}, rate, rename=lambda name: prefix + name)
    async with running(kafka, prefix, settings_for(folder), spool, more_doors=door.doors, **more) as place:
        yield Doorway(place, raw_topic, book, directory)


@pytest.fixture
async def hooks(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Doorway]:
    monkeypatch.setenv("ERP_NEW", NEW)
    monkeypatch.setenv("ERP_OLD", OLD)
    async with doorway(kafka, topic_prefix, tmp_path) as one:
        yield one


def signature(body: bytes, secret: str = NEW) -> dict[str, str]:
    return {"X_Signature": sign(SCHEME, body, {}, secret)}


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


async def test_a_genuine_delivery_is_answered_empty_and_kept_without_personal_data(hooks: Doorway) -> None:
    body = encoded(ORDER)
    assert await hooks.send(body, **signature(body)) == (200, b"")
    (kept,) = await hooks.kept(1)
    assert (kept["source"], kept["connection"], kept["topic"]) == ("webhook", "erp", "order.paid")
    order = json.loads(kept["body"])["order"]
    assert order["no"] == "1001"
    assert order["customer"] == {"id": Pseudonyms("test").marked("a", "u-joe-77")}
    assert not any(text in json.dumps(kept) for text in ("joe@", "13812345678", "u-joe-77"))


async def test_both_secrets_are_good_while_one_is_being_replaced(hooks: Doorway) -> None:
    for number, secret in enumerate((NEW, OLD)):
        body = encoded({**ORDER, "id": f"d-{number}"})
        assert (await hooks.send(body, **signature(body, secret)))[0] == 200
    await hooks.kept(2)


async def test_what_is_not_genuine_is_401_with_its_reason_and_nothing_is_kept(hooks: Doorway) -> None:
    body = encoded(ORDER)
    cases = [
        (signature(body, "another"), "bad_signature"),
        (signature(body + b" "), "bad_signature"),
        ({}, "no_signature"),
        ({"X_Signature": "sha256=zz"}, "no_signature"),
    ]
    for headers, reason in cases:
        status, answer = await hooks.send(body, **headers)
        assert (status, json.loads(answer)["reason"]) == (401, reason)
    await hooks.kept(0)


async def test_a_retry_is_the_same_delivery_and_another_body_is_another(hooks: Doorway) -> None:
    first, second = (
        encoded({"event": "x", "order": {"no": "1"}}),
        encoded({"event": "x", "order": {"no": "2"}}),
    )
    for body in (first, first, second, encoded(ORDER), encoded({**ORDER, "more": 1})):
        assert (await hooks.send(body, **signature(body)))[0] == 200
    ids = [kept["delivery_id"] for kept in await hooks.kept(5)]
    assert ids[0] == ids[1] != ids[2]
    assert ids[3] == ids[4]


async def test_checks_of_the_address_are_answered_and_keep_nothing(hooks: Doorway) -> None:
    assert await hooks.send(b"", method="GET") == (200, b"")
    assert await hooks.send(b"", method="GET", path="?challenge=abc") == (200, b"abc")
    assert await hooks.send(b"") == (200, b"")
    assert await hooks.send(b'{"challenge": "xyz"}') == (200, b"xyz")
    await hooks.kept(0)


async def test_an_unknown_connection_is_404_and_503_before_all_are_known(hooks: Doorway) -> None:
    body = encoded(ORDER)
    assert (await hooks.send(body, "nobody", **signature(body)))[0] == 404
    hooks.directory.is_whole = False
    assert (await hooks.send(body, "nobody", **signature(body)))[0] == 503
    assert (await hooks.send(body, **signature(body)))[0] == 200


async def test_a_connection_whose_secret_is_missing_asks_to_deliver_again_later(hooks: Doorway) -> None:
    body = encoded(ORDER)
    status, answer = await hooks.send(body, "missing", **signature(body))
    assert (status, json.loads(answer)["reason"]) == (503, "secret_missing")


async def test_a_connection_added_at_run_time_is_known_at_once_with_its_sealed_secret(hooks: Doorway) -> None:
    added_at_run_time(hooks.book, "late", "sealed-one")
    body = encoded({"type": "click"})
    headers = {"X-Time": str(now_ms() // 1000)}
    headers["X-Signature"] = sign(TIMED, body, headers, "sealed-one")
    assert (await hooks.send(body, "late", **headers))[0] == 200
    stale = {"X-Time": str(now_ms() // 1000 - 400)}
    stale["X-Signature"] = sign(TIMED, body, stale, "sealed-one")
    status, answer = await hooks.send(body, "late", **stale)
    assert (status, json.loads(answer)["reason"]) == (401, "stale_timestamp")
    assert b"sealed-one" not in (hooks.book.raw("connection/late") or b"")


async def test_a_body_too_large_is_413_and_a_compressed_one_is_verified_as_it_came(hooks: Doorway) -> None:
    large = b"x" * (MAX_BYTES + 1)
    assert (await hooks.send(large, **signature(large)))[0] == 413
    packed = gzip.compress(encoded(ORDER))
    assert (await hooks.send(packed, Content_Encoding="gzip", **signature(packed)))[0] == 200
    bomb = gzip.compress(b"0" * (MAX_BYTES + 1))
    assert (await hooks.send(bomb, Content_Encoding="gzip", **signature(bomb)))[0] == 413
    assert json.loads((await hooks.kept(1))[0]["body"])["order"]["no"] == "1001"


async def test_what_is_not_json_is_kept_masked_for_its_mapping_to_judge(hooks: Doorway) -> None:
    body = b"order=1001&email=joe@example.com"
    assert (await hooks.send(body, **signature(body)))[0] == 200
    (kept,) = await hooks.kept(1)
    assert "1001" in kept["body"]
    assert "joe@" not in kept["body"]


async def test_too_many_genuine_deliveries_are_429_and_false_ones_shut_nobody_out(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_NEW", NEW)
    monkeypatch.setenv("ERP_OLD", OLD)
    body = encoded(ORDER)
    async with doorway(kafka, topic_prefix, tmp_path, rate=0.2) as hooks:
        for _ in range(10):
            assert (await hooks.send(body, **signature(body, "another")))[0] == 401
        statuses = [(await hooks.send(body, **signature(body)))[0] for _ in range(3)]
    assert statuses == [200, 200, 429]


async def test_while_the_broker_is_frozen_the_disk_has_the_delivery_and_the_answer_comes(
    topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_NEW", NEW)
    monkeypatch.setenv("ERP_OLD", OLD)
    broker: Broker = broker_of(load_settings(data=tmp_path), tmp_path / "broker")
    broker.start()
    try:
        broker.wait_ready()
        spool = Spool(tmp_path / "spool", 10_000_000)
        async with doorway(broker.address, topic_prefix, tmp_path, spool, delivery_s=600.0) as hooks:
            body = encoded(ORDER)
            assert (await hooks.send(body, **signature(body)))[0] == 200
            with standing_still(broker):
                # it is answered while nothing can be acknowledged: the disk has it
                later = encoded({**ORDER, "id": "d-2"})
                async with asyncio.timeout(within(30)):
                    assert (await hooks.send(later, **signature(later)))[0] == 200
                assert hooks.place.intake.publisher.spooled_bytes > 0
                # Kafka still counts as reachable, and nobody waits for it
                many = [encoded({**ORDER, "id": f"d-{number}"}) for number in range(3, 103)]
                async with asyncio.timeout(within(60)):
                    answers = await asyncio.gather(*(hooks.send(one, **signature(one)) for one in many))
                assert {status for status, _ in answers} == {200}
                assert hooks.place.intake.publisher.is_broker_there
            deadline = asyncio.get_running_loop().time() + within(30)
            while hooks.place.intake.publisher.spooled_bytes:
                assert asyncio.get_running_loop().time() < deadline
                await asyncio.sleep(0.05)
            # what Kafka owed may be there twice
            kept = await read_topic(broker.address, hooks.raw_topic, 102, or_more=True)
            assert len({value["delivery_id"] for value, _ in kept}) == 102
    finally:
        broker.stop()


@contextmanager
def standing_still(broker: Broker) -> Iterator[None]:
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def test_the_copy_on_disk_brings_back_what_was_known(tmp_path: Path) -> None:
    book, again = SourceBook(), SourceBook()
    added_at_run_time(book, "late", "sealed-one")
    save_copy(tmp_path, book)
    load_copy(tmp_path, again)
    directory = ConnectionDirectory(Config.model_validate(FILE), SEALER, again)
    found = directory.get("late", "webhook")
    assert found is not None
    assert found.secret(found.config.secret) == "sealed-one"
    assert not directory.is_whole
    assert b"sealed-one" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.json"))


def test_a_damaged_copy_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "connections.json").write_bytes(b"{")
    book = SourceBook()
    load_copy(tmp_path, book)
    assert book.keys("connection") == []


def test_every_verdict_but_the_good_one_says_why() -> None:
    assert set(VERDICT_TEXTS) == set(SignatureVerdict) - {SignatureVerdict.GENUINE}
