"""``POST /VERSION/DATASET/events``: Meta's Conversions API, so that what a shop's server already sends to Meta can be sent here too."""

from __future__ import annotations

from functools import partial

import msgspec
from aiohttp import web

from scoring.events.event import Source
from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.collector.answers import RequestRejectedError, json_response
from streams.collector.door import Door, DoorHost
from streams.collector.edge import Edge
from streams.sources.meta.mapping import translate
from streams.sources.source import SourceSpec, Supply
from streams.sources.tag_events import UnknownBodyError, read_body, said_under, store_of, text_of

#: Meta takes 1,000 events; with their hashed user data about a megabyte
_MAX_BYTES, _MAX_EVENTS = 2_000_000, 1_000
#: error codes of the Graph API, which clients look at: invalid token, asked too often, invalid parameter
_CODES = {401: 190, 403: 190, 429: 4}


async def receive(host: DoorHost, door: Door, request: web.Request) -> web.Response:
    """Answer as the Graph API does; its clients read nothing else."""
    try:
        return await _receive(host, door, request)
    except RequestRejectedError as error:
        code = _CODES.get(error.status, 100)
        kind = "OAuthException" if code == 190 else "GraphMethodException"
        content = {"message": str(error), "type": kind, "code": code, "error_user_title": error.reason}
        return json_response(error.status, {"error": content}, error.headers)


async def _receive(host: DoorHost, door: Door, request: web.Request) -> web.Response:
    token = request.query.get("access_token", "")
    # a body without a token in the query is read first, because it may carry it
    grant = host.admit(door, token) if token else None
    body = await host.body(request, door, grant)
    off_loop = partial(host.intake.off_loop, len(body))
    # nothing else is looked at before it is known whose body it is
    grant = grant or host.admit(door, await off_loop(partial(said_under, body, "access_token")))
    store = store_of(grant, request.query.get("store", ""))
    try:
        read = await off_loop(partial(read_body, body, "data", ("test_event_code",), _MAX_EVENTS))
    except UnknownBodyError as error:
        raise RequestRejectedError(400, "unknown_body", str(error)) from error
    if text_of(read.fields.get("test_event_code")):
        return json_response(200, {"events_received": 0, "messages": ["test events are not counted"]})
    made = await off_loop(partial(translate, read.pieces, store))
    messages = [f"{number} {name}: no stage of the funnel" for name, number in made.left_out.items()]
    if made.events:
        events = msgspec.json.encode(made.events)
        result = await host.accept(events, door, {store: grant.stores[store]}, Edge(), grant=grant)
        messages += [f"event {one.index}: {one.rejection.detail}" for one in result.rejected]
        if result.rejected and not (result.accepted or result.duplicates):
            raise RequestRejectedError(400, result.rejected[0].rejection.reason.value, messages[-1])
    return json_response(200, {"events_received": len(read.pieces), "messages": messages})


SOURCE = SourceSpec(
    name="meta",
    words=Text("Meta 转化 API", "Meta Conversions API"),
    supplies={Stage.CLICK: Supply.EVENT, Stage.ADD_TO_CART: Supply.EVENT, Stage.ORDER: Supply.EVENT},
    definition=Text(
        "点击：打开商品页（ViewContent）；加购：AddToCart；下单：Purchase，按 order_id 只计一次，不代表已付款；时间是 event_time。"
        "看不到曝光、付款、发货和复购。",
        "Click: a product's page opened (ViewContent). Add to cart: AddToCart. Order: Purchase, once per order_id, no proof of payment. "
        "The time is event_time. It does not see impressions, payment, fulfilment and repurchase.",
    ),
    events_as=(Source.API,),
    doors=(
        Door(
            "/{version}/{dataset}/events",
            receive,
            Source.API,
            max_bytes=_MAX_BYTES,
            max_events=_MAX_EVENTS,
            key_place="as access_token, in the query or the body",
        ),
    ),
)
