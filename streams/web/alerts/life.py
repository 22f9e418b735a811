"""What changed at each turn of an alert's life: a list of three equal lines says nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scoring.alerts.alert import AlertState
from streams.web.alerts.answers import Transition
from streams.web.frame.names import Names
from streams.web.frame.reader import PageReader


class Turn(NamedTuple):
    """A turn, and what was different from the one before; empty at the first."""

    transition: Transition
    changes: tuple[str, ...]

    @property
    def at_ms(self) -> int:
        """When it was."""
        return self.transition.at_ms


def turns(life: Iterable[Transition], reader: PageReader, names: Names) -> tuple[Turn, ...]:
    """The turns of a life in words."""
    every = _without_growth(life)
    before: list[Transition | None] = [None, *every]
    return tuple(
        Turn(now, tuple(_changes(then, now, reader, names)) if then else ())
        for then, now in itertools.zip_longest(before[:-1], every)
    )


def _without_growth(life: Iterable[Transition]) -> list[Transition]:
    """A life in which several turns after another that only say that more is lost are one: the last of them."""
    kept: list[Transition] = []
    grew = False
    for now in life:
        grows = bool(kept) and _only_grew(kept[-1], now)
        if grows and grew:
            kept[-1] = now
        else:
            kept.append(now)
        grew = grows
    return kept


def _only_grew(then: Transition, now: Transition) -> bool:
    return (then.state, then.level, then.label) == (now.state, now.level, now.label) and now.lost > then.lost


def _changes(then: Transition, now: Transition, reader: PageReader, names: Names) -> Iterator[str]:
    if then.state == AlertState.RESOLVED and now.state == AlertState.FIRING:
        yield reader.word("life_again")
    if now.level != then.level and now.state != AlertState.RESOLVED:
        yield reader.word("life_level", before=names.level(then.level), after=names.level(now.level))
    if now.label and then.label and now.label != then.label:
        yield reader.word("life_label", before=names.label(then.label), after=names.label(now.label))
    if now.state == then.state:
        lost = round(now.lost) != round(then.lost)
        if lost:
            yield reader.word("life_lost", before=reader.count(then.lost), after=reader.count(now.lost))
        elif now.level == then.level and now.label == then.label:
            yield reader.word("life_numbers")
