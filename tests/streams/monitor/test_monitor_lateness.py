"""A partition whose events come late: no alert of it, rows that say so, and judging goes on afterwards.

::

    minute     0 ............ 60 ....... 75 ............ 110
    events     in time        held back  ^ all let go, in time again
    rows       normal         data_late      normal again
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest

from scoring.baselines import Kernel, KernelSource, StoreBaseline, StoreHistory, fit_baselines
from scoring.counting.lateness import Delay, Lateness
from scoring.counting.partition import PartitionCounts
from scoring.counting.records import ClockTick, encode_tick
from scoring.counting.segments import Segmenter
from scoring.detection import DetectionPolicy, Detector
from scoring.detection.detector import Judgement
from scoring.events.event import Event, EventType
from scoring.funnel.scores import ScoreRow, ScoreState
from scoring.funnel.stages import STAGE_INDEX
from scoring.funnel.units import MINUTE_MS
from streams.kafka.topics import SCORES
from streams.monitor.partition import Partition, Work

DAY = 1440
START = 29_459_520  # Monday 2026-01-05 00:00 UTC
#: six days: steps are judged by them, whether visitors stay away is not yet (from seven days on)
TRAIN, LIVE = 6 * DAY, 110
HELD = range(60, 75)
CLICK, CART = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
SHARES = (0.2, 0.3, 0.3, 0.2)


def draw_counts(clicks: float = 160.0) -> np.ndarray:
    """(7, minutes): clicks, and a cart for one in four of them."""
    rng = np.random.default_rng(33)
    counts = np.zeros((7, TRAIN + LIVE), dtype=np.int64)
    counts[CLICK] = rng.poisson(clicks, TRAIN + LIVE)
    for delay, share in enumerate(SHARES):
        counts[CART, delay:] += rng.binomial(counts[CLICK], 0.25 * share)[: TRAIN + LIVE - delay]
    return counts


COUNTS = draw_counts()


@pytest.fixture(scope="module")
def baseline() -> StoreBaseline:
    history = StoreHistory("shop", "UTC", START, ("",), COUNTS[None, :, :TRAIN])
    kernel = Kernel(SHARES, source=KernelSource.PAIRS)
    return fit_baselines([history], 1, {("shop", "click_to_add_to_cart"): kernel})[0]


@dataclass
class Message:
    offset: int
    highwater: int
    follows: int = -1


class Trusting(Detector):
    """A detector that knows nothing of delays: what would happen without them."""

    def advance(
        self, minute: int, counts: Mapping[str, Mapping[str, Sequence[int]]], delays: object = None
    ) -> Judgement:
        return super().advance(minute, counts)


def arrives(minute: int, number: int, held_share: float) -> int:
    """The minute in which an event comes."""
    is_held = minute in HELD and number % 10 < 10 * held_share
    return HELD.stop if is_held else minute


def live(detector: Detector, held_share: float) -> list[Work]:
    """The flushes of a partition, one a minute."""
    partition = Partition(0, PartitionCounts(Segmenter((), 32), 26 * 3_600_000, 1_800_000), detector, 0)
    coming: dict[int, list[bytes]] = {}
    for minute in range(LIVE):
        number = 0
        for stage, kind in ((CLICK, EventType.CLICK), (CART, EventType.ADD_TO_CART)):
            for _ in range(int(COUNTS[stage, TRAIN + minute])):
                number += 1
                at_ms = (START + TRAIN + minute) * MINUTE_MS + number
                come = arrives(minute, number, held_share)
                received = (START + TRAIN + come) * MINUTE_MS + number
                event = Event(f"{minute}-{number}", "shop", kind, at_ms, received)
                coming.setdefault(come, []).append(msgspec.json.encode(event))
    works, offset = [], 0
    for minute in range(LIVE):
        end_ms = (START + TRAIN + minute + 1) * MINUTE_MS
        values = [*coming.get(minute, []), encode_tick(ClockTick(end_ms))]
        end = offset + len(values)
        partition.count(Message(end - 1, end), [(values, range(offset, end))], end_ms)
        offset = end
        work = partition.take(end_ms)
        assert work is not None
        partition.judge(work)
        works.append(work)
    return works


def states(works: list[Work]) -> dict[int, ScoreState]:
    """The state of the store's carts by live minute, as first judged."""
    found = {}
    for work in works:
        for _, value in work.records[SCORES]:
            row = msgspec.json.decode(value or b"", type=ScoreRow)
            if row.step == "click_to_add_to_cart" and row.version == 0:
                found[row.minute_ms // MINUTE_MS - START - TRAIN] = row.state
    return found


@pytest.mark.parametrize("held_share", [1.0, 0.9], ids=["all", "nine in ten"])
def test_events_held_back_and_let_go_fire_nothing_and_their_minutes_say_so(
    baseline: StoreBaseline, held_share: float
) -> None:
    trusting, detector = Trusting(DetectionPolicy()), Detector(DetectionPolicy())
    trusting.set_baseline(baseline)
    detector.set_baseline(baseline)
    would_have = [t for work in live(trusting, held_share) for t in work.transitions]
    works = live(detector, held_share)
    assert would_have, "the burst must be one that fools a detector that does not know"
    assert [t for work in works for t in work.transitions] == []
    found = states(works)
    assert found[HELD.start] is ScoreState.DATA_LATE
    assert found[HELD.stop] is ScoreState.DATA_LATE
    assert {found[minute] for minute in range(10, HELD.start)} == {ScoreState.NORMAL}
    assert {found[minute] for minute in range(LIVE - 8, LIVE)} == {ScoreState.NORMAL}


def test_a_quiet_store_is_not_late_and_a_store_that_stops_at_once_is() -> None:
    lateness = Lateness()
    for minute in range(30):
        assert (
            lateness.close(minute, {"busy": [0, 40, 9, 0, 0, 0, 0], "calm": [0, minute % 2] + [0] * 5}) == {}
        )
    assert lateness.close(30, {"calm": [0] * 7}) == {"busy": Delay.SILENT}
    assert lateness.close(31, {}) == {"busy": Delay.SILENT}
    assert lateness.close(32, {"busy": [0, 42, 9, 0, 0, 0, 0]}) == {}


def test_what_comes_at_once_after_a_silence_is_believed_when_its_conversions_are_through() -> None:
    lateness = Lateness()
    for minute in range(30):
        lateness.close(minute, {"shop": [0, 40, 9, 0, 0, 0, 0]})
    silent = [lateness.close(30 + minute, {}) for minute in range(10)]
    burst = lateness.close(40, {"shop": [0, 440, 99, 0, 0, 0, 0]})
    after = [lateness.close(41 + minute, {"shop": [0, 40, 9, 0, 0, 0, 0]}) for minute in range(30)]
    assert (silent[1:], burst) == ([{"shop": Delay.SILENT}] * 9, {"shop": Delay.LATE})
    assert after == [{"shop": Delay.LATE}] * 24 + [{}] * 6


def test_fewer_visitors_for_good_are_believed_from_the_third_minute_on() -> None:
    lateness = Lateness()
    for minute in range(30):
        lateness.close(minute, {"shop": [0, 400, 90, 0, 0, 0, 0]})
    found = [lateness.close(30 + minute, {"shop": [0, 100, 25, 0, 0, 0, 0]}) for minute in range(4)]
    assert found == [{"shop": Delay.CUT_OFF}, {"shop": Delay.CUT_OFF}, {}, {}]


def test_a_store_of_which_a_third_is_always_late_is_judged_once_that_is_known() -> None:
    lateness = Lateness()
    found = []
    for minute in range(3 * DAY):
        lateness.correct(minute - 3, {"shop": [0, 60, 0, 0, 0, 0, 0]})
        found.append(bool(lateness.close(minute, {"shop": [0, 40, 0, 0, 0, 0, 0]})))
    assert any(found[:DAY])
    assert not any(found[2 * DAY :])


def test_a_store_that_has_gone_to_sleep_is_followed_no_more() -> None:
    lateness = Lateness()
    lateness.close(0, {"awake": [50] * 7, "asleep": [1] * 7})
    for minute in range(1, 400):
        lateness.close(minute, {"awake": [50] * 7})
    assert len(lateness) == 1
