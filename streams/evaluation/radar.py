"""The radar of six dimensions: where its lines go. Axes in a fixed order, lines without a filled area, a missing axis is a gap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.evaluation.health import WeightedScore

#: the middle and the outer end of an axis, in the units of a picture of 400 × 240
_X, _Y, _REACH, _LABEL = 200.0, 120.0, 84.0, 98.0


@dataclass(frozen=True, slots=True)
class RadarAxis:
    """One axis.

    Attributes:
        name: for people.
        score: None where there is none.
        end: where the axis ends.
        usual: where 50 points lie on it.
        label: where its name is, and how it is anchored there.
        dot: where the score lies.
        band: between what the score is whatever the rest shows; None where nothing is measured, or all of it.
        line: from the score to that of the next axis; None if either has none.
    """

    name: str
    score: float | None
    end: tuple[float, float]
    usual: tuple[float, float]
    label: tuple[float, float, str]
    dot: tuple[float, float] | None
    band: tuple[float, float, float, float] | None
    line: tuple[float, float, float, float] | None


def radar_axes(parts: Sequence[tuple[str, WeightedScore]]) -> tuple[RadarAxis, ...]:
    """The axes of a radar, the first upwards, then clockwise.

    Args:
        parts: the dimensions with their names.
    """
    scores = [(name, one.score.value if one.score else None) for name, one in parts]
    dots = [
        None if score is None else _at(place, len(scores), _REACH * score / 100)
        for place, (_, score) in enumerate(scores)
    ]
    found = []
    for place, (name, score) in enumerate(scores):
        here, following = dots[place], dots[(place + 1) % len(dots)]
        x, y = _at(place, len(scores), _LABEL)
        anchor = "middle" if abs(x - _X) < 1 else "start" if x > _X else "end"
        found.append(
            RadarAxis(
                name,
                score,
                _at(place, len(scores), _REACH),
                _at(place, len(scores), _REACH / 2),
                (x, round(y + 4, 1), anchor),
                here,
                _band(place, len(parts), parts[place][1]),
                None if here is None or following is None else (*here, *following),
            )
        )
    return tuple(found)


def _band(place: int, count: int, one: WeightedScore) -> tuple[float, float, float, float] | None:
    if not 0 < one.coverage < 1:
        return None
    inner, outer = (_at(place, count, _REACH * points / 100) for points in (one.at_least, one.at_most))
    return (*inner, *outer)


def _at(place: int, count: int, reach: float) -> tuple[float, float]:
    angle = 2 * math.pi * place / count
    return round(_X + reach * math.sin(angle), 1), round(_Y - reach * math.cos(angle), 1)
