"""Figures that orders give: paid in time, shipped, delivered, refunded, each by the day on which its cases began.

A young cohort looks bad (or, where what has not come yet is left out, good) only because it is young. So each figure looks at every
order for the same time: within so many days of its beginning, and a period is due once its last order had them. The longest of
several such times that the judged period allows is taken, and the same one for the periods that it is compared with. A period that has
just ended allows none: then it speaks of the orders whose least time ended in it, and so do the periods that it is compared with.

What the orders never say is not read as never happened: without one refund in all of them nothing is said of refunds. Nor where it
happened and nobody knows when: such an order would count as one to which it did not happen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from scoring.baselines.business import HOURS_A_DAY, BusinessHours, infer_hours
from scoring.baselines.localtime import local_minute
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.figure import Figure, SourceRows, logs_figure, rate_figure
from scoring.evaluation.steps import StepFigure, step_figure
from scoring.funnel.arrays import Floats, Ints
from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS
from scoring.records.order_life import OrderLife

#: days within which something must have happened, the longest first
REFUND_DAYS = (45, 30, 14, 7)
SHIP_DAYS = (14, 7, 3)
DELIVER_DAYS = (30, 14)
PAY_DAYS = (7, 3, 1)
DISPUTE_DAYS = (90, 45, 30, 14)
#: of the orders to which something happened, those without its time: more, and nothing is said
_MOST_WITHOUT_TIME = 0.01
#: what happens within the same business hour took half of it
WITHIN_THE_HOUR = 0.5


@dataclass(frozen=True, slots=True)
class OrderWindow:
    """From which time of an order to which other, and within how many days.

    Attributes:
        name: of what is asked, as rows say it.
        begin, end: times of a life in milliseconds, 0 where it did not happen or nobody knows when.
        happened: whether it happened to an order, with or without its time.
        days: candidates, the longest first.
        lag_days: an order is of the period that so many days after its beginning lie in.
    """

    name: str
    begin: Callable[[OrderLife], int]
    end: Callable[[OrderLife], int]
    happened: Callable[[OrderLife], bool]
    days: tuple[int, ...]
    lag_days: int = 0

    def due_in_period(self) -> OrderWindow:
        """The same of the orders whose least time ended in a period: due as soon as the period is over."""
        return replace(self, days=self.days[-1:], lag_days=self.days[-1])

    def begin_ms(self, span: EvaluationSpan) -> tuple[int, int]:
        """Between which moments the orders of a period began: from the first, before the second."""
        lag = self.lag_days * DAY_MS
        return span.start_ms - lag, span.end_ms - lag


def _refunded_ms(life: OrderLife) -> int:
    return min((at for at in life.refund_times.values() if at), default=0)


def _is_paid(life: OrderLife) -> bool:
    return bool(life.is_paid or life.paid_at_ms)


def _placed_ms(life: OrderLife) -> int:
    return life.placed_ms


def _paid_ms(life: OrderLife) -> int:
    return life.paid_at_ms


def _shipped_ms(life: OrderLife) -> int:
    return life.shipped_ms


def _is_refunded(life: OrderLife) -> bool:
    return life.refunded > 0


PAYING = OrderWindow("placed → paid", _placed_ms, _paid_ms, _is_paid, PAY_DAYS)
SHIPPING = OrderWindow("paid → shipped", _paid_ms, _shipped_ms, lambda life: bool(life.is_shipped), SHIP_DAYS)
DELIVERING = OrderWindow(
    "shipped → delivered",
    _shipped_ms,
    lambda life: life.delivered_ms,
    lambda life: bool(life.is_delivered),
    DELIVER_DAYS,
)
REFUNDING = OrderWindow("paid → refunded", _paid_ms, _refunded_ms, _is_refunded, REFUND_DAYS)
#: a dispute is a signal about an order: the life of an order does not know of it, the store's tables do
DISPUTING = OrderWindow("paid → disputed", _paid_ms, lambda _: 0, lambda _: False, DISPUTE_DAYS)


def _to_ship_ms(life: OrderLife) -> int:
    """When an order was paid that had to be shipped: what was cancelled before is not late."""
    return 0 if life.is_cancelled and not life.shipped_ms else life.paid_at_ms


#: the name of the window of ``promised``
PROMISED = "paid → shipped as promised"


def promised(days: int) -> OrderWindow:
    """The window in which a store promises to ship."""
    return OrderWindow(PROMISED, _to_ship_ms, _shipped_ms, lambda life: bool(life.is_shipped), (days,))


@dataclass(frozen=True, slots=True)
class OpenHours:
    """The warehouse's open hours: for each hour of the wall clock from ``first`` on, how many were open up to its end."""

    first: int
    opened: Ints

    def hours(self, begin: int, end: int) -> float:
        """Open hours from one hour of the wall clock to another, at least half of one."""
        return max(float(self.opened[end - self.first] - self.opened[begin - self.first]), WITHIN_THE_HOUR)

    def each(self, begins: Ints, ends: Ints) -> Floats:
        """The same of many."""
        taken: Floats = (self.opened[ends - self.first] - self.opened[begins - self.first]).astype(float)
        return np.maximum(taken, WITHIN_THE_HOUR, out=taken)


def open_hours(
    zone: str, paid: Sequence[int] | Ints, shipped: Sequence[int] | Ints, counts: Sequence[int] | Ints
) -> OpenHours | None:
    """The open hours that shipping shows; None without any.

    Args:
        zone: of the warehouse's clock.
        paid, shipped: hours of its wall clock since 1970, of orders that were paid and shipped.
        counts: how many orders each pair is.
    """
    if len(shipped) == 0:
        return None
    first = int(min(np.min(shipped), np.min(paid)))
    last = int(max(np.max(shipped), np.max(paid)))
    first -= first % HOURS_A_DAY
    hours = np.arange(first, last + 1, dtype=np.int64)
    by_hour = np.bincount(np.asarray(shipped) - first, weights=np.asarray(counts), minlength=len(hours))
    business: BusinessHours = infer_hours(zone, hours, by_hour.astype(float))
    return OpenHours(first, np.cumsum(business.open_mask(hours)).astype(np.int64))


@dataclass(frozen=True, slots=True)
class WindowTally:
    """Of the orders that began in a period, how many got there within so many days, and how long those took.

    ``log_sum`` and ``log_square_sum`` are of the hours: in the warehouse's business hours where it ships, at least half an hour.
    """

    begun: int
    reached: int
    log_sum: float
    log_square_sum: float


class CountedOrders(Protocol):
    """The orders of one store, wherever they are kept: read from files (``OrderFigures``), or counted by the store of rows."""

    @property
    def known_until_ms(self) -> int:
        """Up to here whatever happened is in them."""

    def times(self, window: OrderWindow) -> tuple[int, int]:
        """How many orders have both times, and how many got there without anybody knowing when."""

    def tally(self, window: OrderWindow, span: EvaluationSpan, days: int) -> WindowTally:
        """What became of the orders that began in a period."""

    def rows(self, window: OrderWindow, span: EvaluationSpan, days: int, count: int) -> SourceRows:
        """Where those orders are."""


def days_due(orders: CountedOrders, window: OrderWindow, span: EvaluationSpan) -> int | None:
    """The longest time for which every order of the period can be looked at; None if it is not due, or the orders do not say."""
    timed, untimed = orders.times(window)
    if not timed or untimed > _MOST_WITHOUT_TIME * (timed + untimed):
        return None
    end_ms = window.begin_ms(span)[1]
    return next((days for days in window.days if end_ms + days * DAY_MS <= orders.known_until_ms), None)


def order_rate(orders: CountedOrders, window: OrderWindow, span: EvaluationSpan, days: int) -> Figure | None:
    """Of the orders that began in the period, those that got there within ``days``; None without one that began."""
    tally = orders.tally(window, span, days)
    if not tally.begun:
        return None
    return rate_figure(tally.reached, tally.begun, (orders.rows(window, span, days, tally.begun),))


def order_step(
    step: str, orders: CountedOrders, window: OrderWindow, span: EvaluationSpan, days: int
) -> StepFigure | None:
    """The same as the figure of a step."""
    figure = order_rate(orders, window, span, days)
    if figure is None:
        return None
    return step_figure(step, int(figure.inputs["n"]), int(figure.inputs["k"]), figure.rows)


def order_duration(
    orders: CountedOrders, window: OrderWindow, span: EvaluationSpan, days: int
) -> Figure | None:
    """How long those took that got there within ``days``; None below two."""
    tally = orders.tally(window, span, days)
    if tally.reached < 2:
        return None
    row = orders.rows(window, span, days, tally.reached)
    return logs_figure(tally.reached, tally.log_sum, tally.log_square_sum, (row,))


class OrderFigures:
    """The orders of one store, read from files, period by period."""

    def __init__(self, lives: Iterable[OrderLife], relation: str, known_until_ms: int, zone: str) -> None:
        """Look at a store's orders.

        Args:
            lives: its orders, in any order; what is left out of counting is left out here.
            relation: where they are read from, as rows say it: the names of files.
            known_until_ms: up to here whatever happened is in them.
            zone: of the warehouse's clock.
        """
        self._lives = sorted(
            (life for life in lives if life.left_out is None), key=lambda life: life.order_id
        )
        self._relation, self._until, self._zone = relation, known_until_ms, zone
        self._open = self._open_hours()

    @property
    def known_until_ms(self) -> int:
        """See ``CountedOrders``."""
        return self._until

    def times(self, window: OrderWindow) -> tuple[int, int]:
        """See ``CountedOrders``."""
        timed = sum(bool(window.begin(life) and window.end(life)) for life in self._lives)
        untimed = sum(window.happened(life) and not window.end(life) for life in self._lives)
        return timed, untimed

    def tally(self, window: OrderWindow, span: EvaluationSpan, days: int) -> WindowTally:
        """See ``CountedOrders``."""
        begun = self._begun(window, span)
        reached = [life for life in begun if self._is_within(window, life, days)]
        logs = [math.log(self._hours(window, life)) for life in reached]
        return WindowTally(len(begun), len(reached), math.fsum(logs), math.fsum(log * log for log in logs))

    def rows(self, window: OrderWindow, span: EvaluationSpan, days: int, count: int) -> SourceRows:
        """See ``CountedOrders``."""
        begin = window.name.partition(" ")[0]
        first, end = window.begin_ms(span)
        condition = f"{window.name} within {days} days, {begin}_ms >= {first} AND {begin}_ms < {end}"
        return SourceRows(self._relation, condition, count)

    def _begun(self, window: OrderWindow, span: EvaluationSpan) -> list[OrderLife]:
        first, end = window.begin_ms(span)
        return [life for life in self._lives if max(first, 1) <= window.begin(life) < end]

    @staticmethod
    def _is_within(window: OrderWindow, life: OrderLife, days: int) -> bool:
        begin, end = window.begin(life), window.end(life)
        return bool(end) and end < begin + days * DAY_MS

    def _hours(self, window: OrderWindow, life: OrderLife) -> float:
        begin, end = window.begin(life), window.end(life)
        if window.name != SHIPPING.name or self._open is None:
            return max((end - begin) / HOUR_MS, WITHIN_THE_HOUR)
        return self._open.hours(self._hour(begin), self._hour(end))

    def _hour(self, at_ms: int) -> int:
        return local_minute(self._zone, at_ms // MINUTE_MS) // 60

    def _open_hours(self) -> OpenHours | None:
        shipped = [life for life in self._lives if life.shipped_ms and life.paid_at_ms]
        return open_hours(
            self._zone,
            [self._hour(life.paid_at_ms) for life in shipped],
            [self._hour(life.shipped_ms) for life in shipped],
            [1] * len(shipped),
        )


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One number of orders, period by period; empty where they do not give it. ``is_due``: the first period's cohorts had their time."""

    figures: tuple[Figure | None, ...] = ()
    is_due: bool = True


def order_line(
    orders: CountedOrders, window: OrderWindow, spans: Sequence[EvaluationSpan], *, is_duration: bool = False
) -> OrderLine:
    """The rate (or the duration) of a window in each period, all looked at for the same time.

    Args:
        orders: of the store.
        window: what is asked.
        spans: the judged period first, then those it is compared with.
        is_duration: how long it took, instead of how many got there.
    """
    found = _window_due(orders, window, spans[0])
    if found is None:
        return OrderLine()
    read = order_duration if is_duration else order_rate
    figures = tuple(read(orders, found[0], span, found[1]) for span in spans)
    return OrderLine(figures) if figures[0] is not None else OrderLine(is_due=not found[0].lag_days)


def _window_due(
    orders: CountedOrders, window: OrderWindow, span: EvaluationSpan
) -> tuple[OrderWindow, int] | None:
    """The window by which a period is due, with its days; None where the orders do not say."""
    for one in (window, window.due_in_period()):
        days = days_due(orders, one, span)
        if days is not None:
            return one, days
    return None


def order_steps(orders: CountedOrders, spans: Sequence[EvaluationSpan]) -> dict[str, list[StepFigure | None]]:
    """The steps that orders give, period by period in the order of ``spans``."""
    steps: dict[str, list[StepFigure | None]] = {}
    for step, window in {"order_to_payment": PAYING, "payment_to_fulfilment": SHIPPING}.items():
        found = _window_due(orders, window, spans[0])
        if found is not None:
            steps[step] = [order_step(step, orders, found[0], span, found[1]) for span in spans]
    return steps
