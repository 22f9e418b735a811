"""What a running instance knows of a store, as the figures of an evaluation: its own tables, and other stores of its kind."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from scoring.baselines.peers import MIN_PEERS
from scoring.evaluation.assembling import stage_volumes, store_figures
from scoring.evaluation.comparator import OWN_PERIODS, Comparator
from scoring.evaluation.evaluating import EvaluationSpan, StoreFigures
from scoring.evaluation.figure import Figure, SourceRows
from scoring.evaluation.findings import DecoyEvidence
from scoring.evaluation.order_figures import (
    DELIVERING,
    DISPUTING,
    PAYING,
    REFUNDING,
    SHIPPING,
    WITHIN_THE_HOUR,
)
from scoring.evaluation.report_figures import MEASURES_USED, ReportBook
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.spans import SpanLength, covered_spans, longest_with_past
from scoring.evaluation.suppliers import SUPPLIED, CountedRows, StorePromises, StoreSources
from scoring.funnel.stages import STAGES, Stage
from scoring.funnel.units import DAY_MS
from scoring.records.report_row import Period, ReportRow, identity_of
from streams.clickhouse.literals import literal
from streams.clickhouse.reader import Database, Row
from streams.config.model import Config, StoreConfig
from streams.evaluation import queries
from streams.evaluation.stored_counts import StoredEvents, StoredOrders, moment, places_of

_EPOCH = date(1970, 1, 1).toordinal()
#: indicators that the tables can give
FROM_TABLES = SUPPLIED
#: other stores that a store is compared with, at most: more would not be surer of the middle
MOST_PEERS = 40
#: others are not compared with a store that nothing is known of for this long
STALE_MS = 7 * DAY_MS


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
    store, zone, promises = config.id, config.zone, promises_of(config)
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
    own = (await read_stores(database, (store,), zone, spans, until, promises))[store]
    figures = own.figures(spans)
    if len(peers) >= MIN_PEERS:
        others = await read_stores(database, peers, zone, spans[:1], until, promises)
        figures = with_peers(figures, {name: one.figures(spans[:1]) for name, one in others.items()})
    volumes = volumes_of(own, spans)
    currency = own.worth[spans[0]][1] if spans[0] in own.worth else ""
    decoys, checked = await _report_decoys(database, store, spans[0])
    return StoredStore(figures, volumes, currency, spans, chosen, until, peers, decoys, checked)


def promises_of(config: StoreConfig) -> StorePromises:
    """What a store promises."""
    return StorePromises(config.ship_within_days, config.answer_within_hours)


def volumes_of(read: ReadStore, spans: Sequence[EvaluationSpan]) -> dict[Stage, tuple[Figure, Comparator]]:
    """How much there was of each stage in the first of ``spans``, and what is usual."""
    stages = (Stage.IMPRESSION, Stage.CLICK, Stage.ORDER)
    counts = {stage: read.counted(stage, spans) for stage in stages}
    return stage_volumes(counts, spans, counted_rows(read.known.store))


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
            f"store_id = {literal(store)} AND period = 'day' AND empty(dimensions) AND {asked}"
            f" AND period_start >= {moment(span.start_ms)} AND period_end <= {moment(span.end_ms)}"
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


@dataclass(frozen=True, slots=True)
class ReadStore:
    """What the tables know of a store over some periods.

    Attributes:
        known: its sources.
        worth: what an order of each period brings, with its currency; nothing where there are several or none.
    """

    known: StoreSources
    worth: Mapping[EvaluationSpan, tuple[float, str]]

    def figures(self, spans: Sequence[EvaluationSpan]) -> StoreFigures:
        """Its figures in the first of ``spans``, and in those before it."""
        each = self.worth.get(spans[0])
        return store_figures(self.known, spans, each[0] if each else None)

    def counted(self, stage: Stage, spans: Sequence[EvaluationSpan]) -> list[int]:
        """Its events of a stage in each period."""
        return [int(self.known.counts.get(span, {}).get(stage, 0)) for span in spans]


async def read_stores(
    database: Database,
    stores: Sequence[str],
    zone: str,
    spans: Sequence[EvaluationSpan],
    until: int,
    promises: StorePromises,
) -> dict[str, ReadStore]:
    """What the tables know of each store.

    Args:
        database: the tables.
        stores: ids; all of one zone.
        zone: of their clock.
        spans: the newest first, each beginning where the one before it ended.
        until: up to when everything is known.
        promises: by which all of them are counted.
    """
    starts = [*reversed([span.start_ms for span in spans]), spans[0].end_ms]
    first_s, last_s = starts[0] // 1000, starts[-1] // 1000
    days = [days_since_1970(at, zone) for at in starts]
    given: dict[str, Any] = {"stores": list(stores), "starts": starts}
    windows = {
        "pay_days": list(PAYING.days),
        "ship_days": list(SHIPPING.days),
        "promise_days": [promises.ship_within_days or 0],
        "deliver_days": list(DELIVERING.days),
        "refund_days": list(REFUNDING.days),
        "dispute_days": list(DISPUTING.days),
        "least_hours": WITHIN_THE_HOUR,
    }
    asked = {
        "orders": (queries.ORDERS, given | windows),
        "hours": (queries.SHIPPING, {**given, "ship_days": windows["ship_days"], "zone": zone}),
        "worth": (queries.WORTH, given),
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
    answers = await asyncio.gather(*(database.rows(sql, **values) for sql, values in asked.values()))
    found = {name: _by_store(rows) for name, rows in zip(asked, answers, strict=True)}
    return {
        store: _read_store(
            store, {name: rows.get(store, []) for name, rows in found.items()}, zone, spans, until, promises
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
    until: int,
    promises: StorePromises,
) -> ReadStore:
    by_place = {place: span for span, place in places_of(spans).items()}
    counts = {
        by_place[int(row["span"])]: {
            stage.value: int(total) for stage, total in zip(STAGES, row["totals"], strict=False)
        }
        for row in rows["counts"]
        if int(row["span"]) in by_place
    }
    known = StoreSources(
        store,
        StoredOrders(store, spans, rows["orders"], rows["hours"], zone, until),
        _report_book(rows["reported"]),
        StoredEvents(store, spans, rows["facts"], rows["prices"], until),
        counts,
        counted_rows(store),
        promises,
    )
    worth = {
        by_place[int(row["span"])]: (float(row["each"]), str(row["one_currency"]))
        for row in rows["worth"]
        if int(row["currencies"]) == 1 and int(row["span"]) in by_place
    }
    return ReadStore(known, worth)


def counted_rows(store: str) -> CountedRows:
    """Where a store's events of some stages are."""

    def rows(stages: Sequence[Stage], span: EvaluationSpan, count: int) -> SourceRows:
        named = ", ".join(literal(stage.value) for stage in stages)
        condition = (
            f"store_id = {literal(store)} AND stage IN ({named})"
            f" AND minute >= {moment(span.start_ms)} AND minute < {moment(span.end_ms)}"
        )
        return SourceRows("stage_counts", condition, count, "events")

    return rows


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


def with_peers(own: StoreFigures, others: Mapping[str, StoreFigures]) -> StoreFigures:
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
