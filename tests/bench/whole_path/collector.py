"""The collector: requests and events a second, single and batched, compared with an empty answer of the same HTTP server.

Requests go over kept-alive connections of plain sockets, one outstanding request each, so that the client costs little
of the cores it shares with the server. Every event has an id of its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping

import msgspec
from pydantic import SecretStr

from streams.clock import now_ms
from streams.embedded.ports import free_port
from streams.kafka.admin import create_topics
from tests.bench.whole_path.ground import PARTITIONS, Figure, Ground, wait_until

CONNECTIONS = 32
SECONDS = 8.0
BATCHES = (1, 100, 1000)
KEY = "key-of-the-bench"
STORES = 50
#: is in prepared ids where each request puts its number
PLACE = "@@@@@@@@"


#: what a page that says all there is sends with each of its events
FULL = {
    "session": "0190f3c2a7",
    "category": "shoes/running",
    "country": "DE",
    "device_class": "ios",
    "campaign": "autumn_sale_2026",
    "amount": "129.90",
    "currency": "EUR",
    "attributes": {
        "page": "/products/trail-2?variant=43",
        "medium": "cpc",
        "source": "search",
        "language": "de",
    },
}


class Requests:
    """Gives requests whose events all have ids of their own. Bodies are made before, but for the number in the ids.

    Args:
        port: of the collector.
        events: in each body.
        more: fields that every event has besides the few of a bare one.
    """

    def __init__(self, port: int, events: int, more: Mapping[str, object] | None = None) -> None:
        self._made = 0
        made = [
            {
                "event_id": f"{PLACE}-{events}-{number}",
                "store_id": f"store-{number % STORES:04d}",
                "type": "click" if number % 4 else "add_to_cart",
                "event_time_ms": now_ms(),
                "visitor": f"visitor-{number % 5000}",
                "product": f"p{number % 500}",
                "channel": "ads",
                **(more or {}),
            }
            for number in range(events)
        ]
        body = msgspec.json.encode(made[0] if events == 1 else made)
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {KEY}\r\nUser-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body

    def next(self) -> bytes:
        """The next request."""
        self._made += 1
        return self._request.replace(PLACE.encode(), b"%0*x" % (len(PLACE), self._made))


async def _client(port: int, requests: Requests, until: float, statuses: dict[int, int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while time.monotonic() < until:
            writer.write(requests.next())
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
            statuses[status] = statuses.get(status, 0) + 1
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    await reader.readexactly(int(line.split(b":")[1]))
    finally:
        writer.close()


async def drive(port: int, events: int, seconds: float) -> dict[int, int]:
    """Requests for ``seconds``; gives how many were answered with which status."""
    statuses: dict[int, int] = {}
    requests = Requests(port, events)
    until = time.monotonic() + seconds
    await asyncio.gather(*(_client(port, requests, until, statuses) for _ in range(CONNECTIONS)))
    return statuses


def is_open(port: int) -> bool:
    """Whether somebody listens."""
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def measure(ground: Ground) -> list[Figure]:
    """Requests and events a second of the collector and of the bare server."""
    seconds = 2.0 if ground.quick else SECONDS
    asyncio.run(create_topics(ground.kafka, partitions=PARTITIONS))
    data = ground.folder / "collector"
    data.mkdir()
    config = ground.folder / "bench.yaml"
    stores = (
        f"  - {{id: store-{n:04d}, platform: own_site, keys: ['env:BENCH_KEY']}}" for n in range(STORES)
    )
    config.write_text("stores:\n" + "\n".join(stores) + "\n")
    settings = ground.settings.model_copy(
        update={
            "kafka": ground.kafka,
            "data": data,
            "config": config,
            "collector_port": free_port(),
            "collector_rate": 1e9,
            "hash_key": SecretStr("hash-key-of-the-bench"),
        }
    )
    bare = free_port()
    role = ["-m", "streams.roles", "collector", "--parent", str(os.getpid())]
    ground.start("collector", role, data, settings, BENCH_KEY=KEY)
    ground.start("bare", ["-m", "tests.bench.whole_path.bare_server", str(bare)], ground.folder / "bare")
    ports = {"collector": settings.collector_port, "bare server": bare}
    for name, port in ports.items():
        wait_until(lambda port=port: is_open(port), f"{name} to listen")  # type: ignore[misc]
    found = []
    for events in BATCHES:
        rates = {}
        for name, port in ports.items():
            asyncio.run(drive(port, events, 1.0))  # warm
            began = time.monotonic()
            statuses = asyncio.run(drive(port, events, seconds))
            took = time.monotonic() - began
            if set(statuses) - {200, 202, 204}:
                raise RuntimeError(f"{name} answered {statuses}")
            rates[name] = sum(statuses.values()) / took
            what = f"{name}, {events} event{'s' if events > 1 else ''} a request"
            found.append(Figure("collector", what, rates[name], "requests/s"))
            found.append(Figure("collector", what, rates[name] * events, "events/s"))
        share = rates["collector"] / rates["bare server"]
        found.append(Figure("collector", f"share of the bare server, {events} a request", share, "ratio"))
    ground.end_parts()
    return found
