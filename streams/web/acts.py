"""What people do on the page, through the API and by the links of messages: checked, written to Kafka, shown at once.

Before it: ``forms.py``, which knows our own forms. After it: ``streams/incidents/action_log.py``, which writes the action.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from scoring.alerts.actions import CloseReason, HumanAction, HumanActionKind
from scoring.alerts.routing import RoutingError
from scoring.wording.cards import ActionKind
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.incidents.action_log import ActionRefused, new_action, publish_action
from streams.incidents.links import Link, LinkEnded, LinkError, verify
from streams.kafka.errors import KafkaUnreachableError
from streams.settings import Settings
from streams.web.alert_reads import AlertReads
from streams.web.answers import Act, Alert
from streams.web.ask import BadRequest, moment_of
from streams.web.forms import Forms, comes_from_elsewhere, name_of, remember_name
from streams.web.pages import Pages

#: what the silence of a message's link lasts, and what the page offers, in minutes
LINK_SILENCE_MINUTES = 120
SILENCES_MINUTES = (30, 120, 480)
#: what can be done about an alert
OF_ALERTS = tuple(
    kind for kind in HumanActionKind if kind not in (HumanActionKind.SUBSCRIBE, HumanActionKind.UNSUBSCRIBE)
)
#: how long a press waits for the broker
PATIENCE_S = 12.0


class ActionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action by the API. ``until`` (RFC 3339 or ms) or ``minutes`` end a silence; ``action_id`` makes a retry harmless."""

    kind: HumanActionKind
    who: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
    reason: CloseReason | None = None
    text: str = ""
    assignee: str = ""
    until: str | int = ""
    minutes: float = 0
    action_id: str = ""


class Acts:
    """The handlers that change something."""

    def __init__(
        self, reads: AlertReads, settings: Settings, pages: Pages, forms: Forms, link_key: str
    ) -> None:
        self._reads, self._settings, self._pages, self._forms = reads, settings, pages, forms
        self._link_key = link_key

    async def publish(self, action: HumanAction) -> HumanAction:
        """The action, once the broker has it.

        Raises:
            KafkaUnreachableError: the broker did not take it.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                await publish_action(self._settings, action)
        except TimeoutError as error:
            raise KafkaUnreachableError(
                f"The broker at {self._settings.kafka} gave no answer within {PATIENCE_S:g} s."
            ) from error
        self._reads.deeds.note(action)
        return action

    async def on_page(self, request: web.Request) -> web.StreamResponse:
        """POST /alerts/{alert}/actions: a press on the alert's page."""
        form = await _form(request)
        self._forms.check(request, form)
        alert_id = request.match_info["alert"]
        reader = self._pages.reader(request)
        if await self._reads.alert(alert_id) is None:
            return self._pages.missing(request, "no_such_alert")
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
        except (ActionRefused, BadRequest) as error:
            return await self._pages.alert(request, failure=_refusal(str(error), reader.word), filled=form)
        try:
            await self.publish(action)
        except KafkaUnreachableError as error:
            failure = reader.word("act_broker_away", detail=str(error))
            return await self._pages.alert(request, failure=failure, filled=form, code=503)
        remember_name(request, action.who)
        target = request.url.with_path(f"/alerts/{alert_id}").with_query(done=action.action_id)
        return web.Response(status=303, headers={"Location": str(target.with_fragment("people").relative())})

    async def back(self, request: web.Request) -> web.StreamResponse:
        """GET /alerts/{alert}/actions: where a refused press left the reader; the alert itself is shown."""
        target = request.url.with_path(f"/alerts/{request.match_info['alert']}").with_query(request.query)
        return web.Response(status=303, headers={"Location": str(target.relative())})

    async def end_silence(self, request: web.Request) -> web.StreamResponse:
        """POST /silences/end: the End button of the page of settings."""
        form = await _form(request)
        self._forms.check(request, form)
        reader = self._pages.reader(request)
        silences = await self._reads.deeds.silences(now_ms())
        silence = next((s for s in silences if s.silence_id == form.get("silence_id", "")), None)
        if silence is None:
            return self._pages.failed(request, 409, "silence_over", reader.word("silence_over_detail"))
        try:
            action = new_action(
                HumanActionKind.UNSILENCE,
                now_ms(),
                form.get("who", "") or name_of(request),
                "page",
                alert_id=silence.alert_id,
                silence_id=silence.silence_id,
            )
            await self.publish(action)
        except ActionRefused as error:
            return self._pages.failed(request, 422, "not_done", _refusal(str(error), reader.word))
        remember_name(request, action.who)
        return web.Response(status=303, headers={"Location": "/settings#silences"})

    async def by_api(self, request: web.Request) -> Act:
        """POST /api/v1/alerts/{alert}/actions."""
        if request.content_type != "application/json":
            raise BadRequest("send the action as JSON with Content-Type: application/json")
        if comes_from_elsewhere(request):
            raise BadRequest("a browser may act only from this page")
        alert_id = request.match_info["alert"]
        try:
            asked = msgspec.json.decode(await request.read(), type=ActionRequest)
        except msgspec.DecodeError as error:
            raise BadRequest(str(error)) from error
        if asked.kind not in OF_ALERTS:
            raise BadRequest(f"kind: one of {', '.join(OF_ALERTS)}")
        present = now_ms()
        until = moment_of({"until": str(asked.until)}, "until") or 0
        if asked.minutes:
            until = present + round(asked.minutes * 60_000)
        try:
            action = new_action(
                asked.kind,
                present,
                asked.who,
                "api",
                alert_id=alert_id,
                action_id=f"api-{asked.action_id[:64]}" if asked.action_id else "",
                reason=asked.reason,
                text=asked.text,
                assignee=asked.assignee,
                until_ms=until if asked.kind is HumanActionKind.SILENCE else 0,
            )
        except (ActionRefused, RoutingError) as error:
            raise BadRequest(str(error)) from error
        if await self._reads.alert(alert_id) is None:
            raise AlertNotThere("there is no such alert")
        if asked.action_id:
            before = await self._reads.deeds.one(action.action_id)
            if before is not None:
                return self._reads.deeds.act(before)
        return self._reads.deeds.act(await self.publish(action))

    async def confirm(self, request: web.Request) -> web.StreamResponse:
        """GET /do/{token}: says what the link does and asks. Mail programs open links, so opening does nothing."""
        return await self._link(request, press=False)

    async def do(self, request: web.Request) -> web.StreamResponse:
        """POST /do/{token}: does it, once."""
        return await self._link(request, press=True)

    async def _link(self, request: web.Request, press: bool) -> web.StreamResponse:
        word = self._pages.reader(request).word
        try:
            link = verify(request.match_info["token"], self._link_key, now_ms())
            kind = ActionKind(link.kind)
            fields = _LINK_FIELDS[kind]
        except LinkEnded as error:
            return self._pages.render(
                request, "link.html", 410, bare=True, more=True, heading=word("link_ended"), detail=word("link_ended_detail"), alert_id=error.alert_id
            )  # fmt: skip
        except (LinkError, ValueError, KeyError):
            return self._pages.render(
                request, "link.html", 404, bare=True, more=True, heading=word("link_forged"), detail=word("link_forged_detail"), alert_id=""
            )  # fmt: skip
        alert, done, away = await self._known(link)
        view: dict[str, Any] = {
            "link": link,
            "kind": kind,
            "alert": alert,
            "away": away,
            "done": done,
            "failure": "",
        }
        code = 200
        if press and done is None:
            form = await _form(request)
            if comes_from_elsewhere(request):
                return self._pages.failed(request, 403, "not_done", word("form_forged"))
            present = now_ms()
            who = form.get("who", "").strip()
            silent = present + LINK_SILENCE_MINUTES * 60_000 if kind is ActionKind.SILENCE else 0
            action = new_action(
                at_ms=present,
                who=who or link.receiver,
                via=f"link:{link.receiver}",
                alert_id=link.alert_id,
                action_id=link.action_id,
                until_ms=silent,
                **fields,
            )
            try:
                view["done"] = await self.publish(action)
                view["fresh"] = True
                if who:
                    remember_name(request, action.who)
            except KafkaUnreachableError as error:
                code, view["failure"] = 503, word("act_broker_away", detail=str(error))
        view.setdefault("fresh", False)
        return self._pages.confirm(request, code, view)

    async def _known(self, link: Link) -> tuple[Alert | None, HumanAction | None, bool]:
        """The link's alert, what was done by the link before, and whether ClickHouse is away (a link works without it)."""
        try:
            return await self._reads.alert(link.alert_id), await self._reads.deeds.one(link.action_id), False
        except ClickHouseUnreachableError:
            return None, None, True


class AlertNotThere(Exception):
    """An action is for an alert that does not exist. Handled by ``server.py``, which answers 404."""


_LINK_FIELDS: Mapping[ActionKind, dict[str, Any]] = {
    ActionKind.ACKNOWLEDGE: {"kind": HumanActionKind.ACKNOWLEDGE},
    ActionKind.SILENCE: {"kind": HumanActionKind.SILENCE},
    ActionKind.FALSE_ALARM: {"kind": HumanActionKind.CLOSE, "reason": CloseReason.FALSE_ALARM},
    ActionKind.EXPECTED: {"kind": HumanActionKind.CLOSE, "reason": CloseReason.EXPECTED},
}


async def _form(request: web.Request) -> dict[str, str]:
    return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


def _fields(form: Mapping[str, str], zone: str, at_ms: int) -> dict[str, Any]:
    """The fields of the action whose button was pressed.

    Raises:
        BadRequest: they cannot be understood.
    """
    kind = next((kind for kind in OF_ALERTS if kind.value == form.get("kind")), None)
    if kind is None:
        raise BadRequest("kind: which button was pressed is not known")
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
    """The end of a silence: so many minutes from now, or a wall clock time of the reader's zone."""
    if length.isdigit() and int(length) in SILENCES_MINUTES:
        return at_ms + int(length) * 60_000
    try:
        wall = datetime.fromisoformat(until)
    except ValueError:
        return 0
    return round((wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(zone))).timestamp() * 1000)


def _action_id(form: Mapping[str, str], alert_id: str) -> str:
    """The same id for the same press: a double click does one thing. Each showing of the page has its own ``press``."""
    said = [alert_id, *sorted(f"{key}={value}" for key, value in form.items() if key != "form_token")]
    return "page-" + hashlib.blake2b("\0".join(said).encode(), digest_size=16).hexdigest()


#: what ``new_action`` says, and the page's own word for it
_REFUSALS = (
    ("say who you are", "refused_who"),
    ("closing needs", "refused_reason"),
    ("a comment needs", "refused_comment"),
    ("say whom", "refused_assignee"),
    ("the text is longer", "refused_long"),
    ("a silence ends", "refused_until"),
)


def _refusal(said: str, word: Any) -> str:
    """A refusal in the reader's language."""
    return next((str(word(key)) for begin, key in _REFUSALS if said.startswith(begin)), said)
