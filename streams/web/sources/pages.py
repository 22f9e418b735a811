"""The page of sources and the same by API; what people do about a connection, by both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from scoring.sources.doubts import doubt_in_words
from scoring.sources.endings import ending_with_days
from scoring.sources.health import ConnectionHealth
from scoring.wording.text import Language
from streams.clickhouse.errors import ClickHouseUnreachableError
from streams.clock import now, now_ms
from streams.kafka.errors import KafkaUnreachableError
from streams.sources.connection import Connection
from streams.sources.controlling import (
    WishRejectedError,
    accepted,
    changed_backfill,
    day_of,
    paused,
    resumed,
    tested,
    with_backfill,
)
from streams.sources.definitions import definition_of
from streams.sources.directory import ConnectionDirectory
from streams.sources.overview import STATE_NAMES, ConnectionStatus, statuses
from streams.sources.registry import source_named
from streams.sources.source_log import ConnectionControl, StoredTrial, log_key, publish_records
from streams.sources.supplies import supplied
from streams.sources.trial_words import part_name
from streams.web.frame import actions
from streams.web.frame.broker import broker_within
from streams.web.frame.errors import NO_CONNECTION, BadQueryError, NotFoundError
from streams.web.frame.forms import fields_of, json_of, name_of, remember_name
from streams.web.frame.routes import ApiRoute, PageRoute, Routes
from streams.web.frame.subject import NavigationEntry, PageServices, Subject
from streams.web.sources.adding import AddingPages
from streams.web.sources.adding_words import ADDING_WORDS
from streams.web.sources.answers import (
    ArrivingSource,
    ConnectionEntry,
    SourceActionDone,
    SourceActionRequest,
    Sources,
    StageSupply,
)
from streams.web.sources.queries import SourceQueries
from streams.web.sources.words import SOURCE_WORDS

#: seconds between updates of an open page
LIVE_S = 5
#: the states of connections as the page's icons know them
ICONS = {
    "connected": "normal",
    "catching_up": "pending",
    "late": "breach",
    "paused": "data_late",
    "broken": "firing",
    "unknown": "no_data",
}
_BACKFILL_CHANGES = {"backfill_pause": True, "backfill_resume": False}


class SourcePages:
    """The handlers."""

    def __init__(self, services: PageServices, queries: SourceQueries) -> None:
        self._settings, self._config = services.settings, services.config
        self._renderer, self._forms, self._queries = services.renderer, services.forms, queries
        self._sources = services.sources

    @property
    def _directory(self) -> ConnectionDirectory | None:
        return self._sources.directory

    # ------------------------------------------------------------ showing

    async def page(self, request: web.Request) -> web.StreamResponse:
        """GET /sources."""
        return await self._shown(request)

    async def _shown(
        self,
        request: web.Request,
        failure: str = "",
        filled: Mapping[str, str] | None = None,
        code: int = 200,
    ) -> web.Response:
        at_ms, reader = now_ms(), self._renderer.reader(request)
        view: dict[str, Any] = {"arriving": (), "problem": ""}
        try:
            view["arriving"] = self._others(await self._queries.arriving(at_ms))
        except ClickHouseUnreachableError as error:
            view["problem"] = str(error)
        entries = self._entries(reader.language, at_ms)
        return self._renderer.render(
            request,
            "sources/sources.html",
            code,
            live=0 if failure else LIVE_S,
            now_ms=at_ms,
            entries=entries,
            is_whole=self._directory is not None and self._directory.is_whole,
            specs={entry.status.source: source_named(entry.status.source) for entry in entries},
            definitions={
                entry.status.source: definition_of(entry.status.source, reader.language) for entry in entries
            },
            part_name=part_name,
            state_names={state: text(reader.language) for state, text in STATE_NAMES.items()},
            icons=ICONS,
            ends_text=lambda ending: ending_with_days(ending, reader.language),
            doubt_text=lambda doubt: doubt_in_words(doubt, reader.language),
            failure=failure,
            filled=defaultdict(str, filled or {}),
            unfilled=defaultdict(str),
            done=request.query.get("done", ""),
            done_what=request.query.get("what", ""),
            today=now().date().isoformat(),
            **view,
        )

    def _entries(self, language: Language, at_ms: int) -> tuple[ConnectionEntry, ...]:
        directory = self._directory
        if directory is None:
            return ()
        return tuple(_entry(one, directory, language) for one in statuses(directory, at_ms))

    def _others(self, arriving: tuple[ArrivingSource, ...]) -> tuple[ArrivingSource, ...]:
        """Without what comes by a connection, which is shown with its own state."""
        connected = {
            (store, way)
            for one in self._directory or ()
            if (spec := source_named(one.source)) is not None
            for store in one.stores
            for way in spec.events_as
        }
        return tuple(one for one in arriving if (one.store_id, one.source) not in connected)

    async def sources(self, request: web.Request) -> Sources:
        """GET /api/v1/sources."""
        at_ms = now_ms()
        return Sources(
            at_ms=at_ms,
            complete=self._directory is not None and self._directory.is_whole,
            connections=self._entries(self._renderer.reader(request).language, at_ms),
            arriving=self._others(await self._queries.arriving(at_ms)),
        )

    # ------------------------------------------------------------ acting

    async def on_page(self, request: web.Request) -> web.StreamResponse:
        """POST /sources/{connection}/actions: a button of the page."""
        form = await fields_of(request)
        self._forms.check(request, form)
        name = request.match_info["connection"]
        reader = self._renderer.reader(request)
        given = {key: value for key, value in form.items() if key in SourceActionRequest.__struct_fields__}
        given["who"] = (given.get("who") or name_of(request)).strip()
        if not given["who"]:
            return await self._shown(request, reader.word("name_needed"), {**form, "name": name}, 422)
        try:
            await self._act(name, _request_of(given))
        except NotFoundError:
            return self._renderer.missing(request, "no_such_source")
        except (BadQueryError, WishRejectedError) as error:
            return await self._shown(request, str(error), {**form, "name": name}, 422)
        except KafkaUnreachableError as error:
            failure = reader.word("not_recorded", detail=str(error))
            return await self._shown(request, failure, {**form, "name": name}, 503)
        remember_name(request, given["who"])
        target = request.url.with_path("/sources").with_query(done=name, what=given["kind"])
        return web.Response(
            status=303, headers={"Location": str(target.with_fragment(f"c-{name}").relative())}
        )

    async def back(self, _: web.Request) -> web.StreamResponse:
        """GET /sources/{connection}/actions: where a rejected form left the reader; leads to the page."""
        return web.Response(status=303, headers={"Location": "/sources"})

    async def by_api(self, request: web.Request) -> SourceActionDone:
        """POST /api/v1/sources/{connection}/actions."""
        wanted = await json_of(request, SourceActionRequest)
        name = request.match_info["connection"]
        try:
            control = await self._act(name, wanted)
        except WishRejectedError as error:
            raise BadQueryError(str(error)) from error
        return SourceActionDone(
            name, wanted.kind, control.paused, tuple(wish.backfill_id for wish in control.backfills)
        )

    async def _act(self, name: str, wanted: SourceActionRequest) -> ConnectionControl:
        """Change what is wanted of a connection; what is wanted now.

        Raises:
            NotFoundError: there is no such connection.
            WishRejectedError: it makes no sense.
            KafkaUnreachableError: the broker did not take it.
        """
        directory = self._directory
        async with broker_within(self._settings, actions.PATIENCE_S):
            if directory is None:
                raise NotFoundError(NO_CONNECTION.both())
            await directory.caught_up()
            connection = directory.get(name)
            if connection is None:
                raise NotFoundError(NO_CONNECTION.both())
            control = _changed(directory, connection, wanted)
            await publish_records(self._settings, {log_key("control", name): control})
            await directory.caught_up()
        return control


def _request_of(given: Mapping[str, str]) -> SourceActionRequest:
    try:
        return msgspec.convert(dict(given), SourceActionRequest)
    except msgspec.ValidationError as error:
        raise BadQueryError(f"the form cannot be read: {error}") from error


def _changed(
    directory: ConnectionDirectory, connection: Connection, wanted: SourceActionRequest
) -> ConnectionControl:
    """The wish with what somebody asks for."""
    control, at_ms = directory.book.control(connection.name), now_ms()
    match wanted.kind:
        case "pause":
            return paused(control, wanted.why, wanted.who, at_ms)
        case "resume":
            return resumed(control, wanted.who, at_ms)
        case "test":
            return tested(control, at_ms)
        case "accept":
            health = directory.book.get(ConnectionHealth, log_key("health", connection.name))
            return accepted(control, health.doubts.doubts if health else (), wanted.who, at_ms)
        case "backfill":
            first = day_of(wanted.first, "first")
            zone = ZoneInfo(connection.zones.get(connection.stores[0], "UTC"))
            last = day_of(wanted.last, "last") if wanted.last else now().astimezone(zone).date()
            return with_backfill(control, connection, first, last, wanted.resource, wanted.who, at_ms)
        case "backfill_cancel":
            return changed_backfill(control, wanted.backfill_id, is_gone=True)
        case change:
            return changed_backfill(control, wanted.backfill_id, is_paused=_BACKFILL_CHANGES[change])


def _entry(status: ConnectionStatus, directory: ConnectionDirectory, language: Language) -> ConnectionEntry:
    connection, spec = directory.get(status.name), source_named(status.source)
    stages = supplied(spec, connection.config) if connection is not None and spec is not None else {}
    plain = msgspec.structs.replace(status.deliveries, usual=())
    return ConnectionEntry(
        status=msgspec.structs.replace(status, deliveries=plain),
        trouble_text=status.trouble_text(language),
        advice=status.advice(language),
        stages=tuple(StageSupply(stage.value, supply.value) for stage, supply in stages.items()),
        trial=directory.book.get(StoredTrial, log_key("trial", status.name)),
    )


def _routes(services: PageServices) -> Routes:
    pages, adding = SourcePages(services, SourceQueries(services.database)), AddingPages(services)
    return Routes(
        pages=(
            PageRoute("/sources", pages.page),
            PageRoute("/sources/add", adding.choose),
            PageRoute("/sources/add/{source}", adding.ask),
            PageRoute("/sources/add/{source}", adding.save, "POST"),
            PageRoute("/sources/{connection}/actions", pages.on_page, "POST"),
            PageRoute("/sources/{connection}/actions", pages.back),
        ),
        api=(
            ApiRoute(
                "/sources", "Every connection and every source that sends events", Sources, pages.sources
            ),
            ApiRoute(
                "/sources/{connection}/actions",
                "Pause, resume, test, accept or backfill a connection",
                SourceActionDone,
                pages.by_api,
                method="POST",
                body=SourceActionRequest,
                code=201,
            ),
        ),
    )


SUBJECT = Subject(
    __file__,
    build=_routes,
    words={**SOURCE_WORDS, **ADDING_WORDS},
    navigation=NavigationEntry("/sources", "data_sources"),
    is_about_all=True,
)
