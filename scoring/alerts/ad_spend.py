"""The guard of ad spend: when money that runs into a broken step or an empty shelf becomes an alert, changes it and ends it. Advice only.

It never speaks alone: without a firing alert that says that half of a step's arrivals or more are missing, or without products out of
stock (or a closed shop) that people would have looked at, spend is nobody's business here. Low conversion within the baseline is not a
broken step, and paused ads burn nothing.

Pure: ``streams/pools/ad_spend.py`` reads spend, alerts and signals, and publishes what follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from scoring.alerts.alert import (
    NOTHING_MISSING,
    AlertKind,
    AlertLabel,
    AlertState,
    AlertTransition,
    Level,
    alert_without_counts,
)
from scoring.alerts.spend_note import SPEND_STEP, SpendInto, SpendNote, note_of_spend, write_spend_note
from scoring.funnel.stages import STEP_BY_ID
from scoring.funnel.units import HOUR_MS, MINUTE_MS

#: it has to be so for this long before it is an alert, and no longer so for this long before it is over: spend comes by the hour
OPENS_AFTER_MS, ENDS_AFTER_MS = 10 * MINUTE_MS, 20 * MINUTE_MS
#: a step is broken when this part of its arrivals is missing; a shelf is empty when this part of product views led to it
BROKEN_SHARE, EMPTY_SHARE = 0.5, 0.5
#: once it is an alert, half of the least spend keeps it one: it does not flicker around the limit
KEEPS_SHARE = 0.5
#: an alert is brought up to date when an hour costs this many times more or less, and once an hour
_CHANGED_BY = 1.5
#: what burnt before it was an alert is counted so far back at most: who knows what ads cost before
_LONGEST_BEFORE_MS = 24 * HOUR_MS
#: labels of a drop in which visitors go on buying
_STILL_BUYING = (*NOTHING_MISSING, AlertLabel.TRACKING)
#: channels of a segment that ads do not pay for
_UNPAID = ("organic", "direct", "email", "referral", "social")


@dataclass(frozen=True, slots=True)
class SpendRate:
    """What a store's ads cost an hour, in its own currency. ``is_about``: from a whole day."""

    per_hour: float
    is_about: bool


@dataclass(frozen=True, slots=True)
class SpendCause:
    """What the money may run into: since when, and the part of it that leads nowhere with its 99 % interval."""

    into: SpendInto
    of: str
    alert_id: str
    since_ms: int
    share: float
    low: float
    high: float


class SpendGuard(msgspec.Struct, frozen=True):
    """What is kept of one store: its open alert, since when it burns or no longer does (0 if it is not so), and when its last alert ended."""

    newest: AlertTransition | None = None
    burning_since_ms: int = 0
    over_since_ms: int = 0
    ended_ms: int = 0


def broken_by(alert: AlertTransition, store_id: str) -> SpendCause | None:
    """What an alert says of the steps that a store's ads lead to; None if ads lose nothing by it.

    Args:
        alert: as it is now.
        store_id: the store, which may be one of a pool.
    """
    step = STEP_BY_ID.get(alert.step)
    is_drop = alert.kind in (AlertKind.CONVERSION, AlertKind.POOLED) and alert.label not in _STILL_BUYING
    concerns = alert.store_id == store_id or store_id in alert.members
    if (
        alert.state is not AlertState.FIRING
        or not is_drop
        or not concerns
        or step is None
        or not step.is_fast
    ):
        return None
    if alert.expected <= 0 or alert.segment.rpartition("/")[2] in _UNPAID:
        return None
    share, low, high = (
        max(0.0, 1 - alert.observed / bound) if bound > 0 else 0.0
        for bound in (alert.expected, alert.low, alert.high)
    )
    if share < BROKEN_SHARE:
        return None
    return SpendCause(SpendInto.STEP, alert.step, alert.alert_id, alert.opened_at_ms, share, low, high)


def worst(causes: Iterable[SpendCause | None]) -> SpendCause | None:
    """The cause by which most is lost: the same money does not burn twice."""
    known = [one for one in causes if one is not None]
    return max(known, key=lambda one: (one.share, -one.since_ms, one.of), default=None)


def guarded(
    known: SpendGuard,
    store_id: str,
    currency: str,
    cause: SpendCause | None,
    rate: SpendRate | None,
    least_per_hour: float,
    at_ms: int,
) -> tuple[SpendGuard, AlertTransition | None]:
    """What is known after this look, and the transition that follows from it, if any.

    Args:
        known: before it.
        store_id, currency: of the store.
        cause: what the money runs into; None: nothing.
        rate: what an hour costs; None: not known, which is not 0: nothing opens and nothing ends by it alone.
        least_per_hour: in the store's currency; less burning is not worth an alert.
        at_ms: the moment.
    """
    if rate is None and cause is not None:
        return known, None
    burning = rate.per_hour * cause.share if rate is not None and cause is not None else 0.0
    limit = least_per_hour * (KEEPS_SHARE if known.newest is not None else 1.0)
    is_burning = burning > 0 and burning >= limit
    since = (known.burning_since_ms or at_ms) if is_burning else 0
    over = 0 if is_burning else (known.over_since_ms or at_ms)
    transition: AlertTransition | None = None
    if known.newest is None:
        if is_burning and at_ms - since >= OPENS_AFTER_MS and cause is not None and rate is not None:
            # the same broken step may burn again: that is another alert, from when it was seen
            begun = cause.since_ms if cause.since_ms > known.ended_ms else since
            transition = _opened(store_id, currency, cause, rate, begun, at_ms)
    elif is_burning and cause is not None and rate is not None:
        transition = _changed(known.newest, currency, cause, rate, at_ms)
    elif at_ms - over >= ENDS_AFTER_MS:
        transition = msgspec.structs.replace(
            known.newest,
            state=AlertState.RESOLVED,
            sequence=known.newest.sequence + 1,
            at_ms=at_ms,
            resolved_at_ms=over,
        )
    newest, ended = known.newest if transition is None else transition, known.ended_ms
    if newest is not None and newest.state is AlertState.RESOLVED:
        newest, ended = None, at_ms
    return SpendGuard(newest, since, over if newest is not None else 0, ended), transition


def _note(currency: str, cause: SpendCause, rate: SpendRate) -> str:
    return write_spend_note(
        SpendNote(cause.into, cause.of, cause.alert_id, rate.per_hour, cause.share, currency, rate.is_about)
    )


def _opened(
    store_id: str, currency: str, cause: SpendCause, rate: SpendRate, begun_ms: int, at_ms: int
) -> AlertTransition:
    hours = min(max(0, at_ms - begun_ms), _LONGEST_BEFORE_MS) / HOUR_MS
    return alert_without_counts(
        AlertKind.AD_SPEND,
        Level.NOTICE,
        (store_id, SPEND_STEP, ""),
        (begun_ms, at_ms),
        _note(currency, cause, rate),
        about=cause.of,
        lost=(
            rate.per_hour * cause.share * hours,
            rate.per_hour * cause.low * hours,
            rate.per_hour * cause.high * hours,
        ),
    )


def _changed(
    alert: AlertTransition, currency: str, cause: SpendCause, rate: SpendRate, at_ms: int
) -> AlertTransition | None:
    """What has burnt since the last time is added up once an hour, and where an hour costs much more or less."""
    before = note_of_spend(alert.kind, alert.note)
    burning = rate.per_hour * cause.share
    was = before.per_hour * before.share if before is not None else 0.0
    is_much = was <= 0 or not 1 / _CHANGED_BY <= burning / was <= _CHANGED_BY
    if at_ms - alert.at_ms < HOUR_MS and not is_much:
        return None
    hours = (at_ms - alert.at_ms) / HOUR_MS
    more, low, high = (rate.per_hour * share * hours for share in (cause.share, cause.low, cause.high))
    return msgspec.structs.replace(
        alert,
        sequence=alert.sequence + 1,
        at_ms=at_ms,
        lost=alert.lost + more,
        lost_low=alert.lost_low + low,
        lost_high=alert.lost_high + high,
        note=_note(currency, cause, rate),
    )


@dataclass(frozen=True, slots=True)
class SpendRow:
    """What one source says of one hour or day: ``parts`` are the names of its dimensions, none for the whole; in the store's currency."""

    source: str
    is_hour: bool
    start_ms: int
    end_ms: int
    parts: tuple[str, ...]
    value: float


#: hours whose mean is taken, and how old the newest may be; a day is taken where there are no such hours, and may be so old
_HOURS, _HOUR_AGE_MS, _DAY_AGE_MS = 3, 3 * HOUR_MS, 72 * HOUR_MS


def spend_rate(rows: Iterable[SpendRow], at_ms: int) -> SpendRate | None:
    """What an hour costs at a moment, of all sources together; None where none of them says anything of late.

    A source may report the whole and its parts, such as campaigns, next to each other: of each hour or day the coarsest is taken.
    """
    by_source: dict[str, list[SpendRow]] = {}
    for row in rows:
        if row.end_ms <= at_ms:
            by_source.setdefault(row.source, []).append(row)
    known = [rate for some in by_source.values() if (rate := _of_source(some, at_ms)) is not None]
    if not known:
        return None
    return SpendRate(
        sum(one.per_hour for one in known), any(one.is_about and one.per_hour > 0 for one in known)
    )


def _of_source(rows: list[SpendRow], at_ms: int) -> SpendRate | None:
    hours = _coarsest(
        row for row in rows if row.is_hour and at_ms - row.end_ms <= _HOUR_AGE_MS + _HOURS * HOUR_MS
    )
    newest = sorted(hours, key=lambda row: row.start_ms)[-_HOURS:]
    if newest and at_ms - newest[-1].end_ms <= _HOUR_AGE_MS:
        # the last hour decides whether ads still run: what was paused burns nothing
        mean = sum(row.value for row in newest) / len(newest)
        return SpendRate(mean if newest[-1].value > 0 else 0.0, is_about=False)
    days = _coarsest(row for row in rows if not row.is_hour and at_ms - row.end_ms <= _DAY_AGE_MS)
    if not days:
        return None
    last = max(days, key=lambda row: row.start_ms)
    return SpendRate(last.value / ((last.end_ms - last.start_ms) / HOUR_MS), is_about=True)


def _coarsest(rows: Iterable[SpendRow]) -> list[SpendRow]:
    by_start: dict[int, list[SpendRow]] = {}
    for row in rows:
        by_start.setdefault(row.start_ms, []).append(row)
    return [min(some, key=lambda row: (len(row.parts), row.parts)) for some in by_start.values()]
