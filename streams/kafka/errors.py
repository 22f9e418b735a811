"""The errors of Kafka that several roles share."""

from __future__ import annotations

from streams.errors import FencedError, UnreachableError


class KafkaUnreachableError(UnreachableError):
    """Raised when no broker answers, or none acknowledges in time. The caller waits, keeps what it has and tries again."""


class LogFencedError(FencedError):
    """Another process writes a log that one process writes at a time, or the broker rejected what was written; the role stops leading."""
