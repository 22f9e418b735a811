"""What is kept of each import on ``funnel.sources.v1`` under ``import/ID``: of which file, by whom, what it added, whether it was undone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from streams.errors import InputError, StateError
from streams.instance.files import read_instance
from streams.kafka.servers import servers_of
from streams.settings import Settings
from streams.sources.source_log import RecordWriter, SourceBook, log_key, read_book

IMPORT_RUN_VERSION = 1
#: an import that has not said for so long how far it is has ended without saying so
_SILENT_MS = 120_000


class UnknownImportError(InputError):
    """No import has this id. The command and the page say so."""


class ImportBusyError(StateError):
    """The import is still running, or somebody is undoing it. Whoever wants to undo it waits until it has ended."""


class ImportState(StrEnum):
    """Where an import is."""

    RUNNING = "running"
    DONE = "done"
    INTERRUPTED = "interrupted"
    UNDOING = "undoing"
    UNDONE = "undone"


class ImportRun(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One import of one table of a file into one store.

    Attributes:
        digest: of the file's content: the same file imported again has the same one.
        events, orders, report_rows: that the file gave, those that were there before included.
        repeats: of them, that were there before.
        rejected: that could not be kept, and are dead letters.
        first_day, last_day, zone: what the file speaks of.
        at_ms: of this state.
        removed_events, kept_events, removed_orders, removed_report_rows: by undoing it. Kept are those that others reported as well.
    """

    import_id: str
    store_id: str
    file: str
    layout: str
    platform: str = ""
    digest: str = ""
    zone: str = ""
    currency: str = ""
    first_day: str = ""
    last_day: str = ""
    who: str = ""
    started_ms: int = 0
    at_ms: int = 0
    state: ImportState = ImportState.RUNNING
    events: int = 0
    orders: int = 0
    report_rows: int = 0
    repeats: int = 0
    rejected: int = 0
    undone_by: str = ""
    undone_ms: int = 0
    removed_events: int = 0
    kept_events: int = 0
    removed_orders: int = 0
    removed_report_rows: int = 0
    schema_version: int = IMPORT_RUN_VERSION

    def seen_at(self, at_ms: int) -> ImportRun:
        """The run as it is to be shown: one that fell silent was interrupted."""
        if self.state is ImportState.RUNNING and at_ms - self.at_ms > _SILENT_MS:
            return msgspec.structs.replace(self, state=ImportState.INTERRUPTED)
        return self


def may_import(settings: Settings) -> bool:
    """Whether this process can import: it needs the key that the instance's other processes make pseudonyms with."""
    return bool(settings.hash_key.get_secret_value()) or read_instance(settings.data) is not None


def new_import_id(at_ms: int) -> str:
    """The id of a run: it begins with its day, so that people find it. The same file again gets another one."""
    return f"imp-{datetime.fromtimestamp(at_ms / 1000, UTC):%Y%m%d}-{secrets.token_hex(4)}"


def runs_of(book: SourceBook, at_ms: int) -> list[ImportRun]:
    """All imports, the newest first."""
    found: Iterator[ImportRun] = (run.seen_at(at_ms) for _, run in book.under(ImportRun, "import"))
    return sorted(found, key=lambda run: (run.started_ms, run.import_id), reverse=True)


async def read_runs(settings: Settings, at_ms: int) -> list[ImportRun]:
    """All imports, the newest first.

    Raises:
        KafkaUnreachableError: no broker answers.
    """
    return runs_of(await read_book(servers_of(settings)), at_ms)


async def keep_run(writer: RecordWriter, run: ImportRun) -> None:
    """Write what is known of an import.

    Raises:
        KafkaUnreachableError: the broker did not acknowledge it.
    """
    await writer.write({log_key("import", run.import_id): run})
