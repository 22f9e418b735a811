"""Sends what people do to Kafka, and remembers it until landing has stored it.

An action comes back from ClickHouse a second or two after it was sent. Until then it is shown from memory, marked as on its
way, so that whoever acted sees it at once. Before it: the forms and links of the subjects. After it:
``streams/incidents/action_log.py``, which writes the action.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from scoring.alerts.actions import HumanAction
from streams.clock import now_ms
from streams.incidents.action_log import publish_action
from streams.settings import Settings
from streams.web.frame.broker import broker_within

#: how long a request waits for the broker
PATIENCE_S = 12.0
#: an action that ClickHouse has not shown for this long is no longer shown from memory
PENDING_MS = 15 * 60_000


class ActionSender:
    """Sends actions and holds those that are not stored yet. One per process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sending = asyncio.Lock()
        self._pending: dict[str, HumanAction] = {}

    async def send(self, action: HumanAction) -> HumanAction:
        """The action, once the broker has it; of two with one id the first, whatever the second says.

        Raises:
            KafkaUnreachableError: the broker did not take it.
        """
        async with broker_within(self._settings, PATIENCE_S), self._sending:
            known = self._pending.get(action.action_id)
            if known is not None:
                return known
            await publish_action(self._settings, action)
            self._pending[action.action_id] = action
        return action

    def pending(self, action_id: str) -> HumanAction | None:
        """The action of that id, if it is known from memory only."""
        return self._pending.get(action_id)

    def all_pending(self) -> Iterator[HumanAction]:
        """Every action that is known from memory only and not too old to be shown."""
        oldest = now_ms() - PENDING_MS
        self._pending = {key: action for key, action in self._pending.items() if action.at_ms > oldest}
        return iter(self._pending.values())

    def stored(self, action_ids: Iterable[str]) -> None:
        """Forget these: ClickHouse shows them."""
        for action_id in action_ids:
            self._pending.pop(action_id, None)
