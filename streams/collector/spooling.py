"""The disk spool as the event loop uses it: one thing at a time, next to the loop, and what waits for the disk is written together.

A disk takes as long for one record as for a thousand, so in the moment in which Kafka becomes unreachable, and a thousand requests a
second turn to the disk, each of them waits for two writes at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog
from aiokafka.errors import KafkaError

from streams.collector.frames import Record
from streams.collector.spool import Spool
from streams.metrics import (
    COLLECTOR_SET_ASIDE,
    COLLECTOR_SPOOL_BYTES,
    COLLECTOR_SPOOL_LIMIT,
    COLLECTOR_SPOOLED,
)

_log = structlog.get_logger()


class SpoolWriter:
    """See above.

    Args:
        spool: of this process.
        on_kept: is called when something was written.
    """

    def __init__(self, spool: Spool, on_kept: Callable[[], None]) -> None:
        self._spool, self._on_kept = spool, on_kept
        self._lock = asyncio.Lock()
        self._waiting: dict[asyncio.Future[None], Sequence[Record]] = {}
        self._writing: asyncio.Task[None] | None = None

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait on disk."""
        return self._spool.waiting_bytes

    @property
    def is_empty(self) -> bool:
        """Whether everything has been sent on."""
        return self._spool.is_empty

    def begin(self) -> None:
        """Say what was found."""
        COLLECTOR_SPOOL_LIMIT.set(self._spool.limit_bytes)
        COLLECTOR_SPOOL_BYTES.set(self._spool.waiting_bytes)
        if not self._spool.is_empty:
            _log.info("spool_found", bytes=self._spool.waiting_bytes)
        self._report_damage()

    async def close(self) -> None:
        """Let go of it once all is written."""
        if self._writing is not None:
            await self._writing
        self._spool.close()

    async def append(self, records: Sequence[Record]) -> None:
        """Return once ``records`` are on disk, behind what waits there.

        Raises:
            SpoolFullError: they do not fit.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[done] = records
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_out(), name="publisher-spool")
        await done

    async def _write_out(self) -> None:
        """Write what waits, and what has come meanwhile, until nothing is left."""
        while self._waiting:
            async with self._lock:
                taken, self._waiting = self._waiting, {}
                error = await self._written([one for records in taken.values() for one in records])
                ends = dict.fromkeys(taken, error)
                if error is not None and len(taken) > 1:
                    # all of it does not fit, or cannot be written: each for itself, so that what fits is kept
                    ends = {done: await self._written(records) for done, records in taken.items()}
            for done, failure in ends.items():
                end(done, failure)

    async def _written(self, records: Sequence[Record]) -> Exception | None:
        """What keeps records from being on disk; None once they are."""
        try:
            await asyncio.to_thread(self._spool.append, records)
        except Exception as error:  # whoever waits for it has it, and none may wait for ever
            return error
        COLLECTOR_SPOOLED.inc(len(records))
        COLLECTOR_SPOOL_BYTES.set(self._spool.waiting_bytes)
        self._on_kept()
        return None

    async def head(self) -> tuple[list[Record], int]:
        """The oldest frame's records and its bytes on disk, for ``advance``."""
        async with self._lock:
            found = await asyncio.to_thread(self._spool.head)
        self._report_damage()
        return found

    async def advance(self, size: int) -> None:
        """Forget the oldest frame: its records are in Kafka, or set aside."""
        async with self._lock:
            await asyncio.to_thread(self._spool.advance, size)
        COLLECTOR_SPOOL_BYTES.set(self._spool.waiting_bytes)
        if self._spool.is_empty:
            _log.info("spool_drained")

    def set_aside(self, records: Sequence[Record], error: KafkaError) -> bool:
        """Keep records that Kafka rejects for good; False if the disk does not take them."""
        try:
            path = self._spool.set_aside(records, "rejected")
        except OSError as full:
            _log.warning("records_not_set_aside", error=str(full))
            return False
        COLLECTOR_SET_ASIDE.labels("rejected").inc(len(records))
        _log.error("records_set_aside", error=type(error).__name__, records=len(records), path=str(path))
        return True

    def _report_damage(self) -> None:
        for detail in self._spool.take_damage():
            COLLECTOR_SET_ASIDE.labels("damaged").inc()
            _log.error("spool_damaged", detail=detail)


def end(done: asyncio.Future[None], error: Exception | None) -> None:
    """Let whoever waits go on."""
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
