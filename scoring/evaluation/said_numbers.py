"""A number of an indicator or a step as its kind is written, and how its target came out, for page, report, mail and agents alike."""

from __future__ import annotations

from typing import Protocol

from scoring.evaluation import texts
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.score import TargetResult
from scoring.wording.text import Language, Text


class NumberWording(Protocol):
    """How numbers are written for one reader. Implemented in ``streams/incidents`` with Babel."""

    language: Language

    def percent(self, value: float) -> str:
        """A share in [0, 1]."""

    def decimal(self, value: float) -> str:
        """A number with one decimal at most."""

    def hundredths(self, value: float) -> str:
        """A number with two decimals."""


def say_number(number: float, kind: IndicatorKind, unit: Text | None, wording: NumberWording) -> str:
    """A number of a kind as it is written, with its unit if it has one."""
    if kind is IndicatorKind.RATE:
        return wording.percent(number)
    if kind is IndicatorKind.COUNT and unit is None:  # of a step, per visit
        return texts.PER_HUNDRED(wording.language, value=wording.decimal(100 * number))
    value = wording.hundredths(number) if kind is IndicatorKind.INDEX else wording.decimal(number)
    return value if unit is None else f"{value} {unit(wording.language)}"


def say_target(of: str, result: TargetResult, wording: NumberWording) -> str:
    """How a target came out.

    Args:
        of: id of an indicator, or ``step:ID``.
        result: of the period.
        wording: of the reader.
    """
    missed = texts.TARGET_EXCEEDED if result.gap > 0 else texts.TARGET_MISSED
    text, unit = texts.TARGET_MET if result.is_met else missed, unit_of(of)
    value, target = (say_number(one, result.kind, unit, wording) for one in (result.value, result.target))
    said = text(wording.language, value=value, target=target, gap=say_target_gap(of, result, wording))
    return said + ("" if result.is_sure else texts.TARGET_UNSURE(wording.language))


def say_target_gap(of: str, result: TargetResult, wording: NumberWording) -> str:
    """By how much a target was missed or passed: of shares in percentage points, not in percent of anything."""
    if result.kind is IndicatorKind.RATE:
        return texts.GAP_POINTS(wording.language, gap=wording.decimal(100 * abs(result.gap)))
    return say_number(abs(result.gap), result.kind, unit_of(of), wording)


def unit_of(of: str) -> Text | None:
    """The unit of an indicator; None where it has none, and of a step."""
    return INDICATOR_BY_ID[of].unit if of in INDICATOR_BY_ID else None
