"""A process that dies at chosen steps: between any two things that others can see."""

from __future__ import annotations

import random


class Killed(BaseException):
    """The process is gone; nothing of it runs any more."""


class Steps:
    """Counts steps and dies at some of them.

    Args:
        kill_every, kill_at: die at step ``kill_at`` of every ``kill_every``; without that, once and never again.
        chance, share: die at this share of all steps.
    """

    def __init__(
        self,
        kill_every: int = 0,
        kill_at: int = 0,
        chance: random.Random | None = None,
        share: float = 0.0,
    ) -> None:
        self.count = self.kills = 0
        self._every, self._at, self._chance, self._share = kill_every, kill_at, chance, share

    def step(self, name: str) -> None:
        """Go on, or die."""
        self.count += 1
        every = self._every
        due = self.count % every == self._at % every if every else self.count == self._at
        if due or (self._chance is not None and self._chance.random() < self._share):
            self.kills += 1
            raise Killed(name)
