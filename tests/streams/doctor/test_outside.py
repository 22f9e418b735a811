"""`doctor` looks at receivers, the mail server and the public address, and sends nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from streams.config.model import Config
from streams.doctor.outside import receivers
from streams.settings import Settings
from tests.fixtures.mailbox import Inbox

HOOK = {"name": "ops", "channel": "webhook", "url": "env:HOOK", "secret": "env:KEY"}


async def found(folder: Path, config: dict[str, Any], **settings: Any) -> dict[str, tuple[str, str]]:
    looked = await receivers(Settings(data=folder, **settings), Config.model_validate(config))
    return {finding.what: (finding.level, finding.found) for finding in looked}


async def test_a_receiver_that_can_be_reached_and_one_that_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{port}/hook")
    config = {"alerting": {"receivers": [HOOK]}}
    assert (await found(tmp_path, config))["receivers"] == (
        "good",
        "ops (webhook): 127.0.0.1 can be reached",
    )
    server.close()
    await server.wait_closed()
    level, text = (await found(tmp_path, config))["receivers"]
    assert (level, f"127.0.0.1:{port} cannot be reached" in text) == ("bad", True)
    monkeypatch.delenv("HOOK")
    level, text = (await found(tmp_path, config))["receivers"]
    assert (level, "HOOK is not set" in text) == ("warning", True)


async def test_nobody_to_notify_and_links_that_only_this_machine_opens(tmp_path: Path) -> None:
    assert (await found(tmp_path, {}))["receivers"][0] == "warning"
    console = {"alerting": {"receivers": [{"name": "c", "channel": "console"}]}}
    assert "public address" not in await found(tmp_path, console)
    mail = {"digests": [{"name": "li", "to": ["li@shop.example"]}]}
    looked = await found(tmp_path, mail)
    assert looked["public address"][0] == "warning"
    assert "1 receiver lead" in looked["public address"][1]
    assert looked["mail server"][0] == "warning"
    assert (await found(tmp_path, mail, public_url="http://localhost:8711"))["public address"][0] == "warning"


async def test_a_public_address_that_leads_elsewhere_was_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.doctor.outside.LOOPBACK_HOSTS", frozenset())  # this machine as others see it
    said = {"/healthz": "ok\n", "/wrong/healthz": '{"state":"ok"}'}  # the page, and a collector

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=said[request.path])

    app = web.Application()
    for path in said:
        app.router.add_get(path, answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    mail = {"digests": [{"name": "li", "to": ["li@shop.example"]}]}
    assert (await found(tmp_path, mail, public_url=address))["public address"] == ("good", address)
    for place, why in (("/wrong", "is not the page"), ("/nowhere", "status 404")):
        level, text = (await found(tmp_path, mail, public_url=address + place))["public address"]
        assert (level, why in text) == ("warning", True)
    await runner.cleanup()
    level, text = (await found(tmp_path, mail, public_url=address))["public address"]
    assert (level, "cannot be reached from here" in text) == ("warning", True)


async def test_the_mail_server_is_greeted_and_gets_no_mail(tmp_path: Path, smtp: tuple[Inbox, str]) -> None:
    inbox, url = smtp
    mail = {"digests": [{"name": "li", "to": ["li@shop.example"]}]}
    assert (await found(tmp_path, mail, smtp_url=SecretStr(url)))["mail server"] == (
        "good",
        "127.0.0.1 answers",
    )
    assert inbox.mails == []
    level, text = (await found(tmp_path, mail, smtp_url=SecretStr("smtp://127.0.0.1:9")))["mail server"]
    assert (level, "is unreachable" in text) == ("bad", True)
