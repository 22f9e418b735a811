"""The past of a connection, read next to what is live: what people wish for, part by part, each part durable before the next.

It asks with the urgency of a backfill, so it takes what the budget leaves; and it waits while deliveries wait to be translated, for they
come by the same log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from scoring.records.raw_delivery import DeliveryDoor
from scoring.sources.backfills import BackfillProgress, BackfillWish, begun, next_part, went_on
from scoring.sources.cursors import IncompleteWalkError
from streams.sources.api import ConnectionApi
from streams.sources.asking import PlatformError, PlatformThrottledError
from streams.sources.polling import ResourcePoller

_log = structlog.get_logger()
#: between two tries of a part that failed, doubled each time
_FIRST_WAIT_S, _LONGEST_WAIT_S = 5.0, 900.0


class Backfiller:
    """The backfills of one connection.

    Args:
        name: of the connection.
        pollers: by resource; those that have a past.
        api: asks, with the urgency of a backfill.
        keep: makes a progress durable; raises OwnershipLostError.
        clock_s: seconds that only grow.
    """

    def __init__(
        self,
        name: str,
        pollers: Mapping[str, ResourcePoller],
        api: ConnectionApi,
        keep: Callable[[BackfillProgress], Awaitable[None]],
        clock_s: Callable[[], float],
    ) -> None:
        self._name, self._pollers, self._api = name, pollers, api
        self._keep, self._clock_s = keep, clock_s
        self.progress: dict[tuple[str, str], BackfillProgress] = {}
        #: of each part that failed: when it may be tried again, and how often it failed in a row
        self._due_s: dict[tuple[str, str], float] = {}
        self._failures: dict[tuple[str, str], int] = {}

    def resources(self, wish: BackfillWish) -> list[str]:
        """The resources that a wish is about."""
        return [name for name in self._pollers if wish.resource in ("", name)]

    async def turn(self, wishes: Sequence[BackfillWish]) -> bool:
        """Read one part of the oldest wish that is not done; False if there is nothing to do for now.

        What fails is tried again later and later, and keeps nothing else waiting: a missing permission for returns is none for orders.

        Raises:
            OwnershipLostError: another process owns the connection.
            KafkaUnreachableError: what was read cannot be kept.
        """
        for wish in wishes:
            if wish.paused:
                continue
            for resource in self.resources(wish):
                progress = self.progress.get((wish.backfill_id, resource)) or begun(
                    wish, resource, self._api.now_ms
                )
                is_due = self._clock_s() >= self._due_s.get(_key(progress), 0.0)
                if not progress.done_ms and is_due and await self._part(wish, progress):
                    return True
        return False

    async def _part(self, wish: BackfillWish, progress: BackfillProgress) -> bool:
        poller = self._pollers[progress.resource]
        part = next_part(wish, progress, poller.poll.plan.window_s, poller.poll.past_window_s)
        if part is None:
            await self._note(msgspec.structs.replace(progress, done_ms=self._api.now_ms))
            return True
        began_s = self._clock_s()
        try:
            walk, _, _ = await poller.read(part, self._api, DeliveryDoor.BACKFILL)
        except (IncompleteWalkError, *PlatformError) as error:
            _log.warning(
                "backfill_failed", connection=self._name, resource=progress.resource, error=str(error)
            )
            self._put_off(_key(progress), error)
            await self._note(msgspec.structs.replace(progress, error=str(error)[:300]))
            return False
        self._failures.pop(_key(progress), None)
        took_s = self._clock_s() - began_s
        await self._note(went_on(progress, part, wish, walk.rows, took_s, self._api.now_ms))
        return True

    def _put_off(self, key: tuple[str, str], error: Exception) -> None:
        """Let the next try of a part wait, or as long as the platform asks."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        asked_s = error.retry_after_s if isinstance(error, PlatformThrottledError) else None
        wait_s = min(_FIRST_WAIT_S * 2.0 ** min(failures - 1, 10), _LONGEST_WAIT_S)
        self._due_s[key] = self._clock_s() + max(wait_s, asked_s or 0.0)

    async def _note(self, progress: BackfillProgress) -> None:
        await self._keep(progress)
        self.progress[_key(progress)] = progress


def _key(progress: BackfillProgress) -> tuple[str, str]:
    return progress.backfill_id, progress.resource
