"""Shopify's own documented bodies, signed and taken as the door takes them; skipped, saying so, where they are not next to the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scoring.events.incoming import IncomingEvent
from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import mask_document
from scoring.records.order_life import merge, stage_events
from scoring.records.raw_delivery import RawDelivery
from scoring.sources.json_values import read_json
from scoring.sources.signatures import DigestCode, SignatureScheme, SignatureVerdict, sign
from scoring.sources.translated import Translated
from streams.sources.connection import Connection
from streams.sources.shopify.mapping import LEFT_OUT, WANTED
from streams.sources.shopify.source import SOURCE
from streams.sources.source import HookRequest
from tests.fakes.lying_shopify import shopify_connection
from tests.fakes.workbench import SECRETS, connection_from
from tests.places import SHARED

FOLDER = SHARED / "data" / "apis" / "shopify"
SAMPLES = sorted(FOLDER.glob("*/*.json"))
NOW_S = 1_793_600_000.0
SCHEME = SignatureScheme("X-Shopify-Hmac-Sha256", code=DigestCode.BASE64)
PSEUDONYMS = Pseudonyms("samples")
#: fields that hold what a person is called and where they are reached, wherever they are
PERSONAL = frozenset(
    """email contact_email customer_email phone first_name last_name address1 address2 city zip company latitude longitude
    sms_marketing_phone shop_owner credit_card_number credit_card_name browser_ip order_status_url abandoned_checkout_url
    tracking_number tracking_url province note multipass_identifier""".split()  # noqa: SIM905
)

pytestmark = pytest.mark.skipif(not SAMPLES, reason="no documented bodies next to the project: not checked")


def sample(path: Path) -> tuple[str, Any]:
    content = json.loads(path.read_text("utf-8"))
    return content["name"], content["response"]


def taken(connection: Connection, topic: str, version: str, content: Any) -> tuple[RawDelivery, Translated]:
    """As the door and the role take it."""
    hook, body = SOURCE.hook, json.dumps(content, ensure_ascii=False).encode()
    assert hook is not None
    assert SOURCE.translate is not None
    headers = {
        "X-Shopify-Hmac-Sha256": sign(SCHEME, body, {}, SECRETS["env:NEW"]),
        "X-Shopify-Shop-Domain": "lying.myshopify.com",
        "X-Shopify-Topic": topic,
        "X-Shopify-API-Version": version,
    }
    asked = HookRequest("POST", body, headers, {}, NOW_S)
    assert hook.verify(asked, connection) is SignatureVerdict.GENUINE
    label = hook.label(asked, read_json(body), connection)
    masked = mask_document(
        body,
        lambda raw: PSEUDONYMS.marked("cn", raw),
        hook.personal(connection),
        hook.people(connection),
        hook.kept(connection),
        hook.only(connection),
    )
    delivery = RawDelivery(
        delivery_id="d",
        source="shopify",
        connection="lying",
        received_at_ms=round(NOW_S * 1000),
        topic=label.topic,
        body=masked,
        headers={name: headers[name] for name in hook.kept_headers if name in headers},
    )
    return delivery, SOURCE.translate(delivery, connection.terms(SOURCE.terms(connection.config)))


def personal_texts(value: Any, is_of_person: bool = False) -> Iterator[str]:
    """Every text below a person's object, and every text of a personal field."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from personal_texts(one, is_of_person or name in PERSONAL or name == "customer")
    elif isinstance(value, list):
        for one in value:
            yield from personal_texts(one, is_of_person)
    elif is_of_person and isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def texts(value: Any) -> Iterator[str]:
    """Every single value that is kept."""
    if isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def test_every_documented_topic_is_used_or_left_out_by_name() -> None:
    unknown = {sample(path)[0] for path in SAMPLES} - set(WANTED) - set(LEFT_OUT)
    assert unknown == set()


@pytest.mark.parametrize("has_carts", [False, True], ids=["carts off", "carts on"])
def test_every_documented_body_is_counted_used_as_a_signal_or_set_aside_by_name(has_carts: bool) -> None:
    connection = connection_from(shopify_connection(carts=has_carts))
    counted, silent, set_aside = 0, set(), {}
    for path in SAMPLES:
        topic, content = sample(path)
        _, found = taken(connection, topic, path.parent.name, content)
        counted += found.count
        if found.set_aside:
            set_aside[f"{path.parent.name} {topic}"] = found.set_aside[0].detail
        elif not (found.count or found.gaps or found.left_out):
            silent.add(topic)
        for event in found.events:
            msgspec.convert(event, IncomingEvent)
        for facts in found.orders:
            life = merge([facts])
            assert life is not None
            stage_events(life)
    assert counted > len(SAMPLES) / 4
    # an older sample of a stock level has no item, no place and no number: there is nothing to count
    assert set(set_aside) <= {"2025-10 inventory_levels/update"}
    assert silent <= {"app/scopes_update", "shop/update"}


def test_nothing_of_a_personal_field_is_kept_of_any_documented_body() -> None:
    connection = connection_from(shopify_connection())
    for path in SAMPLES:
        topic, content = sample(path)
        delivery, found = taken(connection, topic, path.parent.name, content)
        kept = set(texts(read_json(delivery.body)))
        records = msgspec.json.encode(found).decode()
        for text in {one for one in personal_texts(content) if len(one) > 3}:
            assert text not in kept, (path.name, text)
            assert len(text) < 6 or text not in records, (path.name, text)
