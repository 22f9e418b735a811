"""Brings ClickHouse's tables and views to what ``deploy/clickhouse/NNN_name.sql`` says.

Each file is run once and recorded with its checksum in ``schema_migrations``. Every statement can be run again without
harm (IF NOT EXISTS, OR REPLACE), so two processes that migrate at once, or one that dies in the middle, end at the same
schema; ClickHouse has no lock that would be safer. While a later release is there, an earlier one that starts next to it
changes nothing: it works on what the later one made, since tables and views only gain columns. A file whose first line says ``repeatable`` is run again when it changes;
any other must not change once released, and doing so is rejected. What views take from the core (``${stages}``, ``${measures}``, …) is
filled in before the checksum is taken, so that a view follows ``scoring/``.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

import structlog
from clickhouse_connect.driver import AsyncClient

from scoring.evaluation.attribution.journeys import LOOKBACK_MS, MOST_TOUCHES, channel_sql
from scoring.evaluation.event_facts import VISIT_TYPES
from scoring.funnel.scores import no_expectation_sql
from scoring.funnel.segment_names import PAGELESS, PAGELESS_MARK
from scoring.funnel.stages import STAGES
from scoring.records.measures import MEASURES
from streams.clickhouse.clients import open_writer
from streams.clickhouse.errors import ClickHouseError, ClickHouseRejectedError, mapped
from streams.clickhouse.literals import literal
from streams.clickhouse.retention import keep_tables
from streams.errors import StateError
from streams.settings import Settings, retention_of

_log = structlog.get_logger()

_NAME = re.compile(r"^(\d{3})_(\w+)\.sql$")
#: in an installed package the files are next to this one, in the repository under deploy/
_FOLDERS = (
    Path(__file__).with_name("sql"),
    Path(__file__).resolve().parents[2] / "deploy" / "clickhouse",
)
#: what views take from the core
_FROM_THE_CORE = {
    "${stages}": ", ".join(f"'{stage}'" for stage in STAGES),
    "${pageless}": ", ".join(literal(segment) for segment in PAGELESS),
    "${pageless_mark}": literal(PAGELESS_MARK),
    "${no_expectation}": no_expectation_sql("scored.expected"),
    "${measures}": ", ".join(literal(measure.name) for measure in MEASURES),
    "${measure_units}": ", ".join(literal(measure.unit.value) for measure in MEASURES),
    "${channel_of}": channel_sql("event.channel"),
    "${visit_types}": ", ".join(literal(kind.value) for kind in VISIT_TYPES),
    "${lookback_ms}": str(LOOKBACK_MS),
    "${most_touches}": str(MOST_TOUCHES),
    "${unique_measures}": ", ".join(literal(measure.name) for measure in MEASURES if measure.is_unique),
}
#: attempts at one statement while another process runs the same
_ATTEMPTS = 6


class MigrationChangedError(ClickHouseError, StateError):
    """Raised when a released migration file differs from what was run; whoever changed it adds a new file instead."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def repeatable(self) -> bool:
        """Whether the file is run again when it changes."""
        return self.text.startswith("-- repeatable")

    @property
    def only_on_cluster(self) -> bool:
        """Whether a single server skips the file."""
        return self.text.startswith("-- only on a cluster")

    def statements(self, settings: Settings) -> list[str]:
        """The file's statements with every placeholder filled in."""
        cluster = settings.clickhouse_cluster
        filled = Template(self.text).substitute(
            database=settings.clickhouse_database,
            cluster=cluster,
            on_cluster=f"ON CLUSTER '{cluster}'" if cluster else "",
            replicated="Replicated" if cluster else "",
            all="_all" if cluster else "",
        )
        bare = re.sub(r"^\s*--.*$", "", filled, flags=re.M)
        return [part.strip() for part in re.split(r";\s*$", bare, flags=re.M) if part.strip()]


def _filled(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    for placeholder, value in _FROM_THE_CORE.items():
        text = text.replace(placeholder, value)
    return text


def find_migrations() -> list[Migration]:
    """Every migration in the order of its number.

    Raises:
        FileNotFoundError: the files are neither next to this module nor in the repository.
    """
    for folder in _FOLDERS:
        found = [(path, _NAME.match(path.name)) for path in sorted(folder.glob("*.sql"))]
        migrations = [
            Migration(int(match[1]), match[2], _filled(path)) for path, match in found if match is not None
        ]
        if migrations:
            return migrations
    raise FileNotFoundError(f"no migrations in {' or '.join(map(str, _FOLDERS))}; install funnelwatch again")


async def migrate(settings: Settings) -> None:
    """Make the database, its tables and views what this release needs; nothing is done where they already are.

    Raises:
        ClickHouseUnreachableError: ClickHouse cannot be reached.
        ClickHouseRejectedError: it rejects a statement.
        MigrationChangedError: a released file was edited.
    """
    client = await open_writer(settings, database="default")
    try:
        await _migrate(client, settings)
    finally:
        await client.close()


async def _migrate(client: AsyncClient, settings: Settings) -> None:
    database, cluster = settings.clickhouse_database, settings.clickhouse_cluster
    on_cluster = f"ON CLUSTER '{cluster}'" if cluster else ""
    replicated = "Replicated" if cluster else ""
    with mapped():
        there = (
            await client.query(
                "SELECT count() FROM system.databases WHERE name = {name:String}",
                parameters={"name": database},
            )
        ).result_rows
    if there == [(0,)]:  # whoever is given a database may not be allowed to create one
        await _run(client, f"CREATE DATABASE IF NOT EXISTS {database} {on_cluster}")
    await _run(
        client,
        f"""CREATE TABLE IF NOT EXISTS {database}.schema_migrations {on_cluster}
        (number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
        ENGINE = {replicated}ReplacingMergeTree(applied_at) ORDER BY number""",
    )
    await _run(
        client,
        f"ALTER TABLE {database}.schema_migrations {on_cluster} ADD COLUMN IF NOT EXISTS release String DEFAULT ''",
    )
    with mapped():
        rows = (
            await client.query(f"SELECT number, checksum, release FROM {database}.schema_migrations FINAL")
        ).result_rows
    applied = {int(number): str(checksum) for number, checksum, _ in rows}
    every, ours = find_migrations(), importlib.metadata.version("funnelwatch")
    later = max((str(release) for *_, release in rows), key=_order, default="")
    if _order(later) > _order(ours) or max(applied, default=0) > max(one.number for one in every):
        _log.warning("tables_are_later", database=database, release=later or "unknown", ours=ours)
        return
    for migration in every:
        known = applied.get(migration.number)
        if known == migration.checksum or (migration.only_on_cluster and not cluster):
            continue
        if known is not None and not migration.repeatable:
            raise MigrationChangedError(
                f"deploy/clickhouse/{migration.number:03d}_{migration.name}.sql was run on database {database} and has "
                "changed since; put the file back and write the change as a new numbered file"
            )
        for statement in migration.statements(settings):
            await _run(client, statement)
        await _run(
            client,
            f"INSERT INTO {database}.schema_migrations (number, name, checksum, release) "
            f"VALUES ({migration.number}, '{migration.name}', '{migration.checksum}', '{ours}')",
        )
        _log.info("tables_migrated", number=migration.number, name=migration.name, database=database)
    tables, _ = retention_of(settings)
    await keep_tables(client, database, tables, on_cluster)


def _order(release: str) -> list[int]:
    """A release's numbers, to be compared."""
    return [int(number) for number in re.findall(r"\d+", release)]


async def _run(client: AsyncClient, statement: str) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            with mapped():
                await client.command(statement)
        except ClickHouseRejectedError:
            # two processes replacing one view at once: the loser tries again and finds it made
            if attempt == _ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.05 * 2**attempt)
        else:
            return
