"""Inserts with patience: waits while ClickHouse is unreachable, finds the row it cannot read, reports its state.

On the path of an event: after ``streams/landing/events.py``; the last file before ClickHouse's tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog
from clickhouse_cityhash.cityhash import CityHash128
from clickhouse_connect.driver import AsyncClient

from streams import metrics, tracing
from streams.clickhouse.clients import open_writer
from streams.clickhouse.errors import ClickHouseError, ClickHouseUnreachableError, RowRejectedError, mapped
from streams.clock import monotonic
from streams.landing.targets import Target
from streams.settings import LOOPBACK_HOSTS, Settings

_log = structlog.get_logger()

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0
#: seconds without an answer that are worth a word: a recount of a large file takes some
SILENT_S = 30.0

T = TypeVar("T")


class Row(msgspec.Struct, gc=False):
    """A record on its way: its JSON line and where in the log it was."""

    line: bytes
    partition: int
    offset: int


#: called with each row that ClickHouse cannot read: target, row, why
OnRejected = Callable[[Target, Row, str], Awaitable[None]]


class Writer:
    """One connection to ClickHouse, recreated after a failure. ``trouble`` says what is wrong, empty when nothing is."""

    def __init__(self, settings: Settings, on_rejected: OnRejected) -> None:
        self._settings = settings
        self._on_rejected = on_rejected
        self._client: AsyncClient | None = None
        near = urlsplit(settings.clickhouse_url).hostname in LOOPBACK_HOSTS
        self._compression = None if near else "lz4"
        self.trouble = ""
        self._asked_since: float | None = None

    @property
    def waits_s(self) -> float:
        """For how many seconds ClickHouse has owed an answer, attempts and pauses included; 0 if it owes none."""
        return 0.0 if self._asked_since is None else monotonic() - self._asked_since

    @property
    def silence(self) -> str:
        """What to say while ClickHouse neither takes an insert nor rejects it; empty unless that lasts."""
        return f"no answer for more than {SILENT_S:.0f} s" if self.waits_s > SILENT_S else ""

    async def patiently(self, work: Callable[[AsyncClient], Awaitable[T]]) -> T:
        """The result of ``work`` with a client; while ClickHouse is unreachable or rejects it, it is retried indefinitely.

        Raises:
            RowRejectedError: the data that ``work`` sends cannot be read; trying again would not help.
        """
        wait_s = _FIRST_WAIT_S
        self._asked_since = monotonic()
        try:
            return await self._until_taken(work, wait_s)
        finally:
            self._asked_since = None

    async def _until_taken(self, work: Callable[[AsyncClient], Awaitable[T]], wait_s: float) -> T:
        while True:
            try:
                if self._client is None:
                    self._client = await open_writer(self._settings)
                with mapped():
                    result = await work(self._client)
            except RowRejectedError:
                raise
            except ClickHouseError as error:
                metrics.LANDING_RETRIES.inc()
                self.trouble = _short(error)
                _log.warning("clickhouse_unreachable", error=self.trouble, retry_in_s=round(wait_s, 1))
                await self.close()
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            else:
                if self.trouble:
                    _log.info("clickhouse_reachable")
                    self.trouble = ""
                return result

    async def land(self, target: Target, rows: Sequence[Row], condition: str = "") -> None:
        """Insert ``rows`` as one block; a row that cannot be read is found by halving and passed to ``on_rejected``."""
        if not rows:
            return
        try:
            await self._insert(target, rows, condition)
        except RowRejectedError as error:
            if len(rows) == 1:
                await self._on_rejected(target, rows[0], _short(error))
                return
            middle = len(rows) // 2
            await self.land(target, rows[:middle], condition)
            await self.land(target, rows[middle:], condition)

    async def _insert(self, target: Target, rows: Sequence[Row], condition: str) -> None:
        statement = target.statement(self._settings, condition)
        block, token = await asyncio.to_thread(_block, target.topic, statement, rows)
        options: dict[str, Any] = {
            "insert_deduplication_token": token,
            "max_partitions_per_insert_block": 0,
            "input_format_skip_unknown_fields": 1,
            # a number or an object where text belongs is rejected, not made text
            "input_format_json_read_numbers_as_strings": 0,
            "input_format_json_read_bools_as_strings": 0,
            "input_format_json_read_objects_as_strings": 0,
            "input_format_json_read_arrays_as_strings": 0,
            "input_format_null_as_default": 0,
            "input_format_parallel_parsing": 0 if len(rows) < 10_000 else 1,
        }

        async def insert(client: AsyncClient) -> None:
            await client.raw_insert(
                insert_block=block, settings=options, compression=self._compression, fmt="JSONEachRow"
            )

        started, begun_ns = monotonic(), tracing.now_ns()
        await self.patiently(insert)
        if tracing.is_on():
            _trace(target, rows, begun_ns)
        metrics.LANDING_INSERT_SECONDS.labels(target.table).observe(monotonic() - started)
        metrics.LANDING_ROWS.labels(target.table).inc(len(rows))

    async def close(self) -> None:
        """Close the connection; the next use opens another."""
        client, self._client = self._client, None
        if client is not None:
            try:
                await client.close()
            except (OSError, ClickHouseUnreachableError) as error:
                _log.info("connection_close_failed", server="clickhouse", error=str(error))


def _trace(target: Target, rows: Sequence[Row], begun_ns: int) -> None:
    ends: dict[int, tuple[int, int]] = {}
    for row in rows:
        first, last = ends.get(row.partition, (row.offset, row.offset))
        ends[row.partition] = (min(first, row.offset), max(last, row.offset))
    for partition, offsets in ends.items():
        tracing.of_records(f"insert {target.table}", target.topic, partition, offsets, begun_ns)


def _block(topic: str, statement: str, rows: Sequence[Row]) -> tuple[bytes, str]:
    """A block as it is sent, and its name."""
    body = b"\n".join(row.line for row in rows)
    return b"".join((statement.encode(), b"\n", body, b"\n")), block_token(topic, rows, body)


def block_token(topic: str, rows: Sequence[Row], body: bytes) -> str:
    """The name by which ClickHouse knows a block sent twice: its place in the log and, since a topic may have been
    deleted and made again, its content."""
    first, last = rows[0], rows[-1]
    return f"{topic}:{first.partition}:{first.offset}-{last.partition}:{last.offset}:{CityHash128(body):032x}"


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
