"""The page Import: upload, dry run with its questions, corrections, import with progress, the list of imports and undo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from zoneinfo import available_timezones

from aiohttp import web

from scoring.events.incoming import CURRENCIES
from scoring.records.measures import MEASURES
from scoring.wording.text import in_language
from streams.clock import now_ms
from streams.errors import FunnelwatchError
from streams.imports.choices import with_store
from streams.imports.drafts import (
    DraftState,
    ImportDraft,
    ImportDrafts,
    TooManyDraftsError,
    UnknownDraftError,
    UploadTooLargeError,
)
from streams.imports.layouts import LayoutNameError, keep_layout, kept_layouts, named
from streams.imports.runs import ImportRun, ImportState, may_import, runs_of
from streams.imports.undoing import undo_import
from streams.kafka.errors import KafkaUnreachableError
from streams.sources.files.exports.dry_run import ImportChoices
from streams.sources.files.exports.field_words import column_name, field_name, left_out_name, part_name
from streams.sources.files.exports.layout import ExportLayout, known_layouts
from streams.sources.files.exports.report_words import PARTS
from streams.web.frame.errors import BadQueryError
from streams.web.frame.forms import fields_of, name_of, remember_name
from streams.web.frame.routes import PageRoute, Routes
from streams.web.frame.subject import NavigationEntry, PageServices, Subject
from streams.web.imports.correcting import FIELDS, answered, table_index
from streams.web.imports.showing import amount_text, asked_once, dates_asked
from streams.web.imports.uploads import uploaded
from streams.web.imports.words import (
    ALWAYS_COUNTED,
    COUNTED,
    DRAFT_STATES,
    IMPORT_WORDS,
    RUN_STATES,
    STATUS_FACTS,
)

_MAX_RUNS = 100


class ImportPages:
    """The handlers."""

    def __init__(self, services: PageServices) -> None:
        self._settings, self._config = services.settings, services.config
        self._renderer, self._forms = services.renderer, services.forms
        self._sources = services.sources
        self._drafts = ImportDrafts(services.settings, services.config)
        self._undoing: dict[str, asyncio.Task[None]] = {}
        self._not_undone: dict[str, str] = {}

    async def page(self, request: web.Request) -> web.StreamResponse:
        """GET /import: a form for files, what waits for an answer, and all imports."""
        return await self._list(request)

    async def _list(self, request: web.Request, problem: str = "", code: int = 200) -> web.Response:
        runs: list[ImportRun] = []
        unreadable = ""
        try:
            runs = runs_of(await self._sources.book(), now_ms())
        except KafkaUnreachableError as error:
            unreadable = str(error)
        drafts = [one for one in self._drafts.all() if one.state is not DraftState.IMPORTED]
        is_busy = any(one.state is ImportState.RUNNING for one in runs) or bool(self._undoing)
        is_busy |= any(one.is_busy for one in drafts)
        language = self._renderer.reader(request).language
        return self._renderer.render(
            request,
            "imports/imports.html",
            code,
            stores=self._config.stores,
            drafts=drafts,
            ready=[one for one in drafts if one.is_ready],
            may_import=may_import(self._settings),
            said=lambda text: in_language(text, language),
            runs=runs[:_MAX_RUNS],
            layout_titles={one.name: in_language(one.said_title, language) for one in known_layouts()},
            undoing=set(self._undoing),
            draft_states=DRAFT_STATES,
            run_states=RUN_STATES,
            not_undone=self._not_undone,
            problem=in_language(problem, language),
            unreadable=unreadable,
            live=2 if is_busy else 0,
        )

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """POST /import/files: takes files, and begins to read them."""
        try:
            drafts, fields = await uploaded(request, self._forms, self._drafts)
        except UploadTooLargeError as error:
            return await self._list(request, str(error), 413)
        except TooManyDraftsError as error:
            return await self._list(request, str(error), 409)
        if not drafts:
            return await self._list(request, self._renderer.reader(request).word("import_no_file"), 422)
        store = fields.get("store", "")
        if self._config.store(store) is None:
            for draft in drafts:
                self._drafts.drop(draft)
            raise BadQueryError(f"store: unknown store {store[:64]!r}")
        kept = await self._kept(())
        for draft in drafts:
            self._read(draft, ImportChoices(store=store), kept)
        return _to(f"/import/{drafts[0].draft_id}" if len(drafts) == 1 else "/import")

    async def _kept(self, before: tuple[ExportLayout, ...]) -> tuple[ExportLayout, ...]:
        """The layouts that people keep; ``before`` without a broker: what a file holds is shown all the same."""
        try:
            return kept_layouts(await self._sources.book())
        except KafkaUnreachableError:
            return before

    def _read(self, draft: ImportDraft, choices: ImportChoices, kept: tuple[ExportLayout, ...]) -> None:
        self._drafts.read(draft, with_store(replace(choices, kept=kept), self._config))

    async def draft(self, request: web.Request) -> web.StreamResponse:
        """GET /import/{draft}: what the file holds, or how far its import is."""
        try:
            draft = self._drafts.get(request.match_info["draft"])
        except UnknownDraftError as error:
            language = self._renderer.reader(request).language
            return self._renderer.failed(request, 404, "import_gone", in_language(str(error), language))
        return self._show(request, draft)

    def _show(
        self, request: web.Request, draft: ImportDraft, problem: str = "", code: int = 200
    ) -> web.Response:
        reader = self._renderer.reader(request)
        known = self._config.store(draft.choices.store)
        return self._renderer.render(
            request,
            "imports/draft.html",
            code,
            draft=draft,
            store=known,
            layouts=sorted(known_layouts(), key=lambda one: one.name),
            fields=[(one, field_name(one)(reader.language)) for one in FIELDS],
            measures=[(one.name, one.words(reader.language)) for one in MEASURES],
            parts=PARTS,
            part_name=lambda name: part_name(name)(reader.language),
            measure_name=lambda name: column_name(name)(reader.language),
            facts=STATUS_FACTS,
            counted=COUNTED,
            always=ALWAYS_COUNTED,
            amount=lambda text: amount_text(text, reader.locale),
            asked=asked_once,
            dates_of=lambda table: dates_asked(table, reader.language),
            store_page=_store_page(draft),
            draft_states=DRAFT_STATES,
            field_name=lambda name: field_name(name)(reader.language),
            left_out_name=lambda name: left_out_name(name)(reader.language),
            currencies=sorted(CURRENCIES),
            zones=sorted(available_timezones()),
            may_import=may_import(self._settings),
            said=lambda text: in_language(text, reader.language),
            problem=problem,
            live=1 if draft.is_busy else 0,
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """POST /import/{draft}/answers: zone, currency, layout or a corrected mapping; the file is read again."""
        draft, form = await self._mine(request)
        if draft.state is not DraftState.SHOWN:
            return _to(f"/import/{draft.draft_id}")
        try:
            choices = answered(draft, form)
            if (name := form.get("keep_name", "").strip()) and choices.corrected:
                table = draft.tables[table_index(draft, form)]
                layout = named(choices.corrected[-1], name, [one["header"] for one in table["headers"]])
                await keep_layout(self._settings, layout, form.get("who", "") or name_of(request))
        except (BadQueryError, LayoutNameError) as error:
            return self._show(request, draft, str(error), 422)
        self._read(draft, choices, await self._kept(draft.choices.kept))
        return _to(f"/import/{draft.draft_id}")

    async def start(self, request: web.Request) -> web.StreamResponse:
        """POST /import/{draft}/import: imports what was shown."""
        draft, form = await self._mine(request)
        word = self._renderer.reader(request).word
        who = _who(request, form)
        if not who:
            return self._show(request, draft, word("import_say_who"), 422)
        if not may_import(self._settings):
            return self._show(request, draft, word("import_not_here"), 409)
        if draft.is_ready:
            self._drafts.start(draft, who)
            remember_name(request, who)
        return _to(f"/import/{draft.draft_id}")

    async def start_all(self, request: web.Request) -> web.StreamResponse:
        """POST /import/all: imports every file that has no open question."""
        form = await fields_of(request)
        self._forms.check(request, form)
        word = self._renderer.reader(request).word
        who = _who(request, form)
        if not who:
            return await self._list(request, word("import_say_who"), 422)
        if not may_import(self._settings):
            return await self._list(request, word("import_not_here"), 409)
        shown = set(form.get("drafts", "").split(","))
        for draft in reversed(self._drafts.all()):  # the first uploaded first
            if draft.is_ready and draft.draft_id in shown:
                self._drafts.start(draft, who)
        remember_name(request, who)
        return _to("/import")

    async def drop(self, request: web.Request) -> web.StreamResponse:
        """POST /import/{draft}/drop: forgets an upload."""
        draft, _ = await self._mine(request)
        if draft.state is not DraftState.IMPORTING:
            self._drafts.drop(draft)
        return _to("/import")

    async def _mine(self, request: web.Request) -> tuple[ImportDraft, dict[str, str]]:
        form = await fields_of(request)
        self._forms.check(request, form)
        try:
            return self._drafts.get(request.match_info["draft"]), form
        except UnknownDraftError as error:
            raise BadQueryError(str(error)) from error

    async def ask_undo(self, request: web.Request) -> web.StreamResponse:
        """GET /import/undo/{import}: asks before an import is undone."""
        run = await self._run(request)
        if run is None or run.state in (ImportState.UNDONE, ImportState.RUNNING):
            return _to("/import")
        return self._renderer.render(request, "imports/undo.html", run=run)

    async def undo(self, request: web.Request) -> web.StreamResponse:
        """POST /import/undo/{import}: undoes an import."""
        form = await fields_of(request)
        self._forms.check(request, form)
        run = await self._run(request)
        who = _who(request, form)
        if run is None:
            return _to("/import")
        if not who:
            return self._renderer.render(request, "imports/undo.html", 422, run=run)
        remember_name(request, who)
        if run.import_id not in self._undoing:
            self._not_undone.pop(run.import_id, None)
            self._undoing[run.import_id] = asyncio.create_task(self._undo(run.import_id, who))
        return _to("/import#imports")

    async def _run(self, request: web.Request) -> ImportRun | None:
        runs = runs_of(await self._sources.book(), now_ms())
        return next((one for one in runs if one.import_id == request.match_info["import"]), None)

    async def _undo(self, import_id: str, who: str) -> None:
        try:
            runs = runs_of(await self._sources.book(), now_ms())
            await undo_import(self._settings, self._config, runs, import_id, who)
        except FunnelwatchError as error:
            self._not_undone[import_id] = str(error)
        finally:
            self._undoing.pop(import_id, None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the page is served; what is under way ends with it."""
        yield
        for task in self._undoing.values():
            task.cancel()
        await asyncio.gather(*self._undoing.values(), return_exceptions=True)
        await self._drafts.close()


def _store_page(draft: ImportDraft) -> str:
    """The page of the store, at the end of what was imported."""
    days = sorted(run.last_day for run in draft.runs if run.last_day)
    at = f"?at={days[-1]}T23:59:59Z&hours=24" if days else ""
    return f"/stores/{draft.choices.store}{at}"


def _who(request: web.Request, form: dict[str, str]) -> str:
    return " ".join((form.get("who", "") or name_of(request)).split())[:100]


def _to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


def _routes(services: PageServices) -> Routes:
    pages = ImportPages(services)
    return Routes(
        pages=(
            PageRoute("/import", pages.page),
            PageRoute("/import/files", pages.upload, "POST"),
            PageRoute("/import/all", pages.start_all, "POST"),
            PageRoute("/import/undo/{import}", pages.ask_undo),
            PageRoute("/import/undo/{import}", pages.undo, "POST"),
            PageRoute("/import/{draft}", pages.draft),
            PageRoute("/import/{draft}/answers", pages.answer, "POST"),
            PageRoute("/import/{draft}/import", pages.start, "POST"),
            PageRoute("/import/{draft}/drop", pages.drop, "POST"),
        ),
        running=(pages.running,),
    )


SUBJECT = Subject(
    __file__,
    build=_routes,
    words=IMPORT_WORDS,
    navigation=NavigationEntry("/import", "imports"),
    slow_paths=("/import/files",),
    is_about_all=True,
)
