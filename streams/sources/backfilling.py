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
from streams.sources.asking import PlatformError
from streams.sources.polling import ResourcePoller

_log = structlog.get_logger()


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

    def resources(self, wish: BackfillWish) -> list[str]:
        """The resources that a wish is about."""
        return [name for name in self._pollers if wish.resource in ("", name)]

    async def turn(self, wishes: Sequence[BackfillWish]) -> bool:
        """Read one part of the oldest wish that is not done; False if there is nothing to do, or it failed for now.

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
                if not progress.done_ms:
                    return await self._part(wish, progress)
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
            await self._note(msgspec.structs.replace(progress, error=str(error)[:300]))
            return False
        took_s = self._clock_s() - began_s
        await self._note(went_on(progress, part, wish, walk.rows, took_s, self._api.now_ms))
        return True

    async def _note(self, progress: BackfillProgress) -> None:
        await self._keep(progress)
        self.progress[progress.backfill_id, progress.resource] = progress
