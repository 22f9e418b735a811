"""What each body of Shopify says, from the webhook or the answer to the records."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from scoring.events.event import EventType
from scoring.records.order_facts import OrderChannel
from scoring.records.order_life import LeftOut, OrderLife, OrderState, merge, stage_events
from scoring.records.raw_delivery import DeliveryDoor
from scoring.records.signal import SignalKind
from scoring.sources.translated import ConnectionTerms, Translated, TranslationError
from streams.sources.shopify.mapping import LEFT_OUT, WANTED
from streams.sources.shopify.reading import ShopifyTerms
from tests.streams.sources.shopify.bodies import (
    HOUR_MS,
    NOW_MS,
    ORDER,
    PLACED_MS,
    TERMS,
    at,
    at_ms,
    kept,
    money,
    node,
    order,
    parcel,
    payment,
    refund,
    said,
    transaction,
)

POLL, PAST = DeliveryDoor.POLL, DeliveryDoor.BACKFILL


def life(*found: Translated) -> OrderLife:
    made = merge([facts for one in found for facts in one.orders])
    assert made is not None
    return made


def gaps(found: Translated) -> list[tuple[str, str, str]]:
    return [(gap.what, gap.name, gap.value) for gap in found.gaps]


# ---------------------------------------------------------------- orders by webhook


def test_an_order_is_placed_at_its_own_time_and_its_buyer_is_a_pseudonym() -> None:
    (facts,) = said("orders/create", order()).orders
    assert (facts.order_id, facts.placed_ms, facts.amount, facts.currency, facts.units) == (
        str(ORDER), PLACED_MS, "128.50", "USD", 3,
    )  # fmt: skip
    assert facts.buyer.startswith("~")
    assert facts.buyer == life(said("orders", node(), POLL)).buyer
    assert (facts.country, facts.payment_method, facts.cod, facts.test) == (
        "US",
        "shopify_payments",
        False,
        False,
    )
    assert (facts.is_paid, facts.is_cancelled, facts.paid_ms, facts.history) == (False, False, 0, False)


def test_the_whole_life_by_webhook_in_every_order_of_arrival() -> None:
    found = [
        said("orders/create", order()),
        said("orders/paid", order(1, financial_status="paid")),
        said("fulfillments/create", parcel(20)),
        said("fulfillment_events/create", _milestone(40, "delivered")),
        said("refunds/create", refund(44, "20.00", "8.50")),
    ]
    whole = life(*found)
    assert (whole.placed_ms, whole.paid_at_ms, whole.shipped_ms, whole.delivered_ms) == (
        PLACED_MS, at_ms(1), at_ms(20), at_ms(40),
    )  # fmt: skip
    assert (str(whole.refunded), whole.state) == ("28.50", OrderState.DELIVERED)
    assert [event.type for event in stage_events(whole).events] == [
        EventType.ORDER, EventType.PAYMENT, EventType.FULFILMENT, EventType.DELIVERED, EventType.REFUND,
    ]  # fmt: skip
    for mixed in itertools.permutations(found):
        assert life(*mixed) == whole


def test_an_order_that_is_paid_when_it_is_created_was_paid_then() -> None:
    assert life(said("orders/create", order(financial_status="paid"))).paid_at_ms == PLACED_MS


def test_a_status_without_a_time_makes_no_payment_until_the_poll_brings_the_time() -> None:
    found = [said("orders/create", order()), said("orders/updated", order(1, financial_status="paid"))]
    assert (EventType.PAYMENT, LeftOut.NO_TIME) in stage_events(life(*found)).left_out
    found.append(said("orders", node(1, displayFinancialStatus="PAID", transactions=[payment(0.5)]), POLL))
    assert life(*found).paid_at_ms == at_ms(0.5)


@pytest.mark.parametrize("status", ["authorized", "partially_paid", "pending", "voided", "expired"])
def test_what_is_not_wholly_paid_is_not_paid(status: str) -> None:
    whole = life(said("orders/create", order()), said("orders/updated", order(1, financial_status=status)))
    assert (whole.paid_at_ms, whole.is_paid) == (0, False)


def test_cash_on_delivery_is_not_paid_before_it_is_collected() -> None:
    by_cod: dict[str, Any] = {"payment_gateway_names": ["Cash on Delivery (COD)"]}
    found = [
        said("orders/create", order(**by_cod)),
        said("fulfillments/create", parcel(20)),
    ]
    assert (EventType.PAYMENT, LeftOut.COD_WAITING) in stage_events(life(*found)).left_out
    found.append(said("orders/paid", order(46, financial_status="paid", **by_cod)))
    assert life(*found).paid_at_ms == at_ms(46)


def test_a_cancelled_order_keeps_its_price_and_says_so() -> None:
    whole = life(said("orders/create", order()), said("orders/cancelled", order(2, cancelled_at=at(2))))
    assert (whole.cancelled_ms, whole.state) == (at_ms(2), OrderState.CANCELLED_UNPAID)


def test_a_body_that_a_subscription_trimmed_takes_nothing_back() -> None:
    trimmed = {"id": ORDER, "updated_at": at(3), "financial_status": "paid"}
    whole = life(said("orders/cancelled", order(2, cancelled_at=at(2))), said("orders/updated", trimmed))
    assert (whole.is_cancelled, whole.amount, whole.placed_ms, whole.test) == (
        True,
        "128.50",
        PLACED_MS,
        False,
    )


def test_parcels_that_were_all_cancelled_are_not_shipped() -> None:
    found = [
        said("fulfillments/create", parcel(20)),
        said("orders/updated", order(22, fulfillments=[parcel(20, "cancelled")])),
    ]
    assert life(*found).is_shipped is False


def test_a_parcel_that_waits_is_not_shipped() -> None:
    assert life(said("fulfillments/create", parcel(20, "pending"))).shipped_ms == 0


def test_a_refund_without_money_is_none_and_one_in_another_currency_waits_for_the_poll() -> None:
    assert life(said("refunds/create", refund(44))).refunds == {}
    assert life(said("refunds/create", refund(44, "20.00", status="pending"))).refunds == {}
    foreign = refund(44, "18.00")
    foreign["transactions"][0]["currency"] = "EUR"
    assert life(said("refunds/create", foreign)).refunds == {}
    polled = node(
        45,
        refunds=[{"legacyResourceId": "41", "createdAt": at(44), "totalRefundedSet": money("20.00")}],
    )
    assert life(said("refunds/create", foreign), said("orders", polled, POLL)).refunds == {"41": "20.00"}


def test_a_fully_refunded_order_that_is_first_seen_then_was_left_out_as_free() -> None:
    polled = node(
        45,
        displayFinancialStatus="REFUNDED",
        transactions=[payment(0.5)],
        refunds=[{"legacyResourceId": "41", "createdAt": at(44), "totalRefundedSet": money("128.50")}],
    )
    whole = life(said("orders", polled, PAST))
    assert (whole.left_out, whole.state, whole.paid_at_ms) == (None, OrderState.REFUNDED, at_ms(0.5))


def test_test_orders_are_left_out_and_imported_ones_are_history() -> None:
    assert life(said("orders/create", order(test=True))).left_out is LeftOut.TEST
    old = order(processed_at="2025-01-02T09:00:00-05:00")
    assert said("orders/create", old).orders[0].history
    assert said("orders", node(), PAST).orders[0].history
    assert not said("orders", node(), POLL).orders[0].history


def test_large_numbers_keep_all_their_digits() -> None:
    number = 9_007_199_254_740_993
    assert said("orders/create", order(id=number)).orders[0].order_id == str(number)


# ---------------------------------------------------------------- orders by GraphQL


def test_an_order_is_paid_when_its_payments_reach_its_amount() -> None:
    split = [payment(3, "CAPTURE", amount="28.50"), payment(1, "CAPTURE", amount="100.00")]
    tried = [payment(0.2, "SALE", "FAILURE", errorCode="DO_NOT_HONOR"), payment(0.5, "AUTHORIZATION")]
    found = said("orders", node(3, displayFinancialStatus="PAID", transactions=split + tried), POLL)
    whole = life(found)
    assert (whole.paid_at_ms, whole.authorised_ms) == (at_ms(3), at_ms(0.5))
    assert [signal.object for signal in found.signals] == ["do_not_honor"]


def test_an_order_is_delivered_when_all_that_was_sent_is() -> None:
    first = {"status": "SUCCESS", "createdAt": at(20), "deliveredAt": at(30)}
    second = {"status": "SUCCESS", "createdAt": at(24), "deliveredAt": None}
    third = {"status": "CANCELLED", "createdAt": at(19), "deliveredAt": None}
    whole = life(said("orders", node(31, fulfillments=[first, second, third]), POLL))
    assert (whole.shipped_ms, whole.parcels, whole.is_delivered) == (at_ms(20), 2, None)
    second["deliveredAt"] = at(40)
    whole = life(said("orders", node(41, fulfillments=[first, second, third]), POLL))
    assert whole.delivered_ms == at_ms(40)


def test_a_list_that_may_have_been_cut_is_named() -> None:
    found = said("orders", node(transactions=[payment(1, "SALE", "PENDING")] * 50), POLL)
    assert ("list may be cut", "transactions", "") in gaps(found)


# ---------------------------------------------------------------- states


def test_a_declined_payment_is_a_signal_with_its_code() -> None:
    found = said("order_transactions/create", transaction(1))
    (signal,) = found.signals
    assert (signal.kind, signal.object, signal.since_ms) == (
        SignalKind.PAYMENT_DECLINED,
        "insufficient_funds",
        at_ms(1) + 7,
    )
    assert signal.details == {
        "code": "insufficient_funds", "status": "failure", "kind": "sale", "gateway": "shopify_payments", "method": "visa",
        "wallet": "apple_pay", "company": "Visa",
    }  # fmt: skip
    assert found.orders == []


def test_payments_declined_in_one_second_were_one_signal() -> None:
    both = [said("order_transactions/create", transaction(1, id=number)).signals[0] for number in (5, 6)]
    assert both[0].since_ms != both[1].since_ms
    polled = payment(1, "SALE", "FAILURE", errorCode="INSUFFICIENT_FUNDS")
    (again,) = said("orders", node(transactions=[polled]), POLL).signals
    hooked = said("order_transactions/create", transaction(1)).signals[0]
    assert (again.kind, again.object, again.since_ms) == (hooked.kind, hooked.object, hooked.since_ms)


@pytest.mark.parametrize("more", [{"test": True}, {"kind": "refund"}, {"status": "pending"}])
def test_what_was_not_declined_by_a_buyer_s_bank_is_left_out_by_name(more: dict[str, Any]) -> None:
    found = said("order_transactions/create", transaction(1, **more))
    assert (found.count, found.left_out) == (0, ["order_transactions/create no payment"])


def test_a_payment_that_succeeded_is_known_and_may_be_a_part_only() -> None:
    found = said("order_transactions/create", transaction(1, status="success"))
    (facts,) = found.orders
    assert (facts.payment_method, facts.is_paid, facts.paid_ms, found.signals) == (
        "shopify_payments",
        None,
        0,
        [],
    )
    authorised = said("order_transactions/create", transaction(1, status="success", kind="authorization"))
    assert life(said("orders/create", order()), authorised).state is OrderState.AUTHORISED


def test_a_discount_runs_from_its_creation_until_it_is_expired() -> None:
    running = _discount("ACTIVE", at(0))
    (begun,) = said("discounts/create", running).signals
    (over,) = said("discounts/update", _discount("EXPIRED", at(30))).signals
    assert (begun.object, begun.since_ms, begun.until_ms) == ("77", PLACED_MS, 0)
    assert (over.object, over.since_ms, over.until_ms) == ("77", PLACED_MS, at_ms(30))
    assert said("discounts/create", _discount("SCHEDULED", at(0))).signals == []


def test_a_dispute_lasts_until_it_is_decided() -> None:
    body = {
        "id": 91, "order_id": ORDER, "type": "chargeback", "amount": "11.50", "currency": "USD", "reason": "fraudulent",
        "status": "under_review", "initiated_at": at(5), "finalized_on": None,
    }  # fmt: skip
    (begun,) = said("disputes/create", body).signals
    (over,) = said("disputes/update", {**body, "status": "won", "finalized_on": at(40)}).signals
    assert (begun.kind, begun.since_ms, begun.until_ms) == (SignalKind.DISPUTE, at_ms(5), 0)
    assert (over.since_ms, over.until_ms) == (at_ms(5), at_ms(40))


def test_stock_is_an_event_and_a_product_whose_variants_are_not_all_there_is_none() -> None:
    level = {"inventory_item_id": 808, "location_id": 3, "available": -2, "updated_at": at(1)}
    (event,) = said("inventory_levels/update", level).events
    assert (event["type"], event["quantity"], event["attributes"]["inventory_item"]) == ("stock", 0, "808")
    product = {
        "id": 11, "updated_at": at(1), "title": "Lamp", "variants": [{"id": 1, "inventory_quantity": 4}, {"id": 2, "inventory_quantity": -1}],
    }  # fmt: skip
    (event,) = said("products/update", product).events
    assert (event["product"], event["quantity"]) == ("11", 4)
    more = {
        **product,
        "variant_gids": [{"admin_graphql_api_id": f"gid://shopify/ProductVariant/{n}"} for n in range(3)],
    }
    assert said("products/update", more).events == []


def test_a_product_of_a_cart_counts_once_and_only_where_carts_are_on() -> None:
    def cart(*products: int, hours: float = 0) -> dict[str, Any]:
        lines = [{"id": number, "product_id": number, "quantity": 2} for number in products]
        return {"id": "cart-1", "token": "cart-1", "line_items": lines, "updated_at": at(hours)}

    assert said("carts/create", cart(11)).left_out == ["carts/create carts are off"]
    with_carts = _terms(has_carts=True)
    first = said("carts/create", cart(11), terms=with_carts).events
    later = said("carts/update", cart(11, 12, hours=1), terms=with_carts).events
    other = said("carts/create", {**cart(11), "id": "cart-2"}, terms=with_carts).events
    ids = {event["event_id"] for event in [*first, *later, *other]}
    assert len(ids) == 3
    assert {event["type"] for event in later} == {"add_to_cart"}


def test_access_that_ends_and_scopes_that_are_missing_are_named() -> None:
    (signal,) = said("app/uninstalled", {"id": 5, "domain": "shop.example"}).signals
    assert (signal.kind, signal.since_ms) == (SignalKind.ACCESS_REVOKED, NOW_MS)
    found = said("app/scopes_update", {"id": 5, "previous": [], "current": ["write_orders", "read_products"]})
    missing = {name for what, name, _ in gaps(found) if what == "scope missing"}
    assert missing == {
        "read_customers", "read_fulfillments", "read_all_orders", "read_inventory", "read_discounts",
    }  # fmt: skip


def test_a_shop_of_another_zone_or_currency_than_the_store_is_named() -> None:
    found = said("shop/update", {"id": 5, "iana_timezone": "Europe/Berlin", "currency": "EUR"})
    assert {value for _, _, value in gaps(found)} == {"Europe/Berlin", "EUR"}
    assert gaps(said("shop/update", {"id": 5, "iana_timezone": "America/New_York", "currency": "USD"})) == []


def test_a_version_that_was_not_asked_for_is_named() -> None:
    found = said("orders/create", order(), headers={"X-Shopify-API-Version": "2025-10"})
    assert gaps(found) == [("version of webhooks", "2025-10", "")]
    assert gaps(said("orders/create", order(), headers={"X-Shopify-API-Version": "2026-07"})) == []


# ---------------------------------------------------------------- what is new, and what cannot be read


def test_every_known_topic_is_used_or_left_out_by_name_and_a_new_one_is_a_gap() -> None:
    assert not set(WANTED) & set(LEFT_OUT)
    for topic in LEFT_OUT:
        assert said(topic, {"id": 1}).left_out == [topic]
    assert gaps(said("moons/rising", {"id": 1})) == [("topic", "moons/rising", "")]


@pytest.mark.parametrize("topic", [*WANTED, "orders"])
@pytest.mark.parametrize("content", [{}, {"id": [1]}, {"id": {"a": 1}}, {"error": "maintenance"}])
def test_a_body_of_another_form_is_set_aside_or_named_and_never_an_error_of_ours(
    topic: str, content: dict[str, Any]
) -> None:
    found = said(topic, content)
    assert not found.orders
    assert not found.events
    assert found.set_aside or found.gaps or found.left_out or topic in ("app/uninstalled", "shop/update")


@pytest.mark.parametrize("content", [[], [1], [order()]])
def test_a_body_that_is_not_an_object_cannot_be_read(content: Any) -> None:
    with pytest.raises(TranslationError):
        said("orders/create", content)


def test_a_new_status_is_named_and_the_order_counts() -> None:
    found = said("orders/updated", order(1, financial_status="shimmering", aura="blue"))
    assert gaps(found) == [("value", "financial_status", "shimmering")]
    assert found.orders[0].is_paid is None


def test_nothing_personal_is_kept_of_any_body() -> None:
    bodies = {
        "orders/create": order(refunds=[refund(44, "20.00")], fulfillments=[parcel(20)]),
        "refunds/create": refund(44, "20.00"),
        "fulfillments/create": parcel(20),
        "order_transactions/create": transaction(1),
    }
    for topic, content in bodies.items():
        texts = (kept(content), msgspec.json.encode(said(topic, content)).decode())
        for word in (
            "Ada",
            "ada@",
            "Sample Lane",
            "555",
            "203.0.113",
            "sesame",
            "4242",
            "7001002003",
            "Mozilla",
            "ch_secret",
        ):
            assert all(word not in text for text in texts), (topic, word)


def _milestone(hours: float, status: str) -> dict[str, Any]:
    return {
        "id": 71,
        "order_id": ORDER,
        "fulfillment_id": 31,
        "status": status,
        "happened_at": at(hours),
        "city": "Springfield",
    }


def _discount(status: str, updated: str) -> dict[str, Any]:
    return {
        "admin_graphql_api_id": "gid://shopify/DiscountAutomaticNode/77", "title": "Ten off", "status": status, "created_at": at(0),
        "updated_at": updated,
    }  # fmt: skip


def _terms(**more: Any) -> ConnectionTerms:
    return ConnectionTerms(
        TERMS.name, TERMS.source, TERMS.stores, TERMS.zones, TERMS.currencies, ShopifyTerms("2026-07", **more)
    )


def test_a_parcel_on_its_way_is_shipped_and_one_with_a_label_is_not_yet() -> None:
    (facts,) = said("fulfillment_events/create", _milestone(30, "in_transit")).orders
    assert (facts.is_shipped, facts.shipped_ms, facts.delivered_ms) == (True, 0, 0)
    (facts,) = said("fulfillment_events/create", _milestone(30, "DELIVERED")).orders
    assert facts.delivered_ms == PLACED_MS + 30 * HOUR_MS
    found = said("fulfillment_events/create", _milestone(30, "label_printed"))
    assert (found.count, found.left_out) == (0, ["fulfillment_events/create not on its way yet"])


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("web", OrderChannel.PAGE), ("pos", OrderChannel.POS), ("Shopify_Draft_Order", OrderChannel.STAFF), ("3890849", OrderChannel.APP),
        ("acme-agentic", OrderChannel.AGENT), ("subscription_contract", OrderChannel.SUBSCRIPTION), ("", OrderChannel.UNKNOWN),
        ("999", OrderChannel.UNKNOWN), ("42", OrderChannel.MARKETPLACE),
    ],
)  # fmt: skip
def test_an_order_says_where_it_was_made(name: str, channel: OrderChannel) -> None:
    own = ShopifyTerms("2026-07", channels={"42": OrderChannel.MARKETPLACE})
    terms = replace(TERMS, settings=own)
    for found in (
        said("orders/create", order(source_name=name), terms=terms),
        said("orders", node(sourceName=name), POLL, terms=terms),
    ):
        assert found.orders[0].channel is channel
        assert life(found).is_without_page is (channel not in (OrderChannel.PAGE, OrderChannel.UNKNOWN))


def test_an_edit_without_a_new_time_was_lost_to_a_webhook_of_the_same_second_that_came_late() -> None:
    edited = said("orders", node(totalPriceSet=money("99.00")), POLL)
    late = said("orders/updated", order())
    assert edited.orders[0].as_of_ms // 1000 == late.orders[0].as_of_ms // 1000
    first = said("orders", node(), POLL)
    for arrived in ((first, edited, late), (first, late, edited), (late, first, edited)):
        versions = [
            msgspec.structs.replace(one.orders[0], told_at_ms=NOW_MS + at) for at, one in enumerate(arrived)
        ]
        made = merge(versions)
        assert made is not None
        assert made.amount == "99.00"
    newer = said("orders/updated", order(1, total_price="80.00"))
    assert life(edited, newer).amount == "80.00"
