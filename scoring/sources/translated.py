"""What a delivery is translated into, and what is known of the connection it came by.

A mapping is pure: (delivery, terms) → ``Translated``. What it cannot count it sets aside with the reason; what it has never seen
(a new status, an unknown topic) it names as a gap and goes on without. What it knows and does not need, it names as left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoring.errors import ScoringError
from scoring.records.order_facts import OrderFacts
from scoring.records.report_row import ReportRow
from scoring.records.signal import Signal


class TranslationError(ScoringError):
    """Raised by a mapping for a delivery that it cannot read at all; the role sets the whole delivery aside."""


@dataclass(frozen=True, slots=True)
class ConnectionTerms:
    """What a mapping knows of a connection.

    Attributes:
        name, source: as configured.
        stores: the stores it reports for; the first is meant where a payload names none.
        zones, currencies: of each store.
        settings: the source's own part of the connection's configuration, as its mapping wants it.
    """

    name: str
    source: str
    stores: tuple[str, ...]
    zones: Mapping[str, str]
    currencies: Mapping[str, str]
    settings: Any = None


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that cannot be counted: why, and where it is in its delivery."""

    detail: str
    place: str = ""
    payload: str = ""


#: a gap of this kind names a permission that the app does not have, and what is not seen without it
SCOPE_MISSING = "scope missing"


@dataclass(frozen=True, slots=True)
class MappingGap:
    """Something the mapping has never seen, and goes on without: a value of a field, a topic, a field."""

    what: str
    name: str
    value: str = ""


@dataclass(slots=True)
class Translated:
    """All that one delivery says. ``events`` have the form of the HTTP interface; ``left_out`` names what is known and not needed."""

    events: list[dict[str, Any]] = field(default_factory=list)
    orders: list[OrderFacts] = field(default_factory=list)
    reports: list[ReportRow] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    gaps: list[MappingGap] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Records in all."""
        return len(self.events) + len(self.orders) + len(self.reports) + len(self.signals)

    def add(self, other: Translated) -> None:
        """Take over what ``other`` holds."""
        for name in self.__slots__:
            getattr(self, name).extend(getattr(other, name))
