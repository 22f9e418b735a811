"""How many events a body holds, before any is decoded: exact for what is taken, and cheap for what is not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.events.batches import MAX_VALUES, event_count, events_of, fields_of, other_field, split

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
        (b'["\\ud800","\\uDC00x",NaN,-Infinity]', 4),
        (b'{"events":["\\ud800",' + EVENT + b"]}", 2),
        (b'{"a":"\\ud800"}\n' + EVENT, 2),
        ("[1,2]".encode("utf-16-le"), 1),
    ],
)
def test_the_events_of_every_form_of_body_are_counted(body: bytes, count: int) -> None:
    assert event_count(body) == count


def test_more_values_than_a_body_can_hold_events_of_are_counted_and_not_split() -> None:
    assert event_count(b"[[]" + b",[]" * MAX_VALUES) == MAX_VALUES + 1  # no end: it would not split


def test_half_a_character_hid_how_many_events_a_body_holds() -> None:
    assert event_count(b"[" + b",".join([b'"\\ud800"'] * 25_000) + b"]") == 25_000


def test_what_only_a_lenient_decoder_takes_stays_in_its_record() -> None:
    records = [
        b'{"a":"\\ud83d"}',
        b"[ NaN, 1 ]",
        b'"\\\\ud800"',
        b'"NaN"',
        b'"\\ud83d\\ude00"',
        b"-Infinity",
        EVENT,
    ]
    assert split(b"[" + b" ,\n".join(records) + b"]") == records
    assert split(b"\n".join(records[:1] * 3)) == records[:1] * 3
    assert events_of(b'{"events": [ "\\ud800" ] }') == b'[ "\\ud800" ]'


def test_an_envelope_is_one_by_its_fields() -> None:
    assert events_of(b'{"events":[1]}') == b"[1]"
    assert events_of(b'{"type":"click","events":[1]}') is None
    assert events_of(b'{"more":[1]}') is None
    assert other_field(b'{"events":[1]}') is None
    assert other_field(b'{"events":["\\ud800"],"more":2}') == "more"
    wide = b"{" + b",".join(b'"k%d":1' % number for number in range(100_000)) + b',"events":[1,2]}'
    assert event_count(wide) == 2
    assert other_field(wide) == "k0"


@given(
    st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text() | st.just(float("nan")), st.lists)
)
def test_as_many_records_are_split_off_as_are_counted(value: object) -> None:
    for body in (json.dumps([value]), json.dumps([value, "\ud800"]), json.dumps([[value], value])):
        records = split(body.encode())
        assert records is not None
        assert len(records) == event_count(body.encode())
        assert [repr(json.loads(record)) for record in records] == [repr(one) for one in json.loads(body)]


def test_fields_are_found_as_they_came_whatever_is_next_to_them() -> None:
    body = b'\xef\xbb\xbf{"b":[NaN,"\\ud83d"], "a" :"1","a":"2","more":[[[1]]],"c":null}'
    assert fields_of(body, ("a", "b", "c", "d")) == {"a": b'"2"', "b": b'[NaN,"\\ud83d"]', "c": b"null"}
    assert fields_of(b"[1]", ("a",)) is None
    assert fields_of(b'{"a":1', ("a",)) is None
