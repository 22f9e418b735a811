"""Which receivers an alert is for, and what may hold it back: matchers, the route tree, silences, mutes, inhibition.

Words are Alertmanager's. A route tree with matchers picks receivers. Silences (with an end and a reason), mute timings
(hours of a named zone, may cross midnight) and inhibitions (one alert holds others back) delay a message;
``scoring/alerts/deciding.py`` decides when one is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import re2

from scoring.alerts.alert import NOTHING_MISSING, AlertKind
from scoring.errors import ScoringError

Labels = Mapping[str, str]


class RoutingError(ScoringError):
    """A routing rule cannot be understood; raised while the configuration is read, shown by ``funnelwatch check``."""


class Severity(StrEnum):
    """How much an alert matters, from its level and the money at stake."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


def severity(
    level: str, kind: str, lost_money: float | None, critical_money: float, label: str = ""
) -> Severity:
    """The severity of an alert: by surprise through its level, and by money through ``critical_money``.

    A page is critical, a notice a warning until the money at stake makes it critical; a slow change stays a warning whatever it
    costs: what took weeks wakes nobody. So does a drop of which its label says that as many convert as before. ``info`` is for messages that are not alerts.

    Args:
        level: ``notice`` or ``page``.
        kind: of ``AlertKind``.
        lost_money: estimated loss so far in the base currency, None where it is unknown.
        critical_money: loss in the base currency from which any alert is critical.
        label: of ``AlertLabel``, if there is one.
    """
    by_money = lost_money is not None and lost_money >= critical_money
    by_money &= kind != AlertKind.DRIFT and label not in NOTHING_MISSING
    return Severity.CRITICAL if level == "page" or by_money else Severity.WARNING


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label: ``=``, ``!=``, ``=~`` and ``!~`` (regular expressions of RE2, on the whole text)."""

    label: str
    operator: str
    value: str

    def matches(self, labels: Labels) -> bool:
        """True if the condition holds; a missing label is the empty text."""
        actual = labels.get(self.label, "")
        if self.operator == "=":
            return actual == self.value
        if self.operator == "!=":
            return actual != self.value
        # half of a character without the other one comes from a stranger; no expression can ask for it
        found = _expression(self.value).fullmatch(actual.encode(errors="replace").decode()) is not None
        return found if self.operator == "=~" else not found

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{self.value}"


#: the labels that matchers may name
LABELS = (
    "store_id", "step", "segment", "kind", "level", "label", "severity", "platform", "country", "category",
    "connection", "owner",
)  # fmt: skip
_MATCHER = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(.*)")


def parse_matcher(text: str) -> Matcher:
    """The matcher written as ``store_id=us-shop``, ``level!=notice``, ``segment=~ios/.*`` or ``step!~.*payment``.

    Raises:
        RoutingError: the text has another form, or its expression does not compile.
    """
    found = _MATCHER.fullmatch(text.strip())
    if found is None:
        raise RoutingError(f"invalid matcher {text!r}; expected label=value, !=, =~ or !~")
    label, operator, value = found.groups()
    matcher = Matcher(label, operator, value.removeprefix('"').removesuffix('"'))
    if matcher.operator in ("=~", "!~"):
        try:
            _expression(matcher.value)
        except re2.error as error:
            why = error.args[0]
            raise RoutingError(
                f"{text!r}: the expression does not compile: {why.decode() if isinstance(why, bytes) else why}"
            ) from error
    return matcher


_QUIET = re2.Options()
_QUIET.log_errors = False


@lru_cache(maxsize=1024)
def _expression(text: str) -> Any:
    """A regular expression in the syntax of RE2, as in Alertmanager: it takes a time that grows as the text does, whatever both are.

    Raises:
        re2.error: it does not compile. RE2 has no lookaround and no back-references.
    """
    return re2.compile(text, _QUIET)


def all_match(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """True if every matcher holds; an empty list matches everything."""
    return all(matcher.matches(labels) for matcher in matchers)


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the route tree, with everything inherited filled in. Times in seconds."""

    name: str
    receiver: str
    matchers: tuple[Matcher, ...] = ()
    group_by: tuple[str, ...] = ("store_id",)
    group_wait_s: float = 10.0
    group_interval_s: float = 300.0
    repeat_interval_s: float = 4 * 3600.0
    most_repeats: int = 2
    mute_timings: tuple[str, ...] = ()
    continues: bool = False
    routes: tuple[Route, ...] = ()


def matching_routes(root: Route, labels: Labels) -> tuple[Route, ...]:
    """The routes that take an alert: the deepest match of each branch, the first branch only unless it continues."""
    if not all_match(root.matchers, labels):
        return ()
    taken: list[Route] = []
    for child in root.routes:
        below = matching_routes(child, labels)
        taken += below
        if below and not child.continues:
            break
    return tuple(taken) or (root,)


def group_key(route: Route, labels: Labels) -> str:
    """The text that names the group of an alert on ``route``: equal for alerts that are notified together."""
    parts = [f"{label}={labels.get(label, '')}" for label in route.group_by]
    return f"{route.name}|{route.receiver}|{','.join(parts)}"


@dataclass(frozen=True, slots=True)
class MuteTiming:
    """Hours in which a route is quiet: minutes of the day in a named zone; ``end`` before ``start`` crosses midnight.

    ``weekdays`` are 0 (Monday) to 6 and mean the day on which the window starts; empty means every day.
    """

    name: str
    zone: str
    start_minute: int
    end_minute: int
    weekdays: tuple[int, ...] = ()

    def muted_until(self, at_ms: int) -> int | None:
        """When the mute that is in force at ``at_ms`` ends (ms since 1970 UTC); None if none is in force."""
        zone = ZoneInfo(self.zone)
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
        length = (self.end_minute - self.start_minute) % 1440 or 1440
        for days_back in (0, 1):
            day = local.date() - timedelta(days=days_back)
            if self.weekdays and day.weekday() not in self.weekdays:
                continue
            # walls, not durations: on a day of 23 or 25 hours the window still ends when the clock says so
            start_wall = datetime(day.year, day.month, day.day) + timedelta(minutes=self.start_minute)  # noqa: DTZ001
            end_wall = start_wall + timedelta(minutes=length)
            start = start_wall.replace(tzinfo=zone).astimezone(UTC)
            end = end_wall.replace(tzinfo=zone).astimezone(UTC)
            if start.timestamp() * 1000 <= at_ms < end.timestamp() * 1000:
                return round(end.timestamp() * 1000)
        return None


@dataclass(frozen=True, slots=True)
class Silence:
    """Somebody's wish not to be notified, with an end and a reason."""

    silence_id: str
    matchers: tuple[Matcher, ...]
    starts_ms: int
    ends_ms: int
    reason: str
    author: str

    def holds(self, labels: Labels, at_ms: int) -> bool:
        """True if the silence is in force and covers the alert."""
        return self.starts_ms <= at_ms < self.ends_ms and self.covers(labels)

    def covers(self, labels: Labels) -> bool:
        """True if the silence is for the alert, whenever it is in force."""
        return all_match(self.matchers, labels)


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert that matches ``source`` fires, alerts that match ``target`` with equal ``equal`` labels wait."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def shared(self, labels: Labels) -> tuple[str, ...]:
        """The labels that must be the same on both sides."""
        return tuple(labels.get(label, "") for label in self.equal)
