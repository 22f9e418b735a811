"""The disk changes bytes under the store's tables while it serves: the part is set apart, and the rows of it that can be read stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from streams.doctor.running import tables
from streams.instance.files import read_states
from streams.settings import load_settings
from tests.contracts.test_store_process import eventually
from tests.fixtures.clickhouse import OwnStore

CHECKSUM = "CHECKSUM_DOESNT_MATCH"
ROWS = 60_000
#: how a part keeps its columns: each in a file of its own, or all in one
KINDS = {"wide": 0, "compact": 1 << 40}


def flip(path: Path, share: float) -> None:
    """Change a bit of a file that is in use."""
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * share))
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 16]))


def answers(client: Any, sql: str) -> Any:
    """Rows, or None where the engine says that the disk has changed them."""
    try:
        return client.query(sql).result_rows
    except DatabaseError as error:
        if CHECKSUM not in str(error):
            raise
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_one_changed_byte_took_a_whole_part_from_every_query_until_somebody_came(
    launch_store: Callable[..., OwnStore], tmp_path: Path, kind: str
) -> None:
    store = launch_store()
    client = store.client()
    client.command(
        "CREATE TABLE t (store_id String, n UInt64, text String, version UInt64) ENGINE = ReplacingMergeTree(version) "
        f"ORDER BY (store_id, n) SETTINGS min_bytes_for_wide_part = {KINDS[kind]}, min_rows_for_wide_part = 0, ratio_of_defaults_for_sparse_serialization = 1"
    )
    client.command(
        f"INSERT INTO t SELECT if(number < 3000, 'small', 'large'), number, hex(cityHash64(number)), 1 FROM numbers({ROWS})"
    )
    (part,) = (path for path in (store.data / "clickhouse/engine/store").glob("*/*/all_*/") if path.is_dir())
    whole = client.query("SELECT sum(cityHash64(*)) FROM t").result_rows
    flip(part / ("text.bin" if kind == "wide" else "data.bin"), 0.5)
    client.command("SYSTEM DROP MARK CACHE")
    read = "SELECT count(), uniqExact(n), countIf(store_id = 'small'), sum(text = hex(cityHash64(n))) FROM t"
    eventually(lambda: bool(answers(client, read)), 60)

    ((count, different, small, right),) = answers(client, read)
    assert (count, small) == (different, 3000)  # none twice, and the other store is whole
    assert count == right  # no row that was changed
    assert ROWS - 20_000 < count < ROWS
    assert answers(client, "SELECT sum(cityHash64(*)) FROM t") != whole
    client.command(
        f"INSERT INTO t SELECT 'large', number, hex(cityHash64(number)), 2 FROM numbers(3000, {ROWS - 3000})"
    )
    client.command("OPTIMIZE TABLE t FINAL")
    assert answers(client, "SELECT sum(cityHash64(store_id, n, text)) FROM t FINAL") is not None
    assert client.query("SELECT count() FROM t").result_rows == [(ROWS,)]

    (found,) = tables(load_settings(data=store.data))
    assert "damaged parts of tables are set apart (1)" in found.found
    (state,) = (one for one in read_states(store.data) if one.name == "store")
    assert "1 damaged parts are set apart" in state.detail


def test_a_part_that_is_whole_is_left_alone_whatever_a_query_says(
    launch_store: Callable[..., OwnStore],
) -> None:
    store = launch_store()
    client = store.client()
    parts = {}
    for name in ("whole", "damaged"):
        client.command(f"CREATE TABLE {name} (n UInt64) ENGINE = MergeTree ORDER BY n")
        client.command(f"INSERT INTO {name} SELECT number FROM numbers(1000)")
        uuid = client.query(f"SELECT uuid FROM system.tables WHERE name = '{name}'").result_rows[0][0]
        parts[name] = f"store/{str(uuid)[:3]}/{uuid}/all_1_1_0/"
    lie = (
        f"SELECT throwIf(1, '{parts['whole']}', toInt16(40)) SETTINGS allow_custom_error_code_in_throwif = 1"
    )
    assert answers(client, lie) is None
    flip(store.data / "clickhouse/engine" / parts["damaged"] / "data.bin", 0.9)
    eventually(lambda: answers(client, "SELECT sum(n) FROM damaged") == [(0,)], 60)
    assert answers(client, lie) is None
    assert client.query("SELECT count() FROM whole").result_rows == [(1000,)]
    (found,) = tables(load_settings(data=store.data))
    assert "set apart (1)" in found.found
