"""What an evaluation says, in the reader's language: one set of strings for page, report, mail, API and command line.

Pure: numbers are written by a ``EvaluationWording``; every sentence about a number has a way to its rows (``say_rows``).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Protocol

from scoring.baselines.baseline import MIN_PEERS
from scoring.evaluation import texts as texts
from scoring.evaluation.comparator import LEAST_OWN_PERIODS
from scoring.evaluation.comparing import DefinitionDifference, Ranking
from scoring.evaluation.decoys import DECOY_BY_KIND
from scoring.evaluation.dimensions.closing import closed_by
from scoring.evaluation.dimensions.registry import DIMENSIONS, INDICATOR_BY_ID
from scoring.evaluation.duties import Duty
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.findings import DecoyEvidence, FunnelFinding, PlannedAction
from scoring.evaluation.health import HEALTH, ScoreChange, WeightedScore
from scoring.evaluation.indicator import Indicator
from scoring.evaluation.judging import AdviceOutcome, AdviceVerdict, HitRate
from scoring.evaluation.platform_sentences import metric_name
from scoring.evaluation.platform_targets import PLATFORM
from scoring.evaluation.readings import NO_BASIS, STEP, VOLUME
from scoring.evaluation.rules import DecoyKind, Ground, ReadingLevel, Truth
from scoring.evaluation.score import Score, ScoreLack, Unscored
from scoring.evaluation.steps import Loss
from scoring.evaluation.weak_spots import WeakSpot
from scoring.funnel.stages import Stage
from scoring.records.source_names import report_source_name
from scoring.wording.card import Wording
from scoring.wording.catalogue import STAGE_UNITS, step_name
from scoring.wording.text import Language, Text, in_language

#: by whether it is so, and whether it is of an indicator
_TABLES = {
    (True, False): texts.LEVELS,
    (False, False): texts.LEVELS_FAILED,
    (True, True): texts.WORSE,
    (False, True): texts.WORSE_FAILED,
}


class EvaluationWording(Wording, Protocol):
    """A card's wording, and what an evaluation needs besides."""

    def decimal(self, value: float) -> str:
        """A number with one decimal at most: ``12.5``, ``−3``."""

    def calendar_day(self, at_ms: int, zone: str) -> str:
        """The day of a time on the wall of ``zone``, with its year."""


def say_score(score: Score, wording: EvaluationWording) -> str:
    """A score with its interval."""
    return texts.SCORE(
        wording.language,
        value=wording.count(score.value),
        low=wording.count(score.low),
        high=wording.count(score.high),
    )


def say_lack(
    indicator: Indicator | None,
    lack: ScoreLack,
    wording: EvaluationWording,
    platforms: Collection[str] = (),
) -> str:
    """Why there is no score and what would make one.

    Args:
        indicator: None for a dimension or the health.
        lack: why.
        wording: of the reader.
        platforms: of the store: what supplies an indicator depends on them.
    """
    language = wording.language
    reason = lack.reason
    if reason is Unscored.NO_SOURCE and indicator is None:
        reason = Unscored.LOW_COVERAGE
    supply = None if indicator is None else closed_by(indicator, platforms)
    if reason is Unscored.NO_SOURCE and supply is None:
        return texts.NOT_ON_PLATFORM(language)
    write = wording.percent if reason is Unscored.LOW_COVERAGE else wording.count
    text = texts.LACKS[reason](
        language,
        closed_by="" if supply is None else supply.begun()(language),
        have=write(lack.have),
        need=write(lack.need),
        own=LEAST_OWN_PERIODS,
        peers=MIN_PEERS,
    )
    return text + (texts.DAYS_MORE(language, days=wording.count(lack.days)) if lack.days else "")


def say_rows(rows: Sequence[SourceRows], wording: EvaluationWording) -> tuple[str, ...]:
    """Where a number comes from: one line a relation and condition, with how many rows of each there were."""
    together: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.relation, row.condition)
        together[key] = together.get(key, 0) + row.count
    return tuple(
        texts.ROWS(
            wording.language, relation=relation, condition=condition, count=wording.count(together[key])
        )
        for key in together
        for relation, condition in (key,)
    )


def say_coverage(one: WeightedScore, wording: EvaluationWording) -> str:
    """How much is measured, and between what the score lies whatever the rest shows."""
    language = wording.language
    covers = texts.COVERAGE_OF_HEALTH if one.id == HEALTH else texts.COVERAGE
    text = covers(language, share=wording.percent(one.coverage))
    bounds = texts.BOUNDS(language, low=wording.count(one.at_least), high=wording.count(one.at_most))
    return text if one.coverage >= 1 else f"{text}{_semicolon(language)}{bounds}"


def say_change(change: ScoreChange, wording: EvaluationWording) -> str:
    """How a score moved since an earlier period, and what took no part in it."""
    language = wording.language
    text = texts.CHANGE(
        language,
        points=wording.decimal(change.points),
        low=wording.decimal(change.low),
        high=wording.decimal(change.high),
    )
    names = [reading_name(name, language) for name in (*change.only_now, *change.only_then)]
    if not names:
        return text
    left_out = texts.CHANGE_LEFT_OUT(language, names=_joined(names, language))
    return f"{text}{_semicolon(language)}{left_out}"


def say_loss(loss: Loss, currency: str, wording: EvaluationWording) -> str:
    """A step's loss in events and money; where the interval holds 0 it is called as usual and no money is named."""
    language = wording.language
    is_loss = loss.low > 0
    if not is_loss and loss.high >= 0:
        return texts.AS_USUAL(language, low=wording.decimal(-loss.high), high=wording.decimal(-loss.low))
    ends = sorted((abs(loss.low), abs(loss.high)))
    text = (texts.LOST if is_loss else texts.GAINED)(
        language,
        events=wording.decimal(abs(float(loss.events))),
        low=wording.decimal(ends[0]),
        high=wording.decimal(ends[1]),
    )
    if loss.money is None:
        return text
    return text + texts.WORTH(language, money=wording.money(abs(float(loss.money)), currency))


def reading_name(name: str, language: Language) -> str:
    """A reading, indicator or dimension for people."""
    if name in INDICATOR_BY_ID:
        return INDICATOR_BY_ID[name].name(language)
    if name in texts.FACTS:
        return texts.FACTS[name](language)
    if name.startswith(STEP):
        return step_name(name.removeprefix(STEP), language)
    if name.startswith(PLATFORM):
        return metric_name(name, language)
    if name.startswith(VOLUME):
        return texts.VOLUME(language, stage=STAGE_UNITS[Stage(name.removeprefix(VOLUME))](language))
    return next((one.name(language) for one in DIMENSIONS if one.id == name), name)


def say_ground(ground: Ground, language: Language) -> str:
    """What one condition of a finding came to."""
    reading = ground.reading or ground.condition.readings[0]
    name = reading_name(reading, language)
    if reading.startswith(VOLUME) and ground.names:
        sources = [report_source_name(one, language) for one in ground.names]
        name = texts.REPORTED_BY(language, name=name, sources=_joined(sources, language))
    if ground.truth is Truth.UNKNOWN:
        text = texts.UNCLEAR_READING if ground.reading else texts.UNKNOWN_READING
        return text(language, name=name)
    table = _TABLES[ground.truth is Truth.HOLDS, reading in INDICATOR_BY_ID]
    said = table[ground.condition.level](language, name=name)
    if ground.truth is not Truth.HOLDS or not ground.names or reading.startswith(VOLUME):
        return said
    return f"{said}{_colon(language)}{_joined([_name_in(reading, one, language) for one in ground.names], language)}"


def _name_in(reading: str, name: str, language: Language) -> str:
    """A name that a fact is about: a role, a dimension or a store. A role and a dimension may share their id."""
    return texts.DUTY_NAMES[Duty(name)](language) if reading == NO_BASIS else reading_name(name, language)


def say_finding(finding: FunnelFinding, wording: EvaluationWording) -> tuple[str, ...]:
    """A finding line by line: what is seen, what it means, what speaks for and against it, what else it may be."""
    language = wording.language
    scenario = finding.scenario
    lines = [f"{texts.STANDINGS[finding.standing](language)}{_colon(language)}{scenario.title(language)}"]
    if finding.instead:
        lines.append(texts.INSTEAD(language, decoys=_decoys(finding.instead, wording)))
    if finding.strength:
        lines.append(scenario.meaning(language))
        if any(one.level is not ReadingLevel.TRUE for one in scenario.conditions):  # what is so has no noise
            chance = math.ceil(1000 * (1 - finding.strength)) / 1000
            lines.append(texts.STRENGTH(language, share=wording.percent(max(chance, 0.001))))
    lines += [
        say_ground(ground, language) for ground in (*finding.evidence, *finding.against, *finding.unknown)
    ]
    if finding.also_possible:
        lines.append(texts.ALSO_POSSIBLE(language, decoys=_decoys(finding.also_possible, wording)))
    if finding.unchecked:
        names = [decoy_name(kind)(language) for kind in finding.unchecked]
        lines.append(texts.UNCHECKED(language, decoys=_joined(names, language)))
    if finding.strength:
        lines.append(texts.DISPROOF(language, text=scenario.disproof(language)))
    return tuple(lines)


def say_weak_spot(spot: WeakSpot, wording: EvaluationWording) -> tuple[str, ...]:
    """A weak spot: its score, whose it is, and where to look first, one line each."""
    language = wording.language
    first = texts.WEAK_SPOT(
        language,
        name=reading_name(spot.reading, language),
        score=say_score(spot.score, wording),
        owner=texts.DUTY_NAMES[spot.owner](language),
    )
    return (first, *(check(language) for check in spot.checks))


def decoy_name(kind: DecoyKind) -> Text:
    """A decoy for people."""
    return DECOY_BY_KIND[kind].name


def _decoys(seen: Sequence[DecoyEvidence], wording: EvaluationWording) -> str:
    language = wording.language
    said = []
    for one in seen:
        decoy = DECOY_BY_KIND[one.kind]
        name = decoy.name(language) + (
            f"「{in_language(one.detail, language)}」"
            if language == "zh"
            else f" “{in_language(one.detail, language)}”"
        ) * bool(one.detail)
        share = wording.percent(one.share)
        said.append(texts.DECOY(language, name=name, share=share, share_of=decoy.share_of(language)))
    return _joined(said, language)


def say_action(
    action: PlannedAction, zone: str, hits: HitRate | None, wording: EvaluationWording
) -> tuple[str, ...]:
    """An action: who does what, when it is checked by what, and how the same advice did so far."""
    language = wording.language
    advice = action.advice
    record = texts.NO_HIT_RATE(language)
    if hits is not None and (hits.judged or hits.unclear):
        record = texts.HIT_RATE(
            language,
            judged=wording.count(hits.judged),
            helped=wording.count(hits.helped),
            unclear=wording.count(hits.unclear),
        )
    return (
        texts.ACTION(
            language,
            owner=texts.DUTY_NAMES[advice.owner](language),
            text=advice.text(language),
            effort=texts.EFFORTS[advice.effort](language),
        ),
        texts.CHECK(
            language,
            day=wording.calendar_day(action.check_ms, zone),
            name=reading_name(action.judged_by, language),
        ),
        record,
    )


def say_verdict(verdict: AdviceVerdict, wording: EvaluationWording) -> str:
    """What became of an action."""
    text = texts.OUTCOMES[verdict.outcome]
    if verdict.outcome is AdviceOutcome.CANNOT_SAY or verdict.gained is None:
        return texts.OUTCOMES[AdviceOutcome.CANNOT_SAY](wording.language)
    points = {"gained": verdict.gained, "low": verdict.low or 0.0, "high": verdict.high or 0.0}
    return text(wording.language, **{name: wording.decimal(value) for name, value in points.items()})


def say_difference(one: DefinitionDifference, language: Language) -> str:
    """In what two stores' definitions differ."""
    missing = texts.UNSAID(language)
    return texts.DIFFERENCE(
        language,
        aspect=texts.ASPECTS[one.aspect](language),
        one=one.one,
        other=one.other,
        of_one=one.of_one or missing,
        of_other=one.of_other or missing,
    )


def say_ranking(ranking: Ranking, language: Language) -> tuple[str, ...]:
    """The groups, the best first; or why there is no rank, difference by difference."""
    if ranking.reason is not None:
        reason = texts.NO_RANKS[ranking.reason](language)
        return (reason, *(say_difference(one, language) for one in ranking.differences))
    if not ranking.differ:
        return (texts.ALL_EQUAL(language),)
    return tuple(
        (texts.RANKED_ONE if group.first == group.last else texts.RANKED_EQUAL)(
            language, first=group.first, last=group.last, stores=_joined(group.stores, language)
        )
        for group in ranking.groups
    )


def _joined(parts: Sequence[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(parts)


def _semicolon(language: Language) -> str:
    return "；" if language == "zh" else "; "


def _colon(language: Language) -> str:
    return "：" if language == "zh" else ": "
