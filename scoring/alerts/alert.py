"""The alert: what identifies it, what describes it and the transitions of its life.

On the path of an event: made by ``scoring/detection``, published on ``funnel.alerts.v1`` by ``streams/monitor``,
reported to people by ``streams/notifier``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

import msgspec


class AlertState(StrEnum):
    """The state of an alert. Pending: open, but held back by the calendar or until its label is known, so nobody is notified."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Level(StrEnum):
    """How loud an alert is."""

    NOTICE = "notice"
    PAGE = "page"


class AlertKind(StrEnum):
    """What kind of thing moved."""

    CONVERSION = "conversion"
    TRAFFIC = "traffic"
    TRACKING = "tracking"
    SURGE = "surge"
    POOLED = "pooled"
    SOURCE = "source"
    DRIFT = "drift"
    AD_SPEND = "ad_spend"


#: surprise from which a slow change over whole days is reported, about once in a hundred store-weeks and steps without one
#: (``scoring/baselines/drift.py``; tests/bench/detection)
DRIFT_SURPRISE = 3.5


class AlertLabel(StrEnum):
    """Whether the drop looks real, like lost tracking, like upstream events that no visitor made, or like other visitors.

    Unknown until there is evidence. Mix: as many convert as before, and more came who convert worse.
    """

    UNKNOWN = "unknown"
    REAL = "real"
    TRACKING = "tracking"
    INFLATED = "inflated"
    MIX = "mix"


#: labels of a drop in which nothing is missing: as many convert as did before more came
NOTHING_MISSING = (AlertLabel.INFLATED, AlertLabel.MIX)
#: how the note begins of an alert that did not recover: it was open for as long as one stays open
AGED = "still so after the longest time an alert stays open"


def make_alert_id(store_id: str, step: str, segment: str, kind: AlertKind, opened_at_ms: int) -> str:
    """The alert's id: a hash of what identifies it, so the same alert found twice has the same id."""
    text = "\x1f".join((store_id, step, segment, kind, str(opened_at_ms)))
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


class AlertContribution(msgspec.Struct, frozen=True):
    """A segment's share of the shortfall, in [0, 1]."""

    segment: str
    share: float


def most_of(contributions: Iterable[AlertContribution], whole: float = 0.8) -> tuple[str, ...]:
    """The fewest parts that make up the share ``whole`` of a shortfall, the largest first: chance alone gives small shares to others."""
    found: list[str] = []
    reached = 0.0
    for part in sorted(contributions, key=lambda part: -part.share):
        if reached >= whole:
            break
        found.append(part.segment)
        reached += part.share
    return tuple(found)


class WindowFigures(msgspec.Struct, frozen=True):
    """What a window of ``window_minutes`` showed: arrivals, their expectation and its 99 % interval, exposure behind it."""

    observed: float
    expected: float
    low: float
    high: float
    window_minutes: int
    sample: float


class Evidence(WindowFigures, frozen=True):
    """What an alert rests on: the window that surprised most, and by how much."""

    surprise: float


class AlertRecord(Evidence, frozen=True, kw_only=True):
    """What is known of an alert, to the topic, the table and the API alike.

    ``lost`` is the shortfall since the window that opened the alert began (``lost_low``..``lost_high``: 90 % interval), in
    downstream events. ``fired_at_ms`` is None for an alert that the calendar holds or held back to its end.
    An alert of a connection (kind ``source``) has the connection's name for ``segment`` and says what is wrong in ``note``
    (``scoring/wording/source_note.py``); it has no evidence and no loss.
    An alert on ad spend (kind ``ad_spend``) says in ``note`` what an hour burns and into what (``spend_note.py``); its ``lost`` is money
    that has burnt so far, in the store's currency, and it has no evidence of its own.
    An alert of a pool (kind ``pooled``) has the pool's id for ``store_id``, its stores as ``members`` (those that lack most
    first) and their shares of the shortfall as ``contributions``.
    ``end_figures`` are how it was when a resolved alert ended, which is not its evidence: that is the bad minutes. Empty for an alert that
    is open, and for one that has no such figures (of a report or of a connection, or of a release before there were any).
    """

    alert_id: str
    store_id: str
    step: str
    segment: str
    opened_at_ms: int
    fired_at_ms: int | None
    resolved_at_ms: int | None
    lost: float
    lost_low: float
    lost_high: float
    contributions: tuple[AlertContribution, ...] = ()
    members: tuple[str, ...] = ()
    end_figures: tuple[WindowFigures, ...] = ()

    @property
    def at_end(self) -> WindowFigures | None:
        """How it was when it ended, if that is known."""
        return self.end_figures[0] if self.end_figures else None


class AlertTransition(AlertRecord, frozen=True, kw_only=True, omit_defaults=False):
    """One change in an alert's life, as it is on ``funnel.alerts.v1`` and in table ``alerts``.

    ``alert_id`` is made from (store_id, step, segment, kind, opened_at_ms) alone, so the same transition made twice
    is the same row. ``sequence`` is 0 for the first transition of the alert and grows by one.
    """

    kind: AlertKind
    level: Level
    state: AlertState
    sequence: int
    at_ms: int
    label: AlertLabel = AlertLabel.UNKNOWN
    note: str = ""


def alert_without_counts(
    kind: AlertKind,
    level: Level,
    where: tuple[str, str, str],
    times: tuple[int, int],
    note: str,
    *,
    about: str = "",
    lost: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> AlertTransition:
    """The first transition of an alert that does not rest on counts: of a connection, of ad spend. It fires as it is published.

    Args:
        where: store, step and segment.
        times: when it began, and now.
        note: says what is wrong.
        about: what distinguishes it from others of its step; the segment if empty.
        lost: with its 90 % interval.
    """
    (store_id, step, segment), (begun_ms, at_ms) = where, times
    return AlertTransition(
        alert_id=make_alert_id(store_id, step, about or segment, kind, begun_ms),
        store_id=store_id,
        step=step,
        segment=segment,
        kind=kind,
        level=level,
        state=AlertState.FIRING,
        sequence=0,
        at_ms=at_ms,
        opened_at_ms=begun_ms,
        fired_at_ms=at_ms,
        resolved_at_ms=None,
        surprise=0.0,
        observed=0.0,
        expected=0.0,
        low=0.0,
        high=0.0,
        window_minutes=0,
        sample=0.0,
        lost=lost[0],
        lost_low=lost[1],
        lost_high=lost[2],
        note=note,
    )
