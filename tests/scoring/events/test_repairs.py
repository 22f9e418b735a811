"""An optional field never costs its event: what is surely meant is repaired, what is not is dropped, and both are noted."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.events.amounts import read_money
from scoring.events.delivery import Delivery, StoreDefaults
from scoring.events.event import Event, RejectReason, Source
from scoring.events.notes import DETAILS, Note
from scoring.events.parsing import Batch, parse_body, parse_objects
from scoring.events.pseudonyms import Pseudonyms

NOW_MS = 1_763_863_200_000
STORES = {
    "a": StoreDefaults("shopify", "EUR"),
    "us": StoreDefaults("own_site", "USD"),
    "jp": StoreDefaults("own_site", "JPY"),
}
BASE = {"store_id": "a", "type": "order", "event_time": NOW_MS}


def delivery(source: Source = Source.PIXEL, **more: Any) -> Delivery:
    given: dict[str, Any] = {
        "received_at_ms": NOW_MS,
        "source": source,
        "stores": STORES,
        "pseudonym": Pseudonyms("key").of,
        "device_class": lambda agent: "ios",
        "fresh_id": lambda: "fresh",
    }
    return Delivery(**{**given, **more})


def parse(fields: dict[str, Any], source: Source = Source.PIXEL) -> Batch:
    return parse_body(json.dumps({**BASE, **fields}).encode(), delivery(source))


def repaired(fields: dict[str, Any], source: Source = Source.PIXEL) -> tuple[Event, dict[str, str]]:
    batch = parse(fields, source)
    assert batch.rejected == []
    (event,) = batch.events
    return event, {note.field: note.note.value for note in batch.notes}


@pytest.mark.parametrize(
    ("written", "currency", "read"),
    [
        ("€ 19,90", "EUR", "19.90"),
        ("19,90 €", "EUR", "19.90"),
        ("19.90 ", "EUR", "19.90"),
        ("1,299.00", "USD", "1299.00"),
        ("1.299,00", "EUR", "1299.00"),
        ("$1,299.00", "USD", "1299.00"),
        ("US$ 12", "USD", "12"),
        ("USD 12.50", "USD", "12.50"),
        ("12.50 usd", "USD", "12.50"),
        ("1 299,00", "EUR", "1299.00"),
        ("1\u202f299,00\u00a0€", "EUR", "1299.00"),
        ("1'299.00", "CHF", "1299.00"),
        ("1\u2019299", "CHF", "1299"),
        ("1.299.000", "VND", "1299000"),
        ("299.000₫", "VND", "299000"),
        ("¥12,800", "JPY", "12800"),
        ("¥12800", "CNY", "12800"),
        ("￥１２，８００", "JPY", "12800"),
        ("1,29,900.00", "INR", "129900.00"),
        ("₹1,29,900", "INR", "129900"),
        ("Rs. 500", "INR", "500"),
        ("129 kr.", "SEK", "129"),
        ("19,-", "EUR", "19"),
        ("1.234", "KWD", "1.234"),
        ("0,299", "EUR", "0.299"),
        ("1234,567", "EUR", "1234.567"),
        ("1 299,125", "EUR", "1299.125"),
        ("١٢٫٥٠", "EUR", "12.50"),
        (".5", "USD", "0.5"),
        ("+5", "USD", "5"),
        ("R$ 1.299,90", "BRL", "1299.90"),
        (19.9, "EUR", "19.9"),
        (0.1 + 0.2, "EUR", "0.3"),
        (1.234, "KWD", "1.234"),
        (1.299, "EUR", "1.2990"),
    ],
)
def test_money_as_shops_write_it_is_read_where_it_can_mean_one_thing_only(
    written: object, currency: str, read: str
) -> None:
    event, _ = repaired({"amount": written, "currency": currency})
    assert (event.amount, event.currency) == (read, currency)


@pytest.mark.parametrize(
    ("written", "currency", "note"),
    [
        ("1,299", "EUR", Note.AMBIGUOUS),
        ("1.299", "EUR", Note.AMBIGUOUS),
        ("1,299", "KWD", Note.AMBIGUOUS),
        ("€ 19,90", "USD", Note.CONFLICTING),
        ("12,34,5", "EUR", Note.UNREADABLE),
        ("1.29.900,00", "EUR", Note.UNREADABLE),
        ("0,299,00", "EUR", Note.UNREADABLE),
        ("1e5", "EUR", Note.UNREADABLE),
        ("free", "EUR", Note.UNREADABLE),
        ("12 ½", "EUR", Note.UNREADABLE),
        ("(12.00)", "EUR", Note.UNREADABLE),
        ("10-20", "EUR", Note.UNREADABLE),
        ("19,90 XYZ", "EUR", Note.UNREADABLE),
        ("1" * 29, "EUR", Note.UNREADABLE),
        ("-1", "EUR", Note.OUT_OF_RANGE),
        ("-€5", "EUR", Note.OUT_OF_RANGE),
        (True, "EUR", Note.UNREADABLE),
        ([], "EUR", Note.UNREADABLE),
        (1e300, "EUR", Note.UNREADABLE),
    ],
)
def test_an_amount_that_can_mean_two_things_or_none_is_dropped_and_its_order_counts(
    written: object, currency: str, note: Note
) -> None:
    event, notes = repaired({"amount": written, "currency": currency, "order_id": "1"})
    assert (event.amount, event.order_id) == ("", "1")
    assert notes == {"amount": note.value}


def test_a_server_writes_decimal_text_by_agreement() -> None:
    assert repaired({"amount": "1.299"}, Source.API)[0].amount == "1.299"
    assert repaired({"amount": "1.299"}, Source.PIXEL)[0].amount == ""
    assert repaired({"amount": "1,299"}, Source.API)[0].amount == ""
    assert repaired({"type": "refund", "amount": "-€ 1.299,00"}, Source.API)[0].amount == "-1299.00"


@pytest.mark.parametrize(
    ("store", "fields", "expected"),
    [
        ("a", {"currency": "usd"}, ("USD", "5.00")),
        ("a", {"currency": "RMB"}, ("CNY", "5.00")),
        ("a", {"currency": " EUR "}, ("EUR", "5.00")),
        ("a", {"currency": "€"}, ("EUR", "5.00")),
        ("us", {"currency": "$"}, ("USD", "5.00")),
        ("jp", {"currency": "¥"}, ("JPY", "5.00")),
        ("a", {"currency": "$"}, ("", "")),
        ("a", {"currency": "¥"}, ("", "")),
        ("a", {"currency": "GBp"}, ("", "")),
        ("a", {"currency": "quid"}, ("", "")),
        ("a", {"currency": 840}, ("", "")),
        ("us", {"amount": "$5.00"}, ("USD", "5.00")),
        ("a", {"amount": "£5.00"}, ("", "")),
        ("a", {"amount": "5.00 USD"}, ("USD", "5.00")),
        ("a", {"amount": "5,00"}, ("EUR", "5.00")),
    ],
)
def test_a_currency_that_is_not_certain_leaves_no_amount_behind(
    store: str, fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    event, notes = repaired({"store_id": store, "amount": "5.00", **fields})
    assert (event.currency, event.amount) == expected
    assert notes


@pytest.mark.parametrize(
    ("fields", "expected", "note"),
    [
        ({"campaign": "spring\nsale"}, {"campaign": "spring sale"}, "cleaned"),
        ({"product": "\n  SKU 1\n"}, {"product": "SKU 1"}, "cleaned"),
        ({"product": "gift \ud83c"}, {"product": "gift"}, "cleaned"),
        ({"product": "a\x00b"}, {"product": "a b"}, "cleaned"),
        ({"campaign": "x" * 300}, {"campaign": "x" * 256}, "cut"),
        ({"channel": 7}, {"channel": "7"}, "read"),
        ({"order_id": 1001}, {"order_id": "1001"}, "read"),
        ({"product": 1001}, {"product": "1001"}, "read"),
        ({"order_id": 2**53}, {"order_id": ""}, "out_of_range"),
        ({"order_id": 1001.5}, {"order_id": ""}, "unreadable"),
        ({"order_id": " 1001\n"}, {"order_id": "1001"}, "cleaned"),
        ({"quantity": "2"}, {"quantity": 2}, "read"),
        ({"quantity": " 2.0 "}, {"quantity": 2}, "read"),
        ({"quantity": 2.0}, {"quantity": 2}, "read"),
        ({"quantity": "1,000"}, {"quantity": 1}, "unreadable"),
        ({"quantity": 1.5}, {"quantity": 1}, "unreadable"),
        ({"quantity": -1}, {"quantity": 1}, "out_of_range"),
        ({"country": "de"}, {"country": "DE"}, "read"),
        ({"country": "Germany"}, {"country": ""}, "unreadable"),
        ({"device_class": "Desktop"}, {"device_class": "desktop"}, "read"),
        ({"device_class": "phone"}, {"device_class": ""}, "unreadable"),
        ({"attributes": {"n": 5, "b": True, "t": "a\nb"}}, {"attributes": {"n": "5", "b": "true", "t": "a b"}}, "read"),
        ({"attributes": {"o": {}, "t": "x"}}, {"attributes": {"t": "x"}}, "unreadable"),
        ({"attributes": "x"}, {"attributes": {}}, "unreadable"),
        ({"payment_method": ["card"]}, {"payment_method": ""}, "unreadable"),
    ],
)  # fmt: skip
def test_a_field_is_repaired_where_sure_and_else_dropped(
    fields: dict[str, Any], expected: dict[str, Any], note: str
) -> None:
    event, notes = repaired(fields)
    assert {name: getattr(event, name) for name in expected} == expected
    assert set(notes.values()) == {note}


def test_two_ids_never_become_one_by_a_repair() -> None:
    ids = ["o\x00", "o\x01", "o\ud83c", "o\ud83d", "o" * 129, "o" * 130]
    events = [repaired({"order_id": one})[0] for one in ids]
    assert len({event.order_id for event in events} | {event.event_id for event in events}) == 12
    assert repaired({"order_id": ids[0]})[0].order_id == events[0].order_id


def test_two_events_that_differ_in_what_is_dropped_only_stay_two_and_a_redelivery_stays_one() -> None:
    cart = {"type": "add_to_cart", "visitor": "v"}
    first, again, other = (repaired({**cart, "quantity": many})[0] for many in ("two", "two", "three"))
    assert first.event_id == again.event_id != other.event_id
    order = [repaired({"order_id": "1", "amount": amount})[0] for amount in ("?", "!")]
    assert order[0].event_id == order[1].event_id == repaired_not({"order_id": "1"}).event_id


def repaired_not(fields: dict[str, Any]) -> Event:
    event, notes = repaired(fields)
    assert notes == {}
    return event


def test_an_address_is_masked_before_a_text_is_cut() -> None:
    event, _ = repaired({"campaign": "x" * 240 + " joe@example.com and more of it " + "y" * 300})
    assert "joe" not in event.campaign
    assert event.campaign.endswith("[email] and mor"[: 256 - 241])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"type": "clack", "amount": "€ 5"}, RejectReason.UNKNOWN_TYPE),
        ({"event_time": "yesterday", "campaign": "a\nb"}, RejectReason.BAD_VALUE),
        ({"store_id": "z", "campaign": "a\nb"}, RejectReason.UNKNOWN_STORE),
        ({"odd": 1, "campaign": "a\nb"}, RejectReason.UNKNOWN_FIELD),
    ],
)
def test_what_an_event_cannot_do_without_is_not_repaired(
    fields: dict[str, Any], reason: RejectReason
) -> None:
    batch = parse(fields)
    assert [one.rejection.reason for one in batch.rejected] == [reason]
    assert batch.notes == []


def test_notes_name_their_event_and_have_a_sentence_each() -> None:
    good = {**BASE, "order_id": "1"}
    batch = parse_body(
        json.dumps([good, {**good, "order_id": 2}, {**good, "order_id": "3"}]).encode(), delivery()
    )
    assert [(note.index, note.field) for note in batch.notes] == [(1, "order_id")]
    assert set(DETAILS) == set(Note)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
OPTIONAL = [
    "event_id", "visitor", "buyer", "session", "order_id", "product", "category", "country", "device_class", "channel",
    "campaign", "payment_method", "quantity", "amount", "currency", "attributes", "user_agent",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(OPTIONAL), JSON, max_size=6), st.sampled_from(list(Source)))
def test_no_optional_field_whatever_it_holds_costs_the_event(fields: dict[str, Any], source: Source) -> None:
    record = {**BASE, **fields}
    for batch in (
        parse_body(json.dumps(record).encode(), delivery(source)),
        parse_body(json.dumps([BASE, record, 7]).encode(), delivery(source)),
        parse_objects([record], delivery(source)),
    ):
        assert [one.rejection for one in batch.rejected if b"order" in one.raw] == []
        for event in batch.events:
            assert event.amount == "" or Decimal(event.amount) is not None
            assert bool(event.currency) or not event.amount


@given(
    st.decimals(0, 10**9, places=2),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("\u202f", ","), ("'", ".")]),
    st.sampled_from(["{} €", "€{}", "EUR {}", "{}", " {} "]),
)
def test_any_amount_with_two_decimals_survives_every_way_of_writing_it(
    amount: Decimal, marks: tuple[str, str], form: str
) -> None:
    written = f"{amount:,.2f}".replace(",", "\0").replace(".", marks[1]).replace("\0", marks[0])
    money = read_money(form.format(written), "EUR", "USD", point_is_decimal=False)
    assert Decimal(money.amount) == amount
    assert money.currency == "EUR"


@given(
    st.text(st.sampled_from("0123456789., '€$-+()eE٣½\u202f"), max_size=45),
    st.sampled_from(["EUR", "JPY", "KWD", ""]),
)
def test_an_amount_that_is_read_has_the_digits_that_were_written(written: str, currency: str) -> None:
    money = read_money(written, currency, "EUR", point_is_decimal=False)
    digits = "".join(str(int(one)) for one in written if one.isdecimal())
    read = money.amount.lstrip("-").replace(".", "")
    assert read == "" or read.lstrip("0") == digits.lstrip("0") or len(digits) > 9
