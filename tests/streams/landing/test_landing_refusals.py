"""What landing sets aside: events and counts agree afterwards, whoever wrote the record and whatever the stream made of it."""

from __future__ import annotations

from collections import Counter

import msgspec

from scoring.events.event import Event, EventType
from scoring.funnel.scores import MinuteRow
from streams.clock import now_ms
from streams.kafka import topics
from tests.fixtures.landing import Ground, event, until

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
YEAR_2100_MS = 4_102_444_800_000


def altered(one: Event, before: bytes, after: bytes) -> bytes:
    """The record of an event, changed as a careless sender might have it."""
    raw = msgspec.json.encode(one)
    assert before in raw
    return raw.replace(before, after)


def counted(one: Event, clicks: int = 1) -> MinuteRow:
    """The minute row of a stream that has counted an event, or so many of them."""
    minute_ms = one.event_time_ms // MINUTE_MS * MINUTE_MS
    return MinuteRow(one.store_id, minute_ms, "-/-", (0, clicks, 0, 0, 0, 0, 0), 1)


async def test_a_bad_row_is_set_aside_and_the_rest_of_its_block_lands(ground: Ground) -> None:
    good = [msgspec.json.encode(event(number)) for number in range(700)]
    bad = altered(event(9001), b'"event_id"', b'"quantity":"many","event_id"')
    broken = b'{"event_id":"e9002","store_id":'
    several = msgspec.json.encode(event(9003)) + b"," + msgspec.json.encode(event(9004))
    values = [*good[:300], bad, *good[300:400], broken, several, *good[400:]]
    await ground.send(topics.EVENTS, values, ["s1"] * len(values))
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM dead_letters") == 3)
        await until(lambda: ground.one("SELECT count() FROM events") == 700)
    letters = ground.rows("SELECT payload, reason, source FROM dead_letters")
    assert {payload: (reason, source) for payload, reason, source in letters} == {
        bad.decode(): ("wrong_type", "landing"),
        broken.decode(): ("broken_json", "landing"),
        several.decode(): ("broken_json", "landing"),
    }


async def test_what_landing_alone_rejects_stayed_in_the_stream_s_counts(ground: Ground) -> None:
    begin = now_ms() // MINUTE_MS * MINUTE_MS - HOUR_MS
    events = [event(number, event_time_ms=begin + number * MINUTE_MS, product="p") for number in range(9)]
    bad = {
        altered(events[0], b'"product":"p"', b'"product":7'): "wrong_type",
        altered(events[1], b'"product":"p"', b'"product":null'): "wrong_type",
        altered(events[2], b'"product":"p"', b'"quantity":%d' % 10**30): "wrong_type",
        altered(events[3], b'"product":"p"', b'"source":["api"]'): "wrong_type",
        altered(events[4], b'"product":"p"', b'"attributes":{"a":1}'): "wrong_type",
        altered(events[5], b'"product":"p"', b'"product":"caf\xe9"'): "not_utf8",
        altered(events[6], b'"product":"p"', b'"product":"p","product":"q"'): "bad_row",
        altered(events[7], b'"event_id":"e7"', b'"event_id":""'): "missing_field",
        msgspec.json.encode(event(9, store_id="s" * 5_000)): "too_large",
    }
    await ground.send(topics.MINUTES, [counted(one) for one in events])
    async with ground.landing():
        await until(lambda: ground.stage_counts().total() == 9)
        await ground.send(topics.EVENTS, [*bad, events[8]], ["s1"] * 10)
        await until(lambda: ground.stage_counts() == {("s1", events[8].event_time_ms, "click"): 1})
        await until(lambda: ground.one("SELECT count() FROM dead_letters") == len(bad))
    assert ground.rows("SELECT event_id FROM events") == [("e8",)]
    found = ground.rows("SELECT reason, count() FROM dead_letters GROUP BY reason")
    reasons = ["wrong_type"] * 5 + ["not_utf8", "bad_row", "missing_field", "too_large"]
    assert dict(found) == Counter(reasons)


async def test_a_record_nested_too_deeply_ended_landing_again_and_again(ground: Ground) -> None:
    deep = b'{"event_id":"e1","attributes":' + b"[" * 100_000
    await ground.send(topics.EVENTS, [deep, b'{"tick_ms":' + deep, event(2)], ["s1"] * 3)
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM events") == 1)
        await until(lambda: ground.rows("SELECT reason FROM dead_letters") == [("broken_json",)])


async def test_impossible_times_were_in_events_and_in_no_count(ground: Ground) -> None:
    first = event(1)
    wrong = [
        event(2, event_time_ms=YEAR_2100_MS, received_at_ms=YEAR_2100_MS),
        event(3, received_at_ms=now_ms() + 3 * HOUR_MS),
        event(4, event_time_ms=now_ms() + 2 * HOUR_MS, received_at_ms=now_ms()),
        event(5, event_time_ms=0, received_at_ms=now_ms()),
        event(6, event_time_ms=-1, received_at_ms=-1),
        event(7, event_time_ms=-(2**63), received_at_ms=now_ms()),
    ]
    await ground.send(topics.EVENTS, [first, *wrong])
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM dead_letters") == len(wrong))
        await until(lambda: ground.one("SELECT count() FROM events") == 1)
    found = ground.rows("SELECT reason, count() FROM dead_letters GROUP BY reason")
    assert dict(found) == {"time_in_future": 3, "time_absurd": 3}


async def test_one_record_of_the_future_made_every_later_event_look_late(ground: Ground) -> None:
    ahead = event(1, event_time_ms=YEAR_2100_MS, received_at_ms=YEAR_2100_MS)
    await ground.send(topics.EVENTS, [ahead, b'{"tick_ms":%d}' % YEAR_2100_MS], ["s1", "s1"])
    async with ground.landing():
        await until(lambda: ground.one("SELECT count() FROM dead_letters") == 1)
        await ground.send(topics.EVENTS, [event(number) for number in range(2, 12)])
        await until(lambda: ground.one("SELECT count() FROM events") == 10)
    assert ground.rows("SELECT DISTINCT toYear(minute) FROM recounts_raw") == [(2100,)]


async def test_a_store_written_to_two_partitions_kept_the_larger_of_two_counts(ground: Ground) -> None:
    moment = now_ms() // MINUTE_MS * MINUTE_MS
    events = [event(number, event_time_ms=moment) for number in range(8)]
    await ground.send(topics.MINUTES, [counted(events[0], clicks=5), counted(events[0], clicks=3)])
    async with ground.landing():
        await until(lambda: ground.stage_counts().total() == 5)
        await ground.send(topics.EVENTS, events[:5], partition=0)
        await ground.send(topics.EVENTS, events[5:], partition=1)
        await until(lambda: ground.stage_counts().total() == 8)


async def test_an_order_that_overtook_an_earlier_one_in_the_log_counted_in_its_own_minute(
    ground: Ground,
) -> None:
    moment = now_ms() // MINUTE_MS * MINUTE_MS - 5 * MINUTE_MS
    late, early = (
        event(number, type=EventType.ORDER, order_id="o1", event_time_ms=when, received_at_ms=when)
        for number, when in ((2, moment + MINUTE_MS), (1, moment))
    )
    stream = MinuteRow("s1", late.event_time_ms, "-/-", (0, 0, 0, 1, 0, 0, 0), 1)
    await ground.send(topics.MINUTES, [stream])
    async with ground.landing():
        await ground.send(topics.EVENTS, [late])
        await until(lambda: ground.stage_counts() == {("s1", late.event_time_ms, "order"): 1})
        await ground.send(topics.EVENTS, [early])
        await until(lambda: ground.stage_counts() == {("s1", early.event_time_ms, "order"): 1})
