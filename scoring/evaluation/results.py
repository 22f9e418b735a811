"""What came out in a period next to what came out before: the period before it and the same one a year ago, each with the gap.

A gap of a figure is beyond counting noise where |g − g'| > 1.645 · √(Var g + Var g'): the 90 % interval of the difference on the scale on
which figures are scored. Of a sum, such as orders and sales, nothing says how far it swings anyway: its gap is given and not judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scoring.evaluation.evaluating import EvaluationSpan, StoreFigures
from scoring.evaluation.figure import Figure, SourceRows
from scoring.evaluation.readings import STEP
from scoring.evaluation.spans import span_name
from scoring.funnel.units import DAY_MS, Z90

#: the results that are sums
ORDERS, SALES = "orders", "sales"
#: of a year the same month and the same quarter are the same days; of a shorter period they are other weekdays
_LEAST_DAYS = 27


@dataclass(frozen=True, slots=True)
class SoldOrders:
    """Orders that were placed in a period and that have an amount, what they add up to, in one currency, and their rows."""

    orders: int
    amount: float
    currency: str
    rows: SourceRows

    @property
    def each(self) -> float:
        """What an order brings."""
        return self.amount / self.orders


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """The same result of an earlier period.

    Attributes:
        value: as people read it.
        is_beyond_noise: the gap to it is more than counting noise; None of a sum, of which nothing says that.
    """

    value: float
    is_beyond_noise: bool | None


@dataclass(frozen=True, slots=True)
class PeriodResult:
    """One result of a period.

    Attributes:
        of: ``orders``, ``sales``, the id of an indicator, or ``step:ID``.
        value: as people read it.
        figure: that it is of; None of a sum.
        rows: behind it.
        last, year: of the period before, and of the same period a year ago; None where they are not known.
    """

    of: str
    value: float
    figure: Figure | None
    rows: tuple[SourceRows, ...]
    last: EarlierResult | None
    year: EarlierResult | None


def earlier_spans(spans: Sequence[EvaluationSpan]) -> tuple[EvaluationSpan | None, EvaluationSpan | None]:
    """The period before the first of ``spans``, and the same period a year before it, as far as they are among the others.

    Args:
        spans: the judged period first, then those before it, the newest first.
    """
    now, *past = spans
    last = next((one for one in past if one.end_ms == now.start_ms), None)
    if now.end_ms - now.start_ms < _LEAST_DAYS * DAY_MS:
        return last, None
    zone = ZoneInfo(now.zone)
    start = datetime.fromtimestamp(now.start_ms / 1000, zone)
    wanted = start.replace(year=start.year - 1)
    year = next(
        (
            one
            for one in past
            if abs(datetime.fromtimestamp(one.start_ms / 1000, zone) - wanted) < timedelta(hours=2)
        ),
        None,
    )
    return last, year


def period_results(
    known: StoreFigures, spans: Sequence[EvaluationSpan], sold: Mapping[EvaluationSpan, SoldOrders]
) -> dict[str, PeriodResult]:
    """All results of a period: orders and sales, steps, indicators.

    Args:
        known: figures of the store.
        spans: the judged period first, then those before it.
        sold: orders of the periods, as far as they are of one currency.
    """
    last, year = earlier_spans(spans)
    found: dict[str, PeriodResult] = {}
    now = sold.get(spans[0])
    if now is not None:
        then = [_same_money(now, sold.get(one) if one else None) for one in (last, year)]
        orders, sales = ([_sum(pick(one)) for one in then] for pick in (_orders, _amount))
        found[ORDERS] = PeriodResult(ORDERS, now.orders, None, (now.rows,), *orders)
        found[SALES] = PeriodResult(SALES, now.amount, None, (now.rows,), *sales)
    figures = {STEP + step.step: step.figure for step in known.steps} | dict(known.figures)
    own = {STEP + step: members for step, members in known.own_steps.items()} | dict(known.own)
    names = [span_name(one) if one else "" for one in (last, year)]
    for of, figure in figures.items():
        earlier = [_earlier(figure, own.get(of, {}).get(name)) for name in names]
        found[of] = PeriodResult(of, figure.value, figure, figure.rows, *earlier)
    return found


def _same_money(now: SoldOrders, then: SoldOrders | None) -> SoldOrders | None:
    return then if then is not None and then.currency == now.currency else None


def _orders(one: SoldOrders | None) -> float | None:
    return None if one is None else one.orders


def _amount(one: SoldOrders | None) -> float | None:
    return None if one is None else one.amount


def _sum(value: float | None) -> EarlierResult | None:
    return None if value is None else EarlierResult(value, None)


def _earlier(now: Figure, then: Figure | None) -> EarlierResult | None:
    if then is None:
        return None
    noise = Z90 * math.sqrt(now.variance + then.variance)
    return EarlierResult(then.value, abs(now.g - then.g) > noise)
