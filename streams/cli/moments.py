"""Times and spans as a person types them: read in one way by every command."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

import typer

from streams.clock import now

_AGO = re.compile(r"(\d{1,6})\s*([smhdw])(?:\s+ago)?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, option: str, present: datetime | None = None, zone: tzinfo = UTC) -> datetime:
    """The moment that ``text`` says: ``now``, ``90m``, ``2h`` or ``3d ago``, or an ISO date or time, of ``zone`` if it names no offset.

    Raises:
        typer.BadParameter: it is neither; the error names ``option``.
    """
    ago = _AGO.fullmatch("0s" if text.strip() == "now" else text.strip())
    try:
        if ago:
            return (present or now()) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        when = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(
            f"invalid time {text!r}; expected one such as 2h, 3d, 2026-11-22 or 2026-11-22T08:00+08:00",
            param_hint=option,
        ) from error
    return when if when.tzinfo else when.replace(tzinfo=zone)


def moment_ms(text: str, option: str) -> int:
    """The same in ms since 1970 UTC."""
    return int(moment(text, option).timestamp() * 1000)


def span_ms(begin: str, end: str) -> tuple[int, int]:
    """The span from ``--from`` to ``--to``, its end not included.

    Raises:
        typer.BadParameter: one of them is not a time, or the end is not after the beginning.
    """
    start_ms, end_ms = moment_ms(begin, "--from"), moment_ms(end, "--to")
    if end_ms <= start_ms:
        raise typer.BadParameter("the end is not after the beginning", param_hint="--to")
    return start_ms, end_ms
