"""Large answers as Arrow: whole, or an error."""

from __future__ import annotations

import pytest

from streams.clickhouse.arrow import record_batches
from streams.clickhouse.errors import ClickHouseUnreachableError
from tests.fixtures.clickhouse import Store

#: a fifth of a second for each block of some 65,000 rows
SLOW = "SELECT number, 'a' AS name, sleepEachRow(0.000003) FROM numbers({rows:UInt64})"
ROWS = 40 * 65_536


def test_a_part_of_the_history_was_fitted_as_if_it_were_the_whole(clickhouse: Store) -> None:
    client = clickhouse.client("default")
    whole = [row for batch in record_batches(client, SLOW, {"rows": 3}) for row in batch.to_pylist()]
    assert [(row["number"], row["name"]) for row in whole] == [(0, "a"), (1, "a"), (2, "a")]
    cut_off = record_batches(client, f"{SLOW} SETTINGS max_execution_time = 1", {"rows": ROWS})
    assert next(cut_off).num_rows > 0
    with pytest.raises(ClickHouseUnreachableError):  # its time is over in the middle
        list(cut_off)
