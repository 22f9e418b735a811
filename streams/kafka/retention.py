"""How long topics keep their records, where a setting says otherwise than their specification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from scoring.funnel.units import DAY_MS
from streams.errors import InputError
from streams.kafka.topics import TopicSpec

_log = structlog.get_logger()
_RETENTION = "retention.ms"
#: where a topic's setting comes from: from itself
_OWN = 1


class UnknownTopicError(InputError):
    """The retention of a topic is set that there is not, or that is compacted; whoever set it corrects it."""


async def keep_topics(
    admin: AIOKafkaAdminClient, days: Mapping[str, int], specs: Sequence[TopicSpec]
) -> None:
    """Let each topic of ``days`` keep its records for so long. Whatever else is set for it stays.

    Raises:
        UnknownTopicError: a topic is not one that deletes by age.
    """
    by_age = {spec.name for spec in specs if _RETENTION in spec.configs}
    if unknown := sorted(set(days) - by_age):
        raise UnknownTopicError(
            f"FUNNELWATCH_RETENTION names {', '.join(unknown)}; expected a table, or one of {', '.join(sorted(by_age))}"
        )
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in days]
    for answer in await admin.describe_configs(asked):
        for _, _, _, topic, entries in (resource[:5] for resource in answer.resources):
            own = {
                name: value for name, value, _, source, *_ in entries if _is_own(answer.API_VERSION, source)
            }
            wanted = str(days[topic] * DAY_MS)
            if own.get(_RETENTION) != wanted:
                changed = ConfigResource(ConfigResourceType.TOPIC, topic, {**own, _RETENTION: wanted})
                await admin.alter_configs([changed])
                _log.info("retention_changed", name=topic, days=days[topic], before=own.get(_RETENTION))


def _is_own(version: int, source: int) -> bool:
    """Whether a setting is the topic's own; brokers of old say only whether it is a default."""
    return source == _OWN if version else not source
