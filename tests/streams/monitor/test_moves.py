"""What moves between the partitions of the monitor's changelog: every store to where its next events are, nothing lost."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.kafka.admin import partition_of
from streams.monitor.moves import State, marks_of, moves
from streams.monitor.records import MARK_KEY, Mark, counts_key, decode_key, encode

STORES = tuple(f"shop-{number}" for number in range(12))
ORDERS = encode(["o", 7])


def key_of_store(store_id: str) -> bytes:
    return encode(["s", store_id])


def counted(before: int, rows: dict[str, list[int]]) -> dict[int, dict[bytes, bytes]]:
    """The changelog of ``before`` partitions that have counted ``rows`` of minute 1, one order each."""
    states: dict[int, dict[bytes, bytes]] = {
        number: {MARK_KEY: encode(Mark(offset=10 * number, scored=100 + number, partitions=before))}
        for number in range(before)
    }
    for store_id, counts in rows.items():
        state = states[partition_of(store_id, before)]
        state[counts_key(1, store_id, "ios")] = encode([3, *counts])
        state[key_of_store(store_id)] = store_id.encode()
        orders = msgspec.json.decode(state.get(ORDERS, b"[]"))
        state[ORDERS] = encode([*orders, f"o {store_id} 1 of 2"])
    return states


def after(states: dict[int, dict[bytes, bytes]], partitions: int) -> dict[int, State]:
    """The changelog once what is to be written has been."""
    found: dict[int, dict[bytes, bytes]] = {number: {} for number in range(partitions)}
    for number, state in states.items():
        found[number].update(state)
    for number, changes in moves(states, partitions).items():
        for key, value in changes:
            assert key is not None
            found[number].pop(key, None)
            found[number].update({} if value is None else {key: value})
    return dict(found)


def by_store(states: dict[int, State]) -> Counter[tuple[str, str, int]]:
    """Where the records of each store are: kind, store, partition."""
    found: Counter[tuple[str, str, int]] = Counter()
    for number, state in states.items():
        for key, value in state.items():
            kind, *rest = decode_key(key)
            owners = {
                "c": lambda rest=rest: [str(rest[1])],
                "s": lambda rest=rest: [str(rest[0])],
                "o": lambda value=value: [order.split(" ")[1] for order in msgspec.json.decode(value)],
                "p": list,
            }[str(kind)]()
            found.update((str(kind), owner, number) for owner in owners)
    return found


@settings(max_examples=60, deadline=None)
@given(
    before=st.integers(1, 6),
    more=st.integers(1, 6),
    rows=st.dictionaries(st.sampled_from(STORES), st.lists(st.integers(0, 9), min_size=7, max_size=7)),
)
def test_each_store_is_where_its_next_events_are_and_has_all_it_had(
    before: int, more: int, rows: dict[str, list[int]]
) -> None:
    states, partitions = counted(before, rows), before + more
    found = after(states, partitions)
    wanted = Counter(
        (kind, store_id, partition_of(store_id, partitions)) for store_id in rows for kind in "cso"
    )
    stay = Counter(("o", store_id, partition_of(store_id, before)) for store_id in rows)
    assert by_store(found) == wanted | stay, "orders are known in both places"
    kept = {key: value for state in found.values() for key, value in state.items()}
    for store_id, counts in rows.items():
        assert msgspec.json.decode(kept[counts_key(1, store_id, "ios")])[1:] == counts
    marks = marks_of(found)
    assert {number: mark.offset for number, mark in marks.items()} == {
        number: states[number][MARK_KEY] and 10 * number if number < before else -1
        for number in range(partitions)
    }
    assert {mark.partitions for mark in marks.values()} == {partitions}
    assert {mark.scored for mark in marks.values()} == {100 + before - 1}, "no minute is closed twice"
    assert len({mark.base + mark.offset for mark in marks.values()}) == 1


@given(rows=st.dictionaries(st.sampled_from(STORES), st.just([1] * 7)))
def test_moved_again_nothing_moves(rows: dict[str, list[int]]) -> None:
    found = {number: dict(state) for number, state in after(counted(3, rows), 8).items()}
    assert after(found, 8) == found


def test_a_count_found_in_two_partitions_keeps_the_larger_one() -> None:
    store = STORES[0]
    home = partition_of(store, 4)
    stranger = next(number for number in range(4) if number != home)
    key = counts_key(1, store, "ios")
    mark = {MARK_KEY: encode(Mark(offset=1, partitions=2))}
    for there, here in (([9, 1], [9, 5]), ([9, 5], [9, 1])):
        found = after({home: {**mark, key: encode(here)}, stranger: {**mark, key: encode(there)}}, 4)
        assert msgspec.json.decode(found[home][key]) == [9, 5]
        assert key not in found[stranger]


def test_late_minutes_follow_their_store() -> None:
    late = tuple((minute, store_id) for minute in (8, 7) for store_id in STORES)
    states = {0: {MARK_KEY: encode(Mark(offset=1, partitions=1, late=late))}}
    marks = marks_of(after(states, 5))
    for number, mark in marks.items():
        assert {partition_of(store_id, 5) for _, store_id in mark.late} <= {number}
    assert sorted(pair for mark in marks.values() for pair in mark.late) == sorted(late)


def test_nothing_is_written_before_anything_was_counted() -> None:
    assert moves({}, 8) == {}
