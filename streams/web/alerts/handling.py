"""Alerts that nobody has taken, and those of one reader: the choice in the list, and acknowledging many at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from aiohttp import web

from scoring.alerts.actions import HumanActionKind
from scoring.alerts.alert import AlertState
from streams.clock import now_ms
from streams.incidents.action_log import InvalidActionError, new_action
from streams.kafka.errors import KafkaUnreachableError
from streams.web.alerts.action_pages import error_text
from streams.web.alerts.answers import Alert
from streams.web.alerts.queries import AlertQueries
from streams.web.frame.forms import fields_of, name_of, remember_name
from streams.web.frame.subject import PageServices

HANDLINGS = ("", "unclaimed", "mine")
#: before an alert's id in the name of its box
BOX = "alert-"
#: most alerts that one press acknowledges
MOST = 200


def is_unclaimed(alert: Alert) -> bool:
    """Whether it fires and nobody has taken or closed it."""
    people = alert.people
    is_taken = people.acknowledged_by or people.assignee or people.closed_as
    return alert.state == AlertState.FIRING and not is_taken


def handled(alerts: Iterable[Alert], handling: str, name: str) -> tuple[Alert, ...]:
    """The alerts of a choice: those that nobody has taken, or those that ``name`` acknowledged or was assigned."""
    if handling == "unclaimed":
        return tuple(alert for alert in alerts if is_unclaimed(alert))
    if handling == "mine":
        return tuple(a for a in alerts if name and name in (a.people.acknowledged_by, a.people.assignee))
    return tuple(alerts)


class ManyPages:
    """The handler of the list's button."""

    def __init__(self, services: PageServices, alerts: AlertQueries) -> None:
        self._renderer, self._forms, self._sender = services.renderer, services.forms, services.actions
        self._alerts = alerts

    async def acknowledge(self, request: web.Request) -> web.StreamResponse:
        """POST /alerts/acknowledge: all chosen alerts that nobody has taken meanwhile; then the list again."""
        form = await fields_of(request)
        self._forms.check(request, form)
        word = self._renderer.reader(request).word
        chosen = [key.removeprefix(BOX) for key in form if key.startswith(BOX)][:MOST]
        at_ms, who = now_ms(), form.get("who", "") or name_of(request)
        listed = await self._alerts.alerts(AlertState.FIRING, "", MOST, at_ms)
        free = {alert.alert_id for alert in listed.alerts if is_unclaimed(alert)}
        try:
            actions = [
                new_action(
                    HumanActionKind.ACKNOWLEDGE,
                    at_ms,
                    who,
                    "page",
                    alert_id=alert,
                    action_id=_action_id(form, alert),
                )
                for alert in chosen
                if alert in free
            ]
        except InvalidActionError as error:
            return self._renderer.failed(request, 422, "not_done", error_text(str(error), word))
        sent = 0
        try:
            for action in actions:
                await self._sender.send(action)
                sent += 1
        except KafkaUnreachableError as error:
            partly = word("many_partly", n=sent, all=len(actions), detail=str(error))
            return self._renderer.failed(
                request, 503, "not_done", partly if sent else word("not_recorded", detail=str(error))
            )
        if who:
            remember_name(request, who)
        query = {key: form[key] for key in ("state", "store", "step", "days", "handling") if form.get(key)}
        target = request.url.with_path("/alerts").with_query({**query, "acknowledged": len(actions)})
        return web.Response(status=303, headers={"Location": str(target.relative())})


def _action_id(form: Mapping[str, str], alert_id: str) -> str:
    """The same for the same showing of the list: a double click does one thing."""
    return "many-" + hashlib.blake2b(f"{form.get('press')}\0{alert_id}".encode(), digest_size=16).hexdigest()
