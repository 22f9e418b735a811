"""An evaluation as one HTML page that needs nothing else: no script, no address outside; the same input gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import msgspec

from scoring.evaluation.attribution.lines import Attribution
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.evaluating import StoreEvaluation, evaluate_store
from scoring.evaluation.explaining import explain
from scoring.evaluation.readings import STEP
from scoring.evaluation.results import PeriodResult, period_results
from scoring.wording.text import Language, in_language
from streams.evaluation.attribution_answer import attribution_answer
from streams.evaluation.attribution_view import attribution_view
from streams.evaluation.folder import FROM_FILES, ReadFile, ReadFolder
from streams.evaluation.knowing import KnownStore
from streams.evaluation.result_view import result_rows, said_before
from streams.evaluation.stored import FROM_TABLES
from streams.evaluation.view import EvaluationView, ScoredLine, evaluation_view
from streams.evaluation.way_back import WAY_BACK, GroupWay, WayBack, embedded
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def evaluation_page(
    view: EvaluationView, way: WayBack, files: Sequence[ReadFile] = (), notices: Sequence[str] = ()
) -> str:
    """The page.

    Args:
        view: of the evaluation, in the reader's words.
        way: where its numbers came from, and the reader's language.
        files: that were read, if it was made from files.
        notices: what has to be known of them before anything else.
    """
    language = way.language
    return _TEMPLATES.get_template("evaluation.html").render(
        language=language,
        t=lambda key, **values: WORDS[key](language, **values),
        v=view,
        files=[
            replace(
                one,
                trouble=in_language(one.trouble, language),
                layout=in_language(one.layout, language),
            )
            for one in files
        ],
        notices=[in_language(one, language) for one in notices],
        way_back=embedded(way),
    )


def folder_page(read: ReadFolder, way: WayBack) -> str:
    """The page of what a folder holds."""
    wording = EvaluationReader(way.language)
    known = evaluate_store(read.figures)
    view = evaluation_view(
        known,
        read.volumes,
        read.currency,
        wording,
        FROM_FILES,
        decoys=read.decoys,
        checked=read.checked,
        platforms=read.platforms,
    )
    view = _with_results(replace(view, called=view.store), read.results, known, read.currency, wording)
    return evaluation_page(_with_attribution(view, read.attribution, wording), way, read.files, read.notices)


def _with_attribution(
    view: EvaluationView, found: Attribution | None, wording: EvaluationReader
) -> EvaluationView:
    return view if found is None else replace(view, attribution=attribution_view(found, wording))


def _with_results(
    view: EvaluationView,
    results: Mapping[str, PeriodResult],
    evaluation: StoreEvaluation,
    currency: str,
    wording: EvaluationReader,
) -> EvaluationView:
    """The view with what came out next to what came out before."""

    def lines(those: Sequence[ScoredLine]) -> tuple[ScoredLine, ...]:
        return tuple(replace(one, before=said_before(results.get(one.id), wording)) for one in those)

    rows = result_rows(results, evaluation, currency, wording)
    return replace(view, results=rows, indicators=lines(view.indicators), steps=lines(view.steps))


def stored_page(known: KnownStore, way: WayBack) -> str:
    """The page of what the tables know of a store."""
    return evaluation_page(stored_view(known, way.language), way)


def stored_view(known: KnownStore, language: Language, kind: ComparatorKind | None = None) -> EvaluationView:
    """What the tables know of a store, in one reader's words."""
    read, wording = known.read, EvaluationReader(language)
    view = evaluation_view(
        known.evaluation,
        read.volumes,
        read.currency,
        wording,
        FROM_TABLES,
        kind,
        decoys=read.decoys,
        checked=read.checked,
        lives=known.lives,
        asked_by_platforms=read.platform_targets,
        platforms=(known.config.platform.value,),
        left_out=read.left_out,
    )
    results = period_results(read.figures, read.spans, read.sold)
    view = replace(view, called=known.config.called(language))
    view = _with_results(view, results, known.evaluation, read.currency, wording)
    return _with_attribution(_with_drifts(view, read.drifts, wording), known.attribution, wording)


def _with_drifts(
    view: EvaluationView, drifts: Mapping[str, int], wording: EvaluationReader
) -> EvaluationView:
    """The view with what declined slowly on the lines of its steps."""
    lines = tuple(
        replace(
            line,
            said=f"{line.said} · "
            + WORDS["drifting"](
                wording.language, day=wording.calendar_day(drifts[line.id.removeprefix(STEP)], view.zone)
            ),
        )
        if line.id.removeprefix(STEP) in drifts
        else line
        for line in view.steps
    )
    return replace(view, steps=lines)


def group_page(
    name: str, group: Sequence[tuple[KnownStore, WayBack]], missing: Sequence[str], way: GroupWay
) -> str:
    """The page of a group: a line of each store, then the whole of each.

    Args:
        name: of the group.
        group: its stores of which a period is known.
        missing: ids of the others.
        way: where all of it came from.
    """
    language = way.language
    return _TEMPLATES.get_template("group.html").render(
        language=language,
        t=lambda key, **values: WORDS[key](language, **values),
        name=name,
        views=[stored_view(known, language) for known, _ in group],
        missing=missing,
        files=(),
        notices=(),
        way_back=embedded(way),
    )


def explained_group(group: Sequence[tuple[KnownStore, WayBack]], way: GroupWay) -> str:
    """Every input of every score of a group as JSON text, by store."""
    inputs = {
        known.read.figures.store_id: {**explain(known.evaluation), **attributed_inputs(known.attribution)}
        for known, _ in group
    }
    whole = {"stores": inputs, WAY_BACK: msgspec.to_builtins(way)}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def explained(evaluation: StoreEvaluation, way: WayBack, attribution: Attribution | None) -> str:
    """Every input of every score as JSON text, for whoever recomputes them, the attribution, and where they came from."""
    inputs = {**explain(evaluation), **attributed_inputs(attribution), WAY_BACK: msgspec.to_builtins(way)}
    return json.dumps(inputs, ensure_ascii=False, indent=1) + "\n"


def attributed_inputs(found: Attribution | None) -> dict[str, Any]:
    """An attribution as a part of what a report is recomputed from; nothing where there is none."""
    return {} if found is None else {"attribution": msgspec.to_builtins(attribution_answer(found))}
