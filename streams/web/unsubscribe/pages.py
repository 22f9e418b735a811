"""Unsubscribing from a digest by the link in its mail: opening asks, pressing does it, and the same page subscribes again.

Mail programs press the same address themselves (RFC 8058, ``List-Unsubscribe=One-Click``), without cookies and without a
form of ours; the signature of the link is the key.
"""

from __future__ import annotations

from aiohttp import web

from scoring.alerts.actions import HumanActionKind
from streams.clock import now_ms
from streams.incidents.action_log import new_action
from streams.incidents.links import LinkEndedError, LinkError, verify
from streams.kafka.errors import KafkaUnreachableError
from streams.web.frame.forms import comes_from_elsewhere, fields_of
from streams.web.frame.routes import PageRoute, Routes
from streams.web.frame.subject import PageServices, Subject
from streams.web.unsubscribe.words import UNSUBSCRIBE_WORDS

KIND = "unsubscribe"


class UnsubscribePages:
    """The handlers of ``/unsubscribe/{token}``."""

    def __init__(self, services: PageServices) -> None:
        self._renderer, self._sender = services.renderer, services.actions
        self._link_key = services.link_key

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """GET: asks."""
        return await self._answer(request, is_press=False)

    async def press(self, request: web.Request) -> web.StreamResponse:
        """POST: unsubscribes, or subscribes again."""
        return await self._answer(request, is_press=True)

    async def _answer(self, request: web.Request, is_press: bool) -> web.StreamResponse:
        word = self._renderer.reader(request).word
        try:
            link = verify(request.match_info["token"], self._link_key, now_ms())
            if link.kind != KIND:
                raise LinkError("a link for something else")
        except LinkError as error:
            return self._invalid(request, has_ended=isinstance(error, LinkEndedError))
        state, failure = "asked", ""
        if is_press:
            form = await fields_of(request)
            is_one_click = form.get("List-Unsubscribe") == "One-Click"
            if comes_from_elsewhere(request) and not is_one_click:
                return self._renderer.failed(request, 403, "not_done", word("form_forged"))
            is_back = form.get("kind") == HumanActionKind.SUBSCRIBE.value
            kind = HumanActionKind.SUBSCRIBE if is_back else HumanActionKind.UNSUBSCRIBE
            via = f"link:{link.receiver}"
            try:
                await self._sender.send(
                    new_action(kind, now_ms(), link.receiver, via, assignee=link.receiver)
                )
                state = "back" if is_back else "left"
            except KafkaUnreachableError as error:
                failure = word("not_recorded", detail=str(error))
        return self._renderer.render(
            request,
            "unsubscribe/unsubscribe.html",
            503 if failure else 200,
            bare=True,
            subscriber=link.receiver,
            state=state,
            failure=failure,
        )

    def _invalid(self, request: web.Request, has_ended: bool) -> web.Response:
        word = self._renderer.reader(request).word
        return self._renderer.render(
            request,
            "frame/link.html",
            410 if has_ended else 404,
            bare=True,
            heading=word("link_ended" if has_ended else "link_forged"),
            detail=word("unsubscribe_broken"),
            alert_id="",
            more=False,
        )


def _routes(services: PageServices) -> Routes:
    pages = UnsubscribePages(services)
    path = "/unsubscribe/{token}"
    return Routes(pages=(PageRoute(path, pages.ask), PageRoute(path, pages.press, "POST")))


SUBJECT = Subject(__file__, build=_routes, words=UNSUBSCRIBE_WORDS, open_paths=("/unsubscribe/",))
