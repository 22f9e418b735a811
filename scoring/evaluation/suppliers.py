"""Who supplies an indicator: one list for files and for a running instance, the preferred supplier first.

An indicator is of one supplier in all periods: the first that has the judged period and enough of a past, else the first that has the
judged period at all. A platform's report comes before counted events for what both of its measures say, and what was counted by whole
visits before what only a report says of people. What no supplier has stays missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from scoring.evaluation.comparator import LEAST_OWN_PERIODS
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.event_facts import ANSWER_LIMITS, UNANSWERED_DAYS, EventFact
from scoring.evaluation.event_figures import (
    CountedEvents,
    fact_rates,
    fact_ratings,
    fact_times,
    price_indices,
)
from scoring.evaluation.figure import Figure, RatingScale, SourceRows, count_figure, rate_figure
from scoring.evaluation.order_figures import (
    DELIVERING,
    DISPUTING,
    PAYING,
    REFUNDING,
    SHIPPING,
    CountedOrders,
    OrderWindow,
    order_line,
    promised,
)
from scoring.evaluation.report_figures import (
    ReportBook,
    ad_spend,
    click_through,
    engaged_sessions,
    featured_offer,
    people_to_cart,
    spend_rows,
)
from scoring.funnel.stages import VISIT_STAGES, Stage
from scoring.funnel.units import DAY_MS

#: the rows behind counts of two stages in a period
CountedRows = Callable[[Sequence[Stage], EvaluationSpan, int], SourceRows]
#: spend is counted in hundreds of the store's currency
_HUNDRED = 100
#: types of events that show a visit
VISITS = (*VISIT_STAGES, "page_vital", "search", "coupon", "checkout")


@dataclass(frozen=True, slots=True)
class StorePromises:
    """What a store promises, None where it promises nothing: then nothing is in time."""

    ship_within_days: int | None = None
    answer_within_hours: int | None = None


NO_PROMISES = StorePromises()


@dataclass(frozen=True, slots=True)
class StoreSources:
    """All that is known of a store.

    Attributes:
        store: its id.
        orders: its orders.
        rows: what platforms report of it.
        events: its events; None where there are none.
        counts: events by stage in each period; empty where they are not counted.
        pageless: those of ``counts`` that belong to orders without a page.
        counted_rows: where those are.
        promises: of the store.
    """

    store: str
    orders: CountedOrders
    rows: ReportBook = field(default_factory=lambda: ReportBook(()))
    events: CountedEvents | None = None
    counts: Mapping[EvaluationSpan, Mapping[str, int]] = field(default_factory=dict)
    pageless: Mapping[EvaluationSpan, Mapping[str, int]] = field(default_factory=dict)
    counted_rows: CountedRows | None = None
    promises: StorePromises = NO_PROMISES


@dataclass(frozen=True, slots=True)
class SuppliedLine:
    """An indicator's figures, period by period; empty where the supplier has none. ``is_due``: the first period had its time."""

    figures: tuple[Figure | None, ...] = ()
    is_due: bool = True

    @property
    def past(self) -> int:
        """How many earlier periods it has."""
        return sum(one is not None for one in self.figures[1:])


Supplier = Callable[[StoreSources, Sequence[EvaluationSpan]], SuppliedLine]


def supplied(known: StoreSources, spans: Sequence[EvaluationSpan]) -> dict[str, SuppliedLine]:
    """Every indicator that somebody supplies in the judged period, or whose cohorts are not due yet.

    Args:
        known: of the store.
        spans: the judged period first, then those it is compared with.
    """
    found = {}
    for name, suppliers in SUPPLIERS.items():
        lines = [supply(known, spans) for supply in suppliers]
        now = [line for line in lines if line.figures and line.figures[0] is not None]
        best = next((line for line in now if line.past >= LEAST_OWN_PERIODS), next(iter(now), None))
        if best is not None:
            found[name] = best
        elif any(not line.is_due for line in lines):
            found[name] = SuppliedLine(is_due=False)
    return found


# ---------------------------------------------------------------- reports


def _reported(read: Callable[[ReportBook, EvaluationSpan], Mapping[str, Figure]]) -> Supplier:
    """Of the sources that report the judged period the one with most cases, and the same one in every period."""

    def supply(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
        now = known.rows.read(read, spans[0]) if known.rows else {}
        if not now:
            return SuppliedLine()
        source = max(sorted(now), key=lambda name: now[name].n)
        return SuppliedLine((now[source], *(known.rows.read(read, span).get(source) for span in spans[1:])))

    return supply


def _spent(
    known: StoreSources, spans: Sequence[EvaluationSpan], orders: str, numbers: Sequence[int]
) -> SuppliedLine:
    """Orders per hundred spent; only periods in which the same sources report their spend, in one currency."""
    line: list[Figure | None] = []
    for span, number in zip(spans, numbers, strict=True):
        spend = ad_spend(known.rows, span)
        row = spend_rows(known.store, spend, span, orders) if spend is not None else None
        alike = row is not None and (not line or (line[0] and line[0].rows[0].counted_by == row.counted_by))
        if spend is not None and row is not None and alike:
            line.append(count_figure(number, float(spend.amount) / _HUNDRED, (row,)))
        else:
            line.append(None)
    return SuppliedLine(tuple(line))


def _ad_orders(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
    """Orders whose visit came by a paid channel, for what ads cost."""
    if known.events is None or not known.rows:
        return SuppliedLine()
    hits = [known.events.fact(EventFact.AD_ORDERS, span).hits for span in spans]
    return _spent(known, spans, "orders of paid visits", hits) if any(hits) else SuppliedLine()


def _all_orders(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
    """All orders of the shop, for what ads cost: where orders do not say by which channel they came."""
    timed, _ = known.orders.times(PAYING)
    if not known.rows or not timed:
        return SuppliedLine()
    begun = [known.orders.tally(PAYING, span, PAYING.days[-1]).begun for span in spans]
    return _spent(known, spans, "all orders of the shop", begun)


# ---------------------------------------------------------------- events


def _counted_clicks(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
    """Views of products per time that one was shown, as the shop's own pages report both."""
    if known.counted_rows is None:
        return SuppliedLine()
    line: list[Figure | None] = []
    for span in spans:
        counts = known.counts.get(span, {})
        shown, clicked = counts.get(Stage.IMPRESSION, 0), counts.get(Stage.CLICK, 0)
        rows = known.counted_rows((Stage.IMPRESSION, Stage.CLICK), span, shown + clicked)
        line.append(rate_figure(clicked, shown, (rows,)) if 0 < clicked <= shown else None)
    return SuppliedLine(tuple(line))


def _rate_of(fact: EventFact, *types: str) -> Supplier:
    def supply(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
        if known.events is None:
            return SuppliedLine()
        return SuppliedLine(tuple(fact_rates(known.events, fact, types or VISITS, spans)))

    return supply


def _is_answer_due(events: CountedEvents, span: EvaluationSpan) -> bool:
    return span.end_ms + UNANSWERED_DAYS * DAY_MS <= events.known_until_ms


def _answers(fact: EventFact | None, *, of_the_others: bool = False) -> Supplier:
    """Conversations that were answered, or not; ``fact`` None: within the time that the store promises.

    A period that has just ended speaks of the conversations whose three days ended in it.
    """

    def supply(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
        events, asked = known.events, fact or ANSWER_LIMITS.get(known.promises.answer_within_hours or 0)
        if events is None or asked is None:
            return SuppliedLine()
        lag = 0 if _is_answer_due(events, spans[0]) else UNANSWERED_DAYS
        line = fact_rates(events, asked, ("support_reply",), spans, of_the_others=of_the_others, lag_days=lag)
        return SuppliedLine(tuple(line))

    return supply


def _answer_times(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
    if known.events is None:
        return SuppliedLine()
    line = fact_times(known.events, EventFact.ANSWER_MINUTES, ("support_reply",), spans)
    return SuppliedLine(tuple(line))


def _ratings_of(fact: EventFact, kind: str, indicator: str) -> Supplier:
    scale = INDICATOR_BY_ID[indicator].scale or RatingScale(1.0, 5.0)

    def supply(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
        if known.events is None:
            return SuppliedLine()
        return SuppliedLine(tuple(fact_ratings(known.events, fact, (kind,), spans, scale)))

    return supply


def _prices(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
    return SuppliedLine(tuple(price_indices(known.events, spans)) if known.events is not None else ())


# ---------------------------------------------------------------- orders


def _of_orders(window: OrderWindow, *, is_duration: bool = False) -> Supplier:
    def supply(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
        line = order_line(known.orders, window, spans, is_duration=is_duration)
        return SuppliedLine(line.figures, line.is_due)

    return supply


def _in_time(known: StoreSources, spans: Sequence[EvaluationSpan]) -> SuppliedLine:
    if known.promises.ship_within_days is None:
        return SuppliedLine()
    return _of_orders(promised(known.promises.ship_within_days))(known, spans)


SUPPLIERS: Mapping[str, tuple[Supplier, ...]] = {
    "traffic_quality.click_through": (_reported(click_through), _counted_clicks),
    "traffic_quality.engaged_sessions": (_rate_of(EventFact.ENGAGED), _reported(engaged_sessions)),
    "traffic_quality.bot_share": (_rate_of(EventFact.BOTS),),
    "traffic_quality.orders_per_spend": (_ad_orders, _all_orders),
    "page_experience.fast_pages": (_rate_of(EventFact.FAST_PAGES, "page_vital"),),
    "page_experience.stable_pages": (_rate_of(EventFact.STABLE_PAGES, "page_vital"),),
    "page_experience.responsive_pages": (_rate_of(EventFact.RESPONSIVE_PAGES, "page_vital"),),
    "page_experience.view_to_cart": (_rate_of(EventFact.VIEW_TO_CART), _reported(people_to_cart)),
    "page_experience.checkout_errors": (_rate_of(EventFact.CHECKOUT_ERRORS, "checkout"),),
    "page_experience.empty_searches": (_rate_of(EventFact.EMPTY_SEARCHES, "search"),),
    "page_experience.out_of_stock_views": (_rate_of(EventFact.SOLD_OUT_VIEWS, "click", "stock"),),
    "price.featured_offer": (_reported(featured_offer),),
    "price.price_index": (_prices,),
    "price.coupon_errors": (_rate_of(EventFact.COUPON_ERRORS, "coupon"),),
    "price.cart_to_order": (_rate_of(EventFact.CART_TO_ORDER),),
    "logistics.shipped_in_time": (_in_time,),
    "logistics.time_to_ship": (_of_orders(SHIPPING, is_duration=True),),
    "logistics.time_to_deliver": (_of_orders(DELIVERING, is_duration=True),),
    "service.answered_in_time": (_answers(None),),
    "service.time_to_answer": (_answer_times,),
    "service.unanswered": (_answers(EventFact.ANSWERED, of_the_others=True),),
    "service.satisfaction": (_ratings_of(EventFact.SATISFACTION, "support_reply", "service.satisfaction"),),
    "returns.refunds": (_of_orders(REFUNDING),),
    "returns.disputes": (_of_orders(DISPUTING),),
    "returns.negative_reviews": (_rate_of(EventFact.NEGATIVE_REVIEWS, "review"),),
    "returns.rating": (_ratings_of(EventFact.RATINGS, "review", "returns.rating"),),
}
#: indicators that files and tables can give; of the others nobody is asked for more
SUPPLIED = frozenset(SUPPLIERS)
