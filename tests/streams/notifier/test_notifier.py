"""The notifier on a real broker: sent once, through restarts and second notifiers; held, repeated and resolved."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from scoring.alerts.actions import HumanAction, HumanActionKind
from scoring.alerts.alert import AlertState, AlertTransition
from streams.clock import now_ms
from streams.embedded.alert_tail import follow_alerts
from streams.embedded.broker import Broker
from streams.incidents.alert_log import AlertBook, BookReader
from streams.incidents.send_log import SendLog, SendRecord
from streams.kafka import topics
from streams.kafka.admin import add_partitions, create_topics, partitions_of
from streams.kafka.leadership import Leadership
from streams.settings import Settings, load_settings
from tests.deadlines import within
from tests.fixtures.alert_card import ALERT
from tests.fixtures.forking import start_python
from tests.fixtures.kafka import start_broker
from tests.streams.channels.hook import Hook, until

SECRET = "hook-secret"
CONFIG = """
stores: [{{id: us-shop, name: US shop, zone: America/Los_Angeles}}]
alerting:
  receivers: [{{name: ops, channel: webhook, url: "file:{folder}/hook", secret: "file:{folder}/secret"}}]
  route: {{match: ["store_id=~{mine}.*"], group_wait: 0s, group_interval: 1s, repeat_interval: {repeat}}}
"""


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of this file alone: the notifier's topics have fixed names."""
    broker = start_broker(tmp_path_factory.mktemp("broker"))
    yield broker
    broker.stop()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    runner = await made.serve()
    yield made
    await runner.cleanup()


@pytest.fixture
async def settings(own_broker: Broker, tmp_path: Path, hook: Hook) -> Settings:
    await create_topics(own_broker.address, partitions=2)
    (tmp_path / "hook").write_text(hook.url)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "funnelwatch.yaml").write_text(
        CONFIG.format(folder=tmp_path, repeat="4h", mine=f"[a-z]-{tmp_path.name}")
    )
    return load_settings(
        data=tmp_path,
        kafka=own_broker.address,
        group_prefix=f"t{tmp_path.name}",
        clickhouse_url="http://127.0.0.1:9",
        session_timeout_s=6.0,
    )


@asynccontextmanager
async def notifier(settings: Settings) -> AsyncIterator[subprocess.Popen[bytes]]:
    """A notifier in a process of its own."""
    script = (
        "import asyncio; from streams.settings import load_settings; from streams.config.loading import load_config;"
        "from streams.roles import until_stopped;"
        "from streams.instance.files import StateReport; from streams.notifier.role import ROLE, run; s = load_settings();"
        "config = load_config(s.data / 'funnelwatch.yaml'); report = StateReport(s.data, ROLE);"
        "asyncio.run(until_stopped(run(s, config, report), lambda: report.is_stopping))"
    )
    environment = {
        **os.environ,
        "FUNNELWATCH_DATA": str(settings.data),
        "FUNNELWATCH_KAFKA": settings.kafka,
        "FUNNELWATCH_GROUP_PREFIX": settings.group_prefix,
        "FUNNELWATCH_CLICKHOUSE_URL": settings.clickhouse_url,
        "FUNNELWATCH_SESSION_TIMEOUT_S": "6",
    }
    process = start_python("-c", script, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def publish(settings: Settings, topic: str, *records: Any) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    for record in records:
        await producer.send_and_wait(topic, msgspec.json.encode(record), key=b"us-shop")
    await producer.stop()


def alert(name: str, state: AlertState = AlertState.FIRING, sequence: int = 1) -> AlertTransition:
    now = now_ms()
    over = now if state is AlertState.RESOLVED else None
    return msgspec.structs.replace(
        ALERT, alert_id=name, store_id=name, state=state, sequence=sequence, at_ms=now, opened_at_ms=now - 60_000,
        fired_at_ms=now, resolved_at_ms=over,
    )  # fmt: skip


def received(hook: Hook, name: str) -> list[str]:
    """What was received about one alert, in order."""
    return [p["kind"] for p in hook.payloads if name in [a["alert_id"] for a in p["alerts"]]]


async def test_an_alert_is_sent_once_through_a_kill_and_its_end_is_sent_too(
    settings: Settings, hook: Hook, tmp_path: Path
) -> None:
    name = f"a-{tmp_path.name}"
    async with notifier(settings) as first:
        await publish(settings, topics.ALERTS, alert(name))
        await until(lambda: received(hook, name) == ["firing"])
        # settled: the next turn has begun, so the claim is closed
        await publish(settings, topics.ALERTS, alert(f"{name}-later"))
        await until(lambda: received(hook, f"{name}-later") == ["firing"])
        first.send_signal(signal.SIGKILL)
        first.wait()
    async with notifier(settings):
        await publish(settings, topics.ALERTS, alert(name, AlertState.RESOLVED, 2))
        await until(lambda: "resolved" in received(hook, name))
        # settled, as above: an end that is not would be sent again by the notifiers of the tests below
        await publish(settings, topics.ALERTS, alert(f"{name}-last"))
        await until(lambda: received(hook, f"{name}-last") == ["firing"])
    assert received(hook, name) == ["firing", "resolved"]
    assert received(hook, f"{name}-later") in (
        ["firing"],
        ["firing", "firing"],
    )  # the claim may have been open


async def test_a_claim_behind_an_open_transaction_of_the_digests_was_overlooked(
    settings: Settings, tmp_path: Path
) -> None:
    """A digests process killed in a transaction hid the notifier's later claims from its successor, who sent again."""
    name = f"c-{tmp_path.name}"
    killed = AIOKafkaProducer(bootstrap_servers=settings.kafka, transactional_id=f"{name}-digests")
    log, successor = SendLog(settings, name), SendLog(settings, name)
    await log.take_over()
    await killed.start()
    await killed.begin_transaction()
    await killed.send_and_wait(topics.SENDS, b"{}", key=b"digests|somebody", partition=0)
    await log.write("group", SendRecord(at_ms=1, claim="under way"))
    taking_over = asyncio.create_task(successor.take_over())
    await asyncio.wait({taking_over}, timeout=within(1))
    await killed.abort_transaction()
    await taking_over
    assert [record.claim for record in successor.records.values()] == ["under way"]
    for one in (log, successor):
        await one.close()
    await killed.stop()


async def test_a_message_under_way_at_a_rebalance_was_sent_twice(settings: Settings, tmp_path: Path) -> None:
    """Its sender lost the lead, not its life: fenced at once, it could not settle what it had sent."""
    name = f"c-{tmp_path.name}"
    log, successor = SendLog(settings, name), SendLog(settings, name)
    await log.take_over()
    await log.write("group", SendRecord(now_ms(), claim="under way"))
    taking_over = asyncio.create_task(successor.take_over(patience_s=within(60)))
    await asyncio.wait({taking_over}, timeout=within(1))
    await log.write("group", SendRecord(now_ms(), settled="sent"))
    await taking_over
    assert [(record.claim, record.settled) for record in successor.records.values()] == [("", "sent")]
    # who died with a claim is waited for only so long
    await successor.write("group", SendRecord(now_ms(), claim="under way"))
    await log.take_over(patience_s=0.5)
    assert [record.claim for record in log.records.values()] == ["under way"]
    for one in (log, successor):
        await one.close()


async def test_two_notifiers_send_once(settings: Settings, hook: Hook, tmp_path: Path) -> None:
    name = f"b-{tmp_path.name}"
    async with notifier(settings), notifier(settings):
        await publish(settings, topics.ALERTS, alert(name))
        await until(lambda: received(hook, name) != [])
        await publish(settings, topics.ALERTS, alert(f"{name}-later"))
        await until(lambda: received(hook, f"{name}-later") != [])
    assert received(hook, name) == ["firing"]


async def test_an_unreachable_receiver_is_notified_when_it_is_back(
    settings: Settings, hook: Hook, tmp_path: Path
) -> None:
    name = f"c-{tmp_path.name}"
    hook.answers = [(503, {}, {"Retry-After": "1"}), (503, {}, {"Retry-After": "1"}), (200, {}, {})]
    async with notifier(settings):
        await publish(settings, topics.ALERTS, alert(name))
        await until(lambda: len(received(hook, name)) == 3)
        await publish(settings, topics.ALERTS, alert(name, AlertState.RESOLVED, 2))
        await until(lambda: "resolved" in received(hook, name))
    assert received(hook, name) == ["firing"] * 3 + ["resolved"]
    assert len({p["key"] for p in hook.payloads if p["kind"] == "firing" and name in str(p)}) == 1


async def test_a_silenced_alert_is_sent_when_the_silence_ends_and_says_so(
    settings: Settings, hook: Hook, tmp_path: Path
) -> None:
    name = f"d-{tmp_path.name}"
    kind, now = HumanActionKind, now_ms()
    silence = HumanAction(
        f"s-{name}", kind.SILENCE, now, "li", matchers=(f"alert_id={name}",), until_ms=now + 3_600_000
    )
    await publish(settings, topics.ACTIONS, silence)
    async with notifier(settings):
        await publish(settings, topics.ALERTS, alert(name), alert(f"{name}-other"))
        await until(lambda: received(hook, f"{name}-other") == ["firing"])
        assert received(hook, name) == []
        ended = HumanAction(f"u-{name}", kind.UNSILENCE, now_ms(), "li", silence_id=silence.action_id)
        await publish(settings, topics.ACTIONS, ended)
        await until(lambda: received(hook, name) == ["firing"])
    (payload,) = [p for p in hook.payloads if name in [a["alert_id"] for a in p["alerts"]]]
    assert "held back" in payload["note"]


async def test_a_role_waits_for_an_unreachable_broker_instead_of_ending(settings: Settings) -> None:
    missing = load_settings(data=settings.data, kafka="127.0.0.1:9", group_prefix="away")
    leadership = Leadership(missing, "notifier")
    joining = asyncio.create_task(leadership.start())
    done, waiting = await asyncio.wait([joining], timeout=2.0)
    assert (done, waiting) == (set(), {joining})
    joining.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await joining
    await leadership.stop()


async def test_alerts_in_partitions_that_were_added_are_read_and_printed_on_the_console(
    settings: Settings,
) -> None:
    book, received, listens = AlertBook(), [], asyncio.Event()
    reader = BookReader(settings, book)
    await publish(settings, topics.ALERTS, alert("before-more"))
    await reader.catch_up()
    tail = asyncio.create_task(follow_alerts(settings, received.append, listens))
    await listens.wait()
    numbers = await partitions_of(settings.kafka, topics.ALERTS)
    await add_partitions(settings.kafka, [topics.ALERTS], len(numbers) + 1)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    for name, place in (("in-the-new", len(numbers)), ("in-the-old", 0)):
        await producer.send_and_wait(topics.ALERTS, msgspec.json.encode(alert(name)), partition=place)
    await producer.stop()
    async with asyncio.timeout(within(60)):
        while not {"before-more", "in-the-new", "in-the-old"} <= set(book.alerts) or len(received) < 2:
            await reader.follow(100)
    tail.cancel()
    await asyncio.gather(tail, return_exceptions=True)
    await reader.close()
    assert sorted(transition.alert_id for transition in received) == ["in-the-new", "in-the-old"]
