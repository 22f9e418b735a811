"""A connection as people see it: what is configured, what its owner last published, and how far its backfills are.

The page and the command line show this and nothing else. Holds no secret.
"""

from __future__ import annotations

import msgspec

from scoring.funnel.units import MINUTE_MS
from scoring.sources.backfills import (
    BackfillProgress,
    BackfillState,
    BackfillWish,
    days_done,
    left_s,
    share_done,
    state_of_backfill,
)
from scoring.sources.doubts import Doubt
from scoring.sources.endings import Ending
from scoring.sources.health import ConnectionHealth, ConnectionState, DeliveryHealth, ResourceHealth
from scoring.sources.second_way import DayDifference
from scoring.sources.tokens import days_left
from scoring.wording.text import Language, Text
from scoring.wording.troubles import TROUBLES, Trouble
from streams.sources.connection import Connection
from streams.sources.directory import ConnectionDirectory
from streams.sources.ending import endings
from streams.sources.registry import source_named
from streams.sources.source import Authorisation
from streams.sources.source_log import log_key

#: an owner publishes every half minute; what is older speaks of the past
STALE_MS = 3 * MINUTE_MS

STATE_NAMES: dict[str, Text] = {
    ConnectionState.CONNECTED: Text("正常", "Connected"),
    ConnectionState.CATCHING_UP: Text("追赶中", "Catching up"),
    ConnectionState.LATE: Text("延迟", "Late"),
    ConnectionState.PAUSED: Text("已暂停", "Paused"),
    ConnectionState.BROKEN: Text("中断", "Broken"),
    "unknown": Text("未知", "Unknown"),
}
NOBODY = Text(
    "没有进程在负责它；请检查 sources 角色是否在运行。",
    "No process works on it; see whether the role sources is running.",
)


class BackfillStatus(msgspec.Struct, frozen=True):
    """How far a backfill of one resource is. ``share`` is in [0, 1], ``left_s`` None before the first part is done."""

    backfill_id: str
    resource: str
    from_ms: int
    to_ms: int
    state: BackfillState
    days_done: int
    days: int
    share: float
    rows: int
    left_s: float | None
    error: str = ""


class ConnectionStatus(msgspec.Struct, frozen=True):
    """One connection. Times are milliseconds since 1970, 0 where nothing is known.

    Attributes:
        state: of its owner's last word; ``unknown`` if that is too old or there is none.
        trouble, detail: why, by name and in the platform's or our own words.
        heard_ms: when its owner last published.
        last_ms: when the last delivery came, by any door.
        until_ms: all that changed before is durable, in every resource that is asked for.
        differing_days: closed days that differ by the second way.
        doubts: what cannot be believed of its figures.
        token_days: until its authorisation ends; None if it does not.
        endings: versions and forms of the platform that it uses, with the days left of each.
        quota_left: requests that the platform says are left; None if it does not.
    """

    name: str
    source: str
    stores: tuple[str, ...]
    owner: str
    authorisation: Authorisation
    is_in_file: bool
    hook_path: str
    state: str
    trouble: Trouble
    detail: str
    since_ms: int
    heard_ms: int
    process: str
    last_ms: int
    newest_event_ms: int
    until_ms: int
    waiting: int
    token_days: int | None
    endings: tuple[Ending, ...]
    quota_left: float | None
    differing_days: tuple[str, ...]
    differences: tuple[DayDifference, ...]
    doubts: tuple[Doubt, ...]
    compared_ms: int
    paused: bool
    resources: tuple[ResourceHealth, ...]
    deliveries: DeliveryHealth
    backfills: tuple[BackfillStatus, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing needs to be looked at."""
        return self.state in (ConnectionState.CONNECTED, ConnectionState.CATCHING_UP) and self.trouble in (
            Trouble.NONE,
            Trouble.BEHIND,
        )

    def trouble_text(self, language: Language) -> str:
        """What is wrong, for people; empty if nothing."""
        if self.trouble is Trouble.NONE:
            return NOBODY(language) if self.state == "unknown" else ""
        return TROUBLES[self.trouble][0](language)

    def advice(self, language: Language) -> str:
        """What to do about it, for people; empty if nothing."""
        return "" if self.trouble is Trouble.NONE else TROUBLES[self.trouble][1](language)


def statuses(directory: ConnectionDirectory, now_ms: int) -> list[ConnectionStatus]:
    """All connections, in the order of their names."""
    return [_status(one, directory, now_ms) for one in sorted(directory, key=lambda one: one.name)]


def status_of(directory: ConnectionDirectory, name: str, now_ms: int) -> ConnectionStatus | None:
    """The connection of that name; None if there is none."""
    connection = directory.get(name)
    return None if connection is None else _status(connection, directory, now_ms)


def _status(connection: Connection, directory: ConnectionDirectory, now_ms: int) -> ConnectionStatus:
    book, name = directory.book, connection.name
    spec, control = source_named(connection.source), book.control(name)
    health = book.get(ConnectionHealth, log_key("health", name))
    is_heard = health is not None and now_ms - health.at_ms <= STALE_MS
    known = health or ConnectionHealth(name, connection.source, connection.stores, 0, ConnectionState.PAUSED)
    return ConnectionStatus(
        name=name,
        source=connection.source,
        stores=connection.stores,
        owner=connection.config.owner,
        authorisation=spec.authorisation(connection.config) if spec else Authorisation.NONE,
        is_in_file=connection.is_in_file,
        hook_path=f"/v1/hooks/{connection.source}/{name}" if spec and spec.hook else "",
        state=known.state.value if is_heard else "unknown",
        trouble=known.trouble if is_heard else Trouble.NONE,
        detail=known.detail if is_heard else "",
        since_ms=known.since_ms,
        heard_ms=known.at_ms,
        process=known.process,
        last_ms=max(known.deliveries.last_ms, known.deliveries.polled_ms),
        newest_event_ms=known.deliveries.newest_event_ms,
        until_ms=min((one.until_ms for one in known.resources), default=0),
        waiting=known.lag,
        token_days=days_left(known.token_ends_ms, now_ms),
        endings=endings(connection, spec, now_ms),
        quota_left=min((one.left for one in known.resources if one.left is not None), default=None),
        differing_days=tuple(dict.fromkeys(one.day for one in known.check.lasting)),
        differences=known.check.lasting,
        doubts=known.doubts.doubts,
        compared_ms=known.check.compared_ms,
        paused=control.paused or bool(connection.config.paused),
        resources=known.resources,
        deliveries=known.deliveries,
        backfills=_backfills(connection, directory, control.backfills),
    )


def _backfills(
    connection: Connection, directory: ConnectionDirectory, wishes: tuple[BackfillWish, ...]
) -> tuple[BackfillStatus, ...]:
    spec = source_named(connection.source)
    polls = spec.polls(connection.config) if spec else ()
    found = []
    for wish in wishes:
        for poll in polls:
            if not poll.has_past or wish.resource not in ("", poll.resource):
                continue
            key = log_key("backfill", connection.name, wish.backfill_id, poll.resource)
            progress = directory.book.get(BackfillProgress, key)
            at = progress or BackfillProgress(wish.backfill_id, poll.resource, wish.to_ms)
            done, days = days_done(wish, at)
            found.append(
                BackfillStatus(
                    wish.backfill_id,
                    poll.resource,
                    wish.from_ms,
                    wish.to_ms,
                    state_of_backfill(wish, progress),
                    done,
                    days,
                    share_done(wish, at),
                    at.rows,
                    left_s(wish, at),
                    at.error,
                )
            )
    return tuple(found)
