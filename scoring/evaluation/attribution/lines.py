"""What an attribution is made of and what it says: facts in, lines out, and the reasons for which a figure is not given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from scoring.evaluation.attribution.ads import AdBook
from scoring.evaluation.attribution.credits import AttributionModel, Credit, Ranged
from scoring.evaluation.attribution.journeys import CameBy, LostPath, OrderPath
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.figure import SourceRows


class AttributionLack(StrEnum):
    """Why a figure is not given."""

    NO_WAYS = "no_ways"
    FEW_WAYS = "few_ways"
    BELOW_FLOOR = "below_floor"
    NO_SPEND = "no_spend"
    NO_AMOUNTS = "no_amounts"
    NO_RATE = "no_rate"
    NO_TAG = "no_tag"
    NOT_BY_SOURCE = "not_by_source"
    SAME_NAME = "same_name"
    NO_CLAIM = "no_claim"


@dataclass(frozen=True, slots=True)
class AttributionRefusal:
    """A figure that is not given: why, how much there was, and how much it takes."""

    lack: AttributionLack
    have: float = 0
    need: float = 0


@dataclass(frozen=True, slots=True)
class CurrencyRate:
    """One unit of a currency was ``rate`` of another on ``day``; empty where both are the same."""

    currency: str
    into: str
    rate: Decimal
    day: str


@dataclass(frozen=True, slots=True)
class AttributionFacts:
    """What is known of a store in a period.

    Attributes:
        store: its id.
        span: the period.
        paths: the ways of its orders, those without a way among them.
        lost: the ways that led to no order.
        visits: by place.
        recent: orders with a way, and visits, of the last thirty days of the period.
        ads: what ads cost.
        rates: into ``currency``, by currency.
        currency: in which money is added up.
        base: the rate of that currency in the one in which stores of several are summed; None if there is none.
        ways_from, visits_from, ads_from: where the rows are: a relation, and the condition that gives all of them.
    """

    store: str
    span: EvaluationSpan
    paths: Sequence[OrderPath]
    lost: Sequence[LostPath]
    visits: Mapping[CameBy, int]
    recent: tuple[int, int]
    ads: AdBook
    rates: Mapping[str, CurrencyRate]
    currency: str
    base: CurrencyRate | None
    ways_from: tuple[str, str]
    ads_from: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Compared:
    """Spend against orders of the same days, and what the platforms claim. A figure is a range or the reason why there is none."""

    spend: Decimal | None
    currency: str
    orders: int | None
    cost: Ranged | AttributionRefusal
    roas: Ranged | AttributionRefusal
    claimed_orders: Decimal | None
    claimed_money: Decimal | None
    claimed_roas: float | AttributionRefusal
    claimed_share: Ranged | AttributionRefusal


@dataclass(frozen=True, slots=True)
class AttributedLine:
    """A channel, a campaign of a channel, or an ads platform (``source``).

    Attributes:
        visits: None where nobody could know of them.
        credits: by model; those of a campaign by the last visit alone.
        compared: None where nothing is paid for.
        rows: where it comes from.
    """

    channel: str
    campaign: str
    source: str
    visits: int | None
    credits: Mapping[AttributionModel, Credit]
    compared: Compared | None
    rows: tuple[SourceRows, ...]


@dataclass(frozen=True, slots=True)
class Attribution:
    """The attribution of a store in a period.

    Attributes:
        orders: all that count; ``known`` is the number whose way is known.
        money: of all of them, in ``currency``; ``known_money`` of those whose way is known. None: some are in a currency without a rate.
        unpriced: orders without an amount.
        withheld: of models that are not given, why.
        window: the days on which every ads platform reported.
        recent: orders with a way, and visits, of the last thirty days of the period.
        rates: that were used, each with its day; ``base`` is that of the base currency.
    """

    store: str
    span: EvaluationSpan
    currency: str
    orders: int
    known: int
    money: Decimal | None
    known_money: Decimal | None
    unpriced: int
    channels: tuple[AttributedLine, ...]
    campaigns: tuple[AttributedLine, ...]
    sources: tuple[AttributedLine, ...]
    withheld: Mapping[AttributionModel, tuple[AttributionRefusal, ...]]
    window: tuple[int, int] | None
    recent: tuple[int, int]
    rates: tuple[CurrencyRate, ...]
    base: CurrencyRate | None
