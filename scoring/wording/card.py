"""What a card is made of (the alert's surroundings, how numbers are written) and what it is: lines, links, a headline.

Built by ``cards.py``, written out by each channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from scoring.alerts.actions import CloseReason
from scoring.alerts.alert import WindowFigures
from scoring.alerts.routing import Severity
from scoring.funnel.money import UNKNOWN_WORTH, Worth
from scoring.wording.alert_words import ACKNOWLEDGE, CLOSE_REASON_NAMES
from scoring.wording.text import Language, Text

#: pixel orders below this share of their usual are being lost
_LOSING = 0.5


class Wording(Protocol):
    """How numbers are written for one reader. Implemented in ``streams/notifier`` with Babel."""

    language: Language

    def count(self, value: float) -> str:
        """A number of events, rounded to whole ones."""

    def percent(self, value: float) -> str:
        """A rate in [0, 1] as percent."""

    def money(self, amount: float, currency: str) -> str:
        """An amount, rounded to what its size bears, with its currency."""

    def clock(self, at_ms: int, zone: str) -> str:
        """A time on the wall in ``zone``, with the zone's abbreviation."""

    def day(self, day: date) -> str:
        """A day without its year: ``3月4日``, ``Mar 4``."""

    def span(self, minutes: float) -> str:
        """A length of time, for example ``1 h 5 min``."""


class LineKind(StrEnum):
    """What a line of a card is about: channels may style by it, the order is always the same."""

    SIZE = "size"
    SURENESS = "sureness"
    WHERE = "where"
    NOT_THE_CAUSE = "not_the_cause"
    SINCE = "since"
    PEOPLE = "people"
    CHECK = "check"


class ActionKind(StrEnum):
    """What a reader can do with one press."""

    ACKNOWLEDGE = "acknowledge"
    SILENCE = "silence"
    FALSE_ALARM = "false_alarm"
    EXPECTED = "expected"
    REAL = "real"
    TRACKING = "tracking"
    DETAILS = "details"
    STORE = "store"


ACTION_NAMES: Mapping[ActionKind, Text] = {
    ActionKind.ACKNOWLEDGE: ACKNOWLEDGE,
    ActionKind.SILENCE: Text("静默 2 小时", "Silence 2 h"),
    ActionKind.FALSE_ALARM: CLOSE_REASON_NAMES[CloseReason.FALSE_ALARM].begun(),
    ActionKind.EXPECTED: Text("活动所致", "Expected"),
    ActionKind.REAL: CLOSE_REASON_NAMES[CloseReason.REAL].begun(),
    ActionKind.TRACKING: CLOSE_REASON_NAMES[CloseReason.TRACKING].begun(),
    ActionKind.DETAILS: Text("查看详情", "Details"),
    ActionKind.STORE: Text("店铺页面", "Store"),
}
#: what only leads to a page; everything else does something, so its link is signed
PLACES: tuple[ActionKind, ...] = (ActionKind.DETAILS, ActionKind.STORE)
#: what is offered, in this order: of an alert that fires, of one that is over, and of one that somebody has closed
WHILE_FIRING: tuple[ActionKind, ...] = (
    ActionKind.ACKNOWLEDGE,
    ActionKind.SILENCE,
    ActionKind.FALSE_ALARM,
    ActionKind.EXPECTED,
    *PLACES,
)
ONCE_OVER: tuple[ActionKind, ...] = (
    ActionKind.REAL,
    ActionKind.EXPECTED,
    ActionKind.TRACKING,
    ActionKind.FALSE_ALARM,
    *PLACES,
)


@dataclass(frozen=True, slots=True)
class CardStore:
    """What a card says of a store; ``worth`` is what its events brought before the alert."""

    name: str
    zone: str
    currency: str
    worth: Worth = UNKNOWN_WORTH


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of the data behind an alert. ``pixel_share`` is pixel orders over server orders in the last hour, None if unknown."""

    age_s: float | None = None
    pixel_share: float | None = None
    #: the same over the week before, None if unknown
    usual_pixel_share: float | None = None
    is_late: bool = False

    @property
    def pixel_is_losing(self) -> bool:
        """Whether pixel orders fell to less than half of their usual share of server orders: lost tracking, not lost orders."""
        if self.pixel_share is None or self.usual_pixel_share is None:
            return False
        return self.pixel_share < _LOSING * self.usual_pixel_share


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What came in a span that begins at ``at_ms``, and what was expected of it; None where nothing was. Marked: the alert is about it."""

    at_ms: int
    observed: float
    expected: float | None = None
    low: float = 0.0
    high: float = 0.0
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class CardCurve:
    """The picture of a card: its points, the clock it is on, and the same in words.

    Attributes:
        points: oldest first.
        zone: the reader's; of a report, the report's own, because its days are days there.
        words: the same for those who do not see it.
        period_ms: length of a report's periods; None where minutes of events are shown.
    """

    points: tuple[CurvePoint, ...]
    zone: str
    words: str
    period_ms: int | None = None


@dataclass(frozen=True, slots=True)
class CardContext:
    """Everything a card says in addition to the alert itself. ``calendar`` is None where the store's country is not known."""

    store: CardStore
    threshold: float
    severity: Severity
    health: Health = Health()
    calendar: tuple[str, ...] | None = ()
    acknowledged_by: str = ""
    assignee: str = ""
    closed_by: str = ""
    closed_as: CloseReason | None = None
    links: Mapping[ActionKind, str] = field(default_factory=dict)
    #: of a pool's alert: the names of its stores by their ids
    member_names: Mapping[str, str] = field(default_factory=dict)
    #: the moment at which it is written, where that is later than the alert's newest turn
    now_ms: int | None = None
    #: how it is then, while it fires; None where that is not known
    present: WindowFigures | None = None
    #: what came and what was expected around the alert; empty where a picture is not wanted or cannot be had
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a card. ``strong`` are its figures that matter most, in their order in ``text``."""

    kind: LineKind
    text: str
    strong: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[tuple[str, bool], ...]:
        """The text in pieces, and whether each is strong."""
        found, rest = [], self.text
        for piece in filter(None, self.strong):
            before, here, after = rest.partition(piece)
            if here:
                found += [(before, False), (piece, True)]
                rest = after
        return tuple((text, is_strong) for text, is_strong in [*found, (rest, False)] if text)


@dataclass(frozen=True, slots=True)
class CardAction:
    """Something a reader can do: its name and where it leads."""

    kind: ActionKind
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """An alert as one reader sees it, in one language."""

    alert_id: str
    language: Language
    severity: Severity
    is_firing: bool
    headline: str
    lines: tuple[Line, ...]
    actions: tuple[CardAction, ...]
    curve: CardCurve | None = None

    @property
    def text(self) -> str:
        """The whole card as plain text."""
        links = " · ".join(f"{action.text}: {action.url}" for action in self.actions)
        return "\n".join([self.headline, *(line.text for line in self.lines), *filter(None, [links])])

    @property
    def letter(self) -> str:
        """The same with a line to each link, for readers of plain text: six long addresses in one line are a wall."""
        links = (f"{action.text}: {action.url}" for action in self.actions)
        return "\n".join([self.headline, *(line.text for line in self.lines), *links])
