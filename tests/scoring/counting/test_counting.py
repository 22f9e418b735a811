"""Counts of one partition: each accepted event once, in its own minute and segment, however the log is cut."""

from __future__ import annotations

import itertools
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.counting.partition import (
    IS_LATE,
    MINUTE,
    OWNER,
    SLACK_MINUTES,
    TAKEN_BACK,
    PartitionCounts,
    totals,
)
from scoring.counting.records import ClockTick, Tally, encode_tick
from scoring.counting.segments import Segmenter
from scoring.events.event import Event, EventType, RejectReason
from scoring.funnel.segment_names import BOTS, MARKED, OTHER
from scoring.funnel.units import MINUTE_MS

HOUR_MS = 3_600_000
NOW = 1_790_000_000_000
HORIZON_MS = 26 * HOUR_MS
DUPLICATES_MS = 30 * 60_000


def make_counts(most: int = 32, duplicates_ms: int = DUPLICATES_MS) -> PartitionCounts:
    return PartitionCounts(Segmenter(("device_class", "channel"), most), HORIZON_MS, duplicates_ms)


def record(
    event_id: str = "e1",
    kind: str = "click",
    at: int = NOW,
    received: int | None = None,
    store: str = "s1",
    order_id: str = "",
    device: str = "ios",
    channel: str = "ads",
    source: str = "",
) -> bytes:
    return msgspec.json.encode(
        Event(
            event_id,
            store,
            EventType(kind),
            at,
            at if received is None else received,
            order_id=order_id,
            device_class=device,
            channel=channel,
            source=source,
        )
    )


def count(counts: PartitionCounts, *values: bytes | None, first: int = 0, present: int = NOW) -> Tally:
    return counts.count(values, range(first, first + len(values)), present)


def seen(counts: PartitionCounts) -> dict[tuple[int, str, str], list[int]]:
    return {key: counts.get(*key) or [] for key in counts}


def take_over(before: PartitionCounts, after: PartitionCounts) -> None:
    """What a flush writes, restored from the changelog."""
    for row in before.take_dirty():
        after.restore(row[MINUTE], *row[OWNER], [*row[:7], row[TAKEN_BACK], int(row[IS_LATE])])
    for bucket, keys in before.orders.take_grown().items():
        after.orders.restore(bucket, keys)
    for store, contest in before.segmenter.take_changed().items():
        after.segmenter.restore(store, contest)
    after.restored(before.clock_ms)


def test_an_event_is_counted_in_its_minute_segment_and_stage() -> None:
    counts = make_counts()
    tally = count(counts, record(kind="add_to_cart", at=NOW + 5, received=NOW + 900))
    assert tally.counted == 1
    assert seen(counts) == {((NOW + 5) // MINUTE_MS, "s1", "ios/ads"): [0, 0, 1, 0, 0, 0, 0]}


@pytest.mark.parametrize(
    ("dimensions", "segments"),
    [
        ((), {"": 3}),
        (("channel",), {"ads": 2, "-": 1}),
        (("channel", "device_class"), {"ads/ios": 1, "ads/android": 1, "-/ios": 1}),
        (("country", "channel", "device_class"), {"DE/ads/ios": 1, "DE/ads/android": 1, "DE/-/ios": 1}),
        (
            ("platform", "country", "channel", "device_class"),
            {"-/DE/ads/ios": 1, "-/DE/ads/android": 1, "-/DE/-/ios": 1},
        ),
    ],
)
def test_any_number_of_dimensions_splits_a_store(
    dimensions: tuple[str, ...], segments: dict[str, int]
) -> None:
    counts = PartitionCounts(Segmenter(dimensions, 32), HORIZON_MS, DUPLICATES_MS)
    events = [
        Event(
            str(number), "s1", EventType.CLICK, NOW, NOW, country="DE", device_class=device, channel=channel
        )
        for number, (device, channel) in enumerate([("ios", "ads"), ("android", "ads"), ("ios", "")])
    ]
    assert count(counts, *map(msgspec.json.encode, events)).counted == 3
    assert {key[2]: row[1] for key, row in seen(counts).items()} == segments


def test_a_field_named_as_the_decoder_names_a_dimension_is_none() -> None:
    counts = PartitionCounts(Segmenter(("channel",), 32), HORIZON_MS, DUPLICATES_MS)
    value = record(channel="ads")[:-1] + b',"first":"x","rest":"y"}'
    assert count(counts, value).counted == 1
    assert [key[2] for key in counts] == ["ads"]


def test_a_missing_dimension_is_a_dash() -> None:
    counts = make_counts()
    count(counts, record(device="", channel=""))
    assert [key[2] for key in counts] == ["-/-"]


def test_the_same_event_id_counts_once_within_a_store_and_apart_between_stores() -> None:
    counts = make_counts()
    tally = count(counts, record("e1"), record("e1"), record("e1", store="s2"))
    assert (tally.counted, tally.duplicates) == (2, 1)


@pytest.mark.parametrize("kind", ["order", "payment"])
def test_an_order_resent_under_another_event_id_counts_once(kind: str) -> None:
    counts = make_counts()
    again = NOW + 3 * HOUR_MS
    tally = count(
        counts,
        record("e1", kind, order_id="o1"),
        record("e2", kind, at=NOW, received=again, order_id="o1"),
        record("e3", kind, order_id="o2"),
        present=again,
    )
    assert (tally.counted, tally.duplicates) == (2, 1)


def test_order_and_payment_of_one_order_are_two_things() -> None:
    counts = make_counts()
    assert (
        count(counts, record("a", "order", order_id="o1"), record("b", "payment", order_id="o1")).counted == 2
    )


def test_an_event_id_is_known_for_one_horizon_and_forgotten_after_two_since_it_last_came() -> None:
    counts = make_counts(duplicates_ms=60_000)
    start = NOW // 60_000 * 60_000
    just_within = start + 60_000 + 59_999
    after_two = start + 3 * 60_000
    first = count(counts, record("e1", at=start), present=start)
    within = count(counts, record("e1", at=just_within), present=just_within, first=1)
    later = count(counts, record("e2", at=after_two), record("e1", at=after_two), present=after_two, first=2)
    assert (first.counted, within.duplicates, later.counted) == (1, 1, 2)


def test_an_event_older_than_the_horizon_at_its_acceptance_is_left_to_the_raw_table() -> None:
    counts = make_counts()
    tally = count(
        counts,
        record("a", at=NOW - HORIZON_MS - 1, received=NOW),
        record("b", at=NOW - HORIZON_MS, received=NOW),
    )
    assert (tally.too_old, tally.counted) == (1, 1)


def test_types_that_are_not_a_stage_are_not_counted() -> None:
    counts = make_counts()
    assert count(counts, record(kind="favourite")).without_stage == 1
    assert counts.rows == 0


def test_a_tick_advances_the_clock_and_nothing_else() -> None:
    counts = make_counts()
    tally = count(counts, encode_tick(ClockTick(NOW + 7)), present=NOW + 7)
    assert (tally.ticks, counts.clock_ms, counts.rows) == (1, NOW + 7, 0)


def test_the_clock_never_goes_back() -> None:
    counts = make_counts()
    count(counts, record("a", at=NOW), record("b", at=NOW - 90_000), encode_tick(ClockTick(NOW - 5)))
    assert counts.clock_ms == NOW


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, RejectReason.EMPTY),
        (b"", RejectReason.EMPTY),
        (b"  ", RejectReason.EMPTY),
        (b"{oh", RejectReason.BROKEN_JSON),
        (b"[1]", RejectReason.NOT_AN_OBJECT),
        (b"7", RejectReason.NOT_AN_OBJECT),
        (b'{"event_id":"\xff"}', RejectReason.NOT_UTF8),
        (b'{"event_id":"a"}', RejectReason.MISSING_FIELD),
        (record().replace(b'"click"', b'"dance"'), RejectReason.UNKNOWN_TYPE),
        (record().replace(b'"e1"', b"17"), RejectReason.WRONG_TYPE),
        (b'{"tick_ms":"soon"}', RejectReason.BROKEN_JSON),
        (b'{"a":' * 100_000, RejectReason.BROKEN_JSON),
        (b'{"tick_ms":' * 100_000, RejectReason.BROKEN_JSON),
        (record(at=NOW + 2 * HOUR_MS, received=NOW), RejectReason.TIME_IN_FUTURE),
        (record(at=NOW + 2 * HOUR_MS), RejectReason.TIME_IN_FUTURE),
    ],
)
def test_a_bad_record_is_rejected_with_its_reason_and_stops_nothing(
    value: bytes | None, reason: RejectReason
) -> None:
    counts = make_counts()
    tally = count(counts, record("a"), value, record("b"))
    assert tally.counted == 2
    assert [(rejected.index, rejected.reason) for rejected in tally.rejected] == [(1, reason)]


def test_the_time_of_a_record_nested_too_deeply_ended_the_monitor_again_and_again() -> None:
    assert make_counts().time_of(b'{"a":' * 100_000) == 0


def test_an_order_id_of_megabytes_counts_once_and_makes_no_record_that_a_broker_rejects() -> None:
    counts = make_counts()
    huge = "9" * 2_000_000
    tally = count(counts, record("a", "order", order_id=huge), record("b", "order", order_id=huge))
    assert (tally.counted, tally.duplicates) == (1, 1)
    kept = counts.orders.take_grown()
    assert len(msgspec.json.encode(kept)) < 1_000
    restarted = make_counts()
    restarted.orders.restore(*kept.popitem())
    assert count(restarted, record("c", "order", order_id=huge)).duplicates == 1


def test_a_page_that_reported_an_order_first_made_the_servers_a_repeat() -> None:
    counts = make_counts()
    page = record("pixel:x", "order", NOW - 20 * HOUR_MS, NOW, order_id="1001", source="pixel")
    server = record("d-1", "order", NOW, order_id="1001", device="", channel="", source="api")
    tally = count(counts, page, server, record("d-2", "order", NOW, order_id="1001", source="webhook"))
    assert (tally.counted, tally.taken_back, tally.duplicates) == (2, 1, 1)
    kept = {key[0] * MINUTE_MS // HOUR_MS: row[3] for key, row in seen(counts).items()}
    assert kept == {(NOW - 20 * HOUR_MS) // HOUR_MS: 0, NOW // HOUR_MS: 1}


def test_a_page_that_reports_an_order_after_its_server_or_without_one_counts_it_once() -> None:
    counts = make_counts()
    server = record("d-1", "order", order_id="1", source="api")
    pages = [record(f"pixel:{n}", "order", order_id=order, source="pixel") for n, order in enumerate("1221")]
    tally = count(counts, server, *pages)
    assert (tally.counted, tally.taken_back, tally.duplicates) == (2, 0, 3)


def test_a_pages_id_does_not_claim_a_servers_though_an_older_release_wrote_it_as_it_was_given() -> None:
    counts = make_counts()
    tally = count(
        counts,
        record("n-1", "impression", source="pixel"),
        record("n-1", "payment", order_id="7", source="api"),
        record("pixel:n-1", "impression", source="pixel"),
    )
    assert (tally.counted, tally.duplicates) == (2, 1)


def test_a_pages_order_is_taken_back_after_a_restart_as_well() -> None:
    before, after = make_counts(), make_counts()
    page = record("pixel:x", "order", order_id="9" * 300, source="pixel")
    server = record("d-1", "order", NOW + MINUTE_MS, order_id="9" * 300, source="api")
    count(before, page)
    take_over(before, after)
    assert count(after, server, first=1, present=PRESENT).taken_back == 1
    assert [row[:7] for row in after.take_dirty()] == [[0] * 7, [0, 0, 0, 1, 0, 0, 0]]
    (bucket, keys), again = after.orders.take_grown().popitem(), make_counts()
    again.orders.restore(bucket, keys)
    assert count(again, page, server, first=2, present=PRESENT).duplicates == 2


@pytest.mark.parametrize(
    "dimensions", [("device_class", "channel"), ("channel",), (), ("channel", "device_class", "country")]
)
def test_bots_were_judged_like_people(dimensions: tuple[str, ...]) -> None:
    counts = PartitionCounts(Segmenter(dimensions, 1), HORIZON_MS, DUPLICATES_MS)
    page = record("o", "order", device="bot", order_id="7", source="pixel")
    people = [record("p1"), record("p2", channel="mail"), record("d", "order", order_id="7")]
    tally = count(counts, record("b1", device="bot"), record("b2", device="bot", channel="x"), page, *people)
    assert (tally.counted, tally.taken_back) == (6, 1)
    assert counts.get(NOW // MINUTE_MS, "s1", BOTS) == [0, 2, 0, 0, 0, 0, 0]
    for judged in (counts.of_minute(NOW // MINUTE_MS)["s1"], counts.of_store(NOW // MINUTE_MS, "s1")):
        assert BOTS not in judged
        assert [sum(column) for column in zip(*judged.values(), strict=True)] == [0, 2, 0, 1, 0, 0, 0]


def test_what_is_marked_as_set_apart_takes_no_name_and_is_not_judged() -> None:
    counts = make_counts(most=1)
    marked = [
        msgspec.json.encode({**msgspec.json.decode(record(f"m{n}", channel=f"c{n}")), "set_apart": "burst"})
        for n in range(3)
    ]
    count(counts, *marked, record("a"))
    assert {key[2]: row[1] for key, row in seen(counts).items()} == {MARKED: 3, "ios/ads": 1}
    assert counts.of_minute(NOW // MINUTE_MS) == {"s1": {"ios/ads": [0, 1, 0, 0, 0, 0, 0]}}


def test_eighty_channels_of_one_beacon_took_the_names_for_a_day() -> None:
    counts = make_counts(most=4)
    log = [
        record(f"f{n}", channel=f"made-up-{n}", at=NOW - n % 24 * HOUR_MS, received=NOW) for n in range(80)
    ]
    for minute in range(1, 12):
        at = NOW + minute * MINUTE_MS
        log += [record(f"r{minute}{name}", channel=name, at=at) for name in ("ads", "mail", "search")]
    halves, whole = (make_counts(most=4), make_counts(most=4)), make_counts(most=4)
    for counts, part in ((whole, log), (halves[0], log[:97])):
        count(counts, *part, present=NOW + HOUR_MS)
    take_over(*halves)
    count(halves[1], *log[97:], first=97, present=NOW + HOUR_MS)
    last = halves[1].of_minute(NOW // MINUTE_MS + 11)["s1"]
    assert sorted(last) == ["ios/ads", "ios/mail", "ios/search"]
    assert seen(halves[1]) == seen(whole)


def test_a_name_with_lasting_traffic_does_not_give_way_to_made_up_ones() -> None:
    counts = make_counts(most=1)
    for minute in range(30):
        at = NOW + minute * MINUTE_MS
        fakes = [record(f"{minute}f{n}", channel=f"x{n}", at=at) for n in range(3)]
        count(counts, record(f"{minute}r", at=at), *fakes, first=9 * minute, present=at)
    assert sorted(counts.of_minute(NOW // MINUTE_MS + 29)["s1"]) == ["ios/ads", OTHER]


def test_names_that_may_wait_are_limited() -> None:
    counts = make_counts(most=1)
    count(counts, *(record(f"f{n}", channel=f"x{n}") for n in range(500)))
    (contest,) = counts.segmenter.take_changed().values()
    assert len(contest.waiting) == 4


def test_three_parcels_of_an_order_were_three_fulfilments() -> None:
    counts = make_counts()
    tally = count(counts, *(record(f"ship-{n}", "fulfilment", order_id="SH-1") for n in range(3)))
    assert (tally.counted, tally.duplicates) == (1, 2)


def test_a_record_from_the_future_does_not_turn_time_forward() -> None:
    counts = make_counts()
    far = NOW + 400 * 24 * HOUR_MS
    count(counts, record("a"), record("b", at=far), encode_tick(ClockTick(far)), record("c"))
    assert counts.clock_ms == NOW
    assert sum(map(sum, seen(counts).values())) == 2


def test_segments_beyond_the_limit_are_other_and_a_restart_decides_alike() -> None:
    counts = make_counts(most=2)
    count(counts, *(record(f"e{n}", channel=f"c{n}") for n in range(4)))
    assert sorted(key[2] for key in counts) == ["ios/c0", "ios/c1", OTHER]
    again = make_counts(most=2)
    for key, row in sorted(seen(counts).items()):
        again.restore(*key, row)
    again.restored(counts.clock_ms)
    count(counts, record("n", channel="c9"), record("m", channel="c1"), first=9)
    count(again, record("n", channel="c9"), record("m", channel="c1"), first=9)
    assert seen(again) == seen(counts)


def test_old_minutes_leave_are_named_once_and_free_their_segments() -> None:
    counts = make_counts(most=1)
    count(counts, record("a", channel="old"))
    counts.take_dirty()
    later = NOW + HORIZON_MS + (SLACK_MINUTES + 2) * MINUTE_MS
    count(counts, encode_tick(ClockTick(later)), present=later, first=1)
    assert counts.take_expired(100) == [(NOW // MINUTE_MS, "s1", "ios/old")]
    assert counts.take_expired(100) == []
    assert counts.rows == 0
    count(counts, record("b", at=later, channel="new"), present=later, first=2)
    assert [key[2] for key in counts] == ["ios/new"]


def test_an_event_for_a_minute_that_has_left_is_not_counted_as_if_it_were_the_first() -> None:
    counts = make_counts()
    later = NOW + HORIZON_MS + (SLACK_MINUTES + 2) * MINUTE_MS
    count(counts, encode_tick(ClockTick(later)), present=later)
    counts.take_expired(100)
    tally = count(counts, record("a", at=NOW, received=NOW), present=later, first=1)
    assert (tally.too_old, counts.rows) == (1, 0)


def test_dirty_rows_are_taken_once() -> None:
    counts = make_counts()
    count(counts, record("a"), record("b"))
    assert [row[:7] for row in counts.take_dirty()] == [[0, 2, 0, 0, 0, 0, 0]]
    assert counts.take_dirty() == []
    count(counts, record("c"), first=2)
    assert [row[:7] for row in counts.take_dirty()] == [[0, 3, 0, 0, 0, 0, 0]]


def test_totals_add_segments() -> None:
    assert totals({"s": {"a": [1] * 7, "b": [2] * 7}, "t": {}}) == {"s": [3] * 7, "t": [0] * 7}


def held(counts: PartitionCounts) -> list[dict[str, set[str]]]:
    """The event ids of both epochs."""
    return [
        {store: ids for store, ids in epoch.items() if ids}
        for epoch in (counts.ids.current, counts.ids.before)
    ]


events = st.builds(
    record,
    event_id=st.integers(0, 30).map(str),
    kind=st.sampled_from(["impression", "click", "order", "payment", "fulfilment", "favourite"]),
    at=st.integers(NOW - 20 * MINUTE_MS, NOW),
    received=st.integers(NOW, NOW + 200_000),
    store=st.sampled_from(["s1", "s2"]),
    order_id=st.sampled_from(["", "o1", "o2"]),
    channel=st.sampled_from(["a", "b", "c", "d"]),
    source=st.sampled_from(["pixel", "api"]),
)
records = st.one_of(
    events, st.integers(NOW, NOW + 200_000).map(lambda at: encode_tick(ClockTick(at))), st.just(b"{")
)
PRESENT = NOW + 200_000


@settings(max_examples=150, deadline=None)
@given(st.lists(records, max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_cutting_the_log_anywhere_changes_nothing(log: list[bytes], cuts: list[int]) -> None:
    whole, parts = make_counts(3, 50_000), make_counts(3, 50_000)
    count(whole, *log, present=PRESENT)
    edges = [0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]
    for start, end in itertools.pairwise(edges):
        count(parts, *log[start:end], first=start, present=PRESENT)
    assert seen(parts) == seen(whole)
    assert (held(parts), parts.ids.starts) == (held(whole), whole.ids.starts)


@settings(max_examples=150, deadline=None)
@given(st.lists(records, max_size=60), st.integers(0, 60))
def test_split_and_resume_equals_one_run(log: list[bytes], cut: int) -> None:
    """A takeover restores rows and order keys, reads event ids again from the log, and goes on."""
    cut = min(cut, len(log))
    whole, before, after = (make_counts(3, 50_000) for _ in range(3))
    count(whole, *log, present=PRESENT)
    count(before, *log[:cut], present=PRESENT)
    take_over(before, after)
    start = after.rewind(before.ids.epoch, before.ids.starts)
    if start >= 0:
        after.remember(log[start:cut], range(start, cut))
    assert held(after) == held(before)
    count(after, *log[cut:], first=cut, present=PRESENT)
    assert seen(after) == seen(whole)


orders = st.builds(
    record,
    event_id=st.integers(0, 1 << 40).map(str),
    kind=st.just("order"),
    at=st.integers(NOW - 10 * MINUTE_MS, NOW),
    received=st.integers(NOW, NOW + 20_000),
    order_id=st.sampled_from(["o1", "o2", "o3"]),
    channel=st.sampled_from(["a", "b"]),
    source=st.sampled_from(["pixel", "api"]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(orders, max_size=20, unique_by=lambda one: msgspec.json.decode(one)["event_id"]),
    st.integers(0, 20),
)
def test_an_order_counts_once_where_its_first_trusted_report_says_whatever_pages_say(
    log: list[bytes], cut: int
) -> None:
    before, after = make_counts(), make_counts()
    count(before, *log[:cut], present=PRESENT)
    take_over(before, after)
    count(after, *log[cut:], first=cut, present=PRESENT)
    reported = [msgspec.json.decode(one, type=Event) for one in log]
    best: dict[str, Event] = {}
    for one in reported:
        known = best.setdefault(one.order_id, one)
        if (known.source, one.source) == ("pixel", "api"):
            best[one.order_id] = one
    right = Counter((one.event_time_ms // MINUTE_MS, f"ios/{one.channel}") for one in best.values())
    assert {(key[0], key[2]): row[3] for key, row in seen(after).items() if row[3]} == right


def test_an_id_repeated_in_the_epoch_after_its_own_was_held_after_a_restart_and_forgotten_without_one() -> (
    None
):
    # epochs of 50 s:  |a        |a        |b
    log = [record(name, received=NOW + at) for name, at in (("a", 0), ("a", 50_000), ("b", 100_000))]
    whole, after = make_counts(duplicates_ms=50_000), make_counts(duplicates_ms=50_000)
    count(whole, *log, present=PRESENT)
    after.restored(whole.clock_ms)
    start = after.rewind(whole.ids.epoch, whole.ids.starts)
    after.remember(log[start:], range(start, len(log)))
    assert held(after) == held(whole) == [{"s1": {"b"}}, {"s1": {"a"}}]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(events, max_size=40, unique_by=lambda value: msgspec.json.decode(value)["event_id"]),
    st.randoms(),
)
def test_order_does_not_change_what_distinct_events_count(log: list[bytes], random: object) -> None:
    log = [
        value.replace(b'"order_id":"o1"', b'"order_id":""').replace(b'"order_id":"o2"', b'"order_id":""')
        for value in log
    ]
    shuffled = list(log)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    straight, mixed = make_counts(), make_counts()
    count(straight, *log, present=PRESENT)
    count(mixed, *shuffled, present=PRESENT)
    assert seen(mixed) == seen(straight)
