"""``funnelwatch prepare`` on a real broker and the real engine: what is missing is made, what is there stays."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import typer
from aiokafka.admin import AIOKafkaAdminClient
from typer.testing import CliRunner

from streams.cli import prepare
from streams.instance.files import Instance, write_instance
from streams.kafka.topics import TOPICS


def make_app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    prepare.register(app)
    return app


def test_it_makes_topics_and_tables_and_again_changes_nothing(
    kafka: str, clickhouse: Any, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNNELWATCH_KAFKA", kafka)
    monkeypatch.setenv("FUNNELWATCH_CLICKHOUSE_URL", clickhouse.url)
    monkeypatch.setenv("FUNNELWATCH_CLICKHOUSE_PASSWORD", clickhouse.password)
    monkeypatch.setenv("FUNNELWATCH_CLICKHOUSE_DATABASE", fresh_database)
    monkeypatch.setenv("FUNNELWATCH_PARTITIONS", "2")
    for _ in range(2):
        done = CliRunner().invoke(make_app(), ["prepare", "--patience", "30"])
        assert done.exit_code == 0, done.output
        assert "are up to date" in done.output
    assert "all topics exist" in done.output
    assert {topic.name for topic in TOPICS} <= asyncio.run(_topics(kafka))
    assert clickhouse.client(fresh_database).query("SELECT count() FROM stage_counts").result_rows == [(0,)]


def test_it_finds_the_kafka_of_a_running_instance_by_its_folder(
    kafka: str, clickhouse: Any, fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_instance(tmp_path, Instance(1, 1, kafka, clickhouse.url, "", "", "", ()))
    monkeypatch.delenv("FUNNELWATCH_KAFKA", raising=False)
    monkeypatch.setenv("FUNNELWATCH_CLICKHOUSE_PASSWORD", clickhouse.password)
    monkeypatch.setenv("FUNNELWATCH_CLICKHOUSE_DATABASE", fresh_database)
    done = CliRunner().invoke(make_app(), ["prepare", "--patience", "0", "--data", str(tmp_path)])
    assert done.exit_code == 0, done.output


async def _topics(kafka: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


def test_without_kafka_it_says_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNNELWATCH_KAFKA", "127.0.0.1:1")
    done = CliRunner().invoke(make_app(), ["prepare", "--patience", "0"])
    assert done.exit_code == 69
    assert "FUNNELWATCH_KAFKA" in done.output
