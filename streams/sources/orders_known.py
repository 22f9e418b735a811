"""Earlier versions of orders: one version alone does not say what an order is (a status push says nothing of its test flag).

What files said is left out here: an import sends the events that follow from it itself, under its own name. Sent again under a
connection's, they would stay when the import is undone.

What this process has seen is in memory; what others kept is read from the store, once for each order. Without the store the work goes
on with what is in memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec
import structlog

from scoring.records.order_facts import OrderFacts
from scoring.records.order_life import OrderLife, merge
from streams.clickhouse.reader import Database
from streams.errors import UnreachableError

_log = structlog.get_logger()

_MAX_ORDERS = 50_000
#: versions of one order kept in memory: each way has one that counts, so more are repeats
_MAX_VERSIONS = 40
_ASKED_AT_ONCE = 2000
_FIELDS = tuple(OrderFacts.__struct_fields__)
_VERSIONS = f"""
SELECT {", ".join(_FIELDS)}
FROM order_versions
WHERE store_id = {{store:String}} AND order_id IN {{orders:Array(String)}}
"""

OrderKey = tuple[str, str]


class PastVersions(Protocol):
    """Where earlier versions are read."""

    async def of(self, store_id: str, order_ids: Sequence[str]) -> list[OrderFacts]:
        """All versions of these orders.

        Raises:
            UnreachableError: the store does not answer.
        """
        ...


class StoredVersions:
    """The versions in ClickHouse."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, store_id: str, order_ids: Sequence[str]) -> list[OrderFacts]:
        """All versions of these orders; buyers are pseudonyms of ours, marked as such."""
        rows = await self._database.rows(_VERSIONS, store=store_id, orders=list(order_ids))
        versions = [msgspec.convert(_cleaned(row), OrderFacts) for row in rows]
        return [msgspec.structs.replace(one, buyer=f"~{one.buyer}") if one.buyer else one for one in versions]


def _cleaned(row: dict[str, object]) -> dict[str, object]:
    """A row of the view as the record has it: what is a number there is an answer here."""
    answers = (
        *("on_hold", "is_paid", "is_shipped", "is_delivered", "is_cancelled", "cod", "test"),
        *("history", "withdrawn"),
    )
    return {
        name: bool(value) if name in answers and value is not None else value for name, value in row.items()
    }


class OrderMemory:
    """The versions by connections of the orders that are translated now.

    Args:
        past: where earlier ones are read.
    """

    def __init__(self, past: PastVersions) -> None:
        self._past = past
        self._versions: OrderedDict[OrderKey, list[OrderFacts]] = OrderedDict()

    async def recall(self, orders: Iterable[OrderFacts]) -> None:
        """Read the earlier versions of orders that are not in memory."""
        missing: dict[str, set[str]] = {}
        for one in orders:
            if (one.store_id, one.order_id) not in self._versions:
                missing.setdefault(one.store_id, set()).add(one.order_id)
        for store_id, wanted in missing.items():
            names = sorted(wanted)
            for start in range(0, len(names), _ASKED_AT_ONCE):
                await self._read(store_id, names[start : start + _ASKED_AT_ONCE])

    async def _read(self, store_id: str, order_ids: Sequence[str]) -> None:
        try:
            versions = await self._past.of(store_id, order_ids)
        except UnreachableError as error:
            _log.warning("clickhouse_unreachable", error=str(error), retry_in_s=0)
            return
        for order_id in order_ids:
            self._versions[store_id, order_id] = []
        for one in versions:
            if not one.import_id:
                self._versions[one.store_id, one.order_id].append(one)

    def lives(self, orders: Iterable[OrderFacts]) -> list[OrderLife]:
        """The life of each order after everything that a delivery says of it.

        What follows from one part of it alone is half known: a payment whose amount is in the next part, and an event is counted as it
        first came.
        """
        taken = {(one.store_id, one.order_id): self.take(one) for one in orders}
        return [life for versions in taken.values() if (life := merge(versions)) is not None]

    def take(self, facts: OrderFacts) -> list[OrderFacts]:
        """All versions by connections of the order of ``facts``, these included."""
        key = (facts.store_id, facts.order_id)
        versions = self._versions.setdefault(key, [])
        if facts not in versions:
            versions.append(facts)
            del versions[:-_MAX_VERSIONS]
        self._versions.move_to_end(key)
        while len(self._versions) > _MAX_ORDERS:
            self._versions.popitem(last=False)
        return versions
