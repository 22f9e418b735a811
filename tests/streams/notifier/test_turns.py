"""Single turns of a notifier against the real send log: receivers that are unreachable, slow or reject, and alerts that move."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
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
  receivers:
    - {name: ops, channel: console}
    - {name: pager, channel: console}
    - {name: living, channel: slack, url: "env:URL", secret: "env:TOKEN", to: ["#ops"]}
    - {name: machine, channel: webhook, url: "env:URL", secret: "env:TOKEN"}
  route:
    receiver: ops
    group_wait: 0s
    routes:
      - {name: page, match: ["severity=critical"], receiver: pager}
      - {name: storms, match: ["store_id=~storm-.*"], receiver: living, continues: true}
      - {name: all, match: ["store_id=~storm-.*"], receiver: machine, continues: true}
      - {name: rest}
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

    def __init__(self, notifier: Notifier, book: AlertBook, receivers: Mapping[str, Receiver]) -> None:
        self.notifier, self.book = notifier, book
        self.ops, self.pager = receivers["ops"], receivers["pager"]
        self.living, self.machine = receivers["living"], receivers["machine"]
        self.now_ms = START_MS
        self.fired_ms: dict[str, int] = {}

    async def turn(self, later_s: float = 0) -> None:
        self.now_ms += round(later_s * 1000)
        await self.notifier.turn()

    def happens(self, store: str, level: Level, sequence: int = 1, *, over: bool = False) -> None:
        alert: AlertTransition = msgspec.structs.replace(
            ALERT, alert_id=store, store_id=store, level=level, sequence=sequence, at_ms=self.now_ms, opened_at_ms=START_MS,
            fired_at_ms=self.fired_ms.setdefault(store, self.now_ms), state=AlertState.RESOLVED if over else AlertState.FIRING,
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
    send_log, book = SendLog(settings, settings.group_prefix), AlertBook()
    receivers = {name: Receiver() for name in ("ops", "pager", "living", "machine")}
    await send_log.take_over()
    made: list[Bench] = []
    facts = FactsReader(settings, config, lambda: made[0].now_ms)
    now = lambda: made[0].now_ms  # noqa: E731
    notifier = Notifier(config, book, send_log, facts, receivers, "", "", now, 60.0)
    made.append(Bench(notifier, book, receivers))
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


STORM = [f"storm-{number:02}" for number in range(30)]


async def pass_storm(bench: Bench) -> None:
    """Thirty stores go off within four minutes and are back a quarter of an hour later, one after the other."""
    for number, store in enumerate(STORM):
        bench.happens(store, Level.NOTICE)
        await bench.turn(2 if number < 4 else 9)
    for _ in range(6):
        await bench.turn(20)


async def end_storm(bench: Bench) -> None:
    for number, store in enumerate(STORM):
        bench.happens(store, Level.NOTICE, 9, over=True)
        await bench.turn(20 if number % 3 else 0)


async def test_a_storm_of_thirty_stores_was_three_to_four_summaries_in_a_chat(bench: Bench) -> None:
    await pass_storm(bench)
    alone, summaries = bench.ops.got[:4], bench.ops.got[4:]
    assert [message.summary for message in alone] == [""] * 4
    (storm,) = summaries
    assert storm.summary.startswith("At least ")
    assert "within half an hour" in storm.note
    await end_storm(bench)
    assert [message.summary[:35] for message in bench.ops.got[5:]] == ["30 stores have recovered after 13 m"]
    await bench.turn(3600)
    assert len(bench.ops.got) == 6


async def test_a_storm_is_one_message_that_lives_where_it_can_be_changed(bench: Bench) -> None:
    await pass_storm(bench)
    heard = [message for message in bench.living.got if not message.is_quiet]
    assert [bool(message.summary) for message in heard] == [False] * 4 + [True]
    changes = [message for message in bench.living.got if message.is_quiet]
    assert changes[-1].summary.startswith("At least 30 stores")
    assert {message.parent for message in changes} == {"receipt"}
    before = len(bench.living.got)
    await end_storm(bench)
    after = bench.living.got[before:]
    assert any("30 stores were off" in message.summary for message in after if message.is_quiet)
    (end,) = [message for message in after if not message.is_quiet]
    assert (end.summary[:24], end.parent) == ("30 stores have recovered", "receipt")


async def test_what_was_sent_before_a_storm_is_brought_up_to_date_too(bench: Bench) -> None:
    await pass_storm(bench)
    before = len(bench.living.got)
    bench.happens(STORM[0], Level.NOTICE, 9, over=True)
    await bench.turn(30)
    shared, own = bench.living.got[before:]
    assert shared.summary.startswith("30 stores were off")
    assert (own.summary, own.is_quiet) == ("", True)
    assert [card.alert_id for card in own.cards] == [STORM[0]]


async def test_a_program_gets_every_alert_of_a_storm_and_every_end(bench: Bench) -> None:
    await pass_storm(bench)
    await end_storm(bench)
    got = [(card.alert_id, card.is_firing) for message in bench.machine.got for card in message.cards]
    assert sorted(got) == sorted((store, state) for store in STORM for state in (True, False))


async def test_a_message_of_a_storm_that_could_not_be_sent_is_sent_later(bench: Bench) -> None:
    async def missing() -> None:
        raise SendRetryableError("busy", 30.0)

    bench.living.answer = missing
    for store in STORM:
        bench.happens(store, Level.NOTICE)
    await bench.turn()
    assert (bench.living.tried, bench.living.got) == (1, [])
    bench.living.answer = None
    await bench.turn(31)
    assert [message.summary[:18] for message in bench.living.got] == ["At least 30 stores"]


async def test_some_stores_that_stay_off_are_named_at_the_end_and_go_on_alone(bench: Bench) -> None:
    await pass_storm(bench)
    for store in STORM[2:]:
        bench.happens(store, Level.NOTICE, 9, over=True)
    for _ in range(20):
        await bench.turn(20)
    assert bench.ops.got[-1].summary.endswith("still off: storm-00, storm-01")
    bench.happens(STORM[0], Level.NOTICE, 9, over=True)
    await bench.turn(20)
    assert [card.alert_id for card in bench.ops.got[-1].cards] == [STORM[0]]


async def test_a_storm_whose_recovered_store_failed_again_could_not_be_sent_for_a_quarter_of_an_hour(
    bench: Bench,
) -> None:
    """One of five flaps, and waits for it; four are left, and when the storm ends none of its stores is well."""
    for store in STORM[:5]:
        bench.happens(store, Level.NOTICE)
    for _ in range(10):
        await bench.turn(20)
    for number in (9, 19):
        bench.happens(STORM[0], Level.NOTICE, number, over=True)
        await bench.turn(20)
        bench.happens(STORM[0], Level.NOTICE, number + 1)
        for _ in range(17):
            await bench.turn(20)
    names = ", ".join(STORM[:5])
    for receiver in (bench.ops, bench.living):
        ends = [message.summary for message in receiver.got if message.summary.startswith("Still off, ")]
        assert ends == [f"Still off, with messages of their own from now on: {names}"]
    bench.happens(STORM[1], Level.NOTICE, 9, over=True)
    await bench.turn(20)
    assert "Resolved storm-01" in bench.ops.received()[-2:]
