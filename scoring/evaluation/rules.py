"""What a finding is made of: conditions that hold, fail or cannot be judged, a decoy, a piece of advice, a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.evaluation.chances import any_of
from scoring.evaluation.duties import Duty
from scoring.evaluation.readings import Reading, Readings
from scoring.evaluation.score import POINTS, USUAL
from scoring.funnel.units import Z90
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
#: what comes by chance in one period of forty is not "as usual"; several of those together can be a finding
RARE = 0.025
#: what a whole rule shows may come by chance in one of two hundred periods
MOST_BY_CHANCE = 0.005
#: points: with a larger standard error even a fall of two deviations would be lost in counting noise
BLUR = 2 * POINTS / Z90 - POINTS / 2


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
    """What a condition came to: the reading it looked at (empty: there was none) and whether it is so.

    Attributes:
        names: as of the reading.
        chance: that a store which is as it always was shows this much by chance; 1 where the condition asks for no change.
    """

    condition: Condition
    reading: str
    truth: Truth
    names: tuple[str, ...] = ()
    chance: float = 1.0


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
    if not known:
        return Ground(condition, "", Truth.UNKNOWN)
    if condition.level is ReadingLevel.TRUE:
        one = known[0]
        truth = Truth.UNKNOWN if one.holds is None else Truth.HOLDS if one.holds else Truth.FAILS
        return Ground(condition, one.id, truth, one.names)
    scored = [one for one in known if one.score is not None]
    if not scored:
        return Ground(condition, known[0].id, Truth.UNKNOWN, known[0].names)
    is_high = condition.level is ReadingLevel.CLEARLY_HIGH
    chances = [1 - one.low_chance if is_high else one.low_chance for one in scored]
    one, chance = scored[min(range(len(scored)), key=chances.__getitem__)], any_of(chances)
    if condition.level in _OF_ALL:
        truth = _not_low(condition.level, scored, chance)
        return Ground(condition, one.id if truth is not Truth.HOLDS else scored[0].id, truth, one.names)
    return Ground(condition, one.id, _off(condition.level, scored, one, chance), one.names, chance)


def _off(level: ReadingLevel, scored: Sequence[Reading], one: Reading, chance: float) -> Truth:
    """Whether a reading is off: by what its own past leads one to expect, and not by counting noise alone."""
    if level is ReadingLevel.FAR_LOW:
        if chance <= MOST_BY_CHANCE and one.score is not None and one.score.high <= FAR:
            return Truth.HOLDS
        return Truth.FAILS if one.score is not None and one.score.low > FAR else Truth.UNKNOWN
    if chance <= RARE:
        return Truth.HOLDS
    ends = [(one.score.low, one.score.high) for one in scored if one.score is not None]
    if level is ReadingLevel.CLEARLY_HIGH:
        return Truth.FAILS if all(high < HIGH for _, high in ends) else Truth.UNKNOWN
    return Truth.FAILS if all(low > LOW for low, _ in ends) else Truth.UNKNOWN


def _not_low(level: ReadingLevel, scored: Sequence[Reading], chance: float) -> Truth:
    """Whether none of them is low. Where counting noise would hide a fall of two deviations it is not known to be as usual."""
    if chance <= RARE:
        return Truth.FAILS
    if level is ReadingLevel.NOT_CLEARLY_LOW:
        return Truth.HOLDS
    is_seen = all(one.score is not None and one.score.spread <= BLUR for one in scored)
    return Truth.HOLDS if is_seen else Truth.UNKNOWN


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
