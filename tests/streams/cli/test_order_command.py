"""``funnelwatch events``, run as a person runs it, on the real engine and broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from scoring.events.pseudonyms import Pseudonyms
from streams.cli import events
from streams.clock import now_ms
from streams.instance.files import Instance, write_instance
from streams.kafka.admin import create_topics
from tests.fixtures.clickhouse import Store

MAIL, KEY = "joe@example.com", "hash-key-of-tests"
Command = Callable[..., Awaitable[Any]]


@pytest.fixture
async def command(clickhouse: Store, kafka: str, ready_database: str, tmp_path: Path) -> Command:
    """Runs ``funnelwatch events …`` on an instance with the store ``sg``."""
    await create_topics(kafka, partitions=2)
    write_instance(tmp_path, Instance(1, now_ms(), kafka, clickhouse.url, "", "", "", ()))
    (tmp_path / "secrets").mkdir(exist_ok=True)
    (tmp_path / "secrets" / "clickhouse_password").write_text(clickhouse.password)
    (tmp_path / "secrets" / "clickhouse_reader_password").write_text(clickhouse.reader_password)
    (tmp_path / "secrets" / "hash_key").write_text(KEY)
    (tmp_path / "funnelwatch.yaml").write_text("stores: [{id: sg, platform: shopee}]\n")
    app = typer.Typer()
    events.register(app)

    async def run(*arguments: str) -> Any:
        environment = {"FUNNELWATCH_CLICKHOUSE_DATABASE": ready_database, "FUNNELWATCH_KAFKA": kafka}
        line = ["events", *arguments, "--data", str(tmp_path)]
        return await asyncio.to_thread(CliRunner().invoke, app, line, env=environment)

    return run


async def test_an_order_is_followed_back_on_the_command_line(
    command: Command, clickhouse: Store, ready_database: str
) -> None:
    since_ms = now_ms() - 20 * 86_400_000
    clickhouse.client(ready_database).insert(
        "order_versions_raw",
        [[store, "A-1", "shopee", "sg", since_ms, since_ms, since_ms, "30", 1] for store in ("sg", "my")],
        column_names=["store_id", "order_id", "source", "connection", "told_at_ms", "as_of_ms", "placed_ms", "amount", "digest"],
    )  # fmt: skip
    several = await command("order", "A-1")
    assert several.exit_code == 1
    assert "several stores have an order A-1: my, sg; add --store" in several.output
    assert "no order B-1 is known" in (await command("order", "B-1")).output
    shown = await command("order", "A-1", "--store", "sg")
    assert shown.exit_code == 0, shown.output
    assert "A-1 in sg: placed, 30" in shown.output
    assert "what came is no longer kept (after 14 days)" in shown.output
    (report,) = json.loads((await command("order", "A-1", "--store", "sg", "--json")).output)["reports"]
    assert (report["door"], report["kept"]) == ("connection", "expired")


async def test_a_mail_address_typed_as_an_order_or_a_visitor_found_nothing(
    command: Command, clickhouse: Store, ready_database: str
) -> None:
    kept, at = Pseudonyms(KEY).of_sender("sg", MAIL), datetime.now(UTC)
    clickhouse.client(ready_database).insert(
        "events_raw",
        [["sg", at, kind, kind, at, order, visitor, "api", 1] for kind, order, visitor in (("order", kept, ""), ("click", "", kept))],
        column_names=["store_id", "event_time", "type", "event_id", "received_at", "order_id", "visitor", "source", "version"],
    )  # fmt: skip
    shown = await command("order", MAIL)
    assert (shown.exit_code, f"{kept} in sg" in shown.output) == (0, True), shown.output
    span = ("--store", "sg", "--from", "2h ago", "--to", "now")
    for typed in (MAIL, kept, f"~{kept}"):
        done = await command("exclude", *span, "--visitor", typed)
        assert "1 events excluded" in done.output, done.output
        assert "1 events restored" in (await command("restore", *span, "--visitor", typed)).output
