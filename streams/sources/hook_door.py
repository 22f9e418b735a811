"""The door of webhooks, ``/v1/hooks/SOURCE/CONNECTION``: verified over the raw bytes, masked, kept, answered. Nothing is translated here.

A platform that waits longer than half a second counts a failure and may end the subscription. So the answer comes as soon as Kafka or
the disk has the delivery, and where Kafka takes too long, the disk has it.

On the path of an event: next to ``streams/collector/server.py``; then the topic ``funnel.raw.v1``, which the role ``sources`` translates.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec
from aiohttp import web

from scoring.events.event import Source
from scoring.events.personal_values import mask_text
from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import mask_document
from scoring.records.raw_delivery import RawDelivery
from scoring.sources.json_values import UnreadableValueError, read_json
from scoring.sources.signatures import SignatureVerdict
from streams.clock import monotonic, now_ms
from streams.collector.answers import RETRY_UNREACHABLE_S, RequestRejectedError
from streams.collector.bodies import content_of
from streams.collector.door import Door, DoorHost
from streams.collector.frames import Record
from streams.collector.keys import BURST_S, BYTES_A_REQUEST
from streams.errors import StateError
from streams.kafka import topics
from streams.metrics import HOOKS_DELIVERIES
from streams.schema import ConfigError
from streams.sources.connection import Connection
from streams.sources.directory import ConnectionDirectory
from streams.sources.source import Hook, HookAnswer, HookLabel, HookRequest, SourceSpec

T = TypeVar("T")
PATH = "/v1/hooks/{source}/{connection}"
#: of a body: what is kept of it is one record of Kafka
MAX_BYTES = 700_000
#: Kafka may owe an acknowledgement for so long before the disk takes deliveries, so that an answer is there within 500 ms
WITHIN_S = 0.3
#: bytes of a body that are looked at on the event loop
_FEW_BYTES = 8192
_LONGEST_TOPIC = 128

#: why a delivery is rejected, for its sender
VERDICT_TEXTS = {
    SignatureVerdict.NO_SIGNATURE: "the header with the signature is missing, or its prefix is another",
    SignatureVerdict.BAD_SIGNATURE: "the signature does not fit the raw body",
    SignatureVerdict.NO_TIMESTAMP: "the time of sending is missing",
    SignatureVerdict.OTHER_ACCOUNT: "the delivery is of another account than this connection's",
    SignatureVerdict.STALE_TIMESTAMP: "the time of sending is too far from now; set up NTP",
}


@dataclass(slots=True)
class _DeliveryRate:
    """A connection's bucket: what is genuine fills it. What is not costs a hash, and takes nothing from those who are."""

    tokens: float
    at_s: float = field(default_factory=monotonic)

    def wait_s(self, rate: float, size: int) -> float:
        now_s = monotonic()
        self.tokens = min(rate * BURST_S, self.tokens + (now_s - self.at_s) * rate)
        self.at_s = now_s
        if self.tokens < 1:
            return (1 - self.tokens) / rate
        self.tokens -= max(1.0, size / BYTES_A_REQUEST)
        return 0.0


class HookDoor:
    """The handler of the door.

    Args:
        directory: the connections.
        specs: the sources by name.
        rate: deliveries a second of each connection.
        rename: a topic's name on this broker.
    """

    def __init__(
        self,
        directory: ConnectionDirectory,
        specs: Mapping[str, SourceSpec],
        rate: float,
        rename: Callable[[str], str] = str,
    ) -> None:
        self._directory, self._specs, self._rate = directory, specs, rate
        self._topic = rename(topics.RAW)
        self._rates: dict[str, _DeliveryRate] = {}

    @property
    def doors(self) -> tuple[Door, ...]:
        """For deliveries, and for checks of the address."""
        post = Door(PATH, self.receive, Source.WEBHOOK, max_bytes=MAX_BYTES)
        return post, Door(PATH, self.check_address, Source.WEBHOOK, method="GET")

    async def check_address(self, host: DoorHost, door: Door, request: web.Request) -> web.Response:
        """``GET``: what a platform asks before it delivers."""
        connection, hook = self._known(request)
        answer = hook.handshake(_asked(request, b""), connection)
        HOOKS_DELIVERIES.labels(connection.source, "handshake").inc()
        return _response(answer or HookAnswer(405))

    async def receive(self, host: DoorHost, door: Door, request: web.Request) -> web.Response:
        """``POST``: a delivery."""
        connection, hook = self._known(request)
        raw = await host.raw(request, door)
        asked = _asked(request, raw)
        try:
            answer = hook.handshake(asked, connection)
            if answer is not None:
                HOOKS_DELIVERIES.labels(connection.source, "handshake").inc()
                return _response(answer)
            verdict = await _off_loop(len(raw), hook.verify, asked, connection)
        except (ConfigError, StateError) as error:
            HOOKS_DELIVERIES.labels(connection.source, "secret_missing").inc()
            headers = {"Retry-After": RETRY_UNREACHABLE_S}
            detail = "the connection's secret is not at hand; it is delivered again later"
            raise RequestRejectedError(503, "secret_missing", detail, headers) from error
        if verdict is not SignatureVerdict.GENUINE:
            HOOKS_DELIVERIES.labels(connection.source, verdict.value).inc()
            raise RequestRejectedError(401, verdict.value, VERDICT_TEXTS[verdict])
        self._charge(connection, len(raw))
        content = await content_of(raw, request.headers, MAX_BYTES)
        delivery = await _off_loop(len(content), self._delivery, host, asked, content, connection, hook)
        await self._keep(host, delivery)
        HOOKS_DELIVERIES.labels(connection.source, "kept").inc()
        return _response(hook.answer)

    def _known(self, request: web.Request) -> tuple[Connection, Hook]:
        """The connection that is delivered to."""
        source, name = request.match_info["source"], request.match_info["connection"]
        connection, spec = self._directory.get(name, source), self._specs.get(source)
        if connection is None and not self._directory.is_whole:
            headers = {"Retry-After": RETRY_UNREACHABLE_S}
            raise RequestRejectedError(503, "unavailable", "connections are not known yet", headers)
        if connection is None or spec is None or spec.hook is None:
            raise RequestRejectedError(404, "unknown_connection", "there is no such connection")
        return connection, spec.hook

    def _charge(self, connection: Connection, size: int) -> None:
        """Reject what comes too often; only genuine deliveries count, so that a stranger cannot shut a shop out."""
        bucket = self._rates.setdefault(connection.name, _DeliveryRate(self._rate * BURST_S))
        wait_s = bucket.wait_s(self._rate, size)
        if wait_s > 0:
            HOOKS_DELIVERIES.labels(connection.source, "too_many").inc()
            headers = {"Retry-After": str(max(1, math.ceil(wait_s)))}
            detail = f"more than {self._rate:g} deliveries a second by this connection"
            raise RequestRejectedError(429, "too_many_requests", detail, headers)

    def _delivery(
        self, host: DoorHost, asked: HookRequest, content: bytes, connection: Connection, hook: Hook
    ) -> RawDelivery:
        """What is kept: personal data ends here."""
        try:
            document = read_json(content)
        except (UnreadableValueError, UnicodeDecodeError):
            document = None
        label = hook.label(asked, document, connection)
        of = host.intake.pseudonyms.marked
        body = mask_document(
            content,
            partial(of, label.store or connection.stores[0]),
            hook.personal(connection),
            hook.people(connection),
            hook.kept(connection),
            hook.only(connection),
            hook.ids(connection),
            hook.stores(connection),
            lambda store: partial(of, store) if store in connection.stores else None,
        )
        return RawDelivery(
            delivery_id=delivery_id(connection, label, content, host.intake.pseudonyms),
            source=connection.source,
            connection=connection.name,
            received_at_ms=now_ms(),
            topic=mask_text(label.topic[:_LONGEST_TOPIC]),
            body=body,
            headers={
                name: mask_text(asked.headers[name][:256])
                for name in hook.kept_headers
                if name in asked.headers
            },
        )

    async def _keep(self, host: DoorHost, delivery: RawDelivery) -> None:
        value = msgspec.json.encode(delivery)
        key = f"{delivery.source}/{delivery.connection}".encode()
        record = Record(self._topic, key, delivery.received_at_ms, value)
        await host.intake.publisher.publish([record], within_s=WITHIN_S)


def delivery_id(connection: Connection, label: HookLabel, content: bytes, pseudonyms: Pseudonyms) -> str:
    """What a delivery is recognised by: the platform's own id, else its bytes. A retry has the same."""
    parts: Sequence[bytes] = (
        connection.key.encode(),
        label.topic.encode("utf-8", "replace") if label.delivery_id else b"",
        label.delivery_id.encode("utf-8", "replace") or content,
    )
    return pseudonyms.digest(b"\0".join(parts))


def _asked(request: web.Request, raw: bytes) -> HookRequest:
    return HookRequest(request.method, raw, request.headers, request.query, now_ms() / 1000)


async def _off_loop(size: int, work: Callable[..., T], *arguments: object) -> T:
    """``work`` next to the event loop, unless there is little to do."""
    if size <= _FEW_BYTES:
        return work(*arguments)
    return await asyncio.to_thread(work, *arguments)


def _response(answer: HookAnswer) -> web.Response:
    return web.Response(
        status=answer.status, body=answer.body, content_type=answer.content_type if answer.body else None
    )
