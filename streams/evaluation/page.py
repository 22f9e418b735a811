"""An evaluation as one HTML page that needs nothing else: no script, no address outside; the same input gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from scoring.evaluation import sentences as say
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.dimensions.registry import DIMENSIONS
from scoring.evaluation.evaluating import IndicatorScore, StoreEvaluation, evaluate_store
from scoring.evaluation.explaining import explain
from scoring.evaluation.figure import Figure, IndicatorKind, exposed
from scoring.evaluation.findings import FunnelFinding, Standing, find_all
from scoring.evaluation.health import WeightedScore
from scoring.evaluation.readings import gap_facts, readings_of
from scoring.evaluation.score import Score
from scoring.evaluation.steps import JudgedStep
from scoring.evaluation.texts import COMPARATOR_ANSWERS, COMPARATOR_NAMES, DUTY_NAMES, NO_CAUSE, SHARE_NOTE
from scoring.evaluation.weak_spots import weak_spots
from scoring.wording.catalogue import step_name
from scoring.wording.text import Language, Text
from streams.evaluation.folder import FROM_FILES, ReadFolder
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class ScoredLine:
    """One line of a table: a name, what is said of its score, and where the dot and the interval lie (None: no score)."""

    name: str
    said: str
    dot: Score | None
    cells: tuple[str, ...]
    rows: tuple[str, ...] = ()


def evaluation_page(read: ReadFolder, language: Language) -> str:
    """The page of what a folder holds.

    Args:
        read: of ``read_folder``.
        language: of the reader.
    """
    wording = EvaluationReader(language)
    evaluation = evaluate_store(read.figures)
    kind = evaluation.headline or ComparatorKind.OWN
    readings = readings_of(evaluation, read.volumes, (gap_facts(evaluation),))
    span = evaluation.span
    findings = find_all(evaluation.store_id, readings, (), (), span.end_ms)
    found = [one for one in findings if one.standing in (Standing.FOUND, Standing.REPLACED)]
    return _TEMPLATES.get_template("evaluation.html").render(
        language=language,
        t=lambda key, **values: WORDS[key](language, **values),
        store=evaluation.store_id,
        first=wording.calendar_day(span.start_ms, span.zone),
        last=wording.calendar_day(span.end_ms - 1, span.zone),
        zone=span.zone,
        against=COMPARATOR_NAMES[kind](language),
        answers=COMPARATOR_ANSWERS[kind](language),
        health=_whole(evaluation.health[kind], "", wording),
        dimensions=[
            _whole(one, dimension.name(language), wording)
            for dimension, one in zip(DIMENSIONS, evaluation.dimensions[kind], strict=True)
        ],
        indicators=[
            _indicator(one, kind, wording) for one in evaluation.indicators if one.figure is not None
        ],
        steps=[_step(step, read.currency, wording) for step in evaluation.funnel[kind].steps],
        share_note=SHARE_NOTE(language),
        findings=[say.say_finding(one, wording) for one in found],
        others=[say.say_finding(one, wording) for one in findings if one not in found],
        actions=_actions(found, span.zone, wording),
        gaps=_gaps(evaluation, kind, wording),
        not_from_files=[
            one.indicator.name(language)
            for one in evaluation.indicators
            if one.indicator.id not in FROM_FILES
        ],
        weak=[say.say_weak_spot(spot, wording) for spot in weak_spots(evaluation, kind)],
        files=read.files,
        no_cause=NO_CAUSE(language),
        version=evaluation.weights_version,
    )


def explained(read: ReadFolder) -> str:
    """Every input of every score as JSON text, for whoever recomputes them."""
    return json.dumps(explain(evaluate_store(read.figures)), ensure_ascii=False, indent=1) + "\n"


def _whole(one: WeightedScore, name: str, wording: EvaluationReader) -> ScoredLine:
    if one.score is not None:
        said = say.say_score(one.score, wording)
    else:
        said = say.say_lack(None, one.lack, wording) if one.lack is not None else ""
    return ScoredLine(name, said, one.score, (say.say_coverage(one, wording),))


def _indicator(one: IndicatorScore, kind: ComparatorKind, wording: EvaluationReader) -> ScoredLine:
    language = wording.language
    score, lack, figure = one.scores.get(kind), one.lacks.get(kind), one.figure
    said = say.say_score(score, wording) if score else ""
    if lack is not None:
        said = say.say_lack(one.indicator, lack, wording)
    cells = (
        (
            _value(figure, one.indicator.unit, wording),
            wording.count(exposed(figure)),
            one.indicator.definition(language),
        )
        if figure
        else ()
    )
    rows = say.say_rows(figure.rows, wording) if figure else ()
    return ScoredLine(one.indicator.name(language), said, score, cells, rows)


def _value(figure: Figure, unit: Text | None, wording: EvaluationReader) -> str:
    if figure.kind is IndicatorKind.RATE:
        return wording.percent(figure.value)
    if figure.kind is IndicatorKind.COUNT:
        return WORDS["per_hundred"](wording.language, value=wording.decimal(100 * figure.value))
    value = wording.decimal(figure.value)
    return value if unit is None else f"{value} {unit(wording.language)}"


def _step(step: JudgedStep, currency: str, wording: EvaluationReader) -> ScoredLine:
    language = wording.language
    said = say.say_score(step.score, wording) if step.score else ""
    if step.lack is not None:
        said = say.say_lack(None, step.lack, wording)
    loss = say.say_loss(step.loss, currency, wording) if step.loss else "—"
    shared = "—"
    if step.loss is not None and step.loss.low > 0:
        shared = " · ".join(
            f"{DUTY_NAMES[duty](language)} {wording.decimal(float(part))}"
            for duty, part in step.loss.by_duty.items()
        )
    cells = (_value(step.figure, None, wording), wording.count(exposed(step.figure)), loss, shared)
    return ScoredLine(
        step_name(step.step, language), said, step.score, cells, say.say_rows(step.figure.rows, wording)
    )


def _actions(found: Sequence[FunnelFinding], zone: str, wording: EvaluationReader) -> list[tuple[str, ...]]:
    return [say.say_action(action, zone, None, wording) for one in found for action in one.actions]


def _gaps(
    evaluation: StoreEvaluation, kind: ComparatorKind, wording: EvaluationReader
) -> list[tuple[str, str]]:
    """What files could give and none of these does, with what would supply it."""
    return [
        (one.indicator.name(wording.language), say.say_lack(one.indicator, one.lacks[kind], wording))
        for one in evaluation.indicators
        if one.figure is None and kind in one.lacks and one.indicator.id in FROM_FILES
    ]
