"""Which names a store's segments have, against the contest for them played slowly, from all rows at every question."""

from __future__ import annotations

import random

import pytest

from scoring.counting.segments import SegmentContest, Segmenter
from scoring.funnel.segment_names import BOTS, MARKED, OTHER

STORE = "s"


class Slowly:
    """The contest of one store: rows in the order of their making, names that gave way, names that wait."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.rows: list[tuple[str, bool]] = []
        self.faded: set[str] = set()
        self.waiting: dict[str, tuple[int, int]] = {}

    def names(self) -> list[str]:
        """Those with rows; the order does not matter."""
        return sorted({name for name, _ in self.rows} - {OTHER, BOTS, MARKED})

    def choose(self, name: str) -> str:
        """The name under which traffic counts."""
        active = set(self.names()) - self.faded
        return name if name in active or len(active) < self.most else OTHER

    def wait(self, name: str, minute: int, is_on_time: bool) -> None:
        """Traffic that counts as other."""
        minutes, last = self.waiting.get(name, (0, -1))
        if not is_on_time or name == OTHER or minute <= last:
            return
        if name not in self.waiting and len(self.waiting) >= 4 * self.most:
            weakest = min(self.waiting.items(), key=lambda item: (item[1][0], item[1][1], item[0]))
            del self.waiting[weakest[0]]
        self.waiting[name] = (minutes + 1, minute)
        active = sorted(set(self.names()) - self.faded)
        if minutes + 1 >= 5 and active:
            strength = {one: sum(row == (one, True) for row in self.rows) for one in active}
            weakest_name = min(active, key=lambda one: (strength[one], one))
            if 2 * strength[weakest_name] <= minutes + 1:
                del self.waiting[name]
                self.faded = (self.faded | {weakest_name}) - {name}

    def release(self, row: tuple[str, bool]) -> None:
        """A row leaves."""
        self.rows.remove(row)
        names = self.names()
        self.faded &= set(names)
        if not names and row[0] not in (OTHER, BOTS, MARKED):
            self.waiting = {}


@pytest.mark.parametrize("seed", range(40))
def test_names_are_those_of_lasting_traffic(seed: int) -> None:
    draw = random.Random(seed)
    most = draw.randrange(1, 4)
    segmenter, slowly = Segmenter(("channel",), most), Slowly(most)
    last: SegmentContest | None = None
    for step in range(300):
        minute = step // 6
        name = draw.choices(["a", "b", "c", "d", "e", "f", "g", *"hijklmnop", OTHER], [9, 8, 4, 3, 2, 1, 1, *[0.2] * 9, 0.3])[0]  # fmt: skip
        is_on_time = draw.random() < 0.85
        chosen = segmenter.choose(STORE, (name,))
        assert chosen == slowly.choose(name)
        if chosen == OTHER:
            segmenter.wait(STORE, (name,), minute, is_on_time)
            slowly.wait(name, minute, is_on_time)
            chosen = segmenter.choose(STORE, (name,))
            assert chosen == slowly.choose(name)
        if draw.random() < 0.9:
            segmenter.hold((STORE, chosen), is_on_time)
            slowly.rows.append((chosen, is_on_time))
        while len(slowly.rows) > 60 or (slowly.rows and draw.random() < 0.1):
            row = slowly.rows[0]
            is_last = [one for one, _ in slowly.rows].count(row[0]) == 1
            assert segmenter.release((STORE, row[0]), row[1]) == (is_last and row[0] != OTHER)
            slowly.release(row)
        assert sorted(segmenter.names(STORE)) == sorted([*slowly.names(), OTHER])
        changed = segmenter.take_changed()
        last = changed.get(STORE, last)
        seen = SegmentContest() if last is None else last
        assert (set(seen.faded), seen.waiting) == (slowly.faded, slowly.waiting)


def test_a_name_waits_for_five_minutes_and_beats_what_was_there_half_as_often() -> None:
    def takes(held: int, minutes: int) -> bool:
        segmenter = Segmenter(("channel",), 1)
        for _ in range(held):
            segmenter.hold((STORE, "old"))
        answers = [segmenter.wait(STORE, ("new",), minute, True) for minute in range(minutes)]
        assert not any(answers[:-1])
        assert answers[-1] == (segmenter.choose(STORE, ("new",)) == "new")
        return answers[-1]

    assert (takes(1, 4), takes(1, 5)) == (False, True)
    assert (takes(3, 5), takes(3, 6)) == (False, True)


def test_a_name_with_late_rows_only_is_the_weakest() -> None:
    segmenter = Segmenter(("channel",), 2)
    for is_on_time, name in ((True, "b"), (True, "b"), (True, "b"), (False, "late")):
        segmenter.hold((STORE, name), is_on_time)
    for minute in range(5):
        segmenter.wait(STORE, ("new",), minute, True)
    segmenter.hold((STORE, "new"))
    assert segmenter.choose(STORE, ("late",)) == OTHER
    assert segmenter.choose(STORE, ("b",)) == "b"
    assert segmenter.names(STORE) == ["b", "late", "new", OTHER]


def test_a_name_that_waits_no_more_makes_room_and_says_so() -> None:
    segmenter = Segmenter(("channel",), 1)
    for _ in range(9):
        segmenter.hold((STORE, "old"))
    waits = [segmenter.wait(STORE, (name,), 1, True) for name in "bacd"]
    assert waits == [False] * 4
    assert segmenter.wait(STORE, ("b",), 2, True) is False
    assert segmenter.wait(STORE, ("e",), 3, True) is True
    (contest,) = segmenter.take_changed().values()
    assert contest.waiting == {"b": (2, 2), "c": (1, 1), "d": (1, 1), "e": (1, 3)}
    assert segmenter.take_changed() == {}


def test_the_contest_of_a_store_goes_on_after_a_restart_and_another_stores_is_its_own() -> None:
    before, after = Segmenter(("channel",), 1), Segmenter(("channel",), 1)
    for segmenter in (before, after):
        segmenter.hold((STORE, "old"))
    for minute in range(4):
        before.wait(STORE, ("new",), minute, True)
        before.wait("t", ("new",), minute, True)
    for store, contest in before.take_changed().items():
        after.restore(store, contest)
    assert after.wait(STORE, ("new",), 4, True)
    after.hold((STORE, "new"))
    assert (after.choose(STORE, ("old",)), after.choose("t", ("old",))) == (OTHER, "old")
    (contest,) = after.take_changed().values()
    assert contest == SegmentContest(("old",), {})


def test_bots_and_marked_events_take_no_name_and_give_none_back() -> None:
    segmenter = Segmenter(("channel", "device_class"), 1)
    assert segmenter.choose(STORE, ("ads", "bot")) == BOTS
    assert segmenter.choose(STORE, ("bot", "ios")) == "bot/ios"
    for name in (BOTS, MARKED, OTHER):
        segmenter.hold((STORE, name))
        segmenter.hold((STORE, name))
    assert segmenter.names(STORE) == [OTHER]
    assert [segmenter.release((STORE, name)) for name in (BOTS, MARKED, OTHER, OTHER, "none")] == [False] * 5
    assert Segmenter(("channel",), 1).choose(STORE, ("bot",)) == "bot"
