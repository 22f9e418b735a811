"""The values of a digest that has been said: lines, rows and titles in one language, ready to be laid out; and for whom."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from scoring.calendar.entries import CalendarEntry
from scoring.digest.schedule import DigestForm, Occurrence
from scoring.digest.values import StoreRow
from scoring.wording.card import Wording
from scoring.wording.text import Language


class DigestWording(Wording, Protocol):
    """A card's wording, and days. Implemented in ``streams/digests`` with Babel."""

    def decimal(self, value: float) -> str:
        """A number with one decimal at most."""

    def hundredths(self, value: float) -> str:
        """A number with two decimals."""

    def weekday(self, day: date) -> str:
        """The day's name: ``周三``, ``Wed``."""

    def zone(self, zone: str) -> str:
        """The name of a clock: ``北京时间``, ``Los Angeles``."""

    def country(self, code: str) -> str:
        """The name of a country."""

    def money_exactly(self, amount: float, currency: str) -> str:
        """An amount that was counted, not estimated: to the unit, short from ten million on."""

    def signed_percent(self, change: float) -> str:
        """A change with its sign: ``−18%``, ``+2.1%``."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line with what is below it. ``tone`` is ``bad``, ``mild``, ``good`` or ``dim``; ``url`` may be empty."""

    title: str
    lines: tuple[str, ...] = ()
    tone: str = "dim"
    url: str = ""


@dataclass(frozen=True, slots=True)
class SaidChange:
    """A change with the tone of its sign."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class SaidFigure:
    """One number of a shop, and its changes in the order of ``SaidDigest.against``."""

    name: str
    value: str
    changes: tuple[SaidChange, ...]


@dataclass(frozen=True, slots=True)
class SaidRow:
    """One store. ``is_full`` asks for more than a line; ``matter`` names the alert that concerns it."""

    name: str
    platform: str
    verdict: str
    tone: str
    outcome: str
    expected: str
    change: str
    detail: str
    alt: str
    url: str
    row: StoreRow
    figures: tuple[SaidFigure, ...] = ()
    matter: str = ""
    place: int = 0
    is_full: bool = True


@dataclass(frozen=True, slots=True)
class SaidStage:
    """One line of the table below the funnel."""

    name: str
    count: str
    expected: str
    change: str


@dataclass(frozen=True, slots=True)
class SaidDigest:
    """Everything a digest says."""

    language: Language
    subject: str
    result: str
    period: str
    late: str
    data: tuple[str, ...]
    matters: tuple[Said, ...]
    matters_note: str
    rows: tuple[SaidRow, ...]
    rows_note: str
    funnel_title: str
    funnel_alt: str
    stages: tuple[SaidStage, ...]
    radar_title: str
    radar_alt: str
    axes: tuple[str, ...]
    incidents: tuple[Said, ...]
    incidents_note: str
    calendar: tuple[Said, ...]
    calendar_note: str
    definitions: str
    version: str
    headings: Mapping[str, str]
    funnel_note: str
    radar_note: str
    slow: tuple[Said, ...]
    slow_note: str
    reports: tuple[Said, ...] = ()
    reports_note: str = ""
    figures: tuple[SaidFigure, ...] = ()
    figures_note: str = ""
    against: tuple[str, ...] = ()
    health: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestContext:
    """For whom and how a digest is said. ``alert_url``, ``store_url`` and ``evaluation_url`` (of a store and a length of period) give an
    address, or an empty text.

    ``critical_money`` is the loss in the base currency from which any alert is critical.
    """

    wording: DigestWording
    zone: str
    form: DigestForm
    occurrence: Occurrence
    made_ms: int
    calendar: tuple[CalendarEntry, ...] = ()
    alert_url: Callable[[str], str] = lambda _: ""
    store_url: Callable[[str], str] = lambda _: ""
    evaluation_url: Callable[[str, str], str] = lambda _, __: ""
    critical_money: float = math.inf
