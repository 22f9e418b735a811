"""What an instance knows of a store, as every surface asks for it: tables and stores alike, and what people set for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scoring.alerts.actions import HumanAction
from scoring.evaluation.attribution.lines import Attribution
from scoring.evaluation.evaluating import StoreEvaluation, evaluate_store
from scoring.evaluation.spans import SpanLength
from scoring.evaluation.targets import StoreTarget, judge_targets
from streams.clickhouse.reader import Database
from streams.config.core import day_rules
from streams.config.model import Config, StoreConfig
from streams.config.targets import targets_of
from streams.evaluation.advised import AdviceLife, judged, read_lives
from streams.evaluation.attributed import AttributionRates, rates_of, read_attributions
from streams.evaluation.excused import NO_RULES, Excusing
from streams.evaluation.set_targets import held_targets, read_target_sets
from streams.evaluation.stored import StoredStore, stored_store, stores_alike


@dataclass(frozen=True, slots=True)
class KnownStore:
    """A store with its evaluation.

    Attributes:
        read: what the tables know.
        evaluation: that follows from it.
        config: of the store.
        targets: that hold for it.
        lives: what became of the advice that it was given, by its key.
        attribution: by which ways its orders came; None where it has neither orders nor ads, or nobody asked.
    """

    read: StoredStore
    evaluation: StoreEvaluation
    config: StoreConfig
    targets: tuple[StoreTarget, ...]
    lives: Mapping[str, AdviceLife]
    attribution: Attribution | None = None

    @property
    def acted_until_ms(self) -> int:
        """When somebody last did anything about its advice; 0: never."""
        return max((life.at_ms for life in self.lives.values()), default=0)


async def known_store(
    database: Database,
    config: Config,
    store: StoreConfig,
    length: SpanLength | None,
    present_ms: int,
    pending: Sequence[HumanAction] = (),
    trusted_ms: int = 0,
    *,
    has_attribution: bool = True,
) -> KnownStore | None:
    """A store in its last period that is complete at ``present_ms``; None if there is none. ``pending`` actions are on their way.

    ``trusted_ms``: see ``kept_days``. Without ``has_attribution`` its orders' ways are not read: ``attributed`` does that.

    Raises:
        ConfigError: the file of targets cannot be read.
    """
    targets = targets_of(config, store.id, held_targets(await read_target_sets(database, pending)))
    alike = stores_alike(config, store)
    lives = await read_lives(database, store.id, pending)
    rates = rates_of(config) if has_attribution else None
    rules = day_rules(config)
    return await known_with(
        database, store, length, present_ms, alike, targets, lives, rates, trusted_ms, rules
    )


async def known_with(
    database: Database,
    store: StoreConfig,
    length: SpanLength | None,
    present_ms: int,
    alike: Sequence[str],
    targets: Sequence[StoreTarget],
    lives: Mapping[str, AdviceLife],
    rates: AttributionRates | None,
    trusted_ms: int = 0,
    rules: Excusing = NO_RULES,
) -> KnownStore | None:
    """The same with the stores alike, the targets, what people did, the rates and what is excused given, as a report names them."""
    read = await stored_store(database, store, length, present_ms, alike, trusted_ms, rules)
    if read is None:
        return None
    known = known_of(read, store, targets, lives)
    return known if rates is None else replace(known, attribution=await attributed(database, known, rates))


async def attributed(database: Database, known: KnownStore, rates: AttributionRates) -> Attribution | None:
    """By which ways the orders of a store's period came; None where it has neither orders nor ads in it."""
    store = known.config.id
    return (await read_attributions(database, [store], known.read.spans[0], rates)).get(store)


def known_of(
    read: StoredStore,
    store: StoreConfig,
    targets: Sequence[StoreTarget],
    lives: Mapping[str, AdviceLife] | None = None,
) -> KnownStore:
    """The evaluation of what the tables know of a store, with the targets that hold for it, and what became of its advice."""
    steps = {one.step: one.figure for one in read.figures.steps}
    results = judge_targets(targets, read.figures.figures, steps)
    figures = replace(
        read.figures,
        targets={of: one for of, one in results.items() if of in read.figures.figures},
        step_targets={of: one for of, one in results.items() if of not in read.figures.figures},
    )
    read = replace(read, figures=figures)
    judged_lives = judged(lives or {}, figures, read.spans, read.known_until_ms)
    return KnownStore(read, evaluate_store(figures), store, tuple(targets), judged_lives)
