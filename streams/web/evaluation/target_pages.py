"""Targets on the page: those that hold, a file of them uploaded or one set, and each set taken back again."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.web_request import FileField

from scoring.alerts.actions import HumanActionKind, SetTarget
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.readings import STEP
from scoring.evaluation.sentences import reading_name
from scoring.funnel.stages import STEP_BY_ID
from scoring.wording.text import Bilingual, in_language
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now_ms
from streams.config.targets import targets_of
from streams.evaluation.result_view import said_goal
from streams.evaluation.set_targets import (
    TargetSet,
    UnknownTargetSetError,
    held_targets,
    read_target_sets,
    set_to_undo,
)
from streams.evaluation.target_upload import (
    MAX_FILE,
    TOO_LARGE,
    ReadTargets,
    UnreadableTargetsError,
    read_target,
    read_targets,
)
from streams.evaluation.wording import EvaluationReader
from streams.incidents.action_log import InvalidActionError, target_action
from streams.kafka.errors import KafkaUnreachableError
from streams.web.frame.errors import BadQueryError
from streams.web.frame.forms import UNREADABLE_FORM, fields_of, name_of, remember_name
from streams.web.frame.subject import PageServices

_PATH = "/evaluation/targets"
#: of a form next to its file
_FORM_BYTES = 65_536


class TargetPages:
    """The handlers."""

    def __init__(self, services: PageServices) -> None:
        self._config, self._renderer, self._database = services.config, services.renderer, services.database
        self._forms, self._sender = services.forms, services.actions

    async def page(self, request: web.Request) -> web.Response:
        """GET /evaluation/targets."""
        return await self._shown(request)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """POST /evaluation/targets/file: looked at with ``kind=look``, set with ``kind=set`` if no line is wrong."""
        larger = request.clone(client_max_size=MAX_FILE + _FORM_BYTES)
        try:
            form = await fields_of(larger)
            self._forms.check(request, form)
            given = (await larger.post()).get("file")
        except web.HTTPRequestEntityTooLarge:
            return await self._shown(request, 413, problem=TOO_LARGE)
        except UNREADABLE_FORM as error:
            raise BadQueryError("the form cannot be read") from error
        if not isinstance(given, FileField):
            raise BadQueryError("file: expected a CSV or XLSX file of targets")
        try:
            # a packed sheet may be long
            read = await asyncio.to_thread(
                read_targets, given.file.read(), [store.id for store in self._config.stores]
            )
        except UnreadableTargetsError as error:
            return await self._shown(request, 400, problem=error.args[0], file=given.filename)
        if read.problems or form.get("kind") != "set":
            return await self._shown(request, 400 if read.problems else 200, read=read, file=given.filename)
        return await self._act(
            request, form, HumanActionKind.SET_TARGETS, name=given.filename, targets=read.targets
        )

    async def set_one(self, request: web.Request) -> web.StreamResponse:
        """POST /evaluation/targets/one."""
        form = await fields_of(request)
        self._forms.check(request, form)
        row = {name: form.get(name, "").strip() for name in ("of", "value", "store", "set_by")}
        read = read_target(row, [store.id for store in self._config.stores])
        if not isinstance(read, SetTarget):
            return await self._shown(request, 400, problem=read)
        return await self._act(request, form, HumanActionKind.SET_TARGETS, name="", targets=(read,))

    async def undo(self, request: web.Request) -> web.StreamResponse:
        """POST /evaluation/targets/undo."""
        form = await fields_of(request)
        self._forms.check(request, form)
        try:
            found = set_to_undo(await self._sets(), form.get("about", ""))
        except UnknownTargetSetError as error:
            raise BadQueryError(str(error)) from error
        return await self._act(request, form, HumanActionKind.UNDO_TARGETS, name=found.name, about=found.id)

    async def _act(
        self,
        request: web.Request,
        form: dict[str, str],
        kind: HumanActionKind,
        *,
        name: str,
        about: str = "",
        targets: tuple[SetTarget, ...] = (),
    ) -> web.StreamResponse:
        who = form.get("who", "") or name_of(request)
        word = self._renderer.reader(request).word
        try:
            action = target_action(kind, now_ms(), who, "page", about=about, name=name, targets=targets)
            await self._sender.send(action)
        except InvalidActionError:
            return self._renderer.failed(request, 400, "not_done", word("invalid_who"))
        except KafkaUnreachableError as error:
            return self._renderer.failed(request, 503, "not_done", word("not_recorded", detail=str(error)))
        remember_name(request, who)
        return web.Response(status=303, headers={"Location": f"{_PATH}#h-held"})

    async def _sets(self) -> list[TargetSet]:
        return await read_target_sets(self._database, tuple(self._sender.all_pending()))

    async def _shown(
        self,
        request: web.Request,
        status: int = 200,
        *,
        problem: str = "",
        read: ReadTargets | None = None,
        file: str = "",
    ) -> web.Response:
        reader = self._renderer.reader(request)
        wording, language = EvaluationReader(reader.language), reader.language
        view: dict[str, Any] = {"held": (), "sets": (), "unreadable": ""}
        try:
            sets = await self._sets()
            later = held_targets(sets)
            view["held"] = [
                (
                    store,
                    [
                        (reading_name(one.of, language), said_goal(one.of, one.value, wording), one.set_by)
                        for one in own
                    ],
                )
                for store in self._config.stores
                if (own := {one.of: one for one in targets_of(self._config, store.id, later)}.values())
            ]
            view["sets"] = list(reversed(sets))
        except ClickHouseUnreachableError as error:
            view["unreadable"], status = str(error), 503
        names = [*INDICATOR_BY_ID, *(STEP + step for step in STEP_BY_ID)]
        return self._renderer.render(
            request,
            "evaluation/targets.html",
            status,
            problem=in_language(problem, language),
            read=read,
            goals=[
                (reading_name(one.of, language), said_goal(one.of, one.value, wording), one)
                for one in read.targets
            ]
            if read
            else (),
            problems=[(line, _said(why, language)) for line, why in read.problems] if read else (),
            file=file,
            stores=self._config.stores,
            readings=[(name, reading_name(name, language)) for name in names],
            **view,
        )


def _said(text: Bilingual, language: Any) -> str:
    return str(in_language(text, language))
