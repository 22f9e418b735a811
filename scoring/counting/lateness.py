"""Whether a store's data comes as it should: a funnel whose events are still on their way looks like a broken one.

On the path of an event: asked by ``streams/monitor/partition.py`` as it closes a minute, before ``scoring/detection``.

Seen from the log alone, per store and minute:

* *late*: of the events of the last minutes, more came after their minute was closed than is usual for the store;
* *silent*: nothing of any stage came in a time in which ten events or more were due by the pace before the silence; and what was held back in a silence and
  comes at once after it is *late*: what it leads to came with it and is waited for in vain;
* *cut off*: all stages together fell at once, far below the minutes before, as when the pipe stops in mid-minute. That
  may be a real loss of visitors, so it is believed from the third minute on.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Totals = Mapping[str, Sequence[int]]

#: weight that a minute's count keeps per minute: half after ten (the usual pace) and after five (the late share)
_PACE, _SHARE = 0.5 ** (1 / 10), 0.5 ** (1 / 5)
#: the pace of small stores is taken over longer: half after an hour and a half
_LONG_PACE = 0.5 ** (1 / 90)
#: events a minute below which the pace of the last minutes is made of too few
_SMALL = 1.0
#: weight that the usual late share keeps per minute: half after a day
_USUAL = 0.5 ** (1 / 1440)
#: late from this share of late events on, whatever is usual; and never at less than twice the usual share
_LATE_SHARE, _LATE_RATIO = 0.2, 2.0
#: where most events are always late nothing can be judged by the minute
_MAX_LATE = 0.7
#: ends at this part of the share at which it began
_RELIEF = 0.75
#: late events behind a share, at least
_LATE_EVENTS = 10.0
#: events that must have been due in a silence (probability below exp(-10) of a Poisson)
_DUE = 10.0
#: minutes of silence after which it is the store that is silent
_MAX_SILENT = 120
#: where that is less than twice what it takes to be silent: twice that, at most
_MAX_SILENT_SMALL = 360
#: a cut: below this part of the pace, by this many standard deviations, for this many minutes at most
_CUT, _CUT_Z, _MAX_CUT = 0.6, 6.0, 2
#: a burst after a silence: above this many times the pace, by this many standard deviations; what it says is believed when as
#: many minutes have passed as the silence had and this many more (a conversion's usual delay), at most
_BURST, _BURST_Z, _SETTLE, _MAX_SETTLE = 2.0, 6.0, 15, 60
#: minutes of which late events are recognised
_REMEMBERED = 180
#: events a minute below which a store that has been silent for all of them is forgotten
_ASLEEP = 0.01
#: minutes of silence after which a store that nobody judges is looked at no more until it is heard of again
_UNASKED = 15
#: minutes of rest after which any store would have been forgotten (its pace halves every ten)
_FORGOTTEN = 600


class Delay(StrEnum):
    """Why a minute of a store is not to be believed."""

    LATE = "late"
    SILENT = "silent"
    CUT_OFF = "cut_off"


@dataclass(slots=True)
class _StorePace:
    """What is known of one store."""

    #: events a minute, of late
    pace: float = 0.0
    #: the same over a longer time
    long_pace: float = 0.0
    #: the pace as it was before the last minute with events, over the time that suits it, and what must be due by it
    before: float = 0.0
    takes: float = _DUE
    silent_minutes: int = 0
    cut_minutes: int = 0
    #: minutes for which what was held back in a silence still shows
    settling: int = 0
    on_time: float = 0.0
    late: float = 0.0
    usual_share: float = 0.0
    is_late: bool = False
    closed: dict[int, int] = field(default_factory=dict)


class Lateness:
    """Follows the stores of a partition. Every minute is closed once, in order; corrections may come in between.

    A silent store of which nothing can be said any more rests: it costs nothing, and the minutes that it missed are made up
    for when it is heard of again. So what a minute costs follows the stores that are awake.
    """

    def __init__(self) -> None:
        self._stores: dict[str, _StorePace] = {}
        #: since when a store rests, and what was known of it then; the longest at rest first
        self._resting: dict[str, tuple[int, _StorePace]] = {}
        self._minutes: deque[int] = deque()

    def close(self, minute: int, totals: Totals, judged: Container[str] | None = None) -> dict[str, Delay]:
        """The stores whose data is not to be believed in this minute, and why.

        Args:
            minute: the minute that closes.
            totals: {store: 7 counts of it}, as known now; what is not in it is zero.
            judged: the stores that are asked for, all if left out: others are left out of the answer while they are quiet.
        """
        for store_id in totals:
            if store_id not in self._stores:
                self._stores[store_id] = self._woken(store_id, minute)
        self._minutes.append(minute)
        expired = self._minutes.popleft() if len(self._minutes) > _REMEMBERED else None
        found: dict[str, Delay] = {}
        asleep: list[str] = []
        for store_id, store in self._stores.items():
            events = sum(totals.get(store_id, ()))
            if expired is not None:
                store.closed.pop(expired, None)
            if events:
                store.closed[minute] = events
            delay = _judge(store, events)
            if delay is not None:
                found[store_id] = delay
            if store.silent_minutes > _UNASKED and _may_rest(store, judged is None or store_id in judged):
                asleep.append(store_id)
        for store_id in asleep:
            self._resting[store_id] = minute, self._stores.pop(store_id)
        while self._resting:
            first = next(iter(self._resting))
            if minute - self._resting[first][0] <= _FORGOTTEN:
                break
            del self._resting[first]
        return found

    def __len__(self) -> int:
        """How many stores are looked at every minute."""
        return len(self._stores)

    def correct(self, minute: int, totals: Totals) -> None:
        """Late events came: the new totals of a closed minute."""
        if not self._minutes or minute < self._minutes[0]:
            return
        for store_id, counts in totals.items():
            store = self._stores.get(store_id)
            if store is None:
                store = self._stores[store_id] = self._woken(store_id, self._minutes[-1] + 1)
            events = sum(counts)
            store.late += max(events - store.closed.get(minute, 0), 0)
            store.closed[minute] = events

    def _woken(self, store_id: str, minute: int) -> _StorePace:
        """What is known of a store before ``minute`` closes: as if every minute of its rest had been closed."""
        resting = self._resting.pop(store_id, None)
        if resting is None:
            return _StorePace()
        since, store = resting
        for _ in range(since + 1, minute):
            if _is_forgotten(store):
                return _StorePace()
            _judge(store, 0)
        if _is_forgotten(store):
            return _StorePace()
        first = self._minutes[0] if self._minutes else minute
        store.closed = {closed: events for closed, events in store.closed.items() if closed >= first}
        return store


def _may_rest(store: _StorePace, is_judged: bool) -> bool:
    """Whether nothing will be said of a silent store until it is heard of: it is neither late nor silent in its pauses."""
    return not store.is_late and (not is_judged or store.silent_minutes > _max_silent(store))


def _pace_before(store: _StorePace) -> tuple[float, float]:
    """The pace before a minute with events, and how many must be due by it for a silence to be none of chance.

    A pace of k events leaves nothing of t more to chance as (1 + t/k)^−k: exp(−10) takes k·(exp(10/k) − 1), 14 for 15 events.
    """
    pace, kept = (store.pace, _PACE) if store.pace >= _SMALL else (store.long_pace, _LONG_PACE)
    seen = max(pace / (1 - kept), 1.0)
    return pace, seen * (math.exp(_DUE / seen) - 1)


def _max_silent(store: _StorePace) -> float:
    """Minutes of silence after which it is the store that is silent, not its data."""
    return min(max(_MAX_SILENT, 2 * store.takes / max(store.before, 1e-9)), _MAX_SILENT_SMALL)


def _is_forgotten(store: _StorePace) -> bool:
    is_over = store.silent_minutes > max(_REMEMBERED, _max_silent(store))
    return is_over and store.pace < _ASLEEP and not store.is_late


def _judge(store: _StorePace, events: int) -> Delay | None:
    store.on_time = store.on_time * _SHARE + events
    share = store.late / max(store.late + store.on_time, 1.0)
    begins = min(max(_LATE_SHARE, _LATE_RATIO * store.usual_share), _MAX_LATE)
    limit = begins * (_RELIEF if store.is_late else 1.0)
    store.is_late = share > limit and store.late >= _LATE_EVENTS * (_RELIEF if store.is_late else 1.0)
    store.late *= _SHARE
    store.usual_share = store.usual_share * _USUAL + share * (1 - _USUAL)
    if events:
        store.before, store.takes = _pace_before(store)
    delay = Delay.LATE if store.is_late else _pause(store, events)
    if delay is None or store.silent_minutes > _MAX_SILENT:
        store.pace = store.pace * _PACE + events * (1 - _PACE) if store.pace else float(events)
        store.long_pace = store.long_pace * _LONG_PACE + events * (1 - _LONG_PACE)
    return delay


def _pause(store: _StorePace, events: int) -> Delay | None:
    """Whether the store is silent or was cut off, by its pace so far."""
    silence, store.silent_minutes = store.silent_minutes, 0 if events else store.silent_minutes + 1
    most = _BURST * store.pace + _BURST_Z * store.pace**0.5
    if silence * store.pace >= _DUE and silence <= _MAX_SILENT and events > most:
        store.settling = min(silence + _SETTLE, _MAX_SETTLE)
    if store.settling:
        store.settling -= 1
        return Delay.LATE
    is_overdue = (
        store.silent_minutes * store.pace >= _DUE or store.silent_minutes * store.before >= store.takes
    )
    if store.silent_minutes and is_overdue:
        return Delay.SILENT if store.silent_minutes <= _max_silent(store) else None
    short = store.pace - events
    is_cut = events < _CUT * store.pace and short > _CUT_Z * (store.pace + 1e-9) ** 0.5
    store.cut_minutes = store.cut_minutes + 1 if is_cut else 0
    return Delay.CUT_OFF if 0 < store.cut_minutes <= _MAX_CUT else None
