"""What a store's signals are answered with by API."""

from __future__ import annotations

from typing import Annotated

import msgspec


class StoreSignal(msgspec.Struct, frozen=True):
    """One kind of signal: how many ``objects`` (SKUs, listings, codes) and how often; ``lasting`` are those that have not ended.

    ``step`` is where in the store's funnel it is felt, empty where that is none of its steps. ``most`` are the objects with the most
    signals, each with their number; an object may be empty: then it is the whole store.
    """

    kind: str
    name: str
    step: str
    count: int
    objects: int
    lasting: int
    since_ms: int
    newest_ms: int
    most: tuple[tuple[str, int], ...]
    sources: tuple[str, ...]


class ReleaseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That something of a shop was changed. ``at_ms``: when it went live, by default now."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
    at_ms: int | None = None


class MarkedRelease(msgspec.Struct, frozen=True):
    """A release as it was marked; it is among the signals a moment later."""

    store_id: str
    name: str
    at_ms: int


class StoreSignals(msgspec.Struct, frozen=True):
    """The signals that a store had in [from_ms, to_ms), or that lasted then. They are shown next to the numbers; none is said to be a cause."""

    store_id: str
    from_ms: int
    to_ms: int
    signals: tuple[StoreSignal, ...]
    sql: str
