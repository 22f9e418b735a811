"""What every registered channel promises: a message arrives, "never" and "later" are kept apart, no secret gets out.

A channel over HTTP needs nothing here; one with another service is named in the fixture ``service``.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr
from structlog.testing import capture_logs

from scoring.alerts.routing import Severity
from scoring.wording.card import Card, Line, LineKind
from streams.channels import Channel, Message, MessageKind, SendRejectedError, SendRetryableError
from streams.channels.receiver import ChannelContext, ChannelSpec, is_secret
from streams.channels.registry import CHANNELS
from streams.settings import Settings
from tests.streams.channels.hook import Hook

SECRET = "s3cret-of-the-contract"
LINE = Line(LineKind.SIZE, "about 60 payments missing")
CARD = Card("a1", "en", Severity.CRITICAL, True, "Critical drop in payments", (LINE,), ())
MESSAGE = Message("key-1", "thread-1", "", MessageKind.FIRING, "en", (CARD,), "note")
GOOD = {"code": 0, "errcode": 0, "ok": True}


class Service(Protocol):
    """The other side of a channel: real, on this machine."""

    #: whether it can say "never", and for how long to wait
    says_never: bool
    says_wait: bool

    def fields(self) -> dict[str, Any]:
        """Values of the receiver's fields that are not secrets' references."""

    def address(self) -> str:
        """What is behind ``url``."""

    def answer(self, status: int) -> None:
        """How it answers from now on, as HTTP would say it."""

    def arrived(self) -> list[str]:
        """The messages that it took, as text."""


class HttpService:
    """Any service over HTTP."""

    says_never = says_wait = True

    def __init__(self, hook: Hook, scheme: str = "http") -> None:
        self._hook, self._scheme = hook, scheme
        self._hook.answers = [(200, GOOD, {})]

    def fields(self) -> dict[str, Any]:
        return {}

    def address(self) -> str:
        return f"{self._hook.url}?token={SECRET}".replace("http", self._scheme, 1)

    def answer(self, status: int) -> None:
        self._hook.answers = [(status, {}, {"Retry-After": "17"})]

    def arrived(self) -> list[str]:
        return [json.dumps(payload, ensure_ascii=False) for payload in self._hook.payloads]


class AppriseService(HttpService):
    """Apprise says only whether it worked."""

    says_never = says_wait = False

    def __init__(self, hook: Hook) -> None:
        super().__init__(hook, "json")


class SmtpService:
    """A mail server."""

    says_never, says_wait = True, False

    def __init__(self) -> None:
        self.mails: list[str] = []
        self._code = 250
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self._code == 250:
            self.mails.append(envelope.content.decode())
        return f"{self._code} as asked"

    def fields(self) -> dict[str, Any]:
        return {"to": ["ops@shop.example"]}

    def address(self) -> str:
        return ""

    def answer(self, status: int) -> None:
        self._code = 550 if status == 404 else 451

    def arrived(self) -> list[str]:
        return self.mails


class Paper:
    """The console: it takes everything."""

    says_never = says_wait = False

    def __init__(self) -> None:
        self.texts: list[str] = []

    def fields(self) -> dict[str, Any]:
        return {}

    def address(self) -> str:
        return ""

    def answer(self, status: int) -> None:
        raise NotImplementedError("a console does not fail")

    def arrived(self) -> list[str]:
        return self.texts


@pytest.fixture(params=CHANNELS, ids=lambda spec: spec.name)
def spec(request: pytest.FixtureRequest) -> ChannelSpec:
    return request.param  # type: ignore[no-any-return]


@contextmanager
def smtp_service() -> Iterator[SmtpService]:
    service = SmtpService()
    controller = Controller(service, hostname="127.0.0.1", port=service.port)
    controller.start()
    yield service
    controller.stop()


@pytest.fixture
async def service(spec: ChannelSpec) -> AsyncIterator[Service]:
    hook = Hook()
    runner = await hook.serve()
    with smtp_service() as smtp:
        others: dict[str, Service] = {"email": smtp, "console": Paper(), "apprise": AppriseService(hook)}
        yield others.get(spec.name, HttpService(hook))
    await runner.cleanup()


@pytest.fixture
async def channel(
    spec: ChannelSpec, service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Channel]:
    monkeypatch.setenv("CONTRACT_SECRET", SECRET)
    monkeypatch.setenv("CONTRACT_URL", service.address() or "unused")
    references = {
        name: "env:CONTRACT_URL" if name == "url" else "env:CONTRACT_SECRET"
        for name in spec.config.model_fields
        if is_secret(spec.config, name)
    }
    given = {"name": "ops", "channel": spec.name, **references, **service.fields()}
    receiver = spec.config.model_validate(given)
    smtp_url = SecretStr(f"smtp://127.0.0.1:{service.port}" if isinstance(service, SmtpService) else "")
    settings = Settings(data=tmp_path, smtp_url=smtp_url, mail_from="fw@shop.example")
    write = service.texts.append if isinstance(service, Paper) else print
    async with aiohttp.ClientSession() as session:
        yield spec.build(receiver, ChannelContext(session, settings, lambda: 1_772_600_000_000, write))


async def test_a_message_arrives_with_its_verdict(channel: Channel, service: Service) -> None:
    await channel.send(MESSAGE)
    (text,) = service.arrived()
    assert CARD.headline in text
    assert LINE.text in text


@pytest.mark.parametrize(
    "spec", [spec for spec in CHANNELS if spec.name != "console"], ids=lambda spec: spec.name
)
async def test_never_and_later_are_kept_apart_and_no_secret_gets_out(
    spec: ChannelSpec, channel: Channel, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with capture_logs() as logs:
        service.answer(404)
        with pytest.raises(SendRejectedError if service.says_never else SendRetryableError) as never:
            await channel.send(MESSAGE)
        later = []
        for status in (429, 503):
            service.answer(status)
            with pytest.raises(SendRetryableError) as caught:
                await channel.send(MESSAGE)
            later.append(caught.value)
    assert [error.retry_after_s for error in later] == [17.0 if service.says_wait else None] * 2
    # the test's own server writes down what it was asked for
    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    said = [str(never.value), *map(str, later), *map(str, logs), *logged]
    assert [text for text in said if SECRET in text] == []
    assert service.arrived() == [] or isinstance(service, HttpService)


def test_the_registry_names_each_channel_once_and_in_both_languages() -> None:
    names = [spec.name for spec in CHANNELS]
    assert len(set(names)) == len(names) >= 9
    assert all(spec.words.zh and spec.words.en for spec in CHANNELS)
