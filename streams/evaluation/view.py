"""An evaluation as a page shows it, in one reader's words: what is drawn, what is said, and what leads to the rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from scoring.evaluation import sentences as say
from scoring.evaluation.assembling import findings_in
from scoring.evaluation.comparator import Comparator, ComparatorKind
from scoring.evaluation.dimensions.closing import closed_by
from scoring.evaluation.dimensions.registry import DIMENSIONS, INDICATOR_BY_ID
from scoring.evaluation.duties import Duty, shares_of_step
from scoring.evaluation.evaluating import IndicatorScore, StoreEvaluation
from scoring.evaluation.figure import Figure, exposed
from scoring.evaluation.findings import DecoyEvidence, Standing
from scoring.evaluation.health import WeightedScore
from scoring.evaluation.platform_targets import PlatformTarget
from scoring.evaluation.readings import STEP
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.said_numbers import say_target
from scoring.evaluation.score import Score, TargetResult
from scoring.evaluation.steps import FunnelLoss, JudgedStep
from scoring.evaluation.texts import COMPARATOR_NAMES, DUTY_NAMES, NO_CAUSE, SHARE_NOTE
from scoring.evaluation.weak_spots import weak_spots
from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.wording.catalogue import step_name
from scoring.wording.text import Language
from streams.evaluation.advice_lines import AdviceLine, advice_lines, earlier_lines
from streams.evaluation.advised import AdviceLife
from streams.evaluation.attribution_view import AttributionView
from streams.evaluation.closing import closing_lines
from streams.evaluation.compared_with import said_comparison
from streams.evaluation.first_steps import FirstSteps, first_steps
from streams.evaluation.platform_targets import PlatformTargetLine, platform_lines
from streams.evaluation.radar import RadarAxis, radar_axes
from streams.evaluation.result_view import ResultRow
from streams.evaluation.said_values import said_value
from streams.evaluation.wording import EvaluationReader
from streams.evaluation.words import WORDS

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class ScoredLine:
    """One line of a table.

    Attributes:
        id: of the indicator, dimension, or ``step:ID``.
        name: for people.
        said: its score, or why there is none.
        dot: where the dot and the interval lie; None: no score.
        cells: further cells, in the order of the table's heads.
        rows: where it comes from.
        before: its earlier values, with the gaps.
        bar: of a step, the part that advanced and the usual one, in percent of the wider of the two; None where unknown.
    """

    id: str
    name: str
    said: str
    dot: Score | None
    cells: tuple[str, ...]
    rows: tuple[str, ...] = ()
    bar: tuple[float, float] | None = None
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DutyLine:
    """What of the losses is put down to one role: events, money, the indicators that are mainly its own, and how many of its targets
    were met."""

    duty: Duty
    name: str
    events: str
    money: str
    indicators: tuple[str, ...]
    targets: str = ""


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One target: what it is of, whose it is above all, how it came out, and who set it."""

    id: str
    name: str
    owner: str
    said: str
    set_by: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class SeenView:
    """What to do first, what is clearly low, what rules found and did not find, and the advice of this period and of earlier ones."""

    first: FirstSteps
    weak: tuple[tuple[str, ...], ...]
    findings: tuple[tuple[str, ...], ...]
    others: tuple[tuple[str, ...], ...]
    actions: tuple[AdviceLine, ...]
    earlier: tuple[AdviceLine, ...]


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """All that a page shows of an evaluation. ``called`` is the store's name; ``zone`` and the days are of its clock."""

    store: str
    first: str
    last: str
    zone: str
    kind: ComparatorKind
    kinds: tuple[tuple[ComparatorKind, str], ...]
    against: str
    answers: str
    health: ScoredLine
    dimensions: tuple[ScoredLine, ...]
    radar: tuple[RadarAxis, ...]
    indicators: tuple[ScoredLine, ...]
    steps: tuple[ScoredLine, ...]
    duties: tuple[DutyLine, ...]
    targets: tuple[TargetLine, ...]
    platform_targets: tuple[PlatformTargetLine, ...]
    lost: str
    share_note: str
    seen: SeenView
    gaps: tuple[tuple[str, str], ...]
    closing: tuple[str, ...]
    not_asked: tuple[str, ...]
    no_cause: str
    version: int
    attribution: AttributionView | None = None
    results: tuple[ResultRow, ...] = ()
    called: str = ""


def evaluation_view(
    evaluation: StoreEvaluation,
    volumes: Mapping[Stage, tuple[Figure, Comparator]],
    currency: str,
    wording: EvaluationReader,
    asked: Collection[str],
    kind: ComparatorKind | None = None,
    *,
    decoys: Sequence[DecoyEvidence] = (),
    checked: Collection[DecoyKind] = (),
    lives: Mapping[str, AdviceLife] | None = None,
    asked_by_platforms: tuple[PlatformTarget, ...] = (),
    platforms: Collection[str] = (),
    left_out: Mapping[str, str] = _NOTHING,
) -> EvaluationView:
    """What a page shows.

    Args:
        evaluation, volumes: of the store.
        currency: of its orders; empty if unknown.
        wording: of the reader.
        asked: ids of the indicators that whoever read the sources can find in them; of the others nothing is asked for.
        kind: the comparator whose scores are shown; None: the headline's.
        decoys, checked: what else may make it look so, and which kinds could be looked for.
        lives: what became of advice that was given, by its key.
        asked_by_platforms: the platforms' own figures with their targets.
        platforms: where the store sells: what none of them can supply is not asked for.
        left_out: periods that it is not compared with, by name, and why.
    """
    language = wording.language
    asked = {one for one in asked if closed_by(INDICATOR_BY_ID[one], platforms) is not None}
    chosen = kind or evaluation.headline or ComparatorKind.OWN
    funnel = evaluation.funnel.get(chosen) or evaluation.funnel[ComparatorKind.OWN]
    dimensions = _named(evaluation, chosen, language)
    return EvaluationView(
        store=evaluation.store_id,
        first=wording.calendar_day(evaluation.span.start_ms, evaluation.span.zone),
        last=wording.calendar_day(evaluation.span.end_ms - 1, evaluation.span.zone),
        zone=evaluation.span.zone,
        kind=chosen,
        kinds=tuple((one, COMPARATOR_NAMES[one](language)) for one in _kinds(evaluation)),
        against=COMPARATOR_NAMES[chosen](language),
        answers=said_comparison(evaluation, chosen, left_out, language),
        health=_whole(evaluation.health[chosen], "", wording),
        dimensions=tuple(_whole(one, name, wording) for name, one in dimensions),
        radar=radar_axes(dimensions),
        indicators=_indicators(evaluation, chosen, wording, platforms),
        steps=tuple(_step(step, currency, wording) for step in funnel.steps),
        duties=_duties(funnel, evaluation, currency, wording),
        targets=tuple(_target(of, one, wording) for of, one in evaluation.targets.items()),
        platform_targets=platform_lines(asked_by_platforms, wording),
        lost=_lost(funnel, currency, wording),
        share_note=SHARE_NOTE(language),
        seen=_seen(evaluation, volumes, chosen, wording, decoys, checked, lives or {}),
        gaps=tuple(_gaps(evaluation, chosen, wording, asked, platforms)),
        closing=closing_lines(evaluation, wording, asked, platforms),
        not_asked=_not_asked(evaluation, language, asked),
        no_cause=NO_CAUSE(language),
        version=evaluation.weights_version,
    )


def _named(
    evaluation: StoreEvaluation, kind: ComparatorKind, language: Language
) -> list[tuple[str, WeightedScore]]:
    """The dimensions' scores with their names."""
    scores = evaluation.dimensions[kind]
    return [(one.name(language), score) for one, score in zip(DIMENSIONS, scores, strict=True)]


def _not_asked(evaluation: StoreEvaluation, language: Language, asked: Collection[str]) -> tuple[str, ...]:
    """The indicators that nobody could find in what was read, or that the platform cannot give."""
    return tuple(
        one.indicator.name(language)
        for one in evaluation.indicators
        if one.indicator.id not in asked and one.figure is None
    )


def _indicators(
    evaluation: StoreEvaluation, kind: ComparatorKind, wording: EvaluationReader, platforms: Collection[str]
) -> tuple[ScoredLine, ...]:
    """Those that are measured."""
    return tuple(
        _indicator(one, kind, wording, platforms) for one in evaluation.indicators if one.figure is not None
    )


def _seen(
    evaluation: StoreEvaluation,
    volumes: Mapping[Stage, tuple[Figure, Comparator]],
    kind: ComparatorKind,
    wording: EvaluationReader,
    decoys: Sequence[DecoyEvidence],
    checked: Collection[DecoyKind],
    lives: Mapping[str, AdviceLife],
) -> SeenView:
    findings = findings_in(evaluation, volumes, decoys, checked)
    found = [one for one in findings if one.standing in (Standing.FOUND, Standing.REPLACED)]
    weak = weak_spots(evaluation, kind)
    advice = advice_lines(found, evaluation.span, lives, wording)
    return SeenView(
        first_steps(advice, weak, evaluation.span, wording),
        tuple(say.say_weak_spot(spot, wording) for spot in weak),
        tuple(say.say_finding(one, wording) for one in found),
        tuple(say.say_finding(one, wording) for one in findings if one not in found),
        advice,
        earlier_lines(evaluation.span, lives, wording),
    )


def _kinds(evaluation: StoreEvaluation) -> tuple[ComparatorKind, ...]:
    """Comparators that give any score."""
    kinds = {kind for one in evaluation.indicators for kind in one.scores}
    kinds |= {kind for kind, funnel in evaluation.funnel.items() if any(step.score for step in funnel.steps)}
    return tuple(kind for kind in ComparatorKind if kind in kinds)


def _owner_of(of: str) -> Duty:
    """Whose an indicator or a step is above all."""
    if of in INDICATOR_BY_ID:
        return INDICATOR_BY_ID[of].owner
    shares = shares_of_step(STEP_BY_ID[of.removeprefix(STEP)])
    return max(shares, key=lambda duty: shares[duty])


def _target(of: str, one: TargetResult, wording: EvaluationReader) -> TargetLine:
    language = wording.language
    owner = DUTY_NAMES[_owner_of(of)](language)
    name = say.reading_name(of, language)
    return TargetLine(of, name, owner, say_target(of, one, wording), one.set_by, one.is_met)


def _kept(evaluation: StoreEvaluation, duty: Duty, wording: EvaluationReader) -> str:
    """How many of a role's targets were met."""
    own = [one for of, one in evaluation.targets.items() if _owner_of(of) is duty]
    if not own:
        return ""
    met = wording.count(sum(one.is_met for one in own))
    return WORDS["targets_met"](wording.language, met=met, all=wording.count(len(own)))


def _duties(
    funnel: FunnelLoss, evaluation: StoreEvaluation, currency: str, wording: EvaluationReader
) -> tuple[DutyLine, ...]:
    money = funnel.money_by_duty or {}
    return tuple(
        DutyLine(
            duty,
            DUTY_NAMES[duty](wording.language),
            wording.signed(float(funnel.by_duty[duty])) if duty in funnel.by_duty else "–",
            wording.money(float(money[duty]), currency) if duty in money and currency else "",
            tuple(one.name(wording.language) for one in INDICATOR_BY_ID.values() if one.owner is duty),
            _kept(evaluation, duty, wording),
        )
        for duty in Duty
        if duty in funnel.by_duty or any(_owner_of(of) is duty for of in evaluation.targets)
    )


def _lost(funnel: FunnelLoss, currency: str, wording: EvaluationReader) -> str:
    if all(step.loss is None for step in funnel.steps):  # nothing is known of it, which is not nothing
        return "–"
    said = wording.signed(float(funnel.lost))
    return (
        said
        if funnel.money is None or not currency
        else f"{said} · {wording.money(float(funnel.money), currency)}"
    )


def _whole(one: WeightedScore, name: str, wording: EvaluationReader) -> ScoredLine:
    if one.score is not None:
        said = say.say_score(one.score, wording)
    else:
        said = say.say_lack(None, one.lack, wording) if one.lack is not None else ""
    return ScoredLine(one.id, name, said, one.score, (say.say_coverage(one, wording),))


def _indicator(
    one: IndicatorScore, kind: ComparatorKind, wording: EvaluationReader, platforms: Collection[str]
) -> ScoredLine:
    language = wording.language
    score, lack, figure = one.scores.get(kind), one.lacks.get(kind), one.figure
    said = say.say_score(score, wording) if score else ""
    if lack is not None:
        said = say.say_lack(one.indicator, lack, wording, platforms)
    cells = (
        (
            said_value(figure, one.indicator.unit, wording),
            wording.count(exposed(figure)),
            one.indicator.definition(language),
        )
        if figure
        else ()
    )
    rows = say.say_rows(figure.rows, wording) if figure else ()
    return ScoredLine(one.indicator.id, one.indicator.name(language), said, score, cells, rows)


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
    cells = (said_value(step.figure, None, wording), wording.count(exposed(step.figure)), loss, shared)
    return ScoredLine(
        STEP + step.step,
        step_name(step.step, language),
        said,
        step.score,
        cells,
        say.say_rows(step.figure.rows, wording),
        _bar(step),
    )


def _bar(step: JudgedStep) -> tuple[float, float] | None:
    if step.usual is None:
        return None
    widest = max(step.figure.value, step.usual, 1e-9)
    return 100 * step.figure.value / widest, 100 * step.usual / widest


def _gaps(
    evaluation: StoreEvaluation,
    kind: ComparatorKind,
    wording: EvaluationReader,
    asked: Collection[str],
    platforms: Collection[str],
) -> list[tuple[str, str]]:
    """What its sources could give and do not, with what would supply it."""
    return [
        (
            one.indicator.name(wording.language),
            say.say_lack(one.indicator, one.lacks[kind], wording, platforms),
        )
        for one in evaluation.indicators
        if one.figure is None and kind in one.lacks and one.indicator.id in asked
    ]
