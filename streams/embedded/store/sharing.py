"""Answers shared by those who ask the same at the same time: six browsers that open one dashboard ask each question once.

ClickHouse's own settings ask for it, per request: ``use_query_cache=1``, and ``query_cache_ttl`` for how many seconds an answer may be
handed on (5 unless given). Nobody who has not asked gets an answer that another has caused. A question that is being answered is waited
for, which the engine's cache does not do, and texts that differ only within a minute that they round away are one question.

Used by ``server.py``.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from streams.clock import monotonic
from streams.embedded.store.protocol import Query
from streams.embedded.store.reader_settings import SHARING_SETTINGS

DEFAULT_TTL_S: Final = 5.0
MAX_TTL_S: Final = 60.0
#: answers that are kept, and how large one may be
_MOST_ANSWERS: Final = 200
_MOST_BYTES: Final = 262_144
_MINUTE: Final = re.compile(rb"toStartOfMinute\(toDateTime\((\d{1,10})\)\)")
#: what belongs to one request alone
_OWN_HEADERS: Final = ("X-ClickHouse-Query-Id", "Date", "Content-Length", "Content-Type")

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    body: bytes
    headers: tuple[tuple[str, str], ...]
    content_type: str
    at_s: float

    def response(self, query_id: str) -> web.Response:
        headers = {**dict(self.headers), "Content-Type": self.content_type, "X-ClickHouse-Query-Id": query_id}
        return web.Response(body=self.body, headers=headers)


class SharedAnswers:
    """Answers of the last seconds, and questions that are being answered."""

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        self._now_s = now_s
        self._known: OrderedDict[Key, _Answer] = OrderedDict()
        self._asked: dict[Key, asyncio.Future[_Answer | None]] = {}

    async def answer(
        self, query: Query, work: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """The answer to ``query``: another's of the last seconds, that of who is asking it right now, else ``work``'s."""
        key, ttl_s = _key(query), _ttl_s(query)
        known = self._known.get(key)
        if known is not None and self._now_s() - known.at_s < ttl_s:
            return known.response(query.query_id)
        if key in self._asked:
            shared = await asyncio.shield(self._asked[key])
            if shared is not None:
                return shared.response(query.query_id)
            return await work()  # too large to be shared, or it failed
        asked: asyncio.Future[_Answer | None] = asyncio.get_running_loop().create_future()
        self._asked[key] = asked
        made: _Answer | None = None
        try:
            response = await work()
            made = self._kept(key, response)
            return response
        finally:
            del self._asked[key]
            asked.set_result(made)

    def _kept(self, key: Key, response: web.StreamResponse) -> _Answer | None:
        body = response.body if isinstance(response, web.Response) else None
        if not isinstance(body, bytes) or len(body) > _MOST_BYTES or response.status != 200:
            return None
        headers = tuple((name, value) for name, value in response.headers.items() if name not in _OWN_HEADERS)
        # as of its beginning would be later than what it shows; as of now it is older by the time it took
        made = _Answer(body, headers, response.headers["Content-Type"], self._now_s())
        self._known[key] = made
        self._known.move_to_end(key)
        while len(self._known) > _MOST_ANSWERS:
            self._known.popitem(last=False)
        return made


def is_shared(query: Query) -> bool:
    """Whether the client asked for a shared answer and its question has one: plain text by a reader, in no session."""
    wanted = query.settings.get("use_query_cache", "0").lower() in ("1", "true")
    return wanted and query.user.reads_only and not query.session_id and not query.external


def _key(query: Query) -> Key:
    """What has to be equal for one answer to be the other's."""
    settings = tuple(
        sorted((name, value) for name, value in query.settings.items() if name not in SHARING_SETTINGS)
    )
    form = (
        query.default_format,
        query.packed,
        query.revision,
        query.in_blocks,
        query.binary_types,
        query.whole,
    )
    sql = _MINUTE.sub(lambda found: b"@%d" % (int(found[1]) // 60), query.sql)
    return (query.user, query.database, sql, settings, tuple(sorted(query.params.items())), form)


def _ttl_s(query: Query) -> float:
    try:
        wanted = float(query.settings.get("query_cache_ttl", DEFAULT_TTL_S))
    except ValueError:
        return DEFAULT_TTL_S
    return min(max(wanted, 0.0), MAX_TTL_S)
