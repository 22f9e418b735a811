"""A marketplace's row or push, masked as the door and the poller mask it, then translated."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from multidict import CIMultiDict

from scoring.events.redaction import mask_document
from scoring.records.order_life import OrderLife, merge
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.cursors import PollWindow
from scoring.sources.translated import Translated
from streams.sources.asking import HttpAnswer, HttpRequest
from streams.sources.connection import Connection
from streams.sources.source import Poll, PollPage, SourceSpec

NOW_MS = 1_795_874_400_000  # 2026-11-28 14:00 UTC


class Market:
    """One connection's mapping."""

    def __init__(self, spec: SourceSpec, connection: Connection) -> None:
        self.spec, self.connection = spec, connection
        self.polls = {poll.resource: poll for poll in spec.polls(connection.config)}

    def pushed(self, topic: str, content: Any, now_ms: int = NOW_MS) -> Translated:
        """A push."""
        hook = self.spec.hook
        assert hook is not None
        return self._translated(
            topic, content, hook.people(self.connection), (), hook.only(self.connection), now_ms
        )

    def polled(self, resource: str, content: Any, now_ms: int = NOW_MS) -> Translated:
        """A row that was asked for."""
        poll = self.polls[resource]
        return self._translated(
            resource, content, poll.people, poll.kept, poll.only, now_ms, DeliveryDoor.POLL
        )

    def _translated(
        self,
        topic: str,
        content: Any,
        people: Sequence[str],
        kept: Sequence[str],
        only: Sequence[str],
        now_ms: int,
        door: DeliveryDoor = DeliveryDoor.HOOK,
    ) -> Translated:
        body = mask_document(
            json.dumps(content).encode(), lambda raw: f"~{raw}", people=people, kept=kept, only=only
        )
        delivery = RawDelivery(
            delivery_id="d",
            source=self.spec.name,
            connection=self.connection.name,
            received_at_ms=now_ms,
            topic=topic,
            door=door,
            body=body,
        )
        assert self.spec.translate is not None
        return self.spec.translate(delivery, self.connection.terms(self.spec.terms(self.connection.config)))


def life(*found: Translated) -> OrderLife:
    """The life of the one order that all of it is about."""
    made = merge([facts for one in found for facts in one.orders])
    assert made is not None
    return made


class Answers:
    """``PlatformApi`` that has one answer after another, judged as the source judges them."""

    def __init__(self, judge: Callable[[HttpAnswer], None], *answers: tuple[int, Any]) -> None:
        self._judge, self._answers = judge, list(answers)
        self.asked: list[HttpRequest] = []

    @property
    def now_ms(self) -> int:
        return NOW_MS

    async def ask(self, request: HttpRequest) -> HttpAnswer:
        self.asked.append(request)
        status, content = self._answers.pop(0)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        answer = HttpAnswer(status, CIMultiDict({"Content-Type": "application/json"}), body, "api.example")
        self._judge(answer)
        return answer


def fetched(
    poll: Poll, api: Answers, from_ms: int = NOW_MS - 3_600_000, mark: str = "", cursor: str = ""
) -> PollPage:
    """One page of a poll."""
    return asyncio.run(_fetched(poll, api, PollWindow(from_ms, NOW_MS, cursor), mark))


async def _fetched(poll: Poll, api: Answers, window: PollWindow, mark: str) -> PollPage:
    return await poll.fetch(api, window, mark)
