"""The other side of each source that has connections: how it signs, what an order's life is to it, and a platform that can lie.

A new source is named here; ``test_source_contract.py`` fails until it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from scoring.sources.signatures import DigestCode, SignatureScheme, sign
from streams.sources.asking import HttpSender
from tests.fakes import lying_amazon, lying_lazada, lying_tiktok_shop
from tests.fakes.ledger import Ledger
from tests.fakes.lies import ScriptedLie
from tests.fakes.lying_amazon_ads import LyingAmazonAds, ads_connection, ads_truth
from tests.fakes.lying_bigquery import LyingBigQuery, export_connection
from tests.fakes.lying_ga4 import LyingGa4, ga4_connection, ga4_truth
from tests.fakes.lying_meta import LyingMeta, meta_connection, meta_truth
from tests.fakes.lying_server import LyingShop, connection
from tests.fakes.lying_shopee import SHOP, LyingShopee, shopee_connection, signed_push
from tests.fakes.lying_shopify import LyingShopify, shopify_connection
from tests.fakes.lying_tiktok_ads import LyingTiktokAds, tiktok_ads_connection, tiktok_ads_truth
from tests.fakes.lying_woo import LyingWoo, woo_connection


@dataclass(frozen=True)
class HookDouble:
    """A platform that delivers.

    Attributes:
        settings: of the connection.
        signed: the headers of a body signed with a secret.
        life: the deliveries of one order's life, oldest first, each with all that the platform then knew.
        expected: what is known of the order in the end (attributes of ``OrderLife``).
        unknown: a delivery with a field, and a value of a field, that was never seen before.
        secret, old_secret: behind ``env:NEW`` and ``env:OLD`` of the settings.
    """

    settings: Mapping[str, Any]
    signed: Callable[[bytes, str], Mapping[str, str]]
    life: Sequence[dict[str, Any]]
    expected: Mapping[str, Any]
    unknown: dict[str, Any]


@dataclass(frozen=True)
class PollDouble:
    """A platform that is asked.

    Attributes:
        settings: of the connection; with ``tokens``, and with a ``second`` resource.
        platform: with these orders and lies.
        other: name of the second resource.
        other_has_orders: whether it holds the same orders.
        has_tokens: whether access has an end; a key has none.
        has_buyers: whether an order says whose it is.
        compares: figures of a day that the platform gives by a second way.
        unknown: figures of a day that the platform's orders do not say, such as when they were paid.
    """

    settings: Callable[..., dict[str, Any]]
    platform: Callable[[Ledger, Callable[[], int], Sequence[ScriptedLie], bool], HttpSender]
    other: str = "other"
    other_has_orders: bool = True
    has_tokens: bool = True
    has_buyers: bool = True
    compares: tuple[str, ...] = ("orders",)
    unknown: tuple[str, ...] = ()

    def knows(self, figure: str) -> bool:
        """Whether the orders say this figure of a day."""
        return figure not in self.unknown


@dataclass(frozen=True)
class ReportDouble:
    """A platform that is asked for figures of days and hours, and knows no orders.

    Attributes:
        settings: of the connection, which begins a day before now.
        platform: with these lies.
        truth: the figures of the days that begin between two moments as they are then: (resource, its row, measure) → value.
        resource: what the lies are about.
    """

    settings: Callable[..., dict[str, Any]]
    platform: Callable[[Ledger, Callable[[], int], Sequence[ScriptedLie]], HttpSender]
    truth: Callable[[int, int, int], Mapping[tuple[str, int, str], Decimal]]
    resource: str


SCHEME = SignatureScheme("X-Shop-Signature", prefix="sha256=")
PLACED_MS = 1_793_500_000_000
HOUR_MS = 3_600_000


def _state(hours: int, **more: Any) -> dict[str, Any]:
    """The order as an ERP would send it so many hours after it was placed."""
    return {
        "event": "order.changed",
        "order": {
            "no": "E-1001",
            "placed_at": PLACED_MS,
            "updated_at": PLACED_MS + hours * HOUR_MS,
            "total": "128.50",
            "currency": "CNY",
            "buyer": {"id": "u-77", "name": "Li Si", "email": "lisi@example.com"},
            "note": "",
            **more,
        },
    }


PAID, SENT = {"paid_at": PLACED_MS + HOUR_MS}, {"sent_at": PLACED_MS + 20 * HOUR_MS}
WEBHOOK = HookDouble(
    settings={
        "name": "erp",
        "source": "webhook",
        "store": "cn",
        "secret": "env:NEW",
        "old_secret": "env:OLD",
        "signature": {"header": "X-Shop-Signature", "prefix": "sha256="},
        "topic": {"path": "event"},
        "mapping": [
            {
                "kind": "order",
                "topics": ["order.changed"],
                "rows": "order",
                "fields": {
                    "order_id": "no",
                    "placed": "placed_at",
                    "paid": "paid_at",
                    "shipped": "sent_at",
                    "updated": "updated_at",
                    "amount": "total",
                    "currency": "currency",
                    "buyer": "buyer.id",
                    "status": "state",
                    "payment_method": "note",
                },
                "statuses": {"cancelled": ["void"], "paid": ["ok"]},
            }
        ],
    },
    signed=lambda body, secret: {"X-Shop-Signature": sign(SCHEME, body, {}, secret)},
    life=(
        _state(0),
        _state(1, **PAID),
        _state(20, **PAID, **SENT),
        _state(30, **PAID, **SENT, total="120.00"),
    ),
    expected={
        "placed_ms": PLACED_MS,
        "paid_ms": PLACED_MS + HOUR_MS,
        "shipped_ms": PLACED_MS + 20 * HOUR_MS,
        "amount": "120.00",
        "currency": "CNY",
    },
    unknown=_state(2, state="shimmering", aura="blue", **PAID),
)

SHOPIFY_SCHEME = SignatureScheme("X-Shopify-Hmac-Sha256", code=DigestCode.BASE64)
#: what a body is about, by a field that only it has
SHOPIFY_TOPICS = {"refund_line_items": "refunds/create", "shipment_status": "fulfillments/create"}


def _shopify_signed(body: bytes, secret: str) -> dict[str, str]:
    topic = next(
        (topic for field, topic in SHOPIFY_TOPICS.items() if field.encode() in body), "orders/updated"
    )
    return {
        "X-Shopify-Hmac-Sha256": sign(SHOPIFY_SCHEME, body, {}, secret),
        "X-Shopify-Shop-Domain": "lying.myshopify.com",
        "X-Shopify-Topic": topic,
        "X-Shopify-API-Version": "2026-07",
    }


def _shopify_order(hours: int, **more: Any) -> dict[str, Any]:
    """The order as Shopify sends it so many hours after it was placed."""
    return {
        "id": 5001,
        "created_at": _iso(0),
        "processed_at": _iso(0),
        "updated_at": _iso(hours),
        "total_price": "128.50",
        "currency": "CNY",
        "financial_status": "paid",
        "fulfillment_status": None,
        "payment_gateway_names": ["alipay"],
        "note": "",
        "customer": {"id": 77, "email": "lisi@example.com", "first_name": "Si"},
        "line_items": [{"id": 1, "quantity": 2, "product_id": 9}],
        **more,
    }


def _iso(hours: int) -> str:
    return datetime.fromtimestamp(PLACED_MS / 1000 + hours * 3600, UTC).isoformat()


SHOPIFY = HookDouble(
    settings={
        "name": "lying",
        "source": "shopify",
        "store": "cn",
        "shop": "lying.myshopify.com",
        "client_id": "app",
        "secret": "env:NEW",
        "old_secret": "env:OLD",
    },
    signed=_shopify_signed,
    life=(
        _shopify_order(0, financial_status="pending"),
        _shopify_order(2),
        {
            "id": 31,
            "order_id": 5001,
            "status": "success",
            "created_at": _iso(20),
            "updated_at": _iso(20),
            "shipment_status": None,
        },
        {
            "id": 41,
            "order_id": 5001,
            "created_at": _iso(30),
            "processed_at": _iso(30),
            "refund_line_items": [],
            "transactions": [
                {"id": 51, "kind": "refund", "status": "success", "amount": "8.50", "currency": "CNY"}
            ],
        },
    ),
    expected={
        "placed_ms": PLACED_MS,
        "is_paid": True,
        "shipped_ms": PLACED_MS + 20 * HOUR_MS,
        "amount": "128.50",
        "currency": "CNY",
        "refunds": {"41": "8.50"},
    },
    unknown=_shopify_order(2, financial_status="shimmering", aura="blue"),
)

WOO_SCHEME = SignatureScheme("X-WC-Webhook-Signature", code=DigestCode.BASE64)


def _woo_order(hours: int, **more: Any) -> dict[str, Any]:
    """The order as WooCommerce sends it so many hours after it was placed."""
    return {
        "id": 901,
        "status": "pending",
        "currency": "CNY",
        "date_created_gmt": _iso(0)[:19],
        "date_modified_gmt": _iso(hours)[:19],
        "date_paid_gmt": None,
        "date_completed_gmt": None,
        "total": "128.50",
        "customer_id": 77,
        "customer_note": "",
        "payment_method": "alipay",
        "billing": {"first_name": "Si", "email": "lisi@example.com", "country": "CN"},
        "line_items": [{"id": 1, "name": "Lamp", "quantity": 2}],
        "refunds": [],
        **more,
    }


_WOO_PAID = {"status": "processing", "date_paid_gmt": _iso(1)[:19]}
_WOO_DONE = {**_WOO_PAID, "status": "completed", "date_completed_gmt": _iso(20)[:19]}
WOOCOMMERCE = HookDouble(
    settings={
        "name": "lying",
        "source": "woocommerce",
        "store": "cn",
        "url": "https://shop.example",
        "secret": "env:NEW",
        "old_secret": "env:OLD",
    },
    signed=lambda body, secret: {
        "X-WC-Webhook-Signature": sign(WOO_SCHEME, body, {}, secret),
        "X-WC-Webhook-Topic": "order.updated",
    },
    life=(
        _woo_order(0),
        _woo_order(1, **_WOO_PAID),
        _woo_order(20, **_WOO_DONE),
        _woo_order(30, **_WOO_DONE, refunds=[{"id": 41, "reason": "", "total": "-8.50"}]),
    ),
    expected={
        "placed_ms": PLACED_MS,
        "paid_ms": PLACED_MS + HOUR_MS,
        "shipped_ms": PLACED_MS + 20 * HOUR_MS,
        "amount": "128.50",
        "currency": "CNY",
        "refunds": {"41": "8.50"},
    },
    unknown=_woo_order(2, status="shimmering", aura="blue"),
)


def _shopee_push(hours: int, status: str, code: int = 3, **more: Any) -> dict[str, Any]:
    at_s = PLACED_MS // 1000 + hours * 3600
    data = {"items": [], "ordersn": "2404098R48U37H", "status": status, "update_time": at_s, **more}
    return {"data": data, "shop_id": int(SHOP), "code": code, "timestamp": at_s}


SHOPEE = HookDouble(
    settings=shopee_connection(),
    signed=signed_push,
    life=(
        _shopee_push(0, "UNPAID"),
        _shopee_push(1, "READY_TO_SHIP"),
        _shopee_push(20, "SHIPPED"),
        _shopee_push(44, "LOGISTICS_DELIVERY_DONE", 30, package_number="OFG1"),
        _shopee_push(50, "ACCEPTED", 29, return_sn="R1", refund_amount=8.5),
    ),
    expected={
        "is_paid": False,
        "shipped_ms": PLACED_MS + 20 * HOUR_MS,
        "delivered_ms": PLACED_MS + 44 * HOUR_MS,
        "refunds": {"R1": "8.5"},
    },
    unknown=_shopee_push(2, "SHIMMERING"),
)


def _lazada_push(hours: int, status: str) -> dict[str, Any]:
    at_s = PLACED_MS // 1000 + hours * 3600
    data = {
        "order_status": status,
        "trade_order_id": "491253082180001",
        "trade_order_line_id": "491253082280001",
        "status_update_time": at_s,
    }
    return {"seller_id": "9", "message_type": 0, "data": data, "timestamp": at_s, "site": "lazada_sg"}


LAZADA = HookDouble(
    settings=lying_lazada.lazada_connection(),
    signed=lying_lazada.signed_push,
    life=tuple(
        _lazada_push(hours, status)
        for hours, status in ((0, "unpaid"), (1, "pending"), (20, "shipped"), (50, "delivered"))
    ),
    expected={"paid_ms": PLACED_MS + HOUR_MS, "shipped_ms": PLACED_MS + 20 * HOUR_MS},
    unknown=_lazada_push(2, "shimmering"),
)


def _tiktok_push(hours: int, status: str, kind: int = 1) -> dict[str, Any]:
    at_s = PLACED_MS // 1000 + hours * 3600
    data = {
        "order_id": "576486316948490001",
        "order_status": status,
        "is_on_hold_order": False,
        "update_time": at_s,
    }
    shop, number = lying_tiktok_shop.SHOP, f"73271123930573{hours:02d}"
    return {"type": kind, "tts_notification_id": number, "shop_id": shop, "timestamp": at_s, "data": data}


TIKTOK_SHOP = HookDouble(
    settings=lying_tiktok_shop.tiktok_connection(),
    signed=lying_tiktok_shop.signed_push,
    life=tuple(
        _tiktok_push(hours, status)
        for hours, status in ((0, "UNPAID"), (1, "AWAITING_SHIPMENT"), (20, "IN_TRANSIT"), (44, "DELIVERED"))
    ),
    expected={"shipped_ms": PLACED_MS + 20 * HOUR_MS, "delivered_ms": PLACED_MS + 44 * HOUR_MS},
    unknown=_tiktok_push(2, "SHIMMERING"),
)

HOOKS: Mapping[str, HookDouble] = {
    "webhook": WEBHOOK,
    "shopify": SHOPIFY,
    "woocommerce": WOOCOMMERCE,
    "shopee": SHOPEE,
    "lazada": LAZADA,
    "tiktok_shop": TIKTOK_SHOP,
}


def _json_api(*, tokens: bool = False, second: bool = False) -> dict[str, Any]:
    settings = connection(tokens=tokens)
    if second:
        (resource,) = settings["resources"]
        settings["resources"] = [resource, {**resource, "name": "other", "path": "/others"}]
    return settings


#: Shopee's details are lied about whoever asks for them, and the file of Amazon says only which size the money has
_MONEY_TOO = ("orders", "money CNY")
POLLS: Mapping[str, PollDouble] = {
    "amazon": PollDouble(
        lying_amazon.amazon_connection,
        lying_amazon.LyingAmazon,
        "sales_hours",
        False,
        has_buyers=False,
        unknown=("paid",),
    ),
    "json_api": PollDouble(_json_api, LyingShop, compares=("orders", "paid", "money CNY")),
    "shopify": PollDouble(shopify_connection, LyingShopify, "access", False, compares=_MONEY_TOO),
    "woocommerce": PollDouble(woo_connection, LyingWoo, "refunds", False, False, compares=_MONEY_TOO),
    "shopee": PollDouble(shopee_connection, LyingShopee, "returns", False),
    "lazada": PollDouble(
        lying_lazada.lazada_connection,
        lying_lazada.LyingLazada,
        "returns",
        False,
        compares=_MONEY_TOO,
        unknown=("paid",),
    ),
    "tiktok_shop": PollDouble(
        lying_tiktok_shop.tiktok_connection,
        lying_tiktok_shop.LyingTiktokShop,
        "returns",
        False,
        compares=_MONEY_TOO,
    ),
}


REPORTS: Mapping[str, ReportDouble] = {
    "amazon_ads": ReportDouble(ads_connection, LyingAmazonAds, ads_truth, "days.sponsored_products"),
    "ga4_export": ReportDouble(export_connection, LyingBigQuery, ga4_truth, "days"),
    "ga4_reports": ReportDouble(ga4_connection, LyingGa4, ga4_truth, "days"),
    "tiktok_ads": ReportDouble(
        tiktok_ads_connection, LyingTiktokAds, tiktok_ads_truth, "days.gmv_max_product"
    ),
    "meta_ads": ReportDouble(meta_connection, LyingMeta, meta_truth, "days"),
}


def planted(value: Any, text: str) -> Any:
    """``value`` with ``text`` in every text of it that is free: not in times, amounts and ids, which are judged by their form."""
    if isinstance(value, dict):
        return {name: planted(one, text) if name not in _FORMED else one for name, one in value.items()}
    if isinstance(value, list):
        return [planted(one, text) for one in value]
    return f"{value} {text}" if isinstance(value, str) else value


_FORMED = frozenset(
    {
        *("event", "no", "placed_at", "updated_at", "paid_at", "sent_at", "total", "currency"),
        *("created_at", "processed_at", "total_price", "amount"),
        *("date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt"),
    }
)


def encoded(value: object) -> bytes:
    """A body as it comes."""
    return json.dumps(value, ensure_ascii=False).encode()
