"""``python -m tests.bench.dashboards``: fills an embedded store, runs every query several times, writes dated results.

About four minutes on a quiet machine of two cores, of which three go into the data. ``cpu_ms``, what the store's threads
worked, compares where other work shares the machine; the clock does not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from streams.clickhouse.clients import open_writer
from streams.clickhouse.migrations import migrate
from streams.clickhouse.rollup import ROLLUPS, roll_up
from streams.settings import Settings, load_settings
from tests.bench.windowed_count.timing import cpu_s
from tests.contracts.grafana_queries import Asked, choices, clickhouse_queries, default_span_s, fill
from tests.fixtures.clickhouse import Store, start_store

RESULTS = Path(__file__).parents[1] / "results"
DAY_S = 86_400
LIMIT_MS = 300.0


def seeded(folder: Path, stores: int, days: int) -> tuple[Store, Any]:
    """A store of that size, and the reader's client."""
    store = start_store(folder)
    settings = load_settings(
        clickhouse_url=store.url,
        clickhouse_password=SecretStr(store.password),
        clickhouse_database="funnelwatch",
    )
    asyncio.run(migrate(settings))
    client = store.client()
    fill(client, stores, days * 1440, event_count=20_000 * stores)
    for table in ("minutes_raw", "scores_raw", "events_raw"):  # as a store that has had time to merge
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    asyncio.run(summed_up(settings))
    return store, store.read_client()


async def summed_up(settings: Settings) -> None:
    """Whole hours summed up, as the jobs role does; nothing lands meanwhile."""
    client = await open_writer(settings)
    try:
        for rollup in ROLLUPS:
            begun = time.perf_counter()
            hours = await roll_up(client, settings, rollup, settled_s=0)
            print(f"{hours} hours of {rollup.kind} summed up in {time.perf_counter() - begun:.1f} s")
    finally:
        await client.close()


def timed(client: Any, pid: int, sql: str, runs: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each run, by the clock and of the store's processors; a first run, not counted, warms the caches."""
    client.query(sql)
    found, worked = [], []
    for _ in range(runs):
        begun, before = time.perf_counter(), cpu_s(pid)
        client.query(sql)
        found.append(1000 * (time.perf_counter() - begun))
        worked.append(1000 * (cpu_s(pid) - before))
    return found, worked


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=200)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="make the data in this empty folder and leave it there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        store, client = seeded(folder, options.stores, options.days)
        try:
            rows = measured(client, store.process.pid, options.stores, options.days, options.runs)
        finally:
            store.stop()
    now = datetime.now(UTC)
    result = {
        "at": now.isoformat(timespec="seconds"),
        "machine": {
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0],
            "python": platform.python_version(),
        },
        "stores": options.stores,
        "days": options.days,
        "runs": options.runs,
        "queries": rows,
    }
    path = RESULTS / f"dashboards-{now:%Y-%m-%d}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for row in rows:
        print(
            f"{row['median_ms']:8.0f} ms {row['cpu_ms']:6} of cpu  {row['span']:>7}  {row['chosen']:>9}  {row['query']}"
        )
    slow = [row for row in rows if row["median_ms"] > LIMIT_MS]
    print(f"{len(slow)} of {len(rows)} over {LIMIT_MS:.0f} ms; written to {path}")


def measured(client: Any, pid: int, stores: int, days: int, runs: int) -> list[dict[str, Any]]:
    """Every query at its dashboard's own time range and at the whole, for one store and for all."""
    now, rows = int(time.time()), []
    by_sql = {
        query.sql: query for query in clickhouse_queries()
    }  # variables and annotations are on every dashboard
    for query in by_sql.values():
        for span_s in sorted({default_span_s(query.dashboard), days * DAY_S}):
            for chosen in (choices(stores, one=True), choices(stores)):
                asked = Asked(now - span_s, now, chosen)
                found, worked = timed(client, pid, asked.expanded(query.sql), runs)
                rows.append(
                    {
                        "query": query.name,
                        "span": f"{span_s // 3600} h",
                        "chosen": "one store" if chosen["store"].values != ["$__all"] else "all",
                        "median_ms": round(statistics.median(found), 1),
                        "least_ms": round(min(found), 1),
                        "most_ms": round(max(found), 1),
                        "cpu_ms": round(statistics.median(worked)),
                    }
                )
    return rows


if __name__ == "__main__":
    main()
