"""``POST /mp/collect``: GA4's Measurement Protocol, so that what a shop's server already sends to Google can be sent here too."""

from __future__ import annotations

from functools import partial

import msgspec
from aiohttp import web

from scoring.events.event import Source
from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.clock import now_ms
from streams.collector.answers import RequestRejectedError, answer_of
from streams.collector.door import Door, DoorHost
from streams.collector.edge import Edge
from streams.sources.ga4.mapping import translate
from streams.sources.source import SourceSpec, Supply
from streams.sources.tag_events import UnknownBodyError, store_of

#: Google takes 130 kB; a little more is let in, so that a limit of theirs is not first met here
_MAX_BYTES = 256_000


async def collect(host: DoorHost, door: Door, request: web.Request) -> web.Response:
    """Answer 204 as Google does, or what is wrong: Google would not say it."""
    grant = host.admit(door, request.query.get("api_secret", ""))
    store = store_of(grant, request.query.get("store", ""))
    body = await host.body(request, door, grant)
    try:
        made = await host.intake.off_loop(len(body), partial(translate, body, store, now_ms()))
    except UnknownBodyError as error:
        raise RequestRejectedError(400, "unknown_body", str(error)) from error
    left_out = {"X-Funnelwatch-Left-Out": str(made.left_out.total())} if made.left_out else {}
    if not made.events:
        return web.Response(status=204, headers=left_out)
    events = msgspec.json.encode(made.events)
    result = await host.accept(events, door, {store: grant.stores[store]}, Edge(), grant=grant)
    return answer_of(result, left_out) if result.rejected else web.Response(status=204, headers=left_out)


SOURCE = SourceSpec(
    name="ga4",
    words=Text("GA4 测量协议", "GA4 Measurement Protocol"),
    supplies={
        Stage.IMPRESSION: Supply.EVENT,
        Stage.CLICK: Supply.EVENT,
        Stage.ADD_TO_CART: Supply.EVENT,
        Stage.ORDER: Supply.EVENT,
    },
    definition=Text(
        "曝光：看到商品列表（view_item_list，一次列表算一次）；点击：打开商品页（view_item）；加购：add_to_cart；下单：purchase，"
        "按 transaction_id 只计一次，是感谢页所见，不代表已付款；时间是发送方给出的 timestamp_micros，没有则为收到的时间。"
        "看不到付款、发货和复购；select_item 不计，以免与 view_item 重复。",
        "Impression: a product list was shown (view_item_list, one a list). Click: a product's page opened (view_item). Add to cart: "
        "add_to_cart. Order: purchase, once per transaction_id; it is what the thank-you page saw, no proof of payment. The time is the "
        "sender's timestamp_micros, else when it came. It does not see payment, fulfilment and repurchase; select_item is left out, "
        "because view_item follows it.",
    ),
    events_as=(Source.API,),
    doors=(
        Door(
            "/mp/collect",
            collect,
            Source.API,
            max_bytes=_MAX_BYTES,
            key_place="in the query as api_secret=…",
        ),
    ),
)
