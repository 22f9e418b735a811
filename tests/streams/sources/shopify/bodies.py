"""Small bodies in the shapes that Shopify documents, of people and shops that do not exist."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scoring.events.pseudonyms import Pseudonyms
from scoring.events.redaction import mask_document
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.json_values import read_json
from scoring.sources.translated import ConnectionTerms, Translated
from streams.sources.shopify.fields import KEPT, OPENED, PEOPLE
from streams.sources.shopify.mapping import translate
from streams.sources.shopify.reading import ShopifyTerms

PLACED = "2026-11-28T09:00:00-05:00"
PLACED_MS = 1_795_874_400_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
NOW_MS = PLACED_MS + 48 * HOUR_MS
ORDER = 5_918_273_645_501
TERMS = ConnectionTerms(
    "shop", "shopify", ("us",), {"us": "America/New_York"}, {"us": "USD"}, ShopifyTerms("2026-07", ("(cod)",))
)
PEOPLE_OF = Pseudonyms("bodies")
ADDRESS = {
    "first_name": "Ada",
    "last_name": "Example",
    "name": "Ada Example",
    "address1": "7 Sample Lane",
    "city": "Springfield",
    "zip": "12345",
    "phone": "+1 555 0100",
    "country": "United States",
    "country_code": "US",
}


def at(hours: float) -> str:
    """So many hours after the order was placed, as Shopify writes it."""
    minutes = round(hours * 60)
    day, rest = divmod(9 * 60 + minutes, 1440)
    return f"2026-11-{28 + day:02d}T{rest // 60:02d}:{rest % 60:02d}:00-05:00"


def at_ms(hours: float) -> int:
    """The same in milliseconds."""
    return PLACED_MS + round(hours * HOUR_MS)


def order(hours: float = 0, **more: Any) -> dict[str, Any]:
    """An order as a webhook brings it so many hours after it was placed."""
    return {
        "id": ORDER,
        "admin_graphql_api_id": f"gid://shopify/Order/{ORDER}",
        "browser_ip": "203.0.113.9",
        "cancelled_at": None,
        "contact_email": "ada@example.com",
        "email": "ada@example.com",
        "created_at": PLACED,
        "processed_at": PLACED,
        "updated_at": at(hours),
        "currency": "USD",
        "total_price": "128.50",
        "financial_status": "pending",
        "fulfillment_status": None,
        "payment_gateway_names": ["shopify_payments"],
        "source_name": "web",
        "note": "call Ada at +1 555 0100",
        "test": False,
        "name": "#1001",
        "order_status_url": "https://shop.example/orders/abc/authenticate?key=sesame",
        "client_details": {"user_agent": "Mozilla/5.0", "browser_ip": "203.0.113.9"},
        "customer": {
            "id": 7_001_002_003,
            "email": "ada@example.com",
            "first_name": "Ada",
            "phone": "+1 555 0100",
            "default_address": ADDRESS,
        },
        "billing_address": ADDRESS,
        "shipping_address": ADDRESS,
        "line_items": [
            {"id": 1, "product_id": 11, "quantity": 2, "price": "50.00"},
            {"id": 2, "product_id": 12, "quantity": 1, "price": "28.50"},
        ],
        "fulfillments": [],
        "refunds": [],
        **more,
    }


def parcel(hours: float, status: str = "success", **more: Any) -> dict[str, Any]:
    """One parcel's record."""
    return {
        "id": 31,
        "order_id": ORDER,
        "status": status,
        "created_at": at(hours),
        "updated_at": at(hours),
        "shipment_status": None,
        "tracking_number": "TRACK1",
        "destination": ADDRESS,
        **more,
    }


def refund(hours: float, *amounts: str, number: int = 41, status: str = "success") -> dict[str, Any]:
    """A refund with a transaction for each amount."""
    return {
        "id": number,
        "order_id": ORDER,
        "created_at": at(hours),
        "processed_at": at(hours),
        "note": "for Ada Example",
        "refund_line_items": [{"id": 1, "quantity": 1, "line_item_id": 1, "subtotal": 50.0}],
        "transactions": [
            {"id": 50 + place, "kind": "refund", "status": status, "amount": amount, "currency": None}
            for place, amount in enumerate(amounts)
        ],
    }


def transaction(hours: float, **more: Any) -> dict[str, Any]:
    """A payment that was tried."""
    return {
        "id": 61_007,
        "order_id": ORDER,
        "kind": "sale",
        "gateway": "shopify_payments",
        "status": "failure",
        "created_at": at(hours),
        "processed_at": at(hours),
        "test": False,
        "error_code": "insufficient_funds",
        "authorization": "ch_secret",
        "amount": "128.50",
        "currency": "USD",
        "payment_details": {
            "credit_card_bin": "424242",
            "credit_card_number": "•••• •••• •••• 4242",
            "credit_card_name": "Ada Example",
            "credit_card_company": "Visa",
            "credit_card_wallet": "apple_pay",
            "payment_method_name": "visa",
        },
        "receipt": {"email": "ada@example.com"},
        **more,
    }


def money(amount: str) -> dict[str, Any]:
    """As GraphQL writes it."""
    return {"shopMoney": {"amount": amount, "currencyCode": "USD"}}


def node(hours: float = 0, **more: Any) -> dict[str, Any]:
    """An order as GraphQL gives it."""
    return {
        "legacyResourceId": str(ORDER),
        "createdAt": "2026-11-28T14:00:00Z",
        "processedAt": "2026-11-28T14:00:00Z",
        "updatedAt": at(hours),
        "cancelledAt": None,
        "test": False,
        "sourceName": "web",
        "displayFinancialStatus": "PENDING",
        "displayFulfillmentStatus": "UNFULFILLED",
        "subtotalLineItemsQuantity": 3,
        "paymentGatewayNames": ["shopify_payments"],
        "totalPriceSet": money("128.50"),
        "transactions": [],
        "refunds": [],
        "fulfillments": [],
        "customer": {"legacyResourceId": "7001002003"},
        "shippingAddress": {"countryCodeV2": "US"},
        **more,
    }


def payment(
    hours: float, kind: str = "SALE", status: str = "SUCCESS", amount: str = "128.50", **more: Any
) -> dict[str, Any]:
    """One of an order's transactions as GraphQL gives it."""
    return {
        "id": "gid://shopify/OrderTransaction/61007",
        "kind": kind,
        "status": status,
        "gateway": "shopify_payments",
        "errorCode": None,
        "createdAt": at(hours),
        "processedAt": at(hours),
        "test": False,
        "amountSet": money(amount),
        **more,
    }


def kept(content: Any) -> str:
    """The body as the door keeps it."""
    return mask_document(
        json.dumps(content, ensure_ascii=False).encode(),
        lambda raw: PEOPLE_OF.marked("us", raw),
        people=PEOPLE,
        kept=OPENED,
        only=KEPT,
    )


def said(
    topic: str,
    content: Any,
    door: DeliveryDoor = DeliveryDoor.HOOK,
    headers: Mapping[str, str] | None = None,
    terms: ConnectionTerms = TERMS,
) -> Translated:
    """What a delivery says, masked as the door masks it."""
    body = kept(content)
    assert read_json(body) is not None
    delivery = RawDelivery(
        delivery_id="d",
        source="shopify",
        connection="shop",
        received_at_ms=NOW_MS,
        topic=topic,
        door=door,
        body=body,
        headers=dict(headers or {}),
    )
    return translate(delivery, terms)
