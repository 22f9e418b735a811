"""One partition: which minutes close when, what late events correct, and what a restart knows.

::

    clock   12:00      12:01      12:02      12:03
    minute  |---- 0 ---|---- 1 ---|---- 2 ---|
                            ^ grace after the end of 0: it closes with the first record or tick from here on
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from scoring.baselines.baseline import StoreBaseline
from scoring.counting.lateness import Delay
from scoring.counting.partition import PartitionCounts
from scoring.counting.records import ClockTick, encode_tick
from scoring.counting.segments import Segmenter
from scoring.detection.detector import Judgement
from scoring.events.event import Event, EventType
from scoring.funnel.scores import MinuteRow, ScoreRow, WindowRow
from scoring.funnel.units import MINUTE_MS
from streams.config.model import Config
from streams.kafka.topics import COUNTS_CHANGELOG, DEADLETTERS, MINUTES, SCORES, WINDOWS
from streams.metrics import MONITOR_LAG
from streams.monitor.app import default_detector
from streams.monitor.monitor import Monitor
from streams.monitor.partition import CLOSE_AT_ONCE, BatchSkippedError, Partition, Work
from tests.streams.monitor.monitor_process import NaiveDetector

NOON = 1_790_000_000_000 // MINUTE_MS * MINUTE_MS
GRACE_MS = 10_000
HOUR_MS = 3_600_000


@dataclass
class Message:
    offset: int
    highwater: int
    follows: int = -1


def make_partition() -> Partition:
    counts = PartitionCounts(Segmenter((), 32), 26 * HOUR_MS, 30 * 60_000)
    return Partition(0, counts, NaiveDetector(), GRACE_MS)


class Log:
    """Feeds a partition with records at the offsets they have in the log."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.next = partition.offset + 1

    def give(self, *values: bytes, again: int = 0) -> None:
        first = self.next - again
        self.next = first + len(values)
        present = NOON + 48 * HOUR_MS
        chunk = [(list(values), range(first, self.next))] if values else []
        self.partition.count(Message(self.next - 1, self.next), chunk, present)

    def flush(self, rest_ms: int = 0) -> Work | None:
        work = self.partition.take(NOON, rest_ms)
        if work is not None:
            self.partition.judge(work)
            self.partition.mark = work.mark
        return work


def event(number: int, at: int, received: int | None = None, store: str = "s") -> bytes:
    received = at if received is None else received
    return msgspec.json.encode(Event(f"e{number}", store, EventType.CLICK, at, received))


def tick(at: int) -> bytes:
    return encode_tick(ClockTick(at))


def rows(work: Work | None, topic: str, kind: type) -> list:
    assert work is not None
    return [msgspec.json.decode(value or b"", type=kind) for _, value in work.records[topic]]


def closed(work: Work | None) -> list[int]:
    return [] if work is None else [(minute * MINUTE_MS - NOON) // MINUTE_MS for minute, _ in work.closing]


def test_a_minute_closes_with_the_first_tick_after_its_end_and_grace() -> None:
    log = Log(make_partition())
    log.give(event(1, NOON + 5_000), tick(NOON + MINUTE_MS + GRACE_MS - 1))
    assert 0 not in closed(log.flush())
    log.give(tick(NOON + MINUTE_MS + GRACE_MS))
    work = log.flush()
    assert closed(work) == [0]
    assert [(row.minute_ms, row.observed) for row in rows(work, SCORES, ScoreRow)] == [(NOON, 1.0)]
    assert {row.window_minutes for row in rows(work, WINDOWS, WindowRow)} == {5, 60, 1440}


def test_a_silent_store_is_closed_too_and_minutes_follow_one_another() -> None:
    log = Log(make_partition())
    log.give(event(1, NOON), tick(NOON + MINUTE_MS + GRACE_MS))
    log.flush()
    log.give(tick(NOON + 4 * MINUTE_MS + GRACE_MS))
    assert closed(log.flush()) == [1, 2, 3]


class NotedDetector(NaiveDetector):
    """Notes in which minutes it is asked not to believe the store."""

    def __init__(self) -> None:
        super().__init__()
        self.unbelieved: list[int] = []

    def advance(
        self, minute: int, counts: Mapping[str, Mapping[str, Sequence[int]]], delays: Mapping[str, Delay]
    ) -> Judgement:
        self.unbelieved += [(minute * MINUTE_MS - NOON) // MINUTE_MS] * ("s" in delays)
        return super().advance(minute, counts, delays)


def test_a_night_in_which_everything_was_stopped_was_taken_for_one_without_visitors() -> None:
    # | events and ticks | stopped for six hours | ticks again |
    detector = NotedDetector()
    counts = PartitionCounts(Segmenter((), 32), 26 * HOUR_MS, 30 * 60_000)
    log = Log(Partition(0, counts, detector, GRACE_MS))
    log.partition.learn(StoreBaseline("s", "UTC", 0, 0, 0, 28.0, (), {}))
    log.give(event(1, NOON), tick(NOON + MINUTE_MS + GRACE_MS))
    log.flush()
    morning = NOON + 6 * HOUR_MS
    log.give(tick(morning))
    for _ in range(4):
        log.flush()
    log.give(*(tick(morning + second * 1000) for second in range(0, 200, 5)))
    log.flush()
    assert detector.unbelieved == list(range(1, 361))


def test_a_late_event_corrects_its_closed_minute_and_is_counted_in_it() -> None:
    log = Log(make_partition())
    log.give(event(1, NOON), tick(NOON + MINUTE_MS + GRACE_MS))
    log.flush()
    log.give(event(2, NOON + 1, received=NOON + MINUTE_MS + GRACE_MS + 5))
    work = log.flush()
    assert [row.counts[1] for row in rows(work, MINUTES, MinuteRow)] == [2]
    assert [(row.minute_ms, row.observed, row.version) for row in rows(work, SCORES, ScoreRow)] == [
        (NOON, 2.0, 1)
    ]


@pytest.mark.parametrize("note", [{"device_class": "bot"}, {"set_apart": "few_sources"}])
def test_a_late_event_that_is_set_apart_ended_the_monitor_at_every_start(note: dict[str, str]) -> None:
    log = Log(make_partition())
    log.give(tick(5 * 60_000))
    log.flush()
    apart = msgspec.structs.replace(msgspec.json.decode(event(1, 60_500), type=Event), **note)
    log.give(msgspec.json.encode(apart), tick(6 * 60_000))
    work = log.flush()
    assert closed(work)
    assert rows(work, WINDOWS, WindowRow) == []


def test_a_long_gap_is_caught_up_in_bounded_pieces_by_the_log_s_own_time() -> None:
    log = Log(make_partition())
    log.give(event(1, NOON), tick(NOON + MINUTE_MS + GRACE_MS))
    log.flush()
    log.give(event(2, NOON + 300 * MINUTE_MS), tick(NOON + 300 * MINUTE_MS))
    found = [closed(log.flush()) for _ in range(3)]
    assert [len(part) for part in found] == [CLOSE_AT_ONCE, CLOSE_AT_ONCE, 298 - 2 * CLOSE_AT_ONCE]
    assert [minute for part in found for minute in part] == list(range(1, 299))
    assert log.flush() is None


def test_records_given_again_are_not_counted_again() -> None:
    log = Log(make_partition())
    log.give(event(1, NOON), event(2, NOON))
    log.flush()
    log.give(event(1, NOON), event(2, NOON), event(3, NOON), again=2)
    assert [row.counts[1] for row in rows(log.flush(), MINUTES, MinuteRow)] == [3]


def test_a_batch_that_the_agent_fell_over_was_skipped_without_a_word() -> None:
    partition = make_partition()
    present = NOON + 48 * HOUR_MS
    partition.count(Message(2, 7), [([event(0, NOON), event(1, NOON)], range(2))], present)
    # offset 2 is a control record
    partition.count(Message(3, 7, follows=2), [([event(3, NOON)], range(3, 4))], present)
    with pytest.raises(BatchSkippedError, match="counted to offset 3; what came until 5 was not"):
        partition.count(Message(6, 7, follows=5), [([event(6, NOON)], range(6, 7))], present)
    assert partition.offset == 3


def test_a_bad_record_becomes_a_dead_letter_named_by_its_place_without_personal_data() -> None:
    log = Log(make_partition())
    log.give(event(1, NOON), b'{"email":"ann@example.org"')
    (letter,) = rows(log.flush(), DEADLETTERS, dict)
    assert letter["letter_id"].endswith("-0-1")
    assert letter["reason"] == "broken_json"
    assert "ann@example.org" not in letter["payload"]


def test_a_dead_letter_of_the_monitor_took_the_store_from_that_of_landing_which_has_its_id() -> None:
    log = Log(make_partition())
    log.give(event(1, NOON), b'{"store_id":"shop","type":"nonsense"}', b"{", b"[]")
    letters = rows(log.flush(), DEADLETTERS, dict)
    assert [letter["store_id"] for letter in letters] == ["shop", "", ""]


def test_a_restart_from_the_changelog_continues_where_the_flush_ended() -> None:
    straight, first, second = Log(make_partition()), Log(make_partition()), Log(make_partition())
    early = (event(1, NOON), event(2, NOON + 1), tick(NOON + 3 * MINUTE_MS))
    late = (event(2, NOON + 1), event(3, NOON + 2, received=NOON + 3 * MINUTE_MS), tick(NOON + 5 * MINUTE_MS))
    straight.give(*early)
    straight.flush()
    first.give(*early)
    work = first.flush()
    assert work is not None
    for key, value in work.records[COUNTS_CHANGELOG]:
        second.partition.restore(key or b"", value)
    assert second.partition.restored() == 0
    second.partition.counts.remember(early, range(3))
    second.partition.warm_up()
    second.next = second.partition.offset + 1
    straight.give(*late)
    second.give(*late)
    one, other = straight.flush(), second.flush()
    assert one is not None
    assert other is not None
    for topic in (MINUTES, SCORES, WINDOWS):
        assert sorted(value or b"" for _, value in one.records[topic]) == sorted(
            value or b"" for _, value in other.records[topic]
        )
    assert one.mark == other.mark


def test_nothing_new_is_nothing_to_write() -> None:
    log = Log(make_partition())
    assert log.flush() is None
    log.give(event(1, NOON))
    assert log.flush() is not None
    assert log.flush() is None


def test_ticks_alone_are_written_once_in_a_while_and_with_the_minute_that_they_close() -> None:
    log, rest_ms = Log(make_partition()), 30_000
    log.give(event(1, NOON + GRACE_MS + 1_000))
    assert log.flush(rest_ms) is not None
    log.give(tick(NOON + 20_000))
    assert log.flush(rest_ms) is None
    log.give(event(2, NOON + 21_000))
    assert log.flush(rest_ms) is not None
    log.give(tick(NOON + 40_000))
    assert log.flush(rest_ms) is None
    log.give(tick(NOON + 52_000))
    assert log.flush(rest_ms) is not None
    log.give(tick(NOON + MINUTE_MS + GRACE_MS))
    assert closed(log.flush(rest_ms)) == [0]
    log.give(tick(NOON + MINUTE_MS + GRACE_MS + 1_000))
    assert log.flush(rest_ms) is None
    assert log.flush() is not None  # who gives the partition up leaves nothing behind


def flush_size(quiet_stores: int) -> int:
    """Records in the flush that closes a minute in which one of so many known stores was active."""
    counts = PartitionCounts(Segmenter((), 32), 26 * HOUR_MS, 30 * 60_000)
    log = Log(Partition(0, counts, default_detector(Config()), GRACE_MS))
    numbers = itertools.count()

    def both_stages(store: str, at: int) -> list[bytes]:
        kinds = (EventType.IMPRESSION, EventType.CLICK)
        return [msgspec.json.encode(Event(f"e{next(numbers)}", store, kind, at, at)) for kind in kinds]

    log.give(*(value for number in range(quiet_stores) for value in both_stages(f"quiet{number}", NOON)))
    works = []
    for minute in range(1, 5):
        log.give(*both_stages("active", NOON + minute * MINUTE_MS + GRACE_MS))
        works.append(log.flush())
    last = works[-1]
    assert last is not None
    return sum(map(len, last.records.values()))


def test_stores_that_are_quiet_add_nothing_to_a_flush() -> None:
    assert flush_size(300) == flush_size(1) > 0


def test_the_lag_of_a_partition_that_went_to_another_worker_is_measured_no_more() -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("measuring opens nothing")

    monitor = Monitor("", "events", "changelog", never, never, never, never)
    monitor.partitions = {901: make_partition(), 902: make_partition()}
    Log(monitor.partitions[902]).give(event(1, NOON))
    monitor.partitions[902].count(Message(1, 5000), [([event(2, NOON)], range(1, 2))], NOON)
    monitor.measure()
    measured = {sample.labels["partition"]: sample.value for sample in MONITOR_LAG.collect()[0].samples}
    assert measured["902"] == 4998
    del monitor.partitions[902]
    monitor.measure()
    left = {sample.labels["partition"] for sample in MONITOR_LAG.collect()[0].samples}
    assert measured.keys() - left == {"902"}
