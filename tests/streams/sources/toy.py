"""A source of a newcomer, with a webhook: this file, and one line in the registry, are all it takes."""

from __future__ import annotations

import msgspec
from aiohttp import web

from scoring.events.event import EventType, Source
from scoring.funnel.stages import Stage
from scoring.wording.text import Text
from streams.collector.answers import answer_of
from streams.collector.door import Door, DoorHost, hmac_sha256
from streams.collector.edge import Edge
from streams.sources.source import SourceSpec, Supply

#: what the shop and the platform share; a real source has it from its part of the configuration
SHARED = "toy-secret"
SIGNATURE = "X-Toy-Signature"


class ToyOrder(msgspec.Struct):
    """A delivery: the platform's own names."""

    number: str
    placed_ms: int


async def receive(host: DoorHost, door: Door, request: web.Request) -> web.Response:
    """Translate a genuine delivery for the store of this connection."""
    order = msgspec.json.decode(await host.verified(request, door, SHARED), type=ToyOrder)
    event = {"type": "order", "order_id": order.number, "event_time_ms": order.placed_ms}
    stores = {"a": host.intake.stores["a"]}
    return answer_of(await host.accept(msgspec.json.encode(event), door, stores, Edge()))


TOY = SourceSpec(
    name="toy",
    words=Text("玩具", "Toy"),
    supplies={Stage.ORDER: Supply.EVENT},
    definition=Text("订单：平台收到的订单。", "Order: as the platform received it."),
    events_as=(Source.WEBHOOK,),
    doors=(
        Door(
            "/v1/hooks/toy",
            receive,
            Source.WEBHOOK,
            types=frozenset({EventType.ORDER}),
            verify=hmac_sha256(SIGNATURE),
        ),
    ),
)
