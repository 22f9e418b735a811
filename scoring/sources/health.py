"""The state of a connection: from what is known of its resources, its token, its deliveries and the comparison of days.

One decision in one place: page, command line, metrics and alerts all show what ``state_of`` says.
"""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from scoring.funnel.units import HOUR_MS, MINUTE_MS
from scoring.sources.doubts import DoubtCheck
from scoring.sources.endings import Ending, ending_in_words, noticed
from scoring.sources.second_way import DayCheck
from scoring.wording.troubles import Trouble

HEALTH_SCHEMA_VERSION = 1
HOURS_OF_WEEK = 168
#: a silence is reported when so many deliveries were to be expected in it: the chance of none among them is e^-9, one in 8,000
EXPECTED_IN_SILENCE = 9.0
#: weeks after which what was usual counts half
_HALF_LIFE_WEEKS = 4.0
#: intervals that a resource may be without a success before it is late, then broken
_LATE_INTERVALS, _BROKEN_INTERVALS = 3.0, 20.0
_MIN_LATE_MS, _MIN_BROKEN_MS = 10 * MINUTE_MS, 2 * HOUR_MS
#: days that are not compared for longer than this count as unverified
_MAX_UNCOMPARED_MS = 26 * HOUR_MS
#: faults of translation in a row that show that the mapping is broken, not one delivery
MAX_FAULTS = 20


class ConnectionState(StrEnum):
    """What a connection is to whoever looks."""

    CONNECTED = "connected"
    CATCHING_UP = "catching_up"
    LATE = "late"
    PAUSED = "paused"
    BROKEN = "broken"


#: what a person has to do something about: the connection does not recover by waiting
_NEEDS_PERSON = frozenset(
    {
        Trouble.ACCESS_DENIED,
        Trouble.SCOPE_MISSING,
        Trouble.VERSION_RETIRED,
        Trouble.REQUEST_REJECTED,
        Trouble.CLOCK_APART,
        Trouble.SECRET_MISSING,
        Trouble.BUG,
    }
)


class ResourceHealth(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one resource that is asked for.

    Attributes:
        interval_s: between polls.
        asked_ms, whole_ms: the last poll, and the last that was whole.
        until_ms: all that changed before is durable.
        newest_ms: the newest time of a row.
        rows: read since the beginning.
        failures: polls in a row without success; ``trouble`` and ``detail`` say why.
        behind: more than one window is left to read.
        left: requests that the server says are left; None if it does not.
        served: the version that the server says it served.
    """

    resource: str
    interval_s: float
    asked_ms: int = 0
    whole_ms: int = 0
    until_ms: int = 0
    newest_ms: int = 0
    rows: int = 0
    failures: int = 0
    trouble: Trouble = Trouble.NONE
    detail: str = ""
    behind: bool = False
    left: float | None = None
    asked_version: str = ""
    served: str = ""


class DeliveryHealth(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of what came in, by any door.

    Attributes:
        last_ms: the last delivery by webhook; ``polled_ms`` by poll or backfill.
        hooks, polls: deliveries translated.
        repeated: the same delivery again.
        quarantined: set aside whole; ``faults`` in a row of which nothing could be counted; ``fault`` says what the last one was.
        set_aside: rows set aside of deliveries that were translated.
        first_by_hook, first_by_poll: orders by which way they were seen first.
        gaps: what the mapping has never seen, by how often; ``left_out`` what it knows and does not need.
        usual: deliveries by webhook to be expected in each hour of the week (Monday 0:00 UTC first).
    """

    last_ms: int = 0
    polled_ms: int = 0
    newest_event_ms: int = 0
    hooks: int = 0
    polls: int = 0
    repeated: int = 0
    quarantined: int = 0
    faults: int = 0
    fault: str = ""
    set_aside: int = 0
    first_by_hook: int = 0
    first_by_poll: int = 0
    gaps: dict[str, int] = {}
    left_out: dict[str, int] = {}
    usual: tuple[float, ...] = ()
    usual_since_ms: int = 0


class ConnectionHealth(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is published of a connection, under ``health/NAME``. Holds no secret and no personal data."""

    name: str
    source: str
    stores: tuple[str, ...]
    at_ms: int
    state: ConnectionState
    since_ms: int = 0
    trouble: Trouble = Trouble.NONE
    detail: str = ""
    owner: str = ""
    process: str = ""
    resources: tuple[ResourceHealth, ...] = ()
    deliveries: DeliveryHealth = DeliveryHealth()
    check: DayCheck = DayCheck()
    doubts: DoubtCheck = DoubtCheck()
    token_ends_ms: int = 0
    endings: tuple[Ending, ...] = ()
    scopes_missing: tuple[str, ...] = ()
    lag: int = 0
    schema_version: int = HEALTH_SCHEMA_VERSION


class ConnectionFacts(msgspec.Struct, frozen=True):
    """What a state is decided from."""

    now_ms: int
    paused: bool
    paused_why: str
    pausing: Trouble
    resources: tuple[ResourceHealth, ...]
    deliveries: DeliveryHealth
    check: DayCheck
    token_warning_days: int | None
    endings: tuple[Ending, ...] = ()
    doubts: DoubtCheck = DoubtCheck()


class StateVerdict(msgspec.Struct, frozen=True):
    """A state with its reason."""

    state: ConnectionState
    trouble: Trouble = Trouble.NONE
    detail: str = ""


def state_of(facts: ConnectionFacts) -> StateVerdict:
    """The state of a connection and the worst of its troubles."""
    if facts.pausing is not Trouble.NONE:
        return StateVerdict(ConnectionState.PAUSED, facts.pausing, facts.paused_why)
    if facts.paused:
        return StateVerdict(ConnectionState.PAUSED, Trouble.PAUSED_BY_PERSON, facts.paused_why)
    verdicts = [verdict for one in facts.resources if (verdict := _of_resource(one, facts.now_ms))]
    if facts.deliveries.faults >= MAX_FAULTS:
        verdicts.append(StateVerdict(ConnectionState.BROKEN, Trouble.MAPPING_FAULTS, facts.deliveries.fault))
    elif facts.deliveries.faults:
        verdicts.append(StateVerdict(ConnectionState.LATE, Trouble.MAPPING_FAULTS, facts.deliveries.fault))
    if facts.check.lasting:
        named = ", ".join(dict.fromkeys(one.day for one in facts.check.lasting))
        verdicts.append(StateVerdict(ConnectionState.BROKEN, Trouble.DAYS_DIFFER, named))
    if facts.doubts.doubts:
        is_grave = any(one.is_grave for one in facts.doubts.doubts)
        state = ConnectionState.BROKEN if is_grave else ConnectionState.LATE
        verdicts.append(StateVerdict(state, Trouble.IMPLAUSIBLE, "; ".join(map(str, facts.doubts.doubts))))
    if facts.check.unknown and facts.now_ms - facts.check.compared_ms > _MAX_UNCOMPARED_MS:
        verdicts.append(StateVerdict(ConnectionState.LATE, Trouble.NOT_COMPARED, facts.check.unknown))
    if is_silent(facts.deliveries, facts.now_ms):
        verdicts.append(StateVerdict(ConnectionState.LATE, Trouble.SILENT))
    if facts.token_warning_days is not None:
        detail = f"≤ {facts.token_warning_days} d"
        verdicts.append(StateVerdict(ConnectionState.CONNECTED, Trouble.TOKEN_ENDS, detail))
    if (ending := noticed(facts.endings)) is not None:
        trouble = Trouble.USE_ENDED if ending.is_over else Trouble.USE_ENDS
        verdicts.append(StateVerdict(ConnectionState.CONNECTED, trouble, ending_in_words(ending)))
    if any(one.behind for one in facts.resources):
        verdicts.append(StateVerdict(ConnectionState.CATCHING_UP, Trouble.BEHIND))
    return max(verdicts, key=_weight, default=StateVerdict(ConnectionState.CONNECTED))


_WEIGHTS = (
    ConnectionState.CONNECTED,
    ConnectionState.CATCHING_UP,
    ConnectionState.LATE,
    ConnectionState.PAUSED,
    ConnectionState.BROKEN,
)


def _weight(verdict: StateVerdict) -> int:
    return _WEIGHTS.index(verdict.state)


def _of_resource(one: ResourceHealth, now_ms: int) -> StateVerdict | None:
    if one.trouble is Trouble.NONE:
        return None
    if one.trouble in _NEEDS_PERSON:
        return StateVerdict(ConnectionState.BROKEN, one.trouble, f"{one.resource}: {one.detail}")
    without_ms = now_ms - (one.whole_ms or one.asked_ms)
    broken_ms = max(_BROKEN_INTERVALS * one.interval_s * 1000, _MIN_BROKEN_MS)
    late_ms = max(_LATE_INTERVALS * one.interval_s * 1000, _MIN_LATE_MS)
    detail = f"{one.resource}: {one.detail}"
    if without_ms > broken_ms:
        return StateVerdict(ConnectionState.BROKEN, one.trouble, detail)
    if without_ms > late_ms or one.trouble in (Trouble.INCOMPLETE, Trouble.GARBLED):
        return StateVerdict(ConnectionState.LATE, one.trouble, detail)
    return None


def hour_of_week(at_ms: int) -> int:
    """0 is Monday 0:00 UTC; the epoch was a Thursday."""
    return (at_ms // HOUR_MS + 72) % HOURS_OF_WEEK


def with_delivery(health: DeliveryHealth, at_ms: int, count: int = 1) -> DeliveryHealth:
    """``health`` after ``count`` more deliveries by webhook: what is usual in this hour of the week grows by them."""
    usual = list(health.usual) or [0.0] * HOURS_OF_WEEK
    usual[hour_of_week(at_ms)] += count
    return msgspec.structs.replace(
        health,
        last_ms=max(health.last_ms, at_ms),
        hooks=health.hooks + count,
        usual=tuple(usual),
        usual_since_ms=health.usual_since_ms or at_ms,
    )


def faded(health: DeliveryHealth, at_ms: int) -> DeliveryHealth:
    """``health`` with what was usual in the hour of ``at_ms`` counting a little less: to be called once an hour."""
    if not health.usual:
        return health
    usual = list(health.usual)
    usual[hour_of_week(at_ms)] *= 0.5 ** (1 / _HALF_LIFE_WEEKS)
    return msgspec.structs.replace(health, usual=tuple(usual))


def expected_since(health: DeliveryHealth, since_ms: int, now_ms: int) -> float:
    """How many deliveries were to be expected between two moments, by what is usual in those hours of the week."""
    weeks = _weeks_known(health, now_ms)
    if not health.usual or weeks <= 0:
        return 0.0
    expected, at_ms = 0.0, since_ms
    while at_ms < now_ms and at_ms < since_ms + HOURS_OF_WEEK * HOUR_MS:
        ends_ms = min(now_ms, (at_ms // HOUR_MS + 1) * HOUR_MS)
        expected += health.usual[hour_of_week(at_ms)] / weeks * (ends_ms - at_ms) / HOUR_MS
        at_ms = ends_ms
    return expected


def _weeks_known(health: DeliveryHealth, now_ms: int) -> float:
    """The weight of all weeks that were seen, faded like the counts: 1 + f + f² + …; 0 in the first week."""
    weeks = (now_ms - health.usual_since_ms) / (HOURS_OF_WEEK * HOUR_MS)
    if not health.usual_since_ms or weeks < 1:
        return 0.0
    fade = math.pow(0.5, 1 / _HALF_LIFE_WEEKS)
    return (1 - math.pow(fade, weeks)) / (1 - fade)


def is_silent(health: DeliveryHealth, now_ms: int) -> bool:
    """Whether no delivery has come for longer than chance explains."""
    return bool(health.last_ms) and expected_since(health, health.last_ms, now_ms) >= EXPECTED_IN_SILENCE
