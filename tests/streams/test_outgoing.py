"""What people enter as an address does not lead to an address at which a cloud answers its own machines."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from streams.channels.posting import post_json
from streams.outgoing import is_of_the_machine, outgoing_session
from streams.sources.asking import AiohttpSender, HttpRequest, PlatformUnreachableError

METADATA = (
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://metadata.localhost.invalid@169.254.169.254/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://100.100.100.200/latest/meta-data/",
)


@pytest.mark.parametrize("url", METADATA)
async def test_a_source_s_address_led_to_the_credentials_of_the_machine(url: str) -> None:
    async with outgoing_session() as session:
        with pytest.raises((aiohttp.ClientConnectorError, aiohttp.InvalidURL)) as raised:
            await session.get(url)
        cause = getattr(raised.value, "os_error", None)
        assert isinstance(cause, PermissionError | None)
        with pytest.raises(PlatformUnreachableError):
            await AiohttpSender(session).send(HttpRequest(url), 10.0)


async def test_other_addresses_are_asked_and_what_they_send_on_to_is_not() -> None:
    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/")

    app = web.Application()
    app.router.add_get("/", away)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with outgoing_session() as session:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        assert (await AiohttpSender(session).send(HttpRequest(url), 10.0)).status == 302
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)  # a client that would follow
    await runner.cleanup()


async def test_a_receiver_whose_answer_is_not_text_ended_the_notifier() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b'{"said":"\xff"}' if await request.read() == b"1" else b"[" * 5000)

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with outgoing_session() as session:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        for sent in (1, 2):
            assert await post_json(session, url, sent) == {}
    await runner.cleanup()


def test_addresses_of_a_shop_are_not_addresses_of_the_machine() -> None:
    assert not any(
        map(is_of_the_machine, ("127.0.0.1", "10.0.0.8", "192.168.1.1", "203.0.113.7", "::1", "2001:db8::7"))
    )
    assert is_of_the_machine("fe80::1%eth0")
