"""Reports on the real broker: a bad day is published once, through a death, a restart and a second reading."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from scoring.alerts.alert import AlertState, AlertTransition
from scoring.funnel.units import DAY_MS
from scoring.records.report_row import ReportRow
from streams.clock import now_ms
from streams.config.model import Config
from streams.kafka.errors import LogFencedError
from streams.kafka.topics import ALERTS, REPORTS
from streams.pools.periods import PeriodTurns
from streams.settings import Settings, load_settings
from tests.deadlines import within
from tests.fixtures.kafka_tools import make_topics, produce, read_all
from tests.scoring.periods.reports import START_MS, shop

CONFIG = Config.model_validate({"stores": [{"id": "shop", "platform": "amazon"}]})
#: the days end lately: figures of long ago are forgotten
_LATER_MS = now_ms() // DAY_MS * DAY_MS - 50 * DAY_MS - START_MS
DAYS = [
    [
        msgspec.structs.replace(
            row,
            period_start_ms=row.period_start_ms + _LATER_MS,
            period_end_ms=row.period_end_ms + _LATER_MS,
            told_at_ms=row.told_at_ms + _LATER_MS,
        )
        for row in rows
    ]
    for rows in shop(45, 30, 34)
]


@pytest.fixture
async def settings(kafka: str, topic_prefix: str, tmp_path: Path) -> Settings:
    await make_topics(kafka, topic_prefix, 2)
    return load_settings(data=tmp_path, kafka=kafka)


async def send(settings: Settings, prefix: str, days: list[list[ReportRow]]) -> None:
    found = [(row.store_id.encode(), msgspec.json.encode(row), 1) for rows in days for row in rows]
    await produce(settings.kafka, prefix + REPORTS, found)


async def opened(settings: Settings, prefix: str, config: Config = CONFIG) -> PeriodTurns:
    made = PeriodTurns(settings, config, lambda topic: prefix + topic)
    await made.open()
    return made


async def until_read(made: PeriodTurns, days: int) -> None:
    """Turn until the book holds that many days."""
    deadline = time.monotonic() + within(30)
    while time.monotonic() < deadline:
        await made.turn(200)
        if (
            made.is_caught_up
            and made.book.series
            and len(next(iter(made.book.series.values())).versions) >= 2 * days
        ):
            return
    raise AssertionError("the rows did not come")


async def published(settings: Settings, prefix: str) -> list[AlertTransition]:
    records = await read_all(settings.kafka, prefix + ALERTS)
    return [msgspec.json.decode(record.value, type=AlertTransition) for record in records]


async def test_a_bad_day_is_published_once_through_a_restart(settings: Settings, topic_prefix: str) -> None:
    first = await opened(settings, topic_prefix)
    await send(settings, topic_prefix, DAYS[:31])
    await until_read(first, 31)
    (alert,) = await published(settings, topic_prefix)
    assert alert.state is AlertState.FIRING
    assert alert.opened_at_ms == START_MS + _LATER_MS + 30 * DAY_MS
    await first.close()
    second = await opened(settings, topic_prefix)
    await send(settings, topic_prefix, DAYS[:31])
    await send(settings, topic_prefix, DAYS[31:])
    await until_read(second, 45)
    await second.close()
    found = await published(settings, topic_prefix)
    assert [one.sequence for one in found] == list(range(len(found)))
    assert {one.alert_id for one in found} == {alert.alert_id}
    assert found[-1].state is AlertState.RESOLVED


async def test_thresholds_that_changed_over_a_restart_hold_for_what_was_known(
    settings: Settings, topic_prefix: str
) -> None:
    deaf = CONFIG.model_copy(
        update={"thresholds": CONFIG.thresholds.model_copy(update={"notice": 200, "page": 300})}
    )
    first = await opened(settings, topic_prefix, deaf)
    await send(settings, topic_prefix, DAYS[:31])
    await until_read(first, 31)
    await first.close()
    assert await published(settings, topic_prefix) == []
    for _ in range(2):
        again = await opened(settings, topic_prefix)
        await until_read(again, 31)
        await again.close()
    (alert,) = await published(settings, topic_prefix)
    assert (alert.state, alert.sequence) == (AlertState.FIRING, 0)


async def test_a_former_leader_publishes_nothing_more(settings: Settings, topic_prefix: str) -> None:
    former = await opened(settings, topic_prefix)
    await send(settings, topic_prefix, DAYS[:31])
    now = await opened(settings, topic_prefix)
    await until_read(now, 31)
    with pytest.raises(LogFencedError):
        await until_read(former, 31)
    assert len(await published(settings, topic_prefix)) == 1
    await former.close()
    await now.close()


async def test_what_cannot_be_read_stops_nothing(settings: Settings, topic_prefix: str) -> None:
    await produce(settings.kafka, topic_prefix + REPORTS, [(b"shop", b"{}", 1), (b"shop", b"no", 1)])
    await send(settings, topic_prefix, DAYS[:31])
    made = await opened(settings, topic_prefix)
    await until_read(made, 31)
    await made.close()
    assert len(await published(settings, topic_prefix)) == 1
