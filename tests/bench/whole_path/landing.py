"""Landing: rows a second from Kafka into ClickHouse, compared with a bare ``insert_arrow`` of the same rows into the same table.

The role's rate is taken between its first and its last inserted row; it checks ids, decodes, inserts JSON and commits. The
bare insert has its columns ready in memory.
"""

from __future__ import annotations

import asyncio
import time
import uuid

import msgspec
import pyarrow as pa

from scoring.events.event import Event
from streams.clickhouse.clients import open_writer_sync
from streams.clickhouse.migrations import migrate
from streams.kafka.topics import EVENTS
from streams.settings import load_settings
from tests.bench.whole_path.ground import Figure, Ground, wait_until
from tests.bench.windowed_count.workload import events, load

ROWS = 500_000
BLOCK = 100_000
SEED = 7


def measure(ground: Ground) -> list[Figure]:
    """Rows a second of both."""
    rows = ROWS // 10 if ground.quick else ROWS
    store = ground.store()
    prefix = ground.topics()
    arguments = {
        "kafka": ground.kafka,
        "data": str(ground.folder / "landing"),
        "clickhouse_url": store.url,
        "clickhouse_password": store.password,
        "clickhouse_reader_password": store.reader_password,
        "clickhouse_database": f"bench_{uuid.uuid4().hex[:8]}",
        "group_prefix": prefix,
    }
    settings = load_settings(**arguments)
    asyncio.run(migrate(settings))
    client = open_writer_sync(settings)
    database = settings.clickhouse_database
    load(ground.kafka, prefix + EVENTS, rows, SEED)

    def landed() -> int:
        return int(client.query(f"SELECT count() FROM {database}.events_raw").result_rows[0][0])

    command = ["-m", "tests.streams.landing.landing_process", msgspec.json.encode(arguments).decode(), prefix]
    ground.start("landing", command, ground.folder / "landing")
    begun = wait_until(landed, "the first landed row", look_s=0.05)
    first = landed()
    done = wait_until(lambda: landed() >= rows, "all rows to land", look_s=0.05)
    ground.end_parts()
    role = (rows - first) / (done - begun) if rows > first else float(rows) / max(done - begun, 1e-3)
    for name in ("warm", "bare"):
        client.command(f"CREATE TABLE {database}.{name} AS {database}.events_raw")
    blocks = [_block(part) for part in _parts(list(events(rows, int(time.time() * 1000), SEED + 1)))]
    client.insert_arrow(f"{database}.warm", blocks[0])
    began = time.monotonic()
    for block in blocks:
        client.insert_arrow(f"{database}.bare", block)
    bare = rows / (time.monotonic() - began)
    client.close()
    return [
        Figure("landing", "role, from Kafka, ids checked", role, "rows/s"),
        Figure("landing", "bare insert_arrow", bare, "rows/s"),
        Figure("landing", "share of the bare insert", role / bare, "ratio"),
    ]


def _parts(made: list[Event]) -> list[list[Event]]:
    return [made[at : at + BLOCK] for at in range(0, len(made), BLOCK)]


def _block(part: list[Event]) -> pa.Table:
    texts = [name for name, kind in Event.__annotations__.items() if kind in ("str", "EventType")]
    time_type = pa.timestamp("ms", tz="UTC")
    columns = {name: pa.array([str(getattr(event, name)) for event in part]) for name in texts}
    columns["event_time"] = pa.array([event.event_time_ms for event in part], pa.int64()).cast(time_type)
    columns["received_at"] = pa.array([event.received_at_ms for event in part], pa.int64()).cast(time_type)
    columns["schema_version"] = pa.array([1] * len(part), pa.uint16())
    columns["quantity"] = pa.array([1] * len(part), pa.int64())
    columns["log_offset"] = pa.array(range(len(part)), pa.int64())
    columns["version"] = pa.array([2**64 - 1 - event.received_at_ms for event in part], pa.uint64())
    return pa.table(columns)
