"""Run as ``python -m tests.streams.clickhouse.one_shard FOLDER``: the migrations of a cluster, executed by the engine as far as it goes.

The embedded engine knows clusters, Distributed tables and the grammar of everything; what it lacks is a keeper, so it neither hands
statements to other servers (ON CLUSTER) nor replicates. Each statement is therefore parsed as it is, and executed without these two
words, on a cluster of one shard. Then each view is
read, and a row goes in and out by each table that distributes. Prints what was done.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import chdb

from streams.clickhouse.migrations import find_migrations
from streams.settings import load_settings
from tests.streams.clickhouse.sums import SUMS

CONFIG = """<clickhouse><tcp_port>9000</tcp_port><remote_servers><prod><shard><replica>
<host>localhost</host><port>9000</port></replica></shard></prod></remote_servers></clickhouse>"""


def main() -> None:
    folder = Path(sys.argv[1])
    config = folder / "config.xml"
    config.write_text(CONFIG)
    connection: Any = chdb.connect(f"{folder / 'store'}?config-file={config}")

    def asked(query: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in str(connection.query(query, "JSONEachRow")).splitlines()]

    def quoted(kind: str) -> str:
        return kind.replace("'", "\\'")

    connection.query("CREATE DATABASE funnelwatch")
    statements = 0
    for migration in find_migrations():
        for statement in migration.statements(load_settings(clickhouse_cluster="prod")):
            connection.query(f"EXPLAIN AST {statement}")
            connection.query(re.sub(r"ON CLUSTER 'prod'", "", statement).replace("Replicated", ""))
            statements += 1
    tables = asked(
        "SELECT name, engine, engine_full FROM system.tables WHERE database = 'funnelwatch' ORDER BY name"
    )
    distributed = [one["name"] for one in tables if one["engine"] == "Distributed"]
    views = [one["name"] for one in tables if one["engine"] == "View"]
    for name in views:
        connection.query(f"SELECT * FROM funnelwatch.{SUMS.get(name, name)} FORMAT Null")
    for one in tables:
        if " TTL " in one["engine_full"]:  # rows of 1970 would be dropped at once
            connection.query(f"ALTER TABLE funnelwatch.{one['name']} REMOVE TTL")
    for name in distributed:
        columns = asked(
            f"SELECT type FROM system.columns WHERE database = 'funnelwatch' AND table = '{name}' ORDER BY position"
        )
        values = ", ".join(f"defaultValueOfTypeName('{quoted(one['type'])}')" for one in columns)
        connection.query(
            f"INSERT INTO funnelwatch.{name} SELECT {values} SETTINGS distributed_foreground_insert = 1"
        )
    stored = {name: asked(f"SELECT count() AS n FROM funnelwatch.{name}")[0]["n"] for name in distributed}
    print(json.dumps({"statements": statements, "distributed": stored, "views": views}))


if __name__ == "__main__":
    main()
