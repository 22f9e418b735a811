"""Journeys: the visits that somebody made in the thirty days before an order, each with the channel and the campaign that it came by.

The same in SQL are the views ``visits`` and ``order_journeys``; a test compares the two. Read next: ``credits.py``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from scoring.evaluation.event_facts import (
    PAID_CHANNELS,
    VISIT_TYPES,
    DaysOf,
    FactEvent,
    is_paid_channel,
)
from scoring.events.event import DeviceClass
from scoring.funnel.units import DAY_MS

#: visits this long before an order are on its way
LOOKBACK_MS = 30 * DAY_MS
#: of a longer way the last visits count
MOST_TOUCHES = 20
PAID, EMAIL, SOCIAL, DIRECT, SEARCH, UNKNOWN = "paid", "email", "social", "direct", "search", ""
#: mail as people write ``utm_medium``
MAIL_CHANNELS = r"e-?mail|newsletter"
#: names of one thing
SAME_CHANNELS: Mapping[str, str] = {"organic": SEARCH, "(none)": DIRECT, "none": DIRECT, "(not set)": UNKNOWN}
#: what says nothing of where somebody came from: credited only where there is nothing else
_SILENT = frozenset({DIRECT, UNKNOWN})
_MAIL = re.compile(MAIL_CHANNELS)


class CameBy(NamedTuple):
    """By what a visit came; an empty text is unknown."""

    channel: str = UNKNOWN
    campaign: str = ""


@dataclass(frozen=True, slots=True)
class VisitSeen:
    """One visit: whose, when it began, and by what it came."""

    person: str
    began_ms: int
    place: CameBy
    visit: str = ""


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """One order that counts: who made it (empty: unknown), when, and what it brought less what was refunded; None: unknown."""

    order_id: str
    placed_ms: int
    person: str = ""
    money: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class OrderPath:
    """Orders with the same way.

    Attributes:
        places: of the visits, the oldest first; empty: nothing is known of the way.
        orders: how many.
        money: what they brought, in ``currency``.
        squares, cubes: the sums of the squares and of the cubes of what each brought.
        unpriced: how many of them have no amount.
        currency: of the money.
        is_in_ads: they were placed on days of which it is known what ads cost.
    """

    places: tuple[CameBy, ...]
    orders: int
    money: Decimal = Decimal(0)
    squares: Decimal = Decimal(0)
    cubes: Decimal = Decimal(0)
    unpriced: int = 0
    currency: str = ""
    is_in_ads: bool = False


@dataclass(frozen=True, slots=True)
class LostPath:
    """The ways of those who visited in a period and ordered nothing: channels, the oldest visit first, and how many people."""

    channels: tuple[str, ...]
    people: int


def channel_of(text: str) -> str:
    """The channel that an event's ``channel`` names, whether the pixel wrote it or somebody's ``utm_medium``."""
    plain = text.strip().lower()
    if is_paid_channel(plain):
        return PAID
    if _MAIL.search(plain):
        return EMAIL
    if "social" in plain:
        return SOCIAL
    return SAME_CHANNELS.get(plain, plain)


def channel_sql(column: str) -> str:
    """``channel_of`` as a ClickHouse expression."""
    plain = f"lower(trimBoth({column}))"
    paid, mail = (text.replace("\\", "\\\\") for text in (PAID_CHANNELS, MAIL_CHANNELS))
    names = ", ".join(f"'{name}'" for name in SAME_CHANNELS)
    same = ", ".join(f"'{name}'" for name in SAME_CHANNELS.values())
    return (
        f"multiIf(match({plain}, '{paid}'), '{PAID}', match({plain}, '{mail}'), '{EMAIL}', "
        f"position({plain}, 'social') > 0, '{SOCIAL}', transform({plain}, [{names}], [{same}], {plain}))"
    )


def last_said(places: Sequence[CameBy]) -> CameBy:
    """The last place that is neither direct nor unknown; else direct, else unknown."""
    said = next((one for one in reversed(places) if one.channel not in _SILENT), None)
    return said or next((one for one in reversed(places) if one.channel == DIRECT), CameBy())


def person_of(event: FactEvent) -> str:
    """Who did it: the visitor or, where nobody knows one, the session; empty for nobody."""
    return event.visitor or (f"#{event.session}" if event.session else "")


def visits_of(events: Iterable[FactEvent], zone: str) -> list[VisitSeen]:
    """The visits that events are of: sessions or, without one, what somebody does on one day of the store's clock.

    A visit came by what its first event that names a channel says; where none does, by the first campaign that is named.

    Args:
        events: of one store, in any order, each once.
        zone: of the store's clock.
    """
    day_of = DaysOf(zone)
    found: dict[tuple[str, str], list[FactEvent]] = defaultdict(list)
    for event in events:
        person = person_of(event)
        if (
            person
            and event.type in VISIT_TYPES
            and not event.set_apart
            and event.device_class != DeviceClass.BOT
        ):
            found[person, event.session or f"~{day_of.day(event.at_ms)}"].append(event)
    made = []
    for (person, visit), some in found.items():
        some.sort(key=lambda one: one.at_ms)
        said = [CameBy(channel_of(one.channel), one.campaign) for one in some]
        named = next((one for one in said if one.channel), None)
        place = named or next((one for one in said if one.campaign), CameBy())
        made.append(VisitSeen(person, some[0].at_ms, place, visit))
    return made


def order_paths(
    visits: Iterable[VisitSeen], orders: Iterable[OrderSeen], ads: tuple[int, int] | None
) -> list[OrderPath]:
    """The ways of orders, those of one way and currency together, in a fixed order.

    Args:
        visits: in any order.
        orders: that count.
        ads: from when to when it is known what ads cost.
    """
    by_person = _by_person(visits)
    found: dict[tuple[tuple[CameBy, ...], str, bool], list[OrderSeen]] = defaultdict(list)
    for order in orders:
        since = order.placed_ms - LOOKBACK_MS
        way = tuple(
            one.place for one in by_person.get(order.person, ()) if since < one.began_ms <= order.placed_ms
        )[-MOST_TOUCHES:]
        is_in_ads = ads is not None and ads[0] <= order.placed_ms < ads[1]
        found[way, order.currency, is_in_ads].append(order)
    made = []
    for (way, currency, is_in_ads), some in sorted(found.items()):
        priced = [one.money for one in some if one.money is not None]
        made.append(
            OrderPath(
                way,
                len(some),
                sum(priced, Decimal(0)),
                sum((one**2 for one in priced), Decimal(0)),
                sum((one**3 for one in priced), Decimal(0)),
                len(some) - len(priced),
                currency,
                is_in_ads,
            )
        )
    return made


def lost_paths(
    visits: Iterable[VisitSeen], buyers: frozenset[str], start_ms: int, end_ms: int
) -> list[LostPath]:
    """The ways of those who visited in a period and ordered nothing in it."""
    found: dict[tuple[str, ...], int] = defaultdict(int)
    within = (one for one in visits if start_ms <= one.began_ms < end_ms and one.person not in buyers)
    for some in _by_person(within).values():
        found[tuple(one.place.channel for one in some)[-MOST_TOUCHES:]] += 1
    return [LostPath(way, people) for way, people in sorted(found.items())]


def _by_person(visits: Iterable[VisitSeen]) -> dict[str, list[VisitSeen]]:
    found: dict[str, list[VisitSeen]] = defaultdict(list)
    for one in visits:
        if one.person:
            found[one.person].append(one)
    for some in found.values():
        some.sort(key=lambda one: (one.began_ms, one.place, one.visit))
    return found
