"""The guard of ad spend on the real broker and the real engine: an alert through a death, and its end."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from scoring.alerts.ad_spend import ENDS_AFTER_MS, OPENS_AFTER_MS
from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, AlertTransition
from scoring.alerts.spend_note import SpendInto, note_of_spend
from scoring.detection.tracked_alert import ClosedAlerts
from scoring.funnel.units import HOUR_MS
from streams.config.model import Config
from streams.kafka.errors import LogFencedError
from streams.kafka.topics import ALERTS
from streams.pools.ad_spend import SpendTurns
from streams.settings import Settings, load_settings
from tests.deadlines import within
from tests.fixtures.alert_card import ALERT
from tests.fixtures.kafka_tools import make_topics, produce, read_all
from tests.fixtures.report_seed import COLUMNS, report_row

CONFIG = Config.model_validate({"stores": [{"id": "shop", "platform": "shopify", "currency": "EUR"}]})
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
NOW_MS = round(NOW.timestamp() * 1000)


@pytest.fixture
async def settings(
    kafka: str, topic_prefix: str, tmp_path: Path, clickhouse: Any, ready_database: str
) -> Settings:
    await make_topics(kafka, topic_prefix, 1)
    return load_settings(
        data=tmp_path,
        kafka=kafka,
        clickhouse_url=clickhouse.url,
        clickhouse_password=SecretStr(clickhouse.password),
        clickhouse_reader_password=SecretStr(clickhouse.reader_password),
        clickhouse_database=ready_database,
    )


async def turns(settings: Settings, prefix: str) -> SpendTurns:
    made = SpendTurns(settings, CONFIG, ClosedAlerts(), lambda topic: prefix + topic)
    await made.open()
    return made


async def send(settings: Settings, prefix: str, alert: AlertTransition) -> None:
    await produce(settings.kafka, prefix + ALERTS, [(b"shop", msgspec.json.encode(alert), NOW_MS)])


async def until(made: SpendTurns, is_firing: bool, at_ms: int) -> list[AlertTransition]:
    """Look at one moment until the alert on the step was read, or its end."""
    deadline, found = time.monotonic() + within(30), []
    while time.monotonic() < deadline:
        found += await made.look(at_ms)
        if (ALERT.alert_id in made._known.firing) is is_firing:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the transition was not read")


def spend(client: Any, value: str) -> None:
    day = NOW - timedelta(days=1, hours=2)
    client.insert(
        "report_versions_raw",
        [report_row("spend", day, value, source="meta", store="shop")],
        column_names=COLUMNS,
    )


async def test_ads_into_a_broken_step_are_one_alert_through_a_death_and_end_with_the_step(
    settings: Settings, topic_prefix: str, clickhouse: Any
) -> None:
    broken = msgspec.structs.replace(
        ALERT, store_id="shop", step="order_to_payment", kind=AlertKind.CONVERSION, state=AlertState.FIRING, segment="",
        label=AlertLabel.REAL, observed=10.0, expected=100.0, low=80.0, high=125.0, members=(), opened_at_ms=NOW_MS - HOUR_MS,
        resolved_at_ms=None,
    )  # fmt: skip
    first = await turns(settings, topic_prefix)
    await send(settings, topic_prefix, broken)
    assert await until(first, True, NOW_MS) == []  # nobody reports any spend
    spend(clickhouse.client(settings.clickhouse_database), "2400")
    assert await first.look(NOW_MS) == []
    (opened,) = await first.look(NOW_MS + OPENS_AFTER_MS)
    note = note_of_spend(opened.kind, opened.note)
    assert note is not None
    assert (note.into, note.of, note.cause, note.per_hour, note.is_about) == (
        SpendInto.STEP, "order_to_payment", broken.alert_id, pytest.approx(100.0), True,
    )  # fmt: skip

    second = await turns(settings, topic_prefix)
    assert await until(second, True, NOW_MS + OPENS_AFTER_MS) == []
    with pytest.raises(LogFencedError):
        await first._writer.write([(topic_prefix + ALERTS, b"shop", b"{}", None)])
    over = msgspec.structs.replace(broken, state=AlertState.RESOLVED, sequence=1, resolved_at_ms=NOW_MS)
    await send(settings, topic_prefix, over)
    later = NOW_MS + 2 * OPENS_AFTER_MS
    assert await until(second, False, later) == []
    assert await second.look(later) == []
    (ended,) = await second.look(later + ENDS_AFTER_MS)
    assert (ended.alert_id, ended.state, ended.sequence) == (opened.alert_id, AlertState.RESOLVED, 1)
    records = await read_all(settings.kafka, topic_prefix + ALERTS)
    kinds = [msgspec.json.decode(one.value, type=AlertTransition).kind for one in records]
    assert kinds.count(AlertKind.AD_SPEND) == 2
    await first.close()
    await second.close()
