"""Native for a client with a protocol revision over HTTP: what Grafana's plug-in and clickhouse-go ask for."""

from __future__ import annotations

import gzip

import httpx
import pytest

from tests.deadlines import within

INFO = bytes.fromhex("010002ffffffff00")


def ask(store, sql: str, *, packed: str = "", **arguments: str) -> httpx.Response:
    return httpx.post(
        store.url,
        params={"client_protocol_version": "54460", "default_format": "Native", **arguments},
        content=sql,
        headers={"Accept-Encoding": packed} if packed else {"Accept-Encoding": "identity"},
        auth=(store.reader, store.reader_password),
        timeout=within(30),
    )


def test_the_greeting_of_clickhouse_go_is_answered(clickhouse):
    answer = ask(clickhouse, "SELECT displayName(), version(), revision(), timezone()")
    assert answer.status_code == 200
    assert answer.content.startswith(INFO + bytes([4, 1]))
    assert b"\x06String\x00" in answer.content
    assert b"\x06UInt32\x00" in answer.content


def test_a_block_is_written_as_the_revision_has_it(clickhouse):
    answer = ask(clickhouse, "SELECT toUInt8(1) AS a, 'xy' AS b")
    picture = "02 01 01 61 05 55496e7438 00 01 01 62 06 537472696e67 00 02 7879"
    assert answer.content == INFO + bytes.fromhex(picture)
    plain = ask(clickhouse, "SELECT toUInt8(1) AS a FORMAT TSV")
    assert plain.text == "1\n"


@pytest.mark.parametrize("packed", ["gzip", "deflate", "zstd"])
def test_it_is_packed_as_the_client_unpacks_it(clickhouse, packed):
    bare = ask(clickhouse, "SELECT number FROM numbers(200000)")
    answer = ask(clickhouse, "SELECT number FROM numbers(200000)", packed=packed, enable_http_compression="1")
    assert answer.headers.get("Content-Encoding", "none") == (packed if packed != "zstd" else "none")
    assert answer.content == bare.content
    assert len(bare.content) > 1_600_000
    assert bare.content.count(INFO) >= 3
    assert gzip.compress(bare.content)


def test_every_type_of_the_views_can_be_written(clickhouse):
    answer = ask(
        clickhouse,
        "SELECT toNullable(1), toDateTime64(1, 3), toDecimal64(1, 2), ['a'], map('k', 1), (1, 'x'), "
        "toLowCardinality('v'), toUUID('00000000-0000-0000-0000-000000000001'), toIPv4('1.2.3.4'), [[toLowCardinality('z')]] "
        "FROM numbers(10)",
    )
    assert answer.status_code == 200
    assert answer.content.startswith(INFO + bytes([10, 10]))


def test_what_cannot_be_written_is_rejected_with_its_name(clickhouse):
    answer = ask(clickhouse, "SELECT sumState(number) FROM numbers(3)")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (501, "48")
    assert "AggregateFunction" in answer.text


def test_an_empty_result_is_empty_and_an_error_an_error(clickhouse):
    assert ask(clickhouse, "SELECT number FROM numbers(0)").content in (
        b"",
        INFO + b"\x01\x00\x06number\x06UInt64\x00",
    )
    assert ask(clickhouse, "SELEC 1").headers["X-ClickHouse-Exception-Code"] == "62"
    assert ask(clickhouse, "SELECT 1", client_protocol_version="x").status_code == 400
