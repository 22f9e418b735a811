"""Files that people uploaded and have not imported yet: each in a private folder, read in a process of its own, gone after an hour.

Used by the page Import. A file is read in another process, so that neither its size nor what it does to a reader reaches the page.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog

from scoring.wording.text import Bilingual
from streams.clock import now_ms
from streams.config.model import Config
from streams.errors import FunnelwatchError, InputError, StateError
from streams.imports.elsewhere import run_elsewhere
from streams.imports.reading import shown_tables
from streams.imports.running import run_import
from streams.imports.runs import ImportRun
from streams.settings import Settings
from streams.sources.files.exports.dry_run import ImportChoices, summarize
from streams.sources.files.exports.opening import opened

_log = structlog.get_logger()
#: bytes of one upload
MAX_UPLOAD = 1 << 30
#: files at a time, for all people of the page: two years of monthly exports of one kind, or a folder of a year's
MAX_DRAFTS = 40
#: bytes of all uploads together
MAX_KEPT = 8 * MAX_UPLOAD
_KEEP_MS = 3_600_000
_READ_S, _IMPORT_S = 900.0, 7200.0
_UNSAFE = re.compile(r"[^\w. ()\[\]#+=@-]+")


class UploadTooLargeError(InputError):
    """A file has more bytes than are taken. The page answers 413."""


class TooManyDraftsError(StateError):
    """As many files as are kept wait for an answer. The page says so; the oldest goes after an hour."""


class UnknownDraftError(InputError):
    """The upload is gone: it was imported, dropped, or an hour old. The page says so."""


class DraftState(StrEnum):
    """Where an upload is."""

    READING = "reading"
    SHOWN = "shown"
    IMPORTING = "importing"
    IMPORTED = "imported"
    FAILED = "failed"


@dataclass(slots=True)
class ImportDraft:
    """One uploaded file.

    Attributes:
        folder: private; removed with the draft.
        file: its name, as people know it.
        tables: what the dry run found, as ``ExportSummary.as_record`` gives it, with headers and examples.
        trouble: why it could not be read or imported.
        sent: events or report rows that have been sent.
        runs: what was imported.
    """

    draft_id: str
    folder: Path
    file: str
    choices: ImportChoices
    at_ms: int
    state: DraftState = DraftState.READING
    tables: list[dict[str, Any]] = field(default_factory=list)
    trouble: str = ""
    runs: list[ImportRun] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.folder / self.file

    @property
    def sent(self) -> int:
        """How much of it has been sent."""
        try:
            return int((self.folder / ".sent").read_text() or 0)
        except (OSError, ValueError):
            return 0

    @property
    def expected(self) -> int:
        """How many events and report rows it gives, nearly: for a progress bar."""
        names = ("orders", "paid", "shipped", "delivered", "cancelled", "report_rows")
        counts = (table.get(name) or 0 for table in self.tables for name in names)
        return max(sum(counts) + sum(sum(table.get("events", {}).values()) for table in self.tables), 1)

    @property
    def readable(self) -> list[dict[str, Any]]:
        """The tables of it that were read."""
        return [table for table in self.tables if not table["error"]]

    @property
    def is_ready(self) -> bool:
        """Whether it can be imported now."""
        return self.stage == "ready"

    @property
    def stage(self) -> str:
        """Where it is, for people: its state, or once it is shown ``ready``, ``asks`` (a question is open) or ``unreadable``."""
        if self.state is not DraftState.SHOWN:
            return self.state.value
        if not self.readable:
            return "unreadable"
        return "asks" if any(one["questions"] for one in self.readable) else "ready"

    @property
    def is_busy(self) -> bool:
        """Whether something is being done with it."""
        return self.state in (DraftState.READING, DraftState.IMPORTING)


class ImportDrafts:
    """The uploads of one process."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self._settings, self._config = settings, config
        self._drafts: dict[str, ImportDraft] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Semaphore(1)

    def all(self) -> list[ImportDraft]:
        """The uploads that are kept, the newest first."""
        self._expire()
        return sorted(self._drafts.values(), key=lambda draft: draft.at_ms, reverse=True)

    def get(self, draft_id: str) -> ImportDraft:
        """One upload.

        Raises:
            UnknownDraftError: it is gone.
        """
        self._expire()
        draft = self._drafts.get(draft_id)
        if draft is None:
            raise UnknownDraftError(
                Bilingual(
                    "上传的文件已不在：已被放弃，或超过一小时；请重新上传",
                    "the upload is gone: it was dropped, or is more than an hour old; upload the file again",
                )
            )
        return draft

    def new(self, file: str, choices: ImportChoices) -> ImportDraft:
        """Room for an upload; ``take`` begins once its file is in place.

        Raises:
            TooManyDraftsError: others wait.
        """
        self._expire()
        if len(self._drafts) >= MAX_DRAFTS:
            raise TooManyDraftsError(
                Bilingual(
                    f"已有 {MAX_DRAFTS} 个文件在等待；请先导入或放弃其中一个",
                    f"{MAX_DRAFTS} files wait already; import or drop one of them first",
                )
            )
        draft_id = secrets.token_urlsafe(12)
        folder = Path(tempfile.mkdtemp(prefix="funnelwatch-upload-"))  # of this user only
        draft = self._drafts[draft_id] = ImportDraft(draft_id, folder, safe_name(file), choices, now_ms())
        return draft

    def read(self, draft: ImportDraft, choices: ImportChoices) -> None:
        """Read the file, or read it again with other choices."""
        draft.choices, draft.state, draft.trouble = choices, DraftState.READING, ""
        self._begin(self._read(draft))

    def start(self, draft: ImportDraft, who: str) -> None:
        """Import what was shown."""
        draft.state = DraftState.IMPORTING
        self._begin(self._import(draft, who))

    def kept_bytes(self, other_than: ImportDraft) -> int:
        """Bytes of all uploads but one."""
        files = (one.path for one in self._drafts.values() if one is not other_than)
        return sum(path.stat().st_size for path in files if path.exists())

    def drop(self, draft: ImportDraft) -> None:
        """Forget an upload, its file included."""
        self._drafts.pop(draft.draft_id, None)
        shutil.rmtree(draft.folder, ignore_errors=True)

    async def close(self) -> None:
        """Forget all uploads."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for draft in list(self._drafts.values()):
            self.drop(draft)

    def _expire(self) -> None:
        oldest = now_ms() - _KEEP_MS
        for draft in list(self._drafts.values()):
            if draft.at_ms < oldest and draft.state is not DraftState.IMPORTING:
                self.drop(draft)

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, draft: ImportDraft) -> None:
        try:
            async with self._turn:
                draft.tables = await run_elsewhere(_READ_S, shown_tables, draft.path, draft.choices)
        except (FunnelwatchError, OSError) as error:
            draft.state, draft.trouble = DraftState.FAILED, str(error)
        else:
            draft.state = DraftState.SHOWN

    async def _import(self, draft: ImportDraft, who: str) -> None:
        try:
            async with self._turn:
                draft.runs = await run_elsewhere(
                    _IMPORT_S,
                    import_tables,
                    self._settings,
                    self._config,
                    draft.path,
                    draft.choices,
                    who,
                    draft.folder / ".sent",
                )
        except (FunnelwatchError, OSError) as error:
            draft.state, draft.trouble = DraftState.FAILED, str(error)
        else:
            draft.state = DraftState.IMPORTED
        finally:
            await asyncio.to_thread(draft.path.unlink, missing_ok=True)


def safe_name(file: str) -> str:
    """A file's name as it can be used in a folder of our own."""
    name = _UNSAFE.sub("_", file.replace("\\", "/").rpartition("/")[2]).strip(". ")
    return name[-120:] or "upload"


def import_tables(
    settings: Settings, config: Config, path: Path, choices: ImportChoices, who: str, said: Path
) -> list[ImportRun]:
    """Import every table of a file that can be imported; how far it is appears in the file ``said``."""
    return asyncio.run(_import_tables(settings, config, path, choices, who, said))


async def _import_tables(
    settings: Settings, config: Config, path: Path, choices: ImportChoices, who: str, said: Path
) -> list[ImportRun]:
    runs, before = [], 0

    def say(count: int) -> None:
        said.write_text(str(before + count))

    with opened(path) as files:
        for file in files:
            for summary in summarize(file, choices):
                if summary.trouble or summary.questions or summary.table is None:
                    continue
                run, _ = await run_import(settings, config, file.path, summary, who, say)
                runs.append(run)
                before += run.events + run.report_rows
    return runs
