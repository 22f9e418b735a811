"""Personal data of every kind, planted in every text field of events and of rejected records; and what only looks like it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scoring.events import personal_values
from scoring.events.delivery import Delivery, StoreDefaults
from scoring.events.event import Event, Source
from scoring.events.parsing import parse_body
from scoring.events.personal_names import is_personal, is_persons_id
from scoring.events.personal_numbers import _IBAN_LENGTHS
from scoring.events.personal_values import REMOVED, is_plain_id, mask_id, mask_label, mask_log, mask_text
from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import LONGEST_TEXT, mask_document, mask_payload
from scoring.events.rejections import explain
from tests.fixtures.growth import growth
from tests.scoring.events.personal_kinds import (
    BEHIND_NAMES,
    KEPT_IDS,
    KEPT_LABELS,
    KEPT_NAMES,
    LIKE_IDS,
    NAMES,
    VALUES,
)

NOW_MS = 1_763_863_200_000
PSEUDONYMS = Pseudonyms("key")
DELIVERY = Delivery(
    received_at_ms=NOW_MS,
    source=Source.API,
    stores={"a": StoreDefaults("shopify", "EUR")},
    pseudonym=PSEUDONYMS.of,
    device_class=lambda agent: "ios",
    fresh_id=lambda: "fresh",
)
EVENT = {"store_id": "a", "type": "order", "event_time": NOW_MS, "order_id": "10001", "amount": "12.50", "visitor": "v-1"}  # fmt: skip
IN_IDS = [value for value in VALUES if value not in LIKE_IDS]
IN_LABELS = [value for value in VALUES if value not in LIKE_IDS or not value.isdigit()]


def trace(value: str) -> str:
    """The part of a planted value that must not be found: its longest run with a digit or a planted word, else all of it."""
    runs = re.findall(r"[^\W_]+", value)
    traces = [run for run in runs if len(run) > 3 and (any(one.isdigit() for one in run) or "zq" in run)]
    return max([*traces, ""], key=len) or value


def taken(**fields: Any) -> Event:
    body = json.dumps([{**EVENT, **fields}], ensure_ascii=False).encode()
    (event,) = parse_body(body, DELIVERY).events
    return event


def letter(record: object) -> str:
    body = json.dumps(record).encode()
    return mask_payload(body, lambda raw: PSEUDONYMS.marked("a", raw))[0]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_in_words_is_masked_though_the_body_holds_nothing_else(value: str) -> None:
    event = taken(
        channel=value[:64],
        payment_method=value[:64],
        attributes={"note": f"see {value} today", value[:64]: "x"},
    )
    kept = msgspec.json.encode(event).decode()
    assert trace(value[:64]) not in kept


@pytest.mark.parametrize("value", IN_LABELS)
def test_a_value_in_a_campaign_or_a_category_is_masked(value: str) -> None:
    event = taken(campaign=value, category=value)
    assert trace(value) not in event.campaign + event.category


@pytest.mark.parametrize("value", IN_IDS)
def test_a_value_in_an_id_becomes_a_pseudonym_so_that_orders_stay_apart(value: str) -> None:
    event = taken(order_id=value, product=value, event_id=value)
    assert event.order_id == event.product == event.event_id == PSEUDONYMS.of("a", value)


FIELDS = ("event_id", "order_id", "product", "store_id", "type", "event_time", "campaign", "channel", "odd", "nest")  # fmt: skip


@pytest.mark.parametrize("value", IN_IDS)
def test_a_rejected_record_keeps_it_in_no_field(value: str) -> None:
    for field in FIELDS:
        record = {**EVENT, "odd": 1, field: {"deep": [{"deeper": value}]} if field == "nest" else value}
        (rejected,) = parse_body(json.dumps(record).encode(), DELIVERY).rejected
        assert trace(value) not in rejected.rejection.detail + rejected.rejection.field, field
        assert trace(value) not in letter(record), field
        assert trace(value) not in letter([record]), field


REJECTED = ("device_class", "currency", "country", "amount", "quantity", "attributes", "unknown")


@pytest.mark.parametrize("value", VALUES)
def test_an_explanation_quoted_the_value_that_it_rejected(value: str) -> None:
    for field in REJECTED:
        if field == "amount" and value.isdigit():
            continue  # it is one
        record = {**EVENT, field: value}
        assert trace(value) not in explain(record, ValueError(value)).detail, field
        batch = parse_body(json.dumps(record).encode(), DELIVERY)
        details = [one.rejection.detail for one in batch.rejected] + [repr(note) for note in batch.notes]
        assert trace(value) not in " ".join(details), field


def test_numbers_in_explanations_were_the_senders_own() -> None:
    for field in ("quantity", "event_time_ms", "amount"):
        assert "1381234567" not in explain({**EVENT, field: 13812345671.5}, ValueError("")).detail


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_language_says_that_the_value_is_personal(name: str) -> None:
    assert is_personal(name) or is_persons_id(name)
    event = taken(attributes={name[:64]: "Zq Wang, Am Markt 1"})
    assert "Zq" not in msgspec.json.encode(event).decode()
    for value in ("Zq Wang", ["Zq Wang"], {"a": {"b": ["Zq Wang"]}}, 4711_0815):
        for record in ({**EVENT, name: value}, {"order": {name: value}}, [{"rows": [{name: value}]}]):
            kept = letter(record)
            assert "Zq" not in kept
            assert "47110815" not in kept


@pytest.mark.parametrize("name", NAMES)
def test_a_record_that_is_not_json_is_masked_by_names_too(name: str) -> None:
    plain = name.replace('"', "")
    broken = json.dumps({plain: "Zq Wang", "x": 1})[:-1]
    assert "Zq" not in mask_payload(broken.encode(), lambda raw: "~p")[0]
    cut_short = json.dumps({"pad": "y" * 1500, plain: "Zq Wang", "more": "z" * 70_000})
    assert "Zq" not in mask_payload(cut_short.encode(), lambda raw: "~p")[0]


@pytest.mark.parametrize("name", KEPT_NAMES)
def test_names_of_things_are_not_names_of_people(name: str) -> None:
    assert not is_personal(name)
    assert not is_persons_id(name)


@pytest.mark.parametrize("value", KEPT_IDS)
def test_order_numbers_skus_and_times_are_kept(value: str) -> None:
    assert mask_id(value) == value
    event = taken(
        order_id=value,
        product=value,
        event_id=value,
        campaign=value,
        attributes={"gift_code": value, "placed_at": value},
    )
    assert (event.order_id, event.product, event.event_id, event.campaign) == (value,) * 4
    assert event.attributes == {"gift_code": value, "placed_at": value}
    record = {**EVENT, "order_id": value, "odd_id": value, "orderNumber": value, "sku": value}
    assert json.loads(letter(record)) | {"visitor": "v-1"} == record


@pytest.mark.parametrize("value", KEPT_LABELS)
def test_campaigns_with_digits_are_kept(value: str) -> None:
    assert mask_label(value) == value
    assert taken(campaign=value, category=value).campaign == value


@pytest.mark.parametrize(
    "amount", ["12.50", "1299", "13812345671", "650000000", "4155552671", "25000000000.00", "-3"]
)
def test_amounts_are_kept(amount: str) -> None:
    record = {**EVENT, "amount": amount, "totalPrice": amount, "odd": 1}
    kept = json.loads(letter(record))
    assert (kept["amount"], kept["totalPrice"]) == (amount, amount)


def test_a_record_is_kept_as_it_was_written_but_for_what_is_masked() -> None:
    raw = '{"type":"order","event_time":1763863200000,"amount":12.50,"big_id":12345678901234567890123,"e":1E400,"a":[true,null],"a":2,"t":"\\ud800 \\u0007"}'
    kept, cut = mask_payload(raw.encode(), lambda plain: "~p")
    assert not cut
    assert kept == raw


def test_a_pair_of_name_and_value_hides_its_value() -> None:
    kept = letter(
        {"note_attributes": [{"name": "收货人", "value": "Zq Wang"}, {"name": "gift", "value": "yes"}]}
    )
    assert "Zq" not in kept
    assert "yes" in kept


def test_a_query_of_an_address_is_masked_by_its_names() -> None:
    page = "https://shop.example/thanks?name=Zq+Wang&email=zq%40leaky.example&order=1001&utm_campaign=120208123456780123"
    event = taken(attributes={"page": page})
    assert "Zq" not in event.attributes["page"]
    assert "zq" not in event.attributes["page"]
    assert event.attributes["page"].endswith("&order=1001&utm_campaign=120208123456780123")


@pytest.mark.parametrize("value", BEHIND_NAMES)
def test_a_name_behind_its_label_was_kept_in_words(value: str) -> None:
    assert trace(value) not in taken(attributes={"note": value}).attributes["note"]


def test_a_document_in_an_attribute_was_looked_at_by_its_values_alone() -> None:
    cart = '{"name":"Zq Wang","sku":"A-1","qty":2,"address":{"street":"Zq 1"},"line":"x"}'
    kept = taken(attributes={"cart": cart}).attributes["cart"]
    assert "Zq" not in kept
    assert json.loads(kept)["sku"] == "A-1"


def test_what_is_random_is_not_a_persons_number() -> None:
    for value in ("9a1bd8c0-0123-4567-8901-4111111111111111"[:36], "0912345678901234567890123456789f"):
        assert mask_text(value) == mask_id(value) == value
        assert is_plain_id(value)


@given(
    st.lists(st.sampled_from([*VALUES, *KEPT_LABELS, " ", ", ", "x", "1", "-", "."]), max_size=4).map("".join)
)
def test_the_looks_that_spare_searches_find_what_the_searches_find(text: str) -> None:
    open_wide = tuple(group._replace(signs=("",), digits=0, gate=None) for group in personal_values._IN_TEXT)
    spared = personal_values._masked(text, personal_values._IN_TEXT)
    assert spared == personal_values._masked(text, open_wide)


def test_a_measurement_keeps_its_name_and_a_person_does_not() -> None:
    assert taken(attributes={"name": "LCP"}).attributes == {"name": "LCP"}
    assert taken(attributes={"name": "王小明"}).attributes == {"name": "[removed]"}
    assert taken(attributes={"name": "Zq Wang"}).attributes == {"name": "[removed]"}


@given(
    st.text(max_size=60)
    | st.from_regex(r"[0-9A-Za-z.:@+\-/ ]{0,40}", fullmatch=True)
    | st.lists(st.sampled_from([*"0123456789-./", "86", "0086", "89", "13"]), min_size=7).map("".join)
)
@example("89267691641")
@example("8610912345678")
@example("86-0912345678")
def test_the_fast_look_at_an_id_never_passes_what_the_masks_would_change(text: str) -> None:
    assert not is_plain_id(text) or mask_id(text) == text


@given(st.text(max_size=80))
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


def test_a_log_keeps_the_addresses_of_machines_and_loses_those_of_people() -> None:
    assert (
        mask_log("127.0.0.1:9092 refused the connection: zq@leaky.example, +86 138 1234 5671")
        == "127.0.0.1:9092 refused the connection: [email], [phone]"
    )


def test_guests_whose_id_is_0_were_one_buyer() -> None:
    kept = mask_document(b'{"customer_id": 0, "buyer": "0", "user_id": 10}', lambda raw: f"~{raw}")
    assert json.loads(kept) == {"customer_id": 0, "buyer": "0", "user_id": "~10"}


def test_where_the_sender_s_fields_are_known_only_those_named_are_kept() -> None:
    content = {
        "id": 7, "total": "9.50", "remark": "ring twice at Ada's", "seen_by": [{"x": "Ada"}], "is_test": False, "gone": None,
        "customer": {"id": 12, "first_name": "Ada"}, "lines": [{"sku": "L-1", "engraving": "Ada"}],
    }  # fmt: skip
    kept = mask_document(
        json.dumps(content).encode(),
        lambda raw: f"~{raw}",
        people=("customer.id",),
        only=("id", "total", "customer", "lines", "sku"),
    )
    assert "Ada" not in kept
    assert json.loads(kept) == {
        "id": 7, "total": "9.50", "remark": REMOVED, "seen_by": REMOVED, "is_test": False, "gone": None,
        "customer": {"id": "~12"}, "lines": [{"sku": "L-1", "engraving": REMOVED}],
    }  # fmt: skip
    assert mask_document(b"dear Ada, your parcel", str, only=("id",)) == REMOVED


@pytest.mark.parametrize("piece", ['"a":{', "=1", "1 ", "call 13812345671 ", "9"])
def test_a_document_of_one_long_text_held_the_door_while_it_was_searched(piece: str) -> None:
    """A pattern is searched in one piece, in which no other thread has its turn, so a text that is searched has a longest."""
    long = piece * (700_000 // len(piece))
    for sent in ({"note": long}, {"order_id": long}, {long: 1}, [long], long):
        body = sent if isinstance(sent, str) else json.dumps(sent)
        kept = mask_document(body.encode(), lambda raw: "~p")
        assert len(kept) < 3 * LONGEST_TEXT
        assert "13812345671" not in kept


def test_a_number_that_a_cut_went_through_was_kept_in_part() -> None:
    for shift in range(40):
        text = "x" * (LONGEST_TEXT - 20 + shift) + " call 13812345671 " + "x " * 5000
        (kept,) = json.loads(mask_document(json.dumps([text]).encode(), lambda raw: "~p"))
        assert not [part for part in ("13812", "45671", "2345") if part in kept]


#: the examples of the registry of ISO 13616
IBANS = [
    "AD1200012030200359100100",
    "AE070331234567890123456",
    "AT611904300234573201",
    "BE68539007547034",
    "BG80BNBG96611020345678",
    "BR1800360305000010009795493C1",
    "CH9300762011623852957",
    "CY17002001280000001200527600",
    "CZ6508000000192000145399",
    "DE89370400440532013000",
    "DK5000400440116243",
    "EG380019000500000000263180002",
    "EE382200221020145685",
    "ES9121000418450200051332",
    "FI2112345600000785",
    "FR1420041010050500013M02606",
    "GB29NWBK60161331926819",
    "GR1601101250000000012300695",
    "HR1210010051863000160",
    "HU42117730161111101800000000",
    "IE29AIBK93115212345678",
    "IL620108000000099999999",
    "IT60X0542811101000000123456",
    "JO94CBJO0010000000000131000302",
    "KW81CBKU0000000000001234560101",
    "LB62099900000001001901229114",
    "LI21088100002324013AA",
    "LT121000011101001000",
    "LU280019400644750000",
    "LV80BANK0000435195001",
    "MT84MALT011000012345MTLCAST001S",
    "NL91ABNA0417164300",
    "NO9386011117947",
    "PL61109010140000071219812874",
    "PT50000201231234567890154",
    "QA58DOHB00001234567890ABCDEFG",
    "RO49AAAA1B31007593840000",
    "RS35260005601001611379",
    "SA0380000000608010167519",
    "SE4550000000058398257466",
    "SI56263300012039086",
    "SK3112000000198742637541",
    "TR330006100519786457841326",
    "UA213996220000026007233566001",
]


@pytest.mark.parametrize("number", IBANS)
def test_an_account_in_small_letters_is_known_by_its_countrys_length(number: str) -> None:
    assert number.lower() not in mask_text(f"pay to {number.lower()} please")
    assert mask_id(f"{number.lower()}0") == f"{number.lower()}0"  # any other id of letters and digits stays


def test_every_country_whose_length_is_known_has_its_example() -> None:
    assert {one[:2].lower(): len(one) for one in IBANS} == _IBAN_LENGTHS


@pytest.mark.parametrize(
    "word",
    [
        "省",
        "市",
        "区",
        "區",
        "县",
        "縣",
        "镇",
        "鎮",
        "乡",
        "鄉",
        "里",
        "市区",
        "县乡",
        "自治区",
        "街道",
        "市町",
        "町",
        "시",
        "로",
        "路",
    ],
)
def test_a_text_of_nothing_but_a_towns_words_held_the_collector_for_minutes(word: str) -> None:
    """Each of a town's parts could end at any of the words, and all ways were tried."""
    text = f"{word * 2000} 7"
    assert mask_text(text[:2000]) == text[:2000]
    assert "[address]" in mask_text(f"{word * 4}北京市朝阳区建国路88号院3号楼")


@pytest.mark.parametrize("again", ["Ab-", "Ab.Ab", "별시", "별시 구군", "A'", "경기도"])
def test_a_text_of_one_endless_word_was_searched_for_an_address_from_each_of_its_capitals(again: str) -> None:
    def search(signs: int) -> Callable[[], object]:
        text = again * (signs // len(again) - 8) + " 1 Street 路"
        return lambda: mask_text(text)

    assert growth(search, LONGEST_TEXT) < 1.5
