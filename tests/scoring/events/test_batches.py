"""How many events a body holds, before any is decoded: exact for what is taken, and cheap for what is not."""

from __future__ import annotations

import json

import pytest

from scoring.events.batches import MOST_VALUES, event_count

EVENT = b'{"type":"click","event_time":1}'


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b"", 1),
        (EVENT, 1),
        (b"\xef\xbb\xbf " + EVENT + b"\n", 1),
        (b"[]", 0),
        (b"[" + b",".join([EVENT] * 7) + b"]", 7),
        (b'{"events":[' + b",".join([EVENT] * 7) + b"]}", 7),
        (b"\n".join([EVENT] * 7), 7),
        (b"\r\n".join([EVENT] * 7) + b"\r\n\r\n", 7),
        (b"[" + b",".join([b"1"] * 120_000) + b"]", 120_000),
        (b'{"events":[' + b"[],[[1,2],3],{}" + b"]}", 3),
        (b'{"type":"click","events":[1,2]}', 1),
        (b'{"events":"no array"}', 1),
        (json.dumps({"type": "click", "attributes": {"a": "b"}}, indent=1).encode(), 1),
        (b"[1,2", 1),
        (b"[" * 100_000, 1),
        (b"\n" + EVENT + b"\nbroken\n", 2),
    ],
)
def test_the_events_of_every_form_of_body_are_counted(body: bytes, count: int) -> None:
    assert event_count(body) == count


def test_more_values_than_a_body_can_hold_events_of_are_counted_and_not_split() -> None:
    assert event_count(b"[[]" + b",[]" * MOST_VALUES) == MOST_VALUES + 1  # no end: it would not split
