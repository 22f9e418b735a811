"""What the queries of several subjects share: bounds of time."""

from __future__ import annotations

from streams.config.model import Config, StoreConfig


def span_back(at_ms: int, back_ms: int) -> dict[str, int]:
    """The parameters ``from_s`` and ``to_s`` of a query that looks ``back_ms`` back from ``at_ms``."""
    return {"from_s": (at_ms - back_ms) // 1000, "to_s": at_ms // 1000}


def store_or_bare(config: Config, store_id: str) -> StoreConfig:
    """The store's configuration; one made of its id alone if it is not configured (any more)."""
    return config.store(store_id) or StoreConfig.model_construct(id=store_id)
