"""What ``funnelwatch doctor`` says of the stores, from the real engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.clickhouse.migrations import migrate
from streams.doctor.running import store as look_at_store
from streams.settings import load_settings
from tests.fixtures.clickhouse import Store

pytestmark = pytest.mark.slow


async def test_a_store_whose_events_of_minutes_ago_were_not_counted_yet_had_sent_nothing(
    clickhouse: Store, fresh_database: str, tmp_path: Path
) -> None:
    config = tmp_path / "funnelwatch.yaml"
    config.write_text("stores: [{id: landed}, {id: stopped}, {id: counted}, {id: idle}]\n")
    settings = load_settings(
        data=tmp_path,
        config=config,
        clickhouse_url=clickhouse.url,
        clickhouse_password=clickhouse.password,
        clickhouse_reader_password=clickhouse.reader_password,
        clickhouse_database=fresh_database,
    )
    await migrate(settings)
    client, at = clickhouse.client(fresh_database), datetime.now(UTC)
    ages = {"landed": timedelta(minutes=3), "stopped": timedelta(days=9), "idle": timedelta(days=31)}
    client.insert(
        "events_raw",
        [[store, at - age, "order", f"e-{store}", at - age, 1] for store, age in ages.items()],
        column_names=["store_id", "event_time", "type", "event_id", "received_at", "version"],
    )
    client.insert(
        "minutes_raw",
        [["counted", at - timedelta(hours=1), "", [1, 0, 0, 0, 0, 0, 0], 7]],
        column_names=["store_id", "minute", "segment", "counts", "version"],
    )
    said = [finding.found for finding in await look_at_store(settings) if finding.what == "stores"]
    assert said == ["nothing came within 30 days of idle", "nothing for 2 days from stopped"]
