"""The one door to ClickHouse for page and API: the reader user, bounded queries, server-side parameters.

Before it: the queries of each subject in ``streams/web``, which hold the SQL. After it: nothing; ClickHouse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from clickhouse_connect.driver import AsyncClient

from scoring.wording.text import Text
from streams.clickhouse.clients import open_reader, open_writer
from streams.clickhouse.errors import ClickHouseError, ClickHouseUnreachableError, mapped
from streams.clickhouse.seen import limited, stores_seen
from streams.clock import monotonic, now_ms
from streams.settings import Settings

T = TypeVar("T")
Row = dict[str, Any]
#: after a refused connection, nobody tries again for this long
REST_S = 1.0
_NO_ANSWER_AT = Text("{where} 上的 ClickHouse 没有响应。", "ClickHouse at {where} does not answer.")
_NO_ANSWER = Text("ClickHouse 在 {seconds} 秒内没有响应。", "ClickHouse gave no answer within {seconds} s.")
_NO_TABLES = Text(
    "ClickHouse 里还没有表；入库角色启动时会创建。",
    "ClickHouse has no tables yet; the landing role creates them when it starts.",
)
_REJECTED = Text("ClickHouse 拒绝了查询：{error}", "ClickHouse rejected the query: {error}")
#: how ClickHouse says that nothing is set up yet
NOT_MIGRATED = ("UNKNOWN_TABLE", "UNKNOWN_DATABASE", "UNKNOWN_FUNCTION")


class Database:
    """Reads ClickHouse as the reader user. Safe for many readers at once; equal questions within ``fresh_s`` share one answer."""

    def __init__(self, settings: Settings, timeout_s: float = 8.0) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        self._client: AsyncClient | None = None
        self._connecting = asyncio.Lock()
        self._down_until = 0.0
        self._down_reason = ""
        self._shared: dict[tuple[Any, ...], tuple[float, asyncio.Future[Any]]] = {}
        self.answered_at_ms: int | None = None

    async def _connected(self) -> AsyncClient:
        async with self._connecting:
            if self._client is None:
                if monotonic() < self._down_until:  # do not let every reader wait for a dead address
                    raise ClickHouseUnreachableError(self._down_reason)
                self._client = await self._open()
            return self._client

    async def _open(self) -> AsyncClient:
        return await open_reader(self._settings)

    async def rows(self, sql: str, **parameters: Any) -> list[Row]:
        """The rows of a query, of the stores that whoever asks may see; ``parameters`` are bound on the server (``{name:Type}``).

        Raises:
            ClickHouseUnreachableError: ClickHouse is unreachable, too slow, or rejects the query.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                client = await self._connected()
                with mapped():
                    result = await client.query(
                        limited(sql, self._settings.clickhouse_database), parameters=parameters
                    )
        except ClickHouseUnreachableError as error:
            where = urlsplit(self._settings.clickhouse_url).netloc
            self._down_until, self._down_reason = (
                monotonic() + REST_S,
                _NO_ANSWER_AT.both(where=where),
            )
            await self._drop()
            raise ClickHouseUnreachableError(self._down_reason) from error
        except ClickHouseError as error:
            if any(mark in str(error) for mark in NOT_MIGRATED):
                raise ClickHouseUnreachableError(_NO_TABLES.both()) from error
            raise ClickHouseUnreachableError(_REJECTED.both(error=str(error)[:300])) from error
        except TimeoutError as error:
            raise ClickHouseUnreachableError(_NO_ANSWER.both(seconds=f"{self._timeout_s:g}")) from error
        self.answered_at_ms = now_ms()
        return list(result.named_results())

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def shared(self, key: tuple[Any, ...], fresh_s: float, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer to ``ask``, shared by all who see the same stores and ask for ``key`` within ``fresh_s`` seconds. A failure is not kept."""
        key, now = (stores_seen(), *key), monotonic()
        known = self._shared.get(key)
        if known is not None and now < known[0]:
            answer: T = await asyncio.shield(known[1])
            return answer
        if len(self._shared) > 2000:
            self._shared = {k: v for k, v in self._shared.items() if v[0] > now}
        future: asyncio.Future[T] = asyncio.ensure_future(ask())
        self._shared[key] = (now + fresh_s, future)
        future.add_done_callback(lambda done: self._forget_failure(key, done))
        return await asyncio.shield(future)

    def _forget_failure(self, key: tuple[Any, ...], done: asyncio.Future[Any]) -> None:
        known = self._shared.get(key)
        if known is not None and known[1] is done and (done.cancelled() or done.exception() is not None):
            del self._shared[key]

    async def close(self) -> None:
        """Close the connection."""
        for _, future in self._shared.values():
            future.cancel()
        await self._drop()


class JobDatabase(Database):
    """The same for a job: as the writer, whose queries no reader's limit ends."""

    async def _open(self) -> AsyncClient:
        return await open_writer(self._settings)
