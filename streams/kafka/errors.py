"""The one error of Kafka that every role shares."""

from __future__ import annotations

from streams.errors import UnreachableError


class KafkaUnreachableError(UnreachableError):
    """Raised when no broker answers, or none acknowledges in time. The caller waits, keeps what it has and tries again."""
