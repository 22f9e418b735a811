"""The other side of each source that has connections: how it signs, what an order's life is to it, and a platform that can lie.

A new source is named here; ``test_source_contract.py`` fails until it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.sources.signatures import SignatureScheme, sign
from streams.sources.asking import HttpSender
from tests.fakes.lying_server import Ledger, LyingShop, ScriptedLie, connection


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
        settings: of the connection; with ``tokens``, and with a second resource called ``other``.
        platform: with these orders and lies.
    """

    settings: Callable[..., dict[str, Any]]
    platform: Callable[[Ledger, Callable[[], int], Sequence[ScriptedLie], bool], HttpSender]


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

HOOKS: Mapping[str, HookDouble] = {"webhook": WEBHOOK}


def _json_api(*, tokens: bool = False, second: bool = False) -> dict[str, Any]:
    settings = connection(tokens=tokens)
    if second:
        (resource,) = settings["resources"]
        settings["resources"] = [resource, {**resource, "name": "other", "path": "/others"}]
    return settings


POLLS: Mapping[str, PollDouble] = {"json_api": PollDouble(_json_api, LyingShop)}


def planted(value: Any, text: str) -> Any:
    """``value`` with ``text`` in every text of it that is free: not in times, amounts and ids, which are judged by their form."""
    if isinstance(value, dict):
        return {name: planted(one, text) if name not in _FORMED else one for name, one in value.items()}
    if isinstance(value, list):
        return [planted(one, text) for one in value]
    return f"{value} {text}" if isinstance(value, str) else value


_FORMED = frozenset({"event", "no", "placed_at", "updated_at", "paid_at", "sent_at", "total", "currency"})


def encoded(value: object) -> bytes:
    """A body as it comes."""
    return json.dumps(value, ensure_ascii=False).encode()
