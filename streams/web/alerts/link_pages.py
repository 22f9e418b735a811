"""The links of messages, ``/do/{token}``: opening one asks, pressing its button performs the action, once.

Mail programs open links, so opening does nothing. The link is its own key: no sign-in is needed, and it works without
ClickHouse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from scoring.alerts.actions import CloseReason, HumanAction, HumanActionKind
from scoring.funnel.units import MINUTE_MS
from scoring.wording.card import ActionKind
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.incidents.action_log import new_action
from streams.incidents.links import Link, LinkEndedError, LinkError, verify
from streams.kafka.errors import KafkaUnreachableError
from streams.web.alerts.action_queries import ActionQueries
from streams.web.alerts.answers import Alert
from streams.web.alerts.queries import AlertQueries
from streams.web.frame.forms import comes_from_elsewhere, fields_of, remember_name
from streams.web.frame.subject import PageServices

#: how long the silence of a message's link lasts, in minutes
LINK_SILENCE_MINUTES = 120
_LINK_FIELDS: Mapping[ActionKind, dict[str, Any]] = {
    ActionKind.ACKNOWLEDGE: {"kind": HumanActionKind.ACKNOWLEDGE},
    ActionKind.SILENCE: {"kind": HumanActionKind.SILENCE},
    ActionKind.FALSE_ALARM: {"kind": HumanActionKind.CLOSE, "reason": CloseReason.FALSE_ALARM},
    ActionKind.EXPECTED: {"kind": HumanActionKind.CLOSE, "reason": CloseReason.EXPECTED},
    ActionKind.REAL: {"kind": HumanActionKind.CLOSE, "reason": CloseReason.REAL},
    ActionKind.TRACKING: {"kind": HumanActionKind.CLOSE, "reason": CloseReason.TRACKING},
}


class LinkPages:
    """The handlers."""

    def __init__(self, services: PageServices, alerts: AlertQueries, actions: ActionQueries) -> None:
        self._config, self._renderer, self._sender = services.config, services.renderer, services.actions
        self._link_key, self._alerts, self._actions = services.link_key, alerts, actions

    async def confirm(self, request: web.Request) -> web.StreamResponse:
        """GET /do/{token}: says what the link does and asks."""
        return await self._answer(request, is_press=False)

    async def do(self, request: web.Request) -> web.StreamResponse:
        """POST /do/{token}: does it, once."""
        return await self._answer(request, is_press=True)

    async def _answer(self, request: web.Request, is_press: bool) -> web.StreamResponse:
        try:
            link = verify(request.match_info["token"], self._link_key, now_ms())
            kind = ActionKind(link.kind)
            fields = _LINK_FIELDS[kind]
        except LinkEndedError as error:
            return self._invalid(request, 410, "link_ended", error.alert_id)
        except (LinkError, ValueError, KeyError):
            return self._invalid(request, 404, "link_forged", "")
        alert, done, is_unreachable = await self._known(link)
        code, failure, is_fresh = 200, "", False
        if is_press and done is None:
            form = await fields_of(request)
            word = self._renderer.reader(request).word
            if comes_from_elsewhere(request):
                return self._renderer.failed(request, 403, "not_done", word("form_forged"))
            who = form.get("who", "").strip()
            try:
                done = await self._sender.send(_action(link, kind, who, fields))
                is_fresh = True
                if who:
                    remember_name(request, done.who)
            except KafkaUnreachableError as error:
                code, failure = 503, word("not_recorded", detail=str(error))
        return self._renderer.render(
            request,
            "alerts/confirm.html",
            code,
            bare=True,
            link=link,
            kind=kind,
            alert=alert,
            store=self._renderer.names(request).config(alert.store_id) if alert else None,
            unreachable=is_unreachable,
            action=self._actions.entry(done) if done else None,
            fresh=is_fresh,
            failure=failure,
        )

    def _invalid(self, request: web.Request, code: int, heading: str, alert_id: str) -> web.Response:
        word = self._renderer.reader(request).word
        return self._renderer.render(
            request,
            "frame/link.html",
            code,
            bare=True,
            more=True,
            heading=word(heading),
            detail=word(f"{heading}_detail"),
            alert_id=alert_id,
        )

    async def _known(self, link: Link) -> tuple[Alert | None, HumanAction | None, bool]:
        """The link's alert, what the link did before, and whether ClickHouse is unreachable."""
        try:
            return await self._alerts.alert(link.alert_id), await self._actions.one(link.action_id), False
        except ClickHouseUnreachableError:
            return None, None, True


def _action(link: Link, kind: ActionKind, who: str, fields: Mapping[str, Any]) -> HumanAction:
    present = now_ms()
    until = present + LINK_SILENCE_MINUTES * MINUTE_MS if kind is ActionKind.SILENCE else 0
    return new_action(
        at_ms=present,
        who=who or link.receiver,
        via=f"link:{link.receiver}",
        alert_id=link.alert_id,
        action_id=link.action_id,
        until_ms=until,
        **fields,
    )
