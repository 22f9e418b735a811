"""Many stores of one zone in many periods, read at once and put together as for one: what the role jobs evaluates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scoring.evaluation.comparator import OWN_PERIODS
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.spans import SpanLength, last_spans
from scoring.funnel.units import DAY_MS
from streams.clickhouse.reader import Database
from streams.config.model import StoreConfig
from streams.evaluation.excused import NO_RULES, Excusing
from streams.evaluation.order_days import TRUSTED_MS, kept_days
from streams.evaluation.reading_stores import read_stores
from streams.evaluation.signal_decoys import read_signal_rows
from streams.evaluation.stored import (
    StoredStore,
    assembled,
    peers_of,
    promises_of,
    read_extents,
    read_settled,
)

#: how many complete periods of each length are evaluated: those of some ninety days
RECENT_PERIODS: Mapping[SpanLength, int] = {SpanLength.WEEK: 13, SpanLength.MONTH: 3, SpanLength.QUARTER: 1}


async def stores_in_periods(
    database: Database,
    stores: Sequence[StoreConfig],
    alike: Mapping[str, Sequence[str]],
    length: SpanLength,
    present_ms: int,
    rules: Excusing = NO_RULES,
) -> list[tuple[StoreConfig, StoredStore]]:
    """What the tables know of each store in each of the last periods, the newest first.

    Args:
        database: the tables.
        stores: of one zone and with the same promises.
        alike: of each store, the others that it may be compared with, ``MOST_PEERS`` of them.
        length: of the periods.
        present_ms: the moment to look at.
        rules: see ``stored_store``.
    """
    zone, promises, count = stores[0].zone, promises_of(stores[0]), RECENT_PERIODS[length]
    asked = sorted(
        {store.id for store in stores} | {one for store in stores for one in alike.get(store.id, ())}
    )
    kept = await kept_days(database, asked, TRUSTED_MS)
    extents = await read_extents(database, asked, kept)
    if not extents:
        return []
    newest = min(max(last for _, last in extents.values()), present_ms)
    spans = last_spans(newest, zone, length, count + OWN_PERIODS)
    read = await read_stores(database, asked, zone, spans, promises, kept)
    settled = await read_settled(database, asked, spans[:count])
    signals = await read_signal_rows(database, asked, spans)
    found = []
    for store in stores:
        if store.id not in extents:
            continue
        first, last = extents[store.id]
        until = min(last, present_ms)
        for at in range(count):
            mine = _covered(spans[at : at + OWN_PERIODS + 1], first)
            if mine and mine[0] == spans[at] and mine[0].end_ms <= until:
                peers = peers_of(store.id, alike.get(store.id, ()), extents, mine[0], until)
                made = assembled(
                    read,
                    store,
                    mine,
                    length,
                    until,
                    peers,
                    settled.get((store.id, mine[0])),
                    signals.get(store.id, ()),
                    rules,
                )
                found.append((store, made))
    return found


def _covered(spans: Sequence[EvaluationSpan], first_ms: int) -> tuple[EvaluationSpan, ...]:
    """The periods that are known from their first day on."""
    return tuple(span for span in spans if first_ms < span.start_ms + DAY_MS)


def batches(stores: Sequence[StoreConfig], most: int) -> Iterator[list[StoreConfig]]:
    """Stores that can be read at once: of one zone and with the same promises; those that are alike together."""
    kinds: dict[tuple[object, ...], list[StoreConfig]] = {}
    for store in stores:
        kinds.setdefault(
            (store.zone, store.ship_within_days or 0, store.answer_within_hours or 0), []
        ).append(store)
    for _, some in sorted(kinds.items(), key=lambda item: repr(item[0])):
        some.sort(key=lambda one: (str(one.platform), one.country, one.category, one.id))
        for start in range(0, len(some), most):
            yield some[start : start + most]
