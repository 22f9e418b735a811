"""The page of the effective settings and the silences in force; the silences also by API."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from scoring.alerts.actions import HumanActionKind
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.incidents.action_log import InvalidActionError, new_action
from streams.instance.config_file import config_mark, find_config
from streams.instance.files import read_instance
from streams.web.alerts.action_pages import error_text
from streams.web.alerts.action_queries import ActionQueries
from streams.web.alerts.answers import Silences
from streams.web.frame.forms import fields_of, name_of, remember_name
from streams.web.frame.routes import ApiRoute, PageRoute, Routes
from streams.web.frame.subject import NavigationEntry, PageServices, Subject
from streams.web.settings.effective import mute_lines, receiver_lines, route_lines, setting_rows, source_lines
from streams.web.settings.words import SETTINGS_WORDS


class SettingsPages:
    """The handlers."""

    def __init__(self, services: PageServices, actions: ActionQueries) -> None:
        self._settings, self._config, self._forms = services.settings, services.config, services.forms
        self._renderer, self._sender, self._actions = services.renderer, services.actions, actions
        self._mark = self._present_mark()

    def _present_mark(self) -> str:
        return config_mark(find_config(self._settings.data, self._settings.config))

    def _of_the_file(self) -> dict[str, Any]:
        """Whether the file is another one than the one in use, and what is wrong with it."""
        if self._present_mark() == self._mark:
            return {"config_changed": False}
        instance = read_instance(self._settings.data)
        return {
            "config_changed": True,
            "config_problems": instance.config_problems.splitlines() if instance else [],
            "is_followed": bool(instance and instance.config),
        }

    async def page(self, request: web.Request) -> web.Response:
        """GET /settings: the effective settings, without secrets, and the silences in force."""
        config, at_ms = self._config, now_ms()
        view: dict[str, Any] = {"silences": (), "problem": ""}
        try:
            view["silences"] = await self._actions.silences(at_ms)
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        return self._renderer.render(
            request,
            "settings/settings.html",
            now_ms=at_ms,
            config=config,
            **self._of_the_file(),
            rows=setting_rows(self._settings, self._renderer.reader(request).language),
            routes=route_lines(config),
            receivers=receiver_lines(config),
            mutes=mute_lines(config, at_ms),
            sources=source_lines(),
            **view,
        )

    async def end_silence(self, request: web.Request) -> web.StreamResponse:
        """POST /silences/end: ends one of the silences in force."""
        form = await fields_of(request)
        self._forms.check(request, form)
        word = self._renderer.reader(request).word
        silences = await self._actions.silences(now_ms())
        silence = next((s for s in silences if s.silence_id == form.get("silence_id", "")), None)
        if silence is None:
            return self._renderer.failed(request, 409, "silence_over", word("silence_over_detail"))
        try:
            action = new_action(
                HumanActionKind.UNSILENCE,
                now_ms(),
                form.get("who", "") or name_of(request),
                "page",
                alert_id=silence.alert_id,
                silence_id=silence.silence_id,
            )
        except InvalidActionError as error:
            return self._renderer.failed(request, 422, "not_done", error_text(str(error), word))
        await self._sender.send(action)
        remember_name(request, action.who)
        return web.Response(status=303, headers={"Location": "/settings#silences"})

    async def silences(self, _: web.Request) -> Silences:
        """GET /api/v1/silences."""
        at_ms = now_ms()
        return Silences(at_ms, await self._actions.silences(at_ms))


def _routes(services: PageServices) -> Routes:
    pages = SettingsPages(services, ActionQueries(services.database, services.actions))
    return Routes(
        pages=(
            PageRoute("/settings", pages.page),
            PageRoute("/silences/end", pages.end_silence, "POST"),
        ),
        api=(ApiRoute("/silences", "The silences in force", Silences, pages.silences),),
    )


SUBJECT = Subject(
    __file__,
    build=_routes,
    words=SETTINGS_WORDS,
    navigation=NavigationEntry("/settings", "settings"),
    is_about_all=True,
)
