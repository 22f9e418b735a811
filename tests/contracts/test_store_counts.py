"""Counts in equal counts out, past one block (65,536 rows), by every format and compression the clients use."""

from __future__ import annotations

import pyarrow as pa
import pytest

ROWS = 200_000


@pytest.fixture
def table(clickhouse, fresh_database):
    clickhouse.client(fresh_database).command(
        "CREATE TABLE counted (n UInt32, name String, at DateTime64(3, 'UTC'), maybe Nullable(Float64)) ENGINE = MergeTree ORDER BY n"
    )
    return f"{fresh_database}.counted"


def expected() -> tuple[int, int]:
    return ROWS, sum(range(ROWS))


@pytest.mark.parametrize("compression", [False, "lz4", "zstd", "gzip"])
def test_rows_inserted_as_native_blocks_are_all_there(clickhouse, table, compression):
    client = clickhouse.client(compress=compression)
    rows = [[n, f"name {n}", 1_700_000_000_000 + n, None if n % 3 else n / 2] for n in range(ROWS)]
    summary = client.insert(table, rows, column_names=["n", "name", "at", "maybe"])
    assert summary.written_rows == ROWS
    assert client.query(f"SELECT count(), sum(n) FROM {table}").result_rows == [expected()]
    read = client.query(f"SELECT n, name, maybe FROM {table} ORDER BY n")
    assert len(read.result_rows) == ROWS
    assert read.result_rows[-1] == (ROWS - 1, f"name {ROWS - 1}", None if (ROWS - 1) % 3 else (ROWS - 1) / 2)


@pytest.mark.parametrize("compression", [False, "lz4", "zstd", "gzip"])
def test_rows_inserted_as_arrow_are_all_there(clickhouse, table, compression):
    client = clickhouse.client(compress=compression)
    columns = pa.table({"n": pa.array(range(ROWS), pa.uint32()), "name": [f"name {n}" for n in range(ROWS)]})
    client.insert_arrow(table, columns)
    assert client.query(f"SELECT count(), sum(n) FROM {table}").result_rows == [expected()]
    read = client.query_arrow(f"SELECT n, name FROM {table} ORDER BY n")
    assert read.num_rows == ROWS
    assert read.column("n").to_pylist() == list(range(ROWS))
