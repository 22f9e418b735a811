"""Landing on the real broker and the real engine: each row once, through repeats, kills, and outages."""

from __future__ import annotations

import asyncio
import csv
import os
import random
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from scoring.alerts.alert import (
    AlertContribution,
    AlertKind,
    AlertState,
    AlertTransition,
    Level,
    WindowFigures,
)
from scoring.counting.partition import PartitionCounts
from scoring.counting.segments import Segmenter
from scoring.events.event import DeadLetter, Event, EventType, RejectReason
from scoring.funnel.scores import MinuteRow, ScoreRow, ScoreState, WindowRow
from scoring.funnel.segment_names import segment_name
from scoring.funnel.stages import STAGES
from streams import metrics
from streams.clickhouse.clients import open_writer
from streams.clickhouse.exclusion import ExclusionAction, ExclusionSpan, set_span_apart
from streams.clickhouse.reconcile import reconcile, repair
from streams.clickhouse.recount import recount
from streams.clock import now_ms
from streams.config.model import Config
from streams.jobs.reconciling import Reconciler
from streams.kafka import topics
from streams.kafka.admin import admin_of, create_topics
from streams.kafka.topics import TOPICS, TopicSpec
from streams.settings import load_settings
from tests.deadlines import within
from tests.fixtures.forking import run_python
from tests.fixtures.landing import Ground, arguments_of, event, until
from tests.places import SHARED

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
TAOBAO = SHARED / "data" / "taobao_2h" / "UserBehavior.csv"
#: a moment of 2024 on the minute, far beyond every horizon
LONG_AGO_MS = 1_717_200_000_000
DIMENSIONS = Config().segments.dimensions


async def test_every_topic_lands_as_it_was_sent_and_landing_it_again_changes_nothing(ground: Ground) -> None:
    moment, received = 1_700_000_000_123, now_ms()
    click = event(
        1,
        event_time_ms=moment,
        received_at_ms=received,
        amount="12.50",
        currency="EUR",
        attributes={"ключ": "值\n\t\"'"},
    )
    minute_ms = moment // MINUTE_MS * MINUTE_MS
    alert = AlertTransition(
        alert_id="a1", store_id="s1", step="order_to_payment", segment="", kind=AlertKind.CONVERSION, level=Level.PAGE,
        state=AlertState.PENDING, sequence=0, at_ms=moment, opened_at_ms=moment, fired_at_ms=None, resolved_at_ms=None,
        surprise=7.5, observed=1, expected=10, low=5, high=15, window_minutes=5, sample=100, lost=9, lost_low=4, lost_high=14,
        contributions=(AlertContribution("ios/paypal", 0.7),), members=("s2",),
    )  # fmt: skip
    fired = msgspec.structs.replace(
        alert, state=AlertState.FIRING, sequence=1, at_ms=moment + 5, fired_at_ms=moment + 5
    )
    ended = msgspec.structs.replace(
        alert, alert_id="a2", state=AlertState.RESOLVED, resolved_at_ms=moment, end_figures=(WindowFigures(9.0, 10.0, 6.0, 14.0, 8, 100.5),)
    )  # fmt: skip
    score = ScoreRow(
        "s1", minute_ms, "order_to_payment", "", 1, 2.5, 0, 5, 0.3, 40, ScoreState.NORMAL, 5, 3, 4, 1
    )
    await ground.send(
        topics.EVENTS, [b'{"tick_ms":1700000000000}', click, event(2, type=EventType.FAVOURITE)]
    )
    await ground.send(topics.MINUTES, [MinuteRow("s2", minute_ms, "ios/ads", (9, 3, 0, 0, 0, 0, 1), 5)])
    unjudged = msgspec.structs.replace(score, observed=9.0, state=ScoreState.NO_BASELINE)
    await ground.send(
        topics.SCORES, [score, msgspec.structs.replace(score, observed=2.0, version=2), unjudged]
    )
    await ground.send(topics.WINDOWS, [WindowRow("s1", minute_ms, 5, (5, 4, 0, 0, 0, 0, 0))])
    await ground.send(topics.WINDOWS, [WindowRow("s1", minute_ms + MINUTE_MS, 5, (1, 0, 0, 0, 0, 0, 0))])
    await ground.send(topics.ALERTS, [alert, fired, ended])
    await ground.send(
        topics.DEADLETTERS,
        [DeadLetter(received, RejectReason.BAD_MONEY, "api", "s1", "{…}", "why", "l1", "/v1/events")],
    )
    await ground.send(topics.BASELINES, [b'{"store_id":"s1","fitted":1}'], ["s1"])
    await ground.send(topics.ACTIONS, [b'{"kind":"acknowledge"}'], ["s1"])
    views = {
        "events": "SELECT event_id, type, toUnixTimestamp64Milli(event_time), toUnixTimestamp64Milli(received_at), "
        "toString(amount), currency, attributes, quantity, schema_version FROM events WHERE event_id = 'e1'",
        "stage_counts": "SELECT store_id, toUnixTimestamp(minute), segment, stage, count FROM stage_counts WHERE store_id = 's2' ORDER BY stage",
        "scores": "SELECT toUnixTimestamp(minute), step, observed, expected, state, window_minutes FROM scores",
        "store_windows": "SELECT store_id, toUnixTimestamp(minute), window_minutes, stage, count FROM store_windows WHERE stage = 'impression'",
        "alerts": "SELECT alert_id, state, level, toUnixTimestamp64Milli(opened_at), toUnixTimestamp64Milli(fired_at), resolved_at, contributions.segment, contributions.share, members, end_observed FROM alerts WHERE alert_id = 'a1'",
        "alert_transitions": "SELECT state FROM alert_transitions WHERE alert_id = 'a1' ORDER BY sequence",
        "ends": "SELECT end_observed, end_expected, end_low, end_high, end_minutes, end_sample FROM alerts WHERE alert_id = 'a2'",
        "dead_letters": "SELECT toUnixTimestamp64Milli(received_at), reason, source, store_id, payload, detail, letter_id, door FROM dead_letters",
        "baselines": "SELECT store_id, baseline FROM baselines",
        "actions": "SELECT store_id, action FROM actions",
    }
    expected = {
        "events": [("e1", "click", moment, received, "12.5", "EUR", click.attributes, 1, 1)],
        "stage_counts": [
            ("s2", minute_ms // 1000, "ios/ads", "click", 3),
            ("s2", minute_ms // 1000, "ios/ads", "impression", 9),
            ("s2", minute_ms // 1000, "ios/ads", "repurchase", 1),
        ],
        "scores": [(minute_ms // 1000, "order_to_payment", 2.0, 2.5, "normal", 5)],
        "store_windows": [("s1", minute_ms // 1000 + 60, 5, "impression", 1)],
        "alerts": [("a1", "firing", "page", moment, moment + 5, None, ["ios/paypal"], [0.7], ["s2"], None)],
        "alert_transitions": [("pending",), ("firing",)],
        "ends": [(9.0, 10.0, 6.0, 14.0, 8, 100.5)],
        "dead_letters": [(received, "bad_money", "api", "s1", "{…}", "why", "l1", "/v1/events")],
        "baselines": [("s1", '{"store_id":"s1","fitted":1}')],
        "actions": [("s1", '{"kind":"acknowledge"}')],
    }  # fmt: skip

    def all_there() -> bool:
        return (
            all(ground.rows(query) for query in views.values())
            and ground.one("SELECT count() FROM events") == 2
        )

    async with ground.landing():
        await until(all_there)
    assert {name: ground.rows(query) for name, query in views.items()} == expected
    async with ground.landing(group="again") as again:
        await until(lambda: again.detail == "15 records landed")
    assert {name: ground.rows(query) for name, query in views.items()} == expected


def history(count: int, seed: int) -> tuple[list[Event], Counter[tuple[str, int, str]]]:
    """Events of long ago with repeats of ids and orders, and what they count to."""
    dice = random.Random(seed)
    events: list[Event] = []
    counts: Counter[tuple[str, int, str]] = Counter()
    ids: set[str] = set()
    orders: set[tuple[str, str, str]] = set()
    for number in range(count):
        if events and dice.random() < 0.05:
            again = dice.choice(events)
            events.append(msgspec.structs.replace(again, received_at_ms=now_ms()))
            continue
        kind = dice.choice([*STAGES, "favourite"])
        store = f"s{dice.randrange(5)}"
        moment = LONG_AGO_MS + dice.randrange(6 * HOUR_MS)
        order = (
            f"o{dice.randrange(count // 4)}" if kind in ("order", "payment") and dice.random() < 0.9 else ""
        )
        one = event(
            number,
            store_id=store,
            type=EventType(kind),
            event_time_ms=moment,
            order_id=order,
            device_class=dice.choice(["ios", "android", ""]),
            channel=dice.choice(["ads", "mail"]),
        )
        events.append(one)
        ids.add(one.event_id)
        if order and (store, kind, order) in orders:
            continue
        orders.add((store, kind, order))
        if kind != "favourite":
            counts[store, moment // MINUTE_MS * MINUTE_MS, str(kind)] += 1
    return events, counts


async def test_minutes_older_than_the_horizon_are_recounted_as_an_independent_count_says(
    ground: Ground,
) -> None:
    events, expected = history(6000, seed=3)
    vanished = MinuteRow("s1", LONG_AGO_MS, "was/never", (5, 5, 5, 0, 0, 0, 0), 1)
    await ground.send(topics.MINUTES, [vanished])
    async with ground.landing():
        await until(lambda: ground.rows("SELECT 1 FROM stage_counts"))
        await ground.send(topics.EVENTS, events)
        await until(lambda: ground.stage_counts() == expected)
        # a row of the stream says nothing more of a recounted minute, under whatever name of a segment
        await ground.send(topics.MINUTES, [msgspec.structs.replace(vanished, segment="other")])
        await ground.send(topics.EVENTS, events)
        more = event(999_999, store_id="s1", event_time_ms=LONG_AGO_MS, device_class="ios", channel="ads")
        await ground.send(topics.EVENTS, [more])
        expected["s1", LONG_AGO_MS, "click"] += 1
        await until(lambda: ground.stage_counts() == expected)
    assert ground.one("SELECT count() FROM event_records") == len({one.event_id for one in events}) + 1
    stages = ground.one(f"SELECT countIf(type IN {tuple(map(str, STAGES))}) FROM events")
    assert stages == expected.total()
    segments = {one for (one,) in ground.rows("SELECT DISTINCT segment FROM stage_counts")}
    assert segments == {
        segment_name((device, channel)) for device in ("ios", "android", "") for channel in ("ads", "mail")
    }
    client = await open_writer(ground.settings)
    found = await reconcile(client, ground.settings, DIMENSIONS, LONG_AGO_MS, LONG_AGO_MS + 7 * HOUR_MS)
    assert (found.stored, found.from_events, found.differences) == (expected.total(), expected.total(), ())
    await client.close()


async def test_an_id_sent_twice_with_another_time_is_stored_once_and_counts_once(ground: Ground) -> None:
    moment = now_ms() // MINUTE_MS * MINUTE_MS
    before = moment - 3 * HOUR_MS
    first = event(1, event_time_ms=before, received_at_ms=before)
    other_time = msgspec.structs.replace(first, event_time_ms=moment, received_at_ms=moment)
    await ground.send(topics.EVENTS, [first, event(2, event_time_ms=before, received_at_ms=before)])
    # the stream has forgotten the first by then and counts the id again
    await ground.send(
        topics.MINUTES, [MinuteRow("s1", before // MINUTE_MS * MINUTE_MS, "-/-", (0, 2, 0, 0, 0, 0, 0), 1)]
    )
    await ground.send(topics.MINUTES, [MinuteRow("s1", moment, "-/-", (0, 1, 0, 0, 0, 0, 0), 2)])
    async with ground.landing():
        await until(lambda: ground.stage_counts().total() == 3)
        await ground.send(topics.EVENTS, [other_time])
        await until(lambda: ground.stage_counts().total() == 2)
    assert ground.rows(
        "SELECT event_id, toUnixTimestamp64Milli(event_time) FROM events ORDER BY event_id"
    ) == [
        ("e1", before),
        ("e2", before),
    ]


async def test_an_order_resent_after_the_stream_has_forgotten_it_counts_once(ground: Ground) -> None:
    moment = now_ms() // MINUTE_MS * MINUTE_MS
    earlier = moment - 30 * HOUR_MS
    reported = [
        event(number, type=EventType.ORDER, order_id="o1", event_time_ms=when, received_at_ms=when)
        for number, when in enumerate((earlier, moment))
    ]
    other = event(7, type=EventType.ORDER, order_id="o2", event_time_ms=moment, received_at_ms=moment)
    rows = [
        MinuteRow("s1", when, "-/-", (0, 0, 0, count, 0, 0, 0), 1)
        for when, count in ((earlier, 1), (moment, 2))
    ]
    await ground.send(topics.EVENTS, reported[:1])
    await ground.send(topics.MINUTES, rows)
    async with ground.landing():
        await until(lambda: ground.stage_counts().total() == 3)
    async with ground.landing():
        await ground.send(topics.EVENTS, [reported[1], other])
        await until(lambda: ground.stage_counts().total() == 2)
    assert ground.stage_counts() == {("s1", earlier, "order"): 1, ("s1", moment, "order"): 1}
    assert ground.one("SELECT count() FROM event_records") == 3
    assert ground.one("SELECT count() FROM events") == 2


async def test_an_order_reported_by_a_page_a_server_and_in_parcels_is_stored_once_with_the_servers_facts(
    ground: Ground,
) -> None:
    moment = now_ms() // MINUTE_MS * MINUTE_MS
    page = event(
        1, type=EventType.ORDER, order_id="o1", event_time_ms=moment - HOUR_MS, source="pixel", amount="99999"
    )
    claim = msgspec.structs.replace(page, event_id="n-1", type=EventType.IMPRESSION, order_id="")
    server = event(2, type=EventType.ORDER, order_id="o1", event_time_ms=moment, source="api", amount="10.00")
    again = msgspec.structs.replace(server, event_id="d-2", received_at_ms=server.received_at_ms + 5)
    payment = event(
        3, event_id="n-1", type=EventType.PAYMENT, order_id="o1", event_time_ms=moment, source="api"
    )
    parcels = [
        event(n, event_id=f"ship-{n}", type=EventType.FULFILMENT, order_id="o1", event_time_ms=moment)
        for n in range(3)
    ]
    reported = "SELECT type, count(), sum(amount), min(toUnixTimestamp64Milli(event_time)) FROM {} GROUP BY type ORDER BY type"
    facts = [
        ("fulfilment", 1, moment),
        ("impression", 1, moment - HOUR_MS),
        ("order", 1, moment),
        ("payment", 1, moment),
    ]
    async with ground.landing():
        await ground.send(topics.EVENTS, [page, claim])
        await until(lambda: ground.one("SELECT count() FROM events") == 2)
        await ground.send(topics.EVENTS, [server, again, payment, *parcels])
        await until(lambda: ground.one("SELECT count() FROM event_records") == 8)
        await until(
            lambda: [(str(row[0]), row[1], row[3]) for row in ground.rows(reported.format("events"))] == facts
        )
    # a record landed again after a crash does not lose its mark
    async with ground.landing(group="second"):
        await until(
            lambda: (
                ground.one("SELECT countIf(event_id = 'ship-2' AND is_repeat = 1) FROM event_records") == 1
            )
        )
        await until(lambda: ground.one("SELECT count() FROM events") == 4)
    assert ground.rows("SELECT event_id, amount FROM events WHERE type = 'order'") == [("e2", Decimal("10"))]
    client = await open_writer(ground.settings)
    minutes = {("s1", moment), ("s1", moment - HOUR_MS)}
    await recount(client, ground.settings, Config().segments.dimensions, minutes, "b")
    await client.close()
    stages = {"order": moment, "payment": moment, "fulfilment": moment, "impression": moment - HOUR_MS}
    assert ground.stage_counts() == {("s1", when, stage): 1 for stage, when in stages.items()}


async def test_bots_and_what_is_set_apart_are_left_out_of_the_counts_and_orders_without_a_page_are_not(
    ground: Ground,
) -> None:
    moment = now_ms() // MINUTE_MS * MINUTE_MS
    events = [
        event(1, event_time_ms=moment, device_class="bot"),
        event(2, event_time_ms=moment, device_class="ios", set_apart="burst"),
        event(3, event_time_ms=moment, device_class="ios"),
        event(4, event_time_ms=moment, type="order", order_id="4", set_apart="without_page"),
        event(5, event_time_ms=moment, type="order", order_id="5", set_apart="without_page:agent"),
        event(6, event_time_ms=moment, type="order", order_id="6"),
    ]
    await ground.send(topics.EVENTS, events)
    before = MinuteRow("s1", moment - MINUTE_MS, "bot/ads", (0, 9, 0, 0, 0, 0, 0), 1)
    async with ground.landing():
        await ground.send(topics.MINUTES, [before])
        await until(lambda: ground.one("SELECT count() FROM events") == 6)
        await until(lambda: ground.one("SELECT count() FROM set_apart_counts") == 1)
    client = await open_writer(ground.settings)
    await recount(client, ground.settings, DIMENSIONS, {("s1", moment)}, "b")
    await client.close()
    assert ground.rows("SELECT segment, stage, count FROM stage_counts ORDER BY segment") == [
        ("-/-", "order", 1),
        ("[agents]", "order", 1),
        ("[no page]", "order", 1),
        ("ios/-", "click", 1),
    ]
    # the stream counts them alike
    counts = PartitionCounts(Segmenter(DIMENSIONS, 9), HOUR_MS, HOUR_MS)
    counts.count([msgspec.json.encode(one) for one in events], range(6), now_ms())
    streamed = {
        segment: counted[3] for segment, counted in counts.of_minute(moment // MINUTE_MS)["s1"].items()
    }
    assert streamed == {"-/-": 1, "[agents]": 1, "[no page]": 1, "ios/-": 0}
    assert ground.rows("SELECT why, sum(count) FROM set_apart_counts GROUP BY why ORDER BY why") == [
        ("bots", 10),
        ("marked", 1),
    ]
    span = f"first = {moment // 1000 - 60}, last = {moment // 1000}"
    sums = "sum(counts[2]), sum(counts[4]), sum(pageless[4])"
    assert ground.rows(f"SELECT {sums} FROM count_sums({span})") == [(1, 3, 2)]
    reasons = "SELECT reason, what, is_counted, sum(count) FROM cleaned WHERE reason != 'bots' GROUP BY ALL ORDER BY reason"
    assert ground.rows(reasons) == [("burst", "click", 0, 1), ("without_page", "order", 1, 2)]


async def test_the_events_of_a_span_are_taken_out_of_the_counts_and_back_in(ground: Ground) -> None:
    moment = now_ms() // MINUTE_MS * MINUTE_MS
    events = [
        event(1, event_time_ms=moment, source="pixel", visitor="v1"),
        event(2, event_time_ms=moment, source="pixel", visitor="v2", set_apart="burst"),
        event(3, event_time_ms=moment, source="api"),
        event(4, event_time_ms=moment - MINUTE_MS, source="pixel"),
        event(5, event_time_ms=moment, source="pixel", store_id="s2"),
    ]
    await ground.send(topics.EVENTS, events)
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM events") == 5)
    client = await open_writer(ground.settings)
    await recount(client, ground.settings, DIMENSIONS, {("s1", moment), ("s1", moment - MINUTE_MS)}, "b")
    before = ground.stage_counts()
    assert before.total() == 3
    span = ExclusionSpan("s1", moment, moment + MINUTE_MS, source="pixel")
    marks = "SELECT event_id, set_apart FROM events WHERE set_apart != '' ORDER BY event_id"
    for expected in (2, 0):
        out = await set_span_apart(
            client, ground.settings, DIMENSIONS, span, ExclusionAction.EXCLUDE, "key misused"
        )
        assert (out.events, out.minutes) == (expected, 1)
        assert ground.rows(marks) == [("e1", "excluded"), ("e2", "excluded:burst")]
        assert ground.stage_counts() == {("s1", moment, "click"): 1, ("s1", moment - MINUTE_MS, "click"): 1}
        assert ground.one("SELECT sum(count) FROM set_apart_counts") == 2
    back = await set_span_apart(client, ground.settings, DIMENSIONS, span, ExclusionAction.RESTORE)
    assert back.events == 2
    assert ground.rows(marks) == [("e2", "burst")]
    assert ground.stage_counts() == before
    kept = ground.rows("SELECT action, source, reason, events FROM exclusions ORDER BY at")
    assert kept[0] == ("exclude", "pixel", "key misused", 2)
    assert [row[0] for row in kept] == ["exclude", "exclude", "restore"]
    await client.close()


async def test_a_minute_row_after_a_pages_order_was_taken_back_is_newer_though_smaller(
    ground: Ground,
) -> None:
    moment = now_ms() // MINUTE_MS * MINUTE_MS
    rows = [
        MinuteRow("s1", moment, "-/-", (0, 0, 0, count, 0, 0, 0), 1, taken_back)
        for count, taken_back in ((2, 0), (1, 1), (1, 0))
    ]
    async with ground.landing():
        for row in rows:
            await ground.send(topics.MINUTES, [row])
        await until(lambda: ground.stage_counts().total() == 1)


async def test_a_minute_row_is_never_replaced_by_a_smaller_one(ground: Ground) -> None:
    large = MinuteRow("s1", LONG_AGO_MS, "x", (9, 5, 0, 0, 0, 0, 0), 100)
    async with ground.landing():
        await ground.send(topics.MINUTES, [large])
        await until(lambda: ground.stage_counts().total() == 14)
        after = MinuteRow("s2", LONG_AGO_MS, "x", (1, 0, 0, 0, 0, 0, 0), 201)
        await ground.send(
            topics.MINUTES, [msgspec.structs.replace(large, counts=(2, 1, 0, 0, 0, 0, 0), as_of=200), after]
        )
        await until(lambda: ground.stage_counts()["s2", LONG_AGO_MS, "impression"] == 1)
    assert ground.stage_counts()["s1", LONG_AGO_MS, "impression"] == 9


async def test_killed_between_insert_and_commit_each_row_still_lands_once(ground: Ground) -> None:
    events, expected = history(3000, seed=5)
    await ground.send(topics.EVENTS, events)
    arguments = {**ground.arguments, "group_prefix": f"{ground.prefix}g"}
    module = ("-m", "tests.streams.landing.landing_process")
    asked = (*module, msgspec.json.encode(arguments).decode(), ground.prefix, "dies-before-commit")
    died = await asyncio.to_thread(run_python, *asked, env=dict(os.environ), quiet_s=60)
    assert died.returncode == -9
    assert ground.one("SELECT count() FROM events") > 0
    async with ground.landing():
        await until(lambda: ground.stage_counts() == expected)
    assert ground.one("SELECT count() FROM event_records") == len({one.event_id for one in events})


async def test_an_event_that_came_again_is_noted_once_with_its_door(ground: Ground) -> None:
    received = now_ms()
    first = [event(number, received_at_ms=received, source="webhook") for number in range(20)]
    again = [msgspec.structs.replace(one, received_at_ms=received + 30_000) for one in first[:7]]
    await ground.send(topics.EVENTS, [*first, *again])
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM repeats") == 7)
    assert ground.one("SELECT count() FROM events") == 20
    await ground.send(topics.EVENTS, [event(99)])
    async with ground.landing("other"):  # everything again: the same records are not repeats
        await until(lambda: ground.one("SELECT count() FROM events") == 21)
    found = ground.client.query(
        "SELECT store_id, source, count(), uniqExact(event_id) FROM repeats GROUP BY store_id, source"
    )
    assert found.result_rows == [("s1", "webhook", 7, 7)]


async def test_an_events_topic_recreated_while_it_is_landed_was_landed_from_the_old_position(
    ground: Ground,
) -> None:
    topic = ground.prefix + topics.EVENTS
    async with ground.landing():
        await ground.send(topics.EVENTS, [event(number) for number in range(300)])
        await until(lambda: ground.one("SELECT count() FROM events") == 300)
        await _recreate(ground.settings.kafka, topic)
        # more than there was, so that the old position exists in the new topic
        await ground.send(topics.EVENTS, [event(number) for number in range(200, 1500)])
        await until(lambda: ground.one("SELECT count() FROM events") == 1500)
        # no monitor ran: what was received before the topic went is counted from the table
        await until(lambda: ground.stage_counts().total() >= 300)


async def test_an_events_topic_recreated_while_nobody_landed_is_landed_from_its_beginning(
    ground: Ground,
) -> None:
    async with ground.landing():
        await ground.send(topics.EVENTS, [event(number) for number in range(300)])
        await until(lambda: ground.one("SELECT count() FROM events") == 300)
    await _recreate(ground.settings.kafka, ground.prefix + topics.EVENTS)
    await ground.send(topics.EVENTS, [event(number) for number in range(300, 1500)])
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM events") == 1500)


async def test_a_position_that_kafka_no_longer_has_is_left_for_the_first_record_that_it_has(
    ground: Ground,
) -> None:
    """Retention, or a broker restored from an older copy: before the beginning of one partition, behind the end of the other."""
    async with ground.landing():
        await ground.send(topics.EVENTS, [event(number) for number in range(300)])
        await until(lambda: ground.one("SELECT count() FROM events") == 300)
    await ground.send(topics.EVENTS, [event(number) for number in range(300, 600)])
    topic = ground.prefix + topics.EVENTS
    consumer = AIOKafkaConsumer(bootstrap_servers=ground.settings.kafka)
    await consumer.start()
    parts = [TopicPartition(topic, number) for number in (0, 1)]
    ends = await consumer.end_offsets(parts)
    await consumer.stop()
    gone = max(parts, key=lambda part: ends[part])
    async with admin_of(ground.settings.kafka) as admin:
        (group,) = [name for name, *_ in await admin.list_consumer_groups() if ground.prefix in name]
        await admin.delete_records({gone: RecordsToDelete(ends[gone])})
    other = next(part for part in parts if part != gone)
    committing = AIOKafkaConsumer(
        bootstrap_servers=ground.settings.kafka, group_id=group, enable_auto_commit=False
    )
    await committing.start()
    committing.assign(parts)
    await committing.commit({other: ends[other] + 1_000_000})
    await committing.stop()
    await ground.send(topics.EVENTS, [event(number) for number in range(600, 900)])
    async with ground.landing():
        await until(
            lambda: (
                ground.one("SELECT count() FROM events WHERE toUInt32OrZero(substring(event_id, 2)) >= 600")
                == 300
            )
        )


async def _recreate(kafka: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([topic])
    async with asyncio.timeout(within(30)):
        while topic in await admin.list_topics():
            await asyncio.sleep(0.05)
    await admin.close()
    await create_topics(kafka, partitions=2, topics=[TopicSpec(topic, True)])


async def test_while_clickhouse_is_unreachable_nothing_is_lost(
    launch_store: Any, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    store = launch_store()
    arguments = arguments_of(store, "funnelwatch", kafka, tmp_path)
    specs = [TopicSpec(topic_prefix + spec.name, spec.per_partition, spec.configs) for spec in TOPICS]
    await create_topics(kafka, partitions=2, topics=specs)
    ground = Ground(load_settings(**arguments), topic_prefix, arguments, store.client())
    async with ground.landing() as landing:
        await ground.send(topics.EVENTS, [event(number) for number in range(100)])
        await until(lambda: landing.detail == "100 records landed")  # and recounted
        store.process.kill()
        store.process.wait()
        await ground.send(topics.EVENTS, [event(number) for number in range(50, 300)])
        await until(lambda: landing.in_trouble and landing.waits_s > 0)
        lag = metrics.LANDING_LAG.labels(topic_prefix + topics.EVENTS)._value
        await until(lambda: lag.get() == 250)
        back = launch_store("--port", str(store.port), data=store.data)
        ground.client = back.client()
        await until(lambda: ground.one("SELECT count() FROM events") == 300)
        await until(lambda: not landing.in_trouble and landing.waits_s == 0)
        await until(lambda: lag.get() == 0)


async def test_counts_loaded_without_events_were_taken_for_a_difference(ground: Ground) -> None:
    present = now_ms() // MINUTE_MS * MINUTE_MS
    events = [
        event(number, event_time_ms=present - 30 * MINUTE_MS, received_at_ms=present - 30 * MINUTE_MS)
        for number in range(50)
    ]
    await ground.send(topics.EVENTS, events)
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM events") == 50)
    loaded = present - HOUR_MS  # before the first event was received: a history that was given
    lost = present - 10 * MINUTE_MS  # after it: its events should be there
    ground.client.command(
        "INSERT INTO minutes_raw (store_id, minute, segment, counts, version) VALUES "
        f"('{events[0].store_id}', {loaded // 1000}, 'x', [7, 7, 7, 7, 7, 7, 7], 9), "
        f"('{events[0].store_id}', {lost // 1000}, 'x', [0, 3, 0, 0, 0, 0, 0], 3)"
    )
    client = await open_writer(ground.settings)
    found = await reconcile(client, ground.settings, DIMENSIONS, loaded, present - 5 * MINUTE_MS)
    await client.close()
    apart = [(one.minute_ms, one.stored, one.from_events) for one in found.differences if not one.from_events]
    assert apart == [(lost, 3, 0)]


async def test_the_job_publishes_the_difference_and_repairs_what_lasts(ground: Ground) -> None:
    present = now_ms() // MINUTE_MS * MINUTE_MS
    events = [
        event(number, event_time_ms=present - 30 * MINUTE_MS, received_at_ms=present - 30 * MINUTE_MS)
        for number in range(50)
    ]
    await ground.send(topics.EVENTS, events)
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM events") == 50)
    job = Reconciler(ground.settings, Config(), second_look_s=0.0)
    assert await job.once() > 0, "no monitor ran: every minute differs"
    assert metrics.RECONCILE_DIFFERENCE._value.get() == 50
    assert await job.once() == 0
    assert metrics.RECONCILE_DIFFERENCE._value.get() == 0
    assert sum(ground.stage_counts().values()) == 50


async def test_reconcile_finds_and_repairs_a_wrong_minute(ground: Ground) -> None:
    events, expected = history(500, seed=8)
    await ground.send(topics.EVENTS, events)
    async with ground.landing():
        await until(lambda: ground.stage_counts() == expected)
    (store, minute_ms, stage), count = next(iter(expected.items()))
    ground.client.command(
        "INSERT INTO minutes_raw (store_id, minute, segment, counts, version) "
        f"VALUES ('{store}', {minute_ms // 1000}, 'x', [7, 7, 7, 7, 7, 7, 7], 9)"
    )
    client = await open_writer(ground.settings)
    span = (LONG_AGO_MS, LONG_AGO_MS + 7 * HOUR_MS)
    found = await reconcile(client, ground.settings, DIMENSIONS, *span)
    assert {(one.store_id, one.minute_ms) for one in found.differences} == {(store, minute_ms)}
    (wrong,) = [one for one in found.differences if one.stage == stage]
    assert (wrong.stored, wrong.from_events) == (count + 7, count)
    assert await repair(client, ground.settings, DIMENSIONS, found, "test") == 1
    assert (await reconcile(client, ground.settings, DIMENSIONS, *span)).differences == ()
    assert ground.stage_counts() == expected
    await client.close()


@pytest.mark.long
@pytest.mark.skipif(not TAOBAO.exists(), reason="needs ../shared/data/taobao_2h")
async def test_the_taobao_file_counts_as_an_independent_count_says(ground: Ground) -> None:
    kinds = {"pv": "click", "cart": "add_to_cart", "buy": "order", "fav": "favourite"}
    with TAOBAO.open(newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 5 and len(row[4]) == 10 and row[3] in kinds]
    events = [
        event(
            number,
            store_id="taobao",
            type=EventType(kinds[row[3]]),
            event_time_ms=int(row[4]) * 1000,
            visitor=row[0],
            product=row[1],
        )
        for number, row in enumerate(rows)
    ]
    expected = Counter(
        ("taobao", int(row[4]) // 60 * MINUTE_MS, kinds[row[3]]) for row in rows if row[3] != "fav"
    )
    await ground.send(topics.EVENTS, events)
    started = time.monotonic()
    async with ground.landing():
        await until(lambda: ground.stage_counts() == expected)
        print(f"{len(rows)} events landed and recounted in {time.monotonic() - started:.1f} s")
    assert ground.one("SELECT count() FROM events") == len(rows) == 96_168
