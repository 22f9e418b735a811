"""What a running instance knows of a store, as the figures of an evaluation: its own tables, and other stores of its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scoring.baselines.baseline import MIN_PEERS
from scoring.evaluation.assembling import stage_volumes
from scoring.evaluation.comparator import OWN_PERIODS, Comparator
from scoring.evaluation.evaluating import EvaluationSpan, StoreFigures
from scoring.evaluation.figure import Figure, SourceRows
from scoring.evaluation.findings import DecoyEvidence
from scoring.evaluation.platform_targets import PlatformTarget
from scoring.evaluation.results import SoldOrders
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.seen_decoys import largest_of_each, seen_decoys
from scoring.evaluation.spans import SpanLength, covered_spans, longest_with_past, span_name
from scoring.evaluation.suppliers import SUPPLIED, StorePromises
from scoring.funnel.stages import VISIT_STAGES, Stage
from scoring.funnel.units import DAY_MS
from scoring.wording.text import Bilingual
from streams.clickhouse.literals import literal
from streams.clickhouse.reader import Database, Row
from streams.config.model import Config, StoreConfig
from streams.evaluation import queries
from streams.evaluation.drifts import read_drifts
from streams.evaluation.excused import NO_RULES, Excusing, excused_periods
from streams.evaluation.order_days import KeptDays, kept_days
from streams.evaluation.platform_targets import read_platform_targets
from streams.evaluation.reading_stores import ReadStore, counted_rows, read_stores
from streams.evaluation.signal_decoys import read_signal_rows, signal_decoys
from streams.evaluation.stored_counts import moment, places_of
from streams.incidents.facts import country_of

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
        platform_targets: figures of its platforms with their targets, as said last in the period.
        left_out: periods that it is not compared with, by name, and why.
        sold: its orders of each period, as far as they are of one currency.
        drifts: since when steps declined slowly, by the step.
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
    platform_targets: tuple[PlatformTarget, ...] = ()
    left_out: Mapping[str, Bilingual] = field(default_factory=dict)
    sold: Mapping[EvaluationSpan, SoldOrders] = field(default_factory=dict)
    drifts: Mapping[str, int] = field(default_factory=dict)


async def stored_store(
    database: Database,
    config: StoreConfig,
    length: SpanLength | None,
    present_ms: int,
    alike: Sequence[str] = (),
    trusted_ms: int = 0,
    rules: Excusing = NO_RULES,
) -> StoredStore | None:
    """What the tables know of a store in its last period that is complete at ``present_ms``; None if they know of no such period.

    Args:
        database: the tables.
        config: of the store.
        length: of the period; None: the longest that has enough of a past.
        present_ms: the moment to look at.
        alike: other stores of its platform, country and category.
        trusted_ms: see ``kept_days``.
        rules: on which days alerts are held back; a period that is full of them is not compared with.
    """
    store, zone, promises = config.id, config.zone, promises_of(config)
    asked = (store, *alike[:MOST_PEERS])
    kept = await kept_days(database, asked, trusted_ms)
    extents = await read_extents(database, asked, kept)
    if store not in extents:
        return None
    first, last = extents[store]
    until = min(last, present_ms)
    chosen = length or longest_with_past(first, until, zone)
    spans = covered_spans(first, until, zone, chosen, OWN_PERIODS + 1)
    if not spans:
        return None
    peers = peers_of(store, alike, extents, spans[0], until)
    read = await read_stores(database, (store,), zone, spans, promises, kept)
    if len(peers) >= MIN_PEERS:
        read |= await read_stores(database, peers, zone, spans[:1], promises, kept)
    settled = await read_settled(database, (store,), spans[:1])
    signals = (await read_signal_rows(database, (store,), spans)).get(store, ())
    known = assembled(
        read, config, spans, chosen, until, peers, settled.get((store, spans[0])), signals, rules
    )
    return replace(
        known,
        platform_targets=await read_platform_targets(database, store, spans[0]),
        drifts=await read_drifts(database, store, spans[0]),
    )


def peers_of(
    store: str,
    alike: Sequence[str],
    extents: Mapping[str, tuple[int, int]],
    span: EvaluationSpan,
    until: int,
) -> tuple[str, ...]:
    """Stores that are known in a period, and still are.

    Args:
        store: that is compared.
        alike: stores of its kind.
        extents: of ``read_extents``.
        span: the period.
        until: up to when the store is known.
    """
    return tuple(
        one
        for one in alike[:MOST_PEERS]
        if one != store
        and one in extents
        and extents[one][0] < span.start_ms + DAY_MS
        and extents[one][1] > until - STALE_MS
    )


def assembled(
    read: Mapping[str, ReadStore],
    config: StoreConfig,
    spans: Sequence[EvaluationSpan],
    length: SpanLength,
    until: int,
    peers: tuple[str, ...],
    settled: Row | None,
    signals: Sequence[Row] = (),
    rules: Excusing = NO_RULES,
) -> StoredStore:
    """What is known of a store in the first of ``spans``: the one way in which page, report, API and the role jobs put it together.

    Args:
        read: the store, and its peers where they are enough.
        config: of the store.
        spans: the judged period first, then those it is compared with.
        length: of the period.
        until: up to when anything is known of it.
        peers: ids of those that it is compared with.
        settled: of ``read_settled``.
        signals: of ``read_signal_rows``, for all of ``spans``.
        rules: see ``stored_store``.
    """
    store = config.id
    own = read[store]
    left_out = excused_periods(store, spans[1:], signals, rules)
    spans = [spans[0], *(span for span in spans[1:] if span_name(span) not in left_out)]
    figures = own.figures(spans, until)
    if len(peers) >= MIN_PEERS:
        figures = with_peers(figures, {name: read[name].figures(spans[:1], until) for name in peers})
    currency = own.worth[spans[0]][1] if spans[0] in own.worth else ""
    decoys, checked = _report_decoys(settled, store, spans[0])
    country = config.country or country_of(config.zone)
    shown, looked_for = seen_decoys(own.known, spans, country)
    seen = largest_of_each((*decoys, *shown, *signal_decoys(signals, store, spans[0], spans[1:])))
    return StoredStore(
        figures,
        volumes_of(own, spans),
        currency,
        tuple(spans),
        length,
        until,
        peers,
        seen,
        checked | looked_for,
        left_out=left_out,
        sold=own.sold(),
    )


def promises_of(config: StoreConfig) -> StorePromises:
    """What a store promises."""
    return StorePromises(config.ship_within_days, config.answer_within_hours)


def volumes_of(read: ReadStore, spans: Sequence[EvaluationSpan]) -> dict[Stage, tuple[Figure, Comparator]]:
    """How much there was of each stage in the first of ``spans``, and what is usual."""
    counts = {stage: read.counted(stage, spans) for stage in VISIT_STAGES}
    return stage_volumes(counts, spans, counted_rows(read.known.store), read.known.rows)


async def read_settled(
    database: Database, stores: Sequence[str], spans: Sequence[EvaluationSpan]
) -> dict[tuple[str, EvaluationSpan], Row]:
    """How many figures of reports each store has in each period, how many may still change, and how many were restated."""
    by_place = {place: span for span, place in places_of(spans).items()}
    starts = [*reversed([span.start_ms for span in spans]), spans[0].end_ms]
    rows = await database.rows(
        queries.SETTLED,
        stores=list(stores),
        starts=starts,
        first_s=starts[0] // 1000,
        last_s=starts[-1] // 1000,
    )
    return {
        (row["store_id"], by_place[int(row["span"])]): row for row in rows if int(row["span"]) in by_place
    }


def _report_decoys(
    row: Row | None, store: str, span: EvaluationSpan
) -> tuple[tuple[DecoyEvidence, ...], frozenset[DecoyKind]]:
    """Whether the period's reports are late or were restated; nothing was looked for where nothing is reported."""
    if row is None:
        return (), frozenset()
    found = []
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


async def read_extents(
    database: Database, stores: Sequence[str], kept: KeptDays
) -> dict[str, tuple[int, int]]:
    """From when to when anything is known of each store."""
    by_days = kept.stores()
    from_orders = [store for store in stores if store not in by_days]
    rows = await database.rows(queries.EXTENT, stores=list(stores), from_orders=from_orders)
    found = {row["store_id"]: (int(row["first"]), int(row["last"])) for row in rows}
    for store in by_days & kept.extents.keys() & set(stores):
        (first, last), known = kept.extents[store], found.get(store)
        found[store] = (min(first, known[0]), max(last, known[1])) if known is not None else (first, last)
    return found


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
