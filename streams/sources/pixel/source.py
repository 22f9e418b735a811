"""The page's pixel: a script and its beacons, and a picture for mails and pages without script.

Its key is public, since it is part of the page: what only the shop can know is not accepted from it.
"""

from __future__ import annotations

import hashlib
from functools import partial
from importlib.resources import files

from aiohttp import web

from scoring.events.event import EventType, Source
from scoring.funnel.stages import STAGE_INDEX, STAGES, Stage
from scoring.wording.text import Text
from streams.clock import now_ms
from streams.collector.answers import RETRY_UNREACHABLE_S, RequestRejectedError, answer_of
from streams.collector.door import CORS, Door, DoorHost, Trust
from streams.collector.keys import key_of
from streams.collector.spool import SpoolFullError
from streams.kafka.errors import KafkaUnreachableError
from streams.sources.pixel.beacon import beacon_key, read_beacon
from streams.sources.source import SourceSpec, Supply

#: the stages that happen on a page
_SEEN = STAGES[: STAGE_INDEX[Stage.ORDER] + 1]
#: what a page may claim
TYPES = frozenset(
    {
        *(EventType(stage.value) for stage in _SEEN),
        EventType.FAVOURITE,
        EventType.PAGE_VITAL,
        EventType.SEARCH,
        EventType.COUPON,
        EventType.CHECKOUT,
    }
)
#: the smallest transparent GIF
_GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
#: a browser's clock that is further off than this is corrected by what it said it was on sending
_SKEW_MS = 30_000
#: a browser sends at most 64 KiB in a beacon; a body is read before its key is known
_BEACON_BYTES = 256_000
#: the script sends at most 40 at once
_BEACON_EVENTS = 500
_SHORT_NAMES = {"t": "type", "s": "store_id", "e": "event_id", "v": "visitor", "n": "session", "p": "product"}
_WRITTEN = files("streams.sources.pixel").joinpath("static/funnel.js").read_bytes().splitlines()
#: without indents and lines of comment
_SCRIPT = b"\n".join(line.strip() for line in _WRITTEN if not line.lstrip().startswith(b"//"))
_SCRIPT_TAG = f'"{hashlib.sha256(_SCRIPT).hexdigest()[:20]}"'


async def beacon(host: DoorHost, door: Door, request: web.Request) -> web.Response:
    """``POST /v1/pixel``: a beacon of the page's script; text/plain, so that browsers ask no leave beforehand."""
    key = key_of(request.headers, request.query)
    grant = host.admit(door, key) if key else None
    # a body without a key in the query is read first, because a beacon can carry it nowhere else
    body = await host.body(request, door, grant)
    if grant is None:
        grant = host.admit(door, beacon_key(body))
    content = await host.intake.off_loop(len(body), partial(read_beacon, body))
    edge = host.edge(request, content.zone)
    skew = now_ms() - content.sent_ms if content.sent_ms else 0
    shift_ms = skew if abs(skew) > _SKEW_MS else 0
    return answer_of(await host.accept(content.events, door, grant.stores, edge, shift_ms, grant), CORS)


async def picture(host: DoorHost, door: Door, request: web.Request) -> web.Response:
    """``GET /p.gif``: one event in the query, for mails and pages without script. Always answers with the picture."""
    fields: dict[str, object] = {}
    for name, value in request.query.items():
        if name not in ("k", "_"):
            fields[_SHORT_NAMES.get(name, name)] = value
    when = fields.get("event_time", fields.pop("event_time_ms", None))
    fields["event_time"] = _whole(when) if when is not None else now_ms()
    if "quantity" in fields:
        fields["quantity"] = _whole(fields["quantity"])
    status, headers = 200, {**CORS, "Cache-Control": "no-store, max-age=0", "Pragma": "no-cache"}
    try:
        grant = host.admit(door, key_of(request.headers, request.query))
        result = await host.accept([fields], door, grant.stores, host.edge(request), grant=grant)
        if result.rejected:
            status = 400
            headers["X-Funnelwatch-Reason"] = result.rejected[0].rejection.reason.value
    except RequestRejectedError as error:
        status = error.status
        headers.update({"X-Funnelwatch-Reason": error.reason, **error.headers})
    except (SpoolFullError, KafkaUnreachableError):
        status = 503
        headers["Retry-After"] = RETRY_UNREACHABLE_S
    return web.Response(status=status, body=_GIF, content_type="image/gif", headers=headers)


async def script(host: DoorHost, door: Door, request: web.Request) -> web.Response:
    """``GET /funnel.js``: the pixel."""
    headers = {**CORS, "ETag": _SCRIPT_TAG, "Cache-Control": "public, max-age=3600"}
    headers["Vary"] = "Accept-Encoding"
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    asked = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
    if _SCRIPT_TAG in asked:
        return web.Response(status=304, headers=headers)
    response = web.Response(body=_SCRIPT, content_type="text/javascript", charset="utf-8", headers=headers)
    response.enable_compression()
    return response


def _whole(text: object) -> object:
    is_number = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_number else text  # type: ignore[call-overload]


_IN_QUERY = "in the query as k=…"
SOURCE = SourceSpec(
    name="pixel",
    words=Text("页面像素", "Pixel"),
    supplies=dict.fromkeys(_SEEN, Supply.EVENT),
    definition=Text(
        "页面上的脚本看到的展示、点击、加购和下单；看不到付款、发货和复购，也看不到拦截脚本的访客。",
        "What the page's script sees: impressions, clicks, carts and orders. It does not see payment, fulfilment and repurchase, "
        "nor visitors whose browser blocks it.",
    ),
    events_as=(Source.PIXEL,),
    doors=(
        Door(
            "/v1/pixel",
            beacon,
            Source.PIXEL,
            types=TYPES,
            trust=Trust.PUBLIC,
            any_origin=True,
            max_bytes=_BEACON_BYTES,
            max_events=_BEACON_EVENTS,
            key_place=_IN_QUERY,
        ),
        Door(
            "/p.gif",
            picture,
            Source.PIXEL,
            method="GET",
            types=TYPES,
            trust=Trust.PUBLIC,
            any_origin=True,
            key_place=_IN_QUERY,
        ),
        Door("/funnel.js", script, Source.PIXEL, method="GET", types=TYPES, trust=Trust.PUBLIC),
    ),
)
