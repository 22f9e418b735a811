"""Somebody who has read a page, and so its key, and means harm: next to the load that is counted to the event.

What is sent may be taken, rejected or dropped, as long as it changes nothing that the servers' events say: ids that they will use,
orders that they have reported, bodies made to be slow, connections that ask for nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import aiohttp

from scoring.events.event import EventType
from tests.deadlines import within
from tests.faults.load import Load, now_ms
from tests.faults.system import PIXEL_KEY

#: so many at the same time
_SENDERS, _CONNECTIONS = 4, 600
_GRAPH = "/v21.0/1234567890/events"


class Hostile:
    """Attacks the collector at ``url`` for some seconds; ``answers`` counts what came back."""

    def __init__(self, url: str, load: Load, seed: int) -> None:
        self._url, self._load, self._chance = url, load, random.Random(seed)
        self.answers: Counter[str] = Counter()
        self._slow = [
            b'{"data":[' + b",".join([b"[]"] * 600_000) + b"]}",
            b'{"data":[' + b",".join([b'{"a":0.1}'] * 190_000) + b"]}",
        ]
        self._beacons = [
            b"[" * 250_000,
            json.dumps({"k": PIXEL_KEY, "events": [1] * 80_000}).encode(),
            b'{"k":"%s","events":["\\ud83d",%s]}' % (PIXEL_KEY.encode(), b",".join([b"{}"] * 60_000)),
        ]
        self._bombs = [gzip.compress(b"") * 9000, gzip.compress(b" " * 50_000_000)]

    async def run(self, seconds: float) -> None:
        """Do everything at once, again and again."""
        ends = time.monotonic() + within(seconds)
        timeout = aiohttp.ClientTimeout(total=within(10))
        async with aiohttp.ClientSession(timeout=timeout) as session:
            senders: Sequence[Callable[[aiohttp.ClientSession], Awaitable[None]]] = (
                self._claim_ids, self._claim_orders, self._ask_much, self._ask_much_with_a_key, self._unpack,
            )  # fmt: skip
            await asyncio.gather(
                *(self._again(one, session, ends) for one in senders for _ in range(_SENDERS)),
                self._hold_connections(ends),
            )

    async def _again(
        self,
        attack: Callable[[aiohttp.ClientSession], Awaitable[None]],
        session: aiohttp.ClientSession,
        ends: float,
    ) -> None:
        while time.monotonic() < ends:
            try:
                await attack(session)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self.answers[type(error).__name__] += 1
                await asyncio.sleep(0.1)

    async def _post(
        self, session: aiohttp.ClientSession, path: str, body: bytes, encoding: str = "identity"
    ) -> None:
        headers = {"Content-Encoding": encoding, "Content-Type": "text/plain"}
        async with session.post(self._url + path, data=body, headers=headers) as answer:
            await answer.read()
            self.answers[str(answer.status)] += 1
            assert answer.status < 500 or answer.status == 503, f"{path}: {answer.status}"

    async def _beacon(self, session: aiohttp.ClientSession, events: list[dict[str, object]]) -> None:
        await self._post(session, "/v1/pixel", json.dumps({"k": PIXEL_KEY, "events": events}).encode())
        await asyncio.sleep(0.05)

    async def _claim_ids(self, session: aiohttp.ClientSession) -> None:
        """Events outside the funnel, under ids of servers' events to come."""
        wanted = self._chance.sample(self._load.upcoming(200), 40)
        await self._beacon(
            session,
            [
                {"type": "search", "store_id": store, "event_id": one, "event_time": now_ms()}
                for store, one in wanted
            ],
        )

    async def _claim_orders(self, session: aiohttp.ClientSession) -> None:
        """Orders that servers have reported, long ago and dear."""
        known = [
            one
            for one in list(self._load.ledger.events.values())[-5000:]
            if one.type is EventType.ORDER and not one.store_id.startswith("incident")
        ]
        for_page = {"event_time": now_ms() - 20 * 3_600_000, "amount": "99999999", "currency": "USD"}
        await self._beacon(
            session,
            [
                {"type": "order", "store_id": one.store_id, "order_id": one.order_id, **for_page}
                for one in self._chance.sample(known, min(40, len(known)))
            ],
        )

    async def _ask_much(self, session: aiohttp.ClientSession) -> None:
        await self._post(session, _GRAPH, self._chance.choice(self._slow))

    async def _ask_much_with_a_key(self, session: aiohttp.ClientSession) -> None:
        await self._post(session, "/v1/pixel", self._chance.choice(self._beacons))

    async def _unpack(self, session: aiohttp.ClientSession) -> None:
        await self._post(session, "/v1/pixel", self._chance.choice(self._bombs)[:250_000], "gzip")

    async def _hold_connections(self, ends: float) -> None:
        """Connections that send half a header, or a body without its end."""
        host, _, port = self._url.removeprefix("http://").partition(":")
        starts = (
            b"",
            b"GET / HTTP/1.1\r\nX: ",
            b"POST /v1/pixel HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n{",
        )
        held: list[asyncio.StreamWriter] = []
        while time.monotonic() < ends:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, int(port))
                writer.write(self._chance.choice(starts))
                held.append(writer)
            if len(held) > _CONNECTIONS:
                held.pop(0).close()
            await asyncio.sleep(0.005)
        for writer in held:
            writer.close()
