"""Sends the shops' events as shops do: servers by ``POST /v1/events`` with a write key, pages by beacons of the pixel."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import msgspec

from streams.clock import monotonic, now_ms
from streams.demo.market.server import Push
from streams.errors import RejectedError

Event = dict[str, Any]

#: events of one request
_BATCH = 1_500
_BEACON = 40
#: requests at a time
_AT_ONCE = 4
_PATIENCE_S = 30.0
_PAGE_STAGES = frozenset({"impression", "click", "add_to_cart"})
#: browsers by device class; the collector derives the class and forgets the rest
_BROWSERS = {
    "ios": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "android": "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    "desktop": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
}


class EventsRejectedError(RejectedError):
    """The collector rejected events that it should accept; the demo reports it and ends."""


class Sender:
    """Sends events to the collector. Use as an async context manager.

    Args:
        url: of the collector.
        keys: write key by store.
        pixel_keys: pixel key by store, for the stores whose pages send beacons.
    """

    def __init__(self, url: str, keys: Mapping[str, str], pixel_keys: Mapping[str, str]) -> None:
        self._url, self._keys, self._pixel_keys = url, keys, pixel_keys
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._session: aiohttp.ClientSession | None = None
        self.sent = 0

    async def __aenter__(self) -> Sender:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._session is not None
        await self._session.close()

    async def send(self, events: Sequence[Event]) -> None:
        """Return once the collector has taken all of ``events``, which may be of any stores.

        Raises:
            EventsRejectedError: some were not taken.
        """
        by_door: dict[tuple[str, str], list[Event]] = collections.defaultdict(list)
        for event in events:
            store = event["store_id"]
            is_page = store in self._pixel_keys and event["type"] in _PAGE_STAGES
            by_door[store, event["device_class"] if is_page else ""].append(event)
        requests = []
        for (store, device), group in by_door.items():
            size = _BEACON if device else _BATCH
            for start in range(0, len(group), size):
                requests.append(self._request(store, device, group[start : start + size]))
        await asyncio.gather(*requests)

    async def push(self, pushes: Sequence[Push]) -> None:
        """Deliver what platforms push to their doors. One that is not taken is not sent again: a poll finds what it was about.

        Raises:
            EventsRejectedError: a door rejected it, which none should.
        """
        assert self._session is not None
        for one in pushes:
            path = f"/v1/hooks/{one.source}/{one.connection}"
            headers = {"Content-Type": "application/json", **one.headers}
            try:
                async with self._session.post(self._url + path, data=one.body, headers=headers) as answer:
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError):
                continue
            if 400 <= status < 500 and status != 429:
                raise EventsRejectedError(f"{path}: {status}")

    async def _request(self, store: str, device: str, events: Sequence[Event]) -> None:
        if device:
            path = "/v1/pixel"
            seen = [{key: value for key, value in event.items() if key != "device_class"} for event in events]
            body = msgspec.json.encode({"k": self._pixel_keys[store], "sent": now_ms(), "events": seen})
            headers = {"Content-Type": "text/plain;charset=UTF-8", "User-Agent": _BROWSERS[device]}
        else:
            path, body = "/v1/events", msgspec.json.encode(events)
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._keys[store]}"}
        async with self._slots:
            await self._post(path, body, headers)
        self.sent += len(events)

    async def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        assert self._session is not None
        deadline = monotonic() + _PATIENCE_S
        while True:
            status, text = 0, "no answer"
            try:
                async with self._session.post(self._url + path, data=body, headers=headers) as answer:
                    status, text = answer.status, (await answer.text())[:300]
                    if status == 202 and '"rejected":[]' in text:
                        return
            except (aiohttp.ClientError, TimeoutError) as error:
                text = str(error) or type(error).__name__
            # a restarting collector and one without room come back; everything has an id, so again changes nothing
            if status not in (0, 429, 503) or monotonic() > deadline:
                raise EventsRejectedError(f"{path}: {status} {text}")
            await asyncio.sleep(0.5)
