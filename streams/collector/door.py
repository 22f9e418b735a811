"""A door of the collector: a path by which somebody delivers events, and what the server gives to its handler.

A source (``streams/sources``) declares its doors; ``streams/collector/server.py`` makes routes, limits and answers from them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from aiohttp import web

from scoring.events.delivery import StoreDefaults
from scoring.events.event import EventType, Source
from streams.collector.edge import Edge
from streams.collector.intake import EventIntake, IntakeResult
from streams.collector.keys import Grant

#: lets pages of any origin read an answer
CORS: Mapping[str, str] = {"Access-Control-Allow-Origin": "*"}


class Trust(StrEnum):
    """Who can make a delivery: anybody who reads a page's public key, or only who holds a secret."""

    PUBLIC = "public"
    SECRET = "secret"  # noqa: S105  (a word, no password)


class DoorHost(Protocol):
    """What the server gives a door's handler. Whatever rejects a request as a whole raises ``RequestRejectedError``."""

    @property
    def intake(self) -> EventIntake:
        """Where events go."""
        ...

    def admit(self, door: Door, key: str) -> Grant:
        """What ``key`` may do; rejects one that is missing, unknown, not for this door, or used too often."""
        ...

    def edge(self, request: web.Request, zone: str = "") -> Edge:
        """What the request's connection and headers say of a browser."""
        ...

    async def body(self, request: web.Request, door: Door, grant: Grant | None) -> bytes:
        """The whole body, decompressed; rejects one that is too large, unreadable, or of a kind that holds no events."""
        ...

    async def raw(self, request: web.Request, door: Door) -> bytes:
        """The whole body as it came, not decompressed; rejects one that is too large or too slow. Nobody vouches for it yet."""
        ...

    async def verified(self, request: web.Request, door: Door, secret: str) -> bytes:
        """The whole body as it came; rejects one that the door's ``verify`` does not find genuine."""
        ...

    async def accept(
        self,
        body: bytes | Sequence[object],
        door: Door,
        stores: Mapping[str, StoreDefaults],
        edge: Edge,
        shift_ms: int = 0,
        grant: Grant | None = None,
    ) -> IntakeResult:
        """What became of the events of ``body``, or of decoded ones; rejects too many of them, and charges them to ``grant``."""
        ...


#: answers a request. What its decoder rejects (``msgspec.DecodeError``) it may let through: the server answers 400
Handler = Callable[["DoorHost", "Door", web.Request], Awaitable[web.StreamResponse]]
#: whether a delivery is genuine: its raw bytes, its headers and the secret shared with the sender
Verify = Callable[[bytes, Mapping[str, str], str], bool]


@dataclass(frozen=True, slots=True)
class Door:
    """One path of the collector by which a source delivers.

    Attributes:
        path: of the collector, such as ``/v1/events``; also the label of its metrics.
        handle: answers a request.
        source: what its events say of how they came in.
        method: of HTTP.
        types: event types that may be claimed here; all for None.
        trust: who can make a delivery.
        verify: how a delivery is verified over its raw bytes, where the sender signs instead of sending a key.
        any_origin: pages of any origin may call it and read the answer.
        max_bytes: of a body; the collector's own limit for None.
        max_events: in a body; the collector's own limit for None.
        key_place: where a request carries its write key, for the answer to one without.
    """

    path: str
    handle: Handler
    source: Source
    method: str = "POST"
    types: frozenset[EventType] | None = None
    trust: Trust = Trust.SECRET
    verify: Verify | None = None
    any_origin: bool = False
    max_bytes: int | None = None
    max_events: int | None = None
    key_place: str = "as `Authorization: Bearer KEY` or `X-Funnelwatch-Key: KEY`"


def hmac_sha256(header: str) -> Verify:
    """Verifies the hex HMAC-SHA256 (RFC 2104) of the raw body that ``header`` carries, in constant time."""

    def verify(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
        expected = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        given = headers.get(header, "").strip().lower()
        return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))

    return verify
