"""What is known of one delivery besides its bytes: its door, its sender's stores, and what the shell lends to the core.

On the path of an event: filled in by ``streams/collector/intake.py``, read by ``scoring/events/canonical.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from scoring.events.bounds import OLDEST_MS
from scoring.events.event import Event, EventType, Source


class StoreDefaults(NamedTuple):
    """What an event takes over from its store."""

    platform: str
    currency: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """All that is known of one delivery besides its bytes.

    Attributes:
        received_at_ms: when the collector took it.
        source: the door it came in by.
        stores: the stores that this sender may write to.
        pseudonym: gives the pseudonym of (store_id, raw id).
        device_class: gives the device class of a user agent.
        fresh_id: gives an id for an event that carries nothing to recognise it by.
        country: of the sender, for events that give none.
        user_agent: of the sender, for events that give neither device class nor user agent.
        is_private: the sender asks not to be recognised: ids of people are forgotten.
        shift_ms: added to event times: the correction for a sender's clock.
        longest: bytes of one event at most.
        types: event types that this door may claim; all for None.
        oldest_ms: the earliest ``event_time`` that this door may claim.
        set_apart: notes on an event that it is not to be judged (for a public door), or which import reports it.
    """

    received_at_ms: int
    source: Source
    stores: Mapping[str, StoreDefaults]
    pseudonym: Callable[[str, str], str]
    device_class: Callable[[str], str]
    fresh_id: Callable[[], str]
    country: str = ""
    user_agent: str = ""
    is_private: bool = False
    shift_ms: int = 0
    longest: int = 32_768
    types: frozenset[EventType] | None = None
    oldest_ms: int = OLDEST_MS
    set_apart: Callable[[Event], Event] | None = None
