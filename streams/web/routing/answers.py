"""What the routing of an alert is answered with.

Times are milliseconds since 1970 UTC (suffix ``_ms``), rates are in [0, 1], money is in the store's own currency. None always
means "not known" or "not supplied", never zero.
"""

from __future__ import annotations

import msgspec


class RouteDecision(msgspec.Struct, frozen=True):
    """What routing says of one alert on one route now. ``action`` is send, wait or nothing; ``reason`` is its word."""

    route: str
    receiver: str
    channel: str
    group: str
    action: str
    reason: str
    text: str
    until_ms: int | None


class Routing(msgspec.Struct, frozen=True):
    """Who is notified of an alert and why, as of ``at_ms`` (at most ten seconds old)."""

    alert_id: str
    at_ms: int
    known: bool
    decisions: tuple[RouteDecision, ...]
