"""What people want of a connection: paused or not, and which of its past is to be read. Page and command line write it by the same rules.

A wish is written as a whole under ``control/NAME``; the owner of the connection follows the newest.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from scoring.sources.backfills import MAX_BACKFILL_DAYS, BackfillWish
from scoring.sources.doubts import Doubt
from streams.errors import InputError
from streams.sources.connection import Connection
from streams.sources.registry import source_named
from streams.sources.source_log import ConnectionControl

#: backfills of one connection, done ones included; older ones are forgotten
MAX_BACKFILLS = 20
MAX_WHY = 300
#: doubts of one connection that somebody said are none; older ones are forgotten
MAX_ACCEPTED = 100


class WishRejectedError(InputError):
    """What is wanted of a connection makes no sense; its text says why. Page and command line show it."""


def paused(control: ConnectionControl, why: str, who: str, at_ms: int) -> ConnectionControl:
    """Not to be asked until it is resumed."""
    return msgspec.structs.replace(
        control, paused=True, why=" ".join(why.split())[:MAX_WHY], who=_name(who), at_ms=at_ms
    )


def resumed(control: ConnectionControl, who: str, at_ms: int) -> ConnectionControl:
    """To be asked again; what paused it for a trouble is forgotten, for somebody says that it is over."""
    return msgspec.structs.replace(
        control, paused=False, why="", who=_name(who), at_ms=at_ms, resumed_ms=at_ms
    )


def accepted(control: ConnectionControl, doubts: Sequence[Doubt], who: str, at_ms: int) -> ConnectionControl:
    """With what cannot be believed now said to be right: from now on it is the usual.

    Raises:
        WishRejectedError: there is nothing of the kind.
    """
    if not doubts:
        raise WishRejectedError("nothing is doubted of this connection")
    kept = dict.fromkeys([*control.accepted, *(one.key for one in doubts)])
    return msgspec.structs.replace(
        control, accepted=tuple(kept)[-MAX_ACCEPTED:], accepted_ms=at_ms, who=_name(who), at_ms=at_ms
    )


def tested(control: ConnectionControl, at_ms: int) -> ConnectionControl:
    """To be tested once by its owner."""
    return msgspec.structs.replace(control, tested_ms=at_ms)


def with_backfill(
    control: ConnectionControl,
    connection: Connection,
    first: date,
    last: date,
    resource: str,
    who: str,
    at_ms: int,
) -> ConnectionControl:
    """With the days from ``first`` to ``last`` (both included, on the clock of the connection's first store) to be read.

    Raises:
        WishRejectedError: they cannot be.
    """
    spec = source_named(connection.source)
    polls = spec.polls(connection.config) if spec is not None else ()
    possible = [poll.resource for poll in polls if poll.has_past]
    if not possible:
        raise WishRejectedError(f"{connection.name}: a {connection.source} connection has no past to ask for")
    if resource and resource not in possible:
        raise WishRejectedError(
            f"{connection.name}: no resource with a past is called {resource!r}; expected one of {', '.join(possible)}"
        )
    zone = ZoneInfo(connection.zones.get(connection.stores[0], "UTC"))
    from_ms, to_ms = _begin_ms(first, zone), _begin_ms(last + timedelta(days=1), zone)
    if from_ms >= at_ms:
        raise WishRejectedError("the first day has not begun")
    if last < first:
        raise WishRejectedError("the last day is before the first")
    if (last - first).days >= MAX_BACKFILL_DAYS:
        raise WishRejectedError(f"at most {MAX_BACKFILL_DAYS} days at once")
    wish = BackfillWish(
        secrets.token_hex(3), resource, from_ms, min(to_ms, at_ms), at_ms=at_ms, who=_name(who)
    )
    kept = control.backfills[-(MAX_BACKFILLS - 1) :]
    return msgspec.structs.replace(control, backfills=(*kept, wish))


def with_past(
    control: ConnectionControl, connection: Connection, days: int, who: str, at_ms: int
) -> ConnectionControl:
    """With the past ``days`` of a new connection to be read, today included; unchanged where it has no past, or none is wanted."""
    spec = source_named(connection.source)
    if not days or spec is None or not any(poll.has_past for poll in spec.polls(connection.config)):
        return control
    zone = ZoneInfo(connection.zones.get(connection.stores[0], "UTC"))
    today = datetime.fromtimestamp(at_ms / 1000, zone).date()
    return with_backfill(control, connection, today - timedelta(days=days), today, "", who, at_ms)


def changed_backfill(
    control: ConnectionControl, backfill_id: str, *, is_paused: bool | None = None, is_gone: bool = False
) -> ConnectionControl:
    """With one backfill paused, resumed, or withdrawn.

    Raises:
        WishRejectedError: there is none of that id.
    """
    if backfill_id not in {wish.backfill_id for wish in control.backfills}:
        raise WishRejectedError(f"no backfill is called {backfill_id!r}")
    kept = [
        msgspec.structs.replace(wish, paused=is_paused)
        if wish.backfill_id == backfill_id and is_paused is not None
        else wish
        for wish in control.backfills
        if not (is_gone and wish.backfill_id == backfill_id)
    ]
    return msgspec.structs.replace(control, backfills=tuple(kept))


def day_of(text: str, name: str) -> date:
    """The day that a person wrote.

    Raises:
        WishRejectedError: it is none.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise WishRejectedError(
            f"{name}: {text[:40]!r} is not a day; write one such as 2026-11-28"
        ) from error


def _begin_ms(day: date, zone: ZoneInfo) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def _name(who: str) -> str:
    return " ".join(who.split())[:100]
