"""Raw deliveries become events, facts of orders, report rows and signals; what cannot be translated is set aside whole, and reported.

At least once: the offset is committed after everything is acknowledged, and all that comes of a delivery has a natural identity, so
translating it again changes nothing. That is also how a corrected mapping is applied (``funnelwatch sources replay``).

On the path of an event: after the topic ``funnel.raw.v1``; calls a source's ``translate``, then ``streams/collector/intake.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from scoring.errors import ScoringError
from scoring.events.delivery import StoreDefaults
from scoring.events.event import DeadLetter, RejectReason, Source
from scoring.events.personal_values import mask_text
from scoring.records.order_life import stage_events
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.records.report_row import ReportRow
from scoring.records.signal import Signal
from scoring.sources.translated import Translated
from streams.clock import now_ms
from streams.collector.frames import Record
from streams.collector.intake import EventIntake
from streams.kafka import topics
from streams.metrics import SOURCES_TRANSLATED
from streams.sources.connection import Connection
from streams.sources.directory import ConnectionDirectory
from streams.sources.health_keeping import DeliveryNotes
from streams.sources.orders_known import OrderMemory
from streams.sources.publishing import RecordPublisher
from streams.sources.source import SourceSpec

_log = structlog.get_logger()

#: bytes kept of a delivery in its dead letter; all of it is in ``raw_deliveries``
_LETTER_BYTES = 2000
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Batch:
    """What one batch of deliveries came to."""

    done: list[tuple[Connection, RawDelivery, Translated]] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    reports: list[ReportRow] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)


class DeliveryTranslator:
    """Translates for one process.

    Args:
        directory: the connections.
        specs: the sources by name.
        intake: takes events.
        records: takes everything else.
        memory: the earlier versions of orders.
        notes_of: what is known of a connection's deliveries.
        prefix: comes before each topic's name, for a broker that is shared.
    """

    def __init__(
        self,
        directory: ConnectionDirectory,
        specs: Callable[[str], SourceSpec | None],
        intake: EventIntake,
        records: RecordPublisher,
        memory: OrderMemory,
        notes_of: Callable[[str], DeliveryNotes],
        prefix: str = "",
    ) -> None:
        self._directory, self._specs, self._intake, self._records = directory, specs, intake, records
        self._memory, self._notes_of, self._prefix = memory, notes_of, prefix

    async def translate(self, deliveries: Sequence[RawDelivery]) -> None:
        """Translate and publish; return once everything is acknowledged.

        Raises:
            KafkaUnreachableError: not all is known to be kept; the same batch may be translated again.
        """
        batch = _Batch()
        for delivery in deliveries:
            self._read(delivery, batch)
        await self._publish(batch)
        for connection, delivery, found in batch.done:
            self._notes_of(connection.name).translated(delivery, found)
            SOURCES_TRANSLATED.labels(connection.source, "translated").inc()

    def _read(self, delivery: RawDelivery, batch: _Batch) -> None:
        """Translate one delivery; a fault of the mapping, whatever it is, concerns this delivery only."""
        connection = self._directory.get(delivery.connection, delivery.source)
        spec = self._specs(delivery.source)
        if connection is None or spec is None or spec.translate is None:
            self._quarantine(delivery, None, "there is no such connection any more", batch)
            return
        try:
            found = spec.translate(delivery, connection.terms(spec.terms(connection.config)))
        except ScoringError as error:
            self._quarantine(delivery, connection, str(error), batch)
            return
        except Exception as error:  # a bug of a mapping is a fault like another: nothing else may stop for it
            _log.exception("mapping_failed", connection=connection.name, delivery=delivery.delivery_id)
            self._quarantine(delivery, connection, type(error).__name__, batch)
            return
        for gap in found.gaps:
            _log.info("mapping_gap", connection=connection.name, what=gap.what, name=gap.name)
        found.orders = [self._records.with_kept_ids(one) for one in found.orders]
        batch.done.append((connection, delivery, found))
        batch.reports += found.reports
        batch.signals += found.signals
        for number, aside in enumerate(found.set_aside):
            name = f"raw-{delivery.delivery_id}-{number}"
            payload, store = aside.payload or delivery.body, connection.stores[0]
            batch.letters.append(_letter(name, delivery, store, f"{aside.place}: {aside.detail}", payload))

    def _quarantine(
        self, delivery: RawDelivery, connection: Connection | None, why: str, batch: _Batch
    ) -> None:
        store = connection.stores[0] if connection is not None else ""
        batch.letters.append(
            _letter(f"raw-{delivery.delivery_id}", delivery, store, mask_text(why), delivery.body)
        )
        SOURCES_TRANSLATED.labels(delivery.source, "quarantined").inc()
        if connection is not None:
            self._notes_of(connection.name).quarantined(delivery, mask_text(why))

    async def _publish(self, batch: _Batch) -> None:
        """Facts before the events that follow from them; letters last."""
        orders = [order for _, _, found in batch.done for order in found.orders]
        await self._memory.recall(orders)
        published = await self._records.publish(reports=batch.reports, signals=batch.signals, orders=orders)
        bad = {id(one.record) for one in published.rejected}
        events: dict[tuple[str, Source, str], list[dict[str, Any]]] = defaultdict(list)
        for connection, delivery, found in batch.done:
            way = Source.WEBHOOK if delivery.door is DeliveryDoor.HOOK else Source.POLL
            events[connection.name, way, ""] += found.events
            for life in self._memory.lives(order for order in found.orders if id(order) not in bad):
                mark = life.pageless_mark if life.store_id in connection.paged else ""
                events[connection.name, way, mark] += [
                    event.incoming() for event in stage_events(life).events
                ]
        for (name, way, mark), sent in events.items():
            intake = self._intake.noting(set_apart=mark) if mark else self._intake
            if sent:
                await intake.accept(sent, source=way, stores=self._stores(name), is_ours=True)
        if batch.letters:
            records = [self._record(letter) for letter in batch.letters]
            await self._intake.publisher.publish(records)

    def _stores(self, name: str) -> dict[str, StoreDefaults]:
        """The stores that a connection may report for."""
        connection = self._directory.get(name)
        own = connection.stores if connection is not None else ()
        return {store: terms for store, terms in self._intake.stores.items() if store in own}

    def _record(self, letter: DeadLetter) -> Record:
        key = letter.store_id.encode() or None
        return Record(self._prefix + topics.DEADLETTERS, key, letter.received_at_ms, _encode(letter))


def _letter(name: str, delivery: RawDelivery, store: str, why: str, payload: str) -> DeadLetter:
    """A dead letter of a delivery; translated again, it is the same letter."""
    return DeadLetter(
        received_at_ms=now_ms(),
        reason=RejectReason.UNTRANSLATABLE,
        source=f"{delivery.source}/{delivery.connection}",
        store_id=store,
        payload=payload.encode()[:_LETTER_BYTES].decode("utf-8", "ignore"),
        detail=f"{delivery.topic or '-'}: {why}"[:500],
        letter_id=name,
    )
