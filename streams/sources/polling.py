"""One resource of a connection, asked for window by window. The cursor moves when a window is whole and durable, never before.

A row becomes a raw delivery, so that it is translated where deliveries by webhook are, and can be translated again. What was delivered
is remembered: windows overlap, and a row that has not changed is not delivered twice by this process. One that has gone back to what it
was has changed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

import msgspec
import structlog

from scoring.events.redaction import mask_document
from scoring.records.raw_delivery import DeliveryDoor, RawDelivery
from scoring.sources.cursors import (
    CursorState,
    IncompleteWalkError,
    PageWalk,
    PollWindow,
    is_behind,
    is_cut_short,
    moved,
    next_window,
    restated_from,
)
from scoring.sources.health import ResourceHealth
from scoring.wording.troubles import Trouble
from streams.sources.api import ConnectionApi
from streams.sources.asking import PlatformError, PlatformThrottledError, VersionRetiredError
from streams.sources.connection import Connection
from streams.sources.source import Poll, PolledRow

_log = structlog.get_logger()

#: walks through one window before it counts as one that cannot be read whole now
_MAX_WALKS = 3
#: deliveries remembered of a resource
_MAX_REMEMBERED = 50_000
#: a resource that fails is tried again after its interval, doubled with each failure up to this
_MAX_BACKOFF_S = 900.0


class DeliverySink(Protocol):
    """Where raw deliveries go: durable on return."""

    async def deliver(self, deliveries: Sequence[RawDelivery]) -> None:
        """Keep them.

        Raises:
            KafkaUnreachableError: nothing is known to be kept.
        """
        ...


Pseudonym = Callable[[str, str], str]


def backoff_s(interval_s: float, failures: int) -> float:
    """Seconds until something is tried again that failed so many times in a row: an interval, doubled with each failure, up to a limit."""
    return min(interval_s * 2.0 ** min(failures - 1, 10), _MAX_BACKOFF_S)


class ResourcePoller:
    """Reads one resource.

    Args:
        connection: whose.
        poll: the resource.
        api: asks.
        sink: where rows go.
        keep: makes a cursor durable; raises OwnershipLostError.
        pseudonym: of (store, id of a person), marked as ours.
    """

    def __init__(
        self,
        connection: Connection,
        poll: Poll,
        api: ConnectionApi,
        sink: DeliverySink,
        keep: Callable[[CursorState], Awaitable[None]],
        pseudonym: Pseudonym,
    ) -> None:
        self._connection, self.poll, self._api, self._sink = connection, poll, api, sink
        self._keep, self._pseudonym = keep, pseudonym
        #: by row, the version that was delivered last
        self._delivered: OrderedDict[str, str] = OrderedDict()
        self.cursor = CursorState()
        self._moving = asyncio.Lock()
        self.health = ResourceHealth(poll.resource, poll.plan.interval_s, asked_version=poll.version)

    async def turn(self) -> float:
        """Ask for the next window, if there is one; the seconds until the next turn.

        Raises:
            OwnershipLostError: another process owns the connection.
            KafkaUnreachableError: what was read cannot be kept; the cursor stays.
        """
        now_ms, plan = self._api.now_ms, self.poll.plan
        window = next_window(self.cursor, plan, now_ms)
        if window is None:
            return self._rest_s(now_ms)
        try:
            await self._read_on(window)
        except (IncompleteWalkError, *PlatformError) as error:
            return self._failed(error)
        self._note(whole_ms=self._api.now_ms, failures=0, trouble=Trouble.NONE, detail="")
        return 0.0 if is_cut_short(window, plan, now_ms) else plan.interval_s

    async def _read_on(self, window: PollWindow) -> None:
        walk, newest_ms, mark = await self.read(window, self._api, DeliveryDoor.POLL)

        def on(cursor: CursorState) -> CursorState:
            return moved(cursor, window, self._api.now_ms, rows=walk.rows, newest_ms=newest_ms, mark=mark)

        await self._move(on)

    async def _move(self, change: Callable[[CursorState], CursorState]) -> None:
        """Change the cursor, durable first. One change waits for the other: reading on and reading again both write it."""
        async with self._moving:
            cursor = change(self.cursor)
            await self._keep(cursor)
            self.cursor = cursor

    async def read_again(
        self, from_ms: int, end_ms: int, api: ConnectionApi, *, is_delivered_again: bool = False
    ) -> int:
        """Read a past span again, window by window; the cursor stays. The oldest row that was another than before; 0 for none.

        Args:
            from_ms, end_ms: the span.
            api: by which way.
            is_delivered_again: rows that have not changed, too.

        Raises:
            IncompleteWalkError, PlatformUnreachableError, …: as ``read``.
        """
        unsure_ms = []
        while from_ms < end_ms:
            to_ms = min(end_ms, from_ms + round(self.poll.plan.window_s * 1000))
            walk, *_ = await self.read(PollWindow(from_ms, to_ms), api, DeliveryDoor.POLL, is_delivered_again)
            unsure_ms.append(walk.unsure_ms)
            from_ms = to_ms
        return min(filter(None, unsure_ms), default=0)

    async def read_differing(self, from_ms: int, api: ConnectionApi) -> None:
        """Read everything since a moment again, deliver it again, and note what was another than before. Raises as ``read_again``."""
        found_ms = await self.read_again(from_ms, self._api.now_ms, api, is_delivered_again=True)
        if found_ms:
            # this answer may be the wrong one: rows that old are not read again until they are the same twice
            await self._move(
                lambda cursor: msgspec.structs.replace(
                    cursor, unsure_ms=min(found_ms, cursor.unsure_ms or found_ms)
                )
            )

    async def read_restated(self, api: ConnectionApi) -> None:
        """Read the days again that the source still restates, and note when. Raises as ``read_again``."""
        now_ms = self._api.now_ms
        from_ms = restated_from(self.cursor, self.poll.restated_days, now_ms)
        unsure_ms = await self.read_again(from_ms, self.cursor.until_ms, api)
        await self._move(
            lambda cursor: msgspec.structs.replace(cursor, restated_ms=now_ms, unsure_ms=unsure_ms)
        )

    def _rest_s(self, now_ms: int) -> float:
        due_ms = self.cursor.until_ms + round((self.poll.plan.settle_s + self.poll.plan.interval_s) * 1000)
        return min(self.poll.plan.interval_s, max(1.0, (due_ms - now_ms) / 1000))

    def _failed(self, error: Exception) -> float:
        trouble = getattr(error, "trouble", Trouble.INCOMPLETE)
        failures = self.health.failures + 1
        _log.warning(
            "poll_failed",
            connection=self._connection.name,
            resource=self.poll.resource,
            trouble=trouble.value,
            error=str(error),
            failures=failures,
        )
        self._note(failures=failures, trouble=trouble, detail=str(error)[:300])
        wait_s = backoff_s(self.poll.plan.interval_s, failures)
        asked_s = error.retry_after_s if isinstance(error, PlatformThrottledError) else None
        return max(wait_s, asked_s or 0.0)

    def _note(self, **changes: object) -> None:
        """What is known of the resource, for the state of the connection."""
        cursor, now_ms = self.cursor, self._api.now_ms
        known = {name: getattr(self.health, name) for name in self.health.__struct_fields__}
        self.health = ResourceHealth(
            **{
                **known,
                "asked_ms": now_ms,
                "until_ms": cursor.until_ms,
                "newest_ms": cursor.newest_ms,
                "rows": cursor.rows,
                "behind": is_behind(cursor, self.poll.plan, now_ms),
                "left": self._api.notes.left,
                **changes,
            }
        )

    async def read(
        self, window: PollWindow, api: ConnectionApi, door: DeliveryDoor, again: bool = False
    ) -> tuple[PageWalk, int, str]:
        """Read a window whole and make its rows durable: the walk, the newest time of a row, and the mark to go on with.

        Args:
            window: what to ask for.
            api: by which way; a backfill has its own urgency.
            door: what the deliveries say of how they came.
            again: deliver rows that were delivered before, too.

        Raises:
            IncompleteWalkError: its pages make no whole, each time it was asked.
            PlatformUnreachableError, …: the platform gave no good answer.
        """
        for left in reversed(range(_MAX_WALKS)):
            try:
                return await self._walk(window, api, door, again)
            except IncompleteWalkError:
                if not left:
                    raise
        raise AssertionError("unreachable")

    async def _walk(
        self, window: PollWindow, api: ConnectionApi, door: DeliveryDoor, again: bool
    ) -> tuple[PageWalk, int, str]:
        walk, mark, newest_ms, cursor_mark = PageWalk(window), "", 0, ""
        fetch = self.poll.fetch
        if door is DeliveryDoor.BACKFILL and self.poll.past is not None:
            fetch = self.poll.past
        while True:
            page = await fetch(api, window, mark)
            self._check_version(page.served)
            fresh = walk.take([(row.row_id, row.version) for row in page.rows], page.next_mark, page.total)
            new = [page.rows[place] for place in fresh]
            others = [row.changed_ms for row in new if self._is_other(row) and row.changed_ms]
            walk.unsure_ms = min([*others, *filter(None, [walk.unsure_ms])], default=0)
            await self._deliver(new, api.now_ms, door, again)
            newest_ms = max([newest_ms, *(row.changed_ms for row in page.rows)])
            cursor_mark = page.cursor_mark or cursor_mark
            mark = page.next_mark
            if not mark:
                break
        walk.check_whole()
        return walk, newest_ms, cursor_mark

    def _check_version(self, served: str) -> None:
        asked = self.health.asked_version
        if served and served != self.health.served:
            self._note(served=served)
        if asked and served and served != asked:
            raise VersionRetiredError(f"version {asked} was asked for, {served} was served")

    async def _deliver(self, rows: Sequence[PolledRow], now_ms: int, door: DeliveryDoor, again: bool) -> None:
        made = {self._id_of(row): row for row in rows}
        new = {
            name: row for name, row in made.items() if again or self._delivered.get(row.row_id) != row.version
        }
        if not new:
            return
        await self._sink.deliver([self._delivery(name, row, now_ms, door) for name, row in new.items()])
        for row in new.values():
            self._delivered[row.row_id] = row.version
            self._delivered.move_to_end(row.row_id)
        while len(self._delivered) > _MAX_REMEMBERED:
            self._delivered.popitem(last=False)

    def _is_other(self, row: PolledRow) -> bool:
        """Whether it was delivered before as something else."""
        return self._delivered.get(row.row_id, row.version) != row.version

    def _id_of(self, row: PolledRow) -> str:
        parts = (self._connection.key, self.poll.resource, row.row_id, row.version)
        digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
        # the version was made of a row with personal data: its digest is keyed
        return self._pseudonym("", digest).removeprefix("~")

    def _delivery(self, name: str, row: PolledRow, now_ms: int, door: DeliveryDoor) -> RawDelivery:
        store = row.store or self._connection.stores[0]
        return RawDelivery(
            delivery_id=name,
            source=self._connection.source,
            connection=self._connection.name,
            received_at_ms=now_ms,
            topic=self.poll.resource,
            door=door,
            body=mask_document(
                row.body.encode(),
                partial(self._pseudonym, store),
                self.poll.personal,
                self.poll.people,
                self.poll.kept,
                self.poll.only,
                self.poll.ids,
                self.poll.stores,
                lambda named: partial(self._pseudonym, named) if named in self._connection.stores else None,
            ),
        )
