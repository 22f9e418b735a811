"""What ads cost, and what the platforms claim that they brought: from their own reports, by source and by campaign.

Of each day of a source the coarsest rows that give the spend are taken for the whole, and the coarsest that name campaigns for these; the
claims are those of the same rows, so that nothing is held against rows of another kind. What a report leaves out of a campaign's days is
not known to be nothing; a source's days, however, are those from the first to the last that it ever reported whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.report_figures import SPEND
from scoring.records.report_row import Period, ReportRow, newest

CAMPAIGN, TRAFFIC, ADS = "campaign", "traffic", "ads"
#: orders and money that a platform puts down to its ads
CLAIMED_ORDERS, CLAIMED_MONEY = "purchases", "revenue"
AD_MEASURES = (SPEND, CLAIMED_ORDERS, CLAIMED_MONEY)


@dataclass(frozen=True, slots=True)
class AdFigure:
    """A measure of one day of a source, over all parts that are named by the same dimensions and are of one campaign.

    Attributes:
        source: the platform.
        start_ms, end_ms: the day, of the report's own clock.
        parts: names of the dimensions.
        campaign: as the report writes it; empty where no dimension names one.
        measure: of ``AD_MEASURES``.
        value: the sum.
        currency: of money.
        rows: that were added up.
    """

    source: str
    start_ms: int
    end_ms: int
    parts: tuple[str, ...]
    campaign: str
    measure: str
    value: Decimal
    currency: str
    rows: int = 1


@dataclass(frozen=True, slots=True)
class AdSum:
    """What one source, or one campaign of it, cost and claims. None: nothing is claimed in these reports, which is not 0."""

    source: str
    campaign: str
    spend: Decimal
    currency: str
    orders: Decimal | None
    money: Decimal | None
    days: int
    rows: int
    parts: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class AdBook:
    """The ads of a store in a period.

    Attributes:
        sources: what each source cost; several rows of one source have several currencies.
        campaigns: likewise by campaign.
        window: the days of the period that every source has reported; None: there are none.
    """

    sources: tuple[AdSum, ...] = ()
    campaigns: tuple[AdSum, ...] = ()
    window: tuple[int, int] | None = None


@dataclass(slots=True)
class _AdTotal:
    values: dict[str, Decimal] = field(default_factory=dict)
    days: set[int] = field(default_factory=set)
    parts: set[tuple[str, ...]] = field(default_factory=set)
    rows: int = 0


def ad_figures(rows: Iterable[ReportRow]) -> list[AdFigure]:
    """The figures of ads in reports: complete days, each figure by its newest version."""
    found: dict[tuple[str, int, int, tuple[str, ...], str, str, str], tuple[Decimal, int]] = {}
    for row in newest(row for row in rows if row.measure in AD_MEASURES).values():
        if row.period is not Period.DAY or not row.complete or row.dimensions.get(TRAFFIC, ADS) != ADS:
            continue
        parts = tuple(sorted(row.dimensions))
        campaign = row.dimensions.get(CAMPAIGN, "")
        key = row.source, row.period_start_ms, row.period_end_ms, parts, campaign, row.measure, row.currency
        value, count = found.get(key, (Decimal(0), 0))
        found[key] = value + Decimal(row.value), count + 1
    return [
        AdFigure(source, start, end, parts, campaign, measure, value, currency, count)
        for (source, start, end, parts, campaign, measure, currency), (value, count) in sorted(found.items())
    ]


def ad_book(
    figures: Sequence[AdFigure], known: Mapping[str, tuple[int, int]], span: EvaluationSpan
) -> AdBook:
    """The ads of a period.

    Args:
        figures: of its days.
        known: from when to when each source has ever reported spend.
        span: the period.
    """
    spending = {
        one.source
        for one in figures
        if one.measure == SPEND and span.start_ms <= one.start_ms and one.end_ms <= span.end_ms
    }
    if not spending:
        return AdBook()
    bounds = [known[source] for source in sorted(spending) if source in known]
    start = max([span.start_ms, *(first for first, _ in bounds)])
    end = min([span.end_ms, *(last for _, last in bounds)])
    if start >= end:
        return AdBook()
    days: dict[tuple[str, int], list[AdFigure]] = defaultdict(list)
    for one in figures:
        if start <= one.start_ms and one.end_ms <= end:
            days[one.source, one.start_ms].append(one)
    whole: dict[tuple[str, str, str], _AdTotal] = {}
    by_campaign: dict[tuple[str, str, str], _AdTotal] = {}
    for (source, day), some in sorted(days.items()):
        named = sorted({one.parts for one in some if one.measure == SPEND}, key=lambda one: (len(one), one))
        if not named:
            continue
        _add(whole, source, day, [one for one in some if one.parts == named[0]], by_campaign=False)
        finest = next((one for one in named if CAMPAIGN in one), None)
        if finest is not None:
            _add(by_campaign, source, day, [one for one in some if one.parts == finest], by_campaign=True)
    return AdBook(_sums(whole), _sums(by_campaign), (start, end))


def _add(
    sums: dict[tuple[str, str, str], _AdTotal],
    source: str,
    day: int,
    figures: Sequence[AdFigure],
    *,
    by_campaign: bool,
) -> None:
    paid = {one.campaign if by_campaign else "": one.currency for one in figures if one.measure == SPEND}
    for one in figures:
        campaign = one.campaign if by_campaign else ""
        # a count has no currency: it belongs to the money of its own rows
        currency = one.currency or paid.get(campaign, "")
        known = sums.setdefault((source, campaign, currency), _AdTotal())
        known.values[one.measure] = known.values.get(one.measure, Decimal(0)) + one.value
        known.days.add(day)
        known.parts.add(one.parts)
        known.rows += one.rows


def _sums(sums: Mapping[tuple[str, str, str], _AdTotal]) -> tuple[AdSum, ...]:
    return tuple(
        AdSum(
            source,
            campaign,
            one.values[SPEND],
            currency,
            one.values.get(CLAIMED_ORDERS),
            one.values.get(CLAIMED_MONEY),
            len(one.days),
            one.rows,
            tuple(sorted(one.parts)),
        )
        for (source, campaign, currency), one in sorted(sums.items())
        if SPEND in one.values
    )
