"""A day of simulated incidents against the real send log: the exact list of messages that people should have got.

The clock is simulated, the notifier, its routing and the log are real. Notifiers are replaced all day long, in the middle of
incidents and of the storm, and each one that was replaced still believes for a turn that it leads.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from scoring.alerts.actions import CloseReason, HumanAction, HumanActionKind
from scoring.alerts.alert import AlertKind, AlertState, AlertTransition, Level
from streams.channels import SendRetryableError
from streams.channels.console import ConsoleChannel
from streams.config.loading import load_config
from streams.config.model import Config
from streams.incidents.alert_log import AlertBook
from streams.incidents.facts import FactsReader
from streams.incidents.send_log import SendLog
from streams.kafka.admin import create_topics
from streams.kafka.errors import LogFencedError
from streams.notifier.notes import STORM_JOINS
from streams.notifier.notifier import Notifier
from streams.settings import Settings, load_settings
from tests.fixtures.alert_card import ALERT

MIDNIGHT = datetime(2026, 10, 14, tzinfo=UTC)
STEP = timedelta(seconds=30)
STORM = [f"storm-{n:03}" for n in range(200)]

CONFIG = """
alerting:
  receivers:
    - {name: ops, channel: console}
    - {name: pager, channel: console}
    - {name: crowd, channel: webhook, url: "env:URL", secret: "env:SECRET", per_minute: 20}
  route:
    receiver: ops
    group_wait: 1m
    group_interval: 5m
    repeat_interval: 4h
    most_repeats: 1
    routes:
      - {name: storm, match: ["store_id=~storm-.*"], receiver: crowd, continues: true}
      - {name: night, match: ["store_id=~asia-.*"], mute: [shanghai-night]}
      - {name: page, match: ["severity=critical"], receiver: pager, group_wait: 0s, most_repeats: 0, continues: true}
      - {name: all}
  mute_timings:
    - {name: shanghai-night, zone: Asia/Shanghai, start: "22:00", end: "07:30"}
"""

#: what ops and the pager should have got, in order: time (UTC), receiver, verdict, store, how the note begins
EXPECTED = f"""
00:10:00 pager Critical cart
00:11:00 ops Critical cart
00:50:00 ops Resolved cart
00:50:00 pager Resolved cart
02:01:00 ops Warning flapping
02:02:00 ops Resolved flapping
02:08:00 ops Warning flapping
02:10:00 ops Resolved flapping
02:20:00 ops Warning flapping
02:22:00 ops Resolved flapping
02:44:00 ops Warning flapping
02:46:00 ops Resolved flapping
03:28:00 ops Warning flapping
03:30:00 ops Resolved flapping
05:01:00 ops Warning silenced
07:10:00 ops Warning silenced The silence has ended and the alert is still firing. It was silenced by li: new checkout.
07:20:00 ops Closed silenced
10:01:30 pager Critical storm-007 At least 20 stores are off at the same time 15 more: see the page. {STORM_JOINS("en")}
10:02:30 ops Critical storm-007 At least 200 stores are off at the same time 195 more: see the page. {STORM_JOINS("en")}
10:40:00 ops Resolved storm-007 200 stores have recovered after 40 min 195 more: see the page.
10:40:00 pager Resolved storm-007 20 stores have recovered after 40 min 15 more: see the page.
11:11:00 ops Warning pool
11:40:00 ops Resolved pool
12:01:00 ops Warning rising
12:20:00 ops Critical rising Raised.
12:37:00 pager Critical rising
12:45:00 ops Resolved rising
12:45:00 pager Resolved rising
13:00:00 pager Critical long
13:01:00 ops Critical long
14:01:00 ops Warning taken
17:01:00 ops Critical long Reminder: still firing, and nobody has acknowledged it.
20:00:00 ops Resolved taken
23:00:00 ops Resolved long
23:00:00 pager Resolved long
23:30:00 ops Warning asia-open It was held back (silence, mute timing or an alert over several stores) until now, and is still firing.
""".strip().splitlines()


def at(clock: str) -> int:
    hours, minutes = clock.split(":")
    return round((MIDNIGHT + timedelta(hours=int(hours), minutes=int(minutes))).timestamp() * 1000)


def life(
    store: str, opens: str, ends: str = "", *, kind: AlertKind = AlertKind.CONVERSION, page: bool = False
) -> list[tuple[int, AlertTransition]]:
    """The transitions of one alert with the moments at which they are published."""
    opened_ms = at(opens)
    first = msgspec.structs.replace(
        ALERT, alert_id=f"{store}-{opened_ms}", store_id=store, kind=kind, level=Level.PAGE if page else Level.NOTICE,
        state=AlertState.FIRING, sequence=1, at_ms=opened_ms, opened_at_ms=opened_ms, fired_at_ms=opened_ms, resolved_at_ms=None,
    )  # fmt: skip
    over_ms = at(ends or "48:00")
    over = msgspec.structs.replace(
        first, state=AlertState.RESOLVED, sequence=9, at_ms=over_ms, resolved_at_ms=over_ms
    )
    return [(opened_ms, first), (over_ms, over)]


def incidents() -> list[tuple[int, AlertTransition]]:
    found = [
        *life("cart", "00:10", "00:50", page=True),
        *life("silenced", "05:00", "09:00"),
        *life("pool", "11:10", "11:40", kind=AlertKind.POOLED),
        *life("member", "11:20", "11:38"),
        *life("rising", "12:00", "12:45"),
        *life("long", "13:00", "23:00", page=True),
        *life("taken", "14:00", "20:00"),
        *life("brief", "15:00", "15:00"),
        *life("asia-open", "15:30"),
        *life("asia-gone", "16:00", "18:00"),
    ]
    found += [one for m in range(0, 120, 4) for one in life("flapping", f"2:{m}", f"2:{m + 2}")]
    found += [one for store in STORM for one in life(store, "10:00", "10:40", page=store.endswith("7"))]
    ((_, rising), _) = life("rising", "12:00", "12:45")
    raised = msgspec.structs.replace(rising, sequence=2, level=Level.PAGE, at_ms=at("12:20"))
    return sorted([*found, (at("12:20"), raised)], key=lambda item: item[0])


def people() -> list[tuple[int, HumanAction]]:
    silenced, taken = life("silenced", "05:00")[0][1].alert_id, life("taken", "14:00")[0][1].alert_id
    kind = HumanActionKind
    return [
        (at("05:10"), HumanAction("s", kind.SILENCE, at("05:10"), "li", silenced, text="new checkout", until_ms=at("07:10"))),
        (at("07:20"), HumanAction("c", kind.CLOSE, at("07:20"), "li", silenced, reason=CloseReason.FALSE_ALARM)),
        (at("14:05"), HumanAction("a", kind.ACKNOWLEDGE, at("14:05"), "wang", taken)),
    ]  # fmt: skip


class Day:
    """The clock, what was published so far, and what people got."""

    def __init__(self, settings: Settings, config: Config) -> None:
        self.settings, self.config = settings, config
        self.now = MIDNIGHT
        self.alerts, self.actions = incidents(), people()
        self.got: list[tuple[datetime, str, str]] = []

    def now_ms(self) -> int:
        return round(self.now.timestamp() * 1000)

    def is_unreachable(self, receiver: str) -> bool:
        return receiver == "pager" and at("12:10") <= self.now_ms() < at("12:35")

    def writer(self, receiver: str) -> Callable[[str], None]:
        def write(text: str) -> None:
            if self.is_unreachable(receiver):
                raise SendRetryableError("the pager is unreachable")
            self.got.append((self.now, receiver, text))

        return write

    async def lead(self) -> tuple[Notifier, AlertBook, SendLog]:
        """A new process: it takes the log over and reads everything that was published before."""
        send_log, book = SendLog(self.settings, self.settings.group_prefix), AlertBook()
        await send_log.take_over()
        self.publish(book, 0, self.now_ms())
        channels = {name: ConsoleChannel(self.writer(name)) for name in ("ops", "pager", "crowd")}
        facts = FactsReader(self.settings, self.config, self.now_ms)
        made = Notifier(self.config, book, send_log, facts, channels, "key", "http://page", self.now_ms, 60.0)
        return made, book, send_log

    def publish(self, book: AlertBook, after_ms: int, until_ms: int) -> None:
        for when_ms, alert in self.alerts:
            if after_ms < when_ms <= until_ms:
                book.take_alert(msgspec.json.encode(alert))
        for when_ms, action in self.actions:
            if after_ms < when_ms <= until_ms:
                book.take_action(msgspec.json.encode(action))

    def received(self) -> list[str]:
        """What was received, a line a message: time, receiver, verdict, store, note."""
        lines = []
        for when, receiver, text in self.got:
            found = re.search(r"^(Critical|Warning|Resolved|Closed) · (\S+) ·", text, re.MULTILINE)
            assert found is not None, text
            note = " ".join(text[: found.start()].split())
            lines.append(f"{when:%H:%M:%S} {receiver} {found[1]} {found[2]} {note}".strip())
        return lines


@pytest.fixture
async def day(kafka: str, tmp_path: Path, topic_prefix: str) -> Day:
    await create_topics(kafka, partitions=2)
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(CONFIG)
    name = topic_prefix.rstrip(".")
    settings = load_settings(
        data=tmp_path, kafka=kafka, group_prefix=name, clickhouse_url="http://127.0.0.1:9"
    )
    return Day(settings, load_config(path))


#: when another notifier takes over: in the middle of every kind of incident, and twice in the storm
TAKEOVERS = frozenset(
    at(clock)
    for clock in ("0:30", "2:21", "3:28", "5:30", "7:10", "8:00", "10:05", "10:20", "11:30", "12:20", "12:30", "13:00",
                  "17:01", "19:30", "23:00", "23:30")
)  # fmt: skip


async def live(day: Day) -> int:
    """Live through the day; the number of notifiers that were fenced while they had something to say."""
    leading, book, send_log = await day.lead()
    fenced, before_ms = 0, 0
    while day.now < MIDNIGHT + timedelta(days=1):
        day.publish(book, before_ms, day.now_ms())
        if day.now_ms() in TAKEOVERS:
            former, former_ledger = leading, send_log
            leading, book, send_log = await day.lead()
            try:
                await former.turn()  # it has not noticed yet that it was replaced
            except LogFencedError:
                fenced += 1
            await former_ledger.close()
        await leading.turn()
        before_ms = day.now_ms()
        day.now += STEP
    await send_log.close()
    return fenced


async def test_people_get_exactly_the_messages_of_the_day(day: Day) -> None:
    fenced = await live(day)
    received = day.received()
    others = [line for line in received if " crowd " not in line]
    assert sorted(others) == sorted(EXPECTED)

    crowd = [line.split(" crowd ")[1] for line in received if " crowd " in line]
    openings = [line for line in crowd if not line.startswith("Resolved")]
    assert Counter(openings) == Counter(
        f"{'Critical' if store.endswith('7') else 'Warning'} {store}" for store in STORM
    )
    assert Counter(line for line in crowd if line.startswith("Resolved")) == Counter(
        f"Resolved {store}" for store in STORM
    )
    assert all(line.startswith("Critical") for line in openings[:20]), "what is worst goes first"
    times = [when for when, receiver, _ in day.got if receiver == "crowd"]
    assert all(b - a > timedelta(minutes=1) for a, b in zip(times, times[20:], strict=False))
    assert max(b - a for a, b in pairwise(times[:200])) <= timedelta(seconds=120), "the limit is used up"
    assert fenced > 0, "no former leader ever tried to speak: the day does not test what it should"
