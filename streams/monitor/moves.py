"""Which records of the monitor's changelog move when the events topic is given more partitions, and the marks that then hold.

Before it: ``repartitioning.py`` (reads the changelog, writes what is decided here). It does no input or output.

Kafka puts a store's next events into another partition when the number of partitions changes. What was counted of the store,
what its detector remembers and the orders it knows have to be there as well, or its alerts are forgotten and its
present minute is counted in two places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from streams.kafka.admin import partition_of
from streams.monitor.records import (
    MARK_KEY,
    Mark,
    Record,
    decode_counts,
    decode_key,
    decode_mark,
    decode_orders,
    encode,
)

#: a partition's changelog: key → newest value
State = Mapping[bytes, bytes]


def marks_of(states: Mapping[int, State]) -> dict[int, Mark]:
    """The marks of the partitions that have counted something."""
    return {number: decode_mark(state[MARK_KEY]) for number, state in states.items() if MARK_KEY in state}


def moves(states: Mapping[int, State], partitions: int) -> dict[int, list[Record]]:
    """What to write into each partition of the changelog so that every store is where its next events are.

    A store found in two partitions keeps, of each count, the larger one, and the memory of the partition it comes into if
    that has one.

    Args:
        states: every partition of the changelog that has records.
        partitions: how many partitions the events topic has.

    Returns:
        Partition → its records, nothing for a changelog that holds no mark: then nothing has been counted.
    """
    marks = marks_of(states)
    if not marks:
        return {}
    written: dict[int, dict[bytes, bytes | None]] = {number: {} for number in range(partitions)}
    for number, state in states.items():
        for key, value in state.items():
            _move(states, written, number, key, value)
    for number, key, orders in _copied_orders(states, partitions):
        written[number][key] = orders
    for number, mark in _new_marks(marks, partitions).items():
        written[number][MARK_KEY] = encode(mark)
    return {number: list(records.items()) for number, records in written.items()}


def _move(
    states: Mapping[int, State],
    written: dict[int, dict[bytes, bytes | None]],
    number: int,
    key: bytes,
    value: bytes,
) -> None:
    kind, *rest = decode_key(key)
    if kind not in ("c", "n", "s"):
        return
    target = partition_of(str(rest[1] if kind == "c" else rest[0]), len(written))
    if target == number:
        return
    written[number][key] = None
    known = written[target].get(key) or states.get(target, {}).get(key)
    if known is None or (kind == "c" and sum(_counts(value)) > sum(_counts(known))):
        written[target][key] = value


def _counts(value: bytes) -> list[int]:
    return decode_counts(value)[1:8]


def _copied_orders(states: Mapping[int, State], partitions: int) -> Iterator[tuple[int, bytes, bytes]]:
    """The buckets that grow: each holds orders of many stores, which are taken into the bucket of the same number.

    They stay where they were as well, until they expire: an event that was sent to a store's old partition is read there
    too, and must not count there for more than in the new one, or its minute row would win.
    """
    found: dict[tuple[int, bytes], set[str]] = {}
    for state in states.values():
        for key, value in state.items():
            if decode_key(key)[0] == "o":
                for order in decode_orders(value):
                    store_id = order.split(" ", 2)[
                        1
                    ]  # "o STORE ORDER", also in evidence: scoring/counting/duplicates.py
                    found.setdefault((partition_of(store_id, partitions), key), set()).add(order)
    for (number, key), orders in found.items():
        known = set(decode_orders(states.get(number, {}).get(key, b"[]")))
        if not orders <= known:
            yield number, key, encode(sorted(orders | known))


def _new_marks(marks: Mapping[int, Mark], partitions: int) -> dict[int, Mark]:
    """Each partition goes on where it was; ``as_of`` grows for every store, wherever it comes from.

    All have closed the same minutes from now on, those of the partition that was furthest: a minute closed twice could publish
    an alert twice, and what others had not closed yet (they stopped at the same moment) is counted, but not judged.
    """
    top = max(mark.base + mark.offset for mark in marks.values())
    clock_ms = max(mark.clock_ms for mark in marks.values())
    scored = max((mark.scored for mark in marks.values() if mark.scored is not None), default=None)
    late: dict[int, list[tuple[int, str]]] = {}
    for minute, store_id in sorted({pair for mark in marks.values() for pair in mark.late}, reverse=True):
        late.setdefault(partition_of(store_id, partitions), []).append((minute, store_id))
    made = {}
    for number in range(partitions):
        mark = marks.get(number, Mark(clock_ms=clock_ms))
        made[number] = msgspec.structs.replace(
            mark,
            base=top - mark.offset,
            scored=scored,
            late=tuple(late.get(number, ())),
            partitions=partitions,
        )
    return made
