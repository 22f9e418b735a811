"""A beacon's body: its key is read whatever its events hold, and a bad event costs itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sources.pixel.beacon import Beacon, beacon_key, read_beacon

GOOD = b'{"type":"order","order_id":"1"}'


def beacon_of(*events: bytes, head: bytes = b'"k":"KEY","sent":1795970387009,"zone":"Asia/Tokyo"') -> bytes:
    return b"{" + head + b',"events":[' + b",".join(events) + b"]}"


def events_of(beacon: Beacon) -> list[object]:
    events: list[object] = json.loads(beacon.events.decode("utf-8", "replace"), strict=False)
    return events


def test_what_the_script_sends_is_read_as_it_is() -> None:
    beacon = read_beacon(beacon_of(GOOD, b'{"type":"click"}'))
    assert (beacon.sent_ms, beacon.zone) == (1795970387009, "Asia/Tokyo")
    assert beacon.events == b"[" + GOOD + b',{"type":"click"}]'


@pytest.mark.parametrize(
    "bad",
    [
        b'{"product":"gift \\ud83c"}',
        b'{"product":"\\udf81 gift"}',
        b'{"product":"\xf0\x9f\x8e"}',
        b'{"product":"\xff"}',
        b'{"product":NaN}',
        b'{"product":"a\tb"}',
        b'{"product":,}',
        b"[" * 5000 + b"]" * 5000,
        b"",
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_half_a_character_or_a_broken_event_costs_neither_the_key_nor_the_events_around_it(
    bad: bytes, is_first: bool
) -> None:
    body = beacon_of(*([bad, GOOD, GOOD] if is_first else [GOOD, GOOD, bad]))
    assert beacon_key(body) == "KEY"
    beacon = read_beacon(body)
    assert events_of(beacon).count(json.loads(GOOD)) == 2


@pytest.mark.parametrize("bad", [b'{"product":"a"', b'{"product" "a"}}', b'{"product":"a'])
def test_an_event_whose_end_is_not_known_costs_no_event_before_it(bad: bytes) -> None:
    beacon = read_beacon(beacon_of(GOOD, GOOD, bad))
    assert beacon_key(beacon_of(GOOD, GOOD, bad)) == "KEY"
    assert events_of(beacon)[:2] == [json.loads(GOOD)] * 2
    assert len(events_of(beacon)) == 3


@pytest.mark.parametrize(
    "head",
    [
        b'"k":"KEY","sent":1795970387009.5,"zone":"UTC"',
        b'"k":"KEY","sent":"now","zone":null',
        b'"k":"KEY","sent":1e300,"zone":7',
    ],
)
def test_a_clock_or_a_zone_that_cannot_be_read_costs_nothing(head: bytes) -> None:
    beacon = read_beacon(beacon_of(GOOD, head=head))
    assert beacon_key(beacon_of(GOOD, head=head)) == "KEY"
    assert events_of(beacon) == [json.loads(GOOD)]


def test_a_beacon_cut_on_its_way_gives_the_events_before_the_cut() -> None:
    whole = beacon_of(GOOD, GOOD, GOOD)
    beacon = read_beacon(whole[: -len(GOOD) + 4])
    assert events_of(beacon)[:2] == [json.loads(GOOD)] * 2


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_some_beacon(body: bytes) -> None:
    read_beacon(body)
    beacon_key(body)
    assert beacon_key(beacon_of(body, GOOD)) == "KEY"


def test_a_beacon_of_120000_brackets_was_looked_through_to_its_end() -> None:
    beacon = read_beacon(beacon_of(GOOD, b"[" * 120_000 + b"]" * 119_999))
    assert events_of(beacon)[0] == json.loads(GOOD)
    assert len(events_of(beacon)) == 2
