"""The counts of a partition against the rules applied slowly: nothing kept at hand, everything looked up in all that came before."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest

from scoring.counting.partition import (
    IS_LATE,
    MINUTE,
    OWNER,
    SLACK_MINUTES,
    STORED,
    TAKEN_BACK,
    PartitionCounts,
    totals,
)
from scoring.counting.records import ClockTick, Tally, encode_tick
from scoring.counting.segments import Segmenter
from scoring.events.event import Event, EventType, RejectReason
from scoring.funnel.stages import STAGE_INDEX
from scoring.funnel.units import HOUR_MS, MINUTE_MS

PRESENT = 1_790_000_040_000
HORIZON_MS = 5 * MINUTE_MS
IDS_MS = 50_000
ORDER_MINUTES = HORIZON_MS // MINUTE_MS + 1
DIMENSIONS: list[tuple[str, ...]] = [
    (),
    ("channel",),
    ("channel", "device_class"),
    ("country", "channel", "device_class"),
]
Row = tuple[int, str, str]


class Slowly:
    """What was counted where, by the rules."""

    def __init__(self, dimensions: tuple[str, ...]) -> None:
        self.dimensions = dimensions
        self.clock = self.epoch = 0
        self.floor = -(10**9)
        self.rows: dict[Row, list[int]] = {}
        self.taken_back: Counter[Row] = Counter()
        self.ids: list[tuple[int, str, str]] = []
        self.orders: list[tuple[int, str, Row | None, bool]] = []
        self.fates: Counter[str] = Counter()

    def take(self, value: bytes) -> None:
        """One record of the log."""
        record = msgspec.json.decode(value)
        if "tick_ms" in record:
            self.fates["ticks"] += 1
            if record["tick_ms"] <= PRESENT + HOUR_MS:
                self.clock = max(self.clock, record["tick_ms"])
            return
        self.fates[self.fate(msgspec.convert(record, Event))] += 1

    def fate(self, event: Event) -> str:
        """What becomes of an event."""
        age = event.received_at_ms - event.event_time_ms
        if event.type.value not in STAGE_INDEX:
            return "without_stage"
        if age > HORIZON_MS:
            return "too_old"
        if age < -HOUR_MS or event.received_at_ms > max(self.clock, PRESENT + HOUR_MS):
            return "rejected"
        self.epoch = max(self.epoch, event.received_at_ms // IDS_MS)
        self.clock = max(self.clock, event.received_at_ms)
        page = event.source == "pixel"
        name = "pixel:" + event.event_id if page and not event.event_id.startswith("pixel:") else event.event_id  # fmt: skip
        came = {(store, known) for epoch, store, known in self.ids if epoch >= self.epoch - 1}
        self.ids.append((self.epoch, event.store_id, name))
        if (event.store_id, name) in came:
            return "duplicates"
        row = self.row(event)
        if event.order_id and STAGE_INDEX[event.type.value] >= STAGE_INDEX["order"]:
            key = f"{event.type} {event.store_id} {event.order_id}"
            if not self.is_first(key, page, row, event):
                return "duplicates"
        if row is None:
            return "too_old"
        self.rows.setdefault(row, [0] * 7)[STAGE_INDEX[event.type.value]] += 1
        return "counted"

    def row(self, event: Event) -> Row | None:
        """Where an event counts."""
        minute = event.event_time_ms // MINUTE_MS
        if minute < self.floor:
            return None
        segment = "/".join(getattr(event, name) or "-" for name in self.dimensions)
        if event.device_class == "bot":
            segment = "[bots]"
        if event.set_apart:
            segment = "[set apart]"
        if event.set_apart == "without_page":
            segment = "[no page]"
        if event.set_apart == "without_page:agent":
            segment = "[agents]"
        return minute, event.store_id, segment

    def is_first(self, key: str, page: bool, row: Row | None, event: Event) -> bool:
        """Whether an order counts here; a page's report counts until a trusted one comes."""
        now = self.clock // MINUTE_MS
        reported = [entry for entry in self.orders if entry[1] == key]
        if page:
            if reported:
                return False
            self.orders.append((now, key, row, False))
            return True
        if any(is_trusted for *_, is_trusted in reported):
            return False
        for entry in reported:
            place = entry[2]
            self.orders[self.orders.index(entry)] = (entry[0], "", None, False)
            if place in self.rows and self.rows[place][STAGE_INDEX[event.type.value]]:
                self.rows[place][STAGE_INDEX[event.type.value]] -= 1
                self.taken_back[place] += 1
                self.fates["taken_back"] += 1
        self.orders.append((now, key, None, True))
        return True

    def expire(self) -> list[Row]:
        """The minutes that leave, and the orders."""
        minute = self.clock // MINUTE_MS
        self.floor = max(self.floor, (self.clock - HORIZON_MS) // MINUTE_MS - SLACK_MINUTES)
        self.orders = [entry for entry in self.orders if entry[0] >= minute - ORDER_MINUTES]
        gone = sorted(row for row in self.rows if row[0] < self.floor)
        for row in gone:
            del self.rows[row]
        return gone


def drawn_log(draw: random.Random) -> list[bytes]:
    """Records at and around every bound there is."""
    log, clock = [], PRESENT - 3 * HOUR_MS
    for _ in range(80):
        clock += draw.choice([0, 0, 0, 1000, 20_000, 50_000, MINUTE_MS, 20 * MINUTE_MS])
        received = clock - draw.choice([0, 0, 0, 0, 3000, 40_000, 75 * MINUTE_MS])
        if draw.random() < 0.03:
            received = PRESENT + HOUR_MS + draw.choice([-1, 0, 1])
        if draw.random() < 0.1:
            log.append(encode_tick(ClockTick(received)))
            continue
        age = draw.choice(
            [0, 0, 1, 59_999, MINUTE_MS, HORIZON_MS, HORIZON_MS + 1, -1, -HOUR_MS, -HOUR_MS - 1]
        )
        source = draw.choice(["pixel", "api", "api"])
        event = Event(
            draw.choice(["", "", "pixel:"]) + str(draw.randrange(40)),
            draw.choice(["s1", "s2"]),
            EventType(draw.choice(["impression", "click", "order", "order", "payment", "repurchase", "favourite"])),
            received - age,
            received,
            order_id=draw.choice(["", "1", "2", "3", "4"]),
            device_class=draw.choice(["ios", "ios", "", "bot"]),
            channel=draw.choice(["ads", "mail", ""]),
            country=draw.choice(["DE", ""]),
            source=source,
            set_apart=draw.choice(["", "", "", "", "burst", "without_page", "without_page:agent"]),
        )  # fmt: skip
        log.append(msgspec.json.encode(event))
    return log


@pytest.mark.parametrize("seed", range(24))
def test_every_record_is_counted_where_the_rules_say_and_once(seed: int) -> None:
    draw = random.Random(seed)
    dimensions = DIMENSIONS[seed % 4]
    counts = PartitionCounts(Segmenter(dimensions, 100), HORIZON_MS, IDS_MS)
    slowly, all_of = Slowly(dimensions), Tally()
    log, at, gone = drawn_log(draw), 0, Counter[Row]()
    stored: dict[Row, tuple[list[int], int]] = {}
    while at < len(log):
        batch = log[at : at + draw.randrange(1, 12)]
        all_of.add(counts.count(batch, range(at, at + len(batch)), PRESENT))
        for value in batch:
            slowly.take(value)
        at += len(batch)
        for row in counts.take_dirty():
            stored[row[MINUTE], *row[OWNER]] = (row[:7], row[TAKEN_BACK])
        assert stored == {row: (held, slowly.taken_back[row]) for row, held in slowly.rows.items()}
        if draw.random() < 0.5:
            counts.orders.take_expired(counts.clock_ms)
            expired, leave = counts.take_expired(10**6), slowly.expire()
            assert sorted(expired) == leave
            gone.update(leave)
            for row in leave:
                del stored[row]
            counts.cool(counts.clock_ms // MINUTE_MS)
        assert counts.rows == len(slowly.rows)
        assert counts.clock_ms == slowly.clock
    fates = slowly.fates
    assert (all_of.records, len(all_of.rejected)) == (len(log), fates["rejected"])
    for fate in ("counted", "duplicates", "taken_back", "too_old", "without_stage", "ticks"):
        assert getattr(all_of, fate) == fates[fate], fate
    shown = {
        (minute, store): of_store
        for minute in counts.minutes()
        for store, of_store in counts.of_minute(minute).items()
    }
    people: dict[tuple[int, str], dict[str, list[int]]] = {}
    for (minute, store, segment), held in slowly.rows.items():
        if segment not in ("[bots]", "[set apart]"):
            people.setdefault((minute, store), {})[segment] = held
    assert shown == people
    assert all(counts.of_store(*key) == of_store for key, of_store in people.items())
    for minute in counts.minutes():
        for store, summed in totals(counts.of_minute(minute)).items():
            assert summed == [sum(column) for column in zip(*people[minute, store].values(), strict=True)]


def event(minute: int, name: str = "e", received: int | None = None, **more: str) -> bytes:
    at = minute * MINUTE_MS
    return msgspec.json.encode(
        Event(name, "s", EventType.CLICK, at, at if received is None else received * MINUTE_MS, **more)
    )


M = PRESENT // MINUTE_MS


def counted(
    *batches: list[bytes], dimensions: tuple[str, ...] = ("channel",), most: int = 9
) -> PartitionCounts:
    counts, at = PartitionCounts(Segmenter(dimensions, most), 2 * HOUR_MS, HOUR_MS), 0
    for batch in batches:
        counts.count(batch, range(at, at + len(batch)), PRESENT)
        at += len(batch)
    return counts


def test_a_row_is_late_from_the_eleventh_minute_on_and_stays_so() -> None:
    counts = counted([event(M - 10, "a", M, channel="x"), event(M - 11, "b", M, channel="y")])
    rows = {row[OWNER][1]: row[IS_LATE] for row in counts.take_dirty()}
    assert rows == {"x": False, "y": True}
    again = PartitionCounts(Segmenter(("channel",), 9), 2 * HOUR_MS, HOUR_MS)
    again.restore(M - 11, "s", "y", [0, 1, 0, 0, 0, 0, 0, 5, 1])
    again.restored(PRESENT)
    assert again.take_dirty() == []
    assert again.count([event(M - 11, "c", M, channel="y")], [2], PRESENT).counted == 1
    (row,) = again.take_dirty()
    assert (row[:7], row[TAKEN_BACK], row[IS_LATE], row[STORED]) == ([0, 2, 0, 0, 0, 0, 0], 5, True, True)


def test_a_row_of_an_older_release_says_nothing_of_being_taken_back_or_late() -> None:
    counts = counted([])
    counts.restore(M, "s", "x", [0, 1, 0, 0, 0, 0, 0])
    counts.restored(PRESENT)
    counts.count([event(M, channel="x")], [0], PRESENT)
    (row,) = counts.take_dirty()
    assert (row[TAKEN_BACK], row[IS_LATE]) == (0, False)
    assert counts.rows == 1


def test_a_row_that_is_restored_as_dropped_frees_its_name() -> None:
    counts = counted([event(M, channel="x")], most=1)
    counts.restore(M, "s", "unknown", None)
    counts.restore(M - 1, "s", "x", None)
    assert counts.rows == 1
    counts.restore(M, "s", "x", None)
    assert (counts.rows, counts.minutes()) == (0, [])
    counts.count([event(M + 1, "f", channel="y")], [1], PRESENT)
    assert counts.get(M + 1, "s", "y") == [0, 1, 0, 0, 0, 0, 0]
    assert counts.get(M + 1, "s", "x") is None
    assert counts.get(M, "s", "x") is None


def test_expired_rows_leave_a_minute_at_a_time_once_there_are_enough() -> None:
    minutes = [event(M - age, f"{age}{name}", channel=name) for age in (3, 2, 1) for name in "ab"]
    counts = counted(minutes)
    counts.take_dirty()
    later = M + 120 + SLACK_MINUTES
    counts.count([encode_tick(ClockTick(later * MINUTE_MS))], [9], later * MINUTE_MS)
    assert [row[0] for row in counts.take_expired(2)] == [M - 3, M - 3]
    assert counts.rows == 4
    assert [row[0] for row in counts.take_expired(3)] == [M - 2, M - 2, M - 1, M - 1]
    assert counts.rows == 0
    early, edge = event(M - 1, "x", M + 59), event(M, "y", M + 59)
    tally = counts.count([early, edge], [10, 11], later * MINUTE_MS)
    assert (tally.too_old, tally.counted) == (1, 1)


def test_a_row_that_was_never_stored_is_not_named_when_it_leaves() -> None:
    counts = counted([event(M)])
    later = M + 121 + SLACK_MINUTES
    counts.count([encode_tick(ClockTick(later * MINUTE_MS))], [1], later * MINUTE_MS)
    assert counts.take_expired(9) == []
    assert counts.rows == 0


def test_the_look_up_of_old_minutes_is_forgotten_and_made_again() -> None:
    counts = counted([event(M - 2, "a"), event(M - 1, "b")])
    counts.cool(M - 1)
    assert sorted(counts._hot) == [M - 1]
    assert counts.count([event(M - 2, "a"), event(M - 2, "c")], [2, 3], PRESENT).duplicates == 1
    assert counts.get(M - 2, "s", "-") == [0, 2, 0, 0, 0, 0, 0]


def test_values_from_outside_filled_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.counting.partition.MAX_OWNERS", 3)
    counts = counted([event(M, str(number), channel=str(number)) for number in range(3)])
    counts.cool(M)
    assert len(counts._owner_of) == 3
    counts.count([event(M, "more", channel="more")], [3], PRESENT)
    counts.cool(M)
    assert len(counts._owner_of) == 0


def test_a_rejected_record_is_kept_with_its_place_and_its_bytes() -> None:
    counts = counted([])
    broken, ahead = b'{"oh', event(M + 61, received=M)
    tally = counts.count([event(M), broken, None, ahead], range(4), PRESENT)
    assert [(one.index, one.reason, one.payload) for one in tally.rejected] == [
        (1, RejectReason.BROKEN_JSON, broken),
        (2, RejectReason.EMPTY, b""),
        (3, RejectReason.TIME_IN_FUTURE, ahead),
    ]
    assert [one.detail for one in tally.rejected[1:]] == ["the record has no value", "event_time_ms"]
    tally = counts.count([event(M + 61)], [4], PRESENT)
    assert [one.detail for one in tally.rejected] == ["received_at_ms"]


def test_the_time_of_a_record_is_its_acceptance_or_its_ticks() -> None:
    counts = counted([])
    values = [event(M, received=M + 1), encode_tick(ClockTick(77)), b'{"tick_ms":"soon"}', b"[]", b"", None]
    assert [counts.time_of(value) for value in values] == [(M + 1) * MINUTE_MS, 77, 0, 0, 0, 0]


def test_ids_are_remembered_again_of_the_records_that_were_counted_and_of_no_others() -> None:
    horizon = 2 * 60
    log = [
        event(M - horizon, "edge", M), event(M - horizon - 1, "old", M), event(M + 60, "ahead", M), event(M + 61, "far", M),
        event(M, "now"), event(M + 1, "later"), b"{", event(M, "page", source="pixel"),
        msgspec.json.encode(Event("fav", "s", EventType.FAVOURITE, PRESENT, PRESENT)), event(M, "now"),
    ]  # fmt: skip
    counts = counted([])
    counts.restored(M * MINUTE_MS)
    counts.remember(log, range(len(log)))
    assert counts.ids.current == {"s": {"edge", "ahead", "now", "pixel:page"}}
    assert counts.ids.starts == (0, 0)
