"""``POST /v1/events``: a shop's own servers send what happened, each with a secret write key."""

from __future__ import annotations

from aiohttp import web

from scoring.events.event import Source
from scoring.wording.text import Text
from streams.collector.answers import answer_of
from streams.collector.door import Door, DoorHost
from streams.collector.edge import Edge
from streams.collector.keys import key_of
from streams.sources.source import SourceSpec, Supply, every_stage


async def receive(host: DoorHost, door: Door, request: web.Request) -> web.Response:
    """Answer a delivery of one event, an array, an envelope or lines."""
    grant = host.admit(door, key_of(request.headers))
    body = await host.body(request, door, grant)
    return answer_of(await host.accept(body, door, grant.stores, Edge(), grant=grant))


SOURCE = SourceSpec(
    name="events",
    words=Text("服务器事件", "Server events"),
    supplies=every_stage(Supply.EVENT),
    definition=Text(
        "商店自己的服务器发送的事件；每个阶段的含义由发送方决定，时间是事件发生的时间。",
        "Events that a shop's own servers send; the sender decides what a stage means, and the time is when it happened.",
    ),
    events_as=(Source.API,),
    doors=(Door("/v1/events", receive, Source.API),),
)
