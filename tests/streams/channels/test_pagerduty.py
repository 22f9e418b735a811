"""PagerDuty hears what people do here: one incident a group, acknowledged and resolved under its key, through new leaders."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from scoring.alerts.actions import CloseReason, HumanAction, HumanActionKind
from scoring.alerts.alert import AlertState, Level
from streams.channels.console import ConsoleChannel
from streams.channels.pagerduty import PagerDutyChannel
from streams.config.loading import load_config
from streams.incidents.alert_log import AlertBook
from streams.incidents.facts import FactsReader
from streams.incidents.send_log import SendLog
from streams.kafka.admin import create_topics
from streams.notifier.notifier import Notifier
from streams.settings import load_settings
from tests.fixtures.alert_card import ALERT
from tests.streams.channels.pagerduty_service import PagerDutyService

CONFIG = """
alerting:
  receivers: [{name: ops, channel: console}, {name: pager, channel: pagerduty, secret: "env:PAGERDUTY_KEY"}]
  route:
    receiver: ops
    group_by: [platform]
    group_wait: 0s
    group_interval: 5m
    routes: [{name: page, match: ["severity=critical"], receiver: pager, continues: true}, {name: all}]
"""
START_MS = ALERT.opened_at_ms


class Watch:
    """A notifier that is replaced before every turn, with a PagerDuty and a console."""

    def __init__(self, folder: Path, kafka: str, prefix: str, service: PagerDutyService) -> None:
        path = folder / "funnelwatch.yaml"
        path.write_text(CONFIG)
        self.config, self.service = load_config(path), service
        self.settings = load_settings(
            data=folder, kafka=kafka, group_prefix=prefix, clickhouse_url="http://127.0.0.1:9"
        )
        self.now_ms, self.book, self.console = START_MS, AlertBook(), list[str]()

    def happens(self, alert_id: str, *, over: bool = False) -> None:
        alert = msgspec.structs.replace(
            ALERT, alert_id=alert_id, level=Level.PAGE, sequence=2 if over else 1, at_ms=self.now_ms,
            fired_at_ms=START_MS, state=AlertState.RESOLVED if over else AlertState.FIRING,
            resolved_at_ms=self.now_ms if over else None,
        )  # fmt: skip
        self.book.take_alert(msgspec.json.encode(alert))

    def does(self, kind: HumanActionKind, alert_id: str) -> None:
        reason = CloseReason.REAL if kind is HumanActionKind.CLOSE else None
        action = HumanAction(f"{kind}-{alert_id}", kind, self.now_ms, "wang", alert_id, reason=reason)
        self.book.take_action(msgspec.json.encode(action))

    async def turns(self, times: int = 3, each_s: float = 1.0) -> list[str]:
        """Turns, each of a new leader; what PagerDuty was sent in them."""
        before = len(self.service.events)
        async with aiohttp.ClientSession() as session:
            channels = {
                "ops": ConsoleChannel(self.console.append),
                "pager": PagerDutyChannel(session, self.service.routing_key, self.service.url),
            }
            for _ in range(times):
                send_log = SendLog(self.settings, self.settings.group_prefix)
                await send_log.take_over()
                facts = FactsReader(self.settings, self.config, lambda: self.now_ms)
                leading = Notifier(
                    self.config, self.book, send_log, facts, channels, "", "", lambda: self.now_ms, 60.0
                )
                self.now_ms += round(each_s * 1000)
                await leading.turn()
                await leading.close()
                await facts.close()
                await send_log.close()
        return self.service.events[before:]


@pytest.fixture
async def watch(
    kafka: str, tmp_path: Path, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Watch]:
    monkeypatch.setenv("PAGERDUTY_KEY", "r0uting")
    await create_topics(kafka, partitions=2)
    service = PagerDutyService("r0uting")
    runner = await service.serve()
    yield Watch(tmp_path, kafka, topic_prefix.rstrip("."), service)
    await runner.cleanup()


async def test_an_acknowledgement_reaches_pagerduty_once_and_nobody_else(watch: Watch) -> None:
    watch.happens("a")
    assert await watch.turns() == ["trigger"]
    reported = len(watch.console)
    watch.does(HumanActionKind.ACKNOWLEDGE, "a")
    assert await watch.turns() == ["acknowledge"]
    assert len(watch.console) == reported == 1
    watch.happens("a", over=True)
    assert await watch.turns() == ["resolve"]
    assert list(watch.service.incidents.values()) == [["triggered", "acknowledged", "resolved"]]


async def test_closing_an_alert_resolves_it_there_though_it_still_fires(watch: Watch) -> None:
    watch.happens("a")
    await watch.turns()
    watch.does(HumanActionKind.CLOSE, "a")
    assert await watch.turns() == ["resolve"]
    assert list(watch.service.incidents.values()) == [["triggered", "resolved"]]


async def test_an_incident_of_two_alerts_is_acknowledged_with_the_second(watch: Watch) -> None:
    watch.happens("a")
    watch.happens("b")
    await watch.turns()
    watch.does(HumanActionKind.ACKNOWLEDGE, "a")
    assert await watch.turns() == []
    watch.does(HumanActionKind.ACKNOWLEDGE, "b")
    assert await watch.turns() == ["acknowledge"]
    watch.does(HumanActionKind.CLOSE, "a")
    assert await watch.turns() == []
    watch.does(HumanActionKind.CLOSE, "b")
    assert await watch.turns() == ["resolve"]


async def test_an_acknowledgement_waits_for_an_unreachable_pagerduty(watch: Watch) -> None:
    watch.happens("a")
    await watch.turns()
    watch.service.is_unreachable = True
    watch.does(HumanActionKind.ACKNOWLEDGE, "a")
    assert await watch.turns() == []
    watch.service.is_unreachable = False
    assert await watch.turns(2, 600.0) == ["acknowledge"]


async def test_the_service_of_these_tests_rejects_what_pagerduty_rejects(watch: Watch) -> None:
    event = {"routing_key": "r0uting", "event_action": "acknowledge", "dedup_key": "k"}
    assert watch.service.wrong(event) == ""
    assert watch.service.wrong({**event, "dedup_key": ""}) == "dedup_key"
    assert watch.service.wrong({**event, "dedup_key": "k" * 256}) == "dedup_key"
    assert watch.service.wrong({**event, "routing_key": "other"}) == "routing_key"
    assert watch.service.wrong({**event, "event_action": "trigger"}) == "payload, severity"
    assert watch.service.wrong({**event, "event_action": "close"}) == "event_action"
