"""What the deliveries of marketplaces share: who signed a push, whose it is, and what a connection gives without a token."""

from __future__ import annotations

from typing import Any

from scoring.funnel.stages import Stage
from scoring.sources.signatures import SignatureScheme, SignatureVerdict, verify
from streams.sources.connection import Connection
from streams.sources.source import Authorisation, HookAnswer, HookLabel, HookRequest, Supply

#: what an order's state says
ORDER_SUPPLIES: dict[Stage, Supply] = {
    Stage.ORDER: Supply.STATUS,
    Stage.PAYMENT: Supply.STATUS,
    Stage.FULFILMENT: Supply.STATUS,
    Stage.REPURCHASE: Supply.STATUS,
}


def secrets_of(connection: Connection, *more: str) -> list[str]:
    """The secrets that a delivery may be signed with: ``more``, the current one, and the one being replaced."""
    config = connection.config
    return [connection.secret(one) for one in (*more, config.secret, config.old_secret) if one]


def verify_app_key(request: HookRequest, connection: Connection) -> SignatureVerdict:
    """Whether one of the app's secrets signed its key and the raw bytes."""
    scheme = SignatureScheme("Authorization", signed=f"{connection.config.app_key}{{body}}")
    return verify(scheme, request.raw, request.headers, secrets_of(connection), request.now_s)


def answer_address_check(request: HookRequest, connection: Connection) -> HookAnswer | None:
    """The answer to a check of the address, which comes by GET or without a body."""
    return HookAnswer() if request.method == "GET" or not request.raw else None


def push_label(connection: Connection, kind: object, shop: object, delivery_id: object = None) -> HookLabel:
    """What a push is about, and whose it is.

    Args:
        connection: that it came by.
        kind: what the platform calls this kind of push.
        shop: what it calls the shop.
        delivery_id: of the push; None where it has none: then the same bytes are the same push.
    """
    stores: dict[str, str] = connection.config.stores_of_shops
    return HookLabel(f"push {kind}".strip(), str(delivery_id or ""), stores.get(str(shop), ""))


def is_read(config: Any, part: str) -> bool:
    """Whether a part is asked for; without a token nothing is."""
    return config.is_authorised and part in config.reads


def token_or_signature(config: Any) -> Authorisation:
    """Without a refresh token there are pushes alone."""
    return Authorisation.TOKEN if config.is_authorised else Authorisation.SIGNATURE
