"""What a finding is made of: conditions that hold, fail or cannot be judged, a decoy, a piece of advice, a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.evaluation.duties import Duty
from scoring.evaluation.readings import Readings
from scoring.evaluation.score import POINTS, USUAL, Score
from scoring.wording.text import Text

#: one standard deviation off the usual: an interval that lies beyond it is clearly off, one that reaches over it is not
LOW, HIGH = USUAL - POINTS, USUAL + POINTS
#: of some thirty numbers one or two lie a standard deviation below the usual in any month; few lie two below
FAR = USUAL - 2 * POINTS


class ReadingLevel(StrEnum):
    """What a condition asks of a reading."""

    CLEARLY_LOW = "clearly_low"
    FAR_LOW = "far_low"
    CLEARLY_HIGH = "clearly_high"
    NOT_LOW = "not_low"
    NOT_CLEARLY_LOW = "not_clearly_low"
    TRUE = "true"


#: levels at which all readings that there are must be
_OF_ALL = (ReadingLevel.NOT_LOW, ReadingLevel.NOT_CLEARLY_LOW)


class Truth(StrEnum):
    """Whether a condition is so. What cannot be judged is neither."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: that one of ``readings``, the first that there is, is at ``level``. ``otherwise``: what shows the same as well."""

    readings: tuple[str, ...]
    level: ReadingLevel
    otherwise: Condition | None = None

    @property
    def all_readings(self) -> tuple[str, ...]:
        """Whatever it may look at."""
        return self.readings + (self.otherwise.all_readings if self.otherwise is not None else ())


@dataclass(frozen=True, slots=True)
class Ground:
    """What a condition came to: the reading it looked at (empty: there was none) and whether it is so. ``names``: as of the reading."""

    condition: Condition
    reading: str
    truth: Truth
    names: tuple[str, ...] = ()


def looked_at(grounds: Sequence[Ground]) -> tuple[str, ...]:
    """What each condition looked at; where there was nothing, what it would have looked at first."""
    return tuple(ground.reading or next(iter(ground.condition.readings), "") for ground in grounds)


def look(condition: Condition, readings: Readings) -> Ground:
    """What a condition comes to. One of its readings is enough to be clearly off; to be not low, all that there are must be so.

    What shows the same as well is looked at where the first does not hold, and decides where there is anything to look at.
    """
    found = _look(condition, readings)
    if found.truth is Truth.HOLDS or condition.otherwise is None:
        return found
    other = look(condition.otherwise, readings)
    return other if other.reading else found


def _look(condition: Condition, readings: Readings) -> Ground:
    known = [readings.by_id[name] for name in condition.readings if name in readings.by_id]
    looked = [(one.id, _truth(condition.level, one.score, one.holds)) for one in known]
    order = (Truth.HOLDS, Truth.UNKNOWN, Truth.FAILS)
    for truth in reversed(order) if condition.level in _OF_ALL else order:
        named = next((name for name, found in looked if found is truth), None)
        if named is not None:
            return Ground(condition, named, truth, readings.by_id[named].names)
    return Ground(condition, "", Truth.UNKNOWN)


def _truth(level: ReadingLevel, score: Score | None, holds: bool | None) -> Truth:
    if level is ReadingLevel.TRUE:
        return Truth.UNKNOWN if holds is None else Truth.HOLDS if holds else Truth.FAILS
    if score is None:
        return Truth.UNKNOWN
    is_low, is_high = score.high <= LOW, score.low >= HIGH
    not_low, not_high = score.low > LOW, score.high < HIGH
    so, otherwise = {
        ReadingLevel.CLEARLY_LOW: (is_low, not_low),
        ReadingLevel.FAR_LOW: (score.high <= FAR, score.low > FAR),
        ReadingLevel.CLEARLY_HIGH: (is_high, not_high),
        ReadingLevel.NOT_LOW: (not_low, is_low),
        ReadingLevel.NOT_CLEARLY_LOW: (not is_low, is_low),
    }[level]
    return Truth.HOLDS if so else Truth.FAILS if otherwise else Truth.UNKNOWN


class Effort(StrEnum):
    """How much work a piece of advice is."""

    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"


@dataclass(frozen=True, slots=True)
class Advice:
    """A thing to look at or try. It promises nothing.

    Attributes:
        id: of the advice; its hit rate is kept by it.
        owner: who does it.
        effort: how much work it is.
        text: what to do.
        judged_by: the readings by which it is judged, the first that there is.
        after_days: days after which it is judged.
    """

    id: str
    owner: Duty
    effort: Effort
    text: Text
    judged_by: tuple[str, ...]
    after_days: int


class DecoyKind(StrEnum):
    """What makes a funnel look as if something were wrong with the shop. In the order in which they are checked."""

    REPORT_LATE = "report_late"
    TRACKING_BROKEN = "tracking_broken"
    RESTATED = "restated"
    OUTAGE = "outage"
    SHOP_CLOSED = "shop_closed"
    BOT_WAVE = "bot_wave"
    MIX_SHIFT = "mix_shift"
    CALENDAR = "calendar"
    STOCK_OR_LISTING = "stock_or_listing"
    RULE_CHANGED = "rule_changed"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Decoy:
    """Another explanation that has evidence of its own.

    Attributes:
        kind: which.
        name: for people.
        share_of: what its share is a share of.
        next_to: from this share on it is named next to a finding.
        instead: from this share on it takes the finding's place; infinite: never.
    """

    kind: DecoyKind
    name: Text
    share_of: Text
    next_to: float
    instead: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A rule: conditions that must all hold, what would disprove it, and what to look at or try.

    Attributes:
        id: the name others rely on.
        title: what is seen, never why.
        meaning: what it says and what it does not say.
        conditions: all of them.
        disproof: what, if it were seen, would disprove it.
        advice: the first is the first thing to do.
        may_be: kinds of decoy that can make it look so.
    """

    id: str
    title: Text
    meaning: Text
    conditions: tuple[Condition, ...]
    disproof: Text
    advice: tuple[Advice, ...]
    may_be: tuple[DecoyKind, ...]
