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


def test_the_zone_of_a_datetime_is_kept(clickhouse):
    answer = ask(clickhouse, "SELECT toDateTime(0, 'Asia/Shanghai') AS t")
    assert answer.content == INFO + b"\x01\x01\x01t\x19DateTime('Asia/Shanghai')\x00" + bytes(4)


def test_types_are_named_as_the_engine_names_them(clickhouse):
    made = (
        "SELECT toInt256(1), toDate32(0), toDateTime(0), toDateTime64(0, 6, 'Asia/Tokyo'), toFixedString('abc', 3), "
        "CAST('a', 'Enum8(\\'a\\' = -1, \\'b c\\' = 2)'), toDecimal256(1, 40), "
        "INTERVAL 1 YEAR, INTERVAL 1 NANOSECOND, CAST([(1, 'x')], 'Nested(a UInt8, b String)'), CAST((1, 2), 'Point'), NULL, "
        "toTime64('12:00:00', 3), CAST(1, 'BFloat16'), [toNullable(toDateTime(0, 'UTC'))], map('a', toLowCardinality('x')), "
        "toIPv6('::1'), true, CAST(1, 'SimpleAggregateFunction(sum, UInt64)')"
    )
    named = ask(clickhouse, f"DESCRIBE ({made}) FORMAT JSONCompact").json()["data"]
    answer = ask(clickhouse, made)
    missing = [
        row[1] for row in named if bytes([len(row[1])]) + row[1].encode() + b"\0" not in answer.content
    ]
    assert (answer.status_code, missing) == (200, [])


def test_a_setting_for_types_does_not_stay_in_a_session(clickhouse, fresh_database):
    def asked(sql: str, **arguments: str) -> httpx.Response:
        return httpx.post(
            clickhouse.url,
            params={"database": fresh_database, "session_id": "types", **arguments},
            content=sql,
            auth=(clickhouse.user, clickhouse.password),
            timeout=within(30),
        )

    asked("CREATE TEMPORARY TABLE kept AS SELECT toUInt8(7) AS n")
    revised = asked("SELECT n FROM kept FORMAT Native", client_protocol_version="54460")
    assert revised.content == INFO + b"\x01\x01\x01n\x05UInt8\x00\x07"
    assert asked("SELECT n FROM kept FORMAT Native").content == b"\x01\x01\x01n\x05UInt8\x07"
