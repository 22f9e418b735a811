"""ClickHouse's own compressed blocks over HTTP: what JDBC and clickhouse-go ask for by default."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.embedded.store.blocks import BlockReader, pack
from tests.deadlines import within


def content(answer: httpx.Response) -> bytes:
    assert answer.status_code == 200, answer.text
    reader = BlockReader(1 << 30)
    found = reader.feed(answer.content)
    reader.finish()
    return found


@pytest.fixture
def ask(clickhouse: Any, fresh_database: str) -> Any:
    def ask(body: bytes, headers: dict[str, str] | None = None, **arguments: str) -> httpx.Response:
        return httpx.post(
            clickhouse.url,
            params={"database": fresh_database, **arguments},
            content=body,
            headers=headers or {"Accept-Encoding": "identity"},
            auth=(clickhouse.user, clickhouse.password),
            timeout=within(30),
        )

    return ask


def test_a_result_in_blocks_is_the_result(ask: Any) -> None:
    for sql in (
        b"SELECT 1",
        b"SELECT number, 'x' FROM numbers(300000)",
        b"SELECT 1 FORMAT Native",
        b"SELECT 1 WHERE 0",
    ):
        assert content(ask(sql, compress="1")) == ask(sql).content
    native = {"client_protocol_version": "54460", "default_format": "Native"}
    assert content(ask(b"SELECT 7", compress="1", **native)) == ask(b"SELECT 7", **native).content
    both = ask(b"SELECT 1", {"Accept-Encoding": "gzip"}, compress="1", enable_http_compression="1")
    assert both.headers["Content-Encoding"] == "gzip"
    assert content(both) == b"1\n"


def test_a_statement_and_its_data_may_come_in_blocks(ask: Any) -> None:
    assert content(ask(pack(b"SELECT 6 * 7"), decompress="1", compress="1")) == b"42\n"
    assert ask(b"CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n").status_code == 200
    rows = b"".join(b"%d\trow %d\n" % (number, number) for number in range(200_000))
    assert ask(pack(rows), query="INSERT INTO t FORMAT TSV", decompress="1").status_code == 200
    assert ask(b"SELECT count(), sum(n) FROM t").text == f"200000\t{sum(range(200_000))}\n"
    native = ask(b"SELECT * FROM t FORMAT Native").content
    assert ask(pack(native), query="INSERT INTO t FORMAT Native", decompress="1").status_code == 200
    assert ask(b"SELECT count() FROM t").text == "400000\n"


def test_an_error_is_plain_text_and_a_damaged_block_is_named(ask: Any) -> None:
    wrong = ask(b"SELECT * FROM nowhere", compress="1")
    assert (wrong.status_code, wrong.headers["X-ClickHouse-Exception-Code"]) == (404, "60")
    assert "nowhere" in wrong.text
    damaged = ask(pack(b"SELECT 1")[:-1] + b"?", decompress="1")
    assert (damaged.status_code, damaged.headers["X-ClickHouse-Exception-Code"]) == (400, "40")
    short = ask(pack(b"SELECT 1")[:-1], decompress="1")
    assert (short.status_code, short.headers["X-ClickHouse-Exception-Code"]) == (400, "33")
    twice = ask(gzip.compress(pack(b"SELECT 1")), {"Content-Encoding": "gzip"}, decompress="1")
    assert (twice.status_code, twice.headers["X-ClickHouse-Exception-Code"]) == (501, "48")


def test_a_reader_may_use_blocks_and_no_more_of_them_than_of_plain_bytes(clickhouse: Any) -> None:
    def read(body: bytes, **arguments: str) -> httpx.Response:
        return httpx.post(
            clickhouse.url,
            params=arguments,
            content=body,
            auth=(clickhouse.reader, clickhouse.reader_password),
            timeout=within(30),
        )

    assert content(read(pack(b"SELECT 1"), compress="1", decompress="1")) == b"1\n"
    bomb = pack(b"SELECT 1" + b" " * (1 << 20)) * 20
    assert len(bomb) < 1_000_000
    assert read(bomb, decompress="1").status_code == 413


def test_blocks_that_the_engine_wrote_on_its_disk_are_read(
    clickhouse: Any, ask: Any, fresh_database: str
) -> None:
    """Its checksums and its LZ4 are those of real blocks, not ours."""
    made = "CREATE TABLE d (n UInt64 CODEC(LZ4)) ENGINE = MergeTree ORDER BY n SETTINGS min_bytes_for_wide_part = 0"
    assert ask(made.encode()).status_code == 200
    assert ask(b"INSERT INTO d SELECT number FROM numbers(50000)").status_code == 200
    folder = ask(b"SELECT path FROM system.parts WHERE database = currentDatabase() AND active").text.strip()
    data = Path(folder, "n.bin").read_bytes()
    reader = BlockReader(1 << 20)
    assert reader.feed(data) == b"".join(number.to_bytes(8, "little") for number in range(50_000))
    reader.finish()
