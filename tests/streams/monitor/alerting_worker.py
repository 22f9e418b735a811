"""A monitor that detects, and the alerts and scores that it has published so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from scoring.alerts.alert import AlertTransition
from scoring.funnel.scores import ScoreRow
from scoring.funnel.units import MINUTE_MS
from streams.kafka.topics import ALERTS, SCORES
from tests.deadlines import within
from tests.fixtures.kafka_tools import read_all
from tests.streams.monitor.workers import DEADLINE_S, Process


async def transitions(kafka: str, prefix: str) -> list[AlertTransition]:
    records = await read_all(kafka, prefix + ALERTS)
    return [msgspec.json.decode(record.value, type=AlertTransition) for record in records]


async def wait_for(
    kafka: str, prefix: str, done: Callable[[list[AlertTransition]], bool]
) -> list[AlertTransition]:
    async with asyncio.timeout(within(DEADLINE_S)):
        while not done(found := await transitions(kafka, prefix)):
            await asyncio.sleep(0.1)
    return found


async def wait_for_score(kafka: str, prefix: str, minute: int) -> None:
    async with asyncio.timeout(within(DEADLINE_S)):
        while True:
            scores = await read_all(kafka, prefix + SCORES)
            if any(
                msgspec.json.decode(s.value, type=ScoreRow).minute_ms == minute * MINUTE_MS for s in scores
            ):
                return
            await asyncio.sleep(0.1)


@pytest.fixture
def monitor(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Process]:
    process = Process(kafka, topic_prefix, tmp_path, "detector", monitor_tick_s=3600)
    yield process
    if process.process is not None and process.process.poll() is None:
        process.process.kill()
        process.process.wait()
