"""The store as a process: many at once, limits, stop, kill, a second one on the same folder, an orphan."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import clickhouse_connect
import httpx
import pytest

from streams.instance.files import read_states
from tests.deadlines import eventually, within
from tests.places import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these tests read /proc")


def post(
    store, sql: str, user: str = "", password: str = "", body: bytes | None = None, **arguments: str
) -> httpx.Response:
    params = arguments if body is None else {**arguments, "query": sql}
    return httpx.post(
        store.url,
        params=params,
        content=body or sql,
        auth=(user or store.user, password or store.password),
        timeout=within(60),
    )


def test_connections_that_ask_nothing_took_the_store_s_last_file(launch_store):
    store = launch_store(within_command=["sh", "-c", 'ulimit -n 700; exec "$@"', "sh"])
    with ExitStack() as stack:
        for number in range(1000):  # half of them have begun to say what they want
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", store.port)))
            silent.sendall(b"POST / HTTP/1.1\r\nX-Half: " * (number % 2))
        assert post(store, "SELECT 1").text == "1\n"
        assert len(os.listdir(f"/proc/{store.pid}/fd")) < 700
    assert store.process.poll() is None


def test_readers_and_writers_at_once_lose_and_mix_nothing(clickhouse, fresh_database):
    clickhouse.client(fresh_database).command(
        "CREATE TABLE t (who UInt32, n UInt32) ENGINE = MergeTree ORDER BY (who, n)"
    )
    batches, rows = 8, 5_000

    def write(who: int) -> int:
        client = clickhouse.client(fresh_database)
        return sum(
            client.insert(
                "t", [[who, batch * rows + n] for n in range(rows)], column_names=["who", "n"]
            ).written_rows
            for batch in range(batches)
        )

    def read(who: int) -> int:
        reader, writer = clickhouse.read_client(fresh_database), clickhouse.client(fresh_database)
        wrong = 0
        for turn in range(60):
            sql = "SELECT {m:UInt32}, {s:String}, count() >= 0 FROM t"
            answer = reader.query(sql, parameters={"m": turn, "s": f"{who}"}).result_rows[0]
            wrong += answer != (turn, f"{who}", 1)
            sql = "SELECT getSetting('max_block_size')"
            wrong += writer.query(sql, settings={"max_block_size": 1000 + who}).result_rows != [(1000 + who,)]
        return wrong

    with ThreadPoolExecutor(10) as pool:
        writing = [pool.submit(write, who) for who in range(4)]
        reading = [pool.submit(read, who) for who in range(6)]
        assert [task.result() for task in writing] == [batches * rows] * 4
        assert [task.result() for task in reading] == [0] * 6
    counted = clickhouse.client(fresh_database).query(
        "SELECT who, count(), uniqExact(n) FROM t GROUP BY who ORDER BY who"
    )
    assert counted.result_rows == [(who, batches * rows, batches * rows) for who in range(4)]


def test_more_queries_than_may_wait_are_asked_to_come_again(launch_store):
    store = launch_store("--threads", "1", "--waiting", "2")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: post(store, "SELECT sleep(0.5)"), range(12)))
    rejected = [answer for answer in answers if answer.status_code == 429]
    assert rejected
    assert {answer.headers["X-ClickHouse-Exception-Code"] for answer in rejected} == {"202"}
    assert "Too many simultaneous queries" in rejected[0].text
    assert sum(answer.status_code == 200 for answer in answers) == 12 - len(rejected) >= 3
    assert post(store, "SELECT 1").text == "1\n"


def test_slow_readers_do_not_hold_up_the_writer(launch_store):
    store = launch_store("--threads", "1", "--waiting", "5", "--reader-query-s", "2")
    endless = "SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) = 1"
    with ThreadPoolExecutor(3) as pool:
        slow = [pool.submit(post, store, endless, store.reader, store.reader_password) for _ in range(2)]
        assert post(store, "SELECT 1").text == "1\n"
        answers = [task.result() for task in slow]
    assert {answer.headers["X-ClickHouse-Exception-Code"] for answer in answers} == {"159"}
    assert {answer.status_code for answer in answers} == {408}


def test_a_body_over_the_limit_is_rejected(launch_store):
    store = launch_store("--body-bytes", "1000000")
    post(store, "CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    assert post(store, "INSERT INTO t FORMAT TSV", body=b"1\n" * 400_000).status_code == 200
    answer = post(store, "INSERT INTO t FORMAT TSV", body=b"1\n" * 600_000)
    assert answer.status_code == 413
    assert post(store, "SELECT count() FROM t").text == "400000\n"
    assert list((store.data / "clickhouse" / "bodies").iterdir()) == []


def test_a_query_whose_client_has_gone_is_stopped(clickhouse):
    sql = "SELECT number, 'left behind' FROM numbers(1000000000000)"
    arguments = {"query": sql, "user": clickhouse.user, "password": clickhouse.password}

    def running() -> int:
        counting = "SELECT count() FROM system.processes WHERE query LIKE '%left behind%' AND query NOT LIKE '%processes%'"
        found = post(clickhouse, counting)
        return int(found.text)

    with httpx.stream("GET", clickhouse.url, params=arguments, timeout=within(30)) as answer:
        chunks = answer.iter_raw()
        assert len(next(chunks)) > 0
        assert running() == 1
        chunks.close()
    eventually(lambda: running() == 0)


@pytest.mark.parametrize(
    ("rows", "block", "bound"),
    [
        pytest.param(400_000, 8_192, 200_000_000, id="400 MB"),
        pytest.param(2_500_000, 65_536, 1_250_000_000, id="2.5 GB", marks=pytest.mark.long),
    ],
)
def test_a_long_stream_does_not_grow_the_store(launch_store, rows: int, block: int, bound: int):
    store = launch_store()

    def resident() -> int:
        pages = int(Path(f"/proc/{store.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    arguments = {"user": store.user, "password": store.password}
    arguments["max_block_size"] = str(block)
    arguments["query"] = f"SELECT repeat('x', 1000) FROM numbers({rows}) FORMAT RowBinary"
    before, most, total = resident(), 0, 0
    with httpx.stream("GET", store.url, params=arguments, timeout=within(60)) as answer:
        for chunk in answer.iter_raw():
            total += len(chunk)
            most = max(most, resident() if total % 50 == 0 else 0)
    assert total == rows * 1002
    assert max(most, resident()) - before < bound  # blocks of rows of 1 kB, a few at a time


def test_it_says_where_it_listens_and_takes_its_word_back(launch_store):
    store = launch_store()
    eventually(lambda: [state.state for state in read_states(store.data)] == ["ready"])
    state = read_states(store.data)[0]
    assert (state.name, state.addresses["http"], state.pid) == ("store", store.url, store.process.pid)
    store.process.send_signal(signal.SIGTERM)
    assert store.process.wait(within(15)) == 0
    assert read_states(store.data) == []


def test_a_stop_lets_running_queries_end(launch_store):
    store = launch_store()
    post(store, "CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(
            post,
            store,
            "INSERT INTO t SELECT sleep(0.5) + number FROM numbers(3) SETTINGS max_block_size = 1",
        )
        eventually(
            lambda: (
                "1" in post(store, "SELECT count() FROM system.processes WHERE query_kind = 'Insert'").text
            )
        )
        store.process.send_signal(signal.SIGTERM)
        assert slow.result().status_code == 200
    assert store.process.wait(within(15)) == 0
    again = launch_store(data=store.data)
    assert post(again, "SELECT count() FROM t").text == "3\n"


def test_what_was_acknowledged_survives_a_kill(launch_store):
    store = launch_store()
    post(store, "CREATE TABLE t (n UInt32) ENGINE = MergeTree ORDER BY n")
    acknowledged = 0
    stop = threading.Event()

    def write() -> None:
        nonlocal acknowledged
        client = clickhouse_connect.get_client(
            host="127.0.0.1",
            port=store.port,
            username=store.user,
            password=store.password,
            database="funnelwatch",
        )
        while not stop.is_set():
            try:
                client.insert("t", [[n] for n in range(10_000)], column_names=["n"])
            except Exception:
                return
            acknowledged += 1

    writer = threading.Thread(target=write)
    writer.start()
    eventually(lambda: acknowledged >= 10)
    store.process.kill()
    stop.set()
    store.process.wait(within(10))
    again = launch_store(data=store.data)
    writer.join(within(20))
    count = int(post(again, "SELECT count() FROM t").text)
    assert count % 10_000 == 0
    assert acknowledged * 10_000 <= count <= (acknowledged + 1) * 10_000


def test_a_second_store_on_the_folder_fails(launch_store):
    store = launch_store()
    second = subprocess.run(
        [sys.executable, "-m", "streams.embedded.store", "--data", str(store.data), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=within(30),
        cwd=ROOT,
    )
    assert second.returncode == 73
    assert "in use by another store" in second.stderr
    assert str(store.process.pid) in second.stderr
    assert post(store, "SELECT 1").text == "1\n"


def test_it_ends_with_the_process_that_started_it(tmp_path):
    parent = (
        "import subprocess, sys, os, signal;"
        f"child = subprocess.Popen([sys.executable, '-m', 'streams.embedded.store', '--data', {str(tmp_path)!r}], stdout=subprocess.PIPE);"
        "child.stdout.readline(); print(child.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", parent],
        capture_output=True,
        text=True,
        timeout=within(60),
        cwd=ROOT,
    )
    child = int(ended.stdout)

    def gone() -> bool:
        try:
            return Path(f"/proc/{child}/stat").read_text().split()[2] == "Z"
        except FileNotFoundError:
            return True

    eventually(gone)


def test_passwords_are_made_when_none_are_given(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FUNNELWATCH_")}
    with subprocess.Popen(
        [sys.executable, "-m", "streams.embedded.store", "--data", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split("ready at ")[1].split(",")[0]
        writer, reader = (
            (tmp_path / "secrets" / f"clickhouse_{name}password").read_text() for name in ("", "reader_")
        )
        assert (
            httpx.get(url, params={"query": "SELECT 1"}, auth=("funnelwatch", writer), timeout=within(5)).text
            == "1\n"
        )
        assert (
            httpx.get(
                url, params={"query": "SELECT 1"}, auth=("funnelwatch_reader", reader), timeout=within(5)
            ).text
            == "1\n"
        )
        assert (tmp_path / "secrets" / "clickhouse_password").stat().st_mode & 0o077 == 0
        process.terminate()


def test_the_caches_of_the_embedded_engine_are_bounded(clickhouse):
    answer = clickhouse.client().query(
        "SELECT sum(toUInt64(value)), count() FROM system.server_settings WHERE name IN ('mark_cache_size', "
        "'primary_index_cache_size', 'index_mark_cache_size', 'query_condition_cache_size', 'compiled_expression_cache_size')"
    )
    ((size, count),) = answer.result_rows
    assert count == 5
    assert size < 500_000_000


def test_a_configuration_file_in_the_working_folder_changes_nothing(tmp_path):
    (tmp_path / "config.xml").write_text(
        "<clickhouse><users_config>/nowhere/users.xml</users_config></clickhouse>"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FUNNELWATCH_CLICKHOUSE_PASSWORD": "x",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "streams.embedded.store", "--data", "data"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split("ready at ")[1].split(",")[0]
        answer = httpx.get(
            url,
            params={"query": "SELECT currentRoles() FORMAT JSONCompactEachRow"},
            auth=("funnelwatch", "x"),
            timeout=within(5),
        )
        assert json.loads(answer.text) == [["writing"]]
        process.terminate()


@pytest.mark.parametrize("sent", ["in the body", "in the address"])
def test_the_rows_of_a_large_insert_were_read_whole_and_written_again(launch_store, sent: str):
    store = launch_store()
    client = store.client()
    client.command("CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    statement = (
        "/* FORMAT CSV */ INSERT INTO t SELECT a, b FROM input('a UInt64, b String') FORMAT JSONEachRow"
    )
    rows = "".join(f'{{"a":{number},"b":"{"x" * 90}"}}\n' for number in range(60_000)).encode()
    before = _written_bytes(store.pid)
    answer = httpx.post(
        store.url,
        params={"query": statement, "database": "funnelwatch"}
        if sent == "in the address"
        else {"database": "funnelwatch"},
        content=rows if sent == "in the address" else statement.encode() + b"\n" + rows,
        auth=(store.user, store.password),
        timeout=within(60),
    )
    assert answer.status_code == 200, answer.text
    assert _written_bytes(store.pid) - before < 1.5 * len(rows)
    assert client.query("SELECT count(), sum(a), sum(length(b)) FROM t").result_rows == [
        (60_000, 59_999 * 30_000, 90 * 60_000)
    ]


def _written_bytes(pid: int) -> int:
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(lines["wchar"])
