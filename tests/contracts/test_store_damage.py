"""The disk changes bytes under the store's tables while it serves: a bit is put right; else the rows that can be read stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from streams.doctor.running import tables
from streams.embedded.store.bits import repair_bit
from streams.embedded.store.blocks import pack
from streams.instance.files import read_states
from streams.settings import load_settings
from tests.deadlines import eventually
from tests.fixtures.clickhouse import OwnStore

CHECKSUM = "CHECKSUM_DOESNT_MATCH"
ROWS = 40_000
#: how a part keeps its columns: each in a file of its own, or all in one. Small blocks: the engine's search for the bit is quadratic
BLOCKS = "min_compress_block_size = 2048, max_compress_block_size = 4096, min_rows_for_wide_part = 0, index_granularity = 512"
KINDS = {"wide": ("text.bin", 0), "compact": ("data.bin", 1 << 40)}
READ = "SELECT count(), uniqExact(n), countIf(store_id = 'small'), sum(text = hex(cityHash64(n))) FROM t"


def flip(path: Path, share: float, *more: int) -> None:
    """Change a bit of a file that is in use, and of the bytes so many places behind it."""
    with path.open("r+b") as file:
        for behind in (0, *more):
            at = int(path.stat().st_size * share) + behind
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 16]))


def made(store: OwnStore, kind: str) -> Path:
    """A table of one part; gives the file that holds the texts."""
    name, wide_bytes = KINDS[kind]
    client = store.client()
    client.command(
        "CREATE TABLE t (store_id String, n UInt64, text String, version UInt64) ENGINE = ReplacingMergeTree(version) "
        f"ORDER BY (store_id, n) SETTINGS {BLOCKS}, min_bytes_for_wide_part = {wide_bytes}"
    )
    client.command(
        f"INSERT INTO t SELECT if(number < 3000, 'small', 'large'), number, hex(cityHash64(number)), 1 FROM numbers({ROWS})"
    )
    (part,) = (path for path in (store.data / "clickhouse/engine/store").glob("*/*/all_*/") if path.is_dir())
    return part / name


def answers(client: Any, sql: str) -> Any:
    """Rows, or None where the engine says that the disk has changed them."""
    try:
        return client.query(sql).result_rows
    except DatabaseError as error:
        if CHECKSUM not in str(error):
            raise
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_one_changed_bit_took_a_whole_part_from_every_query_and_is_put_right(
    launch_store: Callable[..., OwnStore], kind: str
) -> None:
    store = launch_store()
    file, client = made(store, kind), store.client()
    whole = client.query("SELECT sum(cityHash64(*)) FROM t").result_rows
    content = file.read_bytes()
    flip(file, 0.5)
    eventually(lambda: answers(client, "SELECT sum(cityHash64(*)) FROM t") == whole, 60)
    assert file.read_bytes() == content
    assert tables(load_settings(data=store.data)) == []


def said_by_the_store(store: OwnStore) -> str:
    (state,) = (one for one in read_states(store.data) if one.name == "store")
    return state.detail


@pytest.mark.parametrize("kind", KINDS)
def test_several_changed_bytes_took_a_whole_part_from_every_query_until_somebody_came(
    launch_store: Callable[..., OwnStore], kind: str
) -> None:
    store = launch_store()
    file, client = made(store, kind), store.client()
    flip(file, 0.5, 3, 5)
    eventually(lambda: bool(answers(client, READ)), 90)
    ((count, different, small, right),) = answers(client, READ)
    assert (count, small) == (different, 3000)  # none twice, and the other store is whole
    assert count == right  # no row that was changed
    assert ROWS - 17_000 < count < ROWS
    client.command(
        f"INSERT INTO t SELECT if(number < 3000, 'small', 'large'), number, hex(cityHash64(number)), 2 FROM numbers({ROWS})"
    )
    client.command("OPTIMIZE TABLE t FINAL")
    assert client.query(READ).result_rows == [(ROWS, ROWS, 3000, ROWS)]

    (found,) = tables(load_settings(data=store.data))
    assert "damaged parts of tables are set apart (1)" in found.found
    eventually(lambda: "1 damaged parts are set apart" in said_by_the_store(store), 30)


#: of a block's 16 bytes of sum, a byte of method, four of its size, four of its size unpacked, and its content
@pytest.mark.parametrize("place", [0, 15, 16, 17, 18, 21, 25, 60])
@pytest.mark.parametrize("is_second", [False, True])
def test_a_bit_is_changed_only_where_the_check_sum_proves_it(
    tmp_path: Path, place: int, is_second: bool
) -> None:
    file, first = tmp_path / "a.bin", pack(bytes(range(256)) * 20)
    whole = first + pack(b"xy" * 10_000)
    place += len(first) * is_second
    for bit in range(8):
        changed = bytearray(whole)
        changed[place] ^= 1 << bit
        file.write_bytes(changed)
        byte = place - len(first) * is_second - 16
        assert repair_bit(file, f"single bit flip in data block at byte {byte}, bit {bit}. This")
        assert file.read_bytes() == whole


@pytest.mark.parametrize(
    "said",
    [
        "",
        "single bit flip in data block at byte 30, bit 4",
        "single bit flip in data block at byte 99999, bit 1",
    ],
)
def test_what_the_check_sum_does_not_prove_is_left_as_it_is(tmp_path: Path, said: str) -> None:
    file, changed = tmp_path / "a.bin", bytearray(pack(b"xy" * 10_000))
    file.write_bytes(changed)
    assert not repair_bit(file, said)  # nothing is damaged
    changed[40] ^= 1
    changed[50] ^= 1
    for content in (bytes(changed), bytes(changed[:70]), bytes(changed[:20]), b""):
        file.write_bytes(content)
        assert not repair_bit(file, said)
        assert file.read_bytes() == content


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
    flip(store.data / "clickhouse/engine" / parts["damaged"] / "data.bin", 0.9, 1, 2)
    eventually(lambda: answers(client, "SELECT sum(n) FROM damaged") == [(0,)], 60)
    assert answers(client, lie) is None
    assert client.query("SELECT count() FROM whole").result_rows == [(1000,)]
    (found,) = tables(load_settings(data=store.data))
    assert "set apart (1)" in found.found
