"""Connections to the agents' port that ask nothing are closed, however they pretend to; those that ask are answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn

from streams.agents import bounded_http
from streams.agents.bounded_http import BoundedHttp
from tests.deadlines import within

ASKS = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Quick(BoundedHttp):
    first_request_s, idle_s = 0.2, 0.4


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(kind: type[BoundedHttp]) -> AsyncIterator[int]:
    settings = uvicorn.Config(
        application, port=0, http=kind, log_level="error", lifespan="off", timeout_keep_alive=60
    )
    server = uvicorn.Server(settings)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether the server closes the connection, though a byte is sent to it now and then."""
    async with asyncio.timeout(within(20)):
        try:
            while not reader.at_eof():
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.02)
        except OSError:
            pass
    writer.close()
    return True


async def test_connections_that_ask_nothing_stayed_for_ever() -> None:
    async with serving(Quick) as port:
        silent, _ = await asyncio.open_connection("127.0.0.1", port)
        assert await asyncio.wait_for(silent.read(), within(20)) == b""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASKS[:-2] + b"X-Half: ")
        assert await ended(reader, writer)
        # asks once, and then a little of the next request for ever
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASKS)
        assert (await reader.readuntil(b"ok")).endswith(b"ok")
        writer.write(ASKS[:-2] + b"X-Half: ")
        assert await ended(reader, writer)


async def test_one_connection_too_many_closes_the_one_that_has_waited_longest() -> None:
    async with serving(BoundedHttp) as port:
        silent = [
            await asyncio.open_connection("127.0.0.1", port) for _ in range(bounded_http.MAX_CONNECTIONS)
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASKS)
        assert (await asyncio.wait_for(reader.readuntil(b"ok"), within(20))).endswith(b"ok")
        oldest, _ = silent[0]
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(oldest.read(), within(20)) == b""
        assert not silent[-1][0].at_eof()
        for _, one in [*silent, (reader, writer)]:
            one.close()
