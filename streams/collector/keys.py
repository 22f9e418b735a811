"""Write keys: who may send events to which stores, and how often."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scoring.events.delivery import StoreDefaults
from streams.config.model import Config
from streams.schema import ConfigError, resolve_secret

#: a burst is this many seconds of the allowed rate
BURST_S = 10.0
#: what costs as much of the rate as one request does: events, rejected records (each is explained and kept), bytes
EVENTS_A_REQUEST, REJECTED_A_REQUEST, BYTES_A_REQUEST = 100, 10, 100_000
#: and processor time: a key may take half of a core at the rate of 200 requests a second
PROCESSOR_S_A_REQUEST = 0.0025


@dataclass(slots=True)
class Grant:
    """What one key may do. The key itself is not kept."""

    name: str
    digest: bytes
    stores: dict[str, StoreDefaults]
    is_pixel_only: bool = True
    tokens: float = 0.0
    filled_at: float = field(default=float("-inf"))
    #: large bodies of one key are looked at one after another, so that those of other keys come in between
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


def store_defaults(config: Config) -> dict[str, StoreDefaults]:
    """What events take over from each configured store."""
    return {store.id: StoreDefaults(store.platform.value, store.currency) for store in config.stores}


class WriteKeys:
    """The keys of the configuration. As many rate counters as keys: strangers' requests cost no memory."""

    def __init__(
        self,
        config: Config,
        rate: float,
        clock: Callable[[], float],
        resolve: Callable[[str], str] = resolve_secret,
    ) -> None:
        """Resolve the references of every store.

        Args:
            config: the stores.
            rate: requests a second for each key.
            clock: seconds that only grow.
            resolve: gives the secret behind a reference.

        Raises:
            ConfigError: a reference leads nowhere, or to an empty secret.
        """
        self._salt = secrets.token_bytes(32)
        self._rate = rate
        self._clock = clock
        self._grants: dict[bytes, Grant] = {}
        terms = store_defaults(config)
        for store in config.stores:
            for reference, is_pixel_only in (
                *((one, False) for one in store.keys),
                *((one, True) for one in store.pixel_keys),
            ):
                key = resolve(reference)
                if not key:
                    raise ConfigError(f"store {store.id}: the write key behind {reference} is empty")
                digest = self._digest(key)
                grant = self._grants.setdefault(digest, Grant(reference, digest, {}))
                grant.stores[store.id] = terms[store.id]
                grant.is_pixel_only &= is_pixel_only

    def __len__(self) -> int:
        return len(self._grants)

    def grant(self, key: str) -> Grant | None:
        """What ``key`` may do; None for an unknown key.

        Keys are compared as digests under a random salt, so the time it takes reveals nothing of a key.
        """
        digest = self._digest(key)
        found = self._grants.get(digest)
        return found if found is not None and hmac.compare_digest(found.digest, digest) else None

    def wait_s(self, grant: Grant) -> float:
        """Take one request from the key's bucket: 0 if it was allowed, else the seconds until the next one is."""
        self._fill(grant)
        if grant.tokens >= 1:
            grant.tokens -= 1
            return 0.0
        return (1 - grant.tokens) / self._rate

    def charge(self, grant: Grant, *, events: int, size: int) -> None:
        """Take what a request holds from the key's bucket, also below empty: the requests that follow wait for it.

        One request of few events is paid for by ``wait_s``; the largest one cannot cost more than a burst.
        """
        self._take(grant, _requests(events, size) - 1)

    def charge_work(self, grant: Grant, *, events: int, size: int, rejected: int, processor_s: float) -> None:
        """Take what a request turned out to cost beyond what ``charge`` took for its events and bytes."""
        unpaid = processor_s / PROCESSOR_S_A_REQUEST - _requests(events, size)
        self._take(grant, max(0.0, unpaid) + rejected / REJECTED_A_REQUEST)

    def debt_s(self, grant: Grant) -> float:
        """Seconds until a key is at most a burst behind with its payments; 0 if it is.

        No single request brings it further, but many that were let in at the same time do.
        """
        self._fill(grant)
        return max(0.0, -grant.tokens / self._rate - BURST_S)

    def _take(self, grant: Grant, requests: float) -> None:
        grant.tokens -= min(requests, self._rate * BURST_S)

    def _fill(self, grant: Grant) -> None:
        now = self._clock()
        grant.tokens = min(self._rate * BURST_S, grant.tokens + (now - grant.filled_at) * self._rate)
        grant.filled_at = now

    def _digest(self, key: str) -> bytes:
        return hashlib.blake2b(
            key.encode("utf-8", "surrogateescape"), key=self._salt, digest_size=32
        ).digest()


def _requests(events: int, size: int) -> float:
    """How many requests one of ``events`` and ``size`` bytes counts as."""
    return max(1.0, events / EVENTS_A_REQUEST, size / BYTES_A_REQUEST)


def key_of(headers: Mapping[str, str], query: Mapping[str, str] | None = None) -> str:
    """The write key of a request: ``Authorization: Bearer``, ``X-Funnelwatch-Key``, or for the pixel the query ``k``."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return headers.get("X-Funnelwatch-Key", "") or (query.get("k", "") if query else "")
