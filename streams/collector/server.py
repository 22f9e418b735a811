"""The collector's HTTP interface. It answers only when every record is in Kafka or safe on disk.

On the path of an event: the first file. Its routes are the doors of the sources (``streams/sources``); a door's handler hands
the body to ``streams/collector/intake.py``.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import partial

import msgspec
import structlog
from aiohttp import web

from scoring.events.delivery import StoreDefaults
from scoring.events.event import Event, RejectReason
from scoring.events.rejections import shown
from streams import tracing
from streams.clock import monotonic
from streams.collector.answers import RETRY_UNREACHABLE_S, RequestRejectedError, json_response
from streams.collector.bodies import (
    KEPT_BYTES,
    BodyTooLargeError,
    BodyUnreadableError,
    StrangersRoom,
    content_of,
    read_raw,
)
from streams.collector.door import CORS, Door, Trust
from streams.collector.edge import Edge, EdgeReader
from streams.collector.intake import EventIntake, IntakeResult, rejected_record
from streams.collector.keys import Grant, WriteKeys
from streams.collector.publisher import RecordsRejectedError
from streams.collector.spool import SpoolFullError
from streams.collector.store_rates import StoreRates
from streams.kafka.errors import KafkaUnreachableError
from streams.metrics import COLLECTOR_REQUESTS, COLLECTOR_SECONDS
from streams.settings import Settings

_log = structlog.get_logger()

_PREFLIGHT = {
    **CORS,
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}
#: content types that surely hold no JSON; anything else is looked at (curl's default says "form")
_NOT_JSON = (
    "multipart/",
    "text/csv",
    "text/html",
    "text/xml",
    "application/xml",
    "image/",
    "audio/",
    "video/",
)
_HEALTH = "/healthz"


class CollectorApp:
    """The handlers' host (``DoorHost``): keys, limits and the intake.

    Args:
        settings: limits.
        intake: where events go.
        keys: who may send.
        doors: of all sources.
    """

    def __init__(
        self, settings: Settings, intake: EventIntake, keys: WriteKeys, doors: Sequence[Door]
    ) -> None:
        self._settings = settings
        self.intake = intake
        self._keys = keys
        self._doors = tuple(doors)
        self._edge = EdgeReader(settings.trusted_proxies)
        self._store_rates = StoreRates(settings.collector_store_rate, monotonic)
        self._strangers = StrangersRoom()

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[self._answer_errors])
        for door in self._doors:
            handler = partial(door.handle, self, door)
            if door.method == "GET":
                app.router.add_get(door.path, handler)
                continue
            app.router.add_route(door.method, door.path, handler)
            if door.any_origin:
                app.router.add_options(door.path, self._preflight)
        app.router.add_get(_HEALTH, self._health)
        return app

    async def _preflight(self, request: web.Request) -> web.Response:
        """Any page may send, ``Origin: null`` included; the key decides."""
        return web.Response(status=204, headers=_PREFLIGHT)

    async def _health(self, request: web.Request) -> web.Response:
        """``GET /healthz``: 200 while events are taken, from the broker or the spool."""
        publisher = self.intake.publisher
        state = "ok" if publisher.is_broker_there else "degraded"
        content = {
            "state": state,
            "broker": publisher.is_broker_there,
            "spooled_bytes": publisher.spooled_bytes,
        }
        return json_response(200, content, {"Cache-Control": "no-store"})

    # what doors ask of their host

    def admit(self, door: Door, key: str) -> Grant:
        """What ``key`` may do at ``door``."""
        if not key:
            headers = {"WWW-Authenticate": 'Bearer realm="funnelwatch"'}
            detail = f"a write key is needed; send it {door.key_place}"
            raise RequestRejectedError(401, "no_key", detail, headers)
        grant = self._keys.grant(key)
        if grant is None:
            headers = {"WWW-Authenticate": 'Bearer realm="funnelwatch", error="invalid_token"'}
            raise RequestRejectedError(401, "unknown_key", "unknown write key", headers)
        if grant.is_pixel_only and door.trust is not Trust.PUBLIC:
            raise RequestRejectedError(
                403, "pixel_key", "this key is for the pixel (/v1/pixel) only; use one of the store's `keys`"
            )
        wait_s = self._keys.wait_s(grant)
        if wait_s > 0:
            raise self._too_many_requests(wait_s)
        return grant

    def edge(self, request: web.Request, zone: str = "") -> Edge:
        """What the request's connection and headers say of a browser."""
        return self._edge.read(request.remote, request.headers, zone)

    async def body(self, request: web.Request, door: Door, grant: Grant | None) -> bytes:
        """The whole body, decompressed."""
        kind = request.headers.get("Content-Type", "").lower()
        if kind.startswith(_NOT_JSON):
            detail = (
                f"Content-Type {kind[:60]!r} is not accepted; send application/json or application/x-ndjson"
            )
            raise RequestRejectedError(415, "unsupported_media_type", detail)
        stores = grant.stores if grant is not None else None
        raw = await self._raw(request, door, stores)
        try:
            return await content_of(raw, request.headers, self._limit(door))
        except (BodyTooLargeError, BodyUnreadableError) as error:
            raise await self._rejected_body(error, door, stores) from error

    async def raw(self, request: web.Request, door: Door) -> bytes:
        """The whole body as it came."""
        return await self._raw(request, door, None)

    async def verified(self, request: web.Request, door: Door, secret: str) -> bytes:
        """The whole body as it came, if the door's ``verify`` finds it genuine."""
        raw = await self._raw(request, door, None)
        if door.verify is None or not await self.intake.off_loop(
            len(raw), partial(door.verify, raw, request.headers, secret)
        ):
            raise RequestRejectedError(401, "bad_signature", "the signature does not fit the body")
        return raw

    async def accept(
        self,
        body: bytes | Sequence[object],
        door: Door,
        stores: Mapping[str, StoreDefaults],
        edge: Edge,
        shift_ms: int = 0,
        grant: Grant | None = None,
    ) -> IntakeResult:
        """What became of the events of ``body``."""
        count, size = len(body), 0
        if isinstance(body, bytes):
            count, size = await self.intake.count(body), len(body)
        if grant is not None:
            self._keys.charge(grant, events=count, size=size)
        most = self._settings.collector_batch_events
        most = most if door.max_events is None else min(most, door.max_events)
        if count > most:
            detail = f"{count:,} events in one request, at most {most:,} are taken"
            head = body[:KEPT_BYTES] if isinstance(body, bytes) else b""
            await self._keep(RejectReason.TOO_LARGE, detail, head, door, stores)
            raise RequestRejectedError(413, "too_many_events", detail)
        turn = nullcontext if grant is None else partial(self._turn, grant)
        intake = self.intake.bounded(door.path, turn, partial(self._within_rates, door), count)
        result = await intake.accept(
            body, source=door.source, types=door.types, stores=stores, edge=edge, shift_ms=shift_ms
        )
        if grant is not None:
            self._keys.charge_work(
                grant,
                events=count,
                size=size,
                rejected=len(result.rejected),
                processor_s=result.processor_s,
            )
        return result

    @asynccontextmanager
    async def _turn(self, grant: Grant) -> AsyncIterator[None]:
        """A key's turn at the thread off the loop; not for one whose requests before it have taken too much."""
        async with grant.turn:
            wait_s = self._keys.debt_s(grant)
            if wait_s > 0:
                raise self._too_many_requests(wait_s)
            yield

    def _within_rates(self, door: Door, events: Sequence[Event]) -> None:
        """Reject a request whose stores' pages have sent too much."""
        if door.trust is not Trust.PUBLIC:
            return
        wait_s, store = self._store_rates.wait_s(event.store_id for event in events)
        if wait_s > 0:
            detail = f"more than {self._settings.collector_store_rate:g} events a second from the pages of store {store}"
            raise RequestRejectedError(429, "too_many_events", detail, _retry_after(wait_s))

    def _too_many_requests(self, wait_s: float) -> RequestRejectedError:
        detail = (
            f"more than {self._settings.collector_rate:g} requests a second with this key; send batches of some "
            "100 events, for each 100 count as a request, as do 10 rejected ones and 100 kB"
        )
        return RequestRejectedError(429, "too_many_requests", detail, _retry_after(wait_s))

    def _limit(self, door: Door) -> int:
        limit = self._settings.collector_body_bytes
        return limit if door.max_bytes is None else min(limit, door.max_bytes)

    async def _raw(
        self, request: web.Request, door: Door, stores: Mapping[str, StoreDefaults] | None
    ) -> bytes:
        try:
            return await read_raw(request, self._limit(door), self._strangers if stores is None else None)
        except BodyTooLargeError as error:
            raise await self._rejected_body(error, door, stores) from error
        except TimeoutError as error:
            detail = "the body did not arrive in time"
            raise RequestRejectedError(408, "timeout", detail, {"Connection": "close"}) from error

    async def _rejected_body(
        self,
        error: BodyTooLargeError | BodyUnreadableError,
        door: Door,
        stores: Mapping[str, StoreDefaults] | None,
    ) -> RequestRejectedError:
        """The answer to a body that cannot be looked into."""
        if isinstance(error, BodyTooLargeError):
            await self._keep(RejectReason.TOO_LARGE, str(error), error.head, door, stores)
            reason = RejectReason.TOO_LARGE.value
            return RequestRejectedError(413, reason, str(error), {"Connection": "close"})
        await self._keep(RejectReason.UNREADABLE_BODY, str(error), error.head, door, stores)
        return RequestRejectedError(error.status, RejectReason.UNREADABLE_BODY.value, str(error))

    async def _keep(
        self,
        reason: RejectReason,
        detail: str,
        head: bytes,
        door: Door,
        stores: Mapping[str, StoreDefaults] | None,
    ) -> None:
        """Make a dead letter of a body that cannot be looked into; not of a stranger's."""
        if stores is not None:
            letter = rejected_record(reason, detail, head)
            intake = self.intake.bounded(door.path, nullcontext, partial(self._within_rates, door))
            await intake.reject([letter], source=door.source, stores=stores)

    @property
    def _answer_errors(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        paths = {_HEALTH, *(door.path for door in self._doors)}
        open_paths = {door.path for door in self._doors if door.any_origin}

        @web.middleware
        async def answer(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            """Turn errors into answers, count, and log without query, key, address or user agent."""
            begun = monotonic()
            path = _path_of(request)
            path = path if path in paths else "other"
            if tracing.is_on():
                sender = request.headers.get("traceparent", "")
                tracing.REQUEST.set(tracing.TracedRequest(path, tracing.now_ns(), sender))
            response = await _answered(request, handler, CORS if path in open_paths else {})
            COLLECTOR_REQUESTS.labels(path, str(response.status)).inc()
            COLLECTOR_SECONDS.labels(path).observe(monotonic() - begun)
            if response.status >= 400:
                _log.info("request_rejected", method=request.method, path=path, status=response.status)
            return response

        return answer


def _path_of(request: web.Request) -> str:
    """The path as its door names it: with places for what differs from request to request."""
    resource = request.match_info.route.resource
    return request.path if resource is None else resource.canonical


def _retry_after(wait_s: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, math.ceil(wait_s)))}


async def _answered(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    cors: Mapping[str, str],
) -> web.StreamResponse:
    try:
        return await handler(request)
    except RequestRejectedError as error:
        content = {"error": str(error), "reason": error.reason}
        return json_response(error.status, content, {**cors, **error.headers})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # a genuine delivery of another shape than its door reads: its sender has changed, or sends another kind
        content = {"error": f"the body is not what this door takes: {shown(str(error), 200)}"}
        return json_response(400, {**content, "reason": "unexpected_body"}, cors)
    except (SpoolFullError, KafkaUnreachableError) as error:
        content = {"error": f"events cannot be kept at the moment: {error}", "reason": "unavailable"}
        return json_response(503, content, {**cors, "Retry-After": RETRY_UNREACHABLE_S})
    except RecordsRejectedError as error:
        return json_response(413, {"error": str(error), "reason": "too_large"}, cors)
    except BodyUnreadableError as error:
        return json_response(
            error.status, {"error": str(error), "reason": RejectReason.UNREADABLE_BODY}, cors
        )
    except BodyTooLargeError as error:
        return json_response(413, {"error": str(error), "reason": RejectReason.TOO_LARGE}, cors)
    except web.HTTPException as error:
        content = {"error": error.reason, "reason": f"http_{error.status}"}
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return json_response(error.status, content, {**cors, **allowed})
