"""What is in a message: for people the first few alerts, for programs all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from scoring.alerts.actions import HumanActionKind
from scoring.alerts.alert import AlertContribution, Level
from scoring.alerts.deciding import Decision, GroupAction, GroupState, Reason
from scoring.alerts.routing import Route
from streams.channels.webhook import webhook_payload
from streams.config.loading import load_config
from streams.config.model import Config
from streams.incidents.action_log import new_action
from streams.incidents.alert_log import AlertBook
from streams.incidents.facts import FactsReader
from streams.incidents.groups import AlertGroup
from streams.notifier.notes import StormSeen
from streams.notifier.rendering import MAX_CARDS, Claim, MessageRenderer
from streams.settings import load_settings
from tests.fixtures.alert_card import ALERT

CONFIG = """
stores:
  - {id: s3, name: 店, names: {zh: 官网 美国站, en: US shop}}
alerting:
  receivers:
    - {name: machine, channel: webhook, url: env:URL, secret: env:SECRET}
    - {name: people, channel: console}
    - {name: zh-people, channel: console, language: zh}
  route: {receiver: machine}
"""
MANY = 80


class Desk:
    """A renderer and its book; ClickHouse is unreachable, which costs a card its facts and nothing else."""

    def __init__(self, config: Config, renderer: MessageRenderer, book: AlertBook) -> None:
        self.config, self.renderer, self.book = config, renderer, book

    async def message(
        self,
        receiver: str,
        reason: Reason = Reason.NEW,
        ids: tuple[str, ...] = (),
        storm: StormSeen | None = None,
    ) -> msgspec.Raw:
        group = AlertGroup(
            "g",
            Route("r", receiver),
            [self.book.candidate(a, self.config) for a in self.book.alerts.values()],
        )
        chosen = self.config.alerting.receiver(receiver)
        assert chosen is not None
        decision = Decision(GroupAction.SEND, reason, ids or tuple(self.book.alerts))
        made = await self.renderer.message(
            group, decision, chosen, GroupState(0), Claim("k", "t", "", False), storm=storm
        )
        return msgspec.Raw(msgspec.json.encode(webhook_payload(made)))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(CONFIG)
    config, settings = load_config(path), load_settings(data=tmp_path, clickhouse_url="http://127.0.0.1:9")
    book = AlertBook()
    for number in range(MANY):
        level = Level.PAGE if number % 2 else Level.NOTICE
        alert = msgspec.structs.replace(ALERT, alert_id=f"a{number}", store_id=f"s{number}", level=level)
        book.take_alert(msgspec.json.encode(alert))
    facts = FactsReader(settings, config, lambda: ALERT.at_ms)
    yield Desk(config, MessageRenderer(config, book, facts, "", "", lambda: ALERT.at_ms), book)
    await facts.close()


async def test_a_web_hook_got_five_of_eighty_alerts(desk: Desk) -> None:
    sent = msgspec.json.decode(await desk.message("machine"))
    assert sorted(alert["alert_id"] for alert in sent["alerts"]) == sorted(f"a{n}" for n in range(MANY))
    assert sent["note"] == ""
    assert [alert["severity"] for alert in sent["alerts"][:40]] == ["critical"] * 40


async def test_people_get_the_first_few_and_the_number_of_the_others(desk: Desk) -> None:
    sent = msgspec.json.decode(await desk.message("people"))
    assert len(sent["alerts"]) == MAX_CARDS
    assert str(MANY - MAX_CARDS) in sent["note"]


async def test_what_somebody_acknowledged_is_one_line_with_their_name(desk: Desk) -> None:
    alert = next(iter(desk.book.alerts))
    taken = new_action(HumanActionKind.ACKNOWLEDGE, ALERT.at_ms, "Li", "page", alert_id=alert)
    desk.book.take_action(msgspec.json.encode(taken))
    sent = msgspec.json.decode(await desk.message("people", Reason.TAKEN_ON, (alert,)))
    assert sent["kind"] == "acknowledged"
    assert sent["note"] == "Li acknowledged: s0 · Conversion drop · Orders → Payments"


async def test_a_store_has_its_name_in_the_reader_s_language(desk: Desk) -> None:
    english = msgspec.json.decode(await desk.message("people", ids=("a3",)))["alerts"][0]
    chinese = msgspec.json.decode(await desk.message("zh-people", ids=("a3",)))["alerts"][0]
    assert ("US shop" in english["headline"], "官网 美国站" in chinese["headline"]) == (True, True)


async def test_a_storm_begins_with_how_many_stores_and_what_it_costs(desk: Desk) -> None:
    desk.book.lost_money["a1"], desk.book.lost_money["a2"] = 1500.0, 700.0
    storm = StormSeen(tuple(f"s{n}" for n in range(MANY)), 0, 3, False, False, True)
    sent = msgspec.json.decode(await desk.message("people", storm=storm))
    assert sent["title"] == "At least 80 stores are off at the same time, about $2,200 lost so far"
    assert len(sent["alerts"]) == MAX_CARDS


async def test_a_storm_counted_what_a_store_lost_once_for_each_pool_that_it_is_in(desk: Desk) -> None:
    """A store, its platform's pool and its country's pool say the same loss three times."""
    shares = (AlertContribution("s1", 0.6), AlertContribution("s2", 0.4))
    for number, pool in enumerate(("pool:platform=shopify", "pool:country=DE")):
        alert = msgspec.structs.replace(
            ALERT, alert_id=f"p{number}", store_id=pool, members=("s1", "s2"), contributions=shares
        )
        desk.book.take_alert(msgspec.json.encode(alert))
        desk.book.lost_money[f"p{number}"] = 1000.0
    desk.book.lost_money["a1"] = 700.0
    storm = StormSeen(("s1", "s2"), 0, 3, False, False, True)
    sent = msgspec.json.decode(await desk.message("people", ids=("a1", "p0", "p1"), storm=storm))
    assert sent["title"] == "At least 2 stores are off at the same time, about $1,100 lost so far"
