"""ClickHouse's HTTP interface on loopback: requests in, results out as they come, errors with code and status."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import secrets
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from streams.clock import monotonic
from streams.embedded.store.engine import StatementResult, StoreEngine, make_pipe
from streams.embedded.store.errors import (
    BAD_ARGUMENTS,
    NOT_ENOUGH_SPACE,
    TOO_MANY_SIMULTANEOUS_QUERIES,
    StoreError,
)
from streams.embedded.store.intake import HELD_BYTES, RequestReader
from streams.embedded.store.outlet import PACKED_HERE, Outlet
from streams.embedded.store.protocol import PEOPLE_READING, ROLES_READING, WRITING, Query, Users
from streams.embedded.store.sharing import SharedAnswers, is_shared
from streams.embedded.store.statement import parse

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNamesAndTypes": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "ArrowStream": "application/vnd.apache.arrow.stream",
    "Arrow": "application/vnd.apache.arrow.file",
    "Parquet": "application/vnd.apache.parquet",
}


class Lane:
    """A fixed number of threads and a bounded queue before them, so that no lane waits for the queries of another."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=f"store-{name}")
        self._limit = threads + waiting
        self._inside = 0

    async def __aenter__(self) -> None:
        if self._inside >= self._limit:
            raise StoreError(
                TOO_MANY_SIMULTANEOUS_QUERIES,
                "TOO_MANY_SIMULTANEOUS_QUERIES",
                f"Too many simultaneous queries. Maximum: {self._limit}. Ask again later",
            )
        self._inside += 1

    async def __aexit__(self, *_: object) -> None:
        self._inside -= 1

    @property
    def busy(self) -> bool:
        """Whether a query runs or waits."""
        return self._inside > 0


class StoreServer:
    """The handlers. ``engine`` does the work, ``users`` says who may ask."""

    def __init__(
        self,
        engine: StoreEngine,
        users: Users,
        *,
        threads: int = 6,
        waiting: int = 100,
        body_bytes: int = 1 << 30,
    ) -> None:
        self._engine = engine
        self._users = users
        self._intake = RequestReader(engine, body_bytes)
        self._lanes = {
            name: Lane(name, threads, waiting) for name in (WRITING, ROLES_READING, PEOPLE_READING)
        }
        self._shared = SharedAnswers()
        self._stopping: set[asyncio.Task[None]] = set()
        self._name = os.uname().nodename if hasattr(os, "uname") else "funnelwatch"

    def app(self) -> web.Application:
        """The application; it takes bodies of any length and limits them itself."""
        app = web.Application(client_max_size=0)
        app.router.add_get("/ping", self._ping)
        app.router.add_get("/replicas_status", self._ping)
        app.router.add_route("*", "/", self._query)
        return app

    async def drain(self, seconds: float) -> None:
        """Wait until no query runs, at most ``seconds``."""
        deadline = monotonic() + seconds
        while any(lane.busy for lane in self._lanes.values()) and monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    def close(self) -> None:
        """End the threads once their queries have ended."""
        for lane in self._lanes.values():
            lane.pool.shutdown(wait=False, cancel_futures=True)

    async def _ping(self, _: web.Request) -> web.Response:
        return web.Response(text="Ok.\n")

    async def _query(self, request: web.Request) -> web.StreamResponse:
        query_id = request.query.get("query_id") or str(uuid.uuid4())
        bodies: list[Path] = []
        try:
            user = self._users.authenticate(request.headers, request.query)
            lane = self._lanes[user.lane]
            async with lane:
                query = await self._intake.understand(request, user, query_id, bodies)
                if not query.sql.strip():
                    if request.method in ("GET", "HEAD"):
                        return web.Response(text="Ok.\n")
                    raise StoreError(62, "SYNTAX_ERROR", "Empty query")
                if is_shared(query):
                    return await self._shared.answer(query, lambda: self._answer(request, query, lane))
                return await self._answer(request, query, lane)
        except StoreError as error:
            return self._error_response(error, query_id, request)
        except OSError as error:
            if error.errno not in _NO_SPACE:
                raise
            full = StoreError(
                NOT_ENOUGH_SPACE, "NOT_ENOUGH_SPACE", f"Cannot keep the request's body: {error.strerror}"
            )
            return self._error_response(full, query_id, request)
        finally:
            for path in bodies:
                path.unlink(missing_ok=True)

    async def _answer(self, request: web.Request, query: Query, lane: Lane) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        reading, writing = make_pipe()
        stream = asyncio.StreamReader(limit=HELD_BYTES)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", 0)
        )

        def work() -> StatementResult:
            # a long statement takes its time: here, not on the loop, where everyone else would wait for it
            try:
                query.statement = parse(query.sql)
                return self._engine.execute(query, query.statement, writing)
            except UnicodeDecodeError as error:
                raise StoreError(BAD_ARGUMENTS, "BAD_ARGUMENTS", "The query is not UTF-8") from error
            finally:
                os.close(writing)

        running = lane.pool.submit(work)
        try:
            return await self._pass_on(request, query, stream, asyncio.wrap_future(running))
        finally:
            transport.close()
            if running.cancel():
                os.close(writing)  # it had not begun
            elif not running.done():
                # The client has gone: the engine would go on to the end. A task of its own, since this one may be cancelled.
                stopping = asyncio.create_task(self._stop(query, running))
                self._stopping.add(stopping)
                stopping.add_done_callback(self._stopping.discard)

    async def _stop(self, query: Query, running: Future[StatementResult]) -> None:
        while not running.done():
            with suppress(StoreError):
                await asyncio.to_thread(self._engine.kill, query)
            await asyncio.sleep(0.2)

    async def _pass_on(
        self,
        request: web.Request,
        query: Query,
        stream: asyncio.StreamReader,
        working: asyncio.Future[StatementResult],
    ) -> web.StreamResponse:
        held = bytearray()
        chunks = _chunks(query, stream)
        while query.whole or len(held) < HELD_BYTES:
            chunk = await anext(chunks, b"")
            if not chunk:
                outcome = await asyncio.shield(working)
                return self._whole(query, bytes(held) or outcome.body, outcome, packed=bool(held))
            held += chunk
        tag = secrets.token_hex(8)
        headers = self._headers(query, None, packed=True)
        response = web.StreamResponse(headers={**headers, "X-ClickHouse-Exception-Tag": tag})
        await response.prepare(request)
        await response.write(bytes(held))
        held.clear()
        async for chunk in chunks:
            await response.write(chunk)
        try:
            await asyncio.shield(working)
        except StoreError as error:
            # The status has gone out already: end the body without its end, so that no client takes it for whole.
            if query.packed == "none" and not query.in_blocks:
                text = error.as_text(self._engine.version).encode()
                await response.write(
                    b"\r\n__exception__\r\n%b\r\n%b%d %b\r\n__exception__\r\n"
                    % (tag.encode(), text, len(text), tag.encode())
                )
            if request.transport is not None:
                request.transport.close()
            return response
        await response.write_eof()
        return response

    def _whole(self, query: Query, body: bytes, outcome: StatementResult, *, packed: bool) -> web.Response:
        return web.Response(body=body, headers=self._headers(query, outcome, packed=packed))

    def _headers(self, query: Query, outcome: StatementResult | None, *, packed: bool) -> dict[str, str]:
        form = query.format
        headers = {
            "Content-Type": _TYPES.get(form, "text/plain; charset=UTF-8"),
            "X-ClickHouse-Query-Id": query.query_id,
            "X-ClickHouse-Format": form,
            "X-ClickHouse-Timezone": self._engine.timezone,
            "X-ClickHouse-Server-Display-Name": self._name,
            "X-ClickHouse-Summary": json.dumps(_summary(outcome or StatementResult())),
        }
        if packed and query.packed != "none":
            headers["Content-Encoding"] = query.packed
        return headers

    def _error_response(self, error: StoreError, query_id: str, request: web.Request) -> web.Response:
        status = error.status
        headers = {
            "X-ClickHouse-Exception-Code": str(error.code),
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Server-Display-Name": self._name,
            "X-ClickHouse-Timezone": self._engine.timezone,
        }
        if error.code == 516 and not _named(request):
            status = 401
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        if status in (413, 403, 401):
            headers["Connection"] = "close"  # the body has not been read
        return web.Response(status=status, text=error.as_text(self._engine.version), headers=headers)


async def _chunks(query: Query, stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The result as it comes, written again where the client needs that."""
    outlet: Outlet | None = None
    while chunk := await stream.read(HELD_BYTES):
        if outlet is None and not query.is_rewritten:
            yield chunk
            continue
        if outlet is None:
            if query.packed not in PACKED_HERE:
                query.packed = "none"
            outlet = Outlet(
                query.native_revision, query.in_blocks, query.packed, binary_types=query.binary_types
            )
        # walking a block takes time: in a thread
        if done := await asyncio.to_thread(outlet.feed, chunk):
            yield done
    if outlet is not None and (done := await asyncio.to_thread(outlet.finish)):
        yield done


def _named(request: web.Request) -> bool:
    return (
        "X-ClickHouse-User" in request.headers
        or "Authorization" in request.headers
        or "user" in request.query
    )


def _summary(outcome: StatementResult) -> dict[str, str]:
    return {
        "read_rows": str(outcome.read_rows),
        "read_bytes": str(outcome.read_bytes),
        "written_rows": str(outcome.written_rows),
        "written_bytes": str(outcome.written_bytes),
        "total_rows_to_read": str(outcome.read_rows),
        "result_rows": str(outcome.written_rows or outcome.result_rows),
        "result_bytes": str(len(outcome.body)),
        "elapsed_ns": str(int(outcome.elapsed_s * 1e9)),
    }
