"""What the queries of several subjects share: bounds of time, how fresh a score must be, and alerts as they were at a moment."""

from __future__ import annotations

from streams.config.model import Config, StoreConfig

#: alerts as they were at ``at_ms``: of each the last transition until then, in the columns of the view ``alerts``
ALERTS_THEN = """(
    SELECT *
    FROM alert_transitions
    WHERE at <= fromUnixTimestamp64Milli({at_ms:Int64}, 'UTC')
    ORDER BY store_id, alert_id, sequence DESC
    LIMIT 1 BY store_id, alert_id
) AS alerts"""


def alerts_then(sql: str) -> str:
    """The query ``sql`` of the view ``alerts``, asked of a past moment: it needs ``at_ms`` as well."""
    return sql.replace("FROM alerts\n", f"FROM {ALERTS_THEN}\n")


def span_back(at_ms: int, back_ms: int) -> dict[str, int]:
    """The parameters ``from_s`` and ``to_s`` of a query that looks ``back_ms`` back from ``at_ms``."""
    return {"from_s": (at_ms - back_ms) // 1000, "to_s": at_ms // 1000}


def store_or_bare(config: Config, store_id: str) -> StoreConfig:
    """The store's configuration; one made of its id alone if it is not configured (any more)."""
    return config.store(store_id) or StoreConfig.model_construct(id=store_id)
