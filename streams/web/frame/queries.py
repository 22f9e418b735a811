"""What the queries of several subjects share: bounds of time, and how fresh a score must be."""

from __future__ import annotations

from scoring.funnel.units import MINUTE_MS
from streams.config.model import Config, StoreConfig

#: a score older than this says nothing about the present
SCORE_MAX_AGE_MS = 15 * MINUTE_MS


def span_back(at_ms: int, back_ms: int) -> dict[str, int]:
    """The parameters ``from_s`` and ``to_s`` of a query that looks ``back_ms`` back from ``at_ms``."""
    return {"from_s": (at_ms - back_ms) // 1000, "to_s": at_ms // 1000}


def store_or_bare(config: Config, store_id: str) -> StoreConfig:
    """The store's configuration; one made of its id alone if it is not configured (any more)."""
    return config.store(store_id) or StoreConfig.model_construct(id=store_id)
