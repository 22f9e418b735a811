"""The collector's doors over HTTP: whatever is sent is answered, never with 500, and nothing holds the event loop.

All registered doors, that of webhooks, and one of the generic API whose deliveries are signed. No broker: what is taken in goes to
the spool.
"""

from __future__ import annotations

import asyncio
import gc
import gzip
import hashlib
import hmac
import json
import logging
import re
import tempfile
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
import structlog
from aiohttp import web
from hypothesis import strategies as st

from scoring.events.pseudonyms import Pseudonyms
from streams.clock import monotonic
from streams.collector.intake import EventIntake
from streams.collector.keys import WriteKeys, store_defaults
from streams.collector.publisher import Publisher
from streams.collector.server import CollectorApp
from streams.collector.spool import Spool
from streams.config.model import Config
from streams.connections import Connections, LimitedSite
from streams.embedded.ports import free_port
from streams.sources import hook_door
from streams.sources.directory import ConnectionDirectory
from streams.sources.registry import SOURCES, doors
from streams.sources.sealing import Sealer
from streams.sources.source_log import SourceBook
from tests.deadlines import within
from tests.fuzz.pieces import PIXEL_BYTES, SEEDS, SERVER_BYTES, bodies
from tests.fuzz.running import HOLD_S, Figures, held, mutate, search
from tests.streams.collector.places import CONFIG, KEYS, settings_for
from tests.streams.sources.toy import SHARED, SIGNATURE, TOY

#: a webhook whose body names a topic, an id, a store and fields
HOOK = {
    "stores": [store.model_dump() for store in CONFIG.stores],
    "connections": [
        {
            "name": "erp",
            "source": "webhook",
            "store": "a",
            "secret": "env:ERP_SECRET",
            "topic": {"path": "event"},
            "delivery_id": {"path": "id"},
            "handshake": {"query": "challenge", "path": "challenge"},
            "mapping": [{"kind": "order", "fields": {"order_id": "order.no", "buyer": "order.customer.id"}}],
        },
    ],
}
HOOK_BODY = json.dumps(
    {
        "event": "order.paid",
        "id": "d-1",
        "order": {"no": "1001", "customer": {"id": "u", "email": "joe@example.com"}},
    }
).encode()
GA4_BODY = json.dumps(
    {
        "client_id": "c.1",
        "timestamp_micros": 1_764_444_444_000_000,
        "events": [
            {"name": "purchase", "params": {"transaction_id": "T", "value": 1.5, "items": [{"item_id": "S"}]}}
        ],
    }
).encode()
META_BODY = json.dumps(
    {
        "access_token": "key-of-a",
        "data": [
            {
                "event_name": "Purchase",
                "event_time": 1_764_444_444,
                "user_data": {"em": ["x"]},
                "custom_data": {"value": 1},
            }
        ],
    }
).encode()
DOORS = doors((*SOURCES, TOY))
#: what stands for the parts of a path in braces
PARTS = {"source": "webhook", "connection": "erp", "version": "v21.0", "dataset": "1234567890"}
PATHS = [(door.method, door.path.format(**PARTS)) for door in DOORS] + [
    *(("POST", hook_door.PATH.format(**PARTS)), ("GET", hook_door.PATH.format(**PARTS))),
    *(("GET", "/healthz"), ("OPTIONS", "/v1/pixel"), ("PUT", "/v1/events")),
]
_REASON = re.compile(rb'"(?:reason|field|note)":"[^"]*"')
ANSWERS = {200, 201, 202, 204, 304, 400, 401, 403, 404, 405, 408, 413, 415, 429, 503}
#: bytes that wait in the spool before it is emptied
MUCH = 50_000_000
MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    body: bytes
    key: str
    encoding: str
    kind: str
    query: bytes
    chunk: int
    is_signed: bool

    def written(self) -> bytes:
        """As it goes over the wire."""
        body = self.body[: PIXEL_BYTES if "pixel" in self.path else SERVER_BYTES]
        if self.encoding == "gzip":
            body = gzip.compress(body, 1)
        query = f"?{quote_from_bytes(self.query, safe='=&')}" if self.query else ""
        lines = [f"{self.method} {self.path}{query} HTTP/1.1", "Host: a", "Connection: close"]
        lines += [f"Authorization: Bearer {self.key}"] * bool(self.key)
        lines += [f"Content-Encoding: {self.encoding}"] * bool(self.encoding)
        lines += [f"Content-Type: {self.kind}"] * bool(self.kind)
        if self.is_signed:
            lines += [
                f"{name}: {hmac.new(SHARED.encode(), body, hashlib.sha256).hexdigest()}"
                for name in (SIGNATURE, "X-Signature")
            ]
        if self.chunk:
            step = max(self.chunk, len(body) // 50_000 + 1)
            parts = (body[at : at + step] for at in range(0, len(body), step))
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            lines.append("Transfer-Encoding: chunked")
        else:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


REQUESTS = st.builds(
    lambda path, *more: Asked(*path, *more),
    st.sampled_from(PATHS),
    bodies(SERVER_BYTES),
    st.sampled_from(["key-of-a", "key-of-b", "key-of-pixel", "", "unknown", "\xff"]),
    st.sampled_from(["", "", "", "gzip", "zstd", "identity", "br"]),
    st.sampled_from(["", "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "\xe9"]),
    st.sampled_from([b"", b"k=key-of-pixel", b"k=key-of-pixel&t=click&e=1&v=v&event_time=9&quantity=9"])
    | st.sampled_from([b"api_secret=key-of-a", b"access_token=key-of-a", b"api_secret=key-of-a&store=b", b"challenge=x"])
    | st.binary(max_size=200).map(lambda more: b"k=key-of-pixel&t=order&order_id=" + more),
    st.sampled_from([0, 0, 0, 1, 7, 1000]),
    st.booleans(),
)  # fmt: skip


class Collector:
    """A collector as the role sets it up, on a loop that runs only while something is asked."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.spool = Spool(folder / "spool", 10 * MUCH)
        self._settings = settings_for(folder, collector_rate=1e9, collector_store_rate=1e9)
        self._publisher = Publisher(f"127.0.0.1:{free_port()}", self.spool, delivery_s=1.0, patience_s=0.0)
        self.port = 0
        #: the reasons and fields of the last answer
        self.said: frozenset[bytes] = frozenset()

    def start(self) -> None:
        self.loop.run_until_complete(self._start())

    async def _start(self) -> None:
        await self._publisher.__aenter__()
        intake = EventIntake(
            self._publisher,
            store_defaults(CONFIG),
            Pseudonyms("test"),
            longest_event=self._settings.collector_event_bytes,
            max_events=self._settings.collector_batch_events,
        )
        keys = WriteKeys(CONFIG, self._settings.collector_rate, monotonic, KEYS.__getitem__)
        directory = ConnectionDirectory(Config.model_validate(HOOK), Sealer(["k" * 20]), SourceBook())
        directory.is_whole = True
        hooks = hook_door.HookDoor(directory, {one.name: one for one in SOURCES}, 1e9)
        app = CollectorApp(self._settings, intake, keys, (*DOORS, *hooks.doors)).application()
        connections = Connections.within(1024)
        app.middlewares.insert(0, connections.middleware)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False)
        await self._runner.setup()
        await LimitedSite(self._runner, "127.0.0.1", 0, connections, auto_decompress=False).start()
        self.port = int(self._runner.addresses[0][1])

    def stop(self) -> None:
        self.loop.run_until_complete(self._runner.cleanup())
        self.loop.run_until_complete(self._publisher.__aexit__())
        self.loop.close()

    def ask(self, written: bytes) -> tuple[bytes, float]:
        """The answer, and for how long the loop was held."""
        if self.spool.waiting_bytes > MUCH:
            while not self.spool.is_empty:
                self.spool.advance(self.spool.head()[1])
        answer, hold_s = self.loop.run_until_complete(held(self._ask(written)))
        self.said = frozenset(_REASON.findall(answer))
        return answer, hold_s

    async def _ask(self, written: bytes) -> bytes:
        async with asyncio.timeout(within(60)):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                for at in range(0, len(written), 65_536):
                    writer.write(written[at : at + 65_536])
                    await writer.drain()
                return await reader.read()
            except ConnectionError:
                return await reader.read()  # it had enough before the end
            finally:
                writer.transport.abort()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: each request would wait for the disk, and nothing else here takes so long."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as made:
        yield Path(made)


@pytest.fixture
def collector(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    # an unreachable broker is what we want, and so is every rejection
    monkeypatch.setattr(logging.getLogger("aiokafka"), "disabled", True)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    monkeypatch.setenv("ERP_SECRET", SHARED)
    one = Collector(folder)
    one.start()
    one.ask(Asked("POST", "/v1/events", b"[1]", "key-of-a", "", "", b"", 0, False).written())
    gc.collect()
    gc.freeze()  # as the role does
    yield one
    gc.unfreeze()
    one.stop()
    structlog.reset_defaults()


def test_whatever_comes_to_a_door_is_answered(collector: Collector) -> None:
    def look(asked: Asked, figures: Figures) -> Hashable:
        answer, hold_s = collector.ask(asked.written())
        status = int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0
        assert status in ANSWERS, answer[:300]
        figures.judge(hold_s, HOLD_S)
        return status

    def at(method: str, path: str, key: str = "") -> Callable[[bytes, Figures], Hashable]:
        def look_at(body: bytes, figures: Figures) -> Hashable:
            return look(Asked(method, path, body, key, "", "", b"", 0, True), figures), collector.said

        return look_at

    search("doors", REQUESTS, look, 0.3)
    mutate("events door", SEEDS, at("POST", "/v1/events", "key-of-a"), 0.15)
    mutate("pixel door", SEEDS, at("POST", "/v1/pixel"), 0.15)
    mutate("hook door", (HOOK_BODY, *SEEDS), at("POST", hook_door.PATH.format(**PARTS)), 0.1)
    mutate("signed door", SEEDS, at("POST", "/v1/hooks/toy"), 0.1)
    mutate(
        "GA4 door", (GA4_BODY, *SEEDS), at("POST", "/mp/collect?measurement_id=G-1&api_secret=key-of-a"), 0.1
    )
    mutate("Meta door", (META_BODY, *SEEDS), at("POST", "/v21.0/1234567890/events"), 0.1)
