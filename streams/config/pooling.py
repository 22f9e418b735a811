"""Who is pooled with whom, and who is whose peer, as a configuration says it."""

from __future__ import annotations

from scoring.baselines.benchmark import Benchmark
from scoring.baselines.peers import Lenders
from scoring.events.event import Platform
from scoring.funnel.pools import PoolDimension, PoolRules, StoreTraits
from streams.config.model import Config


def store_traits(config: Config) -> dict[str, StoreTraits]:
    """What of each configured store says whom it is alike; platform ``other`` says nothing."""
    return {
        store.id: StoreTraits(
            platform="" if store.platform is Platform.OTHER else store.platform.value,
            category=store.category.casefold().strip(),
            country=store.country,
            zone=store.zone,
        )
        for store in config.stores
    }


def lenders(config: Config, benchmark: Benchmark) -> Lenders:
    """Who lends to stores with a short history: their peers, else the benchmark."""
    return Lenders(store_traits(config), benchmark)


def pool_rules(config: Config) -> PoolRules:
    """The rules that a configuration states."""
    return PoolRules(
        store_traits(config),
        tuple(PoolDimension(dimension) for dimension in config.pools.dimensions),
        config.segments.dimensions,
        config.pools.least_stores,
    )
