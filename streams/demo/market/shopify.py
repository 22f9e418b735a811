"""Shopify's part: the webhook of a payment that was declined. Made of what Shopify documents."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

SHOP = "luma-living.myshopify.com"
_SERVED_VERSION = "2026-07"


def declined(payment: Mapping[str, Any]) -> bytes:
    """``order_transactions/create`` of a payment that its gateway declined."""
    at = datetime.fromtimestamp(payment["event_time_ms"] / 1000, UTC).isoformat()
    number = zlib.crc32(payment["order_id"].encode())
    content = {
        "id": number,
        "order_id": payment["order_id"],
        "kind": "sale",
        "status": "failure",
        "error_code": "processing_error",
        "gateway": payment["payment_method"],
        "amount": payment["amount"],
        "currency": payment["currency"],
        "created_at": at,
        "processed_at": at,
        "test": False,
    }
    return json.dumps(content).encode()


def signed(body: bytes, key: str) -> dict[str, str]:
    """The headers of a webhook."""
    digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
    return {
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": SHOP,
        "X-Shopify-Topic": "order_transactions/create",
        "X-Shopify-API-Version": _SERVED_VERSION,
        "X-Shopify-Webhook-Id": hashlib.blake2b(body, digest_size=16).hexdigest(),
    }
