"""The topics: names others may rely on, partitions and retention.

``EVENTS``, ``MINUTES``, ``SCORES``, ``WINDOWS``, ``ALERTS``, ``REPORTS``, ``SIGNALS`` and ``ORDER_FACTS`` are keyed by store_id, so a
store's records keep their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from scoring.funnel.units import DAY_MS

#: how old a client's view of its topics may get (aiokafka: five minutes). A topic that was given more partitions has them
#: for a client only when it looks again; a recreated topic is another one; and a group's leader that joined while the broker
#: was starting may have seen a topic without partitions and given nobody any
METADATA_AGE_MS = 5_000
#: a batch may wait for what takes it indefinitely without the group taking its partitions away
MAX_POLL_MS = 7 * 24 * 3_600_000

#: a topic's name → the name that it has here: tests give each its own prefix
Rename = Callable[[str], str]

EVENTS = "funnel.events.v1"
DEADLETTERS = "funnel.deadletters.v1"
ALERTS = "funnel.alerts.v1"
BASELINES = "funnel.baselines.v1"
MINUTES = "funnel.minutes.v1"
SCORES = "funnel.scores.v1"
WINDOWS = "funnel.windows.v1"
ACTIONS = "funnel.actions.v1"
#: what was claimed and sent, by whom it was for: the notifier's and the digests' memory
SENDS = "funnel.sends.v1"
#: what platforms sent, as it came, keyed by source/connection: kept so that a fault of a mapping can be fixed and translated again
RAW = "funnel.raw.v1"
#: what sources report besides events (``scoring/records``)
REPORTS = "funnel.reports.v1"
SIGNALS = "funnel.signals.v1"
ORDER_FACTS = "funnel.orders.v1"
#: the memory of sources: keys ``connection/``, ``cursor/``, ``token/``, ``health/``, ``lease/``, ``import/`` and ``layout/`` and a name
SOURCES = "funnel.sources.v1"
#: the monitor's table changelog
COUNTS_CHANGELOG = "funnelwatch-monitor-counts-changelog"
#: what the pooled monitors remember
POOLS_CHANGELOG = "funnelwatch-pools-changelog"
#: what the judging of reports remembers
PERIODS_CHANGELOG = "funnelwatch-periods-changelog"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is made. ``per_partition`` topics have as many partitions as ``EVENTS``, by their ``key``; others have one."""

    name: str
    per_partition: bool
    configs: dict[str, str] = field(default_factory=dict)
    key: str = "store"


def _deleted_after(days: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(days * DAY_MS)}


_COMPACTED = {"cleanup.policy": "compact"}

TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(EVENTS, True, _deleted_after(7)),
    TopicSpec(DEADLETTERS, False, _deleted_after(30)),
    TopicSpec(ALERTS, True, _deleted_after(30)),
    TopicSpec(BASELINES, False, {**_COMPACTED, "max.message.bytes": "10000000"}),
    TopicSpec(MINUTES, True, _deleted_after(3)),
    TopicSpec(SCORES, True, _deleted_after(3)),
    TopicSpec(WINDOWS, True, _deleted_after(1)),
    TopicSpec(ACTIONS, False, _deleted_after(30)),
    TopicSpec(SENDS, False, _COMPACTED),
    TopicSpec(RAW, True, {**_deleted_after(7), "max.message.bytes": "10000000"}, key="connection"),
    TopicSpec(REPORTS, True, _deleted_after(30)),
    TopicSpec(SIGNALS, True, _deleted_after(30)),
    TopicSpec(ORDER_FACTS, True, _deleted_after(30)),
    TopicSpec(SOURCES, False, _COMPACTED),
    TopicSpec(COUNTS_CHANGELOG, True, {**_COMPACTED, "max.message.bytes": "10000000"}),
    TopicSpec(POOLS_CHANGELOG, False, _COMPACTED),
    TopicSpec(PERIODS_CHANGELOG, False, _COMPACTED),
)
