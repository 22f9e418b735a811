"""What came out in a period next to what came out before, in one reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scoring.evaluation import sentences as say
from scoring.evaluation.dimensions.registry import INDICATOR_BY_ID
from scoring.evaluation.evaluating import StoreEvaluation
from scoring.evaluation.figure import IndicatorKind
from scoring.evaluation.readings import STEP
from scoring.evaluation.results import ORDERS, SALES, EarlierResult, PeriodResult
from scoring.evaluation.said_numbers import say_number, say_target, unit_of
from scoring.evaluation.score import TargetResult
from streams.evaluation.said_values import said_gap
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS


@dataclass(frozen=True, slots=True)
class EarlierCell:
    """An earlier value with the gap to it. ``is_beyond_noise``: see ``EarlierResult``."""

    value: str
    gap: str
    is_beyond_noise: bool


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One result: its value, the earlier ones, and how its target came out; an empty text where there is none.

    Attributes:
        id: by which its rows are asked for: ``orders``, ``sales``, an indicator or ``step:ID``.
        rows: where it comes from.
    """

    id: str
    name: str
    value: str
    last: EarlierCell | None
    year: EarlierCell | None
    target: str
    rows: tuple[str, ...]


def result_rows(
    results: Mapping[str, PeriodResult],
    evaluation: StoreEvaluation,
    currency: str,
    wording: EvaluationReader,
) -> tuple[ResultRow, ...]:
    """Sales and orders, every step, and every indicator that has a target."""
    asked = evaluation.targets
    chosen = [of for of in results if of in (SALES, ORDERS)][::-1]
    chosen += [of for of in results if of.startswith(STEP)]
    chosen += [of for of in results if of in asked and of in INDICATOR_BY_ID]
    return tuple(_row(results[of], asked.get(of), currency, wording) for of in chosen)


def said_before(result: PeriodResult | None, wording: EvaluationReader) -> tuple[str, ...]:
    """The earlier values of a number, one line each, with the gap to each."""
    if result is None:
        return ()
    lines = []
    for word, earlier in (("last_was", result.last), ("year_was", result.year)):
        cell = _cell(result, earlier, "", wording)
        if cell is not None:
            lines.append(WORDS[word](wording.language, value=cell.value, gap=cell.gap))
    return tuple(lines)


def _row(
    result: PeriodResult, target: TargetResult | None, currency: str, wording: EvaluationReader
) -> ResultRow:
    is_sum = result.figure is None
    name = (
        WORDS[f"result_{result.of}"](wording.language)
        if is_sum
        else say.reading_name(result.of, wording.language)
    )
    return ResultRow(
        result.of,
        name,
        _written(result, result.value, currency, wording),
        _cell(result, result.last, currency, wording),
        _cell(result, result.year, currency, wording),
        "" if target is None else say_target(result.of, target, wording),
        say.say_rows(result.rows, wording),
    )


def said_goal(of: str, value: float, wording: EvaluationReader) -> str:
    """A target's value, as the number that it is of is written."""
    return say_number(value, _kind(of), unit_of(of), wording)


def _kind(of: str) -> IndicatorKind:
    return INDICATOR_BY_ID[of].kind if of in INDICATOR_BY_ID else IndicatorKind.RATE


def _written(result: PeriodResult, value: float, currency: str, wording: EvaluationReader) -> str:
    if result.of == SALES:
        return wording.money_exactly(value, currency)
    if result.figure is None:
        return wording.count(value)
    return say_number(value, result.figure.kind, unit_of(result.of), wording)


def _cell(
    result: PeriodResult, earlier: EarlierResult | None, currency: str, wording: EvaluationReader
) -> EarlierCell | None:
    if earlier is None:
        return None
    kind = result.figure.kind if result.figure is not None else None
    return EarlierCell(
        _written(result, earlier.value, currency, wording),
        said_gap(result.value, earlier.value, kind, wording),
        bool(earlier.is_beyond_noise),
    )
