"""Reads the instance's own minute counts out of ClickHouse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clickhouse_connect.driver import Client

from scoring.baselines.minute_table import MinuteTable
from scoring.baselines.slow import SlowInputs
from streams.backtest.errors import FileUnreadableError
from streams.clickhouse.clients import open_reader_sync
from streams.clickhouse.errors import ClickHouseError, mapped
from streams.clock import now_ms
from streams.config.core import day_rules
from streams.config.loading import find_config, load_config
from streams.config.model import Config
from streams.instance.files import NoInstanceError, connect_settings
from streams.jobs.slow_pairs import read_slow_pairs
from streams.settings import load_settings

_NAMES = ("store_id", "minute", "segment", "stage", "count")
#: the youngest minutes may still grow
SETTLED_MINUTES = 5
#: minutes of all stores together that one query reads: a reader's query ends after a minute, and a busy machine is slow
_STORE_MINUTES_A_QUERY = 200 * 1440


def read_counts(
    client: Client, first: int, last: int, config: Config, stores: Sequence[str] = ()
) -> MinuteTable | None:
    """The counts from minute ``first`` (included) to ``last`` (excluded), None if there are none.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    query = (
        "SELECT store_id, toInt64(intDiv(toUnixTimestamp(minute), 60)) AS number, segment, stage, toInt64(count) AS counted "
        "FROM stage_counts WHERE minute >= fromUnixTimestamp({first:Int64}) AND minute < fromUnixTimestamp({last:Int64})"
    )
    parameters: dict[str, object] = {}
    if stores:
        query += " AND store_id IN {stores:Array(String)}"
        parameters["stores"] = list(stores)
    import pyarrow as pa  # starts a thread, which the process from which roles are forked must not have

    from streams.backtest.files import add_batch
    from streams.clickhouse.arrow import record_batches

    table = MinuteTable(zones={store.id: store.zone for store in config.stores}, rules=day_rules(config))
    at_once = max(60, _STORE_MINUTES_A_QUERY // max(len(stores or config.stores), 1))
    for start in range(first, last, at_once):
        span = {"first": start * 60, "last": min(start + at_once, last) * 60}
        for batch in record_batches(client, query, parameters | span):
            add_batch(table, pa.RecordBatch.from_arrays(batch.columns, names=list(_NAMES)), "stage_counts")
    try:
        return table.finish()
    except ValueError:
        return None


def read_own_history(data: Path | None, days: int, config_file: Path | None) -> tuple[MinuteTable, Config]:
    """The running instance's counts of the last ``days`` days, and its configuration.

    Raises:
        FileUnreadableError: no instance runs, or it has no counts.
        ConfigError: the configuration cannot be used.
    """
    try:
        settings = connect_settings(load_settings(**({"data": data} if data else {})))
    except NoInstanceError as error:
        raise FileUnreadableError(str(error)) from error
    config = load_config(find_config(settings.data, config_file or settings.config))
    last = now_ms() // 60_000 - SETTLED_MINUTES
    try:
        with mapped():
            client = open_reader_sync(settings)
        table = read_counts(client, last - days * 1440, last, config)
        if table is not None:
            table.slow = SlowInputs(pairs=read_slow_pairs(client, table.first, last))
    except ClickHouseError as error:
        raise FileUnreadableError(f"the store does not answer: {error}") from error
    if table is None:
        raise FileUnreadableError(f"the instance has no counts of the last {days} days")
    return table, config
