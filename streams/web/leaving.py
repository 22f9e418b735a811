"""Leaving a digest by the link of its mail: opening asks, pressing does it, and one may come back from the same page.

Mail programs press the same address themselves (RFC 8058, ``List-Unsubscribe=One-Click``), without cookies and without a
form of ours; the signature of the link is the key.
"""

from __future__ import annotations

from aiohttp import web

from scoring.alerts.actions import HumanActionKind
from streams.clock import now_ms
from streams.incidents.action_log import new_action
from streams.incidents.links import LinkEnded, LinkError, verify
from streams.kafka.errors import KafkaUnreachableError
from streams.web.acts import Acts
from streams.web.forms import comes_from_elsewhere
from streams.web.pages import Pages

KIND = "unsubscribe"


class Leaving:
    """The handlers of ``/unsubscribe/{token}``."""

    def __init__(self, pages: Pages, acts: Acts, link_key: str) -> None:
        self._pages, self._acts, self._link_key = pages, acts, link_key

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """GET: asks."""
        return await self._answer(request, press=False)

    async def press(self, request: web.Request) -> web.StreamResponse:
        """POST: leaves, or comes back."""
        return await self._answer(request, press=True)

    async def _answer(self, request: web.Request, press: bool) -> web.StreamResponse:
        word = self._pages.reader(request).word
        try:
            link = verify(request.match_info["token"], self._link_key, now_ms())
            if link.kind != KIND:
                raise LinkError("a link for something else")
        except LinkError as error:
            ended = isinstance(error, LinkEnded)
            return self._pages.render(
                request,
                "link.html",
                410 if ended else 404,
                bare=True,
                heading=word("link_ended" if ended else "link_forged"),
                detail=word("leave_broken"),
                alert_id="",
                more=False,
            )
        state, failure = "asked", ""
        if press:
            form = await request.post()
            one_click = form.get("List-Unsubscribe") == "One-Click"
            if comes_from_elsewhere(request) and not one_click:
                return self._pages.failed(request, 403, "not_done", word("form_forged"))
            back = form.get("kind") == HumanActionKind.SUBSCRIBE.value
            kind = HumanActionKind.SUBSCRIBE if back else HumanActionKind.UNSUBSCRIBE
            action = new_action(
                kind, now_ms(), link.receiver, f"link:{link.receiver}", assignee=link.receiver
            )
            try:
                await self._acts.publish(action)
                state = "back" if back else "left"
            except KafkaUnreachableError as error:
                failure = word("act_broker_away", detail=str(error))
        return self._pages.render(
            request,
            "leaving.html",
            503 if failure else 200,
            bare=True,
            subscriber=link.receiver,
            state=state,
            failure=failure,
        )
