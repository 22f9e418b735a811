"""What is pasted at Shopify: the pixel run in a sandbox as Shopify's, and the app's settings."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from typing import Any

import msgspec
import pytest

from scoring.events.incoming import IncomingEvent
from streams.clock import now_ms
from streams.sources.pixel.beacon import beacon_key, read_beacon
from streams.sources.pixel.source import TYPES
from streams.sources.shopify.mapping import LEFT_OUT, WANTED
from streams.sources.shopify.pasting import pastes, pixel
from tests.deadlines import within
from tests.fakes.lying_shopify import shopify_connection
from tests.fakes.workbench import connection_from

#: the sandbox: asynchronous storage, events by subscription, no document, no localStorage of its own
SANDBOX = """
const vm = require('vm');
const {text, events, consent, storage, statuses} = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const handlers = {}, sent = [], stored = Object.assign({}, storage), calls = [];
let change = null;
const world = {
  URL, URLSearchParams, Date, JSON, Math, Object, String, Promise, isFinite, crypto: require('crypto').webcrypto,
  setTimeout: (work, ms) => { calls.push(ms); setImmediate(work); },
  init: {customerPrivacy: consent === null ? undefined : {analyticsProcessingAllowed: consent}},
  api: {customerPrivacy: {subscribe: (name, take) => { change = take; }}},
  analytics: {subscribe: (name, take) => { (handlers[name] = handlers[name] || []).push(take); }},
  browser: {sessionStorage: {
    getItem: async name => { if (storage === null) throw new Error('forbidden'); return stored[name] || null; },
    setItem: async (name, value) => { if (storage === null) throw new Error('forbidden'); stored[name] = value; },
  }},
  fetch: async (url, asked) => { sent.push({url, body: asked.body, keepalive: asked.keepalive}); return {status: statuses.shift() || 202}; },
};
vm.runInNewContext(text, world);
(async () => {
  for (const event of events) {
    if (event.consent !== undefined) change({customerPrivacy: {analyticsProcessingAllowed: event.consent}});
    else for (const take of handlers[event.name] || []) await take(event);
  }
  await new Promise(done => setTimeout(done, 20));
  console.log(JSON.stringify({sent, names: Object.keys(handlers), calls}));
})();
"""
NOW = "2026-11-28T14:00:00.000Z"
VARIANT = {
    "id": "901",
    "product": {"id": "11", "title": "Lamp"},
    "price": {"amount": 19.9, "currencyCode": "USD"},
}


def event(name: str, data: dict[str, Any], **document: str) -> dict[str, Any]:
    href = document.get("href", "https://shop.example/products/lamp?utm_medium=cpc&utm_campaign=winter")
    return {
        "id": f"sh-{name}", "name": name, "clientId": "client-1", "timestamp": NOW, "data": data,
        "context": {"document": {"location": {"href": href}, "referrer": document.get("referrer", "")}},
    }  # fmt: skip


VIEW = event("product_viewed", {"productVariant": VARIANT})
ADD = event(
    "product_added_to_cart",
    {
        "cartLine": {
            "quantity": 2,
            "cost": {"totalAmount": {"amount": 39.8, "currencyCode": "USD"}},
            "merchandise": VARIANT,
        }
    },
)
DONE = event(
    "checkout_completed",
    {
        "checkout": {
            "order": {"id": "gid://shopify/OrderIdentity/5001"},
            "totalPrice": {"amount": 39.8, "currencyCode": "USD"},
        }
    },
)


def run(
    events: list[dict[str, Any]],
    consent: bool | None = True,
    storage: dict[str, str] | None = None,
    statuses: list[int] | None = None,
    has_storage: bool = True,
) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the pixel was not run")
    content = {
        "text": pixel("https://collector.example/", "key-1", "us"), "events": events, "consent": consent, "statuses": statuses or [],
        "storage": (storage or {}) if has_storage else None,
    }  # fmt: skip
    done = subprocess.run(
        [node, "-e", SANDBOX],
        input=json.dumps(content),
        capture_output=True,
        text=True,
        timeout=within(30),
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    found["events"] = [json.loads(read_beacon(one["body"].encode()).events)[0] for one in found["sent"]]
    return found


def test_errors_of_checkout_and_of_coupons_arrive_by_their_kind_and_never_by_their_text() -> None:
    alert = {
        "message": "The card of Zhang San was declined",
        "value": "4242 4242 4242 4242",
        "target": "cart",
    }
    coded = {
        "checkout": {
            "order": {"id": "5001"},
            "discountApplications": [{"type": "DISCOUNT_CODE", "title": "EVA10"}],
        }
    }
    found = run(
        [
            event("checkout_started", {"checkout": {"token": "t"}}),
            event("alert_displayed", {"alert": {**alert, "type": "PAYMENT_ERROR"}}),
            event("alert_displayed", {"alert": {**alert, "type": "DISCOUNT_ERROR"}}),
            event("ui_extension_errored", {"error": {"message": "Zhang San"}}),
            event("checkout_completed", coded),
        ]
    )
    kinds = [(one["type"], one.get("attributes", {}).get("error", "")) for one in found["events"]]
    assert sorted(kinds) == [
        ("checkout", ""), ("checkout", "PAYMENT_ERROR"), ("checkout", "UI_EXTENSION"), ("coupon", ""), ("coupon", "DISCOUNT_ERROR"),
        ("order", ""),
    ]  # fmt: skip
    sent = json.dumps(found["sent"])
    for text in ("Zhang", "4242", "EVA10"):
        assert text not in sent
    assert {msgspec.convert(one, IncomingEvent).type for one in found["events"]} <= TYPES


def test_what_a_visitor_does_arrives_as_the_beacon_s_door_takes_it() -> None:
    found = run(
        [
            event("collection_viewed", {"collection": {"id": "7", "productVariants": [VARIANT, VARIANT]}}),
            event("search_submitted", {"searchResult": {"query": "lamp", "productVariants": []}}),
            VIEW,
            ADD,
            DONE,
        ]
    )
    assert {one["url"] for one in found["sent"]} == {"https://collector.example/v1/pixel"}
    assert {beacon_key(one["body"].encode()) for one in found["sent"]} == {"key-1"}
    kinds = [one["type"] for one in found["events"]]
    assert kinds == ["impression", "impression", "click", "add_to_cart", "order"]
    for one in found["events"]:
        taken = msgspec.convert(one, IncomingEvent)
        assert taken.type in TYPES
        assert (taken.store_id, taken.visitor, taken.channel, taken.campaign) == (
            "us",
            "client-1",
            "paid",
            "winter",
        )
    assert len({one["session"] for one in found["events"]}) == 1
    click, add, order = found["events"][2:]
    assert (click["product"], add["product"], add["quantity"], add["amount"]) == ("11", "11", 2, "39.8")
    assert (order["order_id"], order["amount"], order["currency"], "event_id" in order) == (
        "5001",
        "39.8",
        "USD",
        False,
    )


def test_the_session_goes_on_where_the_page_changes_and_begins_again_after_half_an_hour() -> None:

    now = now_ms()
    known = {"id": "s-1", "at": now - 60_000, "channel": "email", "campaign": "autumn"}
    (going,) = run([VIEW], storage={"fw.session": json.dumps(known)})["events"]
    assert (going["session"], going["channel"], going["campaign"]) == ("s-1", "email", "autumn")
    old = {**known, "at": now - 31 * 60_000}
    (begun,) = run([VIEW], storage={"fw.session": json.dumps(old)})["events"]
    assert (begun["session"] == "s-1", begun["channel"]) == (False, "paid")


def test_without_storage_the_frame_remembers() -> None:
    first, second = run([VIEW, ADD], has_storage=False)["events"]
    assert first["session"] == second["session"]


@pytest.mark.parametrize(
    ("document", "channel"),
    [
        ({"href": "https://shop.example/"}, "direct"),
        ({"href": "https://shop.example/", "referrer": "https://www.google.com/"}, "search"),
        ({"href": "https://shop.example/", "referrer": "https://l.instagram.com/"}, "social"),
        ({"href": "https://shop.example/", "referrer": "https://blog.example/"}, "referral"),
        ({"href": "https://shop.example/?gclid=1"}, "paid"),
        ({"href": "https://shop.example/?utm_medium=email"}, "email"),
    ],
)
def test_the_channel_is_that_of_the_first_page(document: dict[str, str], channel: str) -> None:
    (one,) = run([event("product_viewed", {"productVariant": VARIANT}, **document)])["events"]
    assert one["channel"] == channel


def test_nothing_is_sent_without_consent_and_all_after_it_is_given() -> None:
    assert run([VIEW], consent=False)["sent"] == []
    assert len(run([VIEW, {"consent": True}, ADD], consent=False)["sent"]) == 1
    assert len(run([VIEW, {"consent": False}, ADD])["sent"]) == 1
    assert len(run([VIEW], consent=None)["sent"]) == 1


def test_an_event_of_another_form_costs_itself_and_no_other() -> None:
    broken = [event("product_viewed", {}), event("checkout_completed", {"checkout": {"order": None}})]
    assert [one["type"] for one in run([*broken, ADD])["events"]] == ["add_to_cart"]


def test_what_did_not_arrive_is_sent_again_and_what_was_rejected_is_not() -> None:
    found = run([VIEW], statuses=[503, 429, 202])
    assert len(found["sent"]) == 3
    assert len({one["body"].partition('"events"')[2] for one in found["sent"]}) == 1
    assert len(run([VIEW], statuses=[400])["sent"]) == 1
    assert len(run([VIEW], statuses=[500] * 9)["sent"]) == 5


def test_settings_are_text_inside_the_pixel_whatever_they_hold() -> None:
    written = pixel("https://c.example", "k'; alert(1); '", 'us"store')
    assert json.dumps("k'; alert(1); '") in written
    assert json.dumps('us"store') in written
    assert "%KEY%" not in written


def test_the_app_s_settings_subscribe_to_what_is_used_and_ask_for_its_scopes() -> None:
    made = {
        one.where("en"): one.text
        for one in pastes(connection_from(shopify_connection()), "https://c.example", "k")
    }
    text = next(text for where, text in made.items() if "shopify.app.toml" in where)
    app = tomllib.loads(text)
    used, compliance = app["webhooks"]["subscriptions"]
    assert set(used["topics"]) == {topic for topic in WANTED if not topic.startswith("carts/")}
    assert used["uri"] == "https://c.example/v1/hooks/shopify/lying"
    assert set(compliance["compliance_topics"]) <= set(LEFT_OUT)
    assert "read_orders" in app["access_scopes"]["scopes"].split(",")
