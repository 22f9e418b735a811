"""What events need in addition to being inserted: repeated ids are left out, and minutes the stream cannot count are recounted.

On the path of an event: after the topic ``funnel.events.v1``, next to ``streams/monitor``; before ``writer``.

A minute is recounted from the raw events when

* an event is older than the monitor's horizon, or nearly, by its partition's clock (the latest ``received_at`` or tick
  so far, as in ``scoring/counting/partition.py``): the stream may not have counted it;
* an event id, an order or a payment is repeated so late that the stream has forgotten it and counted it again;
* a record was rejected that the stream may have counted, or landed that the stream may have rejected (``heads.py``);
* an event is in another partition than its store's: what two partitions count of one minute replaces each other;
* it was recounted before: the stream's rows count there no more.

All three are decided again when a block is landed again, so a crash between insert, recount and commit loses nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from clickhouse_connect.driver import AsyncClient

from scoring.counting.records import TICK_PREFIX, UNREADABLE, decode_tick
from scoring.events.bounds import BELIEVED_AHEAD_MS
from scoring.events.event import RejectReason
from scoring.events.identity import ONCE_PER_ORDER, known_id
from scoring.funnel.units import HOUR_MS, MINUTE_MS
from streams.clickhouse.clients import table
from streams.clickhouse.literals import literals, portions
from streams.clickhouse.recount import MINUTE_SECOND, Minute
from streams.clock import now_ms
from streams.kafka.admin import partition_of
from streams.landing.duplicates import (
    HASH_SQL,
    ORDER_HASH_SQL,
    Hashes,
    IdMemory,
    hash_ids,
    id_key,
    order_key,
)
from streams.landing.heads import Head, HeadReader, minute_of, reject_reason_of
from streams.landing.known import KnownEvent, KnownEvents
from streams.landing.orders import OrderRecord, firsts_query, key_of, minutes_to_recount, order_record_of
from streams.landing.repeats import Repeat
from streams.landing.writer import Row, Writer
from streams.settings import Settings

#: how long before its horizon the stream is no longer relied on
_MARGIN_MS = HOUR_MS
#: how long an order is remembered; a repeat after more is repaired by the nightly reconciliation
_ORDERS_MS = 40 * 24 * HOUR_MS
#: events in foreign partitions that are remembered, at most; the reconciliation repairs what is forgotten
_MAX_STRAYED = 500_000


@dataclass(slots=True)
class Prepared:
    """A batch of events, ready to land."""

    rows: list[Row] = field(default_factory=list)
    #: events that were taken back when an import was undone, and are reported again
    restored: list[Row] = field(default_factory=list)
    #: what imports report, and others of the same events
    of_imports: list[Row] = field(default_factory=list)
    recount: set[Minute] = field(default_factory=set)
    touched: set[Minute] = field(default_factory=set)
    rejected: list[tuple[Row, RejectReason, str]] = field(default_factory=list)
    #: (store, order) of orders that are received again
    resent_orders: set[tuple[str, str]] = field(default_factory=set)
    hashes: Hashes = field(default_factory=lambda: hash_ids(()))
    orders: Hashes = field(default_factory=lambda: hash_ids(()))
    clock_ms: int = 0
    repeated: int = 0
    repeats: list[Repeat] = field(default_factory=list)
    oldest_received_ms: int = 0

    def reject(self, row: Row, reason: RejectReason, detail: str) -> None:
        """Set a record aside."""
        self.rejected.append((row, reason, detail))
        self.recount_without(row.line)

    def restore(self, row: Row, head: Head, minute: Minute) -> None:
        """Land an event over the row of it that was taken back."""
        self.restored.append(row)
        self.recount.add(minute)
        if head.order_id and head.type in ONCE_PER_ORDER:
            self.resent_orders.add((head.store_id, head.order_id))

    def recount_without(self, line: bytes) -> None:
        """Have the minute recounted in which the stream may have counted a record that does not land."""
        minute = minute_of(line)
        if minute is not None:
            self.recount.add(minute)


class EventLanding:
    """Prepares batches of events and remembers ids and clocks between them."""

    def __init__(self, settings: Settings, dimensions: Sequence[str]) -> None:
        self._settings = settings
        self._reader = HeadReader(dimensions)
        self._events = table(settings, "events_raw")
        horizon_ms = int(settings.monitor_horizon_hours * HOUR_MS)
        self._late_ms = horizon_ms - _MARGIN_MS
        self._forgotten_ms = int(settings.duplicate_horizon_minutes * MINUTE_MS * 0.9)
        self._remembered_ms = int(2 * settings.duplicate_horizon_minutes * MINUTE_MS)
        self.memory = IdMemory(horizon_ms)
        self._horizon_ms = horizon_ms
        self._orders_forgotten_ms = int(horizon_ms * 0.9)
        self.orders = IdMemory(_ORDERS_MS)
        #: latest received_at or tick of each partition; committed with its offset
        self.clocks: dict[int, int] = {}
        #: how many partitions the topic has, 0 if that is not known
        self.partitions = 0
        self.known = KnownEvents(settings)
        #: keys of events seen in a foreign partition: where else they are they are counted as well
        self._strayed: set[str] = set()

    async def remember(self, client: AsyncClient) -> None:
        """Fill the memory of ids from the table, back to one horizon before its newest row."""
        await self.known.remember(client)
        newest = await client.query(
            f"SELECT toUnixTimestamp64Milli(max(received_at)) FROM {self._events} "
            f"WHERE received_at >= now64(3) - INTERVAL 30 DAY"
        )
        newest_ms = int(newest.result_rows[0][0])
        if newest_ms <= 0:
            return
        once = literals(ONCE_PER_ORDER)
        self.memory = await self._remembered(client, HASH_SQL, "1", newest_ms, self._horizon_ms)
        self.orders = await self._remembered(
            client, ORDER_HASH_SQL, f"type IN ({once}) AND order_id != ''", newest_ms, _ORDERS_MS
        )

    async def _remembered(
        self, client: AsyncClient, expression: str, where: str, newest_ms: int, horizon_ms: int
    ) -> IdMemory:
        raw = await client.raw_query(
            f"SELECT {expression} FROM {self._events} WHERE ({where}) AND "
            f"received_at >= fromUnixTimestamp64Milli({newest_ms - horizon_ms}) LIMIT 15000000",
            fmt="RowBinary",
        )
        memory = IdMemory(horizon_ms)
        memory.add(np.frombuffer(raw, dtype="<u8"), newest_ms)
        return memory

    def remember_batch(self, prepared: Prepared) -> None:
        """The batch has been landed: its ids are known from now on."""
        self.memory.add(prepared.hashes, prepared.clock_ms)
        self.orders.add(prepared.orders, prepared.clock_ms)

    def _decode(self, records: Sequence[Row], prepared: Prepared) -> tuple[list[Row], list[Head], list[int]]:
        """The records that are events, their heads and their partitions' clocks; the others are set aside."""
        events: list[Row] = []
        ticks: list[tuple[int, int, int]] = []
        latest = now_ms() + BELIEVED_AHEAD_MS
        for row in records:
            if row.line.startswith(TICK_PREFIX):
                ticks.append((len(events), row.partition, _tick_ms(row.line)))
            else:
                events.append(row)
        heads = self._reader.read(events)
        if heads is None:
            good: list[Row] = []
            heads, place = [], {}
            for index, row in enumerate(events):
                place[index] = len(good)
                found = self._reader.read_one(row.line)
                if isinstance(found, Head):
                    heads.append(found)
                    good.append(row)
                else:
                    prepared.reject(row, *found)
            ticks = [(place.get(index, len(good)), partition, tick) for index, partition, tick in ticks]
            events = good
        clocks = []
        at = 0
        for index, (row, head) in enumerate(zip(events, heads, strict=True)):
            while at < len(ticks) and ticks[at][0] <= index:
                self._advance(ticks[at][1], ticks[at][2], latest)
                at += 1
            clocks.append(self._advance(row.partition, head.received_at_ms, latest))
        for _, partition, tick in ticks[at:]:
            self._advance(partition, tick, latest)
        return events, heads, clocks

    def _advance(self, partition: int, time_ms: int, latest: int) -> int:
        """The partition's clock, which believes no time after ``latest``: the others' events would all look late."""
        clock = self.clocks.get(partition, 0)
        if clock < time_ms <= latest:
            self.clocks[partition] = clock = time_ms
        return clock

    async def prepare(self, records: Sequence[Row], writer: Writer) -> Prepared:
        """Sort a batch of records, in the order of each partition's log, into what is landed, recounted and rejected.

        What takes the processor long is done in a thread: the event loop must answer the group, or a backlog would cost us
        our partitions with every batch.
        """
        prepared = Prepared()
        events, heads, clocks = await asyncio.to_thread(self._decode, records, prepared)
        if not events:
            return prepared
        keys, suspects, late = await asyncio.to_thread(self._recognise, heads, clocks, prepared)
        first = await self.known.find(suspects, late, partial(self._ask, writer))
        prepared.clock_ms = max(clocks)
        prepared.oldest_received_ms = heads[0].received_at_ms
        await self._find_orders(events, heads, prepared, writer)
        await asyncio.to_thread(self._sort, prepared, events, heads, keys, clocks, first)
        return prepared

    def _recognise(
        self, heads: Sequence[Head], clocks: Sequence[int], prepared: Prepared
    ) -> tuple[list[str], dict[str, Head], dict[str, Head]]:
        """The keys of a batch's events, those of them that were probably landed before, and those too old to say so of."""
        keys = [id_key(head.store_id, known_id(head.event_id, head.source)) for head in heads]
        prepared.hashes = hash_ids(keys)
        probably = self.memory.has(prepared.hashes).tolist()
        suspects = {key: head for key, head, held in zip(keys, heads, probably, strict=True) if held}
        return keys, suspects, self.known.old_ones(keys, heads, clocks, self._late_ms, suspects)

    def _sort(
        self,
        prepared: Prepared,
        events: Sequence[Row],
        heads: Sequence[Head],
        keys: Sequence[str],
        clocks: Sequence[int],
        first: dict[str, KnownEvent],
    ) -> None:
        minute_before: Minute | None = None
        if len(self._strayed) > _MAX_STRAYED:
            self._strayed.clear()
        # the stream read these records at another time and may have believed a clock that is not believed now
        doubtful = now_ms() + BELIEVED_AHEAD_MS // 2
        for row, head, key, clock in zip(events, heads, keys, clocks, strict=True):
            minute = (head.store_id, head.event_time_ms // MINUTE_MS * MINUTE_MS)
            rejection = reject_reason_of(head, clock)
            if rejection is not None:
                prepared.reject(row, *rejection)
                continue
            if minute != minute_before:
                prepared.touched.add(minute)
                minute_before = minute
            if not self._is_at_home(head.store_id, row.partition):
                self._strayed.add(key)
            if (
                clock - head.event_time_ms >= self._late_ms
                or head.received_at_ms > doubtful
                or key in self._strayed
            ):
                prepared.recount.add(minute)
            landing = Row(_with_offset(row), row.partition, row.offset)
            known = first.get(key)
            if head.import_id or (known and known.import_id):
                prepared.of_imports.append(landing)
            if known is None:
                prepared.rows.append(landing)
            elif known.taken_back_of and head.import_id not in known.taken_back_of:
                prepared.restore(landing, head, minute)
            else:
                received_first = known.received_at_ms
                prepared.repeated += 1
                if (
                    head.received_at_ms != received_first
                ):  # else it is the record itself, landed a second time
                    prepared.repeats.append(
                        Repeat(head.store_id, head.source, head.event_id, head.received_at_ms)
                    )
                if head.received_at_ms - received_first > self._forgotten_ms:
                    prepared.recount.add(minute)
                continue
            first[key] = KnownEvent(head.received_at_ms, head.import_id)

    def _is_streamed(self, row: Row, head: Head) -> bool:
        """False for an event that the stream does not count with the others of its store."""
        is_young = head.received_at_ms - head.event_time_ms < self._late_ms
        return is_young and self._is_at_home(head.store_id, row.partition)

    def _is_at_home(self, store_id: str, partition: int) -> bool:
        """True if a store's events belong into this partition, or nobody knows."""
        return not self.partitions or partition_of(store_id, self.partitions) == partition

    async def _find_orders(
        self, events: Sequence[Row], heads: Sequence[Head], prepared: Prepared, writer: Writer
    ) -> None:
        """Recount the minutes of orders and payments that the stream may have counted otherwise (``orders.py``)."""
        reports = [
            (key_of(head), head, order_record_of(row, head, self._is_streamed(row, head)))
            for row, head in zip(events, heads, strict=True)
            if head.order_id and head.type in ONCE_PER_ORDER
        ]
        prepared.orders = hash_ids(key for key, _, _ in reports)
        held = self.orders.has(prepared.orders).tolist()
        suspects = [head for (_, head, _), known in zip(reports, held, strict=True) if known]
        ids: dict[str, str] = {}
        prepared.resent_orders |= {(head.store_id, head.order_id) for head in suspects} | {
            (head.store_id, head.order_id)
            for key, head, _ in reports
            if ids.setdefault(key, head.event_id) != head.event_id
        }
        firsts: dict[str, OrderRecord] = {}
        for some in portions(suspects):
            result = await self._ask(
                writer,
                firsts_query(
                    self._events,
                    literals(head.store_id for head in some),
                    literals(ONCE_PER_ORDER),
                    literals(head.order_id for head in some),
                ),
            )
            for (
                store,
                kind,
                order,
                received_ms,
                offset,
                event_id,
                event_ms,
                is_evidence,
            ) in result.result_rows:
                minute = (store, int(event_ms) // MINUTE_MS * MINUTE_MS)
                firsts[order_key(store, kind, order)] = OrderRecord(
                    int(received_ms), int(offset), event_id, minute, is_evidence=bool(is_evidence)
                )
        recounted = await self._recounted({first.minute for first in firsts.values()}, writer)
        prepared.recount |= minutes_to_recount(
            [(key, report) for key, _, report in reports], firsts, recounted, self._orders_forgotten_ms
        )

    async def _recounted(self, minutes: Collection[Minute], writer: Writer) -> set[Minute]:
        """Which of the minutes have been recounted before."""
        found: set[Minute] = set()
        for some in portions(sorted(minutes)):
            result = await self._ask(
                writer,
                f"SELECT DISTINCT store_id, toUnixTimestamp(minute) FROM {table(self._settings, 'recounts_raw')} "
                f"WHERE minute IN ({', '.join(str(start_ms // 1000) for _, start_ms in some)}) "
                f"AND store_id IN ({literals(store for store, _ in some)})",
            )
            found.update((store, second * 1000) for store, second in result.result_rows)
        return found

    async def _ask(self, writer: Writer, query: str) -> Any:
        async def ask(client: AsyncClient) -> Any:
            return await client.query(query, settings={"max_query_size": 16_000_000})

        return await writer.patiently(ask)

    async def to_recount(self, prepared: Prepared, client: AsyncClient) -> set[Minute]:
        """The minutes of the batch to be recounted: those it found, and those recounted before."""
        others = prepared.touched - prepared.recount
        if not others:
            return prepared.recount
        low = min(start for _, start in others) // 1000
        high = max(start for _, start in others) // 1000
        result = await client.query(
            f"SELECT DISTINCT store_id, toUnixTimestamp(minute) FROM {table(self._settings, 'recounts_raw')} "
            f"WHERE minute BETWEEN toDateTime({low}, 'UTC') AND toDateTime({high}, 'UTC')"
        )
        before = {(store, second * 1000) for store, second in result.result_rows}
        return prepared.recount | (others & before)

    async def received_lately(self, client: AsyncClient) -> set[Minute]:
        """The minutes of events received as long ago as the stream remembers ids, at most."""
        result = await client.query(
            f"SELECT DISTINCT store_id, {MINUTE_SECOND} FROM {self._events} "
            f"WHERE received_at >= now64(3) - INTERVAL {self._remembered_ms // 1000} SECOND"
        )
        return {(store, second * 1000) for store, second in result.result_rows}


def _with_offset(row: Row) -> bytes:
    """The event's JSON with its place in the log put in front."""
    return b'{"log_offset":%d,%b' % (row.offset, row.line.lstrip()[1:])


def as_sent(line: bytes) -> bytes:
    """The record's JSON without what landing put in front."""
    return re.sub(rb'^\{"log_offset":\d+,', b"{", line, count=1)


def _tick_ms(line: bytes) -> int:
    try:
        return decode_tick(line).tick_ms
    except UNREADABLE:
        return 0
