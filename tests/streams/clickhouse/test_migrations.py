"""Migrations on the real engine: run once, twice or by several at once, they end at the same schema."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from streams.clickhouse.migrations import MigrationChangedError, find_migrations, migrate
from streams.clickhouse.retention import UnknownTableError
from streams.settings import Settings, load_settings
from tests.streams.clickhouse.sums import SUMS

VIEWS = {
    *("advice", "advice_actions", "advice_outcomes", "attribution"),
    "evaluations",
    "event_days",
    "order_days",
    "order_marks",
    "compared_prices",
    "counted_extents",
    "findings",
    "indicators",
    "order_channels",
    "event_records",
    "exclusions",
    "set_apart_counts",
    *("events", "stage_counts", "scores", "alerts", "alert_transitions", "dead_letters", "store_windows"),
    *("baselines", "actions", "stores", "alert_actions", "alert_responses", "step_contributions"),
    *("score_minutes", "count_minutes", "repeats"),
    *("report_rows", "report_versions", "signals", "orders", "order_versions", "order_lives"),
    *("raw_deliveries", "cleaned", "cleaned_rows", "brushing"),
}


@pytest.fixture
def settings(clickhouse: Any, fresh_database: str, tmp_path: Path) -> Settings:
    return load_settings(
        clickhouse_url=clickhouse.url,
        clickhouse_password=clickhouse.password,
        clickhouse_database=fresh_database,
        data=tmp_path,
    )


async def test_several_processes_migrate_at_once_and_again(clickhouse: Any, settings: Settings) -> None:
    await asyncio.gather(*(migrate(settings) for _ in range(4)))
    await migrate(settings)
    client = clickhouse.client(database=settings.clickhouse_database)
    found = dict(
        client.query(
            f"SELECT name, engine FROM system.tables WHERE database = '{settings.clickhouse_database}'"
        ).result_rows
    )
    assert {name for name, engine in found.items() if engine == "View"} == VIEWS | SUMS.keys()
    recorded = client.query(
        "SELECT number, checksum FROM schema_migrations FINAL ORDER BY number"
    ).result_rows
    assert recorded == [(one.number, one.checksum) for one in find_migrations() if not one.only_on_cluster]


def test_the_reader_reads_every_view_plainly(clickhouse: Any, ready_database: str) -> None:
    reader = clickhouse.read_client(database=ready_database)
    asked = [*VIEWS, *SUMS.values()]
    assert {view: reader.query(f"SELECT count() FROM {view}").result_rows for view in asked} == {
        view: [(0,)] for view in asked
    }


async def test_a_released_migration_that_was_edited_is_rejected(clickhouse: Any, settings: Settings) -> None:
    await migrate(settings)
    client = clickhouse.client(database=settings.clickhouse_database)
    client.command("INSERT INTO schema_migrations (number, name, checksum) VALUES (1, 'tables', 'another')")
    with pytest.raises(MigrationChangedError, match=r"001_tables\.sql .* new numbered file"):
        await migrate(settings)


async def test_a_view_file_that_changed_is_run_again(clickhouse: Any, settings: Settings) -> None:
    await migrate(settings)
    client = clickhouse.client(database=settings.clickhouse_database)
    client.command(
        "INSERT INTO schema_migrations (number, name, checksum) VALUES (35, 'event_views', 'older')"
    )
    client.command("DROP VIEW events")
    await migrate(settings)
    assert client.query("SELECT count() FROM events").result_rows == [(0,)]


@pytest.mark.parametrize(("number", "release"), [(999, ""), (35, "99.0.1")])
async def test_an_earlier_release_leaves_the_views_of_a_later_one_alone(
    clickhouse: Any, settings: Settings, number: int, release: str
) -> None:
    await migrate(settings)
    client = clickhouse.client(database=settings.clickhouse_database)
    client.command(
        f"INSERT INTO schema_migrations (number, name, checksum, release) VALUES ({number}, 'later', 'x', '{release}')"
    )
    client.command("CREATE OR REPLACE VIEW events AS SELECT 'of a later release' AS event_id")
    await migrate(settings)
    assert client.query("SELECT event_id FROM events").result_rows == [("of a later release",)]


def test_a_file_that_is_run_again_makes_views_alone() -> None:
    """A column added by one has no upgrade of its own, and is added again with every change of the view."""
    again = [one for one in find_migrations() if one.repeatable]
    assert again
    for migration in again:
        for statement in migration.statements(load_settings()):
            assert re.match(r"(CREATE OR REPLACE|DROP) VIEW", statement), migration.name


def test_on_a_cluster_every_statement_names_it_and_every_engine_is_replicated() -> None:
    settings = load_settings(clickhouse_cluster="prod")
    statements = [sql for one in find_migrations() for sql in one.statements(settings)]
    assert len(statements) > 25
    assert all("ON CLUSTER 'prod'" in sql for sql in statements)
    own = [sql for sql in statements if "MergeTree" in sql]
    assert own
    assert all("ENGINE = Replicated" in sql for sql in own)
    views = [sql for sql in statements if "CREATE OR REPLACE VIEW" in sql]
    assert any("_raw_all FINAL" in sql for sql in views)
    assert [sql for sql in views if re.search(r"_raw\b", sql)] == []  # one node's own table


@pytest.mark.parametrize("view", ["stage_counts", "scores", "events"])
def test_a_store_and_a_time_range_prune_partitions_and_granules(
    clickhouse: Any, ready_database: str, view: str
) -> None:
    client = clickhouse.client(database=ready_database)
    fill = {
        "stage_counts": "INSERT INTO minutes_raw (store_id, minute, segment, counts, version) SELECT concat('s', toString(number % 100)), "
        "toDateTime('2026-01-01 00:00:00', 'UTC') + intDiv(number, 100) * 60, '', [1,0,0,0,0,0,0], 1 FROM numbers(1000000)",
        "scores": "INSERT INTO scores_raw (store_id, minute, step, version) SELECT concat('s', toString(number % 100)), "
        "toDateTime('2026-01-01 00:00:00', 'UTC') + intDiv(number, 100) * 60, 'x', 1 FROM numbers(1000000)",
        "events": "INSERT INTO events_raw (store_id, event_time, type, event_id, received_at, version) SELECT concat('s', toString(number % 100)), "
        "toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + intDiv(number, 3), 'click', toString(number), now64(3), 1 FROM numbers(300000)",
    }[view]  # fmt: skip
    client.command(fill)
    column = "event_time" if view == "events" else "minute"
    whole, asked = (
        client.query(f"EXPLAIN ESTIMATE SELECT * FROM {view} {condition}").result_rows
        for condition in ("", f"WHERE store_id = 's7' AND {column} >= '2026-01-01 12:00:00' AND {column} < '2026-01-01 14:00:00'")
    )  # fmt: skip
    read = sum(row[3] for row in asked)
    assert 0 < read < sum(row[3] for row in whole) / 10


async def test_a_table_keeps_its_rows_as_long_as_the_setting_says(
    clickhouse: Any, settings: Settings
) -> None:
    await migrate(settings)
    kept = {"retention": "events_raw=90,raw_deliveries_raw=3,funnel.raw.v1=3"}
    await migrate(settings.model_copy(update=kept))
    client = clickhouse.client(database=settings.clickhouse_database)
    rows = client.query(
        "SELECT name, extract(engine_full, 'toIntervalDay\\\\((\\\\d+)\\\\)') FROM system.tables WHERE database = currentDatabase()"
    ).result_rows
    days = dict(rows)
    assert (days["events_raw"], days["raw_deliveries_raw"], days["scores_raw"]) == ("90", "3", "400")
    with pytest.raises(UnknownTableError, match="names nothing_raw; expected a topic, or one of "):
        await migrate(settings.model_copy(update={"retention": "nothing_raw=1"}))


@pytest.mark.parametrize(
    "given", ["events_raw", "events_raw=", "=3", "events_raw=0", "events_raw=1.5", "a=b=3"]
)
def test_a_retention_without_whole_days_is_rejected(given: str) -> None:
    with pytest.raises(ValueError, match="is not a table or topic with days"):
        load_settings(retention=given)


async def test_evaluations_that_were_written_before_targets_had_rows_stay_readable(
    clickhouse: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest state before the column: a migration with a lower number than the newest was still to come."""
    every = find_migrations()
    with monkeypatch.context() as earlier:
        earlier.setattr(
            "streams.clickhouse.migrations.find_migrations",
            lambda: [one for one in every if not 79 <= one.number <= 83],
        )
        await migrate(settings)
    client = clickhouse.client(database=settings.clickhouse_database)
    written = "INSERT INTO evaluations_raw (store_id, period, period_start, kind, name, comparator, {}, evaluated_at) VALUES ('shop', 'month', now(), "
    client.command(written.format("score") + "'health', 'health', 'own', 61, now())")
    await migrate(settings)
    await migrate(settings)
    client.command(written.format("reason, target") + "'indicator', 'x', 'target', 'missed', 20, now())")
    found = client.query("SELECT comparator, score, target, reason FROM evaluations ORDER BY kind")
    assert found.result_rows == [("own", 61.0, None, ""), ("target", None, 20.0, "missed")]


#: the newest file of each earlier release or state, and of this one
FORMATS = [6, 26, 38, 43, 52, 59, 65, 74, 92, 999]


async def test_a_filled_database_of_each_earlier_format_is_upgraded_with_its_rows(
    clickhouse: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One database through all of them, a store filled at each: files are run in their order, so it gets what each one's own would."""
    every = find_migrations()
    client = clickhouse.client(database="default")
    for newest in FORMATS:
        with monkeypatch.context() as earlier:
            earlier.setattr(
                "streams.clickhouse.migrations.find_migrations",
                lambda newest=newest: [one for one in every if one.number <= newest],
            )
            await migrate(settings)
        _fill(client, settings.clickhouse_database, f"shop-{newest}")
    await migrate(settings)
    for view, number in (
        ("events", "uniqExact(event_id)"),
        ("dead_letters", "uniqExact(letter_id)"),
        ("alerts", "uniqExact(alert_id)"),
        ("orders", "uniqExact(order_id)"),
        ("stage_counts", "sum(count)"),
    ):
        found = client.query(
            f"SELECT store_id, {number} FROM {settings.clickhouse_database}.{view} GROUP BY store_id ORDER BY store_id"
        )
        assert found.result_rows == sorted((f"shop-{newest}", 1) for newest in FORMATS), view


def _fill(client: Any, database: str, store_id: str) -> None:
    """A row of every kind that there was from the first release on."""
    for table, columns, row in (
        (
            "events_raw",
            "event_time, type, event_id, received_at, order_id, version",
            "now(), 'order', '{0}', now(), '{0}', 1",
        ),
        ("minutes_raw", "minute, segment, counts, version", "now(), 'all', [0,0,0,1,0,0,0], 1"),
        ("dead_letters_raw", "letter_id, received_at, reason, version", "'{0}', now(), 'empty', 1"),
        (
            "alert_transitions_raw",
            "alert_id, state, at, opened_at, version",
            "'{0}', 'firing', now(), now(), 1",
        ),
    ):
        client.command(
            f"INSERT INTO {database}.{table} (store_id, {columns}) VALUES ('{store_id}', {row.format(store_id)})"
        )
