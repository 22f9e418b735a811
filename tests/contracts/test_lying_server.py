"""A platform whose answers are read wrongly: the second way finds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from scoring.records.raw_delivery import RawDelivery
from scoring.sources.health import ConnectionState
from scoring.sources.json_mapping import RecordMapping
from scoring.sources.json_paths import json_path
from scoring.sources.json_values import json_text, read_json
from scoring.sources.translated import ConnectionTerms, Translated
from scoring.wording.troubles import Trouble
from streams.sources.json_api.source import SOURCE
from streams.sources.registry import source_named
from streams.sources.source import SourceSpec
from tests.contracts.lie_watch import ordered
from tests.fakes.ledger import Ledger
from tests.fakes.virtual import BEGIN_MS

pytestmark = pytest.mark.usefixtures("quiet")

DAYS = 4


def test_an_honest_platform_is_stored_whole_and_nothing_is_said_of_it() -> None:
    tale = ordered("json_api", Ledger.drawn(7, BEGIN_MS, DAYS), (), days=DAYS + 1)
    assert tale.left == {}
    assert tale.said == {""}
    assert tale.orders == 24 * DAYS


def mutated(change: Callable[[RecordMapping], RecordMapping]) -> SourceSpec:
    """The source with one field of its mapping changed."""

    def terms(config: Any) -> Any:
        return {
            name: tuple(change(one) for one in mappings) for name, mappings in SOURCE.terms(config).items()
        }

    return replace(SOURCE, terms=terms)


def field_read_as(name: str, path: str) -> Callable[[RecordMapping], RecordMapping]:
    return lambda one: replace(one, fields={**one.fields, name: json_path(path)})


MUTATIONS = {
    "another id": field_read_as("order_id", "status"),
    "another time of placing": field_read_as("placed", "sent_at"),
    "another time of payment": field_read_as("paid", "created_at"),
    "no time of payment": lambda one: replace(
        one, fields={name: path for name, path in one.fields.items() if name != "paid"}
    ),
    "another amount": field_read_as("amount", "no"),
    "another currency": lambda one: replace(
        one,
        fields={name: path for name, path in one.fields.items() if name != "currency"},
        constants={"currency": "USD"},
    ),
    "another zone": lambda one: replace(one, fields={**one.fields}, decimals=2),
}


@pytest.mark.parametrize("change", MUTATIONS.values(), ids=MUTATIONS)
@pytest.mark.long
def test_a_mapping_with_one_field_wrong_is_found_by_the_second_way(
    change: Callable[[RecordMapping], RecordMapping],
) -> None:
    found_by_second_way(change)


#: by source, fields of an order that its mapping no longer finds; a currency is not among them where the store's is taken instead
READ: dict[str, tuple[str, ...]] = {
    "amazon": ("createdTime", "proceeds.grandTotal.amount", "fulfillment.fulfillmentStatus"),
    "lazada": ("created_at", "price", "order_items.status", "order_items.currency", "order_items.buyer_id"),
    "shopee": ("create_time", "total_amount", "pay_time", "item_list", "buyer_user_id"),
    "shopify": ("processedAt", "totalPriceSet.shopMoney.amount", "transactions", "fulfillments", "customer"),
    "tiktok_shop": ("create_time", "payment.total_amount", "paid_time", "line_items"),
    "woocommerce": ("date_created_gmt", "total", "date_paid_gmt", "line_items", "customer_id"),
}
_SHORT = ("lazada", "price")
CASES = [
    pytest.param(name, field, id=f"{name} {field}", marks=() if (name, field) == _SHORT else pytest.mark.long)
    for name, fields in READ.items()
    for field in fields
]


def without(content: Any, path: Sequence[str]) -> Any:
    """A body without the field at a path, in lists of each row."""
    if isinstance(content, list):
        return [without(one, path) for one in content]
    if not isinstance(content, dict):
        return content
    kept = {name: one for name, one in content.items() if name != path[0] or len(path) > 1}
    return kept | ({path[0]: without(kept[path[0]], path[1:])} if path[0] in kept else {})


@pytest.mark.parametrize(("name", "field"), CASES)
def test_a_field_that_the_mapping_of_a_platform_no_longer_finds_is_found_by_the_second_way(
    name: str, field: str
) -> None:
    spec = source_named(name)
    assert spec is not None
    read = spec.translate
    assert read is not None

    def blind(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
        body = json_text(without(read_json(delivery.body), field.split(".")))
        return read(msgspec.structs.replace(delivery, body=body), terms)

    ledger = Ledger.drawn(5, BEGIN_MS, 2)
    tale = ordered(name, ledger, (), days=2.6, spec=replace(spec, translate=blind))
    assert tale.end.state is not ConnectionState.CONNECTED


#: by source, what a mapping may say wrongly of every order though each answer has it
SAID_WRONGLY: dict[str, object] = {"cod": True, "payment_method": "cheque", "country": "BR"}
#: what the bodies of a platform do not hold: Amazon says none of it, Lazada's country is the shop's
NOT_SAID = {"lazada": {"country"}, "amazon": set(SAID_WRONGLY)}
WRONG = [
    pytest.param(name, field, marks=() if (name, field) == ("tiktok_shop", "cod") else pytest.mark.long)
    for name in READ
    for field in sorted(set(SAID_WRONGLY) - NOT_SAID.get(name, set()))
]


@pytest.mark.parametrize(("name", "field"), WRONG)
def test_a_wrong_way_of_paying_or_country_is_found_by_the_second_way(name: str, field: str) -> None:
    spec = source_named(name)
    assert spec is not None
    read = spec.translate
    assert read is not None

    def mistaken(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
        found = read(delivery, terms)
        found.orders[:] = [
            msgspec.structs.replace(one, **{field: SAID_WRONGLY[field]}) for one in found.orders
        ]
        return found

    ledger = Ledger.drawn(5, BEGIN_MS, 2)
    tale = ordered(name, ledger, (), days=2.6, spec=replace(spec, translate=mistaken))
    assert tale.end.state is ConnectionState.BROKEN
    assert tale.end.trouble is Trouble.DAYS_DIFFER


def test_a_wrong_time_of_payment_is_found_by_the_second_way() -> None:
    found_by_second_way(MUTATIONS["another time of payment"])


def found_by_second_way(change: Callable[[RecordMapping], RecordMapping]) -> None:
    tale = ordered("json_api", Ledger.drawn(5, BEGIN_MS, 2), (), days=2.6, spec=mutated(change))
    assert tale.left
    assert tale.end.state is not ConnectionState.CONNECTED
    assert tale.silent == []
    assert date(2026, 11, 1).isoformat() in {one.day for one in tale.end.check.lasting}
