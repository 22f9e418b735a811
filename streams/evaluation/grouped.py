"""Stores that can be compared: of one platform, country, category and zone, in one period, by what is counted alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.evaluation.comparing import (
    DefinitionDifference,
    Ranking,
    definition_of,
    differences,
    rank_stores,
)
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.figure import Figure
from scoring.evaluation.readings import STEP
from scoring.evaluation.spans import SpanLength, covered_spans, longest_with_past
from scoring.evaluation.suppliers import StorePromises
from streams.clickhouse.reader import Database
from streams.config.model import Config, StoreConfig
from streams.evaluation.order_days import TRUSTED_MS, KeptDays, kept_days
from streams.evaluation.reading_stores import read_stores
from streams.evaluation.stored import STALE_MS, read_extents

#: the draws behind a rank begin here, so that the same figures give the same rank
_SEED = 16


@dataclass(frozen=True, slots=True)
class ComparedNumber:
    """One indicator, or ``step:ID``, of the stores that have it.

    Attributes:
        id: of it.
        figures: by store; of all that have it.
        differences: in what the stores count; not empty: the numbers must not be compared.
    """

    id: str
    figures: Mapping[str, Figure]
    differences: tuple[DefinitionDifference, ...]


@dataclass(frozen=True, slots=True)
class StoreGroup:
    """Stores of one kind.

    Attributes:
        platform, country, category, zone: what they have in common.
        stores: ids, in the order of the configuration.
        length: of the period.
        span: the last period that all of ``compared`` have complete; None if there is none.
        compared: stores of which it is known.
        left_out: of the others, up to when anything is known; 0 where nothing is.
        numbers: what any of the compared stores has, indicators first.
        ranking: of the compared stores; None without a period.
    """

    platform: str
    country: str
    category: str
    zone: str
    stores: tuple[str, ...]
    length: SpanLength | None
    span: EvaluationSpan | None
    compared: tuple[str, ...]
    left_out: Mapping[str, int]
    numbers: tuple[ComparedNumber, ...]
    ranking: Ranking | None


async def store_groups(
    database: Database, config: Config, length: SpanLength | None, present_ms: int
) -> tuple[StoreGroup, ...]:
    """All configured stores by kind.

    Args:
        database: the tables.
        config: the stores.
        length: of the period; None: the longest that has enough of a past.
        present_ms: the moment to look at.
    """
    kinds: dict[tuple[str, str, str, str], list[StoreConfig]] = {}
    for store in config.stores:
        kinds.setdefault((str(store.platform), store.country, store.category, store.zone), []).append(store)
    asked = [store.id for store in config.stores]
    kept = await kept_days(database, asked, TRUSTED_MS)
    extents = await read_extents(database, asked, kept)
    groups = []
    for kind, stores in sorted(kinds.items()):
        ids = tuple(store.id for store in stores)
        groups.append(await _group(database, kind, ids, extents, kept, length, present_ms))
    return tuple(groups)


async def _group(
    database: Database,
    kind: tuple[str, str, str, str],
    stores: tuple[str, ...],
    extents: Mapping[str, tuple[int, int]],
    kept: KeptDays,
    length: SpanLength | None,
    present_ms: int,
) -> StoreGroup:
    zone = kind[3]
    until = min(max((extents[one][1] for one in stores if one in extents), default=0), present_ms)
    fresh = [one for one in stores if one in extents and extents[one][1] > until - STALE_MS]
    oldest = min((extents[one][0] for one in fresh), default=0)
    chosen = length or longest_with_past(oldest, until, zone)
    spans = covered_spans(oldest, until, zone, chosen, 1) if fresh else ()
    compared = tuple(
        one for one in fresh if spans and covered_spans(extents[one][0], until, zone, chosen, 1) == spans
    )
    left_out = {one: extents[one][1] if one in extents else 0 for one in stores if one not in compared}
    if not compared:
        return StoreGroup(*kind, stores, None, None, (), left_out, (), None)
    if len(compared) < 2:  # nothing to compare with: its figures are on its own page
        return StoreGroup(*kind, stores, chosen, spans[0], compared, left_out, (), None)
    read = await read_stores(database, compared, zone, spans, StorePromises(), kept)
    known = {name: one.figures(spans, until) for name, one in read.items()}
    figures = {
        name: {**one.figures, **{STEP + step.step: step.figure for step in one.steps}}
        for name, one in known.items()
    }
    numbers = tuple(_number(name, figures) for name in _names(figures))
    return StoreGroup(
        *kind, stores, chosen, spans[0], compared, left_out, numbers, _ranking(figures, numbers)
    )


def _names(figures: Mapping[str, Mapping[str, Figure]]) -> list[str]:
    found = {name for one in figures.values() for name in one}
    return [
        *(name for name in INDICATOR_BY_ID if name in found),
        *sorted(name for name in found if name not in INDICATOR_BY_ID),
    ]


def _number(name: str, figures: Mapping[str, Mapping[str, Figure]]) -> ComparedNumber:
    own = {store: one[name] for store, one in figures.items() if name in one}
    return ComparedNumber(
        name, own, differences({store: definition_of(figure) for store, figure in own.items()})
    )


def _ranking(figures: Mapping[str, Mapping[str, Figure]], numbers: Sequence[ComparedNumber]) -> Ranking:
    known = [one for one in numbers if one.id in INDICATOR_BY_ID]
    return rank_stores(
        {
            store: {name: one[name] for name in one if name in INDICATOR_BY_ID}
            for store, one in figures.items()
        },
        [INDICATOR_BY_ID[one.id] for one in known],
        {one.id: {store: definition_of(figure) for store, figure in one.figures.items()} for one in known},
        np.random.default_rng(_SEED),
    )
