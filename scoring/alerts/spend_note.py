"""What an alert on ad spend says: what an hour costs, which broken step or empty shelf it runs into, kept in the alert's ``note``."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from scoring.alerts.alert import AlertKind

#: the step of every alert on ad spend: it is none of the funnel's
SPEND_STEP = "ad_spend"


class SpendInto(StrEnum):
    """What the money runs into."""

    STEP = "step"
    STOCK_OUT = "stock_out"
    CLOSED = "shop_closed"


class SpendNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of ``note``.

    Attributes:
        into: what the money runs into.
        of: the step that is broken, or how many products are out of stock, as text.
        cause: id of the alert on that step; empty for a shelf.
        per_hour: what is spent an hour, all of it, in ``currency``.
        share: part of it that leads nowhere, in [0, 1].
        currency: of the store.
        is_about: the platform gives the spend by day, and an hour is a part of the newest complete one.
    """

    into: SpendInto
    of: str
    cause: str
    per_hour: float
    share: float
    currency: str
    is_about: bool = False


def write_spend_note(note: SpendNote) -> str:
    """For ``AlertTransition.note``."""
    return msgspec.json.encode(note).decode()


def note_of_spend(kind: str, note: str) -> SpendNote | None:
    """The note of an alert on ad spend; None for any other, and for one that another release wrote."""
    if kind != AlertKind.AD_SPEND:
        return None
    try:
        return msgspec.json.decode(note, type=SpendNote)
    except (msgspec.MsgspecError, ValueError):
        return None
