"""Of no field that the marketplaces document as a person's is a byte kept: not in the raw delivery, nor in what is made of it.

Every field below a person's object, and every personal field by name, holds a mark of its own. Skipped, saying so, where the documented
interfaces are not next to the project.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from scoring.errors import ScoringError
from scoring.events.redaction import mask_document
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from streams.sources.amazon.source import SOURCE as AMAZON
from streams.sources.lazada.source import SOURCE as LAZADA
from streams.sources.shopee.source import SOURCE as SHOPEE
from streams.sources.source import Poll, SourceSpec
from streams.sources.tiktok_shop.source import SOURCE as TIKTOK_SHOP
from tests.fakes.lying_amazon import amazon_connection
from tests.fakes.lying_lazada import lazada_connection
from tests.fakes.lying_shopee import shopee_connection
from tests.fakes.lying_tiktok_shop import tiktok_connection
from tests.fakes.workbench import connection_from
from tests.places import SHARED

APIS = SHARED / "data" / "apis"
MARK = "PERSON-"
#: objects of a person, and fields of one wherever they are
OBJECTS = re.compile(r"recipient|address|buyer(?!_?user_?id)|receiver|customer|contact", re.IGNORECASE)
FIELDS = re.compile(
    r"phone|e_?mail|zip|post_?code|postal|user_?name|first_?name|last_?name|full_?name|cpf|tax_?code|tax_?id|national_registration|"
    r"buyer_?message|message_to_seller|^note$|gift_?message|company_?name",
    re.IGNORECASE,
)
#: of a person's object, what is kept on purpose
KEPT = re.compile(r"country|region_code|^region$|zone", re.IGNORECASE)

pytestmark = pytest.mark.skipif(
    not APIS.exists(), reason="no documented interfaces next to the project: not checked"
)


def tree(fields: list[dict[str, Any]]) -> dict[str, Any]:
    """A document with every documented field."""
    return {
        one["name"].lstrip("^ "): [tree(one["fields"])]
        if one.get("fields")
        else str(one.get("sample") or "1")
        for one in fields
    }


def deep(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fields whose depth is written before their name, as a tree."""
    top: list[dict[str, Any]] = []
    open_ones: list[list[dict[str, Any]]] = [top]
    for one in fields:
        depth = len(one["name"]) - len(one["name"].lstrip("^"))
        made: dict[str, Any] = {"name": one["name"].lstrip("^ "), "sample": one.get("sample"), "fields": []}
        del open_ones[depth + 1 :]
        open_ones[-1].append(made)
        open_ones.append(made["fields"])
    return top


def planted(value: Any, marks: Iterator[int], is_of_person: bool = False) -> Any:
    """The same with a mark in each personal field."""
    if isinstance(value, dict):
        return {
            name: one
            if KEPT.search(name)
            else planted(one, marks, is_of_person or bool(OBJECTS.search(name) or FIELDS.search(name)))
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [planted(one, marks, is_of_person) for one in value]
    return f"{MARK}{next(marks)}" if is_of_person else value


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object, the outer ones first."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(one)


def lists_of(value: Any) -> Iterator[list[dict[str, Any]]]:
    """Every list of documented fields in a file."""
    if isinstance(value, list) and value and all(isinstance(one, dict) and "name" in one for one in value):
        yield deep(value) if any(one["name"].startswith("^") for one in value) else value
        return
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from lists_of(one)


def sandbox_answers(value: Any) -> Iterator[Any]:
    """The answers of Amazon's sandbox."""
    for one in objects(value):
        for case in (
            one.get("x-amzn-api-sandbox", {}).get("static", [])
            if isinstance(one.get("x-amzn-api-sandbox"), dict)
            else []
        ):
            yield case.get("response")


MARKETS: dict[str, tuple[SourceSpec, dict[str, Any], tuple[str, ...]]] = {
    "amazon": (AMAZON, amazon_connection(), ("orders_2026-01-01",)),
    "lazada": (LAZADA, lazada_connection(), ("getorders", "getorder", "getorderitems", "getreverseorderdetail", "getreverseordersforseller")),
    "shopee": (SHOPEE, shopee_connection(), ("v2.order.get_order_detail", "v2.returns.get_return_detail", "v2.returns.get_return_list")),
    "tiktok_shop": (TIKTOK_SHOP, tiktok_connection(), ("get-order-detail", "get-order-list", "get-return-records")),
}  # fmt: skip


def documents(market: str) -> list[dict[str, Any]]:
    """Every object of each documented answer, with marks."""
    marks = itertools.count(1)
    found: list[dict[str, Any]] = []
    for name in MARKETS[market][2]:
        content = json.loads((APIS / market / f"{name}.json").read_text("utf-8"))
        answers = sandbox_answers(content) if market == "amazon" else map(tree, lists_of(content))
        found += [one for answer in answers for one in objects(planted(answer, marks))]
    return found


def asked_for(market: str) -> list[Poll]:
    spec, settings, _ = MARKETS[market]
    return list(spec.polls(connection_from(settings).config))


@pytest.mark.parametrize("market", sorted(MARKETS))
def test_nothing_of_a_personal_field_is_kept_of_any_documented_answer(market: str) -> None:
    spec, settings, _ = MARKETS[market]
    connection, rows = connection_from(settings), documents(market)
    assert sum(MARK in json.dumps(row) for row in rows) > 10
    assert spec.translate is not None
    for poll, row in itertools.product(asked_for(market), rows):
        body = mask_document(
            json.dumps(row).encode(),
            lambda raw: "~pseudonym",
            poll.personal,
            poll.people,
            poll.kept,
            poll.only,
        )
        assert MARK not in body, (poll.resource, re.findall(rf'"[^"]*":\s*"{MARK}\d+"', body))
        delivery = RawDelivery(
            delivery_id="d", source=spec.name, connection=connection.name, received_at_ms=1_793_600_000_000, topic=poll.resource,
            door=DeliveryDoor.POLL, body=body,
        )  # fmt: skip
        try:
            found = spec.translate(delivery, connection.terms(spec.terms(connection.config)))
        except ScoringError:
            continue
        assert MARK.encode() not in msgspec.json.encode(found)


@pytest.mark.parametrize("market", [name for name in sorted(MARKETS) if MARKETS[name][0].hook])
def test_a_push_that_brings_a_whole_order_keeps_nothing_of_a_person(market: str) -> None:
    spec, settings, _ = MARKETS[market]
    connection, hook = connection_from(settings), spec.hook
    assert hook is not None
    for row in documents(market):
        body = mask_document(
            json.dumps({"data": row}).encode(), lambda raw: "~pseudonym", hook.personal(connection), hook.people(connection),
            hook.kept(connection), hook.only(connection),
        )  # fmt: skip
        assert MARK not in body, re.findall(rf'"[^"]*":\s*"{MARK}\d+"', body)
