"""What is held of event ids and order keys, against a slow reference that remembers everything."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.counting.duplicates import BUCKET_KEYS, EventIds, OrderKeys, Place

MINUTE = 60_000
HORIZON_MINUTES = 5
steps = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abcd")), min_size=1, max_size=60)


@given(steps)
def test_an_order_key_is_held_for_the_whole_horizon_and_not_much_longer(
    arrivals: list[tuple[int, str]],
) -> None:
    keys, counted, minute = OrderKeys(HORIZON_MINUTES * MINUTE), {}, 0
    for later, key in arrivals:
        minute += later
        keys.take_expired(minute * MINUTE)
        age = minute - counted.get(key, -100)
        is_new = keys.is_new(key, minute * MINUTE)
        assert is_new == (age > HORIZON_MINUTES + 1)
        counted.update({key: minute} if is_new else {})


@given(steps, st.integers(0, 59))
def test_restored_order_keys_answer_like_those_that_never_stopped(
    arrivals: list[tuple[int, str]], at: int
) -> None:
    straight, stored, minute = OrderKeys(HORIZON_MINUTES * MINUTE), {}, 0
    for later, key in arrivals[:at]:
        minute += later
        for bucket in straight.take_expired(minute * MINUTE):
            stored.pop(bucket, None)
        straight.is_new(key, minute * MINUTE)
        stored.update(straight.take_grown())
    restored = OrderKeys(HORIZON_MINUTES * MINUTE)
    for bucket, held in stored.items():
        restored.restore(bucket, held)
    assert len(restored) == len(straight)
    for later, key in arrivals[at:]:
        minute += later
        assert restored.take_expired(minute * MINUTE) == straight.take_expired(minute * MINUTE)
        assert restored.is_new(key, minute * MINUTE) == straight.is_new(key, minute * MINUTE)


def test_a_bucket_of_order_keys_is_full_at_its_limit_and_all_of_them_are_stored() -> None:
    keys = OrderKeys(HORIZON_MINUTES * MINUTE)
    assert all(keys.is_new(f"o{number}", MINUTE) for number in range(BUCKET_KEYS + 1))
    assert sorted(map(len, keys.take_grown().values())) == [1, BUCKET_KEYS]
    assert keys.take_grown() == {}


def test_keys_too_long_for_a_record_are_distinguished_and_recognised() -> None:
    keys = OrderKeys(HORIZON_MINUTES * MINUTE)
    assert keys.is_new("x" * 257, 0)
    assert keys.is_new("x" * 258, 0)
    assert not keys.is_new("x" * 257, 0)
    assert all(len(key) <= 256 for held in keys.take_grown().values() for key in held)


@given(st.lists(st.integers(100, 140), min_size=1, max_size=40))
def test_the_epoch_never_goes_back_and_holds_one_horizon_before_its_own(times: list[int]) -> None:
    ids, horizon = EventIds(10), 10
    seen: dict[int, set[str]] = {}
    first: dict[int, int] = {}
    for offset, received in enumerate(times):
        ids.turn(received, offset)
        epoch = max(received // horizon, max(seen, default=0))
        assert ids.epoch == epoch
        assert ids.ends_ms == (epoch + 1) * horizon
        first.setdefault(epoch, offset)
        seen.setdefault(epoch, set()).add(str(offset))
        ids.current.setdefault("s", set()).add(str(offset))
        assert ids.current.get("s", set()) == seen[epoch]
        assert ids.before.get("s", set()) == seen.get(epoch - 1, set())
        assert ids.starts == (first.get(epoch - 1, first[epoch]), first[epoch])
        assert len(ids) == len(seen[epoch]) + len(seen.get(epoch - 1, set()))


@given(st.lists(st.integers(100, 140), min_size=1, max_size=40))
def test_reading_again_from_where_it_was_rewound_to_gives_the_same_ids(times: list[int]) -> None:
    def read(ids: EventIds, offsets: range) -> None:
        for offset in offsets:
            ids.turn(times[offset], offset)
            ids.current.setdefault("s", set()).add(str(offset))

    straight, again = EventIds(10), EventIds(10)
    read(straight, range(len(times)))
    begins = again.rewind(straight.epoch, straight.starts)
    read(again, range(begins, len(times)))
    assert (again.current, again.before, again.epoch, again.starts) == (
        straight.current, straight.before, straight.epoch, straight.starts,
    )  # fmt: skip


def test_nothing_read_is_rewound_to_nothing() -> None:
    ids = EventIds(10)
    assert ids.rewind(-1, (-1, -1)) == -1
    assert ids.ends_ms < 0


class Slowly:
    """Order keys by the rules: a list of what was stored when."""

    def __init__(self) -> None:
        self.stored: list[tuple[int, str, Place | None, bool]] = []

    def drop(self, minute: int) -> None:
        """What is older than the horizon and a minute is forgotten."""
        self.stored = [entry for entry in self.stored if minute - entry[0] <= HORIZON_MINUTES + 1]

    def of(self, key: str, is_trusted: bool) -> list[tuple[int, str, Place | None, bool]]:
        """What is stored of a key."""
        return [entry for entry in self.stored if entry[1] == key and entry[3] == is_trusted]


@pytest.mark.parametrize("seed", range(20))
def test_orders_and_evidence_are_held_as_the_rules_say_through_any_number_of_restarts(seed: int) -> None:
    draw = random.Random(seed)
    keys, slowly, log = OrderKeys(HORIZON_MINUTES * MINUTE), Slowly(), dict[int, list[str]]()
    minute = 100
    for _ in range(300):
        minute += draw.choice([0, 0, 0, 0, 1, 3])
        for bucket in keys.take_expired(minute * MINUTE):
            log.pop(bucket, None)
        slowly.drop(minute)
        key = draw.choice(["a", "b", "c" * 256, "c" * 257, "d"])
        reported = slowly.of(key, True) or slowly.of(key, False)
        assert keys.is_reported(key) == bool(reported)
        if draw.random() < 0.5 and not reported:
            place = draw.choice([None, Place(minute, "s", key[:1])])
            keys.hold_evidence(key, place, minute * MINUTE)
            slowly.stored.append((minute, key, place, False))
        else:
            assert keys.is_new(key, minute * MINUTE) == (not slowly.of(key, True))
            if not slowly.of(key, True):
                slowly.stored.append((minute, key, None, True))
                evidence = slowly.of(key, False)
                assert keys.take_evidence(key) == (evidence[0][2] if evidence else None)
                assert keys.take_evidence(key) is None
                slowly.stored = [entry for entry in slowly.stored if entry not in evidence]
        if draw.random() < 0.1:
            log |= keys.take_grown()
            keys = OrderKeys(HORIZON_MINUTES * MINUTE)
            for bucket, held in log.items():
                keys.restore(bucket, held)
            # what was given out is given out again after a restart, and taken from the row only while it still counts there
            for key in {entry[1] for entry in slowly.stored if entry[3]}:
                keys.take_evidence(key)
        assert len(keys) == len({entry[1:2] + entry[3:] for entry in slowly.stored})


def test_the_buckets_of_a_minute_are_numbered_and_the_last_takes_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scoring.counting.duplicates.BUCKET_KEYS", 2)
    monkeypatch.setattr("scoring.counting.duplicates.BUCKETS_A_MINUTE", 3)
    keys = OrderKeys(HORIZON_MINUTES * MINUTE)
    for number in range(8):
        keys.is_new(f"a{number}", 5 * MINUTE)
    assert {bucket: len(held) for bucket, held in keys.take_grown().items()} == {15: 2, 16: 2, 17: 4}
    keys.is_new("b", 6 * MINUTE)
    assert {bucket: len(held) for bucket, held in keys.take_grown().items()} == {18: 1}
    keys.restore(18, None)
    assert keys.is_new("b", 6 * MINUTE)
    assert keys.take_expired(11 * MINUTE) == []
    assert keys.take_expired(12 * MINUTE) == [15, 16, 17]
    assert len(keys) == 1


def test_a_bucket_that_grew_and_expired_is_not_stored_again() -> None:
    keys = OrderKeys(HORIZON_MINUTES * MINUTE)
    keys.is_new("a", 0)
    assert keys.take_expired((HORIZON_MINUTES + 2) * MINUTE) == [0]
    assert keys.take_grown() == {}
    keys.is_new("b", MINUTE)
    keys.restore(1000, None)
    assert keys.take_grown() == {}


def test_a_restored_bucket_is_filled_further_and_not_begun_again() -> None:
    keys = OrderKeys(HORIZON_MINUTES * MINUTE)
    keys.restore(7001, ["a"])
    keys.is_new("b", 7 * MINUTE)
    assert keys.take_grown() == {7001: ["a", "b"]}
    keys.restore(7001, ["c"])
    assert keys.is_new("a", 7 * MINUTE)
    assert not keys.is_new("c", 7 * MINUTE)


def test_a_long_key_is_held_under_the_digest_that_is_in_the_changelogs_of_older_releases() -> None:
    keys = OrderKeys(HORIZON_MINUTES * MINUTE)
    keys.is_new("é" * 257, 0)
    digest = hashlib.blake2b(("é" * 257).encode(), digest_size=16).hexdigest()
    assert keys.take_grown() == {0: [f"# {digest}"]}
    assert not keys.is_new(f"# {digest}", 0)
    place = Place(3, "s", "ads")
    keys.hold_evidence("k", place, 0)
    assert keys.take_grown()[0][1] == '?["k",[3,"s","ads"]]'


def test_the_ids_of_all_stores_and_both_epochs_are_numbered() -> None:
    ids = EventIds(10)
    ids.turn(5, 0)
    ids.current.update(s={"a", "b"}, t={"a"})
    ids.turn(10, 1)
    ids.current["s"] = {"c"}
    assert (len(ids), ids.starts, ids.epoch) == (4, (0, 1), 1)
    ids.turn(19, 2)
    assert (len(ids), ids.starts) == (4, (0, 1))
    ids.turn(30, 3)
    assert (len(ids), ids.starts) == (0, (3, 3))
    assert ids.rewind(3, (3, 3)) == 3
    assert (ids.epoch, ids.starts) == (3, (3, 3))
    assert ids.rewind(3, (1, 3)) == 1
    assert (ids.epoch, ids.starts) == (2, (1, 1))
    assert ids.rewind(0, (0, 0)) == 0
    assert ids.epoch == 0
    assert ids.rewind(-1, (4, 5)) == -1
    assert (ids.epoch, ids.starts) == (-1, (-1, -1))
    ids.turn(0, 7)
    assert (ids.epoch, ids.starts) == (0, (7, 7) if ids.starts == (7, 7) else (-1, 7))
