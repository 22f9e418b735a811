"""The load: events straight into Kafka and through the collector, some of them repeated, late, very late, or of one order."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from scoring.events.event import Event, EventType
from streams.kafka.topics import EVENTS
from tests.deadlines import within
from tests.faults.incident import Incidents
from tests.faults.ledger import Ledger

STAGES = ("impression", "click", "add_to_cart", "order", "payment", "fulfilment", "favourite")
WEIGHTS = (50, 25, 10, 6, 5, 2, 2)
HOUR_MS = 3_600_000
#: how long a sender waits for an acknowledgement before it sends the same again
PATIENCE_S = 8.0
#: events a second that one sender of each kind manages with ease; more are shared by several
EACH = 2000
ENCODE = msgspec.json.Encoder().encode


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Load:
    """Sends until stopped; ``stop`` waits until everything sent is acknowledged."""

    def __init__(self, kafka: str, collector: str, key: str, stores: list[str], rate: int, seed: int) -> None:
        self.ledger = Ledger()
        self._kafka, self._collector, self._key = kafka, collector, key
        self._stores = stores
        #: events a second, also while it runs
        self.rate = rate
        self._senders = 1 + rate // EACH
        self._chance = random.Random(seed)
        self._run = f"{seed}-{now_ms():x}"
        self._number = 0
        self._is_stopping = False
        self._may_send = asyncio.Event()
        self._may_send.set()
        self._busy = 0
        #: seconds by which the clock of the HTTP senders is wrong, and whether the collector's is, far ahead
        self.off_s = 0.0
        self.is_doubted = False
        #: whether events may be rejected for their times: a clock is wrong
        self.may_be_rejected = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, is_by_http: bool = True) -> None:
        """Begin to send, through the collector too if ``is_by_http``."""
        senders = [self._send_incidents()]
        for _ in range(self._senders):
            senders += [self._send_directly(), *([self._send_by_http()] if is_by_http else [])]
        self._tasks = [asyncio.create_task(sender) for sender in senders]

    async def stop(self, limit_s: float) -> None:
        """Send nothing new, and return once all is acknowledged."""
        self._is_stopping = True
        async with asyncio.timeout(within(limit_s)):
            await asyncio.gather(*self._tasks)

    async def pause(self) -> None:
        """Send nothing new; returns once all that was sent is acknowledged."""
        self._may_send.clear()
        while self._busy:
            await asyncio.sleep(0.05)

    def go_on(self) -> None:
        """Send again."""
        self._may_send.set()

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One piece of sending, until it is acknowledged; waits while there is a pause."""
        await self._may_send.wait()
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    def upcoming(self, number: int) -> list[tuple[str, str]]:
        """Stores and ids that events to come may have, as somebody guesses who has seen some."""
        ids = range(self._number, self._number + number)
        return [(store, f"{self._run}-{one}") for one in ids for store in self._stores]

    def check(self) -> None:
        """Raise what ended a sender."""
        for task in self._tasks:
            if task.done():
                task.result()

    def _some(self, number: int, off_s: float = 0.0) -> list[Event]:
        chance, made = self._chance, []
        for _ in range(number):
            self._number += 1
            kind = chance.choices(STAGES, WEIGHTS)[0]
            received = now_ms()
            event = Event(
                event_id=f"{self._run}-{self._number}",
                store_id=chance.choice(self._stores),
                type=EventType(kind),
                event_time_ms=received - self._delay_ms() + int(off_s * 1000),
                received_at_ms=received,
                platform="own_site",
                order_id=f"o-{self._run}-{self._number}" if kind in ("order", "payment") else "",
                device_class=chance.choice(("ios", "android", "desktop")),
                channel=chance.choice(("ads", "direct")),
                source="api",
            )
            made.append(event)
            if event.order_id and chance.random() < 0.2:  # the same order sent again by another event
                made.append(msgspec.structs.replace(event, event_id=event.event_id + "-again"))
        return made

    def _delay_ms(self) -> int:
        chance = self._chance.random()
        if chance < 0.85:
            return int(self._chance.expovariate(1 / 3000))
        if chance < 0.97:
            return self._chance.randrange(600_000)
        if chance < 0.998:
            return self._chance.randrange(3 * HOUR_MS)
        return 30 * HOUR_MS + self._chance.randrange(HOUR_MS)  # recounted from the raw table

    async def _pause(self, sent: int, began: float) -> None:
        """Wait until ``sent`` events since ``began`` are this sender's share of the rate."""
        share = self.rate / 2 / self._senders
        await asyncio.sleep(max(0.0, sent / share - (time.monotonic() - began)))

    # straight into Kafka

    async def _send_directly(self) -> None:
        sender = _Direct(self._kafka, self.ledger)
        while not self._is_stopping:
            began = time.monotonic()
            events = self._some(60)
            if self._chance.random() < 0.1:  # sent twice on purpose
                events += self._chance.sample(events, 10)
            async with self._turn():
                await sender.send(events)
            await self._pause(len(events), began)
        await sender.close()

    async def _send_incidents(self) -> None:
        sender = _Direct(self._kafka, self.ledger)
        incidents = Incidents(self._run, 11)
        while not self._is_stopping:
            for events in incidents.due():
                async with self._turn():
                    await sender.send(events)
            await asyncio.sleep(0.2)
        await sender.close()

    # through the collector

    async def _send_by_http(self) -> None:
        timeout = aiohttp.ClientTimeout(total=within(PATIENCE_S))
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while not self._is_stopping:
                began = time.monotonic()
                events = self._some(40, self.off_s)
                body = ENCODE([_incoming(event) for event in events])
                async with self._turn():
                    while (rejected := await self._post(session, body)) is None:
                        self.ledger.repeats["http"] += 1
                        await asyncio.sleep(0.3)
                    taken = [event for place, event in enumerate(events) if place not in rejected]
                    self.ledger.repeats["rejected"] += len(rejected)
                    (self.ledger.doubt if self.is_doubted else self.ledger.note)(taken)
                await self._pause(len(events), began)

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> set[int] | None:
        """The places of the events that were rejected for a clock that is wrong; None if the request is to be sent again."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            async with session.post(f"{self._collector}/v1/events", data=body, headers=headers) as answer:
                answered = await answer.json()
                if answer.status in (429, 502, 503, 504):
                    self.ledger.repeats[f"http {answer.status}"] += 1
                    assert answer.status != 503 or "Retry-After" in answer.headers
                    return None
                rejected = answered.get("rejected", [])
                is_clock = all(one["reason"] == "time_in_future" for one in rejected)
                if (rejected or answer.status >= 300) and not (self.may_be_rejected and is_clock):
                    raise AssertionError(f"the collector rejected the load: {answer.status} {answered}")
                return {one["index"] for one in rejected}
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None


def _incoming(event: Event) -> dict[str, Any]:
    fields = msgspec.to_builtins(event)
    return {
        name: value for name, value in fields.items() if name not in ("received_at_ms", "platform", "source")
    }


async def _producer(kafka: str) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, acks="all", enable_idempotence=True, linger_ms=2, request_timeout_ms=5000
    )
    try:
        await asyncio.wait_for(producer.start(), within(PATIENCE_S))
    except BaseException:
        await _drop(producer)
        raise
    return producer


async def _produce(producer: AIOKafkaProducer, events: list[Event]) -> None:
    waiting = [
        await producer.send(
            EVENTS, ENCODE(event), key=event.store_id.encode(), timestamp_ms=event.received_at_ms
        )
        for event in events
    ]
    await asyncio.gather(*waiting)


class _Direct:
    """Sends into Kafka; sends the same again, with a new producer, until it is acknowledged."""

    def __init__(self, kafka: str, ledger: Ledger) -> None:
        self._kafka, self._ledger = kafka, ledger
        self._producer: AIOKafkaProducer | None = None

    async def send(self, events: list[Event]) -> None:
        attempt = 0
        while True:
            try:
                self._producer = self._producer or await _producer(self._kafka)
                await asyncio.wait_for(_produce(self._producer, events), within(PATIENCE_S))
                break
            except (KafkaError, OSError, TimeoutError):
                attempt += 1
                self._ledger.repeats["kafka"] += 1
                await self.close()
                await asyncio.sleep(min(1.0, 0.2 * attempt))
        self._ledger.note(events)

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        await _drop(producer)


async def _drop(producer: AIOKafkaProducer | None) -> None:
    if producer is not None:
        with contextlib.suppress(Exception):  # it is broken; only its sockets matter
            await asyncio.wait_for(producer.stop(), within(2))
