"""A figure's value, and a gap between two, as their kind is written for one reader."""

from __future__ import annotations

from scoring.evaluation.figure import Figure, IndicatorKind
from scoring.evaluation.said_numbers import say_number
from scoring.wording.text import Text
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS


def said_value(figure: Figure, unit: Text | None, wording: EvaluationReader) -> str:
    """A figure's value as its kind is written, with its unit if it has one."""
    return say_number(figure.value, figure.kind, unit, wording)


def said_gap(now: float, then: float, kind: IndicatorKind | None, wording: EvaluationReader) -> str:
    """How far a value lies from an earlier one: of shares in percentage points, of a rating in its own unit, else in percent of it."""
    if kind is IndicatorKind.RATE:
        return WORDS["gap_points"](wording.language, gap=wording.signed(100 * (now - then)))
    if kind is IndicatorKind.RATING:
        return wording.signed(now - then)
    return f"{wording.signed(100 * (now / then - 1))}%" if then else "–"
