"""What a store's events of one day add up to: the facts that indicators of events are made of.

A visit is the session that its events name or, where they name none, what one visitor did on one day; it ends at midnight of the
store's clock. Facts of days add up to those of a period. The same in SQL is ``streams/clickhouse/event_days.py``; a test compares the
two.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from zoneinfo import ZoneInfo

from scoring.events.event import DeviceClass, EventType
from scoring.funnel.stages import VISIT_STAGES
from scoring.funnel.units import DAY_MS, MINUTE_MS


class EventFact(StrEnum):
    """One fact: how many cases there were, in how many of them it was so and, of values, their sum and that of their squares."""

    BOTS = "bots"
    ENGAGED = "engaged"
    VIEW_TO_CART = "view_to_cart"
    CART_TO_ORDER = "cart_to_order"
    AD_ORDERS = "ad_orders"
    CHECKOUT_ERRORS = "checkout_errors"
    COUPON_ERRORS = "coupon_errors"
    EMPTY_SEARCHES = "empty_searches"
    FAST_PAGES = "fast_pages"
    STABLE_PAGES = "stable_pages"
    RESPONSIVE_PAGES = "responsive_pages"
    SOLD_OUT_VIEWS = "sold_out_views"
    NEGATIVE_REVIEWS = "negative_reviews"
    RATINGS = "ratings"
    ANSWERED = "answered"
    ANSWERED_1H = "answered_1h"
    ANSWERED_4H = "answered_4h"
    ANSWERED_8H = "answered_8h"
    ANSWERED_12H = "answered_12h"
    ANSWERED_24H = "answered_24h"
    ANSWERED_48H = "answered_48h"
    ANSWER_MINUTES = "answer_minutes"
    SATISFACTION = "satisfaction"


#: hours within which a store may promise a first answer, each with its fact
ANSWER_LIMITS: Mapping[int, EventFact] = {
    hours: EventFact(f"answered_{hours}h") for hours in (1, 4, 8, 12, 24, 48)
}
#: a conversation without an answer by a person for so long is unanswered
UNANSWERED_DAYS = 3
UNANSWERED_MINUTES = UNANSWERED_DAYS * 1440
#: less than half a minute is half a minute: logs need it
LEAST_MINUTES = 0.5
#: what a visit is seen by
VISIT_TYPES = (
    *(EventType(stage) for stage in VISIT_STAGES),
    EventType.FAVOURITE,
    EventType.PAGE_VITAL,
    EventType.SEARCH,
    EventType.COUPON,
    EventType.CHECKOUT,
)
#: channels that are paid for, as the pixel names them and as people write ``utm_medium``
PAID_CHANNELS = r"cpc|ppc|paid|display|ads?\b"
#: set apart because no person did it; what is set apart for another reason is in no fact
ROBOTIC = ("few_sources", "too_fast")
#: a visit of this long is engaged
ENGAGED_MS = 10_000
#: the limits of a good page load and of a good visit (web.dev): LCP and INP in milliseconds, CLS without unit
VITAL_LIMITS: Mapping[str, tuple[EventFact, float]] = {
    "LCP": (EventFact.FAST_PAGES, 2500.0),
    "CLS": (EventFact.STABLE_PAGES, 0.1),
    "INP": (EventFact.RESPONSIVE_PAGES, 200.0),
}
#: stars up to which a review is negative
NEGATIVE_STARS = 2
#: how far back the stock of a product is looked for
STOCK_KNOWN_MS = 60 * DAY_MS
#: numbers and stars as attributes write them; anything else says nothing
NUMBER_TEXT, STARS_TEXT = r"[0-9]{1,12}(\.[0-9]{1,9})?", r"[1-5]"
_QUARTER_MS = 15 * MINUTE_MS
_PAID, _NUMBER, _STARS = re.compile(PAID_CHANNELS), re.compile(NUMBER_TEXT), re.compile(STARS_TEXT)


@dataclass(frozen=True, slots=True)
class FactSum:
    """``hits`` of ``cases``; of values their ``total`` and the total of their ``squares``."""

    hits: int = 0
    cases: int = 0
    total: float = 0.0
    squares: float = 0.0

    def plus(self, other: FactSum) -> FactSum:
        """Both together."""
        return FactSum(
            self.hits + other.hits,
            self.cases + other.cases,
            self.total + other.total,
            self.squares + other.squares,
        )


@dataclass(frozen=True, slots=True)
class FactEvent:
    """What facts need of an event. Empty texts are unknown; ``attributes`` are the event's own."""

    type: EventType
    at_ms: int
    visitor: str = ""
    session: str = ""
    product: str = ""
    quantity: int = 1
    channel: str = ""
    device_class: str = ""
    set_apart: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    campaign: str = ""
    order_id: str = ""

    @property
    def visit(self) -> str:
        """The visit's name; empty where nobody knows who it was."""
        return self.session or (f"~{self.visitor}" if self.visitor else "")

    @property
    def apart(self) -> str:
        """Why it is set apart, without the details."""
        return self.set_apart.partition(":")[0]


@dataclass(slots=True)
class _Visit:
    first_ms: int
    last_ms: int
    is_bot: bool = False
    is_paid: bool = False
    had: set[EventType] = field(default_factory=set)
    failed: set[EventType] = field(default_factory=set)
    products: set[str] = field(default_factory=set)
    pages: set[str] = field(default_factory=set)

    def take(self, event: FactEvent) -> None:
        """Note one event."""
        self.first_ms, self.last_ms = min(self.first_ms, event.at_ms), max(self.last_ms, event.at_ms)
        self.is_bot |= event.device_class == DeviceClass.BOT or event.apart in ROBOTIC
        self.is_paid |= is_paid_channel(event.channel)
        self.had.add(event.type)
        if event.attributes.get("error"):
            self.failed.add(event.type)
        if event.type is EventType.CLICK and event.product:
            self.products.add(event.product)
        if page := event.attributes.get("page"):
            self.pages.add(page)

    @property
    def is_engaged(self) -> bool:
        """Whether it lasted, saw two pages or two products, or put something into the cart."""
        lasted = self.last_ms - self.first_ms >= ENGAGED_MS
        return lasted or max(len(self.products), len(self.pages)) >= 2 or EventType.ADD_TO_CART in self.had


DayFacts = dict[EventFact, FactSum]


def is_paid_channel(channel: str) -> bool:
    """Whether a channel is paid for."""
    return _PAID.search(channel.lower()) is not None


def facts_by_day(events: Iterable[FactEvent], zone: str) -> dict[str, DayFacts]:
    """The facts of each day of the store's clock, by the day as ``2026-10-31``.

    Args:
        events: of one store, in any order, each once.
        zone: of the store's clock.
    """
    day_of = DaysOf(zone)
    found: dict[str, DayFacts] = defaultdict(dict)
    visits: dict[tuple[str, str], _Visit] = {}
    stocks: dict[str, list[tuple[int, int]]] = defaultdict(list)
    views: list[tuple[str, FactEvent]] = []
    for event in events:
        if event.set_apart and event.apart not in ROBOTIC:
            continue
        day = day_of.day(event.at_ms)
        if event.visit and event.type in VISIT_TYPES:
            visit = visits.setdefault((day, event.visit), _Visit(event.at_ms, event.at_ms))
            visit.take(event)
        is_person = event.device_class != DeviceClass.BOT and not event.set_apart
        if event.type is EventType.STOCK:
            if event.product and not event.set_apart:
                stocks[event.product].append((event.at_ms, event.quantity))
        elif event.type is EventType.CLICK and event.product and is_person:
            views.append((day, event))
        elif is_person:
            for fact, one in _of_event(event):
                _add(found[day], fact, one)
    for (day, _), visit in visits.items():
        for fact, is_so in _of_visit(visit):
            _add(found[day], fact, FactSum(int(is_so), 1))
    _count_views(found, views, stocks)
    return dict(found)


class DaysOf(dict[int, str]):
    """The day of a zone's clock by the number of a quarter of an hour since 1970: every offset is a multiple of one."""

    def __init__(self, zone: str) -> None:
        super().__init__()
        self._zone = ZoneInfo(zone)

    def day(self, at_ms: int) -> str:
        """The day of a moment, as ``2026-10-31``."""
        return self[at_ms // _QUARTER_MS]

    def __missing__(self, quarter: int) -> str:
        day = datetime.fromtimestamp(quarter * _QUARTER_MS / 1000, self._zone).date().isoformat()
        self[quarter] = day
        return day


def _add(day: DayFacts, fact: EventFact, one: FactSum) -> None:
    day[fact] = day.get(fact, FactSum()).plus(one)


def _of_visit(visit: _Visit) -> Iterable[tuple[EventFact, bool]]:
    """What one visit is a case of, and whether it was so."""
    yield EventFact.BOTS, visit.is_bot
    if visit.is_bot:
        return
    yield EventFact.ENGAGED, visit.is_engaged
    had = visit.had
    if EventType.CLICK in had:
        yield EventFact.VIEW_TO_CART, EventType.ADD_TO_CART in had
    if EventType.ADD_TO_CART in had:
        yield EventFact.CART_TO_ORDER, EventType.ORDER in had
    if EventType.ORDER in had:
        yield EventFact.AD_ORDERS, visit.is_paid
    if EventType.CHECKOUT in had:
        yield EventFact.CHECKOUT_ERRORS, EventType.CHECKOUT in visit.failed
    if EventType.COUPON in had:
        yield EventFact.COUPON_ERRORS, EventType.COUPON in visit.failed


def _of_event(event: FactEvent) -> Iterable[tuple[EventFact, FactSum]]:
    """What one event alone is a case of."""
    if event.type is EventType.PAGE_VITAL:
        limit = VITAL_LIMITS.get(event.attributes.get("metric", ""))
        value = _number(event.attributes.get("value", ""))
        if limit is not None and value is not None:
            yield limit[0], FactSum(int(value <= limit[1]), 1)
    elif event.type is EventType.SEARCH:
        results = _number(event.attributes.get("results", ""))
        if results is not None:
            yield EventFact.EMPTY_SEARCHES, FactSum(int(results == 0), 1)
    elif event.type is EventType.REVIEW:
        stars = event.attributes.get("rating", "")
        if _STARS.fullmatch(stars):
            yield EventFact.NEGATIVE_REVIEWS, FactSum(int(int(stars) <= NEGATIVE_STARS), 1)
            yield EventFact.RATINGS, FactSum(0, 1, float(stars), float(stars) ** 2)
    elif event.type is EventType.SUPPORT_REPLY:
        yield from _of_conversation(event)


def _of_conversation(event: FactEvent) -> Iterable[tuple[EventFact, FactSum]]:
    minutes = _number(event.attributes.get("answered_min", ""))
    is_answered = minutes is not None and minutes <= UNANSWERED_MINUTES
    yield EventFact.ANSWERED, FactSum(int(is_answered), 1)
    for hours, fact in ANSWER_LIMITS.items():
        yield fact, FactSum(int(minutes is not None and minutes <= 60 * hours), 1)
    if minutes is not None and is_answered:
        taken = math.log(max(minutes, LEAST_MINUTES))
        yield EventFact.ANSWER_MINUTES, FactSum(0, 1, taken, taken * taken)
    stars = event.attributes.get("rating", "")
    if _STARS.fullmatch(stars):
        yield EventFact.SATISFACTION, FactSum(0, 1, float(stars), float(stars) ** 2)


def _count_views(
    found: dict[str, DayFacts],
    views: Iterable[tuple[str, FactEvent]],
    stocks: Mapping[str, list[tuple[int, int]]],
) -> None:
    """Views of products whose stock is known, by whether there was any at that moment; of two reports of a moment the larger holds."""
    for times in stocks.values():
        times.sort()
    for day, view in views:
        first_ms = view.at_ms - STOCK_KNOWN_MS
        known = [left for at_ms, left in stocks.get(view.product, ()) if first_ms < at_ms <= view.at_ms]
        if known:
            _add(found[day], EventFact.SOLD_OUT_VIEWS, FactSum(int(known[-1] == 0), 1))


def _number(text: str) -> float | None:
    """A number that is not below zero; None for anything else."""
    return float(text) if _NUMBER.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class PriceSeen:
    """The shop's price to the buyer of a product, and the price that it is held against, of one currency."""

    product: str
    at_ms: int
    price: Decimal
    reference: Decimal


def price_seen(product: str, at_ms: int, amount: str, attributes: Mapping[str, str]) -> PriceSeen | None:
    """What a ``price`` event says; None if it names no product, or not both prices."""
    try:
        price, reference = Decimal(amount or 0), Decimal(attributes.get("reference") or 0)
    except InvalidOperation:
        return None
    if not product or not (price > 0 and reference > 0):
        return None
    return PriceSeen(product, at_ms, price, reference)


def price_sum(prices: Iterable[PriceSeen], start_ms: int, end_ms: int) -> FactSum:
    """The newest comparison of each product in a period, as logs of price ÷ reference."""
    newest: dict[str, PriceSeen] = {}
    for one in prices:
        known = newest.get(one.product)
        if start_ms <= one.at_ms < end_ms and (known is None or known.at_ms < one.at_ms):
            newest[one.product] = one
    logs = [math.log(float(one.price / one.reference)) for one in newest.values()]
    return FactSum(0, len(logs), math.fsum(logs), math.fsum(one * one for one in logs))
