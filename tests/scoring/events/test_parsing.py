"""From bytes to events: what is taken as it is, what is derived, and that nothing a sender writes can stop a batch."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.events.delivery import Delivery, StoreDefaults
from scoring.events.event import Event, EventType, RejectReason, Source
from scoring.events.parsing import Batch, parse_body, parse_lines, parse_objects
from scoring.events.personal_values import is_masked, mask_text
from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import LONGEST_PAYLOAD, mask_payload

NOW_MS = 1_763_863_200_000
PSEUDONYMS = Pseudonyms("key")
ORDER = {"store_id": "a", "type": "order", "event_time": NOW_MS, "order_id": "1"}


def delivery(**more: Any) -> Delivery:
    given: dict[str, Any] = {
        "received_at_ms": NOW_MS,
        "source": Source.API,
        "stores": {"a": StoreDefaults("shopify", "EUR"), "b": StoreDefaults("taobao", "CNY")},
        "pseudonym": PSEUDONYMS.of,
        "device_class": lambda agent: "ios",
        "fresh_id": lambda: "fresh",
    }
    return Delivery(**{**given, **more})


def parse(record: object, **more: Any) -> Batch:
    return parse_body(json.dumps(record).encode(), delivery(**more))


def event_of(record: dict[str, Any], **more: Any) -> Event:
    batch = parse({"store_id": "a", "type": "click", "event_time": NOW_MS, **record}, **more)
    assert batch.rejected == []
    (event,) = batch.events
    return event


def reason_of(record: object, **more: Any) -> RejectReason:
    (rejected_one,) = parse(record, **more).rejected
    return rejected_one.rejection.reason


def test_one_moment_written_three_ways_is_one_moment() -> None:
    ways = ["2025-11-11T20:00:00.123+08:00", "2025-11-11T12:00:00.123Z", 1_762_862_400_123]
    assert {event_of({"event_time": way}).event_time_ms for way in ways} == {1_762_862_400_123}


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2025, 11, 22)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_any_rfc3339_time_is_its_milliseconds(naive: datetime, minutes: int) -> None:
    when = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    exact = (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert event_of({"event_time": when.isoformat()}).event_time_ms == exact


def test_a_clock_five_minutes_fast_is_taken_and_more_is_not() -> None:
    assert event_of({"event_time": NOW_MS + 300_000}).event_time_ms == NOW_MS + 300_000
    late = {"store_id": "a", "type": "click", "event_time": NOW_MS + 300_001}
    assert reason_of(late) is RejectReason.TIME_IN_FUTURE
    assert event_of({"event_time": NOW_MS + 300_001}, shift_ms=-600_000).event_time_ms == NOW_MS - 299_999


def test_two_times_that_differ_are_rejected_and_two_that_agree_are_accepted() -> None:
    both = {"store_id": "a", "type": "click", "event_time": NOW_MS, "event_time_ms": NOW_MS - 1}
    assert reason_of(both) is RejectReason.BAD_VALUE
    assert event_of({"event_time_ms": NOW_MS}).event_time_ms == NOW_MS


def test_an_order_sent_twice_in_different_words_is_one_event() -> None:
    first = event_of({"type": "order", "order_id": "7", "amount": "5"})
    again = event_of(
        {"type": "order", "order_id": "7", "amount": "5.00", "event_time": NOW_MS - 5, "visitor": "v"}
    )
    payment = event_of({"type": "payment", "order_id": "7"})
    other = event_of({"type": "order", "order_id": "7", "store_id": "b"})
    assert first.event_id == again.event_id
    assert len({first.event_id, payment.event_id, other.event_id}) == 3


@pytest.mark.parametrize("written", [" 7", "7 ", "\u00a07\u3000", "  7  "])
def test_a_pages_order_id_with_blanks_around_it_counted_as_another_order(written: str) -> None:
    server, page = (
        event_of({"type": "order", "order_id": "7"}),
        event_of({"type": "order", "order_id": written}),
    )
    assert (page.order_id, page.event_id) == (server.order_id, server.event_id)
    assert event_of({"type": "payment", "order_id": written}).order_id == "7"


def test_two_shipments_of_an_order_are_two_events_and_each_redelivery_is_the_same() -> None:
    monday, tuesday = ({"type": "fulfilment", "order_id": "7", "event_time": NOW_MS - day} for day in (2, 1))
    assert event_of(monday).event_id == event_of(monday).event_id != event_of(tuesday).event_id


def test_an_event_of_nobody_gets_a_fresh_id() -> None:
    assert event_of({}).event_id == "fresh"
    assert event_of({"visitor": "v"}).event_id.startswith("n-")


def test_the_same_id_twice_in_a_request_is_taken_once() -> None:
    one = {"store_id": "a", "type": "click", "event_time": NOW_MS, "event_id": "x"}
    batch = parse([one, one, {**one, "event_id": "y"}])
    assert ([event.event_id for event in batch.events], batch.duplicates) == (["x", "y"], 1)


def test_the_store_gives_platform_currency_and_its_own_name_where_there_is_but_one() -> None:
    event = event_of({"type": "order", "amount": "9.90"})
    assert (event.platform, event.currency, event.amount) == ("shopify", "EUR", "9.90")
    alone = {"type": "click", "event_time": NOW_MS}
    assert parse(alone, stores={"b": StoreDefaults("taobao", "CNY")}).events[0].store_id == "b"
    assert reason_of(alone) is RejectReason.MISSING_FIELD


def test_device_and_country_said_go_before_those_derived() -> None:
    assert event_of({"user_agent": "iPhone"}).device_class == "ios"
    assert event_of({"user_agent": "iPhone", "device_class": "desktop"}).device_class == "desktop"
    assert event_of({}, user_agent="iPhone", country="DE").country == "DE"
    assert event_of({"country": "CN"}, country="DE").country == "CN"


@pytest.mark.parametrize("amount", ["0", "12.50", "1" * 28 + "." + "9" * 9, 7, "007"])
def test_money_that_is_decimal_is_kept_as_it_was_written(amount: object) -> None:
    assert event_of({"type": "order", "amount": amount}).amount == str(amount)


@pytest.mark.parametrize("amount", ["1e3", "NaN", "1" * 29, "1." + "1" * 10])
def test_money_that_is_not_is_unknown_and_the_order_counts(amount: str) -> None:
    assert event_of({"type": "order", "amount": amount}).amount == ""


def test_personal_data_in_free_fields_is_masked() -> None:
    event = event_of(
        {
            "campaign": "for joe@example.com",
            "attributes": {"email": "x", "note": "tel +86 138 1234 5678", "name": "LCP"},
        }
    )
    assert event.campaign == "for [email]"
    assert event.attributes == {"email": "[removed]", "note": "tel [phone]", "name": "LCP"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["type", "store_id", "event_time", "visitor", "amount", "quantity", "attributes", "odd"]
)
ODD = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from([*EventType]) | JSON,
        "store_id": st.just("a") | JSON,
        "event_time": st.just(NOW_MS) | JSON,
    },
).flatmap(lambda start: st.dictionaries(FIELDS, JSON, max_size=3).map(lambda more: {**more, **start}))


@given(st.lists(ODD | JSON, max_size=6), st.integers(0, 6))
def test_whatever_surrounds_it_a_good_event_is_accepted_and_every_other_has_a_reason(
    others: list[Any], place: int
) -> None:
    good = {"store_id": "a", "type": "click", "event_time": NOW_MS, "event_id": "good", "visitor": "v"}
    records = [*others[:place], good, *others[place:]]
    body = json.dumps(records).encode()
    batch = parse_body(body, delivery())
    assert "good" in {event.event_id for event in batch.events}
    assert batch.total == len(records)
    assert all(one.rejection.detail for one in batch.rejected)
    lines = parse_lines([json.dumps(record).encode() for record in records], delivery())
    assert [event.event_id for event in lines.events] == [event.event_id for event in batch.events]


@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_answered(body: bytes) -> None:
    batch = parse_body(body, delivery())
    assert batch.total >= 1 or body.strip() in (b"[]", b'{"events":[]}')


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from([one.value for one in EventType]), "event_time": st.integers(NOW_MS - 10**9, NOW_MS)},
        optional={
            "event_id": TEXT, "visitor": TEXT, "order_id": TEXT, "product": TEXT, "quantity": st.integers(0, 9),
            "attributes": st.dictionaries(TEXT.filter(bool), TEXT, max_size=3),
        },
    )
)  # fmt: skip
def test_the_fast_and_the_slow_way_agree_and_the_event_survives_its_trip_through_kafka(
    record: dict[str, Any],
) -> None:
    record = {"store_id": "a", **record}
    fast = parse_body(json.dumps(record).encode(), delivery())
    slow = parse_body(json.dumps([record, 7]).encode(), delivery())
    objects = parse_objects([record], delivery())
    assert fast.rejected == objects.rejected == []
    assert fast.events == slow.events == objects.events
    (event,) = fast.events
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
    assert event.visitor != record.get("visitor") or not event.visitor


def test_a_pseudonym_depends_on_key_store_and_id_alone() -> None:
    assert PSEUDONYMS.of("a", "joe") == Pseudonyms("key").of("a", "joe")
    made = {
        PSEUDONYMS.of("a", "joe"),
        PSEUDONYMS.of("b", "joe"),
        PSEUDONYMS.of("a", "jim"),
        Pseudonyms("k").of("a", "joe"),
    }
    assert len(made) == 4
    assert PSEUDONYMS.of("a", PSEUDONYMS.marked("a", "joe")) == PSEUDONYMS.of("a", "joe")
    assert PSEUDONYMS.of("a", "") == ""


def test_a_kept_payload_holds_no_personal_data_but_still_the_orders_id() -> None:
    raw = json.dumps(
        {
            "order_id": "1234567890123456789", "event_time": NOW_MS, "visitor": "joe", "email": "joe@example.com",
            "Phone-Number": "13812345678", "x": "joe@example.com 13812345678 10.1.2.3 6222020200112233445 fe80::1:2:3:4",
            "ua": "Mozilla/5.0 (X11)", "address": {"city": "Jena", "lines": "Am Markt 1"}, "at": "12:30:45", "amount": "12.50",
        }
    ).encode()  # fmt: skip
    text, cut = mask_payload(raw, lambda plain: PSEUDONYMS.marked("a", plain))
    assert not cut
    kept = json.loads(text)
    assert (kept["order_id"], kept["event_time"], kept["amount"]) == ("1234567890123456789", NOW_MS, "12.50")
    assert kept["x"] == "[email] [phone] [address] [digits] [address]"
    assert kept["email"] == kept["Phone-Number"] == kept["ua"] == "[removed]"
    assert (kept["address"], kept["at"]) == ("[removed]", "12:30:45")
    assert kept["visitor"] == PSEUDONYMS.marked("a", "joe")
    assert is_masked(text)


def test_addresses_appeared_in_ids_and_words_of_events() -> None:
    written = {
        "event_id": "e joe@example.org", "order_id": "203.0.113.77-1", "product": "2001:db8::1", "channel": "203.0.113.77",
        "category": "at 2001:db8:1:2:3:4:5:6", "attributes": {"joe@example.org": "1", "visitor": "joe"},
    }  # fmt: skip
    event, again = event_of({**ORDER, **written}), event_of({**ORDER, **written})
    other = event_of({**ORDER, **written, "order_id": "203.0.113.78-1"})
    kept = msgspec.json.encode(event)
    assert not any(reported in kept for reported in (b"joe", b"203.0", b"2001"))
    assert (event.event_id, event.order_id) == (again.event_id, again.order_id)
    assert event.order_id != other.order_id


@pytest.mark.parametrize(
    "raw",
    [
        '{"visi\\u0074or":"joe-4711","type":"x"}',
        '{"visitor":["joe-4711"]}',
        '{"visitor":{"id":"joe-4711"}}',
        '{"Visitor":"joe-4711","customerId":"joe-4711"}',
        '{"note":"joe-4711\\u0040example.org"}',
        '{"type":"to joe-4711@example.org","k":"joe-4711"}',
        "type=order&visitor=joe-4711&amount=3",
        '{"product":"seen from 203.0.113.77"}',
        '{"agent":"Dalvik/2.1.0 (Linux; U; joe-4711)"}',
    ],
)
def test_personal_data_hid_in_escapes_nests_other_names_and_forms(raw: str) -> None:
    kept, _ = mask_payload(raw.encode(), lambda plain: "~p")
    assert "4711" not in kept
    assert "203.0.113" not in kept


@pytest.mark.parametrize("field", ["type", "store_id", "event_time", "joe@example.org"])
def test_a_rejection_repeated_the_address_that_a_sender_had_written(field: str) -> None:
    for text in ("joe@example.org", "at 203.0.113.77"):
        (rejected_one,) = parse({**ORDER, field: text}).rejected
        assert "example.org" not in rejected_one.rejection.detail + rejected_one.rejection.field
        assert "203.0" not in rejected_one.rejection.detail


def test_the_byte_that_is_not_utf8_was_counted_from_its_text_not_from_the_event() -> None:
    body = json.dumps({**ORDER, "product": "x"}).encode().replace(b'"x"', b'"\xff"')
    (rejected_one,) = parse_body(body, delivery()).rejected
    at = body.index(b"\xff")
    assert f"byte {at} " in rejected_one.rejection.detail


@given(st.binary(max_size=5000))
def test_a_kept_payload_is_short_printable_text(raw: bytes) -> None:
    text, _ = mask_payload(raw, lambda plain: "~p")
    assert len(text.encode()) <= LONGEST_PAYLOAD
    assert "\x00" not in text


@pytest.mark.parametrize("raw", [b"\\u0000\\e@e", b'{"a":"\\u0000 x@y.com", ', b"a\x00b@c.com"])
def test_an_escaped_nul_came_back_in_what_is_kept_of_half_a_record(raw: bytes) -> None:
    assert "\x00" not in mask_payload(raw, lambda plain: "~p")[0]


@given(st.emails())
def test_no_email_survives(address: str) -> None:
    plain = all(letter.isalnum() or letter in "@.-_+" for letter in address)
    assert (address not in mask_text(f"to {address} now")) or not plain


@pytest.mark.parametrize("source", [Source.API, Source.WEBHOOK, Source.REPLAY])
@pytest.mark.parametrize("given", ["a-1", "pixel:a-1", "server:a-1", "server:pixel:a-1", "n-1", ""])
def test_no_id_of_a_page_is_ever_the_id_of_a_trusted_door(source: Source, given: str) -> None:
    claims = [given, given.removeprefix("pixel:"), given.removeprefix("server:"), f"pixel:{given}"]
    record = {"type": "order", "order_id": "1001", "event_id": given}
    trusted = event_of(record, source=source).event_id
    pages = {event_of({**record, "event_id": claim}, source=Source.PIXEL).event_id for claim in claims}
    assert trusted not in pages
    assert all(one.startswith("pixel:") for one in pages)


def test_ids_of_trusted_doors_stay_as_they_were_and_stay_apart() -> None:
    given = ["a-1", "pixel:a-1", "server:a-1", "server:pixel:a-1"]
    known = [event_of({"event_id": one}).event_id for one in given]
    assert known[0] == "a-1"
    assert len(set(known)) == len(given)


def test_an_address_in_a_pages_id_took_it_out_of_the_pages_space() -> None:
    assert event_of({"event_id": "a@b.example"}, source=Source.PIXEL).event_id.startswith("pixel:")


def test_a_page_rewrote_history_back_to_the_year_2000() -> None:
    record = {"store_id": "a", "type": "click", "event_time": NOW_MS - 25 * 3_600_000}
    bound = NOW_MS - 24 * 3_600_000
    (rejected,) = parse(record, source=Source.PIXEL, oldest_ms=bound).rejected
    assert rejected.rejection.reason is RejectReason.TIME_TOO_OLD
    assert "25.0 hours old" in rejected.rejection.detail
    assert parse({**record, "event_time": bound}, source=Source.PIXEL, oldest_ms=bound).rejected == []
    assert parse(record).rejected == []


def test_a_body_in_utf16_was_taken_and_its_events_were_not_counted() -> None:
    (rejected_one,) = parse_body(json.dumps([ORDER, ORDER]).encode("utf-16-le"), delivery()).rejected
    assert rejected_one.rejection.reason is RejectReason.BROKEN_JSON


def test_a_large_body_is_parsed_as_a_small_one_is() -> None:
    records = [{**ORDER, "order_id": f"o{number}", "event_id": f"e{number}"} for number in range(3000)]
    records[7] = {**records[7], "type": "purchse"}
    records[9] = {**records[9], "campaign": "\ud83d"}
    for body in (json.dumps(records), json.dumps({"events": records}), "\n".join(map(json.dumps, records))):
        assert len(body) > 262_144
        batch = parse_body(body.encode(), delivery())
        assert [one.index for one in batch.rejected] == [7]
        assert [event.event_id for event in batch.events] == [
            f"e{number}" for number in range(3000) if number != 7
        ]
        assert [note.index for note in batch.notes] == [9]


def test_a_large_body_that_breaks_off_says_where() -> None:
    body = json.dumps([ORDER] * 6000).encode()
    (rejected_one,) = parse_body(body[:-1] + b"}", delivery()).rejected
    assert rejected_one.rejection.reason is RejectReason.BROKEN_JSON
    assert f"byte {len(body) - 1}" in rejected_one.rejection.detail


@pytest.mark.parametrize(
    "kind", [('"x"', "text"), ("1", "a number"), ("true", "a boolean"), ("null", "null"), ("{}", "an object")]
)
def test_events_that_are_not_an_array_are_named(kind: tuple[str, str]) -> None:
    (rejected_one,) = parse_body(f'{{"events":{kind[0]}}}'.encode(), delivery()).rejected
    assert rejected_one.rejection.detail == f"`events` must be an array, got {kind[1]}"


@pytest.mark.parametrize("record", ['{"\\ud80e":1}', '{"type":"\\udc00"}'])
def test_a_rejection_that_quoted_half_a_character_was_answered_500(record: str) -> None:
    (rejected_one,) = parse_body(record.encode(), delivery()).rejected
    assert "\\ud" in (rejected_one.rejection.detail + rejected_one.rejection.field).encode().decode()
