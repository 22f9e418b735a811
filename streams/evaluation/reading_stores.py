"""What the tables know of stores over some periods: their orders, events, counts and reports, each store's apart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from scoring.evaluation.assembling import store_figures
from scoring.evaluation.evaluating import EvaluationSpan, StoreFigures
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.report_figures import MEASURES_USED, ReportBook
from scoring.evaluation.results import SoldOrders
from scoring.evaluation.suppliers import CountedRows, StorePromises, StoreSources
from scoring.funnel.segment_names import NO_PAGE, PAGELESS, takes_part
from scoring.funnel.stages import STAGES, Stage
from scoring.funnel.units import DAY_MS
from scoring.records.report_row import Period, ReportRow, identity_of
from streams.clickhouse.literals import literal
from streams.clickhouse.reader import Database, Row
from streams.evaluation import queries
from streams.evaluation.order_days import KeptDays, windows_of
from streams.evaluation.stored_counts import StoredEvents, StoredOrders, moment, places_of

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class ReadStore:
    """What the tables know of a store over some periods.

    Attributes:
        known: its sources.
        worth: the orders of each period that have an amount, what an order brings, and its currency; nothing where there are several or none.
    """

    known: StoreSources
    worth: Mapping[EvaluationSpan, tuple[float, str, int]]
    _made: dict[tuple[tuple[EvaluationSpan, ...], int], StoreFigures] = field(default_factory=dict)

    def figures(self, spans: Sequence[EvaluationSpan], until_ms: int) -> StoreFigures:
        """Its figures in the first of ``spans``, and in those before it, as far as anything was known at ``until_ms``."""
        until_ms = _on_the_day(spans[0], until_ms)
        key = tuple(spans), until_ms
        if key not in self._made:
            self._made[key] = self._figures(spans, until_ms)
        return self._made[key]

    def _figures(self, spans: Sequence[EvaluationSpan], until_ms: int) -> StoreFigures:
        each, known = self.worth.get(spans[0]), self.known
        events = known.events.until(until_ms) if isinstance(known.events, StoredEvents) else known.events
        orders = known.orders.until(until_ms) if isinstance(known.orders, StoredOrders) else known.orders
        return store_figures(replace(known, orders=orders, events=events), spans, each[0] if each else None)

    def sold(self) -> dict[EvaluationSpan, SoldOrders]:
        """Its orders of each period, and what they add up to."""
        return {
            span: SoldOrders(orders, each * orders, currency, sold_rows(self.known.store, span, orders))
            for span, (each, currency, orders) in self.worth.items()
        }

    def counted(self, stage: Stage, spans: Sequence[EvaluationSpan]) -> list[int]:
        """Its events of a stage in each period."""
        return [int(self.known.counts.get(span, {}).get(stage, 0)) for span in spans]


def _on_the_day(span: EvaluationSpan, until_ms: int) -> int:
    """The last moment until ``until_ms`` at which more of a period's cohorts were due: whole days after its end.

    A store is the peer of many, each known until a moment of its own; its figures are the same for all that lie in one such day.
    """
    return until_ms - (until_ms - span.end_ms) % DAY_MS


async def read_stores(
    database: Database,
    stores: Sequence[str],
    zone: str,
    spans: Sequence[EvaluationSpan],
    promises: StorePromises,
    kept: KeptDays,
) -> dict[str, ReadStore]:
    """What the tables know of each store.

    Args:
        database: the tables.
        stores: ids; all of one zone.
        zone: of their clock.
        spans: the newest first, each beginning where the one before it ended.
        promises: by which all of them are counted.
        kept: whose kept days hold; of the others the orders themselves are read.
    """
    starts = [*reversed([span.start_ms for span in spans]), spans[0].end_ms]
    first_s, last_s = starts[0] // 1000, starts[-1] // 1000
    days = [days_since_1970(at, zone) for at in starts]
    given: dict[str, Any] = {"stores": list(stores), "starts": starts}
    asked = {
        "counts": (queries.COUNTS, {**given, "first_s": first_s, "last_s": last_s - 60}),
        "reported": (
            queries.REPORTED,
            {"stores": list(stores), "measures": list(MEASURES_USED), "first_s": first_s, "last_s": last_s},
        ),
        "facts": (
            queries.FACTS,
            {"stores": list(stores), "days": days, "zone": zone, "first_day": days[0], "end_day": days[-1]},
        ),
        "prices": (queries.PRICES, {**given, "first_ms": starts[0], "end_ms": starts[-1]}),
    }
    by_days = [store for store in stores if kept.holds(store, zone, promises)]
    if by_days:
        of_days = {"stores": by_days, "days": days, "zone": zone}
        promise = {"promise": f"promise {promises.ship_within_days or 0}"}
        asked |= {
            "kept orders": (queries.KEPT_ORDERS, of_days | promise),
            "kept hours": (queries.KEPT_SHIPPING, of_days),
            "kept worth": (queries.KEPT_WORTH, of_days),
        }
    by_orders = [store for store in stores if not kept.holds(store, zone, promises)]
    if by_orders:
        of_orders = {"stores": by_orders, "starts": starts}
        windows = windows_of(promises)
        asked |= {
            "orders": (queries.ORDERS, of_orders | windows),
            "hours": (queries.SHIPPING, {**of_orders, "ship_days": windows["ship_days"], "zone": zone}),
            "worth": (queries.WORTH, of_orders),
        }
    answers = await asyncio.gather(*(database.rows(sql, **values) for sql, values in asked.values()))
    found = {name: _by_store(rows) for name, rows in zip(asked, answers, strict=True)}
    return {
        store: _read_store(
            store, {name: rows.get(store, []) for name, rows in found.items()}, zone, spans, promises
        )
        for store in stores
    }


def days_since_1970(at_ms: int, zone: str) -> int:
    """The day of the zone's clock."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date().toordinal() - _EPOCH


def _by_store(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["store"] if "store" in row else row["store_id"], []).append(row)
    return found


def _read_store(
    store: str,
    rows: Mapping[str, Sequence[Row]],
    zone: str,
    spans: Sequence[EvaluationSpan],
    promises: StorePromises,
) -> ReadStore:
    by_place = {place: span for span, place in places_of(spans).items()}
    counts, pageless = (
        {
            by_place[int(row["span"])]: {
                stage.value: int(total) for stage, total in zip(STAGES, row[name], strict=False)
            }
            for row in rows["counts"]
            if int(row["span"]) in by_place
        }
        for name in ("totals", "apart")
    )
    orders, hours, worth = (
        rows.get(f"kept {name}") or rows.get(name, ()) for name in ("orders", "hours", "worth")
    )
    known = StoreSources(
        store,
        StoredOrders(store, spans, orders, next(iter(hours), None), zone),
        _report_book(rows["reported"]),
        StoredEvents(store, spans, rows["facts"], rows["prices"]),
        counts,
        pageless,
        counted_rows(store),
        promises,
    )
    each = {
        by_place[int(row["span"])]: (float(row["each"]), str(row["one_currency"]), int(row["orders"]))
        for row in worth
        if int(row["currencies"]) == 1 and int(row["span"]) in by_place
    }
    return ReadStore(known, each)


def sold_rows(store: str, span: EvaluationSpan, count: int) -> SourceRows:
    """The orders of a period that have an amount."""
    condition = (
        f"store_id = {literal(store)} AND left_out = '' AND {queries.IS_WORTH} AND placed_at >= {moment(span.start_ms)}"
        f" AND placed_at < {moment(span.end_ms)}"
    )
    return SourceRows("orders", condition, count)


def counted_rows(store: str) -> CountedRows:
    """Where a store's events of some stages are."""

    def rows(stages: Sequence[Stage], span: EvaluationSpan, count: int) -> SourceRows:
        named = ", ".join(literal(stage.value) for stage in stages)
        condition = (
            f"store_id = {literal(store)} AND stage IN ({named})"
            f"{_of_step(stages)} AND minute >= {moment(span.start_ms)} AND minute < {moment(span.end_ms)}"
        )
        return SourceRows("stage_counts", condition, count, "events")

    return rows


def _of_step(stages: Sequence[Stage]) -> str:
    """The condition that leaves out orders without a page, where the stages are those of a step that begins before the order."""
    if len(stages) < 2 or takes_part(NO_PAGE, stages[0]):
        return ""
    return f" AND segment NOT IN ({', '.join(literal(segment) for segment in PAGELESS)})"


def _report_book(rows: Sequence[Row]) -> ReportBook:
    made = [_report_row(row) for row in rows]
    counts = {identity_of(one): int(row["number"]) for one, row in zip(made, rows, strict=True)}
    return ReportBook(made, counts)


def _report_row(row: Row) -> ReportRow:
    return ReportRow(
        store_id=row["store_id"],
        source=row["source_name"],
        measure=row["measure_name"],
        period=Period.DAY,
        period_start_ms=int(row["start_s"]) * 1000,
        period_end_ms=int(row["end_s"]) * 1000,
        zone=row["zone_name"],
        value=row["value_text"],
        currency=row["currency"],
        dimensions=dict.fromkeys(row["parts"], row["currency"] or "*"),
    )
