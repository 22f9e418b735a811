"""``python -m tests.bench.dashboards.browsers``: how long a dashboard takes to load in one browser, and in several at once.

Each browser asks all queries of the dashboard at the same moment, through one pool of connections, as Grafana's server does.
Figures: seconds until the last answer, median of the rounds, and the store's processor time for one browser. The clock counts
what else the machine does; compare it only within one run, the processor time also between runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.bench.dashboards.__main__ import seeded
from tests.bench.windowed_count.timing import cpu_s
from tests.contracts.grafana_queries import DASHBOARDS, Asked, choices, default_span_s
from tests.fixtures.clickhouse import Store


def queries_of(dashboard: str) -> list[str]:
    """The SQL that one load of a dashboard sends: of its panels and its annotation, each once."""
    board = json.loads((DASHBOARDS / f"{dashboard}.json").read_text(encoding="utf-8"))
    targets = [target for panel in board["panels"] for target in panel.get("targets") or []]
    targets += [one["target"] for one in board["annotations"]["list"] if "target" in one]
    return [target["rawSql"] for target in targets if "rawSql" in target]


def load(
    store: Store, dashboard: str, stores: int, browsers: int, rounds: int, *, shared: bool
) -> tuple[list[float], float]:
    """Seconds of each round, and the store's processor seconds for one browser."""
    asked, span = queries_of(dashboard), default_span_s(dashboard)
    arguments = {"database": "funnelwatch", "default_format": "Native", "client_protocol_version": "54460"}
    if shared:  # as the data source that `funnelwatch grafana` writes
        arguments |= {"use_query_cache": "1", "query_cache_ttl": "5"}
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    who = (store.reader, store.reader_password)
    with (
        httpx.Client(auth=who, timeout=300, limits=limits) as client,
        ThreadPoolExecutor(browsers * len(asked)) as pool,
    ):

        def answer(sql: str) -> None:
            client.post(store.url, params=arguments, content=sql).raise_for_status()

        def one_round(number: int) -> float:
            # no two browsers open at the same second, and no round asks what was asked before
            now = int(time.time()) // 60 * 60 + 59 - 60 * number
            sent = [
                Asked(now - at - span, now - at, choices(stores)).expanded(sql)
                for at in range(browsers)
                for sql in asked
            ]
            begun = time.perf_counter()
            list(pool.map(answer, sent))
            return time.perf_counter() - begun

        one_round(0)
        before = cpu_s(store.pid)
        took = [one_round(number) for number in range(1, rounds + 1)]
        return took, (cpu_s(store.pid) - before) / rounds / browsers


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=30)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--browsers", type=int, nargs="+", default=[1, 3, 6])
    parser.add_argument("--dashboard", default="live")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store, _ = seeded(Path(folder), options.stores, options.days)
        try:
            for browsers, shared in itertools.product(options.browsers, (False, True)):
                took, cpu = load(
                    store, options.dashboard, options.stores, browsers, options.rounds, shared=shared
                )
                print(
                    f"{browsers} at once, {'shared answers' if shared else 'each its own'}: {statistics.median(took):.2f} s ({min(took):.2f} to {max(took):.2f}), "
                    f"{cpu:.2f} s of the store's processor time each"
                )
        finally:
            store.stop()


if __name__ == "__main__":
    main()
