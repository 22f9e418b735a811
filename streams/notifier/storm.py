"""A storm has one summary: what many stores' groups would say to the same people at the same time is one message.

Called by ``notifier.py`` with all that is due for one receiver in a turn. Each group keeps its own state, and what follows (a raised
severity, an end on its own) is its own message again. Programs and pagers are left out: they keep one incident a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.alerts.deciding import AcknowledgementNews, Decision, Reason
from streams.channels.receiver import ChannelSpec
from streams.incidents.groups import AlertGroup

#: from this many stores on it is one
STORM_STORES = 5
#: what is begun, and what is over; everything else is said of each group
_BEGUN = frozenset({Reason.NEW, Reason.ADDED, Reason.HOLD_ENDED})
_OVER = frozenset({Reason.RESOLVED})


@dataclass(frozen=True, slots=True)
class MessageBatch:
    """What one message is about: one group, or in a storm many."""

    items: tuple[tuple[AlertGroup, Decision], ...]

    @property
    def is_storm(self) -> bool:
        """Whether it is a summary."""
        return len(self.items) > 1

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its groups."""
        return tuple(group.key for group, _ in self.items)

    def as_one(self) -> tuple[AlertGroup, Decision]:
        """The groups as one, in their order, and what is decided of them all."""
        (group, decision), *others = self.items
        if not others:
            return group, decision
        merged = AlertGroup(group.key, group.route, [c for one, _ in self.items for c in one.candidates])
        ids = tuple(alert_id for _, one in self.items for alert_id in one.alert_ids)
        return merged, Decision(
            decision.action, Reason.RESOLVED if decision.reason in _OVER else Reason.NEW, ids
        )


def stores_of(items: Sequence[tuple[AlertGroup, Decision]]) -> set[str]:
    """The stores that are off by decisions; of a pool, whose other members may be as usual, those that make up most of it."""
    chosen = [c for group, one in items for c in group.candidates if c.alert_id in one.alert_ids]
    return {store for c in chosen for store in c.missing_in or c.members or {c.labels.get("store_id", "")}}


def batched(work: Sequence[tuple[AlertGroup, Decision]], spec: ChannelSpec) -> list[MessageBatch]:
    """What is due for a receiver, as messages, in the order of ``work``."""
    if spec.takes_all or spec.acknowledgements is AcknowledgementNews.INCIDENT:
        return [MessageBatch((item,)) for item in work]
    batches: list[MessageBatch] = []
    for reasons in (_BEGUN, _OVER):
        together = [item for item in work if item[1].reason in reasons]
        if len(together) > 1 and len(stores_of(together)) >= STORM_STORES:
            batches.append(MessageBatch(tuple(together)))
    taken = {key for batch in batches for key in batch.keys}
    return batches + [MessageBatch((item,)) for item in work if item[0].key not in taken]
