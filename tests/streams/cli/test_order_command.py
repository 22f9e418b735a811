"""``funnelwatch events order``, run as a person runs it, on the real engine and broker."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from streams.cli import events
from streams.clock import now_ms
from streams.instance.files import Instance, write_instance
from streams.kafka.admin import create_topics


async def test_an_order_is_followed_back_on_the_command_line(
    clickhouse: Any, kafka: str, ready_database: str, tmp_path: Path
) -> None:
    await create_topics(kafka, partitions=2)
    write_instance(tmp_path, Instance(1, now_ms(), kafka, clickhouse.url, "", "", "", ()))
    (tmp_path / "secrets").mkdir(exist_ok=True)
    (tmp_path / "secrets" / "clickhouse_password").write_text(clickhouse.password)
    (tmp_path / "secrets" / "clickhouse_reader_password").write_text(clickhouse.reader_password)
    since_ms = now_ms() - 20 * 86_400_000
    clickhouse.client(ready_database).insert(
        "order_versions_raw",
        [[store, "A-1", "shopee", "sg", since_ms, since_ms, since_ms, "30", 1] for store in ("sg", "my")],
        column_names=["store_id", "order_id", "source", "connection", "told_at_ms", "as_of_ms", "placed_ms", "amount", "digest"],
    )  # fmt: skip
    app = typer.Typer()
    events.register(app)

    async def run(*arguments: str) -> Any:
        environment = {"FUNNELWATCH_CLICKHOUSE_DATABASE": ready_database, "FUNNELWATCH_KAFKA": kafka}
        line = ["events", "order", *arguments, "--data", str(tmp_path)]
        return await asyncio.to_thread(CliRunner().invoke, app, line, env=environment)

    several = await run("A-1")
    assert several.exit_code == 1
    assert "several stores have an order A-1: my, sg; add --store" in several.output
    assert "no order B-1 is known" in (await run("B-1")).output
    shown = await run("A-1", "--store", "sg")
    assert shown.exit_code == 0, shown.output
    assert "A-1 in sg: placed, 30" in shown.output
    assert "what came is no longer kept (after 14 days)" in shown.output
    (report,) = json.loads((await run("A-1", "--store", "sg", "--json")).output)["reports"]
    assert (report["door"], report["kept"]) == ("connection", "expired")
