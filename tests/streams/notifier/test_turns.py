"""Single turns of a notifier against the real send log: receivers that are unreachable, slow or reject, and alerts that move."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from scoring.alerts.alert import AlertState, AlertTransition, Level
from scoring.alerts.deciding import Reason
from streams.channels import Message, SendRejectedError, SendRetryableError
from streams.config.loading import load_config
from streams.incidents.alert_log import AlertBook
from streams.incidents.facts import FactsReader
from streams.incidents.groups import late_pipeline
from streams.incidents.send_log import SendLog
from streams.kafka.admin import create_topics
from streams.notifier.notifier import Notifier
from streams.settings import load_settings
from tests.fixtures.alert_card import ALERT

CONFIG = """
alerting:
  receivers: [{name: ops, channel: console}, {name: pager, channel: console}]
  route:
    receiver: ops
    group_wait: 0s
    routes: [{name: page, match: ["severity=critical"], receiver: pager}]
"""
START_MS = ALERT.opened_at_ms


class Receiver:
    """A channel that keeps what it gets; ``answer`` is what happens to a message before it is kept."""

    def __init__(self) -> None:
        self.tried = 0
        self.got: list[Message] = []
        self.answer: Callable[[], Awaitable[None]] | None = None

    async def send(self, message: Message) -> str:
        self.tried += 1
        if self.answer is not None:
            await self.answer()
        self.got.append(message)
        return "receipt"

    def received(self) -> list[str]:
        return [" ".join(card.headline.split(" · ")[:2]) for message in self.got for card in message.cards]


class Bench:
    """A notifier with its clock and its two receivers."""

    def __init__(self, notifier: Notifier, book: AlertBook, ops: Receiver, pager: Receiver) -> None:
        self.notifier, self.book, self.ops, self.pager = notifier, book, ops, pager
        self.now_ms = START_MS

    async def turn(self, later_s: float = 0) -> None:
        self.now_ms += round(later_s * 1000)
        await self.notifier.turn()

    def happens(self, store: str, level: Level, sequence: int = 1, *, over: bool = False) -> None:
        alert: AlertTransition = msgspec.structs.replace(
            ALERT, alert_id=store, store_id=store, level=level, sequence=sequence, at_ms=self.now_ms, opened_at_ms=START_MS,
            fired_at_ms=START_MS, state=AlertState.RESOLVED if over else AlertState.FIRING,
            resolved_at_ms=self.now_ms if over else None,
        )  # fmt: skip
        self.book.take_alert(msgspec.json.encode(alert))


@pytest.fixture
async def bench(kafka: str, tmp_path: Path, topic_prefix: str) -> AsyncIterator[Bench]:
    await create_topics(kafka, partitions=2)
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(CONFIG)
    config = load_config(path)
    settings = load_settings(
        data=tmp_path,
        kafka=kafka,
        group_prefix=topic_prefix.rstrip("."),
        clickhouse_url="http://127.0.0.1:9",
    )
    send_log, book, ops, pager = SendLog(settings, settings.group_prefix), AlertBook(), Receiver(), Receiver()
    await send_log.take_over()
    made: list[Bench] = []
    facts = FactsReader(settings, config, lambda: made[0].now_ms)
    notifier = Notifier(
        config, book, send_log, facts, {"ops": ops, "pager": pager}, "", "", lambda: made[0].now_ms, 60.0
    )
    made.append(Bench(notifier, book, ops, pager))
    yield made[0]
    await notifier.close()
    await facts.close()
    await send_log.close()


async def test_an_alert_that_another_route_takes_over_is_ended_where_it_was_sent(bench: Bench) -> None:
    """Sent to ops as a warning, then critical and so the pager's: ops is sent that it rose, and both are sent its end."""
    bench.happens("a", Level.NOTICE)
    await bench.turn()
    bench.happens("a", Level.PAGE, 2)
    await bench.turn(60)
    await bench.turn(20 * 3600)
    bench.happens("a", Level.PAGE, 3, over=True)
    await bench.turn(60)
    await bench.turn(60)
    assert bench.ops.received() == ["Warning a", "Critical a", "Resolved a"]
    assert bench.pager.received() == [
        "Critical a",
        "Critical a",
        "Resolved a",
    ]  # a reminder where it belongs now


async def test_a_receiver_that_hangs_costs_the_others_nothing(bench: Bench) -> None:
    hanging = asyncio.Event()
    bench.notifier._patience_s = 1.0
    bench.pager.answer = lambda: hanging.wait()  # type: ignore[assignment,return-value]
    bench.happens("a", Level.PAGE)
    bench.happens("b", Level.NOTICE)
    await bench.turn()
    bench.happens("c", Level.NOTICE)
    await bench.turn(1)
    assert (bench.ops.received(), bench.pager.received()) == (["Warning b", "Warning c"], [])
    hanging.set()
    await bench.notifier.close()
    assert bench.pager.received() == ["Critical a"]
    await bench.turn(1)
    assert bench.pager.tried == 1


async def test_while_a_receiver_is_unreachable_one_message_tries_for_all_and_all_come_when_it_is_back(
    bench: Bench,
) -> None:
    async def missing() -> None:
        raise SendRetryableError("busy", 30.0)

    bench.ops.answer = missing
    for n in range(4):
        bench.happens(f"s{n}", Level.NOTICE)
    await bench.turn()
    for _ in range(29):
        await bench.turn(1)
    assert bench.ops.tried == 1, "it asked to be left alone for half a minute"
    bench.ops.answer = None
    await bench.turn(2)
    assert sorted(bench.ops.received()) == sorted(f"Warning s{n}" for n in range(4))


async def test_a_rejected_message_is_not_retried_soon_but_is_not_forgotten(bench: Bench) -> None:
    async def never() -> None:
        raise SendRejectedError("invalid token")

    bench.ops.answer = never
    bench.happens("a", Level.NOTICE)
    bench.happens("b", Level.NOTICE)
    for _ in range(60):
        await bench.turn(10)
    assert bench.ops.tried == 2, "each message once: a rejection may be of the message alone"
    bench.ops.answer = None  # somebody has fixed the receiver
    await bench.turn(400)
    assert sorted(bench.ops.received()) == ["Warning a", "Warning b"]


async def test_a_late_pipeline_holds_conversion_alerts_until_the_data_is_there(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = {"a"}
    monkeypatch.setattr(FactsReader, "is_late", lambda _, store_id: store_id in late)
    bench.happens("a", Level.NOTICE)
    bench.happens("b", Level.NOTICE)
    await bench.turn()
    assert bench.ops.received() == ["Warning b"]
    groups = bench.notifier._groups
    group = next(g for g in groups.all() if g.candidates[0].alert_id == "a")
    held = groups.decision(group, groups.holds(bench.now_ms), bench.now_ms)
    assert (held.reason, held.detail) == (Reason.INHIBITED, late_pipeline("a").alert_id)
    late.clear()
    await bench.turn(60)
    assert bench.ops.received() == ["Warning b", "Warning a"]
    assert "held back" in bench.ops.got[-1].note


async def test_a_silence_can_be_asked_for_again_from_a_later_message(bench: Bench) -> None:
    renderer = bench.notifier._renderer
    renderer._link_key, renderer._page_url = "key", "https://page"
    bench.happens("a", Level.NOTICE)
    await bench.turn()
    await bench.turn(5 * 3600)
    first, reminder = bench.ops.got
    links = [next(a.url for a in m.cards[0].actions if a.kind == "silence") for m in (first, reminder)]
    assert links[0] != links[1]


async def test_a_storm_was_a_message_for_every_store_and_each_goes_on_alone(bench: Bench) -> None:
    for number in range(30):
        bench.happens(f"s{number}", Level.NOTICE)
    await bench.turn()
    (storm,) = bench.ops.got
    assert storm.summary.startswith("At least 30 stores")
    assert not storm.is_shared
    await bench.turn(60)
    assert len(bench.ops.got) == 1
    bench.happens("s7", Level.NOTICE, 2, over=True)
    await bench.turn()
    assert [card.alert_id for card in bench.ops.got[1].cards] == ["s7"]
    assert bench.ops.got[1].is_shared  # the first message of its thread is that of all thirty
    for number in range(30):
        if number != 7:
            bench.happens(f"s{number}", Level.NOTICE, 2, over=True)
    await bench.turn()
    assert bench.ops.got[2].summary == "29 stores have recovered"
    await bench.turn(60)
    assert len(bench.ops.got) == 3
