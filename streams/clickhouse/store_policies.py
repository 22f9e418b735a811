"""Whoever may read some stores only sees their rows alone, in every view: as conditions, and as row policies of a server of your own.

A view without a column ``store_id`` shows nothing to them: whose rows they are cannot be said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from streams.clickhouse.literals import literals, named

#: database, table or view, and whether it has a column ``store_id``
Column = tuple[str, str, bool]
COLUMNS_SQL = "SELECT database, table, max(name = 'store_id') FROM system.columns WHERE {} GROUP BY database, table ORDER BY database, table"
#: what a row has to fulfil that nobody is shown
NOTHING = "0"


@dataclass(frozen=True, slots=True)
class SqlReader:
    """Somebody who reads with SQL: the SHA-256 of the password, the end in ms since 1970 UTC, and the stores (None: all)."""

    name: str
    digest: str
    ends_ms: int
    stores: frozenset[str] | None


def condition_of(stores: frozenset[str]) -> str:
    """What a row of these stores fulfils."""
    return f"store_id IN ({literals(sorted(stores))})" if stores else NOTHING


def conditions(columns: Iterable[Column], stores: frozenset[str]) -> dict[str, str]:
    """What a row has to fulfil, by ``database.table``."""
    mine = condition_of(stores)
    return {f"{database}.{table}": mine if by_store else NOTHING for database, table, by_store in columns}


def policy_statements(database: str, views: Mapping[str, bool], readers: Sequence[SqlReader]) -> list[str]:
    """The statements with which a ClickHouse server lets the readers in, each to the rows of its stores.

    Args:
        database: of Funnelwatch.
        views: name of each view → whether it has a column ``store_id``.
        readers: all there are: who is not among them reads as before.
    """
    said: list[str] = []
    limited = [one for one in readers if one.stores is not None]
    for one in readers:
        ends = datetime.fromtimestamp(one.ends_ms / 1000, UTC)
        said.append(
            f"CREATE USER OR REPLACE {named(one.name)} IDENTIFIED WITH sha256_hash BY '{one.digest}' "
            f"VALID UNTIL '{ends:%Y-%m-%d %H:%M:%S} UTC' SETTINGS readonly = 2, max_execution_time = 30"
        )
    for view, by_store in views.items():
        place = f"{named(database)}.{named(view)}"
        for one in readers:
            if by_store and one.stores is not None:
                said.append(
                    f"CREATE ROW POLICY OR REPLACE {named(f'{database} {one.name}')} ON {place} "
                    f"USING {condition_of(one.stores)} TO {named(one.name)}"
                )
            if by_store or one.stores is None:
                said.append(f"GRANT SELECT ON {place} TO {named(one.name)}")
        if by_store and limited:  # where a server shows nothing to those without a policy
            others = ", ".join(named(one.name) for one in limited)
            said.append(
                f"CREATE ROW POLICY OR REPLACE {named(f'{database} others')} ON {place} USING 1 TO ALL EXCEPT {others}"
            )
    return said
