"""What is held of event ids and order keys, against a slow reference that remembers everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scoring.counting.duplicates import BUCKET_KEYS, EventIds, OrderKeys

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
