"""A worker that looks alive and is not ends itself, with the reason in its last log line; each trouble is a real one."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.instance.files import read_state
from streams.kafka.topics import EVENTS
from streams.monitor.app import EXIT_FAILED
from tests.deadlines import within
from tests.fixtures.kafka_tools import make_topics, produce, read_all
from tests.streams.monitor.workers import (
    DEADLINE_S,
    PARTITIONS,
    Process,
    independent_count,
    published,
    some_events,
    wait_for_total,
)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        pytest.param("dies", "the counting agent died", marks=pytest.mark.long),
        pytest.param("ends", "BatchSkippedError", marks=pytest.mark.long),
        ("starves", "has been stuck at offset"),
        ("blocks", "the event loop has been blocked"),
    ],
)
async def test_a_stuck_worker_ends_with_the_reason_in_its_last_line_and_the_next_one_counts_on(
    kafka: str, topic_prefix: str, tmp_path: Path, trouble: str, reason: str
) -> None:
    await make_topics(kafka, topic_prefix, PARTITIONS)
    await produce(kafka, topic_prefix + EVENTS, some_events(200, 1))
    first = independent_count(await read_all(kafka, topic_prefix + EVENTS))
    stuck = Process(kafka, topic_prefix, tmp_path, trouble=trouble)
    stuck.start()
    await wait_for_total(kafka, topic_prefix, sum(first.values()))
    await produce(kafka, topic_prefix + EVENTS, [(b"s0", b"poison", 1000), *some_events(200, 2)])
    assert stuck.process is not None
    assert await asyncio.to_thread(stuck.process.wait, within(DEADLINE_S)) == EXIT_FAILED
    last = stuck.log.read_text().strip().splitlines()[-1]
    assert "monitor_ended" in last
    assert reason in last
    wanted = independent_count(await read_all(kafka, topic_prefix + EVENTS))
    next_one = Process(kafka, topic_prefix, tmp_path)
    next_one.start()
    try:
        await wait_for_total(kafka, topic_prefix, sum(wanted.values()))
    finally:
        assert next_one.process is not None
        next_one.process.kill()
        next_one.process.wait()
    assert await published(kafka, topic_prefix) == wanted


async def test_a_long_recovery_was_taken_for_a_stalled_loop(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    await make_topics(kafka, topic_prefix, PARTITIONS)
    await produce(kafka, topic_prefix + EVENTS, some_events(100, 1))
    wanted = independent_count(await read_all(kafka, topic_prefix + EVENTS))
    worker = Process(kafka, topic_prefix, tmp_path, trouble="slow")
    worker.start()
    assert worker.process is not None
    try:
        async with asyncio.timeout(within(DEADLINE_S)):
            while not state_of(tmp_path).startswith("ready"):
                assert worker.process.poll() is None, worker.log.read_text()[-500:]
                await asyncio.sleep(0.1)
        await wait_for_total(kafka, topic_prefix, sum(wanted.values()))
        assert await published(kafka, topic_prefix) == wanted
    finally:
        worker.process.kill()
        worker.process.wait()


def state_of(data: Path) -> str:
    state = read_state(data, "monitor")
    return f"{state.state} {state.detail}" if state is not None else ""


async def test_a_monitor_for_which_no_partition_is_left_waits_and_takes_over_when_the_other_dies(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    await make_topics(kafka, topic_prefix, 1)
    await produce(kafka, topic_prefix + EVENTS, some_events(200, 1))
    workers: dict[Path, Process] = {}
    for data in (tmp_path / "one", tmp_path / "two"):
        data.mkdir()
        workers[data] = Process(kafka, topic_prefix, data, trouble="none")
        workers[data].start()
    try:
        async with asyncio.timeout(within(DEADLINE_S)):
            while sorted(state_of(data)[:7] for data in workers) != ["ready 0", "ready 1"]:
                assert [one.process.poll() for one in workers.values() if one.process] == [None, None]
                await asyncio.sleep(0.1)
        idle, busy = sorted(workers, key=state_of)
        assert state_of(idle) == "ready 0 partitions, standby"
        workers[busy].end(signal.SIGKILL)
        await produce(kafka, topic_prefix + EVENTS, some_events(200, 2))
        wanted = independent_count(await read_all(kafka, topic_prefix + EVENTS))
        await wait_for_total(kafka, topic_prefix, sum(wanted.values()))
        async with asyncio.timeout(within(DEADLINE_S)):
            while not state_of(idle).startswith("ready 1"):
                await asyncio.sleep(0.1)
        assert await published(kafka, topic_prefix) == wanted
    finally:
        for worker in workers.values():
            assert worker.process is not None
            worker.process.kill()
            worker.process.wait()


async def test_an_open_transaction_of_somebody_else_was_taken_for_a_dead_worker(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    await make_topics(kafka, topic_prefix, PARTITIONS)
    held = some_events(100, 3)
    writer = AIOKafkaProducer(
        bootstrap_servers=kafka, transactional_id=topic_prefix + "w", transaction_timeout_ms=120_000
    )
    await writer.start()
    worker = Process(kafka, topic_prefix, tmp_path, trouble="none")
    worker.start()
    assert worker.process is not None
    try:
        await writer.begin_transaction()
        for key, value, at_ms in held:
            await writer.send_and_wait(topic_prefix + EVENTS, value, key=key, timestamp_ms=at_ms)
        async with asyncio.timeout(within(DEADLINE_S)):
            while "transaction_open" not in worker.log.read_text():
                assert worker.process.poll() is None, worker.log.read_text()[-500:]
                await asyncio.sleep(0.1)
        await writer.abort_transaction()
        await writer.begin_transaction()
        for key, value, at_ms in held[:60]:
            await writer.send_and_wait(topic_prefix + EVENTS, value, key=key, timestamp_ms=at_ms)
        await writer.commit_transaction()
        wanted = independent_count(await read_all(kafka, topic_prefix + EVENTS))
        await wait_for_total(kafka, topic_prefix, sum(wanted.values()))
        assert await published(kafka, topic_prefix) == wanted
    finally:
        await writer.stop()
        worker.process.kill()
        worker.process.wait()
