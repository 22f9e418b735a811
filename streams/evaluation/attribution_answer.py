"""An attribution as data: what the read API answers, what a report holds as JSON, and the rows of the table ``attribution_raw``.

Numbers of orders and of money are decimal text, to the hundredth; None always means that there is none, never zero, and ``reasons`` says
why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from scoring.evaluation.attribution.credits import CENT, AttributionModel, Ranged
from scoring.evaluation.attribution.lines import AttributedLine, Attribution, AttributionRefusal, Compared
from streams.evaluation.attribution_view import line_id


class AttributedRange(msgspec.Struct, frozen=True):
    """A number with its 90 % interval."""

    value: float
    low: float
    high: float


class AttributedCredit(msgspec.Struct, frozen=True):
    """What one model puts down to a place. ``low`` and ``high`` are the 90 % interval of the orders to be expected."""

    model: AttributionModel
    orders: str
    low: float
    high: float
    money: str | None


class AttributedRows(msgspec.Struct, frozen=True):
    """Where a number comes from; ``of`` asks for these rows at ``/stores/{store}/evaluation/rows``."""

    of: str
    relation: str
    condition: str
    count: int


class AttributedPlace(msgspec.Struct, frozen=True):
    """A channel, a campaign of a channel, or an ads platform (``source``), as ``kind`` says.

    ``spend`` and ``claimed_money`` are in ``currency``; ``orders_of_spend`` are the shop's own orders of the days of the spend.
    ``claimed_per_order`` is orders that the platform claims ÷ those.
    """

    kind: str
    channel: str
    campaign: str
    source: str
    visits: int | None
    credits: tuple[AttributedCredit, ...]
    spend: str | None
    currency: str
    orders_of_spend: int | None
    cost_per_order: AttributedRange | None
    roas: AttributedRange | None
    claimed_orders: str | None
    claimed_money: str | None
    claimed_roas: float | None
    claimed_per_order: AttributedRange | None
    reasons: dict[str, str]
    rows: tuple[AttributedRows, ...]


class AttributedRate(msgspec.Struct, frozen=True):
    """One unit of ``currency`` was ``rate`` of ``into`` on ``day``."""

    currency: str
    into: str
    rate: str
    day: str


class AttributionAnswer(msgspec.Struct, frozen=True):
    """The attribution of a store in a period, [from_ms, to_ms) of days of ``zone``. An order put down to a channel claims no cause.

    ``known`` is the number of orders whose way is known; the others are put down to no channel. ``withheld`` names models that are not
    given, with the reason. Spend is known from ``ads_from_ms`` to ``ads_to_ms``.
    """

    store_id: str
    from_ms: int
    to_ms: int
    zone: str
    currency: str
    orders: int
    known: int
    money: str | None
    known_money: str | None
    without_amount: int
    recent_orders: int
    recent_visits: int
    withheld: dict[str, str]
    ads_from_ms: int | None
    ads_to_ms: int | None
    rates: tuple[AttributedRate, ...]
    base: AttributedRate | None
    base_money: str | None
    lines: tuple[AttributedPlace, ...]


def attribution_answer(found: Attribution) -> AttributionAnswer:
    """An attribution as data."""
    base = found.base
    base_money = None
    if base is not None and found.money is not None:
        base_money = str((found.money * base.rate).quantize(CENT))
    start, end = found.window or (None, None)
    return AttributionAnswer(
        found.store,
        found.span.start_ms,
        found.span.end_ms,
        found.span.zone,
        found.currency,
        found.orders,
        found.known,
        _text(found.money),
        _text(found.known_money),
        found.unpriced,
        *found.recent,
        {model.value: lacks[0].lack.value for model, lacks in sorted(found.withheld.items())},
        start,
        end,
        tuple(AttributedRate(one.currency, one.into, f"{one.rate:f}", one.day) for one in found.rates),
        AttributedRate(base.currency, base.into, f"{base.rate:f}", base.day) if base is not None else None,
        base_money,
        tuple(_place(found, kind, line) for kind, line in lines_of(found)),
    )


def lines_of(found: Attribution) -> Iterator[tuple[str, AttributedLine]]:
    """All lines with their kind."""
    for kind, lines in (
        ("channel", found.channels),
        ("campaign", found.campaigns),
        ("source", found.sources),
    ):
        for line in lines:
            yield kind, line


def _place(found: Attribution, kind: str, line: AttributedLine) -> AttributedPlace:
    compared = line.compared
    shown = {name: _ranged(compared, name) for name in ("cost", "roas", "claimed_share")}
    money_is_known = found.known_money is not None
    return AttributedPlace(
        kind,
        line.channel,
        line.campaign,
        line.source,
        line.visits,
        tuple(
            AttributedCredit(
                model, str(one.orders), one.low, one.high, str(one.money) if money_is_known else None
            )
            for model, one in sorted(
                line.credits.items(), key=lambda item: list(AttributionModel).index(item[0])
            )
        ),
        _text(compared.spend) if compared else None,
        compared.currency if compared else "",
        compared.orders if compared else None,
        shown["cost"],
        shown["roas"],
        _text(compared.claimed_orders) if compared else None,
        _text(compared.claimed_money) if compared else None,
        compared.claimed_roas if compared and isinstance(compared.claimed_roas, float) else None,
        shown["claimed_share"],
        _reasons(compared),
        tuple(
            AttributedRows(
                line_id(line, "spend" if row.relation == "report_rows" else "orders"),
                row.relation,
                row.condition,
                row.count,
            )
            for row in line.rows
        ),
    )


def _ranged(compared: Compared | None, name: str) -> AttributedRange | None:
    figure = getattr(compared, name, None)
    return AttributedRange(figure.value, figure.low, figure.high) if isinstance(figure, Ranged) else None


def _reasons(compared: Compared | None) -> dict[str, str]:
    if compared is None:
        return {}
    figures: Mapping[str, Any] = {
        "cost_per_order": compared.cost,
        "roas": compared.roas,
        "claimed_roas": compared.claimed_roas,
        "claimed_per_order": compared.claimed_share,
    }
    return {name: one.lack.value for name, one in figures.items() if isinstance(one, AttributionRefusal)}


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
