"""The commands that read ClickHouse, run as a person runs them, on the real engine."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from streams.cli import reconcile, sql
from streams.clickhouse.literals import literal
from streams.clock import now_ms
from streams.instance.files import Instance, write_instance
from tests.places import ROOT

MINUTE_S = 1_717_200_000
Run = Callable[..., Result]


@pytest.fixture
async def run(clickhouse: Any, ready_database: str, tmp_path: Path) -> Run:
    write_instance(tmp_path, Instance(1, now_ms(), "127.0.0.1:1", clickhouse.url, "", "", "", ()))
    for name, value in (
        ("clickhouse_password", clickhouse.password),
        ("clickhouse_reader_password", clickhouse.reader_password),
    ):
        (tmp_path / "secrets").mkdir(exist_ok=True)
        (tmp_path / "secrets" / name).write_text(value)

    app = typer.Typer()
    sql.register(app)
    reconcile.register(app)
    environment = {"FUNNELWATCH_CLICKHOUSE_DATABASE": ready_database}

    def command(*arguments: str, text: str = "") -> Result:
        return CliRunner().invoke(app, [*arguments, "--data", str(tmp_path)], input=text, env=environment)

    return command


def test_json_gives_one_object_a_row(run: Run) -> None:
    done = run(
        "sql", "--json", "--param", "most=3", "select number as n, 'ü' as t from numbers({most:UInt8});"
    )
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"n": n, "t": "ü"} for n in range(3)]
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_table_is_what_a_person_gets(run: Run) -> None:
    done = run("sql", "--file", "-", text="select 'x' as name, 42 as answer, null as nothing")
    assert all(word in done.stdout for word in ("name", "answer", "nothing", "x", "42", "–"))
    assert "1 row" in done.stderr


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("select 1 as a, 'x' as b FORMAT TSV", "1\tx\n"),
        ("select 1 as a format JSONEachRow settings max_threads = 1; -- the end", '{"a":1}\n'),
        ("select 1 as a format Null", ""),
    ],
)
def test_a_format_in_the_query_no_longer_ends_in_a_traceback(run: Run, query: str, printed: str) -> None:
    plain, as_csv = run("sql", query), run("sql", "--csv", query)
    assert (plain.exit_code, plain.stdout, plain.stderr) == (0, printed, "")
    assert (as_csv.exit_code, as_csv.stdout) == (0, printed)
    assert "--csv is not used" in as_csv.stderr


def test_a_stranger_s_campaign_was_a_formula_in_the_spreadsheet(run: Run) -> None:
    texts = ["=1+1", "+1", "-1 %", "@SUM(1)", "\t=1", "a=1", "", 'say "=1"', 'a\n"=1",b', ",=1", '"', '=","']
    given = ", ".join(map(literal, texts))
    done = run("sql", "--csv", f"select arrayJoin([{given}]) as t, -5 as n, t as again, [t] as many")
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert rows[0] == ["t", "n", "again", "many"]
    shown = [f"'{one}" if one[:1] in ("=", "+", "-", "@", "\t") and one else one for one in texts]
    assert [row[:3] for row in rows[1:]] == [[one, "-5", one] for one in shown]


def test_large_answers_arrive_whole(run: Run) -> None:
    done = run("sql", "--json", "select number as n from numbers(200000)")
    assert sum(json.loads(line)["n"] for line in done.stdout.splitlines()) == 199_999 * 100_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sql", "select * from nowhere"), "The views are events, stage_counts"),
        (("sql", "select nothing from events"), "describe table"),
        (("sql", "select {x:String}"), "--param NAME=VALUE"),
        (("sql", "drop table events_raw"), "only reads"),
        (("sql", "select 1; select 2"), "Ask one query at a time."),
        (("sql", "select 1 into outfile 'a.tsv'"), "redirect that"),
        (("sql", "select 1 format Nope"), "Unknown format"),
        (("sql", "--json", "select throwIf(number = 300000) from numbers(1000000)"), "they are not all"),
    ],
)
def test_an_error_says_what_to_do(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_an_instance_it_says_how_to_start_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from streams.cli.main import main; main()", "sql", "select 1", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"funnelwatch up --data {tmp_path}" in done.stderr


def test_reconcile_shows_a_difference_and_repairs_it(run: Run, clickhouse: Any, ready_database: str) -> None:
    client = clickhouse.client(database=ready_database)
    client.command(
        "INSERT INTO events_raw (store_id, event_time, type, event_id, received_at, version) "
        f"SELECT 's1', toDateTime64({MINUTE_S}, 3, 'UTC') + number, 'click', toString(number), now64(3), 1 FROM numbers(90)"
    )
    span = ("--from", "2024-06-01", "--to", "2024-06-02T00:00:00+00:00")
    found = run("reconcile", *span)
    assert found.exit_code == 1
    assert "2 differences" in found.stdout
    assert "+60" in found.stdout
    repaired = run("reconcile", *span, "--fix", "--json")
    assert (repaired.exit_code, msgspec.json.decode(repaired.stdout)["repaired_minutes"]) == (0, 2)
    again = run("reconcile", *span, "--store", "s1")
    assert (again.exit_code, "0 differences" in again.stdout) == (0, True)
    assert client.query("SELECT sum(count) FROM stage_counts").result_rows == [(90,)]
