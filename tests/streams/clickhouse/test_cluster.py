"""The tables and views of a cluster, run by the engine as far as it goes without a keeper."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from streams.clickhouse.migrations import find_migrations
from streams.settings import load_settings
from tests.deadlines import within
from tests.places import ROOT


@pytest.mark.slow
def test_on_a_cluster_of_one_shard_rows_go_in_by_each_distributed_table_and_every_view_reads_them(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-m", "tests.streams.clickhouse.one_shard", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=within(90), check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    settings = load_settings(clickhouse_cluster="prod")
    statements = [sql for one in find_migrations() for sql in one.statements(settings)]
    assert found["statements"] == len(statements)
    made = {name for sql in statements if "= Distributed(" in sql for name in [sql.split(".")[1].split()[0]]}
    assert found["distributed"].keys() == made
    assert set(found["distributed"].values()) == {1}
    assert len(found["views"]) > 20
