"""The state of connections as metrics of the process that owns them."""

from __future__ import annotations

import contextlib

from scoring.sources.health import ConnectionHealth, ConnectionState
from scoring.sources.second_way import days_of
from scoring.sources.tokens import days_left
from scoring.wording.troubles import Trouble
from streams.metrics import SOURCES_DIFFERING_DAYS, SOURCES_ENDING_DAYS, SOURCES_STATE, SOURCES_TOKEN_DAYS
from streams.sources.connection import Connection

_NUMBERS = {state: number for number, state in enumerate(ConnectionState)}


def _number(health: ConnectionHealth) -> int:
    """A pause that nobody asked for counts as a break."""
    is_rejected = health.state is ConnectionState.PAUSED and health.trouble is not Trouble.PAUSED_BY_PERSON
    return _NUMBERS[ConnectionState.BROKEN if is_rejected else health.state]


def show_state(health: ConnectionHealth) -> None:
    """Show what was published."""
    labels = (health.source, health.name)
    SOURCES_STATE.labels(*labels).set(_number(health))
    SOURCES_DIFFERING_DAYS.labels(*labels).set(len(days_of(health.check.lasting)))
    left = days_left(health.token_ends_ms, health.at_ms)
    if left is not None:
        SOURCES_TOKEN_DAYS.labels(*labels).set(left)
    SOURCES_ENDING_DAYS.remove_by_labels({"source": health.source, "connection": health.name})
    for ending in health.endings:
        if ending.days is not None:
            SOURCES_ENDING_DAYS.labels(*labels, ending.what).set(ending.days)


def forget_state(connection: Connection) -> None:
    """Another process owns it from now on, and shows it."""
    for metric in (SOURCES_STATE, SOURCES_DIFFERING_DAYS, SOURCES_TOKEN_DAYS):
        with contextlib.suppress(KeyError):
            metric.remove(connection.source, connection.name)
    SOURCES_ENDING_DAYS.remove_by_labels({"source": connection.source, "connection": connection.name})
