"""Promotions that nobody announced, recognised across stores: on one clock, most stores have more visitors at once.

A store that has a fifth more visitors may have a good day; when most stores of one zone have, something brings them, and people
who wait for a promotion, or come for it, convert otherwise. Such a stretch is treated as an entry of the calendar that widens
(``special_days.py``): as it begins and ends filters are opened to learn, and windows carry the variance of such days. It holds for some
hours after, because what follows a promotion differs from both.

Only the stores of a partition are compared: what is judged must not depend on how far others are.
"""

from __future__ import annotations

import numpy as np

from scoring.detection.special_days import LONG_AGO
from scoring.funnel.arrays import Bools, Floats, Ints

#: visitors over their usual: in the middle store, and in this share of the stores at least
_MIDDLE, _EACH, _SHARE_OF_STORES = 1.2, 1.1, 0.8
#: stores of one zone that it takes
_LEAST_STORES = 4
#: usual visitors in the minutes looked at, below which a store says nothing
_LEAST_VISITORS = 30.0
#: minutes between looks, for how long it must last, and how long it holds after: a restart reads no further back
EVERY, _LASTS, _HOLDS = 5, 30, 360


class CommonRises:
    """By zone: since when most stores have had more visitors than usual, and when they last had."""

    def __init__(self) -> None:
        #: by zone: minutes for which most stores have had more, and since they last had it for long enough
        self._lasted: Ints = np.zeros(0, dtype=np.int64)
        self._ago: Ints = np.zeros(0, dtype=np.int64)

    def advance(self, zone: Ints, share: Floats, usual: Floats) -> None:
        """Take in how things are, every ``EVERY`` minutes.

        Args:
            zone: (stores,) the number of each store's zone.
            share: (stores,) visitors of the last minutes over their usual.
            usual: (stores,) usual visitors in them; infinite where it is not known.
        """
        more = int(zone.max(initial=-1)) + 1 - len(self._ago)
        if more > 0:
            self._lasted = np.append(self._lasted, np.zeros(more, dtype=np.int64))
            self._ago = np.append(self._ago, np.full(more, LONG_AGO, dtype=np.int64))
        can_say = (usual >= _LEAST_VISITORS) & np.isfinite(usual)
        for number in range(len(self._ago)):
            here = share[can_say & (zone == number)]
            rises = (
                len(here) >= _LEAST_STORES
                and float(np.median(here)) >= _MIDDLE
                and float((here >= _EACH).mean()) >= _SHARE_OF_STORES
            )
            self._lasted[number] = self._lasted[number] + EVERY if rises else 0
            has_lasted = self._lasted[number] >= _LASTS
            self._ago[number] = 0 if has_lasted else min(self._ago[number] + EVERY, LONG_AGO)

    def is_on(self, zone: Ints) -> Bools:
        """Whether a common rise is on, or lately was, in each of these zones, by their numbers."""
        known = np.append(
            self._ago, np.full(max(int(zone.max(initial=-1)) + 1 - len(self._ago), 0), LONG_AGO)
        )
        return np.asarray(known[zone] <= _HOLDS)
