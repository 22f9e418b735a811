"""Publishes what sources report besides events: report rows, signals, facts of orders, raw deliveries.

Used by imports, by the role ``sources`` and by the doors of hooks. A record that cannot be kept becomes a dead letter, as a bad
event does, and the others go on. Personal data ends here: buyers become pseudonyms, as they do in events, and texts are masked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec

from scoring.errors import ScoringError
from scoring.events.event import DeadLetter, RejectReason
from scoring.events.field_names import is_id_name
from scoring.events.personal_values import mask_label, mask_text
from scoring.events.pseudonyms import Pseudonyms, kept_id, marked
from scoring.events.redaction import kept_attribute, mask_payload
from scoring.records.order_facts import OrderFacts, check_order_facts
from scoring.records.raw_delivery import RawDelivery, raw_key
from scoring.records.report_row import ReportRow, check_report_row
from scoring.records.signal import Signal, check_signal
from streams.clock import now_ms
from streams.collector.frames import Record
from streams.collector.intake import EventIntake
from streams.collector.publisher import Publisher
from streams.kafka.topics import DEADLETTERS, ORDER_FACTS, RAW, REPORTS, SIGNALS
from streams.metrics import RECORDS_PUBLISHED, RECORDS_REJECTED

_encode = msgspec.json.Encoder().encode
T = TypeVar("T", ReportRow, Signal, OrderFacts)


@dataclass(frozen=True, slots=True)
class RejectedTelling:
    """A record that could not be kept, and why."""

    record: ReportRow | Signal | OrderFacts
    detail: str


@dataclass(slots=True)
class PublishedRecords:
    """What became of the records of one call. Each is in Kafka (or in the spool), as itself or as a dead letter."""

    reports: int = 0
    signals: int = 0
    orders: int = 0
    raw: int = 0
    rejected: list[RejectedTelling] = field(default_factory=list)


class RecordPublisher:
    """Checks, pseudonymises and publishes. One for a process; it shares the publisher of the process's ``EventIntake``."""

    def __init__(
        self, publisher: Publisher, stores: Collection[str], pseudonyms: Pseudonyms, topic_prefix: str = ""
    ) -> None:
        """Prepare.

        Args:
            publisher: hands records to Kafka; acknowledged by all replicas, and idempotent.
            stores: that are configured; what is reported of others is rejected.
            pseudonyms: of the buyers, by the key that events use.
            topic_prefix: comes before every topic's name, for a broker that is shared.
        """
        self._publisher, self._stores, self._pseudonyms = publisher, stores, pseudonyms
        self._prefix = topic_prefix

    @classmethod
    def of(cls, intake: EventIntake) -> RecordPublisher:
        """The publisher for a process that has an intake."""
        return cls(intake.publisher, intake.stores.keys(), intake.pseudonyms)

    async def publish(
        self,
        *,
        reports: Sequence[ReportRow] = (),
        signals: Sequence[Signal] = (),
        orders: Sequence[OrderFacts] = (),
        raw: Sequence[RawDelivery] = (),
    ) -> PublishedRecords:
        """Return once all records are acknowledged by Kafka, or safe on disk where the publisher has a spool.

        ``told_at_ms`` is now where it is 0. The bodies of raw deliveries are kept as they are given: whoever hands them over has
        masked what the platform's list of personal fields names.

        Raises:
            SpoolFullError, KafkaUnreachableError: nothing is known to be kept; publish the same again, which changes nothing.
            RecordsRejectedError: Kafka rejects a record for its size, and there is no spool.
        """
        at = now_ms()
        done = PublishedRecords(raw=len(raw))
        kept_reports = self._kept(reports, check_report_row, self._plain_row, at, done)
        kept_signals = self._kept(signals, check_signal, self._plain_signal, at, done)
        kept_orders = self._kept(orders, check_order_facts, self.without_persons, at, done)
        done.reports, done.signals, done.orders = len(kept_reports), len(kept_signals), len(kept_orders)
        records = [
            *(self._record(REPORTS, row, at) for row in kept_reports),
            *(self._record(SIGNALS, signal, at) for signal in kept_signals),
            *(self._record(ORDER_FACTS, facts, at) for facts in kept_orders),
            *(Record(self._prefix + RAW, raw_key(one).encode(), at, _encode(one)) for one in raw),
            *(self._letter(one, at) for one in done.rejected),
        ]
        await self._publisher.publish(records)
        for kind in ("reports", "signals", "orders", "raw"):
            if count := getattr(done, kind):
                RECORDS_PUBLISHED.labels(kind).inc(count)
        if done.rejected:
            RECORDS_REJECTED.inc(len(done.rejected))
        return done

    def without_persons(self, facts: OrderFacts) -> OrderFacts:
        """The facts as they are kept: the buyer by its pseudonym, and the order's id as events have it.

        A pseudonym of ours, marked by ``~``, stays what it is.
        """
        return msgspec.structs.replace(
            self.with_kept_ids(facts),
            buyer=self._pseudonyms.of(facts.store_id, facts.buyer),
            payment_method=mask_text(facts.payment_method),
        )

    def with_kept_ids(self, facts: OrderFacts) -> OrderFacts:
        """The facts with the ids of the order and its refunds as they are kept, so that every door's reports meet."""
        of = partial(self._pseudonyms.of, facts.store_id)
        return msgspec.structs.replace(
            facts,
            order_id=kept_id(facts.order_id, of),
            refunds={kept_id(one, of): amount for one, amount in facts.refunds.items()},
            refund_times={kept_id(one, of): at for one, at in facts.refund_times.items()},
        )

    def _plain_row(self, row: ReportRow) -> ReportRow:
        of = partial(self._pseudonyms.of, row.store_id)
        dimensions = {
            mask_text(name): kept_id(text, of) if is_id_name(name) else mask_label(text)
            for name, text in row.dimensions.items()
        }
        return msgspec.structs.replace(row, dimensions=dimensions) if dimensions else row

    def _plain_signal(self, signal: Signal) -> Signal:
        of = partial(self._pseudonyms.of, signal.store_id)
        details = {mask_text(name): kept_attribute(name, text, of) for name, text in signal.details.items()}
        return msgspec.structs.replace(signal, object=kept_id(signal.object, of), details=details)

    def _kept(
        self,
        records: Iterable[T],
        check: Callable[[T], None],
        plain: Callable[[T], T],
        at: int,
        done: PublishedRecords,
    ) -> list[T]:
        """The records that can be kept, as they are kept; the others are noted in ``done``."""
        kept = []
        for record in records:
            try:
                check(record)
            except ScoringError as error:
                done.rejected.append(RejectedTelling(record, str(error)))
                continue
            if record.store_id not in self._stores:
                detail = f"store {mask_text(record.store_id[:64])!r} is not configured"
                done.rejected.append(RejectedTelling(record, detail))
                continue
            stamped = record if record.told_at_ms else msgspec.structs.replace(record, told_at_ms=at)
            kept.append(plain(stamped))
        return kept

    def _record(self, topic: str, stamped: ReportRow | Signal | OrderFacts, at: int) -> Record:
        return Record(self._prefix + topic, stamped.store_id.encode(), at, _encode(stamped))

    def _letter(self, one: RejectedTelling, at: int) -> Record:
        store = one.record.store_id if one.record.store_id in self._stores else ""
        raw = _encode(one.record)
        reason = RejectReason.BAD_VALUE if store else RejectReason.UNKNOWN_STORE
        payload, _ = mask_payload(raw, lambda identifier: marked(self._pseudonyms.of(store, identifier)))
        # the same record published again gives the same letter
        letter = DeadLetter(
            received_at_ms=at,
            reason=reason,
            source=mask_text(one.record.source[:64]),
            store_id=store,
            payload=payload,
            detail=one.detail[:500],
            letter_id=self._pseudonyms.digest(raw),
        )
        return Record(self._prefix + DEADLETTERS, store.encode() or None, at, _encode(letter))
