"""The collector's own path, without HTTP: records in, events and dead letters in Kafka. Replay and demo use it too.

On the path of an event: after ``streams/collector/server.py``; calls ``scoring/events/parsing.py``, then
``streams/collector/publisher.py``.
"""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TypeVar

import msgspec

from scoring.events.batches import event_count
from scoring.events.bounds import OLDEST_MS
from scoring.events.crowding import Crowding
from scoring.events.delivery import Delivery, StoreDefaults
from scoring.events.event import Event, EventType, RejectReason, Source
from scoring.events.notes import FieldNote
from scoring.events.parsing import Batch, RejectedRecord, parse_body, parse_objects
from scoring.events.pseudonyms import Pseudonyms, kept_order_id
from scoring.events.rejections import Rejection
from scoring.funnel.units import DAY_MS, HOUR_MS
from streams import metrics
from streams.clock import now_ms, processor_s
from streams.collector.edge import Edge, device_class
from streams.collector.frames import Record
from streams.collector.keys import store_defaults
from streams.collector.letter_making import LetterMaker
from streams.collector.publisher import Publisher
from streams.collector.spool import open_spool
from streams.config.model import Config
from streams.errors import InputError
from streams.instance.files import secret
from streams.kafka.servers import servers_of
from streams.kafka.topics import DEADLETTERS, EVENTS
from streams.settings import Settings

_ENCODER = msgspec.json.Encoder()
#: bytes that are worked on by the event loop; more go to a thread. An event, which can take a millisecond if it is rejected, counts
#: as this many
_FEW_BYTES, _EVENT_BYTES = 16_384, 512
_Done = TypeVar("_Done")


class TooManyEventsError(InputError):
    """One request holds more events than allowed. The HTTP handlers answer 413."""


@dataclass(slots=True)
class IntakeResult:
    """What became of the records of one call. Every one of them is in Kafka or in the spool, as event or dead letter.

    ``processor_s`` is the processor time that it took to make records of them.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: list[RejectedRecord] = field(default_factory=list)
    notes: list[FieldNote] = field(default_factory=list)
    processor_s: float = 0.0


class EventIntake:
    """Validates, pseudonymises and publishes. One for a process."""

    def __init__(
        self,
        publisher: Publisher,
        stores: Mapping[str, StoreDefaults],
        pseudonyms: Pseudonyms,
        *,
        events_topic: str = EVENTS,
        deadletters_topic: str = DEADLETTERS,
        longest_event: int = 32_768,
        max_events: int = 1_000_000,
        longest_page_age_ms: int = DAY_MS,
    ) -> None:
        """Prepare; ``stores`` are all that are configured."""
        self._publisher = publisher
        self._stores = stores
        self._pseudonyms = pseudonyms
        self._events_topic = events_topic
        self._letters = LetterMaker(pseudonyms, stores, deadletters_topic)
        self._longest = longest_event
        self._max_events = max_events
        self._longest_page_age_ms = longest_page_age_ms
        # one thread: the event loop, which shares the interpreter's lock, keeps half of a core whatever is sent
        self._worker = ThreadPoolExecutor(1, "intake")
        self._door = ""
        self._turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
        self._counted: int | None = None
        self._noted: Callable[[Event], Event] | None = None
        self._may_publish: Callable[[Sequence[Event]], None] = _anything
        # parsing runs in that thread and on the loop
        self._crowding, self._crowding_lock = Crowding(), Lock()

    @property
    def stores(self) -> Mapping[str, StoreDefaults]:
        """All stores that are configured."""
        return self._stores

    @property
    def pseudonyms(self) -> Pseudonyms:
        """What people's ids become."""
        return self._pseudonyms

    @property
    def publisher(self) -> Publisher:
        """Where the records go."""
        return self._publisher

    def bounded(
        self,
        door: str,
        turn: Callable[[], AbstractAsyncContextManager[None]],
        may_publish: Callable[[Sequence[Event]], None],
        count: int | None = None,
    ) -> EventIntake:
        """The same intake for one sender.

        Args:
            door: the path it came in by.
            turn: held while records are made off the event loop.
            may_publish: raises where the events may not be taken, though each of them is right; then nothing is.
            count: how many events the one body holds that is accepted, if they have been counted.
        """
        one = copy.copy(self)
        one._door, one._turn, one._may_publish, one._counted = door, turn, may_publish, count
        return one

    def noting(self, **note: str) -> EventIntake:
        """The same intake for events that carry a note: ``import_id``, so that it can be undone, or why they are ``set_apart``."""
        one = copy.copy(self)
        one._noted = partial(msgspec.structs.replace, **note)
        return one

    async def off_loop(self, size: int, work: Callable[[], _Done]) -> _Done:
        """What ``work`` on ``size`` bytes gives: off the event loop, unless they are few.

        The one thread is for all of it. Its calls into C hold the interpreter's lock for some 30 ms at most, and more threads
        would take turns with each other before the event loop has its own.
        """
        if size <= _FEW_BYTES:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    async def count(self, body: bytes) -> int:
        """How many events ``body`` holds."""
        return await self.off_loop(len(body), partial(event_count, body))

    async def accept(
        self,
        raw: bytes | Sequence[object],
        *,
        source: Source,
        types: frozenset[EventType] | None = None,
        stores: Mapping[str, StoreDefaults] | None = None,
        edge: Edge | None = None,
        received_at_ms: int | None = None,
        shift_ms: int = 0,
        places: Sequence[str] | None = None,
        fresh_id: Callable[[], str] | None = None,
        keeps_rejected: bool = True,
        sent_at_ms: int | None = None,
        is_ours: bool = False,
    ) -> IntakeResult:
        """Take records in; return once all are acknowledged by Kafka or safe on disk.

        Args:
            raw: the body of a request (object, array, ``{"events": […]}``, lines), or decoded values.
            source: the door they came in by.
            types: event types that this door may claim; all for None.
            stores: the stores the sender may write to; all for None.
            edge: what the request says of its sender.
            received_at_ms: now, for None.
            shift_ms: correction of the sender's clock, added to event times.
            places: where each record was (a line of a file), said before the detail of its rejection.
            fresh_id: gives the id of an event that carries nothing to recognise it by; a random one for None.
            sent_at_ms: when they first came, if that was before: a page's events may be of a certain age then.
            keeps_rejected: make dead letters of rejected records; not for those that are dead letters already, whose ids of
                people are pseudonyms.
            is_ours: we made these records: an id of a person that begins with ``~`` is a pseudonym already.

        Raises:
            TooManyEventsError: nothing was taken.
            SpoolFullError, KafkaUnreachableError: nothing is known to be kept; the sender may send the same again.
        """
        edge = edge or Edge()
        at_ms = now_ms() if received_at_ms is None else received_at_ms
        sent_at_ms = at_ms if sent_at_ms is None else sent_at_ms
        delivery = Delivery(
            received_at_ms=at_ms,
            source=source,
            stores=self._stores if stores is None else stores,
            pseudonym=self._pseudonyms.of_sender if keeps_rejected and not is_ours else self._pseudonyms.of,
            device_class=device_class,
            fresh_id=fresh_id or _fresh_id,
            country=edge.country,
            user_agent=edge.user_agent,
            is_private=edge.is_private,
            shift_ms=shift_ms,
            longest=self._longest,
            types=types,
            oldest_ms=self._oldest_ms(source, sent_at_ms),
            set_apart=self._note_on(source, edge.network, sent_at_ms),
        )
        batch, records, cost_s = await self._made(raw, delivery, places, keeps_rejected)
        self._may_publish(batch.events)
        await self._publish(batch, records, source)
        return IntakeResult(len(batch.events), batch.duplicates, batch.rejected, batch.notes, cost_s)

    async def _made(
        self,
        raw: bytes | Sequence[object],
        delivery: Delivery,
        places: Sequence[str] | None,
        keeps_rejected: bool,
    ) -> tuple[Batch, list[Record], float]:
        """The batch, its records and the processor time that they took; made off the event loop unless they are few."""
        count = self._counted
        if count is None:
            count = await self.count(raw) if isinstance(raw, bytes) else len(raw)
        if count > self._max_events:
            most = self._max_events
            raise TooManyEventsError(f"{count:,} events in one request, at most {most:,} are taken")
        size = max(count * _EVENT_BYTES, len(raw) if isinstance(raw, bytes) else 0)

        def work() -> tuple[Batch, list[Record], float]:
            begun = processor_s()
            batch, records = self._parsed(raw, delivery, places, keeps_rejected)
            return batch, records, processor_s() - begun

        async with self._turn() if size > _FEW_BYTES else nullcontext():
            return await self.off_loop(size, work)

    def _parsed(
        self,
        raw: bytes | Sequence[object],
        delivery: Delivery,
        places: Sequence[str] | None,
        keeps_rejected: bool,
    ) -> tuple[Batch, list[Record]]:
        batch = parse_body(raw, delivery) if isinstance(raw, bytes) else parse_objects(raw, delivery)
        if places is not None:
            batch.rejected = [_placed(one, places[one.index]) for one in batch.rejected]
        if delivery.set_apart is not None:
            batch.events = [delivery.set_apart(event) for event in batch.events]
        letter = partial(
            self._letters.record,
            door=self._door,
            source=delivery.source,
            received_at_ms=delivery.received_at_ms,
            stores=delivery.stores,
            pseudonym=delivery.pseudonym,
            is_private=delivery.is_private,
        )
        return batch, self._records(batch, delivery.received_at_ms, letter if keeps_rejected else None)

    def _note_on(self, source: Source, network: str, at_ms: int) -> Callable[[Event], Event] | None:
        return partial(self._marked, network, at_ms) if source is Source.PIXEL else self._noted

    def _marked(self, network: str, at_ms: int, event: Event) -> Event:
        """A page's event, marked if its source crowds the store."""
        with self._crowding_lock:
            why = self._crowding.of(event, network, at_ms)
        if not why:
            return event
        metrics.COLLECTOR_SET_APART.labels(why).inc()
        return msgspec.structs.replace(event, set_apart=why)

    def _oldest_ms(self, source: Source, sent_at_ms: int) -> int:
        """The earliest time that an event may claim that came in by ``source`` at ``sent_at_ms``."""
        return max(OLDEST_MS, sent_at_ms - self._longest_page_age_ms) if source is Source.PIXEL else OLDEST_MS

    def kept_order_id(self, store_id: str, raw: str) -> str:
        """Under which id an order is kept whose events are given with ``raw``."""
        return kept_order_id(raw, partial(self._pseudonyms.of_sender, store_id))

    async def reject(
        self,
        rejected: Sequence[RejectedRecord],
        *,
        source: Source,
        received_at_ms: int | None = None,
        stores: Collection[str],
    ) -> None:
        """Keep records that never became events (a bad row of a file, a body too large) as dead letters."""
        at = now_ms() if received_at_ms is None else received_at_ms
        batch = Batch(rejected=list(rejected))
        letter = partial(
            self._letters.record, door=self._door, source=source, received_at_ms=at, stores=stores
        )
        await self._publish(batch, self._records(batch, at, letter), source)

    def _records(
        self, batch: Batch, received_at_ms: int, letter: Callable[[RejectedRecord], Record] | None
    ) -> list[Record]:
        topic, encode = self._events_topic, _ENCODER.encode
        records = [Record(topic, one.store_id.encode(), received_at_ms, encode(one)) for one in batch.events]
        if letter is not None:
            records += map(letter, batch.rejected)
        return records

    async def _publish(self, batch: Batch, records: Sequence[Record], source: Source) -> None:
        await self._publisher.publish(records)
        if batch.events:
            metrics.COLLECTOR_EVENTS.labels(source.value).inc(len(batch.events))
        if batch.duplicates:
            metrics.COLLECTOR_REPEATED.inc(batch.duplicates)
        for reason, times in Counter(one.rejection.reason for one in batch.rejected).items():
            metrics.COLLECTOR_REJECTED.labels(source.value, reason.value).inc(times)
        for (where, note), times in Counter((one.field, one.note) for one in batch.notes).items():
            metrics.COLLECTOR_NOTES.labels(source.value, where, note.value).inc(times)


def _placed(one: RejectedRecord, place: str) -> RejectedRecord:
    return replace(one, rejection=replace(one.rejection, detail=f"{place}: {one.rejection.detail}"))


def rejected_record(reason: RejectReason, detail: str, raw: bytes, index: int = 0) -> RejectedRecord:
    """A rejected record for ``EventIntake.reject``."""
    return RejectedRecord(index, Rejection(reason, detail), raw)


@asynccontextmanager
async def open_intake(
    settings: Settings, config: Config, *, spool: bool, patience_s: float = 60.0
) -> AsyncIterator[EventIntake]:
    """An intake with its publisher, for the collector (``spool``) or for a command such as replay (without).

    Args:
        settings: addresses, limits and the hash key (made under ``data`` if empty).
        config: the stores.
        spool: use the disk spool while Kafka is unreachable; else callers wait ``patience_s`` and get ``KafkaUnreachableError``.
        patience_s: see above.
    """
    key = settings.hash_key.get_secret_value() or secret(settings.data, "hash_key")
    disk = (
        open_spool(settings.data / "spool", settings.spool_bytes) if spool and settings.spool_bytes else None
    )
    async with Publisher(servers_of(settings), disk, patience_s=0.0 if spool else patience_s) as publisher:
        yield EventIntake(
            publisher,
            store_defaults(config),
            Pseudonyms(key),
            longest_event=settings.collector_event_bytes,
            max_events=settings.collector_batch_events if spool else 1_000_000,
            longest_page_age_ms=int(settings.collector_page_hours * HOUR_MS),
        )


def _fresh_id() -> str:
    return uuid.uuid4().hex


def _anything(events: Sequence[Event]) -> None:
    """Any events may be published."""
