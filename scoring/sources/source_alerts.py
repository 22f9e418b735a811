"""When a connection's trouble becomes an alert, changes it and ends it: one alert a connection, of the kind ``source``.

Pure: the owner of a connection keeps the state next to the connection's health and publishes what follows in the same transaction.
"""

from __future__ import annotations

import msgspec

from scoring.alerts.alert import AlertKind, AlertState, AlertTransition, Level, alert_without_counts
from scoring.funnel.units import HOUR_MS, MINUTE_MS
from scoring.sources.health import ConnectionHealth, ConnectionState
from scoring.wording.source_note import SOURCE_STEP, SourceNote, write_note
from scoring.wording.troubles import FORESEEN, Trouble

#: a trouble is an alert once it has lasted this long, and over once all has been well this long: a state may flicker
OPENS_AFTER_MS, ENDS_AFTER_MS = 2 * MINUTE_MS, 2 * MINUTE_MS
#: what is said of a connection that works
_NOT_WRONG = frozenset({Trouble.NONE, Trouble.BEHIND, Trouble.PAUSED_BY_PERSON})


#: a notice of what is foreseen is an alert for so long, over before the next day's; the rest of the time the page of sources shows it
NOTICE_LASTS_MS = 20 * HOUR_MS


class SourceAlert(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a connection's alert.

    Attributes:
        newest: its newest transition; None while there is no alert.
        wrong_since_ms, well_since_ms: since when it is so; 0 if it is not.
        notice, notice_ms: the last notice of what is foreseen, and when it began.
    """

    newest: AlertTransition | None = None
    wrong_since_ms: int = 0
    well_since_ms: int = 0
    notice: str = ""
    notice_ms: int = 0


def followed(known: SourceAlert, health: ConnectionHealth) -> tuple[SourceAlert, AlertTransition | None]:
    """What is known after this state, and the transition that follows from it, if any."""
    at_ms = health.at_ms
    known = _with_notice(known, health)
    is_wrong = health.trouble not in _NOT_WRONG and not _is_noticed(known, health)
    wrong_since = (known.wrong_since_ms or at_ms) if is_wrong else 0
    well_since = 0 if is_wrong else (known.well_since_ms or at_ms)
    open_alert = known.newest
    is_other_kind = open_alert is not None and (_trouble_of(open_alert) in FORESEEN) != (
        health.trouble in FORESEEN
    )
    transition: AlertTransition | None = None
    if open_alert is None:
        if is_wrong and at_ms - wrong_since >= OPENS_AFTER_MS:
            transition = _opened(health, wrong_since)
    elif is_wrong and is_other_kind:
        transition, wrong_since = ended(open_alert, at_ms), at_ms  # the other one is an alert of its own
    elif is_wrong:
        transition = _changed(open_alert, health)
    elif health.trouble is Trouble.PAUSED_BY_PERSON or at_ms - well_since >= ENDS_AFTER_MS:
        is_well_again = is_other_kind and health.trouble in FORESEEN
        transition = ended(open_alert, at_ms, Trouble.NONE if is_well_again else health.trouble)
    newest = open_alert if transition is None else transition
    if newest is not None and newest.state is AlertState.RESOLVED:
        newest = None
    changed = msgspec.structs.replace(
        known, newest=newest, wrong_since_ms=wrong_since, well_since_ms=well_since
    )
    return changed, transition


def _with_notice(known: SourceAlert, health: ConnectionHealth) -> SourceAlert:
    """The detail of what is foreseen changes with each notice."""
    notice = f"{health.trouble}:{health.detail}"
    if health.trouble not in FORESEEN or notice == known.notice:
        return known
    return msgspec.structs.replace(known, notice=notice, notice_ms=health.at_ms)


def _is_noticed(known: SourceAlert, health: ConnectionHealth) -> bool:
    return health.trouble in FORESEEN and health.at_ms - known.notice_ms >= NOTICE_LASTS_MS


def _trouble_of(alert: AlertTransition) -> Trouble:
    return msgspec.json.decode(alert.note, type=SourceNote).trouble


def ended(alert: AlertTransition, at_ms: int, over: Trouble = Trouble.NONE) -> AlertTransition:
    """The last transition of an alert: all is well, somebody paused the connection, or it was removed."""
    note = msgspec.json.decode(alert.note, type=SourceNote)
    return msgspec.structs.replace(
        alert,
        state=AlertState.RESOLVED,
        sequence=alert.sequence + 1,
        at_ms=at_ms,
        resolved_at_ms=at_ms,
        note=write_note(msgspec.structs.replace(note, over=over)),
    )


def _level(health: ConnectionHealth) -> Level:
    """Late data is a notice; what does not work any more is a page."""
    is_broken = health.state in (ConnectionState.BROKEN, ConnectionState.PAUSED)
    return Level.PAGE if is_broken else Level.NOTICE


def _note(health: ConnectionHealth) -> str:
    return write_note(SourceNote(health.trouble, health.source, health.owner, health.detail[:200]))


def _opened(health: ConnectionHealth, opened_ms: int) -> AlertTransition:
    where = (health.stores[0], SOURCE_STEP, health.name)
    return alert_without_counts(
        AlertKind.SOURCE, _level(health), where, (opened_ms, health.at_ms), _note(health)
    )


def _changed(alert: AlertTransition, health: ConnectionHealth) -> AlertTransition | None:
    """Another trouble or level; the same trouble in other words publishes nothing."""
    level = _level(health)
    if (_trouble_of(alert), alert.level) == (health.trouble, level):
        return None
    return msgspec.structs.replace(
        alert, level=level, sequence=alert.sequence + 1, at_ms=health.at_ms, note=_note(health)
    )
