"""Whether what a source says can be true: judged by its own past, by imported files, by the pixel and by the platform's own reports.

A second way of the same platform cannot find what both ways say wrongly alike. A store's own figures can: half of its orders are worth less
than their median, and that median does not change by a factor of five from one day to the next, by growth or by a sale. Every
rule here is made so that honest orders break it about once in 10⁹ looks; where there are too few orders for that, nothing is said.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

from scoring.funnel.units import DAY_MS, MINUTE_MS
from scoring.sources.doubts import Doubt, DoubtKind, Witness

#: orders of which a median says something
_FEWEST = 8
#: how far medians may be apart: from the own past; from orders that others saw, which may be of another kind
_OWN_FACTOR, _OTHERS_FACTOR = 5.0, 20.0
#: the same order by two ways, and of how many it must be so
_SAME_FACTOR, _FEWEST_SAME = 3.0, 5
#: the standard deviation of the logarithm of a store's order values, at most; a median of n has 1.25 / √n of it (normal distribution)
_SPREAD, _MEDIAN_ERROR = 1.5, 1.2533
#: standard deviations that chance does not reach
_SURE = 6.0
#: however few orders there are, this is too far (×50)
_MOST_APART = math.log(50)
#: the chance that a field is missing from all orders of a look though each has it as often as before
_CHANCE = 1e-9
#: a field that most orders have, and how few then have it
_MOST, _FEW = 0.9, 0.3
#: overlap of two mixes of words (0: no word in common, 1: the same shares), and how many orders it takes
_OVERLAP, _FEWEST_MIXED = 0.1, 30
#: orders whose time of placing changed by more than this, and times that lie ahead of now by more
_MOVED_MS, _AHEAD_MS, _FEWEST_MOVED = MINUTE_MS, 30 * MINUTE_MS, 3
#: sums of closed days against a report, which may leave out what was cancelled or never paid
_REPORT_FACTOR, _FEWEST_REPORTED = 5.0, 30


class ReportedOrder(NamedTuple):
    """An order as it was last reported in a span. Times are 0, texts empty where nothing is known."""

    order_id: str
    reported_ms: int
    placed_ms: int
    amount: float
    currency: str
    is_paid: bool = False
    on_delivery: bool | None = None
    method: str = ""
    country: str = ""
    has_buyer: bool = False
    units: int = 0
    store: str = ""


@dataclass(frozen=True, slots=True)
class ReportedDays:
    """The same closed days, as they are stored and as a report of the platform has them; currency → money."""

    orders: int = 0
    reported_orders: int = 0
    sales: Mapping[str, float] = field(default_factory=dict)
    reported_sales: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statements:
    """What is judged, and by what.

    Attributes:
        recent: the orders that the source reported lately.
        past: the orders that it reported before.
        file, pixel: orders of the same store that others saw.
        reported: what the platform's own reports say of closed days; None if nothing.
        is_polled: whether the source gives whole orders; pushes alone may hold a status and no more.
    """

    recent: Sequence[ReportedOrder]
    past: Sequence[ReportedOrder] = ()
    file: Sequence[ReportedOrder] = ()
    pixel: Sequence[ReportedOrder] = ()
    reported: ReportedDays | None = None
    is_polled: bool = True


def doubts_of(heard: Statements) -> tuple[Doubt, ...]:
    """What of the recent orders cannot be believed."""
    found = [*_missing(heard), *_moved(heard), *_unpaid(heard), *_against_report(heard.reported)]
    for witness, orders in _witnesses(heard):
        found += _values(heard.recent, orders, witness)
        for name, value in _MIXES.items():
            if witness is Witness.PAST or name == "currency":
                found += _mixed(heard.recent, orders, witness, name, value)
    return tuple({doubt.key: doubt for doubt in found}.values())


def _witnesses(heard: Statements) -> Iterator[tuple[Witness, Sequence[ReportedOrder]]]:
    yield Witness.PAST, heard.past
    yield Witness.FILE, heard.file
    yield Witness.PIXEL, heard.pixel


# ---------------------------------------------------------------- what orders are worth


def _values(
    recent: Sequence[ReportedOrder], others: Sequence[ReportedOrder], witness: Witness
) -> Iterator[Doubt]:
    """Medians by store and currency, and the same orders by both ways: stores of one connection may sell at other prices."""
    factor = _OWN_FACTOR if witness is Witness.PAST else _OTHERS_FACTOR
    known = _by_price(others)
    for (store, currency), orders in sorted(_by_price(recent).items()):
        about, said = " ".join(filter(None, (currency, store))), known.get((store, currency), {})
        now, usual = list(orders.values()), list(said.values())
        if min(len(now), len(usual)) >= _FEWEST:
            error = _SURE * _SPREAD * _MEDIAN_ERROR * math.sqrt(1 / len(now) + 1 / len(usual))
            if _apart(median(now), median(usual)) > max(math.log(factor), min(error, _MOST_APART)):
                yield _worth(witness, about, median(now), median(usual), len(now))
        pairs = [(amount, said[number]) for number, amount in orders.items() if number in said]
        if len(pairs) >= _FEWEST_SAME and median(_apart(*pair) for pair in pairs) > math.log(_SAME_FACTOR):
            now_value, usual_value = (median(one[side] for one in pairs) for side in (0, 1))
            yield _worth(witness, about, now_value, usual_value, len(pairs))


def _by_price(orders: Sequence[ReportedOrder]) -> dict[tuple[str, str], dict[str, float]]:
    """By store and currency, the amount of each order that has one."""
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for one in orders:
        if one.currency and one.amount > 0:
            found[one.store, one.currency][one.order_id] = one.amount
    return found


def _apart(one: float, other: float) -> float:
    """By how much two positive figures are apart: the logarithm of their ratio, without its sign."""
    return abs(math.log(one / other))


def _worth(witness: Witness, currency: str, now: float, usual: float, orders: int) -> Doubt:
    return Doubt(DoubtKind.VALUE, witness, currency, f"{now:.2f}", f"{usual:.2f}", orders)


# ---------------------------------------------------------------- fields


_FIELDS: dict[str, Callable[[ReportedOrder], bool]] = {
    "amount": lambda one: one.amount > 0,
    "currency": lambda one: bool(one.currency),
    "placed": lambda one: one.placed_ms > 0,
    "buyer": lambda one: one.has_buyer,
    "units": lambda one: one.units > 0,
    "country": lambda one: bool(one.country),
    "payment_method": lambda one: bool(one.method),
}
#: what every order has
_ALWAYS = ("amount", "currency", "placed")


def _missing(heard: Statements) -> Iterator[Doubt]:
    recent, past = heard.recent, heard.past
    for name, has in _FIELDS.items():
        with_it, share = sum(map(has, recent)), _share(past, has)
        usual, witness = share, Witness.PAST
        if share is None and heard.is_polled and name in _ALWAYS:
            usual, witness = _MOST, Witness.RULE
        if usual is None or not recent:
            continue
        is_gone = not with_it and _all_by_chance(usual, len(recent))
        is_rare = usual >= _MOST and with_it <= _FEW * len(recent) and len(recent) >= _FEWEST_MIXED
        if is_gone or is_rare:
            said = "100%" if witness is Witness.RULE else f"{usual:.0%}"
            yield Doubt(DoubtKind.MISSING, witness, name, f"{with_it / len(recent):.0%}", said, len(recent))


def _share(orders: Sequence[ReportedOrder], has: Callable[[ReportedOrder], bool]) -> float | None:
    """How many have something; None of too few."""
    return sum(map(has, orders)) / len(orders) if len(orders) >= _FEWEST else None


def _all_by_chance(share: float, count: int) -> bool:
    """Whether it is more than chance that none of ``count`` orders has what such a share of all has."""
    return count >= _FEWEST and (1 - min(share, 0.99)) ** count < _CHANCE


_MIXES: dict[str, Callable[[ReportedOrder], str]] = {
    "currency": lambda one: one.currency,
    "country": lambda one: one.country,
    "payment_method": lambda one: one.method,
    "on_delivery": lambda one: "" if one.on_delivery is None else str(one.on_delivery).lower(),
}


def _mixed(
    recent: Sequence[ReportedOrder],
    others: Sequence[ReportedOrder],
    witness: Witness,
    name: str,
    value: Callable[[ReportedOrder], str],
) -> Iterator[Doubt]:
    """Words that hardly any order had before."""
    now, usual = (Counter(word for one in orders if (word := value(one))) for orders in (recent, others))
    if min(now.total(), usual.total()) < _FEWEST_MIXED:
        return
    overlap = sum(min(count / now.total(), usual[word] / usual.total()) for word, count in now.items())
    if overlap < _OVERLAP:
        said, before = (mix.most_common(1)[0][0] for mix in (now, usual))
        yield Doubt(DoubtKind.MIX, witness, name, said, before, now.total())


def _unpaid(heard: Statements) -> Iterator[Doubt]:
    """Orders of more than a day, of which none is paid any more."""
    recent, past = (
        [one for one in orders if one.placed_ms and one.reported_ms - one.placed_ms >= DAY_MS]
        for orders in (heard.recent, heard.past)
    )
    share = _share(past, lambda one: one.is_paid)
    is_none = not any(one.is_paid for one in recent)
    if share is not None and is_none and _all_by_chance(share, len(recent)):
        yield Doubt(DoubtKind.PAID, Witness.PAST, "", "0%", f"{share:.0%}", len(recent))


def _moved(heard: Statements) -> Iterator[Doubt]:
    """Times of placing that changed, or that lie ahead."""
    known = {(one.store, one.order_id): one.placed_ms for one in heard.past if one.placed_ms}
    same = [
        (known[one.store, one.order_id], one.placed_ms)
        for one in heard.recent
        if (one.store, one.order_id) in known and one.placed_ms
    ]
    moved = [pair for pair in same if abs(pair[0] - pair[1]) > _MOVED_MS]
    if len(moved) >= max(_FEWEST_MOVED, len(same) / 2):
        before, now = (
            datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="minutes") for at in moved[0]
        )
        yield Doubt(DoubtKind.TIMES, Witness.PAST, "", now, before, len(moved))
    ahead = [
        one.placed_ms - one.reported_ms for one in heard.recent if one.placed_ms - one.reported_ms > _AHEAD_MS
    ]
    if len(ahead) >= _FEWEST_MOVED:
        yield Doubt(DoubtKind.AHEAD, Witness.RULE, "", str(max(ahead) // MINUTE_MS), "0", len(ahead))


# ---------------------------------------------------------------- reports


def _against_report(days: ReportedDays | None) -> Iterator[Doubt]:
    if days is None:
        return
    if days.reported_orders >= _FEWEST_REPORTED and _is_other_size(days.orders, days.reported_orders):
        yield Doubt(
            DoubtKind.COUNT, Witness.REPORT, "", str(days.orders), str(days.reported_orders), days.orders
        )
    if days.orders < _FEWEST:
        return
    for currency, said in sorted(days.reported_sales.items()):
        stored = days.sales.get(currency, 0.0)
        if said > 0 and _is_other_size(stored, said):
            yield Doubt(
                DoubtKind.SALES, Witness.REPORT, currency, f"{stored:.2f}", f"{said:.2f}", days.orders
            )


def _is_other_size(stored: float, reported: float) -> bool:
    return stored <= 0 or _apart(stored, reported) > math.log(_REPORT_FACTOR)
