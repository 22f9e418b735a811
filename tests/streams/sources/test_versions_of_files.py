"""What a file said of an order is the file's to report: a connection that reports the same order does not say it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from scoring.events.event import Event
from scoring.events.pseudonyms import Pseudonyms
from scoring.records.order_facts import OrderFacts
from scoring.records.raw_delivery import RawDelivery
from streams.clock import now_ms
from streams.collector.frames import Record
from streams.collector.intake import EventIntake
from streams.collector.keys import store_defaults
from streams.config.model import Config
from streams.kafka.topics import EVENTS
from streams.sources.directory import ConnectionDirectory
from streams.sources.health_keeping import DeliveryNotes
from streams.sources.orders_known import OrderMemory
from streams.sources.publishing import RecordPublisher
from streams.sources.registry import source_named
from streams.sources.sealing import Sealer
from streams.sources.source_log import SourceBook
from streams.sources.translating import DeliveryTranslator
from tests.streams.collector.places import CONFIG

SECRET = "secret-of-erp"
FILE = Config.model_validate(
    {
        "stores": [store.model_dump() for store in CONFIG.stores],
        "connections": [
            {
                "name": "erp",
                "source": "webhook",
                "stores": ["a"],
                "secret": "env:ERP",
                "signature": {"prefix": "sha256="},
                "mapping": [
                    {"kind": "order", "rows": "rows", "fields": {"order_id": "what", "placed": "at"}}
                ],
            }
        ],
    }
)
PLACED_MS, MINUTE_MS = 1_764_547_200_000, 60_000


class Sent:
    """Takes what would be sent to Kafka."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def publish(self, records: Sequence[Record], within_s: float = 0.0) -> None:
        self.records += records


class Known:
    """What the store has."""

    def __init__(self, *versions: OrderFacts) -> None:
        self._versions = versions

    async def of(self, store_id: str, order_ids: Sequence[str]) -> list[OrderFacts]:
        return [one for one in self._versions if one.store_id == store_id and one.order_id in order_ids]


def version(**more: Any) -> OrderFacts:
    return OrderFacts(
        store_id="a", order_id="4711", source="webhook", told_at_ms=PLACED_MS, placed_ms=PLACED_MS, paid_ms=PLACED_MS + MINUTE_MS, amount="12", currency="EUR", **more
    )  # fmt: skip


async def reported(*known: OrderFacts) -> dict[str, Event]:
    """The events of a push of the placed order, where the store knows these versions."""
    log = Sent()
    intake = EventIntake(log, store_defaults(CONFIG), Pseudonyms("test"))  # type: ignore[arg-type]
    directory = ConnectionDirectory(FILE, Sealer(["k" * 20]), SourceBook())
    notes = DeliveryNotes()
    memory = OrderMemory(Known(*known))
    translator = DeliveryTranslator(
        directory, source_named, intake, RecordPublisher.of(intake), memory, lambda name: notes
    )
    row = {"what": "4711", "at": "2025-12-01T00:00:00Z"}
    delivery = RawDelivery(
        delivery_id="d",
        source="webhook",
        connection="erp",
        received_at_ms=now_ms(),
        body=json.dumps({"rows": [row]}),
    )
    await translator.translate([delivery])
    return {
        one.type.value: one
        for one in (
            msgspec.json.decode(sent.value, type=Event) for sent in log.records if sent.topic == EVENTS
        )
    }


async def test_a_push_reported_the_payment_that_only_a_file_knew_and_it_stayed_when_the_file_was_undone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ERP", SECRET)
    events = await reported(version(import_id="imp-1"))
    assert set(events) == {"order"}
    assert events["order"].amount == ""
    assert not events["order"].import_id


async def test_a_push_goes_by_what_its_connection_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP", SECRET)
    events = await reported(version(connection="erp"))
    assert set(events) == {"order", "payment"}
    assert events["payment"].event_time_ms == PLACED_MS + MINUTE_MS
