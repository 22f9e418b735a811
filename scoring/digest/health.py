"""What a store's last evaluation came to, in a digest: one line of health, and what changed since the period before.

The numbers are those that the role jobs wrote, against the comparator that the page shows first. A change is taken over what both periods
measured, and named only where it is more than noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from scoring.digest import texts as texts
from scoring.digest.values import DigestFacts, PeriodScores, StoreHealth
from scoring.digest.worded import DigestContext, Said
from scoring.evaluation.comparator import ComparatorKind
from scoring.evaluation.health import ScoreChange, WeightedScore, change_since
from scoring.evaluation.said_numbers import NumberWording, say_target_gap
from scoring.evaluation.score import Score, TargetResult
from scoring.evaluation.sentences import reading_name
from scoring.evaluation.texts import COMPARATOR_NAMES, TARGET_UNSURE
from scoring.evaluation.texts import SCORE as SCORE_TEXT
from scoring.evaluation.weights import DIMENSION_WEIGHTS
from scoring.wording.text import joined

#: stores that are listed, at most
MOST_HEALTH = 40
#: stores without a score that are named, at most
MOST_UNMEASURED = 8
#: missed targets that are named, at most; the others are counted
MOST_TARGETS = 3


class HealthWording(NumberWording, Protocol):
    """How a line of health is written for one reader."""

    def count(self, value: float) -> str:
        """A number, rounded."""


def say_health(facts: DigestFacts, context: DigestContext) -> tuple[Said, ...]:
    """A line a store that was evaluated, the lowest health first, those without one last."""
    names = {store.store_id: store.name for store in facts.stores}
    known = [one for one in facts.health if one.store_id in names]
    known.sort(key=lambda one: (one.now.health.value if one.now.health else 101.0, one.store_id))
    # a paragraph a store to say that there is nothing to say of it was two screens of a phone
    without = [one for one in known if one.now.health is None and not one.targets]
    if len(without) < 2:
        without = []
    said = [_said(one, names[one.store_id], context) for one in known if one not in without][:MOST_HEALTH]
    if without:
        language = context.wording.language
        those = [names[one.store_id] for one in without]
        shown = joined(language, those[:MOST_UNMEASURED])
        form = texts.HEALTH_NONE_OF if len(those) <= MOST_UNMEASURED else texts.HEALTH_NONE_OF_MANY
        said.append(Said(form(language, n=len(those), names=shown), ()))
    return tuple(said)


def _said(one: StoreHealth, name: str, context: DigestContext) -> Said:
    wording, language = context.wording, context.wording.language
    days = texts.HEALTH_DAYS(language, first=wording.day(one.now.first), last=wording.day(one.now.last))
    url = context.evaluation_url(one.store_id, one.length)
    health = one.now.health
    if health is None:
        share = wording.percent(one.now.coverage)
        none = texts.HEALTH_NONE(language, name=name, share=share, days=days)
        return Said(none, say_targets(one, wording), url=url)
    said = SCORE_TEXT(
        language,
        value=wording.count(health.value),
        low=wording.count(health.low),
        high=wording.count(health.high),
    )
    against = COMPARATOR_NAMES[one.comparator](language)
    title = texts.HEALTH_LINE(language, name=name, score=said, days=days, against=against)
    change, tone = say_health_change(one, wording)
    return Said(title, (change, *say_targets(one, wording)), tone, url)


def say_targets(one: StoreHealth, wording: HealthWording) -> tuple[str, ...]:
    """Which targets were missed and by how much, those first of which it is sure; nothing where none was judged."""
    language = wording.language
    asked = wording.count(len(one.targets))
    if not one.targets:
        return ()
    missed = sorted((not result.is_sure, of) for of, result in one.targets.items() if not result.is_met)
    if not missed:
        return (texts.HEALTH_TARGETS_MET(language, asked=asked),)
    those = [_short(of, one.targets[of], wording) for _, of in missed[:MOST_TARGETS]]
    said = ("、" if language == "zh" else ", ").join(those)
    if len(missed) > MOST_TARGETS:
        said += texts.HEALTH_TARGETS_MORE(language, n=wording.count(len(missed) - MOST_TARGETS))
    return (
        texts.HEALTH_TARGETS_MISSED(language, asked=asked, missed=wording.count(len(missed)), those=said),
    )


def _short(of: str, result: TargetResult, wording: HealthWording) -> str:
    """One missed target: what, by how much, and whether that is sure."""
    language = wording.language
    gap = say_target_gap(of, result, wording)
    said = texts.HEALTH_TARGET_BY(language, name=reading_name(of, language), gap=gap)
    return said + ("" if result.is_sure else TARGET_UNSURE(language))


def say_health_change(one: StoreHealth, wording: HealthWording) -> tuple[str, str]:
    """What changed since the period before, and whether that is good or bad."""
    language, then, change = wording.language, one.then, health_change(one)
    if then is None or change is None:
        return texts.HEALTH_FIRST(language), "dim"
    if change.low <= 0 <= change.high:
        return texts.HEALTH_SAME(language) + _most(one, then, wording), "dim"
    is_up = change.points > 0
    low, high = sorted((abs(change.low), abs(change.high)))
    text = (texts.HEALTH_UP if is_up else texts.HEALTH_DOWN)(
        language,
        points=wording.count(abs(change.points)),
        low=wording.count(low),
        high=wording.count(high),
    )
    return text + _most(one, then, wording), "good" if is_up else "bad"


def health_change(one: StoreHealth) -> ScoreChange | None:
    """The change since the period before; None without one, or where its weights were others."""
    then = one.then
    if then is None or then.weights_version != one.now.weights_version:
        return None
    weights = {name: weight.weight for name, weight in DIMENSION_WEIGHTS.items()}
    return change_since(_whole(one.comparator, one.now), _whole(one.comparator, then), weights)


def _most(one: StoreHealth, then: PeriodScores, wording: HealthWording) -> str:
    """The dimension that moved most, of those that moved by more than noise."""
    moved = {}
    for name, score in one.now.dimensions.items():
        single = {name: score}
        before = {name: then.dimensions[name]} if name in then.dimensions else {}
        change = change_since(_part(one.comparator, single), _part(one.comparator, before), {name: 1})
        if change is not None and not change.low <= 0 <= change.high:
            moved[name] = change.points
    if not moved:
        return ""
    name = max(sorted(moved), key=lambda each: abs(moved[each]))
    language, points = wording.language, moved[name]
    signed = f"{'+' if points > 0 else '−'}{wording.count(abs(points))}"
    return texts.HEALTH_MOST(language, name=reading_name(name, language), points=signed)


def _whole(comparator: ComparatorKind, scores: PeriodScores) -> WeightedScore:
    return _part(comparator, scores.dimensions)


def _part(comparator: ComparatorKind, parts: Mapping[str, Score]) -> WeightedScore:
    return WeightedScore("health", comparator, None, None, 1.0, 0.0, 100.0, parts)
