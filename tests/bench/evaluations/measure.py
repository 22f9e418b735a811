"""How long it takes to evaluate many stores: the job of the role ``jobs`` over a store that is filled beforehand.

    .venv/bin/python -m tests.bench.evaluations.measure [STORES] [DAYS]

Each store has orders, visits with sessions, page vitals, and reports of ads and of visitors for each day. Measured is the processor
time of the store's process and of this one, for counting the days, for the evaluation of all stores, and for a second run in which nothing
changed; prints them as JSON.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from streams.clickhouse.migrations import migrate
from streams.clock import now_ms
from streams.config.model import Config, StoreConfig
from streams.jobs import evaluations, event_days, order_days
from streams.settings import Settings, load_settings
from tests.fixtures.clickhouse import start_store

ORDERS_A_DAY, VISITS_A_DAY = 12, 40


def fill(client: Any, stores: int, days: int, at_ms: int) -> None:
    """Rows of so many stores and days before a moment."""
    store = "concat('s', toString(intDiv(number, {days} * {a_day})))"
    orders = stores * days * ORDERS_A_DAY
    placed = f"({at_ms} - (number % {days}) * 86400000 - (cityHash64(number, 1) % 80000000))"
    client.command(
        f"INSERT INTO order_versions_raw (store_id, order_id, source, told_at_ms, placed_ms, paid_ms, shipped_ms, delivered_ms, amount, currency, digest) "
        f"SELECT {store.format(days=days, a_day=ORDERS_A_DAY)}, concat('o', toString(number)), 'shopify', {at_ms}, {placed} AS at, at + 600000, "
        f"at + 20000000 + cityHash64(number, 2) % 90000000 AS sent, sent + 100000000 + cityHash64(number, 3) % 300000000, '40.00', 'USD', number "
        f"FROM numbers({orders})"
    )
    visits = stores * days * VISITS_A_DAY
    for kind, share, more in (
        ("click", 100, "map()"),
        ("add_to_cart", 16, "map()"),
        ("page_vital", 40, "map('metric', 'LCP', 'value', toString(1500 + cityHash64(number, 5) % 2000))"),
    ):
        moment = f"fromUnixTimestamp64Milli(toInt64({at_ms} - (number % {days}) * 86400000 - (cityHash64(number, 4) % 80000000)), 'UTC')"
        client.command(
            f"INSERT INTO events_raw (store_id, event_time, type, event_id, received_at, visitor, session, product, attributes, version) "
            f"SELECT {store.format(days=days, a_day=VISITS_A_DAY)}, {moment} AS at, '{kind}', concat('{kind}', toString(number)), at, "
            f"concat('v', toString(number)), concat('n', toString(number)), 'p', {more}, 1 FROM numbers({visits}) WHERE number % 100 < {share}"
        )
    reports = stores * days
    for measure, value in (
        ("impressions", "20000 + cityHash64(number, 6) % 2000"),
        ("clicks", "400 + cityHash64(number, 7) % 60"),
    ):
        start = f"toStartOfDay(toDateTime(intDiv({at_ms}, 1000), 'UTC')) - toIntervalDay(1 + number % {days})"
        client.command(
            f"INSERT INTO report_versions_raw (store_id, source, measure, period, period_start, period_end, zone, value, complete, told_at, digest) "
            f"SELECT concat('s', toString(intDiv(number, {days}))), 'meta', '{measure}', 'day', {start} AS begins, begins + toIntervalDay(1), 'UTC', "
            f"toDecimal128({value}, 9), 1, begins + toIntervalDay(3), number FROM numbers({reports})"
        )


def cpu_s(pid: int) -> float:
    """Processor time of a process, and of this one."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = resource.getrusage(resource.RUSAGE_SELF)
    return (int(fields[11]) + int(fields[12])) / 100 + own.ru_utime + own.ru_stime


async def measured(settings: Settings, config: Config, pid: int) -> dict[str, Any]:
    """What each part took, as clock and as processor time."""
    found: dict[str, Any] = {}
    for name, work in (
        ("days_counted", lambda: event_days.once(settings, config)),
        ("orders_counted", lambda: order_days.once(settings, config)),
        ("evaluated", lambda: evaluations.once(settings, config)),
        ("nothing_changed", lambda: evaluations.once(settings, config)),
    ):
        began, spent = time.monotonic(), cpu_s(pid)
        done = await work()
        found[name] = {
            "written": done,
            "clock_s": round(time.monotonic() - began, 1),
            "cpu_s": round(cpu_s(pid) - spent, 1),
        }
        print(name, found[name], file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Fill, measure, print."""
    stores, days = (int(text) for text in [*sys.argv[1:], "1000", "90"][:2])
    with tempfile.TemporaryDirectory() as folder:
        store = start_store(Path(folder) / "store")
        try:
            settings = load_settings(
                clickhouse_url=store.url,
                clickhouse_password=SecretStr(store.password),
                clickhouse_reader_password=SecretStr(store.reader_password),
                clickhouse_database="bench",
            )
            asyncio.run(migrate(settings))
            fill(store.client("bench", send_receive_timeout=3600), stores, days, now_ms())
            config = Config(
                stores=tuple(StoreConfig(id=f"s{number}", ship_within_days=2) for number in range(stores))
            )
            found = asyncio.run(measured(settings, config, store.pid))
        finally:
            store.stop()
    print(json.dumps({"stores": stores, "days": days, **found}, indent=1))


if __name__ == "__main__":
    main()
