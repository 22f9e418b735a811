"""ClickHouse's HTTP interface as its clients and curl speak it."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from tests.deadlines import within


@pytest.fixture
def ask(clickhouse, fresh_database):
    """Ask as curl would: the writer, in a database of its own."""

    def ask(
        sql: str | bytes | None = None, method: str = "POST", body: bytes | None = None, **arguments: str
    ) -> httpx.Response:
        params = {"database": fresh_database, **arguments}
        if body is not None or method == "GET":
            params["query"] = sql
        headers = {"Content-Encoding": params.pop("packed")} if "packed" in params else {}
        return httpx.request(
            method,
            clickhouse.url,
            params=params,
            content=body if body is not None or method == "GET" else sql,
            auth=(clickhouse.user, clickhouse.password),
            headers=headers,
            timeout=within(60),
        )

    return ask


@pytest.fixture
def client(clickhouse, fresh_database):
    return clickhouse.client(fresh_database)


# who asks


def test_nobody_is_let_in_without_a_password(clickhouse):
    answer = httpx.get(clickhouse.url, params={"query": "SELECT 1"}, timeout=within(5))
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (401, "516")
    assert "Basic" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("user", "password"), [("funnelwatch", "wrong"), ("default", ""), ("funnelwatch", ""), ("nobody", "x")]
)
def test_a_wrong_password_is_answered_with_clickhouses_code(clickhouse, user, password):
    answer = httpx.get(clickhouse.url, params={"query": "SELECT 1"}, auth=(user, password), timeout=within(5))
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert answer.text.startswith("Code: 516. DB::Exception: ")


def test_the_password_may_come_by_header_argument_or_basic_authentication(clickhouse):
    user, password = clickhouse.user, clickhouse.password
    by_header = httpx.post(
        clickhouse.url,
        content="SELECT 1",
        headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": password},
        timeout=within(5),
    )
    by_argument = httpx.get(
        clickhouse.url, params={"user": user, "password": password, "query": "SELECT 1"}, timeout=within(5)
    )
    by_basic = httpx.get(
        clickhouse.url, params={"query": "SELECT 1"}, auth=(user, password), timeout=within(5)
    )
    assert [answer.text for answer in (by_header, by_argument, by_basic)] == ["1\n"] * 3


def test_ping_needs_no_password(clickhouse):
    assert httpx.get(f"{clickhouse.url}/ping", timeout=within(5)).text == "Ok.\n"
    assert httpx.get(f"{clickhouse.url}/replicas_status", timeout=within(5)).text == "Ok.\n"


# what is answered


def test_a_result_says_its_format_zone_id_and_figures(ask):
    answer = ask("SELECT number FROM numbers(10) FORMAT JSONEachRow", query_id="my-query")
    assert answer.status_code == 200
    assert answer.headers["X-ClickHouse-Query-Id"] == "my-query"
    assert answer.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert answer.headers["X-ClickHouse-Timezone"] == "UTC"
    assert answer.headers["X-ClickHouse-Server-Display-Name"]
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("10", "10")


def test_an_insert_says_how_many_rows_it_wrote(ask):
    ask("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    answer = ask("INSERT INTO t FORMAT TSV", body=b"1\n2\n3\n")
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "3"
    answer = ask("INSERT INTO t SELECT number FROM numbers(7)")
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "7"


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELECT * FROM nowhere", 404, 60),
        ("SELECT nothing", 404, 47),
        ("SELECT FROM WHERE", 400, 62),
        ("SELECT 1 FORMAT Nonsense", 404, 73),
        ("SELECT nosuchfunction()", 404, 46),
        ("SELECT throwIf(1)", 500, 395),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", 400, 36),
        ("SYSTEM SHUTDOWN", 501, 48),
        ("SELECT {x:UInt8}", 400, 456),
        ("SELECT toDateTime('nonsense')", 400, 41),
        ("", 400, 62),
        ("SELECT 1 WHERE '\xff".encode("latin1"), 400, 36),
    ],
)
def test_a_failure_is_answered_with_code_and_status(ask, sql, status, code):
    answer = ask(sql)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")


def test_an_unknown_database_or_setting_is_named(ask):
    assert ask("SELECT 1", database="nowhere").headers["X-ClickHouse-Exception-Code"] == "81"
    assert ask("SELECT 1", nonsense="1").headers["X-ClickHouse-Exception-Code"] == "115"


def test_the_statement_may_come_in_the_address_the_body_or_both(ask):
    assert ask("SELECT 1", method="GET").text == "1\n"
    assert ask("SELECT 1").text == "1\n"
    assert ask("SELECT", body=b"1").text == "1\n"
    assert ask("SELECT 1 -- comment").text == "1\n"
    assert ask("SELECT 'FORMAT JSON' AS x -- FORMAT CSV\n FORMAT TSVWithNames;").text == "x\nFORMAT JSON\n"
    assert ask("SELECT 1 AS format").text == "1\n"
    assert ask("SELECT 1", default_format="JSONCompactEachRow").text == "[1]\n"


def test_a_get_does_not_write(ask):
    answer = ask("CREATE TABLE t (n UInt32) ENGINE = Memory", method="GET")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "164")


def test_parameters_are_bound_by_the_engine(ask):
    answer = ask(
        "SELECT {n:Int32} + 1, {s:String}, {a:Array(String)}, {m:Nullable(String)}, {d:Date}",
        param_n="41",
        param_s="it's; DROP",
        param_a="['x','y']",
        param_m="\\N",
        param_d="2026-01-02",
    )
    assert answer.text == "42\tit\\'s; DROP\t['x','y']\t\\N\t2026-01-02\n"


def test_settings_hold_for_their_query_only(ask):
    assert ask("SELECT getSetting('max_block_size')", max_block_size="123").text == "123\n"
    assert ask("SELECT getSetting('max_block_size')").text != "123\n"


@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_results_are_packed_only_if_asked(clickhouse, ask, packing):
    arguments = {
        "query": "SELECT * FROM numbers(1000)",
        "user": clickhouse.user,
        "password": clickhouse.password,
    }
    packed = httpx.get(
        clickhouse.url,
        params=arguments | {"enable_http_compression": "1"},
        headers={"Accept-Encoding": packing},
        timeout=within(5),
    )
    plain = httpx.get(
        clickhouse.url, params=arguments, headers={"Accept-Encoding": packing}, timeout=within(5)
    )
    assert packed.headers["Content-Encoding"] == packing
    assert "Content-Encoding" not in plain.headers
    assert packed.text == plain.text


def test_an_empty_result_under_compression_is_empty(client):
    assert client.query("SELECT number FROM numbers(0)").result_rows == []
    assert client.query_arrow("SELECT number FROM numbers(0)").num_rows == 0
    assert len(client.query_df("SELECT number FROM numbers(0)")) == 0


# inserts


@pytest.mark.parametrize(
    "statement",
    [
        b"INSERT INTO t VALUES (1, 'a'), (2, 'b;c')",
        b"INSERT INTO t (n, s) VALUES (1, 'a'), (2, 'b;c');",
        b"INSERT INTO t FORMAT CSV\n1,a\n2,b;c\n",
        b'INSERT INTO t FORMAT JSONEachRow {"n":1,"s":"a"}{"n":2,"s":"b;c"}',
        b"INSERT INTO t (n, s) SETTINGS max_threads = 1 FORMAT TSV\n1\ta\n2\tb;c\n",
        b"-- a comment; VALUES\nINSERT INTO TABLE t FORMAT TSV\n1\ta\n2\tb;c\n",
        b"INSERT INTO t SELECT n, s FROM input('n UInt32, s String') FORMAT TSV\n1\ta\n2\tb;c\n",
        b"INSERT INTO t WITH 1 AS one SELECT n + one - 1, s FROM input('n UInt32, s String') FORMAT CSV\n1,a\n2,b;c\n",
        b"INSERT INTO t SELECT number + 1, ['a', 'b;c'][number + 1] FROM numbers(2)",
        b"INSERT INTO t FORMAT RowBinary\n\x01\x00\x00\x00\x01a\x02\x00\x00\x00\x03b;c",
    ],
)
def test_an_insert_with_its_data_in_the_body(ask, statement):
    ask("CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
    answer = ask(statement)
    assert answer.status_code == 200, answer.text
    assert ask("SELECT * FROM t ORDER BY n").text == "1\ta\n2\tb;c\n"
    packed = ask(gzip.compress(statement), packed="gzip")
    assert packed.status_code == 200, packed.text
    assert ask("SELECT count(), uniqExact(n) FROM t").text == "4\t2\n"


def test_an_insert_that_converts_on_the_way(ask):
    ask("CREATE TABLE t (n UInt32, at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY n")
    lines = b"".join(b'{"n":%d,"at_ms":%d}\n' % (n, 1_700_000_000_123 + n) for n in range(100_000))
    sql = "INSERT INTO t SELECT n, fromUnixTimestamp64Milli(at_ms) FROM input('n UInt32, at_ms Int64') FORMAT JSONEachRow"
    answer = ask(sql, body=lines)
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "100000"
    assert (
        ask("SELECT count(), sum(toUnixTimestamp64Milli(at) - 1700000000123 - n) FROM t").text
        == "100000\t0\n"
    )


def test_a_repeated_block_with_its_token_is_written_once(ask):
    ask(
        "CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100"
    )
    block = b"".join(b"%d\n" % n for n in range(100_000))
    for _ in range(3):
        assert (
            ask("INSERT INTO t FORMAT TSV", body=block, insert_deduplication_token="block-1").status_code
            == 200
        )
        sql = "INSERT INTO t SELECT n + 1000000 FROM input('n UInt32') FORMAT TSV"
        assert ask(sql, body=block, insert_deduplication_token="block-2").status_code == 200
    assert ask("SELECT count() FROM t").text == "200000\n"
    ask("INSERT INTO t FORMAT TSV", body=block, insert_deduplication_token="block-3")
    assert ask("SELECT count() FROM t").text == "300000\n"


def test_a_bad_row_leaves_nothing_behind(ask):
    ask("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    answer = ask(
        "INSERT INTO t FORMAT TSV", body=b"".join(b"%d\n" % n for n in range(70_000)) + b"nonsense\n"
    )
    assert answer.status_code == 400
    assert ask("SELECT count() FROM t").text == "0\n"


@pytest.mark.parametrize("form", ["JSONEachRow", "CSV", "Values", "Parquet", "Native", "ArrowStream"])
def test_a_failed_insert_names_no_file_of_the_store(clickhouse, ask, form):
    ask("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    answer = ask(f"INSERT INTO t FORMAT {form}", body=b"no" * 100)
    assert answer.status_code >= 400
    assert [word for word in ("bodies", str(clickhouse.data)) if word in answer.text] == []


@pytest.mark.parametrize(
    ("sql", "place"), [("SELEC 1", 7), ("SELECT 1 FRM x", 14), ("SELECT\n1 FRM x", 14), ("SELECT (1", 8)]
)
def test_a_syntax_error_names_the_place_in_what_was_sent(clickhouse, ask, sql, place):
    by_writer = ask(sql)
    by_reader = httpx.post(
        clickhouse.url, content=sql, auth=(clickhouse.reader, clickhouse.reader_password), timeout=within(30)
    )
    for answer in (by_writer, by_reader):
        assert answer.headers["X-ClickHouse-Exception-Code"] == "62"
        assert f"at position {place}" in answer.text
        assert "/dev/fd" not in answer.text


def test_an_insert_whose_sender_breaks_off_leaves_nothing_behind(clickhouse, ask):
    import http.client

    ask("CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    connection = http.client.HTTPConnection("127.0.0.1", clickhouse.port)
    path = f"/?query=INSERT%20INTO%20t%20FORMAT%20TSV&user={clickhouse.user}&password={clickhouse.password}"
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", "1000000")
    connection.endheaders(b"1\n" * 1000)
    connection.close()
    assert ask("SELECT count() FROM t").text == "0\n"


# sessions and tables that come along


def test_a_session_keeps_temporary_tables_and_settings(ask):
    ask("CREATE TEMPORARY TABLE mine (n UInt32)", session_id="one")
    ask("INSERT INTO mine VALUES (1), (2)", session_id="one")
    ask("SET max_block_size = 77", session_id="one")
    assert ask("SELECT count() FROM mine", session_id="one", max_threads="1").text == "2\n"
    assert ask("SELECT getSetting('max_block_size')", session_id="one", max_block_size="5").text == "5\n"
    assert ask("SELECT getSetting('max_block_size')", session_id="one").text == "77\n"
    assert ask("SELECT count() FROM mine", session_id="two").status_code == 404
    assert (
        ask("SELECT 1", session_id="unheard", session_check="1").headers["X-ClickHouse-Exception-Code"]
        == "372"
    )


def test_a_busy_session_answers_that_it_is_busy(ask):
    ask("SET max_threads = 1", session_id="busy")

    def take_long() -> None:
        while (
            ask("SELECT sleep(2)", session_id="busy").status_code != 200
        ):  # rejected while the other one asks
            pass

    slow = threading.Thread(target=take_long)
    slow.start()
    codes = set()
    deadline = time.monotonic() + within(10)
    while "373" not in codes and time.monotonic() < deadline:
        codes.add(ask("SELECT 1", session_id="busy").headers.get("X-ClickHouse-Exception-Code"))
    slow.join()
    assert "373" in codes
    assert ask("SELECT 1", session_id="busy").text == "1\n"


def test_external_tables_come_with_the_query(clickhouse, client):
    data = ExternalData(
        file_name="wanted", data=b"1\tone\n3\tthree\n", fmt="TSV", structure=["n UInt32", "s String"]
    )
    rows = client.query(
        "SELECT number, s FROM numbers(5) AS five JOIN wanted ON number = n ORDER BY n", external_data=data
    ).result_rows
    assert rows == [(1, "one"), (3, "three")]
    reader = clickhouse.read_client()
    assert reader.query("SELECT count() FROM wanted", external_data=data).result_rows == [(2,)]
    types = ["UInt8", "Enum8('a' = -1, 'b' = 2)", "DateTime64(3, 'UTC')", "Decimal(10, 2)"]
    typed = ExternalData(
        file_name="typed", data=b"1,a,2026-01-02 03:04:05.678,1.50\n", fmt="CSV", types=types
    )
    assert reader.query(
        "SELECT _1, toString(_2), toString(_4) FROM typed", external_data=typed
    ).result_rows == [(1, "a", "1.5")]


# clickhouse-connect


def test_the_client_reads_every_way(client):
    assert client.query(
        "SELECT {a:Int32} AS a, {b:String} AS b", parameters={"a": 3, "b": "x'y"}
    ).result_rows == [(3, "x'y")]
    assert client.query("SELECT %(a)s + 1", parameters={"a": 3}).result_rows == [(4,)]
    assert client.command("SELECT 42") == 42
    assert client.query_np("SELECT number FROM numbers(3)").tolist() == [[0], [1], [2]]
    assert client.query_df("SELECT number AS n FROM numbers(3)")["n"].tolist() == [0, 1, 2]
    assert client.query_arrow("SELECT number AS n FROM numbers(3)").column("n").to_pylist() == [0, 1, 2]
    assert client.raw_query("SELECT 1 AS x", fmt="JSONEachRow") == b'{"x":1}\n'
    assert client.query(
        "SELECT getSetting('max_block_size')", settings={"max_block_size": 99}
    ).result_rows == [(99,)]
    assert client.ping()


@pytest.mark.parametrize("compression", [False, "lz4", "zstd", "gzip"])
def test_large_results_are_streamed(clickhouse, compression):
    client = clickhouse.client(compress=compression)
    total, blocks = 0, 0
    with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(1000000)") as stream:
        for block in stream:
            total += len(block)
            blocks += 1
    assert total == 1_000_000
    assert blocks > 5


def test_a_failure_in_the_middle_of_a_stream_reaches_the_client(client):
    with pytest.raises(DatabaseError, match="395"):
        client.query("SELECT throwIf(number = 5000000, 'planted'), toString(number) FROM numbers(6000000)")


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_broken_result_never_looks_whole(clickhouse, compression):
    arguments = {
        "query": "SELECT throwIf(number = 5000000), toString(cityHash64(number)) FROM numbers(6000000)",
        "user": clickhouse.user,
    }
    arguments |= {"password": clickhouse.password, "enable_http_compression": "1"}
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(
            clickhouse.url, params=arguments, headers={"Accept-Encoding": compression}, timeout=within(60)
        )


def test_waiting_for_the_end_shows_the_failure_by_status(ask):
    sql = "SELECT throwIf(number = 500000), toString(number) FROM numbers(600000) SETTINGS max_block_size = 1000"
    assert ask(sql, wait_end_of_query="1").status_code == 500


async def test_the_asynchronous_client_reads_and_writes(clickhouse, fresh_database):
    client = await clickhouse_connect.get_async_client(
        host="127.0.0.1",
        port=clickhouse.port,
        username=clickhouse.user,
        password=clickhouse.password,
        database=fresh_database,
        autogenerate_session_id=False,
    )
    try:
        await client.command("CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
        summary = await client.insert("t", [[n, str(n)] for n in range(70_000)], column_names=["n", "s"])
        assert summary.written_rows == 70_000
        answers = await asyncio.gather(
            *(client.query("SELECT {m:UInt32} + count() FROM t", parameters={"m": m}) for m in range(40))
        )
        assert [answer.result_rows[0][0] for answer in answers] == [m + 70_000 for m in range(40)]
        rows = 0
        async with await client.query_rows_stream("SELECT n FROM t") as stream:
            async for _ in stream:
                rows += 1
        assert rows == 70_000
        with pytest.raises(DatabaseError, match="60"):
            await client.query("SELECT * FROM nowhere")
    finally:
        await client.close()


def test_the_reader_connects_with_the_ordinary_client(clickhouse):
    reader = clickhouse.read_client()
    assert reader.query("SELECT 1").result_rows == [(1,)]
    with pytest.raises(DatabaseError, match="READONLY"):
        reader.command("CREATE TABLE t (n UInt8) ENGINE = Memory")


def test_what_cannot_be_had_here_is_said(ask):
    assert ask("SELECT 1", packed="nonsense").status_code == 400


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t FORMAT Values",
        "INSERT INTO t (a) SETTINGS max_insert_threads = 1 VALUES",
        "insert into t format values",
    ],
)
def test_a_large_insert_of_values_lands_whole(ask, statement: str):
    ask("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
    rows = ",".join(f"({number})" for number in range(200_000))
    assert len(rows) > 1 << 20
    answer = ask(f"{statement} {rows}".encode())
    assert answer.status_code == 200, answer.text
    assert ask("SELECT count(), sum(a) FROM t").text == f"200000\t{199_999 * 100_000}\n"
