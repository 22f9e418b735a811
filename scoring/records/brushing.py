"""Brushing (刷单): orders that nobody wants delivered, placed to lift a shop's rank. Recognized by several signs together, never by one.

Each sign has an innocent reading: a loyal buyer, a family at one address, an order by telephone, a sale at midnight. So an order is
marked only when at least ``LEAST_SIGNS`` of its signs agree and at least ``LEAST_ORDERS`` orders of the same day of the store are like
it: brushing comes in series. A sign whose data the store does not send is never taken for one. Marked orders are kept and counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from scoring.funnel.units import DAY_MS, MINUTE_MS
from scoring.wording.text import Text

LEAST_SIGNS, LEAST_ORDERS = 2, 3
#: orders of one buyer, or to one address, within ``_SPAN_MS`` that are many
_MANY, _SPAN_MS = 4, 7 * DAY_MS
#: buyers who share an address before it is a sign: fewer are a household
_BUYERS = 3
#: a night's hours of the store's clock, and the orders of a burst within so many minutes
_NIGHT_HOURS = range(6)
_BURST, _BURST_MS = 5, 10 * MINUTE_MS
#: how many times the store's usual pace a burst is
_SUDDEN = 4.0
#: part of the orders that have a visit before the others lack one
_VISITED = 0.5
#: a good review that comes sooner than any parcel
_REVIEW_MS = DAY_MS


class BrushingSign(StrEnum):
    """One sign of an order."""

    REPEAT_BUYER = "repeat_buyer"
    SHARED_ADDRESS = "shared_address"
    NO_VISIT = "no_visit"
    NIGHT_BURST = "night_burst"
    INSTANT_REVIEW = "instant_review"


SIGN_NAMES: Mapping[BrushingSign, Text] = {
    BrushingSign.REPEAT_BUYER: Text("同一买家多次下单", "one buyer, many orders"),
    BrushingSign.SHARED_ADDRESS: Text("多个买家同一地址", "many buyers, one address"),
    BrushingSign.NO_VISIT: Text("没有访问就下单", "ordered without a visit"),
    BrushingSign.NIGHT_BURST: Text("深夜集中下单", "burst at night"),
    BrushingSign.INSTANT_REVIEW: Text("下单当天就好评", "good review within a day"),
}


@dataclass(frozen=True, slots=True)
class SuspectOrder:
    """What is looked at of one order. Empty texts and None are unknown.

    Attributes:
        address: a hash of where it goes, as the sender gives it.
        has_visit: whether its buyer was seen on the shop's pages in the day before.
        reviewed_ms: when it got a good review; 0 for none.
    """

    order_id: str
    placed_ms: int
    buyer: str = ""
    address: str = ""
    has_visit: bool | None = None
    reviewed_ms: int = 0


def brushed(orders: Sequence[SuspectOrder], zone: tzinfo) -> dict[str, tuple[BrushingSign, ...]]:
    """The orders to mark, each with its signs.

    Args:
        orders: of one store, of some days.
        zone: of the store's clock.
    """
    signs: dict[str, set[BrushingSign]] = defaultdict(set)
    for sign, found in _found(orders, zone):
        for order_id in found:
            signs[order_id].add(sign)
    several = [order for order in orders if len(signs[order.order_id]) >= LEAST_SIGNS]
    a_day = Counter(_day(order.placed_ms, zone) for order in several)
    return {
        order.order_id: tuple(sorted(signs[order.order_id]))
        for order in several
        if a_day[_day(order.placed_ms, zone)] >= LEAST_ORDERS
    }


def _found(orders: Sequence[SuspectOrder], zone: tzinfo) -> Iterable[tuple[BrushingSign, set[str]]]:
    yield BrushingSign.REPEAT_BUYER, _crowded(orders, lambda order: order.buyer)
    yield BrushingSign.SHARED_ADDRESS, _crowded(orders, lambda order: order.address, _BUYERS)
    yield BrushingSign.NO_VISIT, _unvisited(orders)
    yield BrushingSign.NIGHT_BURST, _bursts(orders, zone)
    yield (
        BrushingSign.INSTANT_REVIEW,
        {one.order_id for one in orders if 0 < one.reviewed_ms - one.placed_ms <= _REVIEW_MS},
    )


def _crowded(
    orders: Sequence[SuspectOrder], key: Callable[[SuspectOrder], str], least_buyers: int = 1
) -> set[str]:
    """Orders of which many share a key within the span, of so many buyers at least."""
    by_key: dict[str, list[SuspectOrder]] = defaultdict(list)
    for order in orders:
        if key(order):
            by_key[key(order)].append(order)
    found: set[str] = set()
    for some in by_key.values():
        some.sort(key=lambda order: order.placed_ms)
        buyers: Counter[str] = Counter()
        start = marked = 0
        for end, order in enumerate(some):
            buyers[order.buyer or order.order_id] += 1
            while order.placed_ms - some[start].placed_ms > _SPAN_MS:
                gone = some[start].buyer or some[start].order_id
                buyers[gone] -= 1
                if not buyers[gone]:
                    del buyers[gone]
                start += 1
            if end - start + 1 >= _MANY and len(buyers) >= least_buyers:
                found.update(one.order_id for one in some[max(start, marked) : end + 1])
                marked = end + 1
    return found


def _unvisited(orders: Sequence[SuspectOrder]) -> set[str]:
    """Orders without a visit, in a store whose other orders have one."""
    known = [order for order in orders if order.has_visit is not None]
    visited = sum(order.has_visit is True for order in known)
    if not known or visited < _VISITED * len(known):
        return set()
    return {order.order_id for order in known if order.has_visit is False}


def _bursts(orders: Sequence[SuspectOrder], zone: tzinfo) -> set[str]:
    """Orders of ten minutes of a night that hold many, and many times the store's usual."""
    if not orders:
        return set()
    first, last = min(one.placed_ms for one in orders), max(one.placed_ms for one in orders)
    usual = len(orders) / max((last - first) / _BURST_MS, 1.0)
    by_place: dict[int, list[str]] = defaultdict(list)
    for order in orders:
        if _local(order.placed_ms, zone).hour in _NIGHT_HOURS:
            by_place[order.placed_ms // _BURST_MS].append(order.order_id)
    return {
        order_id
        for some in by_place.values()
        if len(some) >= max(_BURST, _SUDDEN * usual)
        for order_id in some
    }


def _local(at_ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)


def _day(at_ms: int, zone: tzinfo) -> str:
    return _local(at_ms, zone).date().isoformat()
