"""The collector's HTTP interface. It answers only when every record is in Kafka or safe on disk.

On the path of an event: the first file. Hands the body to ``streams/collector/intake.py``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Any

import msgspec
import structlog
from aiohttp import web
from multidict import CIMultiDict

from scoring.events.event import RejectReason, Source
from streams.clock import monotonic, now_ms
from streams.collector.bodies import BodyTooLargeError, BodyUnreadableError, read_body
from streams.collector.edge import Edge, EdgeReader
from streams.collector.intake import EventIntake, IntakeResult, TooManyEventsError, rejected_record
from streams.collector.keys import Grant, WriteKeys, key_of
from streams.collector.spool import SpoolFullError
from streams.errors import InputError
from streams.kafka.errors import KafkaUnreachableError
from streams.metrics import COLLECTOR_REQUESTS, COLLECTOR_SECONDS
from streams.settings import Settings

log = structlog.get_logger()

#: the smallest transparent GIF
_GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_CORS = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    **_CORS,
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
#: rejects listed in an answer; all of them become dead letters
_LISTED = 1000
#: a browser's clock that is further off than this is corrected by what it said it was on sending
_SKEW_MS = 30_000
#: a browser sends at most 64 KiB in a beacon; a body is read before its key is known
_BEACON_BYTES = 256_000
_RETRY_AWAY_S = "5"
_SHORT_NAMES = {"t": "type", "s": "store_id", "e": "event_id", "v": "visitor", "n": "session", "p": "product"}
_PATHS = frozenset({"/v1/events", "/v1/pixel", "/p.gif", "/funnel.js", "/healthz"})


class PixelBody(msgspec.Struct, frozen=True):
    """What the pixel sends: its key, its clock on sending, its time zone, and events like those of ``/v1/events``."""

    events: list[msgspec.Raw]
    k: str = ""
    sent: int | None = None
    zone: str = ""


_PIXEL = msgspec.json.Decoder(PixelBody)


class RequestRejectedError(InputError):
    """A request that is refused as a whole: the middleware answers it."""

    def __init__(
        self, status: int, reason: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


def _json(status: int, content: object, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(content) + b"\n",
        content_type="application/json",
        headers=CIMultiDict(headers or {}),
    )


class CollectorApp:
    """The handlers and what they need."""

    def __init__(self, settings: Settings, intake: EventIntake, keys: WriteKeys) -> None:
        """Prepare; ``application`` gives what aiohttp serves."""
        self._settings = settings
        self._intake = intake
        self._keys = keys
        self._edge = EdgeReader(settings.trusted_proxies)
        self._script = files("streams.collector").joinpath("static/funnel.js").read_bytes()
        self._script_tag = f'"{hashlib.sha256(self._script).hexdigest()[:20]}"'

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[_answer_refusals])
        app.router.add_post("/v1/events", self.events)
        app.router.add_post("/v1/pixel", self.pixel)
        app.router.add_options("/v1/pixel", self.preflight)
        app.router.add_get("/p.gif", self.gif)
        app.router.add_get("/funnel.js", self.script)
        app.router.add_get("/healthz", self.health)
        return app

    async def events(self, request: web.Request) -> web.Response:
        """``POST /v1/events``: from servers, with a write key."""
        grant = self._admit(key_of(request.headers), pixel=False)
        body = await self._body(request, Source.API, grant)
        result = await self._accept(body, grant, Source.API, Edge())
        return _answer(result)

    async def pixel(self, request: web.Request) -> web.Response:
        """``POST /v1/pixel``: a beacon of the page's script; text/plain, so that browsers ask no leave beforehand."""
        key = key_of(request.headers, request.query)
        grant = self._admit(key, pixel=True) if key else None
        # a body without a key in the query is read first, because a beacon can carry it nowhere else
        body = await self._body(request, Source.PIXEL, grant)
        zone, shift_ms = "", 0
        try:
            beacon = _PIXEL.decode(body)
        except (ValueError, RecursionError):
            pass
        else:
            if grant is None:
                grant = self._admit(beacon.k, pixel=True)
            body = b"[" + b",".join(bytes(event) for event in beacon.events) + b"]"
            zone = beacon.zone
            skew = now_ms() - beacon.sent if beacon.sent is not None else 0
            shift_ms = skew if abs(skew) > _SKEW_MS else 0
        if grant is None:
            grant = self._admit("", pixel=True)
        edge = self._edge.read(request.remote, request.headers, zone)
        return _answer(await self._accept(body, grant, Source.PIXEL, edge, shift_ms), _CORS)

    async def gif(self, request: web.Request) -> web.Response:
        """``GET /p.gif``: one event in the query, for mails and pages without script. Always answers with the picture."""
        fields: dict[str, object] = {}
        for name, value in request.query.items():
            if name not in ("k", "_"):
                fields[_SHORT_NAMES.get(name, name)] = value
        received_at_ms = now_ms()
        when = fields.get("event_time", fields.pop("event_time_ms", None))
        fields["event_time"] = _whole(when) if when is not None else received_at_ms
        if "quantity" in fields:
            fields["quantity"] = _whole(fields["quantity"])
        status, headers = 200, {**_CORS, "Cache-Control": "no-store, max-age=0", "Pragma": "no-cache"}
        try:
            grant = self._admit(key_of(request.headers, request.query), pixel=True)
            edge = self._edge.read(request.remote, request.headers)
            result = await self._intake.accept(
                [fields], source=Source.PIXEL, stores=grant.stores, edge=edge, received_at_ms=received_at_ms
            )
            if result.rejected:
                status = 400
                headers["X-Funnelwatch-Reason"] = result.rejected[0].rejection.reason.value
        except RequestRejectedError as refusal:
            status = refusal.status
            headers.update({"X-Funnelwatch-Reason": refusal.reason, **refusal.headers})
        except (SpoolFullError, KafkaUnreachableError):
            status = 503
            headers["Retry-After"] = _RETRY_AWAY_S
        return web.Response(status=status, body=_GIF, content_type="image/gif", headers=headers)

    async def script(self, request: web.Request) -> web.Response:
        """``GET /funnel.js``: the pixel."""
        headers = {**_CORS, "ETag": self._script_tag, "Cache-Control": "public, max-age=3600"}
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers["X-Content-Type-Options"] = "nosniff"
        asked = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
        if self._script_tag in asked:
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=self._script, content_type="text/javascript", charset="utf-8", headers=headers
        )

    async def preflight(self, request: web.Request) -> web.Response:
        """``OPTIONS /v1/pixel``: any page may send, ``Origin: null`` included; the key decides."""
        return web.Response(status=204, headers=_PREFLIGHT)

    async def health(self, request: web.Request) -> web.Response:
        """``GET /healthz``: 200 while events are taken, from the broker or the spool."""
        publisher = self._intake.publisher
        state = "ok" if publisher.is_broker_there else "degraded"
        content = {
            "state": state,
            "broker": publisher.is_broker_there,
            "spooled_bytes": publisher.spooled_bytes,
        }
        return _json(200, content, {"Cache-Control": "no-store"})

    def _admit(self, key: str, *, pixel: bool) -> Grant:
        if not key:
            where = (
                "in the query as k=…"
                if pixel
                else "as `Authorization: Bearer KEY` or `X-Funnelwatch-Key: KEY`"
            )
            headers = {"WWW-Authenticate": 'Bearer realm="funnelwatch"'}
            raise RequestRejectedError(401, "no_key", f"a write key is needed; send it {where}", headers)
        grant = self._keys.grant(key)
        if grant is None:
            headers = {"WWW-Authenticate": 'Bearer realm="funnelwatch", error="invalid_token"'}
            raise RequestRejectedError(401, "unknown_key", "this write key is not known here", headers)
        if grant.is_pixel_only and not pixel:
            raise RequestRejectedError(
                403, "pixel_key", "this key is for the pixel (/v1/pixel) only; use one of the store's `keys`"
            )
        wait_s = self._keys.wait_s(grant)
        if wait_s > 0:
            headers = {"Retry-After": str(max(1, math.ceil(wait_s)))}
            detail = f"more than {self._settings.collector_rate:g} requests a second with this key; send larger batches"
            raise RequestRejectedError(429, "too_many_requests", detail, headers)
        return grant

    async def _body(self, request: web.Request, source: Source, grant: Grant | None) -> bytes:
        kind = request.headers.get("Content-Type", "").lower()
        if kind.startswith(_NOT_JSON):
            detail = f"Content-Type {kind[:60]!r} is not taken; send application/json or application/x-ndjson"
            raise RequestRejectedError(415, "unsupported_media_type", detail)
        limit = self._settings.collector_body_bytes
        if request.path == "/v1/pixel":
            limit = min(limit, _BEACON_BYTES)
        try:
            return await read_body(request, limit)
        except BodyTooLargeError as error:
            await self._keep(RejectReason.TOO_LARGE, str(error), error.head, source, grant)
            raise RequestRejectedError(
                413, RejectReason.TOO_LARGE.value, str(error), {"Connection": "close"}
            ) from error
        except BodyUnreadableError as error:
            reason = RejectReason.UNREADABLE_BODY
            await self._keep(reason, str(error), error.head, source, grant)
            raise RequestRejectedError(error.status, reason.value, str(error)) from error
        except TimeoutError as error:
            raise RequestRejectedError(
                408, "timeout", "the body did not arrive in time", {"Connection": "close"}
            ) from error

    async def _keep(
        self, reason: RejectReason, detail: str, head: bytes, source: Source, grant: Grant | None
    ) -> None:
        """Make a dead letter of a body that cannot be looked into; not of a stranger's."""
        if grant is not None:
            letter = rejected_record(reason, detail, head)
            await self._intake.reject([letter], source=source, stores=grant.stores)

    async def _accept(
        self, body: bytes, grant: Grant, source: Source, edge: Edge, shift_ms: int = 0
    ) -> IntakeResult:
        try:
            return await self._intake.accept(
                body, source=source, stores=grant.stores, edge=edge, shift_ms=shift_ms
            )
        except TooManyEventsError as error:
            await self._keep(RejectReason.TOO_LARGE, str(error), body, source, grant)
            raise RequestRejectedError(413, "too_many_events", str(error)) from error


def _answer(result: IntakeResult, headers: Mapping[str, str] | None = None) -> web.Response:
    content: dict[str, Any] = {"accepted": result.accepted}
    if result.duplicates:
        content["duplicates"] = result.duplicates
    content["rejected"] = [
        {
            "index": one.index,
            "reason": one.rejection.reason,
            "field": one.rejection.field,
            "detail": one.rejection.detail,
        }
        for one in result.rejected[:_LISTED]
    ]
    if len(result.rejected) > _LISTED:
        content["rejected_total"] = len(result.rejected)
    if not result.rejected or result.accepted or result.duplicates:
        return _json(202, content, headers)
    first = result.rejected[0]
    content["error"] = f"event {first.index}: {first.rejection.detail}"
    return _json(400, content, headers)


def _whole(text: object) -> object:
    return (
        int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19 else text
    )


@web.middleware
async def _answer_refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn refusals into answers, count, and log without query, key, address or user agent."""
    begun = monotonic()
    path = request.path if request.path in _PATHS else "other"
    cors = _CORS if path in ("/v1/pixel", "/p.gif") else {}
    response: web.StreamResponse
    try:
        response = await handler(request)
    except RequestRejectedError as refusal:
        content = {"error": str(refusal), "reason": refusal.reason}
        response = _json(refusal.status, content, {**cors, **refusal.headers})
    except (SpoolFullError, KafkaUnreachableError) as error:
        content = {"error": f"events cannot be kept at the moment: {error}", "reason": "unavailable"}
        response = _json(503, content, {**cors, "Retry-After": _RETRY_AWAY_S})
    except web.HTTPException as error:
        content = {"error": error.reason, "reason": f"http_{error.status}"}
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        response = _json(error.status, content, {**cors, **allowed})
    seconds = monotonic() - begun
    COLLECTOR_REQUESTS.labels(path, str(response.status)).inc()
    COLLECTOR_SECONDS.labels(path).observe(seconds)
    if response.status >= 400:
        log.info("request refused", method=request.method, path=path, status=response.status)
    return response
