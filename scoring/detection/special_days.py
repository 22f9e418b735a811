"""The calendar as minutes close: which steps are on special days, since when, and whose alerts are held back.

An entry that widens does what a surge does (``surge.py``): as it begins and ends the filter's level is opened again, and
windows carry the variance that promotions usually bring.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from scoring.baselines.localtime import local_minute
from scoring.calendar.effects import DayEffect, DayRules, DaySpan, local_date
from scoring.funnel.arrays import Bools, Ints

#: minutes since something that has not happened
LONG_AGO = 10_000
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
        self._is_on: Bools = np.zeros(0, dtype=bool)
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
        self._is_on, self._since = self._is_on[places], self._since[places]
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
        self._look_at(index, self._in_force(self._stores[index], quarter), self._is_on)
        before = quarter - _EVERY
        while before > first:
            was_on = any(s.effect is DayEffect.WIDEN for s in self._in_force(self._stores[index], before))
            if was_on != self._is_on[index]:
                self._since[index] = minute - before - _EVERY
                break
            before -= _EVERY
        return int(self._since[index])

    def _lengthen(self) -> None:
        more = len(self._stores) - len(self._since)
        if more:
            self._is_on = np.append(self._is_on, np.zeros(more, dtype=bool))
            self._since = np.append(self._since, np.full(more, LONG_AGO))

    def suppressed(self, index: int) -> str:
        """The entry that holds back a step's alerts now; empty if none does."""
        return self._suppressed.get(index, "")

    def named(self, index: int) -> str:
        """The entries in force for a step, for a person to read; empty if there are none."""
        return self._named.get(index, "")

    def advance(self, minute: int) -> tuple[Bools, Ints, Bools]:
        """Close a UTC minute: (steps,) whether an entry widens, minutes since that changed, whether it changed now."""
        self._lengthen()
        changed = np.zeros(len(self._stores), dtype=bool)
        self._since = np.minimum(self._since + 1, LONG_AGO)
        if self._rules is not None and (minute % _EVERY == 0 or not self._has_begun):
            before = self._is_on
            self._look(minute)
            if self._has_begun:
                changed = before != self._is_on
                self._since[changed] = 0
            self._has_begun = True
        return self._is_on, self._since, changed

    def _look(self, minute: int) -> None:
        is_on = np.zeros(len(self._stores), dtype=bool)
        self._suppressed, self._named = {}, {}
        now: dict[tuple[str, str], tuple[DaySpan, ...]] = {}
        for index, key in enumerate(self._stores):
            if key not in now:
                now[key] = self._in_force(key, minute)
            self._look_at(index, now[key], is_on)
        self._is_on = is_on

    def _look_at(self, index: int, spans: tuple[DaySpan, ...], is_on: Bools) -> None:
        """Note what is in force for a step."""
        if not spans:
            return
        self._named[index] = ", ".join(span.name for span in spans)
        is_on[index] = any(span.effect is DayEffect.WIDEN for span in spans)
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
