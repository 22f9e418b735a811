"""The embedded store over HTTP as a hostile reader and a clumsy writer use it: always an answer, never what is not the reader's.

A store of its own, for a request may end it; then the target fails with that request.
"""

from __future__ import annotations

import http.client
import random
from base64 import b64encode
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from streams.embedded.store.blocks import pack
from tests.deadlines import within
from tests.fixtures.clickhouse import Store
from tests.fuzz.running import SEED, Figures, mutate

STATUSES = {200, 400, 401, 403, 404, 408, 413, 429, 431, 500, 501}
#: is in a table and in a file that are not the reader's
HIDDEN = b"hidden-from-readers"
READS = (
    b"SELECT count() FROM orders",
    b"SELECT id, groupArray(x) OVER (ORDER BY id) FROM orders FORMAT Native SETTINGS max_threads = 1",
    b"WITH t AS (SELECT * FROM numbers(9)) SELECT toNullable(number), [number], map('a', number) FROM t FORMAT JSON",
    b"SELECT * FROM file('canary.txt', 'LineAsString')",
    b"SELECT * FROM hidden_raw",
    b"SELECT * FROM url('http://127.0.0.1/', 'RawBLOB') UNION ALL SELECT * FROM executable('x', 'TSV', 'a String')",
    b"EXPLAIN AST SELECT 1; SHOW TABLES",
    b"SELECT getSetting('max_threads'), x FROM system.settings LIMIT 3 FORMAT Null INTO OUTFILE 'out.txt'",
    b"SELECT * FROM merge('funnelwatch', '.*') SETTINGS additional_table_filters = {'orders': '1'}",
    b"CREATE TABLE x (a UInt8) ENGINE = Memory",
    b"SELECT * FROM generateRandom('a Array(LowCardinality(Nullable(String))), b Tuple(x Int8, y Map(String, UUID))', 1) LIMIT 3",
)  # fmt: skip
#: what each request says besides, drawn by its bytes
ARGUMENTS: tuple[dict[str, str], ...] = (
    {},
    {"compress": "1"},
    {"client_protocol_version": "54460", "default_format": "Native"},
    {"client_protocol_version": "54460", "default_format": "Native", "compress": "1"},
    {"enable_http_compression": "1"},
    {"default_format": "JSONCompact", "wait_end_of_query": "1"},
    {"session_id": "s", "session_timeout": "3"},
    {"max_threads": "2", "limit": "3", "offset": "1"},
    {"output_format_schema": "/tmp/x", "param_a": "1"},
    {"additional_table_filters": "{'orders': 'x = 1'}"},
    {"database": "system"},
    {"decompress": "1"},
)


class Asker:
    """Asks one store, over one connection while that lasts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, body: bytes, arguments: dict[str, str], is_writer: bool = False) -> tuple[int, str, bytes]:
        """Status, code of the error and body of the answer."""
        store = self._store
        user, password = (store.user, store.password) if is_writer else (store.reader, store.reader_password)
        headers = {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}
        if "enable_http_compression" in arguments:
            headers["Accept-Encoding"] = "gzip"
        for last in (False, True):
            try:
                self._connection = self._connection or http.client.HTTPConnection(
                    "127.0.0.1", store.port, timeout=within(60)
                )
                self._connection.request("POST", "/?" + urlencode(arguments), body, headers)
                answer = self._connection.getresponse()
                return answer.status, answer.headers.get("X-ClickHouse-Exception-Code", ""), answer.read()
            except http.client.IncompleteRead as cut:
                self._connection = None
                return 200, "cut", cut.partial  # an error in the middle of a result
            except (http.client.HTTPException, OSError):
                self._connection = None
                assert store.process.poll() is None, "the store has ended"
                if last:
                    raise
        raise AssertionError("unreachable")


@pytest.fixture
def store(launch_store: Callable[..., Store]) -> Iterator[Store]:
    one = launch_store("--reader-query-s", "2", "--query-s", "5")
    writer = Asker(one)
    for sql in (
        b"CREATE TABLE hidden_raw (a String) ENGINE = MergeTree ORDER BY a",
        b"INSERT INTO hidden_raw VALUES ('" + HIDDEN + b"')",
        b"CREATE TABLE orders (id UInt32, x String) ENGINE = MergeTree ORDER BY id",
        b"INSERT INTO orders SELECT number, toString(number) FROM numbers(1000)",
    ):
        assert writer.ask(sql, {}, is_writer=True)[0] == 200
    for folder in ("clickhouse", "clickhouse/engine/user_files"):
        (one.data / folder).mkdir(parents=True, exist_ok=True)
        (one.data / folder / "canary.txt").write_bytes(HIDDEN)
    yield one
    assert Asker(one).ask(b"SELECT count() FROM orders", {})[2] == b"1000\n"


def names(folder: Path) -> set[str]:
    """Files that are not data of a table."""
    return {
        path.name
        for path in folder.rglob("*")
        if path.suffix in (".txt", ".sql", ".proto", ".xml", ".csv", ".tsv")
    }


def test_a_reader_gets_an_answer_and_nothing_that_is_not_hers(store: Store) -> None:
    asker, before = Asker(store), names(store.data)

    def look(sql: bytes, figures: Figures) -> Hashable:
        arguments = ARGUMENTS[sum(sql) % len(ARGUMENTS)]
        body = pack(sql) if "decompress" in arguments and len(sql) % 4 else sql
        status, code, answer = asker.ask(body, arguments)
        assert status in STATUSES, answer[:300]
        assert (status == 200) != (code not in ("", "cut")), (status, code)
        assert HIDDEN not in answer or HIDDEN in sql, answer[:300]
        return status, code, arguments.get("default_format")

    mutate("store, reader", READS, look)
    assert names(store.data) == before
    tables = Asker(store).ask(b"SHOW TABLES", {}, is_writer=True)[2]
    assert tables.split() == [b"hidden_raw", b"orders"]


def test_whatever_a_writer_inserts_is_answered(store: Store) -> None:
    asker, chance = Asker(store), random.Random(SEED)
    made = "CREATE TABLE t (n UInt32, s String, l LowCardinality(Nullable(String)), a Array(Float64)) ENGINE = Memory"
    assert asker.ask(made.encode(), {}, is_writer=True)[0] == 200
    rows = b"SELECT toUInt32(number) AS n, 'x' AS s, 'l'::LowCardinality(Nullable(String)) AS l, [1.5] AS a FROM numbers(40)"
    seeds = {
        form: asker.ask(rows + b" FORMAT " + form.encode(), {}, is_writer=True)[2]
        for form in ("Native", "RowBinary", "JSONEachRow", "TSV", "Parquet")
    }

    def look_as(form: str) -> Callable[[bytes, Figures], Hashable]:
        def look(data: bytes, figures: Figures) -> Hashable:
            arguments = {"query": f"INSERT INTO t FORMAT {form}"}
            in_blocks = chance.random() < 0.5
            arguments |= {"decompress": "1"} if in_blocks else {}
            status, code, answer = asker.ask(pack(data) if in_blocks else data, arguments, is_writer=True)
            assert status in STATUSES, answer[:300]
            return status, code

        return look

    for form, seed in seeds.items():
        mutate(f"store, {form}", (seed,), look_as(form), 1 / len(seeds))
        asker.ask(b"TRUNCATE TABLE t", {}, is_writer=True)
