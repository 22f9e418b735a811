"""An id that looks like a mail address or a telephone number is the same pseudonym whichever door reports it, and no other id's.

No broker: what the doors take in goes to the spool, and is read there.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scoring.events.event import Event, Source
from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import mask_document
from scoring.records.order_facts import OrderFacts
from scoring.records.raw_delivery import RawDelivery
from scoring.sources.signatures import SignatureScheme, sign
from streams.clock import now_ms
from streams.collector.edge import Edge
from streams.collector.frames import Record
from streams.collector.intake import EventIntake
from streams.collector.keys import store_defaults
from streams.collector.spool import Spool
from streams.config.model import Config
from streams.embedded.ports import free_port
from streams.kafka.topics import DEADLETTERS, EVENTS, ORDER_FACTS, RAW
from streams.sources.directory import ConnectionDirectory
from streams.sources.hook_door import HookDoor
from streams.sources.orders_known import OrderMemory
from streams.sources.publishing import RecordPublisher
from streams.sources.registry import SOURCES, source_named
from streams.sources.sealing import Sealer
from streams.sources.source_log import SourceBook
from streams.sources.translating import DeliveryTranslator
from tests.streams.collector.places import CONFIG, Place, running, settings_for

SECRET = "secret-of-erp"
#: what shops use as an order's number though it is somebody's, and what only looks like a pseudonym of ours
NUMBERS = ("ann@example.com", "joe@example.com", "13812345671", "13812345672", "+86 138 1234 5671", "~aaaaaaaaaaaaaaaa", "~bbbbbbbbbbbbbbbb")  # fmt: skip
#: the order's number has a name that says nothing, next to others that say too much; rows say whose they are in a word of their own
MAPPING = {
    "kind": "order",
    "rows": "rows",
    "fields": {"order_id": "what", "placed": "at", "buyer": "who", "store": "shop.word"},
    "values": {"store": {"first": "a", "second": "b"}},
}
ERP = {"name": "erp", "source": "webhook", "stores": ["a", "b"], "secret": "env:ERP", "signature": {"prefix": "sha256="}}  # fmt: skip
FILE = Config.model_validate(
    {
        "stores": [store.model_dump() for store in CONFIG.stores],
        "connections": [
            {**ERP, "mapping": [MAPPING]},
            {**ERP, "name": "own", "format": "events"},
        ],
    }
)


class Log:
    """Takes what would be sent to Kafka."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def publish(self, records: Sequence[Record], within_s: float = 0.0) -> None:
        self.records += records

    def of(self, topic: str, kind: type[Any]) -> list[Any]:
        return [msgspec.json.decode(one.value, type=kind) for one in self.records if one.topic == topic]


class Nothing:
    """No version of any order is known before."""

    async def of(self, store_id: str, order_ids: Sequence[str]) -> list[OrderFacts]:
        return []


def parts() -> tuple[Log, EventIntake, DeliveryTranslator]:
    log = Log()
    intake = EventIntake(log, store_defaults(CONFIG), Pseudonyms("test"))  # type: ignore[arg-type]
    directory = ConnectionDirectory(FILE, Sealer(["k" * 20]), SourceBook())
    records, memory = RecordPublisher.of(intake), OrderMemory(Nothing())
    notes: Any = lambda name: Notes()  # noqa: E731
    return log, intake, DeliveryTranslator(directory, source_named, intake, records, memory, notes)


class Notes:
    """What is known of a connection's deliveries is of no interest here."""

    def translated(self, *what: object) -> None:
        pass

    quarantined = translated


@dataclass
class Doorway:
    """A collector with the door of webhooks, whose broker is unreachable."""

    place: Place
    spool: Spool

    async def hook(self, name: str, content: object) -> None:
        body = json.dumps(content).encode()
        signed = sign(SignatureScheme("X-Signature", prefix="sha256="), body, {}, SECRET)
        url = f"{self.place.url}/v1/hooks/webhook/{name}"
        async with self.place.session.post(url, data=body, headers={"X-Signature": signed}) as answer:
            assert answer.status == 200, await answer.text()

    def waiting(self) -> list[Record]:
        found: list[Record] = []
        while not self.spool.is_empty:
            records, size = self.spool.head()
            found += records
            self.spool.advance(size)
        return found


@pytest.fixture
async def doorway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Doorway]:
    monkeypatch.setenv("ERP", SECRET)
    async with opened(tmp_path) as one:
        yield one


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Doorway]:
    directory = ConnectionDirectory(FILE, Sealer(["k" * 20]), SourceBook())
    directory.is_whole = True
    door = HookDoor(directory, {one.name: one for one in SOURCES}, 200.0)
    spool, settings = Spool(folder / "spool", 10_000_000), settings_for(folder)
    nowhere = f"127.0.0.1:{free_port()}"
    async with running(nowhere, "", settings, spool, 0.1, False, more_doors=door.doors) as place:
        yield Doorway(place, spool)


def orders_of(events: Sequence[Event]) -> dict[str, list[str]]:
    """Store → the orders' ids, in the order of their events."""
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(event.store_id, []).append(event.order_id)
    return found


async def test_an_order_whose_number_was_a_telephone_number_was_another_order_at_each_door(
    doorway: Doorway,
) -> None:
    at = now_ms() - 5000
    sent = [{"type": "order", "order_id": one, "event_time": at} for one in NUMBERS]
    place = doorway.place
    await place.post(sent)
    await place.post({"k": "key-of-pixel", "events": sent}, "", "/v1/pixel")
    bought = [{"name": "purchase", "params": {"transaction_id": one, "value": 1}} for one in NUMBERS]
    url = f"{place.url}/mp/collect?measurement_id=G-1&api_secret=key-of-a"
    await place.session.post(url, json={"client_id": "c", "timestamp_micros": at * 1000, "events": bought})
    sold = [{"event_name": "Purchase", "event_time": at // 1000, "user_data": {}, "custom_data": {"order_id": one, "value": 1}} for one in NUMBERS]  # fmt: skip
    await place.session.post(
        f"{place.url}/v21.0/1234567890/events", json={"access_token": "key-of-a", "data": sold}
    )
    rows = [{"what": one, "at": at, "shop": {"word": "first"}} for one in NUMBERS]
    rows += [{"what": int(NUMBERS[2]), "at": at, "shop": {"word": "second"}}]
    await doorway.hook("erp", {"rows": rows})
    await doorway.hook("own", [{**one, "store_id": store} for one in sent for store in ("a", "b")])
    waiting = doorway.waiting()
    log, intake, translator = parts()
    await translator.translate([msgspec.json.decode(one.value, type=RawDelivery) for one in waiting if one.topic == RAW])  # fmt: skip
    await intake.accept(sent, source=Source.REPLAY, stores={"a": intake.stores["a"]})  # as a file is imported
    pseudonyms = Pseudonyms("test")
    kept = {store: [pseudonyms.of_sender(store, one) for one in NUMBERS] for store in ("a", "b")}
    direct = [msgspec.json.decode(one.value, type=Event) for one in waiting if one.topic == "events"]
    assert orders_of(direct) == {"a": kept["a"] * 4}
    by_hook = orders_of(log.of(EVENTS, Event))
    assert by_hook["a"] == [*kept["a"], *kept["a"], *kept["a"]]
    assert by_hook["b"] == [kept["b"][2], *kept["b"]]
    assert {(one.store_id, one.order_id) for one in log.of(ORDER_FACTS, OrderFacts)} == {
        *(("a", one) for one in kept["a"]),
        ("b", kept["b"][2]),
    }
    everything = b"".join(one.value for one in (*waiting, *log.records))
    assert not [one for one in NUMBERS[:5] if one.encode() in everything]
    # whichever trusted door reports an order, its event is the same
    assert len({one.event_id for one in log.of(EVENTS, Event) if one.store_id == "a" and one.source == "replay"}) == len(NUMBERS)  # fmt: skip


async def test_ids_of_things_became_one_where_a_mask_took_their_place() -> None:
    log, intake, _ = parts()
    sent = [
        {
            "type": "refund", "store_id": "a", "event_time": now_ms() - 1000, "event_id": f"e{number}", "order_id": "1001",
            "amount": "1", "product": one, "attributes": {"refund": one, "line": one, "parcel_no": one, "note": f"call {one}"},
        }
        for number, one in enumerate(NUMBERS)
    ]  # fmt: skip
    await intake.accept(sent, source=Source.API)
    events = log.of(EVENTS, Event)
    for name in ("refund", "line", "parcel_no"):
        assert len({one.attributes[name] for one in events}) == len(NUMBERS)
        assert [one.attributes[name] for one in events] == [one.product for one in events]
    assert {one.attributes["note"] for one in events[:5]} == {"call [email]", "call [phone]"}


async def test_a_visitor_who_asks_not_to_be_recognised_made_all_such_orders_one() -> None:
    log, intake, _ = parts()
    at, private = now_ms() - 1000, Edge(is_private=True)
    sent = [{"type": "order", "store_id": "a", "order_id": one, "visitor": "v", "event_time": at} for one in NUMBERS]  # fmt: skip
    await intake.accept(sent, source=Source.PIXEL, edge=private)
    await intake.accept([{**sent[0], "unknown": 1}], source=Source.PIXEL, edge=private)
    assert [one.order_id for one in log.of(EVENTS, Event)] == [
        Pseudonyms("test").of_sender("a", one) for one in NUMBERS
    ]
    assert {one.visitor for one in log.of(EVENTS, Event)} == {""}
    (letter,) = log.of(DEADLETTERS, dict[str, Any])
    assert json.loads(letter["payload"])["visitor"] == ""


async def test_a_rejected_event_of_ours_was_somebody_elses_when_it_was_sent_again() -> None:
    log, intake, _ = parts()
    of = Pseudonyms("test").of_sender
    event = {"type": "order", "store_id": "a", "order_id": "~" + of("a", NUMBERS[0]), "buyer": "~" + of("a", "joe"), "event_time": 1}  # fmt: skip
    await intake.accept([event], source=Source.WEBHOOK, is_ours=True)
    (letter,) = log.of(DEADLETTERS, dict[str, Any])
    again = {**json.loads(letter["payload"]), "event_time": now_ms() - 1000}
    await intake.accept([again], source=Source.WEBHOOK, keeps_rejected=False)
    (found,) = log.of(EVENTS, Event)
    assert (found.order_id, found.buyer) == (of("a", NUMBERS[0]), of("a", "joe"))


def test_a_digest_did_not_show_what_a_mask_had_hidden() -> None:
    """Whoever can read an event knows all of it but what was masked, and could try every telephone number until its id fits."""
    first, second = Pseudonyms("one"), Pseudonyms("another")
    assert first.digest(b"13812345671") != second.digest(b"13812345671")
    assert first.digest(b"13812345671") == Pseudonyms("one").digest(b"13812345671")


async def test_the_made_id_of_an_event_with_masked_words_needs_the_key() -> None:
    made = []
    for key in ("one", "another"):
        log = Log()
        intake = EventIntake(log, store_defaults(CONFIG), Pseudonyms(key))  # type: ignore[arg-type]
        at = now_ms() // 60_000 * 60_000 - 60_000
        sent = [
            {"type": "refund", "store_id": "a", "order_id": "1", "amount": "1", "event_time": at, "campaign": f"call 1381234567{last}"}
            for last in (1, 2)
        ]  # fmt: skip
        await intake.accept(sent, source=Source.API)
        made.append({one.event_id for one in log.of(EVENTS, Event)})
    assert [len(one) for one in made] == [2, 2]
    assert not made[0] & made[1]


def test_a_row_that_was_asked_for_keeps_its_number_apart_from_others_by_the_mappings_name() -> None:
    spec = source_named("json_api")
    assert spec is not None
    connection = {
        "name": "shop", "source": "json_api", "stores": ["a", "b"], "url": "https://shop.example/api",
        "resources": [{"name": "orders", "path": "/o", "rows": "rows", "id": "what", "from_parameter": "from", "mapping": [{**MAPPING, "rows": "$"}]}],
    }  # fmt: skip
    (poll,) = spec.polls(spec.config.model_validate(connection))
    pseudonyms = Pseudonyms("test")
    for one in NUMBERS:
        row = {"what": one, "shop": {"word": "second"}, "text": {"what": f"call {one}"}}
        body = mask_document(
            json.dumps(row).encode(),
            lambda raw: pseudonyms.marked("a", raw),
            ids=poll.ids,
            stores=poll.stores,
            of_store=lambda store: lambda raw: pseudonyms.marked(store, raw),
        )
        assert json.loads(body)["what"] == pseudonyms.marked("b", one)
