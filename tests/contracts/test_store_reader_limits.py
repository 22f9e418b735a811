"""What a reader may set, and that its heavy queries cost nobody else an answer."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from streams.embedded.store.access import USERS_XML
from streams.embedded.store.errors import StoreError
from streams.embedded.store.reader_settings import (
    MAX_STATEMENT_BYTES,
    OPEN_SETTINGS,
    SHARING_SETTINGS,
    UNTOUCHABLE,
    check_setting,
)
from tests.deadlines import within

_OUTSIDE = re.compile(
    r"path|url|uri|schema|script|dir(ectory)?(_|$)|file(_|$)|template|host|endpoint|zookeeper"
)
_SWITCHES = re.compile(
    r"^(allow|enable|readonly|use|input|insert|format|s3|hdfs|azure|engine|http|max_memory)_?"
)


def ask(store, sql: str, user: str = "reader", **arguments: str) -> httpx.Response:
    return httpx.post(
        store.url,
        params=arguments,
        content=sql,
        auth=(getattr(store, user), getattr(store, f"{user}_password")),
        timeout=within(60),
    )


@pytest.fixture(scope="module")
def known(clickhouse) -> dict[str, tuple[str, str]]:
    """The engine's settings: type and whether it refuses to change them, by name."""
    rows = clickhouse.client().query("SELECT name, type, toString(readonly) FROM system.settings").result_rows
    return {name: (kind, constant) for name, kind, constant in rows}


def test_no_setting_that_names_a_file_an_address_or_a_schema_is_open(known):
    for name in (OPEN_SETTINGS - SHARING_SETTINGS) & set(known):  # those the engine never gets
        assert not _OUTSIDE.search(name), name
        assert not _SWITCHES.search(name), name
        assert known[name][0] != "URI", name


def test_every_open_setting_is_one_of_the_engines(known):
    assert OPEN_SETTINGS - set(known) == set()


def test_every_setting_of_the_engine_that_is_not_listed_is_rejected(known):
    rejected = 0
    for name in set(known) - OPEN_SETTINGS:
        with pytest.raises(StoreError):
            check_setting(name, "1")
        rejected += 1
    assert rejected > 1000


def test_what_reaches_outside_is_constant_in_the_engine_itself(known):
    reaching = {
        name
        for name, (kind, _) in known.items()
        if kind == "URI"
        or (
            kind == "String"
            and re.search(r"_path$|^url_base|schema(_message_name)?$|template_(row|resultset)$", name)
        )
    }
    assert reaching - {"temporary_files_codec"} <= set(UNTOUCHABLE)
    assert {name for name in UNTOUCHABLE if known[name][1] != "1"} == set()
    assert all(f"<{name}><const/>" in USERS_XML for name in UNTOUCHABLE)


@pytest.mark.parametrize("name", ["output_format_schema", "format_schema", "rename_files_after_processing"])
@pytest.mark.parametrize("form", ["Protobuf", "CapnProto"])
@pytest.mark.parametrize("user", ["reader", "user"])
def test_no_query_writes_a_schema_file(clickhouse, tmp_path: Path, name, form, user):
    target = tmp_path / "made.proto"
    store = clickhouse
    password = store.reader_password if user == "reader" else store.password
    for path in (str(target), "made_relative.proto"):
        for statement in (
            f"SELECT 1 AS x FORMAT {form}",
            f"SELECT 1 AS x SETTINGS {name} = '{path}' FORMAT {form}",
        ):
            for method in ("GET", "POST"):
                answer = httpx.request(
                    method,
                    store.url,
                    params={"query": statement} | ({} if "SETTINGS" in statement else {name: path}),
                    auth=(getattr(store, user), password),
                    timeout=within(30),
                )
                assert answer.status_code >= 400, answer.text
    assert not target.exists()
    assert not list(store.data.rglob("made_relative.proto"))


@pytest.mark.parametrize(
    ("sql", "arguments"),
    [
        ("SELECT 1", {"session_timezone": "/etc/passwd"}),
        ("SELECT 1", {"session_timezone": "../../etc/passwd"}),
        ("SELECT 1", {"role": "writing"}),
        ("SELECT 1 SETTINGS max_threads = 1 UNION ALL SELECT 1 SETTINGS readonly = 0", {}),
        ("SELECT * FROM (SELECT 1 SETTINGS max_threads = 1)", {}),
        ("SELECT 1 SETTINGS readonly = 0 FORMAT TSV", {}),
        ("SELECT 1 FORMAT TSV SETTINGS readonly = 0", {}),
        ("SELECT 1 SETTINGS max_threads = 1 FORMAT TSV SETTINGS max_memory_usage = 0", {}),
        ("SELECT 1 SETTINGS limit = 1; DROP TABLE x", {}),
        ("SELECT 1 SETTINGS limit = (SELECT 1)", {}),
        ("SELECT 1", {"additional_table_filters": "{'funnelwatch.t':'length(file(\\'/etc/passwd\\')) > 1'}"}),
        (
            "SELECT 1",
            {"additional_table_filters": "{'funnelwatch.t':'1 IN (SELECT 1 FROM system.processes)'}"},
        ),
        ("SELECT 1", {"additional_table_filters": "{'funnelwatch.events_raw':'1'}"}),
        ("SELECT 1", {"additional_table_filters": "{'system.processes':'1'}"}),
        ("SELECT 1", {"additional_table_filters": "{'t':'1) UNION ALL (SELECT file(\\'/etc/passwd\\')'}"}),
        (
            "SELECT name FROM system.tables",
            {"additional_table_filters": "{'system.tables':'1) OR (1'}"},  # closed the bracket put around it
        ),
        ("SELECT 1", {"additional_table_filters": "map('a', file('/etc/passwd'))"}),
        ("SELECT 1 SETTINGS additional_table_filters = {'funnelwatch.t': 'file(1) = 1'}", {}),
    ],
)
def test_a_setting_does_not_get_round_the_limits(clickhouse, sql, arguments):
    answer = ask(clickhouse, sql, **arguments)
    assert answer.status_code >= 400, answer.text
    assert "root:x:0" not in answer.text


@pytest.fixture
def numbers(clickhouse):
    client = clickhouse.client()
    client.command("CREATE OR REPLACE TABLE funnelwatch.shown (n UInt32) ENGINE = MergeTree ORDER BY n")
    client.command("INSERT INTO funnelwatch.shown SELECT number FROM numbers(10)")
    yield clickhouse
    client.command("DROP TABLE funnelwatch.shown")


def test_what_grafana_sends_with_its_queries_is_taken(numbers):
    assert ask(numbers, "SELECT n FROM shown ORDER BY n", limit="2", offset="3").text == "3\n4\n"
    filtered = "SELECT sum(n) FROM shown SETTINGS additional_table_filters = {'funnelwatch.shown': 'n > 7'}"
    assert ask(numbers, filtered).text == "17\n"
    assert ask(numbers, f"{filtered} FORMAT JSONEachRow").json() == {"sum(n)": 17}
    assert ask(numbers, "SELECT 1 FORMAT TSV SETTINGS max_threads = 1, limit = 5").text == "1\n"
    assert ask(numbers, "SELECT 1", add_http_cors_header="1").text == "1\n"


def test_a_reader_may_name_a_catalogs_column_in_full(clickhouse):
    assert ask(clickhouse, "SELECT count(system.tables.name) FROM system.tables").status_code == 200
    assert (
        ask(clickhouse, "SELECT `system`.`columns`.`table` FROM `system`.`columns` LIMIT 1").status_code
        == 200
    )
    assert ask(clickhouse, "SELECT system.processes.query FROM system.processes").status_code == 403


def test_a_readers_slip_of_the_pen_is_a_syntax_error(clickhouse):
    assert ask(clickhouse, "SELEC 1").headers["X-ClickHouse-Exception-Code"] == "62"


def test_a_long_statement_of_a_reader_is_rejected_before_it_is_read(clickhouse):
    long = "SELECT 1" + ",1" * 500_000
    began = time.monotonic()
    answer = ask(clickhouse, long)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "62")
    assert time.monotonic() - began < within(2)
    assert str(MAX_STATEMENT_BYTES) in answer.text


def test_a_long_statement_of_the_writer_does_not_stop_others(launch_store):
    """A statement is read off the event loop: a ping meanwhile is answered."""
    store = launch_store()
    done = threading.Event()

    def heavy() -> None:
        httpx.post(
            store.url,
            params={"max_query_size": "16000000"},
            content="SELECT 1" + ",1" * 500_000,
            auth=(store.user, store.password),
            timeout=within(60),
        )
        done.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(heavy)
        slowest = 0.0
        while not done.is_set():
            began = time.monotonic()
            httpx.get(f"{store.url}/ping", timeout=within(10))
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < within(1)


def test_slow_readers_make_neither_roles_nor_the_writer_wait(launch_store):
    store = launch_store("--reader-query-s", "20")
    roles_password = (store.data / "secrets" / "clickhouse_roles_password").read_text()
    slow = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(ask, store, slow) for _ in range(8)]
        time.sleep(1)
        for user, password in (("funnelwatch_roles", roles_password), (store.user, store.password)):
            began = time.monotonic()
            answer = httpx.post(
                store.url,
                content="SELECT count() FROM numbers(1000)",
                auth=(user, password),
                timeout=within(15),
            )
            assert answer.text == "1000\n"
            assert time.monotonic() - began < within(5)
        assert not any(one.done() for one in running)
        store.process.kill()  # in order it would let them work on for seconds


def test_the_roles_read_as_strictly_as_people(launch_store, tmp_path):
    store = launch_store(data=tmp_path / "数据 übung, 50% & more")
    roles = ("funnelwatch_roles", (store.data / "secrets" / "clickhouse_roles_password").read_text())
    for sql in (
        "SELECT file('/etc/passwd')",
        "CREATE TABLE t (n UInt8) ENGINE = Memory",
        "SELECT * FROM system.users",
    ):
        assert httpx.post(store.url, content=sql, auth=roles, timeout=within(15)).status_code == 403


def test_a_form_without_a_boundary_is_an_error_of_the_client(clickhouse):
    answer = httpx.post(
        clickhouse.url,
        content=b"x",
        headers={"Content-Type": "multipart/form-data"},
        auth=(clickhouse.reader, clickhouse.reader_password),
        timeout=within(5),
    )
    assert answer.status_code == 400
