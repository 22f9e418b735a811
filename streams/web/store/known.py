"""Whether a store exists: it is configured, or something of it was ever seen."""

from __future__ import annotations

from scoring.funnel.pools import parse_pool
from scoring.funnel.units import MINUTE_MS
from streams.clickhouse.reader import Database
from streams.config.model import Config
from streams.web.frame.errors import UNKNOWN_STORE, NotFoundError

#: a store stays known, and one that is not may appear any minute
FRESH_S = MINUTE_MS / 1000

#: at most one row is read of each table, along its sorting key
SEEN = """
SELECT store_id FROM (SELECT store_id FROM stage_counts WHERE store_id = {store:String} LIMIT 1)
UNION ALL SELECT store_id FROM (SELECT store_id FROM events WHERE store_id = {store:String} LIMIT 1)
UNION ALL SELECT store_id FROM (SELECT store_id FROM alert_transitions WHERE store_id = {store:String} LIMIT 1)
"""


class KnownStores:
    """Knows which stores exist, without asking for the store grid."""

    def __init__(self, database: Database, config: Config) -> None:
        self._database, self._config = database, config

    async def require(self, store_id: str) -> str:
        """The id, if there is such a store.

        Raises:
            NotFoundError: there is none.
        """
        if not await self._is_known(store_id):
            raise NotFoundError(UNKNOWN_STORE.both(store=store_id))
        return store_id

    async def _is_known(self, store_id: str) -> bool:
        if self._config.store(store_id) is not None:
            return True
        if parse_pool(store_id) is not None:
            return False
        rows = await self._database.shared(
            ("is_known", store_id), FRESH_S, lambda: self._database.rows(SEEN, store=store_id)
        )
        return bool(rows)
