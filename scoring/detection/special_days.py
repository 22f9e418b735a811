"""The calendar as minutes close: which steps are on special days, since when, and whose alerts are held back.

An entry that widens does what a surge does (``surge.py``): as it begins and ends the filter's level is opened again, and
windows carry the variance that promotions usually bring. Before a promotion people wait and fill carts, and after it they have
bought: these phases move conversion several times as far as the day itself (``PHASE_VARIANCE``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from scoring.baselines.localtime import local_minute
from scoring.calendar.effects import DayEffect, DayRules, DaySpan, local_date
from scoring.calendar.entries import DayPhase
from scoring.funnel.arrays import Bools, Floats, Ints

#: minutes after its beginning in which a special day says nothing of lost tracking: carts filled before are bought then
_FIRST_HOURS = 180
#: minutes since something that has not happened
LONG_AGO = 10_000
#: variance of log conversion between promotions and ordinary days (0.10 squared, from the lab)
SURGE_VARIANCE = 0.10**2
#: variance of log conversion between a phase and ordinary days
PHASE_VARIANCE = {DayPhase.DAY: SURGE_VARIANCE, DayPhase.WARM_UP: 0.35**2, DayPhase.HANGOVER: 0.35**2}
#: the same of a rise that most stores of a zone see: whether it is the day or what leads up to it is not known
_COMMON_VARIANCE = PHASE_VARIANCE[DayPhase.WARM_UP]
#: entries begin and end on a quarter of an hour, at the finest
_EVERY = 15
#: days for which a store's entries are looked up at once
_AHEAD_DAYS = 30
#: minutes back in which an entry's begin or end still matters: as far as the engine's rings reach, and more
_LOOKED_BACK = 900


class SpecialDays:
    """The calendar of all steps of a book."""

    def __init__(self, rules: DayRules | None) -> None:
        self._rules = rules
        self._stores: list[tuple[str, str]] = []
        self._spans: dict[tuple[str, str], tuple[DaySpan, ...]] = {}
        self._known_until: dict[tuple[str, str], int] = {}
        #: (steps,) variance that an entry brings now, and that an entry or a common rise does; 0 where none widens
        self._of_entries: Floats = np.zeros(0)
        self._widened: Floats = np.zeros(0)
        #: (steps,) the same or more for windows that reach across its last change; a surge's at least
        self.variance: Floats = np.zeros(0)
        self._since: Ints = np.zeros(0, dtype=np.int64)
        self._suppressed: dict[int, str] = {}
        self._named: dict[int, str] = {}
        self._has_begun = False

    def add(self, store_id: str, zone: str) -> None:
        """Follow another step; its index is how many there were."""
        self._stores.append((store_id, zone))

    def keep(self, kept: Sequence[int]) -> None:
        """Forget all steps but these, which are renumbered in this order."""
        self._lengthen()
        places = np.array(kept, dtype=np.intp)
        self._stores = [self._stores[index] for index in kept]
        self._widened, self.variance = self._widened[places], self.variance[places]
        self._of_entries = self._of_entries[places]
        self._since = self._since[places]
        number = {index: new for new, index in enumerate(kept)}
        self._suppressed = {
            number[index]: entry_name for index, entry_name in self._suppressed.items() if index in number
        }
        self._named = {
            number[index]: entry_name for index, entry_name in self._named.items() if index in number
        }
        stores = set(self._stores)
        self._spans = {key: spans for key, spans in self._spans.items() if key in stores}
        self._known_until = {key: until for key, until in self._known_until.items() if key in stores}

    def catch_up(self, index: int, minute: int, followed: int) -> int:
        """Bring a step that was just added to where ``followed`` minutes up to the UTC ``minute`` would have brought it.

        Returns:
            Minutes since an entry that widens began or ended for it.
        """
        self._lengthen()
        if self._rules is None or not self._has_begun:
            return LONG_AGO
        quarter, first = minute - minute % _EVERY, minute - min(followed, _LOOKED_BACK)
        self._in_force(self._stores[index], first)  # so that what has ended by now is known too
        self._look_at(index, self._in_force(self._stores[index], quarter), self._of_entries)
        self._widened[index] = self._of_entries[index]
        self.variance[index] = max(float(self._widened[index]), SURGE_VARIANCE)
        before = quarter - _EVERY
        while before > first:
            was_on = any(s.effect is DayEffect.WIDEN for s in self._in_force(self._stores[index], before))
            if was_on != (self._widened[index] > 0):
                self._since[index] = minute - before - _EVERY
                break
            before -= _EVERY
        return int(self._since[index])

    def _lengthen(self) -> None:
        more = len(self._stores) - len(self._since)
        if more:
            self._of_entries = np.append(self._of_entries, np.zeros(more))
            self._widened = np.append(self._widened, np.zeros(more))
            self.variance = np.append(self.variance, np.full(more, SURGE_VARIANCE))
            self._since = np.append(self._since, np.full(more, LONG_AGO))

    def suppressed(self, index: int) -> str:
        """The entry that holds back a step's alerts now; empty if none does."""
        return self._suppressed.get(index, "")

    def named(self, index: int) -> str:
        """The entries in force for a step, for a person to read; empty if there are none."""
        return self._named.get(index, "")

    def advance(self, minute: int, is_common: Bools | None = None) -> tuple[Bools, Ints, Bools]:
        """Close a UTC minute.

        Args:
            minute: the minute.
            is_common: (steps,) whether most stores have more visitors than usual (``common_rise.py``), which widens as a phase does.

        Returns:
            (steps,) whether an entry widens, minutes since that changed, whether it changed now.
        """
        self._lengthen()
        changed = np.zeros(len(self._stores), dtype=bool)
        self._since = np.minimum(self._since + 1, LONG_AGO)
        before = self._widened
        if self._rules is not None and (minute % _EVERY == 0 or not self._has_begun):
            self._look(minute)
        common = _COMMON_VARIANCE * (np.zeros(len(before)) if is_common is None else is_common)
        self._widened = np.maximum(self._of_entries, common)
        if self._has_begun:
            changed = before != self._widened
            self._since[changed] = 0
        if changed.any() or minute % _EVERY == 0:
            across = self._since < _LOOKED_BACK
            self.variance = np.where(across, np.maximum(self.variance, before), SURGE_VARIANCE)
        self.variance = np.maximum(self.variance, self._widened)
        self._has_begun = True
        return self._widened > 0, self._since, changed

    def has_just_begun(self, index: int) -> bool:
        """Whether an entry that widens began or ended for a step within the last hours."""
        return bool(self._since[index] < _FIRST_HOURS)

    def _look(self, minute: int) -> None:
        widened = np.zeros(len(self._stores))
        self._suppressed, self._named = {}, {}
        now: dict[tuple[str, str], tuple[DaySpan, ...]] = {}
        for index, key in enumerate(self._stores):
            if key not in now:
                now[key] = self._in_force(key, minute)
            self._look_at(index, now[key], widened)
        self._of_entries = widened

    def _look_at(self, index: int, spans: tuple[DaySpan, ...], widened: Floats) -> None:
        """Note what is in force for a step."""
        if not spans:
            return
        self._named[index] = ", ".join(span.name for span in spans)
        widened[index] = max(
            (PHASE_VARIANCE[span.phase] for span in spans if span.effect is DayEffect.WIDEN), default=0.0
        )
        held = [span.name for span in spans if span.effect is DayEffect.SUPPRESS]
        if held:
            self._suppressed[index] = ", ".join(held)

    def _in_force(self, key: tuple[str, str], minute: int) -> tuple[DaySpan, ...]:
        store_id, zone = key
        local = local_minute(zone, minute)
        if local >= self._known_until.get(key, -1) and self._rules is not None:
            today = local_date(local)
            self._spans[key] = self._rules.spans(store_id, today, today + timedelta(days=_AHEAD_DAYS))
            self._known_until[key] = local - local % 1440 + _AHEAD_DAYS * 1440
        return tuple(span for span in self._spans.get(key, ()) if span.first <= local < span.last)
