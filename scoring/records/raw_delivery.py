"""A raw delivery: what a platform sent, as it came, so that a fault of a mapping can be fixed and the delivery translated again."""

from __future__ import annotations

from enum import StrEnum

import msgspec

RAW_SCHEMA_VERSION = 1


class DeliveryDoor(StrEnum):
    """How it came."""

    HOOK = "hook"
    POLL = "poll"
    BACKFILL = "backfill"


class RawDelivery(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One delivery, as it is on ``funnel.raw.v1``.

    Attributes:
        delivery_id: the platform's own where it gives one; the same delivery again has the same.
        topic: of the platform: ``orders/create``, ``push 3``, the resource of a poll.
        body: text, personal fields masked.
        headers: those of an allow-list.
    """

    delivery_id: str
    source: str
    connection: str
    received_at_ms: int
    topic: str = ""
    door: DeliveryDoor = DeliveryDoor.HOOK
    body: str = ""
    headers: dict[str, str] = {}
    schema_version: int = RAW_SCHEMA_VERSION


def raw_key(delivery: RawDelivery) -> str:
    """The key of its record: the deliveries of one connection keep their order."""
    return f"{delivery.source}/{delivery.connection}"
