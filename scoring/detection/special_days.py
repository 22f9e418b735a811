"""The calendar as minutes close: which steps are on special days, since when, and whose alerts are held back.

An entry that widens does what a surge does (``surge.py``): as it begins and ends the filter's level is opened again, and
windows carry the variance that promotions usually bring.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from scoring.baselines.localtime import local_minute
from scoring.days import DayEffect, DayRules, DaySpan, local_date

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_LONG_AGO = 10_000
#: entries begin and end on a quarter of an hour, at the finest
_EVERY = 15
#: days for which a store's entries are looked up at once
_AHEAD_DAYS = 30


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
        self._is_on = np.append(self._is_on, False)
        self._since = np.append(self._since, _LONG_AGO)

    def suppressed(self, index: int) -> str:
        """The entry that holds back a step's alerts now; empty if none does."""
        return self._suppressed.get(index, "")

    def named(self, index: int) -> str:
        """The entries in force for a step, for a person to read; empty if there are none."""
        return self._named.get(index, "")

    def advance(self, minute: int) -> tuple[Bools, Ints, Bools]:
        """Close a UTC minute: (steps,) whether an entry widens, minutes since that changed, whether it changed now."""
        changed = np.zeros(len(self._stores), dtype=bool)
        self._since = np.minimum(self._since + 1, _LONG_AGO)
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
            spans = now[key]
            if not spans:
                continue
            self._named[index] = ", ".join(span.name for span in spans)
            is_on[index] = any(span.effect is DayEffect.WIDEN for span in spans)
            held = [span.name for span in spans if span.effect is DayEffect.SUPPRESS]
            if held:
                self._suppressed[index] = ", ".join(held)
        self._is_on = is_on

    def _in_force(self, key: tuple[str, str], minute: int) -> tuple[DaySpan, ...]:
        store_id, zone = key
        local = local_minute(zone, minute)
        if local >= self._known_until.get(key, -1) and self._rules is not None:
            today = local_date(local)
            self._spans[key] = self._rules.spans(store_id, today, today + timedelta(days=_AHEAD_DAYS))
            self._known_until[key] = local - local % 1440 + _AHEAD_DAYS * 1440
        return tuple(span for span in self._spans.get(key, ()) if span.first <= local < span.last)
