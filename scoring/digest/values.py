"""The values of a digest: the facts of a period that go in, and the judgements that come out (``scoring/digest/judging.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from scoring.alerts.actions import CloseReason
from scoring.alerts.alert import AlertTransition, Level
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.score import Score, TargetResult
from scoring.evaluation.steps import Loss
from scoring.funnel.money import UNKNOWN_WORTH, MoneyLost, Worth
from scoring.funnel.stages import Stage
from scoring.funnel.trade import TradeFigures

#: grows whenever a number of the digest is defined differently
DEFINITIONS_VERSION = "4"
#: part of the expected arrivals that must fall into judged minutes before a step's change is reported
JUDGED_SHARE = 0.8
#: part of a period's minutes that must have been checked before a store is not named as partly checked
CHECKED_SHARE = 0.99
MAX_MATTERS = 3
MAX_ROWS = 40
#: up to this many stores, each is shown at full length; of more, those that are quiet have one line
FULL_ROWS = 5
MAX_INCIDENTS = 12


class Verdict(StrEnum):
    """The verdict on a store. The order of the members is the order in which stores are listed."""

    ATTENTION = "attention"
    SILENT = "silent"
    RECOVERED = "recovered"
    NORMAL = "normal"
    LEARNING = "learning"
    NOT_JUDGED = "not_judged"
    NO_DATA = "no_data"


class DigestGroup(StrEnum):
    """What the subject counts."""

    ACTION = "action"
    RECOVERED = "recovered"
    NORMAL = "normal"
    LEARNING = "learning"
    TOO_LITTLE = "too_little"


GROUP_OF: Mapping[Verdict, DigestGroup] = {
    Verdict.ATTENTION: DigestGroup.ACTION,
    Verdict.SILENT: DigestGroup.ACTION,
    Verdict.RECOVERED: DigestGroup.RECOVERED,
    Verdict.NORMAL: DigestGroup.NORMAL,
    Verdict.LEARNING: DigestGroup.LEARNING,
    Verdict.NOT_JUDGED: DigestGroup.TOO_LITTLE,
    Verdict.NO_DATA: DigestGroup.TOO_LITTLE,
}


@dataclass(frozen=True, slots=True)
class StepSums:
    """One step's scores added up over a period, over the minutes that carried an expectation.

    ``judged_expected`` is the part of ``expected`` that fell into minutes whose sample was large enough to be judged;
    ``breaches`` counts scores that said so. For a slow step, read business hours for minutes.
    """

    minutes: int
    observed: float
    expected: float
    judged_expected: float
    breaches: int = 0

    @property
    def coverage(self) -> float:
        """The part of the expected arrivals that fell into judged minutes, in [0, 1]."""
        return self.judged_expected / self.expected if self.expected > 0 else 0.0

    @property
    def ratio(self) -> float | None:
        """Observed over expected arrivals; None where most of them fell into minutes that could not be judged."""
        if self.expected <= 0 or self.coverage < JUDGED_SHARE:
            return None
        return self.observed / self.expected


@dataclass(frozen=True, slots=True)
class Bucket:
    """Observed and expected arrivals of a part of the period; ``expected`` is None where it is not known throughout."""

    at_ms: int
    observed: float
    expected: float | None


@dataclass(frozen=True, slots=True)
class DigestStore:
    """What is known of one store over the period.

    ``silent_hours`` are the hours without any event in which a week before there were plenty; ``pageless`` are those of ``counts``
    that belong to orders without a page.
    """

    store_id: str
    name: str
    platform: str = ""
    zone: str = "UTC"
    country: str = ""
    currency: str = "USD"
    counts: Mapping[str, int] = field(default_factory=dict)
    pageless: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, StepSums] = field(default_factory=dict)
    steps_before: Mapping[str, StepSums] = field(default_factory=dict)
    lines: Mapping[str, tuple[Bucket, ...]] = field(default_factory=dict)
    scored_minutes: int = 0
    late_minutes: int = 0
    scored_until_ms: int | None = None
    last_seen_ms: int | None = None
    silent_hours: int = 0
    trade: TradeFigures | None = None


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """One alert that was open in the period or is open now, who deals with it, what its stores were worth before."""

    alert: AlertTransition
    is_open: bool
    worth: Worth = UNKNOWN_WORTH
    acknowledged_by: str = ""
    assignee: str = ""
    closed_as: CloseReason | None = None


@dataclass(frozen=True, slots=True)
class DigestFigure:
    """One complete figure of a day that a platform reports itself (view ``report_rows``); ``value`` is decimal text."""

    store_id: str
    source: str
    measure: str
    value: str
    currency: str
    day: date
    zone: str
    is_restated: bool = False


@dataclass(frozen=True, slots=True)
class PeriodScores:
    """What an evaluation of one period came to.

    Attributes:
        first, last: days of the store's clock, both included.
        health: None where too little is measured.
        coverage: part of the weights that is measured, in [0, 1].
        dimensions: those that have a score.
        weights_version: scores of different versions are not compared.
    """

    first: date
    last: date
    health: Score | None
    coverage: float
    dimensions: Mapping[str, Score]
    weights_version: int


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """The newest evaluated period of a store, and the one before it against the same comparator; None if there is none.

    ``targets`` are how those of the newest period came out, by what they are of. ``worst`` is the step that lost most in it, beyond
    noise, and ``loss`` what that was.
    """

    store_id: str
    length: str
    comparator: ComparatorKind
    now: PeriodScores
    then: PeriodScores | None
    targets: Mapping[str, TargetResult] = field(default_factory=dict)
    worst: str = ""
    loss: Loss | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """Everything a digest is made of; ``made_ms`` is the moment at which "open" is meant.

    ``trade`` are the figures of all stores together, in ``trade_currency``.
    """

    from_ms: int
    to_ms: int
    made_ms: int
    stores: tuple[DigestStore, ...]
    alerts: tuple[AlertFacts, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    reports: tuple[DigestFigure, ...] = ()
    trade: TradeFigures | None = None
    trade_currency: str = "USD"
    without_rate: tuple[str, ...] = ()
    health: tuple[StoreHealth, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestIncident:
    """One alert as the digest reports it."""

    facts: AlertFacts
    store: DigestStore
    money: MoneyLost | None

    @property
    def weight(self) -> tuple[bool, float, bool, float]:
        """What matters first: open before over, then money, then level and surprise."""
        alert = self.facts.alert
        base = self.money.base if self.money and self.money.base is not None else 0.0
        return (self.facts.is_open, base, alert.level is Level.PAGE, alert.surprise)


@dataclass(frozen=True, slots=True)
class StageBar:
    """One stage of the funnel. None is unknown: no source (``count``), or no expectation."""

    stage: Stage
    count: int | None
    expected: float | None


@dataclass(frozen=True, slots=True)
class Dimension:
    """One axis of the radar: 1 is as expected. None is not measured, which is not 0. ``coverage``: see ``StepSums``."""

    name: str
    value: float | None
    before: float | None
    coverage: float


@dataclass(frozen=True, slots=True)
class StoreRow:
    """One store of the table: verdict, change of the outcome against expectation, and the step that says most."""

    store: DigestStore
    verdict: Verdict
    incident: DigestIncident | None
    outcome: Stage | None
    change: float | None
    step: str
    step_change: float | None
    steps_judged: int
    steps_supplied: int
    #: what was judged is most of what was counted
    is_whole: bool = True

    @property
    def expected(self) -> float | None:
        """The outcome that was to be expected; None also where only a part of it was judged."""
        if self.outcome is None or self.change is None or self.change <= -1.0 or not self.is_whole:
            return None
        return self.store.counts.get(self.outcome.value, 0) / (1.0 + self.change)

    @property
    def is_quiet(self) -> bool:
        """Whether the store needs no more than a line."""
        return self.verdict not in (Verdict.ATTENTION, Verdict.SILENT, Verdict.RECOVERED)

    @property
    def line(self) -> tuple[Bucket, ...]:
        """The line of the step that says most."""
        return self.store.lines.get(self.step, ())


@dataclass(frozen=True, slots=True)
class SlowRow:
    """One store's slow step (payment to fulfilment) over the period, in business hours."""

    store: DigestStore
    sums: StepSums
    is_behind: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """What a digest says, before it is said."""

    facts: DigestFacts
    counts: Mapping[DigestGroup, int]
    rows: tuple[StoreRow, ...]
    matters: tuple[DigestIncident | StoreRow, ...]
    matters_left: int
    open_incidents: tuple[DigestIncident, ...]
    over_count: int
    pictured: StoreRow | None
    funnel: tuple[StageBar, ...]
    radar: tuple[Dimension, ...]
    slow: tuple[SlowRow, ...] = ()
