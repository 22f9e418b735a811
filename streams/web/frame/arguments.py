"""Reads the arguments of a request into values, with an error that says what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from streams.web.frame.errors import BadQueryError

#: 2000-01-01 and 2100-01-01 in ms: the earliest and the latest moment that can be asked about
EARLIEST_MS = 946_684_800_000
LATEST_MS = 4_102_444_800_000


def moment_of(query: Mapping[str, str], name: str) -> int | None:
    """A moment in ms from RFC 3339 text or integer ms; None if it was not given."""
    value = query.get(name)
    if value is None or value == "":
        return None
    try:
        at_ms = int(value)
    except ValueError:
        try:
            parsed = datetime.fromisoformat(value.replace(" ", "+"))
        except ValueError as error:
            raise BadQueryError(
                f"{name}: expected RFC 3339 text or integer milliseconds, not {value[:40]!r}"
            ) from error
        at_ms = int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000)
    if not EARLIEST_MS <= at_ms <= LATEST_MS:
        raise BadQueryError(f"{name}: expected a moment between 2000 and 2100, not {value[:40]!r}")
    return at_ms


def at_of(query: Mapping[str, str], present_ms: int) -> tuple[int, bool]:
    """The moment to look at (``at``), and whether that is the present."""
    at_ms = moment_of(query, "at")
    return (present_ms, True) if at_ms is None else (at_ms, False)


def limit_of(query: Mapping[str, str], default: int, limit: int) -> int:
    """The maximum number of rows (``limit``)."""
    return int(number_of(query, "limit", default, 1, limit))


def number_of(query: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    """A number between ``least`` and ``most``."""
    value = query.get(name)
    if value is None:
        return default
    try:
        number = float(value)
    except ValueError as error:
        raise BadQueryError(f"{name}: expected a number, not {value[:40]!r}") from error
    if not least <= number <= most:
        raise BadQueryError(f"{name}: expected a number between {least:g} and {most:g}, not {value[:40]}")
    return number


def one_of(query: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of a closed set of words."""
    value = query.get(name, default)
    if value not in allowed:
        raise BadQueryError(
            f"{name}: unknown value {value[:40]!r}; expected one of {', '.join(a for a in allowed if a)}"
        )
    return value


def choice_of(query: Mapping[str, str], name: str, allowed: tuple[int, ...], default: int) -> int:
    """One of a few whole numbers."""
    return int(one_of(query, name, tuple(map(str, allowed)), str(default)))
