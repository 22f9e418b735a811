"""Clients of other languages against the store, with their defaults; each is skipped, and says so, where its tool is missing.

CI runs JDBC and SQLAlchemy (some seconds of processor time); what has to be compiled first runs by night.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deadlines import within

CLIENTS = Path(__file__).with_name("clients")
KEPT = Path.home() / ".cache" / "funnelwatch" / "clients"
#: the sum of the numbers below 300,000, which every client streams
STREAMED = sum(range(300_000))


@pytest.fixture
def environment(clickhouse: Any, fresh_database: str) -> dict[str, str]:
    """Where the store is and who may ask, for a client's process; the database holds a table behind a view."""
    clickhouse.client(fresh_database).command("CREATE TABLE inner_raw (n UInt8) ENGINE = Memory")
    return {
        **os.environ,
        "STORE_ADDRESS": clickhouse.url,
        "STORE_HOST": clickhouse.url.partition("//")[2],
        "STORE_DATABASE": fresh_database,
        "STORE_USER": clickhouse.user,
        "STORE_PASSWORD": clickhouse.password,
        "STORE_READER": clickhouse.reader,
        "STORE_READER_PASSWORD": clickhouse.reader_password,
    }


def tool(*names: str) -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: this client was not tried")


def fetched(*command: str, **more: Any) -> None:
    """Run what brings a client here; without a registry the test is skipped."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=within(300), check=False, **more)
    if done.returncode:
        pytest.skip(f"{command[0]} could not fetch the client: {(done.stderr or done.stdout).strip()[-300:]}")


def seen(*command: str, **more: Any) -> dict[str, Any]:
    """What a client's program printed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=within(180), check=False, **more)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def uv(*packages: str) -> list[str]:
    """The start of a command in an environment with these packages, which uv makes and keeps."""
    program = Path(sys.executable).with_name("uv")
    start = [str(program), "run", "-q", "--no-project", "--python", sys.executable]
    return [*start, *(word for package in packages for word in ("--with", package))]


@pytest.mark.slow
def test_jdbc_with_its_defaults_writes_reads_and_looks_around(environment: dict[str, str]) -> None:
    tool("java", "mvn")
    jars = KEPT / "jdbc-0.10.0"
    if not (jars / "whole").exists():
        source = CLIENTS / "java" / "pom.xml"
        fetched(
            "mvn", "-q", "-B", "-f", str(source), "dependency:copy-dependencies", f"-DoutputDirectory={jars}"
        )
        (jars / "whole").touch()
    found = seen(
        "java",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        f"{jars}/*",
        str(CLIENTS / "java" / "StoreClient.java"),
        env=environment,
    )
    assert found == {
        "written": f"5000 {sum(range(5000))} it's 999",
        "types": "1.5 null 00000000-0000-0000-0000-000000000001 1767196800",
        "streamed": str(STREAMED),
        "bound": "1",
        "error": "60",
        "tables": "rows",
        "columns": "n:UInt64 s:String at:DateTime('Asia/Shanghai') l:LowCardinality(String)",
        "rejected": "164",
    }


@pytest.mark.slow
def test_sqlalchemy_writes_reads_and_looks_around(environment: dict[str, str]) -> None:
    start = uv("clickhouse-connect==1.12.0", "sqlalchemy==2.0.44")
    fetched(*start, "python", "-c", "import sqlalchemy")
    assert seen(*start, "python", str(CLIENTS / "store_sqlalchemy.py"), env=environment) == {
        "tables": ["shown"],
        "columns": [["n", "UInt64"], ["s", "String"]],
        "bound": 7,
        "written": sum(range(1000)),
        "rejected": True,
    }


@pytest.mark.long
def test_clickhouse_go_reads_and_writes_under_every_compression(environment: dict[str, str]) -> None:
    tool("go")
    program = KEPT / "go-client"
    fetched("go", "build", "-o", str(program), ".", cwd=CLIENTS / "go")
    found = seen(str(program), env=environment)
    assert found.keys() == {"plain", "gzip", "lz4", "zstd"}
    for name, one in found.items():
        assert one == {
            "written": [69_999, sum(range(70_000)) - 1],
            "zone": "Asia/Shanghai 00:00",
            "streamed": STREAMED,
            "error": True,
            "tables": [name],
            "rejected": True,
        }


@pytest.mark.long
def test_the_rust_crate_with_its_defaults_writes_and_reads(environment: dict[str, str]) -> None:
    tool("cargo")
    fetched("cargo", "build", "-q", "--locked", "--target-dir", str(KEPT / "rust"), cwd=CLIENTS / "rust")
    assert seen(str(KEPT / "rust" / "debug" / "store-client"), env=environment) == {
        "bound": 7,
        "written": sum(range(70_000)),
        "streamed": STREAMED,
        "rejected": True,
    }


@pytest.mark.long
def test_dbt_makes_a_table_and_grows_one_twice(
    clickhouse: Any, environment: dict[str, str], tmp_path: Path
) -> None:
    project = tmp_path / "dbt"
    shutil.copytree(CLIENTS / "dbt", project)
    start = uv("dbt-core==1.9.10", "dbt-clickhouse==1.9.6")
    fetched(*start, "dbt", "--version")
    environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    for _ in range(2):
        done = subprocess.run(
            [*start, "dbt", "run", "--profiles-dir", "."],
            capture_output=True,
            text=True,
            cwd=project,
            env=environment,
            timeout=within(180),
            check=False,
        )
        assert done.returncode == 0, done.stdout
    client = clickhouse.client(environment["STORE_DATABASE"])
    rows = client.query(
        "SELECT count(), sum(n) FROM base UNION ALL SELECT count(), sum(n) FROM grown"
    ).result_rows
    assert sorted(rows) == [(500, sum(range(0, 1000, 2))), (1000, sum(range(1000)))]
