"""Advice on the page and by API: accepted, declined, done, with a name; and what came of it on its date."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from aiohttp import web

from scoring.alerts.actions import ADVICE_KINDS, HumanActionKind
from scoring.wording.text import Language
from streams.clock import now_ms
from streams.evaluation.advice_lines import AdviceLine
from streams.evaluation.advised import AdviceLife
from streams.evaluation.knowing import KnownStore
from streams.evaluation.page import stored_view
from streams.incidents.action_log import InvalidActionError, advice_action
from streams.kafka.errors import KafkaUnreachableError
from streams.web.evaluation.answers import EvaluatedAdvice, advice_of
from streams.web.evaluation.asking import language_of
from streams.web.frame.errors import BadQueryError, NotFoundError
from streams.web.frame.forms import fields_of, json_of, name_of, remember_name
from streams.web.frame.subject import PageServices

Known = Callable[[web.Request], Awaitable[KnownStore | None]]


class AdviceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody does about a piece of advice: ``advice`` is its key, as the list gives it."""

    kind: HumanActionKind
    who: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
    advice: Annotated[str, msgspec.Meta(max_length=400)]
    text: str = ""


class AdvicePages:
    """The handlers. ``known`` gives the store that a request asks about, with what was done."""

    def __init__(self, services: PageServices, known: Known) -> None:
        self._renderer, self._forms, self._sender = services.renderer, services.forms, services.actions
        self._known = known

    async def on_page(self, request: web.Request) -> web.StreamResponse:
        """POST /stores/{store}/evaluation/advice: a button next to a piece of advice."""
        form = await fields_of(request)
        self._forms.check(request, form)
        word = self._renderer.reader(request).word
        kind = next((one for one in ADVICE_KINDS if one.value == form.get("kind")), None)
        if kind is None:
            raise BadQueryError("kind: unknown button")
        wanted = AdviceRequest(
            kind, form.get("who", "") or name_of(request), form.get("advice", ""), form.get("text", "")
        )
        try:
            await self._act(request, wanted, "page")
        except InvalidActionError as error:
            key = "invalid_who" if str(error).startswith("say who") else "evaluation_decline_why"
            return self._renderer.failed(request, 400, "not_done", word(key))
        except KafkaUnreachableError as error:
            return self._renderer.failed(request, 503, "not_done", word("not_recorded", detail=str(error)))
        remember_name(request, wanted.who)
        back = request.url.with_path(f"/stores/{request.match_info['store']}/evaluation").with_query(
            request.query
        )
        return web.Response(status=303, headers={"Location": str(back.with_fragment("h-actions").relative())})

    async def by_api(self, request: web.Request) -> EvaluatedAdvice:
        """POST /api/v1/stores/{store}/evaluation/advice."""
        wanted = await json_of(request, AdviceRequest)
        try:
            await self._act(request, wanted, "api")
        except InvalidActionError as error:
            raise BadQueryError(str(error)) from error
        return next(one for one in await self.advice(request) if one.advice == wanted.advice)

    async def advice(self, request: web.Request) -> tuple[EvaluatedAdvice, ...]:
        """GET /api/v1/stores/{store}/evaluation/advice."""
        known = await self._known(request)
        return (
            ()
            if known is None
            else tuple(advice_of(line, life) for line, life in _lines(known, language_of(request)))
        )

    async def _act(self, request: web.Request, wanted: AdviceRequest, via: str) -> None:
        known = await self._known(request)
        lines = {} if known is None else {line.key: line for line, _ in _lines(known, "en")}
        if wanted.advice not in lines:
            raise NotFoundError("no such advice in this evaluation")
        action = advice_action(
            wanted.kind,
            now_ms(),
            wanted.who,
            via,
            about=wanted.advice,
            check_ms=lines[wanted.advice].check_ms,
            text=wanted.text,
        )
        await self._sender.send(action)


def _lines(known: KnownStore, language: Language) -> list[tuple[AdviceLine, AdviceLife | None]]:
    """All advice of a store, that of its newest period first, with what became of it."""
    seen = stored_view(known, language).seen
    return [(line, known.lives.get(line.key)) for line in (*seen.actions, *seen.earlier)]
