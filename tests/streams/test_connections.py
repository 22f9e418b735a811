"""Connections that ask nothing: bounded in number and time, whoever they come from, and no burden to those that ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from aiohttp import web

from streams.clock import monotonic
from streams.connections import MAX_CONNECTIONS, Connections, LimitedSite
from tests.deadlines import within


@asynccontextmanager
async def serving(connections: Connections) -> AsyncIterator[int]:
    """The port of a server that answers ``ok``, and on POST the body's length."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())) if request.method == "POST" else "ok")

    app = web.Application(middlewares=[connections.middleware])
    app.router.add_route("*", "/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await LimitedSite(runner, "127.0.0.1", 0, connections).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def connect(stack: AsyncExitStack, port: int, said: bytes = b"") -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    writer.write(said)
    return reader


async def until(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + within(10)
    while not condition():
        assert monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_idle_and_half_said_connections_are_closed_after_their_time() -> None:
    connections = Connections(100, 100, first_request_s=0.2)
    async with serving(connections) as port, AsyncExitStack() as stack:
        silent = await connect(stack, port)
        half = await connect(stack, port, b"POST / HTTP/1.1\r\nHost: a\r\nX-Half: ")
        for reader in (silent, half):
            assert await asyncio.wait_for(reader.read(), within(10)) == b""
        await until(lambda: len(connections) == 0)


async def test_a_thousand_idle_connections_do_not_keep_a_sender_out() -> None:
    connections = Connections(50, 50)
    async with serving(connections) as port, AsyncExitStack() as stack:
        for _ in range(200):
            await connect(stack, port)
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as answer:
            assert await answer.text() == "ok"
        await until(lambda: len(connections) <= 50)


async def test_a_request_under_way_is_not_closed_to_make_room() -> None:
    connections = Connections(5, 5, first_request_s=0.2)
    async with serving(connections) as port, AsyncExitStack() as stack:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        await writer.drain()
        await asyncio.sleep(0.05)
        for _ in range(20):
            await connect(stack, port)
        await asyncio.sleep(0.3)
        writer.write(b"cd")
        assert b"200 OK" in await asyncio.wait_for(reader.readline(), within(10))


async def test_a_body_that_never_ends_is_408_where_handlers_do_not_bound_it() -> None:
    connections = Connections(5, 5, body_s=0.2)
    async with serving(connections) as port, AsyncExitStack() as stack:
        reader = await connect(stack, port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
        assert b"408" in await asyncio.wait_for(reader.readline(), within(10))


def test_connections_leave_files_to_the_rest_of_the_process() -> None:
    assert Connections.within(20_000)._limit == MAX_CONNECTIONS
    assert Connections.within(1024)._limit == 768
    assert Connections.within(256)._limit == 64


async def test_an_expect_header_that_is_not_text_was_answered_500() -> None:
    for said, expected in ((b"\xff", b"417"), (b"nonsense", b"417"), (b"100-continue", b"100")):
        async with serving(Connections(10, 10)) as port, AsyncExitStack() as stack:
            head = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: " + said + b"\r\n\r\n"
            reader = await connect(stack, port, head)
            assert (await asyncio.wait_for(reader.read(), within(10))).split(b" ", 2)[1] == expected
