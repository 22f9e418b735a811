"""What an instance knows of a store, as every surface asks for it: tables and stores alike, and what people set for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scoring.evaluation.evaluating import StoreEvaluation, evaluate_store
from scoring.evaluation.spans import SpanLength
from scoring.evaluation.targets import StoreTarget, judge_targets
from streams.clickhouse.reader import Database
from streams.config.model import Config, StoreConfig
from streams.config.targets import targets_of
from streams.evaluation.stored import StoredStore, stored_store, stores_alike


@dataclass(frozen=True, slots=True)
class KnownStore:
    """A store with its evaluation.

    Attributes:
        read: what the tables know.
        evaluation: that follows from it.
        config: of the store.
        targets: that hold for it.
    """

    read: StoredStore
    evaluation: StoreEvaluation
    config: StoreConfig
    targets: tuple[StoreTarget, ...]


async def known_store(
    database: Database, config: Config, store: StoreConfig, length: SpanLength | None, present_ms: int
) -> KnownStore | None:
    """A store in its last period that is complete at ``present_ms``; None if there is none.

    Raises:
        ConfigError: the file of targets cannot be read.
    """
    targets = targets_of(config, store.id)
    return await known_with(database, store, length, present_ms, stores_alike(config, store), targets)


async def known_with(
    database: Database,
    store: StoreConfig,
    length: SpanLength | None,
    present_ms: int,
    alike: Sequence[str],
    targets: Sequence[StoreTarget],
) -> KnownStore | None:
    """The same with the stores alike and the targets given, as a report names them."""
    read = await stored_store(database, store, length, present_ms, alike)
    return known_of(read, store, targets) if read is not None else None


def known_of(read: StoredStore, store: StoreConfig, targets: Sequence[StoreTarget]) -> KnownStore:
    """The evaluation of what the tables know of a store, with the targets that hold for it."""
    steps = {one.step: one.figure for one in read.figures.steps}
    results = judge_targets(targets, read.figures.figures, steps)
    figures = replace(
        read.figures,
        targets={of: one for of, one in results.items() if of in read.figures.figures},
        step_targets={of: one for of, one in results.items() if of not in read.figures.figures},
    )
    read = replace(read, figures=figures)
    return KnownStore(read, evaluate_store(figures), store, tuple(targets))
