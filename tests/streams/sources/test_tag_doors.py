"""What a shop already sends to Google and to Meta, sent to the collector as well."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from streams.clock import now_ms
from streams.sources.arrival import Arrival, arrival_of
from streams.sources.files.exports.layout import known_layouts
from streams.sources.ga4 import mapping as ga4
from streams.sources.meta import mapping as meta
from tests.streams.collector.places import Place, running, settings_for

COLLECT = "/mp/collect?measurement_id=G-1&api_secret=key-of-a"
GRAPH = "/v21.0/1234567890/events"
#: what is personal of a buyer in these bodies, as sent
PERSONAL = (
    "9f86d081884c7d659a2feaa0c55ad015",
    "li.na@example.com",
    "203.0.113.77",
    "c0ffee254729296a45a3885639ac7e10",
)


@pytest.fixture
async def place(kafka: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Place]:
    async with running(kafka, topic_prefix, settings_for(tmp_path)) as one:
        yield one


async def post(place: Place, path: str, body: object) -> tuple[int, Any, dict[str, str]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with place.session.post(place.url + path, data=data) as answer:
        content = await answer.read()
        return answer.status, json.loads(content) if content else None, dict(answer.headers)


def mp(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"client_id": "c.1", "timestamp_micros": (now_ms() - 5000) * 1000, "events": [*events], **more}


def purchase(transaction: str = "T-1", **params: Any) -> dict[str, Any]:
    items = [{"item_id": "SKU-1", "item_category": "Tea", "quantity": 2}, {"item_id": "SKU-2"}]
    return {
        "name": "purchase",
        "params": {"transaction_id": transaction, "value": 49.9, "currency": "EUR", "items": items, **params},
    }


def capi(name: str, **more: Any) -> dict[str, Any]:
    user = {
        "em": [PERSONAL[0]],
        "ph": PERSONAL[3],
        "client_ip_address": PERSONAL[2],
        "fbp": "fb.1.1.2",
        "external_id": ["u1"],
    }
    return {
        "event_name": name,
        "event_time": now_ms() // 1000 - 5,
        "action_source": "website",
        "user_data": user,
        **more,
    }


async def test_a_purchase_sent_to_google_is_an_order_once_with_its_money_as_sent(place: Place) -> None:
    body = mp(
        purchase(page_location="https://shop.example/thanks?utm_medium=cpc&utm_campaign=spring"),
        {"name": "select_item", "params": {}},
        {"name": "scroll"},
        user_data={"sha256_email_address": PERSONAL[0]},
        user_properties={"mail": {"value": PERSONAL[1]}},
        user_location={"city": "Köln", "country_id": "DE"},
    )
    sent_again = [await post(place, COLLECT, body) for _ in range(3)]
    assert [(status, content) for status, content, _ in sent_again] == [(204, None)] * 3
    assert sent_again[0][2]["X-Funnelwatch-Left-Out"] == "2"
    events = await place.events(3)
    assert {
        (one["type"], one["order_id"], one["amount"], one["currency"], one["quantity"]) for one in events
    } == {("order", "T-1", "49.9", "EUR", 3)}
    assert len({one["event_id"] for one in events}) == 1
    assert {(one["channel"], one["campaign"], one["country"], one["product"]) for one in events} == {
        ("paid", "spring", "DE", "SKU-1")
    }
    assert not [mark for mark in (*PERSONAL, "Köln") if mark in json.dumps(events, ensure_ascii=False)]


async def test_the_same_view_sent_again_is_the_same_event_and_two_of_one_body_are_two(place: Place) -> None:
    view = {"name": "view_item", "params": {"items": [{"item_id": "SKU-1"}]}}
    body = mp(view, view)
    for _ in range(2):
        await post(place, COLLECT, body)
    events = await place.events(4)
    assert len({one["event_id"] for one in events}) == 2
    assert {one["type"] for one in events} == {"click"}


async def test_purchases_with_an_empty_transaction_id_stay_apart(place: Place) -> None:
    await post(place, COLLECT, mp(purchase("", value=1), purchase("", value=2)))
    assert len({one["event_id"] for one in await place.events(2)}) == 2


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        ("/mp/collect?measurement_id=G-1", {}, 401, "no_key"),
        ("/mp/collect?api_secret=wrong", {}, 401, "unknown_key"),
        ("/mp/collect?api_secret=key-of-pixel", {}, 403, "pixel_key"),
        (COLLECT, b"client_id=1", 400, "unknown_body"),
        (COLLECT, [], 400, "unknown_body"),
        (COLLECT, {"events": {"name": "purchase"}}, 400, "unknown_body"),
        (f"{COLLECT}&store=b", mp(purchase()), 400, "unknown_store"),
        (COLLECT, mp({**purchase(), "timestamp_micros": "yesterday"}), 400, None),
        (COLLECT, mp("purchase"), 400, None),  # type: ignore[arg-type]
    ],
)
async def test_what_google_would_not_say_is_said(
    place: Place, path: str, body: object, status: int, reason: str | None
) -> None:
    answered = await post(place, path, body)
    assert (answered[0], answered[1].get("reason")) == (status, reason)
    await place.events(0)


async def test_a_conversion_sent_to_meta_is_counted_and_nothing_personal_kept(place: Place) -> None:
    custom = {
        "value": 19.99,
        "currency": "eur",
        "order_id": "M-1",
        "contents": [{"id": "SKU-9", "quantity": 3}],
    }
    view = capi("ViewContent", event_id="e1", custom_data={"content_ids": ["SKU-9"]})
    body = {
        "access_token": "key-of-a",
        "data": [
            capi("Purchase", custom_data=custom, event_source_url="https://a.example/?utm_medium=email"),
            view,
            view | {"event_time": now_ms() // 1000 - 4},  # the browser's own report of it
            capi("InitiateCheckout"),
        ],
    }
    status, content, _ = await post(place, GRAPH, body)
    assert (status, content["events_received"]) == (200, 4)
    assert content["messages"] == ["1 InitiateCheckout: no stage of the funnel"]
    events = await place.events(2)
    (order,) = [one for one in events if one["type"] == "order"]
    assert (order["order_id"], order["amount"], order["currency"], order["quantity"]) == (
        "M-1",
        "19.99",
        "EUR",
        3,
    )
    assert (order["channel"], order["attributes"]) == ("email", {"via": "meta", "action_source": "website"})
    assert not [mark for mark in (*PERSONAL, "fb.1.1.2") if mark in json.dumps(events)]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (GRAPH, {"data": []}, 401, 190),
        (f"{GRAPH}?access_token=wrong", {"data": []}, 401, 190),
        (f"{GRAPH}?access_token=key-of-a", {"data": {}}, 400, 100),
        (f"{GRAPH}?access_token=key-of-a", {"data": [capi("Purchase", event_time="soon")]}, 400, 100),
    ],
)
async def test_meta_s_clients_are_answered_as_the_graph_api_does(
    place: Place, path: str, body: object, status: int, code: int
) -> None:
    answered = await post(place, path, body)
    assert (answered[0], answered[1]["error"]["code"]) == (status, code)
    await place.events(0)


async def test_meta_s_test_events_are_not_counted(place: Place) -> None:
    body = {"data": [capi("ViewContent")], "test_event_code": "TEST1"}
    assert (await post(place, f"{GRAPH}?access_token=key-of-a", body))[1]["events_received"] == 0
    await place.events(0)


@pytest.mark.parametrize("body", [b'{"data":[1,2', b'{"data":[' + b"[]," * 500_000 + b"[]]}"])
async def test_a_body_was_looked_into_before_it_was_known_whose_it_is(place: Place, body: bytes) -> None:
    assert (await post(place, GRAPH, body))[0] == 401


@pytest.mark.parametrize(
    ("path", "head"), [(f"{GRAPH}?access_token=key-of-a", b'{"data":['), (COLLECT, b'{"events":[')]
)
async def test_a_million_tiny_events_were_decoded_before_they_were_counted(
    place: Place, path: str, head: bytes
) -> None:
    status, answer, _ = await post(place, path, head + b"[]," * 80_000 + b"[]]}")
    assert status == 413
    assert "80,001 events" in json.dumps(answer)


async def test_one_event_that_cannot_be_read_costs_itself(place: Place) -> None:
    good = json.dumps(capi("ViewContent")).encode()
    bad = [
        b'{"event_name":"ViewContent","event_id":"\\ud83d"}',
        b'"a text"',
        b'{"event_name":"Purchase","custom_data":{"order_id":"' + b"x" * 70_000 + b'"}}',
    ]
    body = b'{"data":[' + b",".join([bad[0], good, *bad[1:]]) + b'],"access_token":"key-of-a"}'
    status, answer, _ = await post(place, GRAPH, body)
    assert (status, answer["events_received"], len(answer["messages"])) == (200, 4, 3)
    assert [one["type"] for one in await place.events(1)] == ["click"]


def test_door_and_file_agree_on_what_a_stage_is() -> None:
    layout = next(one for one in known_layouts() if one.name == "ga4-events")
    assert {name: kind for name, kind in ga4.TYPES.items() if name != "refund"} == dict(layout.types)
    assert not {"select_item", "begin_checkout"} & ga4.TYPES.keys()
    assert set(meta.TYPES) == {"ViewContent", "AddToCart", "Purchase"}


@pytest.mark.parametrize(
    ("address", "arrival"),
    [
        ("https://a.example/?utm_medium=CPC&utm_campaign=x", Arrival("paid", "x")),
        ("https://a.example/?gclid=1", Arrival("paid", "")),
        ("https://a.example/?utm_medium=Newsletter", Arrival("email", "")),
        ("https://a.example/?utm_medium=paid_social", Arrival("paid", "")),
        ("https://a.example/?utm_medium=social", Arrival("social", "")),
        ("https://a.example/?utm_medium=affiliate", Arrival("affiliate", "")),
        ("https://[broken/?utm_medium=cpc", Arrival("", "")),
        ("", Arrival("", "")),
    ],
)
def test_channel_and_campaign_come_from_the_page_s_address(address: str, arrival: Arrival) -> None:
    assert arrival_of(address) == arrival


def test_web_vitals_arrive_as_the_evaluation_reads_them() -> None:
    params = {
        "value": 12,
        "metric_value": 1834.5,
        "metric_id": "v3-1",
        "page_location": "https://shop.example/p",
    }
    body = {
        "client_id": "a.1",
        "events": [{"name": "LCP", "params": params}, {"name": "CLS", "params": {"value": 0.04}}],
    }
    found = ga4.translate(json.dumps(body).encode(), "s1", 1_790_000_000_000).events
    assert [(one["type"], one["attributes"]["metric"], one["attributes"]["value"]) for one in found] == [
        ("page_vital", "LCP", "1834.5"),
        ("page_vital", "CLS", "0.04"),
    ]
