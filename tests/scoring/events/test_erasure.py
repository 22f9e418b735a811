"""A buyer's ids are replaced wherever they are whole, by substitutes of their kind, and nothing else is touched."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.events.erasure import BuyerIds, Erasure, substitute

PERSON = "abcdefghijklmnop"
ERASURE = Erasure(
    {PERSON: "qqqqqqqqqqqqqqqq", "ORDER-1001": "erased-x", "1001": "erased-y", "1001-long": "erased-z"}
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PERSON, "qqqqqqqqqqqqqqqq"),
        (f"~{PERSON}", "~qqqqqqqqqqqqqqqq"),
        (f'{{"buyer":"{PERSON}"}}', '{"buyer":"qqqqqqqqqqqqqqqq"}'),
        ("o shop ORDER-1001", "o shop erased-x"),
        ("1001-long, ORDER-1001", "erased-z, erased-x"),
        ("order ORDER-10012 is another", "order ORDER-10012 is another"),
        (f"{PERSON}x", f"{PERSON}x"),
        ('{"order_id": "1001","amount":"1001"}', '{"order_id": "erased-y","amount":"1001"}'),
        ("in 1001 words", "in 1001 words"),
        (r'{"memo":"see\nORDER-1001\u5355ORDER-1001"}', r'{"memo":"see\nerased-x\u5355erased-x"}'),
        ("/thanks?o=a%20ORDER-1001%26", "/thanks?o=a%20erased-x%26"),
    ],
)
def test_an_id_is_replaced_where_it_is_whole_and_a_short_one_where_it_is_an_id(
    text: str, expected: str
) -> None:
    assert ERASURE.in_text(text) == expected


def test_a_field_that_is_an_id_is_replaced_however_short_it_is() -> None:
    row = {
        "order_id": "1001",
        "amount": "1001",
        "attributes": {"memo": "see ORDER-1001"},
        "signs": ["1001"],
        "n": 1001,
    }
    assert {name: ERASURE.in_value(name, value) for name, value in row.items()} == {
        "order_id": "erased-y", "amount": "1001", "attributes": {"memo": "see erased-x"}, "signs": ["1001"], "n": 1001,
    }  # fmt: skip


@given(st.binary(max_size=200))
def test_bytes_that_hold_no_id_stay_as_they_are(content: bytes) -> None:
    assert ERASURE.in_bytes(content) == content or b"ORDER-1001" in content or PERSON.encode() in content


@given(st.text('ab1 _-{}":,', max_size=30), st.text('ab1 _-{}":,', max_size=30))
def test_an_id_between_edges_is_gone_whatever_is_around_it(before: str, after: str) -> None:
    edged = re.sub("[A-Za-z0-9_]+$", "", before) + "ORDER-1001" + re.sub("^[A-Za-z0-9_]+", "", after)
    assert "ORDER-1001" not in ERASURE.in_text(edged)


def test_a_substitute_is_of_the_kind_of_what_it_replaces() -> None:
    drawn = bytes(range(16))
    assert re.fullmatch("[a-z2-7]{16}", substitute(PERSON, lambda _: drawn))
    assert substitute("ORDER-1001", lambda _: drawn) == f"erased-{substitute(PERSON, lambda _: drawn)}"


def test_what_others_ordered_is_left_out_of_what_a_page_of_orders_held() -> None:
    page = {"orders": [{"order_id": "1001", "n": 1}, {"order_id": "2002", "n": 2}], "next": "x"}
    assert ERASURE.cut_to_own(page) == {"orders": [{"order_id": "1001", "n": 1}], "next": "x"}


def test_a_buyers_ids_are_those_of_their_devices_and_of_nobody_else() -> None:
    records = [
        {"store_id": "shop", "buyer": "anna", "visitor": "phone", "order_id": "A1", "event_id": "e1"},
        {"store_id": "shop", "visitor": "phone", "session": "s1", "event_id": "e2"},
        {"store_id": "shop", "buyer": "berta", "visitor": "phone", "order_id": "B1", "event_id": "e3"},
        {"store_id": "other", "buyer": "anna", "order_id": "X1", "event_id": "e4"},
        {"store_id": "shop", "buyer": "anna", "order_id": "A1", "event_id": "e5"},
        {"store_id": "shop", "session": "s1", "event_id": "e6"},
        {"store_id": "shop", "session": "s2", "event_id": "e7"},
    ]
    ids = BuyerIds("shop", ["anna"])
    for take in (ids.take_devices, ids.take, ids.take_nameless):
        for record in records:
            take(record)
    assert ids.people == {"anna", "phone"}
    assert ids.all == {"anna", "phone", "s1", "A1", "e1", "e2", "e5", "e6"}
    for store, sent in (
        ("shop", {"buyer": "~anna", "order_id": "A2", "event_id": "e8", "store_id": "other", "amount": 1}),
        ("shop", {"buyer": "~berta", "visitor": "~phone", "event_id": "e9"}),
        ("other", {"buyer": "~anna", "event_id": "e10"}),
        ("shop", ["~anna"]),
    ):
        ids.take_letter(store, json.dumps(sent))
    ids.take_letter("shop", '{"buyer":"~anna","event_id":"cut sh')
    assert ids.others == {"A1", "e1", "e2", "e5", "e6", "A2", "e8"}


@pytest.mark.parametrize(
    "one", ['A "quoted" one', "back\\slash", "订单-1001号", "a&b <c>", "tab\there", "ünï/1001"]
)
def test_an_id_is_replaced_however_it_is_written(one: str) -> None:
    erasure = Erasure({one: "erased-x"})
    body = json.dumps({"note": one})
    written = [
        one,
        body,
        json.dumps(body),
        json.dumps({"n": one}, ensure_ascii=False),
        json.dumps({"body": body}),
    ]
    written += [f"https://shop/?o={quote(one)}&", f"https://shop/?o={quote(one, safe='')}&", html.escape(one)]
    assert [erasure.in_text(text).count("erased-x") for text in written] == [1] * len(written)
    assert json.loads(json.loads(erasure.in_text(json.dumps(body)))) == {"note": "erased-x"}


def test_thousands_of_ids_are_looked_for_at_once_and_the_longest_is_taken() -> None:
    ids = {f"ORDER-{number}": f"erased-{number}" for number in range(1_000, 6_000)} | {
        "ORDER-1000-2": "erased-second"
    }
    erasure = Erasure(ids)
    text = " ".join(ids)
    assert erasure.in_text(text) == " ".join(ids.values())
    assert erasure.in_text("ORDER-10000 and ORDER-1000-20") == "ORDER-10000 and erased-1000-20"


def test_json_stays_json() -> None:
    sent = {"order_id": "ORDER-1001", "note": f'"{PERSON}"', "zh": "订单 ORDER-1001。"}
    assert json.loads(ERASURE.in_text(json.dumps(sent, ensure_ascii=False)))["zh"] == "订单 erased-x。"


def test_another_stores_order_of_the_same_number_is_left_alone() -> None:
    erasure = Erasure({"ORDER-1001": "erased-x", "7": "erased-y"}, "shop")
    for own in (b'{"store_id":"shop","order_id":"ORDER-1001"}', b'{"body":"ORDER-1001"}'):
        assert b"erased-x" in erasure.in_record(own)
    other = b'{"store_id":"shop-2","order_id":"ORDER-1001"}'
    assert erasure.in_record(other) == other
    keys = b'["o shop ORDER-1001","o shop 7","o shop-2 ORDER-1001","p shop 71","?[\\"o shop 7\\",null]"]'
    assert erasure.in_order_keys(keys) == (
        b'["o shop erased-x","o shop erased-y","o shop-2 ORDER-1001","p shop 71","?[\\"o shop erased-y\\",null]"]'
    )
