"""The attribution of stores from the tables: the facts by SQL, the rest in ``scoring/evaluation/attribution``."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from scoring.evaluation.attribution.ads import AdBook, AdFigure, ad_book
from scoring.evaluation.attribution.attributing import LEAST_CONVERSIONS, LEAST_INTERACTIONS, attribute
from scoring.evaluation.attribution.journeys import LOOKBACK_MS, CameBy, LostPath, OrderPath
from scoring.evaluation.attribution.lines import Attribution, AttributionFacts, CurrencyRate
from scoring.evaluation.evaluating import EvaluationSpan
from streams.clickhouse.literals import literal
from streams.clickhouse.reader import Database, Row
from streams.config.model import Config
from streams.evaluation import attribution_queries as queries
from streams.evaluation.stored_counts import moment
from streams.incidents.rates import ExchangeRates


@dataclass(frozen=True, slots=True)
class AttributionRates:
    """The rates of a currency in another with their days, and the currency in which stores of several are summed (empty: none)."""

    rate: Callable[[str, str], CurrencyRate | None]
    base: str = ""

    def of_base(self, currency: str) -> CurrencyRate | None:
        """The rate of a currency in the base currency."""
        return self.rate(currency, self.base) if currency and self.base else None


def rates_of(config: Config) -> AttributionRates:
    """The rates of an instance: those by which it adds up money everywhere."""
    named = config.alerting.exchange_rates
    book = ExchangeRates(Path(named) if named else None)
    return AttributionRates(
        lambda currency, into: _known_rate(book, currency, into), config.alerting.base_currency
    )


def bundled_rates() -> AttributionRates:
    """The rates that come with the package."""
    book = ExchangeRates(None)
    return AttributionRates(lambda currency, into: _known_rate(book, currency, into))


def _known_rate(book: ExchangeRates, currency: str, into: str) -> CurrencyRate | None:
    found = book.rate(currency, into) if currency and into else None
    if found is None:
        return None
    day = found.day.isoformat() if found.day else ""
    return CurrencyRate(currency, into, Decimal(repr(found.value)), day)


def given_rates(rates: Iterable[CurrencyRate], base: str = "") -> AttributionRates:
    """Rates that were used before, so that the same numbers come of them."""
    known = {(one.currency, one.into): one for one in rates}

    def rate(currency: str, into: str) -> CurrencyRate | None:
        if currency == into:
            return CurrencyRate(currency, into, Decimal(1), "")
        return known.get((currency, into))

    return AttributionRates(rate, base)


async def read_attributions(
    database: Database, stores: Sequence[str], span: EvaluationSpan, rates: AttributionRates
) -> dict[str, Attribution]:
    """The attribution of each store in a period; stores without an order and without ads in it are left out.

    Args:
        database: the tables.
        stores: ids; all of the period's zone.
        span: the period.
        rates: of currencies.
    """
    given: dict[str, Any] = {
        "stores": list(stores),
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "zone": span.zone,
        "recent_ms": max(span.start_ms, span.end_ms - LOOKBACK_MS),
    }
    seconds = {"start_s": span.start_ms // 1000, "end_s": span.end_ms // 1000}
    figures, known, visits = await asyncio.gather(
        database.rows(queries.FIGURES, stores=list(stores), **seconds),
        database.rows(queries.KNOWN, stores=list(stores)),
        database.rows(queries.VISITS, **given),
    )
    books = _books(stores, figures, known, span)
    windows = [books[store].window or (0, 0) for store in stores]
    ways = _by_store(
        await database.rows(
            queries.WAYS,
            **given,
            ads_from=[one[0] for one in windows],
            ads_to=[one[1] for one in windows],
        )
    )
    seen = _by_store(visits)
    recent = {
        store: (
            sum(int(row["recent"]) for row in ways.get(store, ()) if row["touches"]),
            sum(int(row["recent"]) for row in seen.get(store, ())),
        )
        for store in stores
    }
    many = [
        store for store, one in recent.items() if one[0] >= LEAST_CONVERSIONS and one[1] >= LEAST_INTERACTIONS
    ]
    lost = _by_store(await database.rows(queries.LOST, **{**given, "stores": many})) if many else {}
    found = {}
    for store in stores:
        if ways.get(store) or books[store].sources:
            found[store] = attribute(
                _facts(
                    store,
                    span,
                    books[store],
                    (ways.get(store, ()), seen.get(store, ()), lost.get(store, ())),
                    recent[store],
                    rates,
                )
            )
    return found


def _books(
    stores: Sequence[str], figures: Sequence[Row], known: Sequence[Row], span: EvaluationSpan
) -> dict[str, AdBook]:
    by_store, bounds = _by_store(figures), _by_store(known)
    return {
        store: ad_book(
            [_figure(row) for row in by_store.get(store, ())],
            {
                row["source_name"]: (int(row["first_ms"]), int(row["last_ms"]))
                for row in bounds.get(store, ())
            },
            span,
        )
        for store in stores
    }


def _figure(row: Row) -> AdFigure:
    return AdFigure(
        row["source_name"],
        1000 * int(row["start_s"]),
        1000 * int(row["end_s"]),
        tuple(row["parts"]),
        row["campaign_name"],
        row["measure_name"],
        Decimal(row["value_text"]),
        row["currency"],
        int(row["number"]),
    )


def _facts(
    store: str,
    span: EvaluationSpan,
    ads: AdBook,
    rows: tuple[Sequence[Row], Sequence[Row], Sequence[Row]],
    recent: tuple[int, int],
    rates: AttributionRates,
) -> AttributionFacts:
    ways, visits, lost = rows
    paths = [
        OrderPath(
            tuple(CameBy(*one) for one in row["touches"]),
            int(row["orders"]),
            Decimal(row["total"]),
            Decimal(row["squares"]),
            Decimal(row["cubes"]),
            int(row["unpriced"]),
            row["currency"],
            bool(row["is_in_ads"]),
        )
        for row in ways
    ]
    currency = main_currency(paths, ads)
    relation = f"order_journeys(first = {span.start_ms}, last = {span.end_ms}, zone = {literal(span.zone)})"
    within = (
        f"store_id = {literal(store)} AND {queries.AD_ROWS} AND period_start >= {moment(span.start_ms)}"
        f" AND period_end <= {moment(span.end_ms)}"
    )
    if ads.window is not None:
        start, end = ads.window
        within += f" AND period_start >= {moment(start)} AND period_end <= {moment(end)}"
    return AttributionFacts(
        store,
        span,
        paths,
        [LostPath(tuple(row["way"]), int(row["people"])) for row in lost],
        {CameBy(row["channel"], row["campaign"]): int(row["visits"]) for row in visits},
        recent,
        ads,
        rates_into(currency, paths, ads, rates),
        currency,
        rates.of_base(currency),
        (relation, f"store_id = {literal(store)}"),
        ("report_rows", within),
    )


def main_currency(paths: Iterable[OrderPath], ads: AdBook) -> str:
    """In which money is added up: that of most orders; where none has any, that of the ads."""
    orders: Counter[str] = Counter()
    for path in paths:
        if path.currency:
            orders[path.currency] += path.orders
    if orders:
        return min(orders, key=lambda name: (-orders[name], name))
    return min((one.currency for one in ads.sources if one.currency), default="")


def rates_into(
    currency: str, paths: Iterable[OrderPath], ads: AdBook, rates: AttributionRates
) -> Mapping[str, CurrencyRate]:
    """The rates of all that is in another currency."""
    names = {path.currency for path in paths} | {one.currency for one in ads.sources}
    found = {name: rates.rate(name, currency) for name in sorted(names - {"", currency})}
    return {name: one for name, one in found.items() if one is not None}


def _by_store(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["store_id"]].append(row)
    return found
