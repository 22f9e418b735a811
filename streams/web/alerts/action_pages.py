"""Acting on an alert on its page and through the API: checked, sent to Kafka, shown at once.

Before it: ``frame/forms.py``, which knows our own forms. After it: ``frame/actions.py``, which sends the action.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from scoring.alerts.actions import ADVICE_KINDS, TARGET_KINDS, CloseReason, HumanAction, HumanActionKind
from scoring.alerts.routing import RoutingError
from scoring.funnel.units import MINUTE_MS
from streams.clock import now_ms
from streams.incidents.action_log import MAX_SILENCE_MS, InvalidActionError, new_action
from streams.kafka.errors import KafkaUnreachableError
from streams.web.alerts.action_queries import ActionQueries
from streams.web.alerts.answers import ActionEntry
from streams.web.alerts.queries import AlertQueries
from streams.web.frame.arguments import moment_of
from streams.web.frame.errors import NO_ALERT, BadQueryError, ConflictError, NotFoundError
from streams.web.frame.forms import fields_of, json_of, name_of, remember_name
from streams.web.frame.subject import PageServices

#: what the page offers for a silence, in minutes
SILENCES_MINUTES = (30, 120, 480)
#: what can be done about an alert
ALERT_ACTIONS = tuple(
    kind
    for kind in HumanActionKind
    if kind not in (HumanActionKind.SUBSCRIBE, HumanActionKind.UNSUBSCRIBE, *ADVICE_KINDS, *TARGET_KINDS)
)


class ActionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action by the API. ``until`` (RFC 3339 or ms) or ``minutes`` end a silence; ``action_id`` makes a retry harmless."""

    kind: HumanActionKind
    who: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
    reason: CloseReason | None = None
    text: str = ""
    assignee: str = ""
    until: str | int = ""
    minutes: Annotated[float, msgspec.Meta(ge=0, le=MAX_SILENCE_MS / MINUTE_MS)] = 0
    action_id: str = ""


class ActionPages:
    """The handlers. ``show_alert`` shows the alert again, with what was wrong."""

    def __init__(
        self,
        services: PageServices,
        alerts: AlertQueries,
        actions: ActionQueries,
        show_alert: Callable[..., Awaitable[web.Response]],
    ) -> None:
        self._renderer, self._forms, self._sender = services.renderer, services.forms, services.actions
        self._alerts, self._actions, self._show_alert = alerts, actions, show_alert

    async def on_page(self, request: web.Request) -> web.StreamResponse:
        """POST /alerts/{alert}/actions: a button on the alert's page."""
        form = await fields_of(request)
        self._forms.check(request, form)
        alert_id = request.match_info["alert"]
        reader = self._renderer.reader(request)
        if await self._alerts.alert(alert_id) is None:
            return self._renderer.missing(request, "no_such_alert")
        try:
            fields = _fields(form, reader.zone, now_ms())
            action = new_action(
                fields.pop("kind"),
                now_ms(),
                form.get("who", "") or name_of(request),
                "page",
                alert_id=alert_id,
                action_id=_action_id(form, alert_id),
                **fields,
            )
        except (InvalidActionError, BadQueryError) as error:
            return await self._show_alert(request, failure=error_text(str(error), reader.word), filled=form)
        try:
            await self._sender.send(action)
        except KafkaUnreachableError as error:
            failure = reader.word("not_recorded", detail=str(error))
            return await self._show_alert(request, failure=failure, filled=form, code=503)
        remember_name(request, action.who)
        target = request.url.with_path(f"/alerts/{alert_id}").with_query(done=action.action_id)
        return web.Response(status=303, headers={"Location": str(target.with_fragment("people").relative())})

    async def back(self, request: web.Request) -> web.StreamResponse:
        """GET /alerts/{alert}/actions: where a rejected form left the reader; leads to the alert itself."""
        target = request.url.with_path(f"/alerts/{request.match_info['alert']}").with_query(request.query)
        return web.Response(status=303, headers={"Location": str(target.relative())})

    async def by_api(self, request: web.Request) -> ActionEntry:
        """POST /api/v1/alerts/{alert}/actions."""
        wanted = await json_of(request, ActionRequest)
        alert_id = request.match_info["alert"]
        if wanted.kind not in ALERT_ACTIONS:
            raise BadQueryError(
                f"kind: unknown value {wanted.kind.value!r}; expected one of {', '.join(ALERT_ACTIONS)}"
            )
        present = now_ms()
        until = moment_of({"until": str(wanted.until or "")}, "until") or 0
        if wanted.minutes:
            until = present + round(wanted.minutes * MINUTE_MS)
        try:
            action = new_action(
                wanted.kind,
                present,
                wanted.who,
                "api",
                alert_id=alert_id,
                action_id=f"api-{wanted.action_id[:64]}" if wanted.action_id else "",
                reason=wanted.reason,
                text=wanted.text,
                assignee=wanted.assignee,
                until_ms=until if wanted.kind is HumanActionKind.SILENCE else 0,
            )
        except (InvalidActionError, RoutingError) as error:
            raise BadQueryError(str(error)) from error
        if await self._alerts.alert(alert_id) is None:
            raise NotFoundError(NO_ALERT.both())
        before = await self._actions.one(action.action_id) if wanted.action_id else None
        kept = before or await self._sender.send(action)
        if not _same(kept, action):
            raise ConflictError(
                f"action_id: {wanted.action_id[:64]!r} was used for another action; give each its own"
            )
        return self._actions.entry(kept)


def _same(before: HumanAction, action: HumanAction) -> bool:
    """Whether ``action`` is a repetition of ``before``; the end of a silence may be counted from each one's own moment."""
    return all(
        getattr(before, name) == getattr(action, name)
        for name in ("kind", "alert_id", "who", "reason", "text", "assignee")
    )


def _fields(form: Mapping[str, str], zone: str, at_ms: int) -> dict[str, Any]:
    """The fields of the action whose button was pressed.

    Raises:
        BadQueryError: they cannot be understood.
    """
    kind = next((kind for kind in ALERT_ACTIONS if kind.value == form.get("kind")), None)
    if kind is None:
        raise BadQueryError("kind: unknown button")
    fields: dict[str, Any] = {"kind": kind}
    if kind is HumanActionKind.ASSIGN:
        fields["assignee"] = form.get("assignee", "")
    elif kind is HumanActionKind.COMMENT:
        fields["text"] = form.get("comment", "")
    elif kind is HumanActionKind.CLOSE:
        reason = form.get("reason", "")
        fields["reason"] = CloseReason(reason) if reason in set(CloseReason) else None
        fields["text"] = form.get("close_text", "")
    elif kind is HumanActionKind.SILENCE:
        fields["text"] = form.get("silence_text", "")
        fields["until_ms"] = _until(form.get("length", ""), form.get("until", ""), zone, at_ms)
    return fields


def _until(length: str, until: str, zone: str, at_ms: int) -> int:
    """The end of a silence: a number of minutes from now, or a wall clock time in the reader's zone."""
    if length.isdigit() and int(length) in SILENCES_MINUTES:
        return at_ms + int(length) * MINUTE_MS
    try:
        wall = datetime.fromisoformat(until)
    except ValueError:
        return 0
    return round((wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(zone))).timestamp() * 1000)


def _action_id(form: Mapping[str, str], alert_id: str) -> str:
    """The same id for the same form: a double click does one thing. Each showing of the page has its own ``press``."""
    content = [alert_id, *sorted(f"{key}={value}" for key, value in form.items() if key != "form_token")]
    return "page-" + hashlib.blake2b("\0".join(content).encode(), digest_size=16).hexdigest()


#: how what ``new_action`` says begins, and the page's own word for it
_ACTION_ERRORS = (
    ("say who you are", "invalid_who"),
    ("closing needs", "invalid_reason"),
    ("a comment needs", "invalid_comment"),
    ("say whom", "invalid_assignee"),
    ("the text is longer", "invalid_long"),
    ("a silence ends", "invalid_until"),
)


def error_text(text: str, word: Callable[[str], str]) -> str:
    """Why ``new_action`` rejected the action, in the reader's language."""
    return next((word(key) for begin, key in _ACTION_ERRORS if text.startswith(begin)), text)
