"""What a running instance knows of a store, as the figures of an evaluation: its own tables, and other stores of its kind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum, log
from typing import Any

from scoring.baselines.peers import MIN_PEERS
from scoring.evaluation.assembling import FROM_REPORTS, stage_volumes, store_figures
from scoring.evaluation.comparator import OWN_PERIODS, Comparator
from scoring.evaluation.evaluating import EvaluationSpan, StoreFigures
from scoring.evaluation.figure import Figure, SourceRows
from scoring.evaluation.findings import DecoyEvidence
from scoring.evaluation.order_figures import (
    DELIVERING,
    FROM_ORDERS,
    PAYING,
    PROMISED,
    REFUNDING,
    SHIPPED_IN_TIME,
    SHIPPING,
    WITHIN_THE_HOUR,
    OpenHours,
    OrderWindow,
    WindowTally,
    open_hours,
)
from scoring.evaluation.report_figures import MEASURES_USED
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.spans import SpanLength, covered_spans, longest_with_past
from scoring.funnel.stages import STAGES, Stage
from scoring.funnel.units import DAY_MS
from scoring.records.report_row import Period, ReportRow
from streams.clickhouse.reader import Database, Row
from streams.config.model import Config, StoreConfig
from streams.evaluation import queries

#: indicators that the tables can give
FROM_TABLES = FROM_REPORTS | FROM_ORDERS | {SHIPPED_IN_TIME}
#: other stores that a store is compared with, at most: more would not be surer of the middle
MOST_PEERS = 40
#: others are not compared with a store that nothing is known of for this long
STALE_MS = 7 * DAY_MS
_NAMES: Mapping[str, str] = {
    PAYING.name: "placed",
    SHIPPING.name: "paid",
    DELIVERING.name: "shipped",
    REFUNDING.name: "refund",
    PROMISED: "promise",
}
#: begin and end of each window as columns of the view ``orders``
_COLUMNS: Mapping[str, tuple[str, str]] = {
    PAYING.name: ("placed_at", "paid_at"),
    SHIPPING.name: ("paid_at", "shipped_at"),
    DELIVERING.name: ("shipped_at", "delivered_at"),
    REFUNDING.name: ("paid_at", "refunded > 0"),
    PROMISED: ("paid_at", "shipped_at"),
}


@dataclass(frozen=True, slots=True)
class StoredStore:
    """What is known of a store.

    Attributes:
        figures: of the chosen period, and of those before it.
        volumes: events of each stage a day, with what is usual.
        currency: of its orders; empty where they have several or none.
        spans: the chosen period first, then those it is compared with.
        length: of the chosen period.
        known_until_ms: up to when anything is known.
        peers: ids of stores that it is compared with.
        decoys: what else may make it look so, with its rows.
        checked: kinds of decoy that could be looked for.
    """

    figures: StoreFigures
    volumes: Mapping[Stage, tuple[Figure, Comparator]]
    currency: str
    spans: tuple[EvaluationSpan, ...]
    length: SpanLength
    known_until_ms: int
    peers: tuple[str, ...]
    decoys: tuple[DecoyEvidence, ...] = ()
    checked: frozenset[DecoyKind] = frozenset()


class StoredOrders:
    """The orders of one store as counted by ClickHouse: ``CountedOrders``."""

    def __init__(
        self,
        store: str,
        spans: Sequence[EvaluationSpan],
        rows: Sequence[Row],
        hours: Sequence[Row],
        zone: str,
        until: int,
    ) -> None:
        """
        Args:
            store: its id.
            spans: the newest first.
            rows: of the query ``ORDERS``.
            hours: of the query ``SHIPPING``.
            zone: of the warehouse's clock.
            until: up to here whatever happened is in the rows.
        """
        self._store, self._until = store, until
        self._places = {span: len(spans) - at for at, span in enumerate(spans)}
        self._rows = {(row["window_name"], int(row["span"])): row for row in rows}
        self._hours = hours
        self._open = open_hours(
            zone,
            [int(row["paid_hour"]) for row in hours],
            [int(row["shipped_hour"]) for row in hours],
            [int(row["orders"]) for row in hours],
        )

    @property
    def known_until_ms(self) -> int:
        """See ``CountedOrders``."""
        return self._until

    def times(self, window: OrderWindow) -> tuple[int, int]:
        """See ``CountedOrders``."""
        of_window = [row for (name, _), row in self._rows.items() if name == _NAMES[window.name]]
        timed, untimed = (sum(int(row[column]) for row in of_window) for column in ("timed", "untimed"))
        return timed, untimed

    def tally(self, window: OrderWindow, span: EvaluationSpan, days: int) -> WindowTally:
        """See ``CountedOrders``."""
        row = self._rows.get((_NAMES[window.name], self._places[span]))
        if row is None:
            return WindowTally(0, 0, 0.0, 0.0)
        at = window.days.index(days)
        reached = int(row["reached"][at])
        if window is SHIPPING and self._open is not None:
            logs, squares = self._business(self._open, self._places[span], at)
            return WindowTally(int(row["begun"]), reached, logs, squares)
        return WindowTally(int(row["begun"]), reached, float(row["logs"][at]), float(row["squares"][at]))

    def rows(self, window: OrderWindow, span: EvaluationSpan, days: int, count: int) -> SourceRows:
        """See ``CountedOrders``."""
        begin, _ = _COLUMNS[window.name]
        condition = (
            f"store_id = {quoted(self._store)} AND left_out = ''"
            f" AND {begin} >= {_moment(span.start_ms)} AND {begin} < {_moment(span.end_ms)}"
        )
        if window.name == PROMISED:
            condition += " AND NOT (state = 'cancelled' AND shipped_at IS NULL)"
        return SourceRows("orders", condition, count, f"orders: {window.name}, {days} d")

    def _business(self, opened: OpenHours, place: int, at: int) -> tuple[float, float]:
        taken = [
            (int(row["reached"][at]), log(opened.hours(int(row["paid_hour"]), int(row["shipped_hour"]))))
            for row in self._hours
            if int(row["span"]) == place
        ]
        return fsum(count * one for count, one in taken), fsum(count * one * one for count, one in taken)


def quoted(text: str) -> str:
    """A ClickHouse string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _moment(at_ms: int) -> str:
    return f"toDateTime({at_ms // 1000}, 'UTC')"


async def stored_store(
    database: Database,
    config: StoreConfig,
    length: SpanLength | None,
    present_ms: int,
    alike: Sequence[str] = (),
) -> StoredStore | None:
    """What the tables know of a store in its last period that is complete at ``present_ms``; None if they know of no such period.

    Args:
        database: the tables.
        config: of the store.
        length: of the period; None: the longest that has enough of a past.
        present_ms: the moment to look at.
        alike: other stores of its platform, country and category.
    """
    store, zone, promise = config.id, config.zone, config.ship_within_days
    extents = await read_extents(database, (store, *alike[:MOST_PEERS]))
    if store not in extents:
        return None
    first, last = extents[store]
    until = min(last, present_ms)
    chosen = length or longest_with_past(first, until, zone)
    spans = covered_spans(first, until, zone, chosen, OWN_PERIODS + 1)
    if not spans:
        return None
    peers = tuple(
        one
        for one in alike[:MOST_PEERS]
        if one in extents
        and extents[one][0] < spans[0].start_ms + DAY_MS
        and extents[one][1] > until - STALE_MS
    )
    own = await read_figures(database, (store,), zone, spans, until, promise)
    figures, counts, currency = own[store]
    if len(peers) >= MIN_PEERS:
        others = await read_figures(database, peers, zone, spans[:1], until, promise)
        figures = _with_peers(figures, {name: one for name, (one, _, _) in others.items()})
    volumes = stage_volumes(
        {
            stage: [int(one.get(stage, 0)) for one in counts]
            for stage in (Stage.IMPRESSION, Stage.CLICK, Stage.ORDER)
        },
        spans,
        counted_rows(store),
    )
    decoys, checked = await _report_decoys(database, store, spans[0])
    return StoredStore(figures, volumes, currency, spans, chosen, until, peers, decoys, checked)


async def _report_decoys(
    database: Database, store: str, span: EvaluationSpan
) -> tuple[tuple[DecoyEvidence, ...], frozenset[DecoyKind]]:
    """Whether the period's reports are late or were restated; nothing was looked for where nothing is reported."""
    rows = await database.rows(
        queries.SETTLED, stores=[store], first_s=span.start_ms // 1000, last_s=span.end_ms // 1000
    )
    if not rows:
        return (), frozenset()
    row, found = rows[0], []
    for kind, column, asked in (
        (DecoyKind.REPORT_LATE, "partial", "NOT complete"),
        (DecoyKind.RESTATED, "changed", "restated"),
    ):
        count = int(row[column])
        condition = (
            f"store_id = {quoted(store)} AND period = 'day' AND empty(dimensions) AND {asked}"
            f" AND period_start >= {_moment(span.start_ms)} AND period_end <= {_moment(span.end_ms)}"
        )
        behind = (SourceRows("report_rows", condition, count),)
        share = count / int(row["figures"])
        if share:
            found.append(DecoyEvidence(kind, share, span.start_ms, span.end_ms, "", behind))
    return tuple(found), frozenset({DecoyKind.REPORT_LATE, DecoyKind.RESTATED})


async def read_extents(database: Database, stores: Sequence[str]) -> dict[str, tuple[int, int]]:
    """From when to when anything is known of each store."""
    rows = await database.rows(queries.EXTENT, stores=list(stores))
    return {row["store_id"]: (int(row["first"]), int(row["last"])) for row in rows}


async def read_figures(
    database: Database,
    stores: Sequence[str],
    zone: str,
    spans: Sequence[EvaluationSpan],
    until: int,
    ship_within_days: int | None = None,
) -> dict[str, tuple[StoreFigures, list[dict[str, int]], str]]:
    """Of each store its figures, its counts by stage in each period, and its currency."""
    starts = [*reversed([span.start_ms for span in spans]), spans[0].end_ms]
    first_s, last_s = starts[0] // 1000, starts[-1] // 1000
    given: dict[str, Any] = {"stores": list(stores), "starts": starts}
    days = {
        "pay_days": list(PAYING.days),
        "ship_days": list(SHIPPING.days),
        "promise_days": [ship_within_days or 0],
    }
    more = {
        "deliver_days": list(DELIVERING.days),
        "refund_days": list(REFUNDING.days),
        "least_hours": WITHIN_THE_HOUR,
    }
    orders, hours, worth, counts, reported = await asyncio.gather(
        database.rows(queries.ORDERS, **given, **days, **more),
        database.rows(queries.SHIPPING, **given, ship_days=days["ship_days"], zone=zone),
        database.rows(queries.WORTH, stores=list(stores), from_ms=spans[0].start_ms, to_ms=spans[0].end_ms),
        database.rows(queries.COUNTS, **given, first_s=first_s, last_s=last_s - 60),
        database.rows(
            queries.REPORTED,
            stores=list(stores),
            measures=list(MEASURES_USED),
            first_s=first_s,
            last_s=last_s,
        ),
    )
    found = {}
    for store in stores:
        each, currency = _worth([row for row in worth if row["store"] == store])
        by_span = _counts([row for row in counts if row["store_id"] == store], spans)
        figures = store_figures(
            store,
            StoredOrders(
                store,
                spans,
                [row for row in orders if row["store"] == store],
                [row for row in hours if row["store"] == store],
                zone,
                until,
            ),
            [_report_row(row) for row in reported if row["store_id"] == store],
            spans,
            each,
            by_span,
            counted_rows(store),
            ship_within_days=ship_within_days,
        )
        found[store] = (figures, by_span, currency)
    return found


def _worth(rows: Sequence[Row]) -> tuple[float | None, str]:
    if not rows or int(rows[0]["currencies"]) != 1:
        return None, ""
    return float(rows[0]["each"]), str(rows[0]["one_currency"])


def _counts(rows: Sequence[Row], spans: Sequence[EvaluationSpan]) -> list[dict[str, int]]:
    by_place = {int(row["span"]): row["totals"] for row in rows}
    found = []
    for at in range(len(spans)):
        totals = by_place.get(len(spans) - at, ())
        found.append({stage.value: int(total) for stage, total in zip(STAGES, totals, strict=False)})
    return found


def counted_rows(store: str) -> Any:
    """Where a store's events of some stages are."""

    def rows(stages: Sequence[Stage], span: EvaluationSpan, count: int) -> SourceRows:
        named = ", ".join(quoted(stage.value) for stage in stages)
        condition = (
            f"store_id = {quoted(store)} AND stage IN ({named})"
            f" AND minute >= {_moment(span.start_ms)} AND minute < {_moment(span.end_ms)}"
        )
        return SourceRows("stage_counts", condition, count, "events")

    return rows


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
    )


def _with_peers(own: StoreFigures, others: Mapping[str, StoreFigures]) -> StoreFigures:
    """The store's figures with those of others that are counted alike."""
    steps = {step.step: step.figure for step in own.steps}
    of_others = {name: {step.step: step.figure for step in one.steps} for name, one in others.items()}
    return replace(
        own,
        peers=_alike(own.figures, {name: one.figures for name, one in others.items()}),
        peer_steps=_alike(steps, of_others),
    )


def _alike(
    own: Mapping[str, Figure], others: Mapping[str, Mapping[str, Figure]]
) -> dict[str, dict[str, Figure]]:
    return {
        name: {
            store: figures[name]
            for store, figures in others.items()
            if name in figures and figures[name].rows[0].counted_by == figure.rows[0].counted_by
        }
        for name, figure in own.items()
    }


def stores_alike(config: Config, store: StoreConfig) -> tuple[str, ...]:
    """Other stores of the same platform, country and category."""

    def kind(one: StoreConfig) -> tuple[Any, ...]:
        return one.platform, one.country, one.category

    if config.store(store.id) is None:
        return ()
    return tuple(one.id for one in config.stores if one.id != store.id and kind(one) == kind(store))
