"""Findings: what the rules come to, with what speaks for each and against it, and what else it may be. None claims a cause.

Decoys come first. One that is large takes the finding's place: then nothing is said about the shop. One that is smaller is named next to
it. A condition that cannot be judged makes the rule "not enough to say", which is neither found nor absent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.evaluation.chances import SAME_DEMAND, SAME_STORE, together
from scoring.evaluation.decoys import DECOY_BY_KIND
from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.figure import SourceRows
from scoring.evaluation.readings import VOLUME, Readings
from scoring.evaluation.rules import (
    MOST_BY_CHANCE,
    Advice,
    DecoyKind,
    Ground,
    ReadingLevel,
    Scenario,
    Truth,
    look,
)
from scoring.evaluation.scenarios import SCENARIOS
from scoring.evaluation.single_rules import MOST_SINGLES, SINGLE_RULES
from scoring.funnel.units import DAY_MS


class Standing(StrEnum):
    """What a rule came to."""

    FOUND = "found"
    REPLACED = "replaced"
    NOT_ENOUGH = "not_enough"
    ABSENT = "absent"


#: what is said of the store; the others are "not enough to say" or not seen
_SAID = (Standing.FOUND, Standing.REPLACED)


@dataclass(frozen=True, slots=True)
class DecoyEvidence:
    """That a decoy was seen, and how large it is. Whoever reads the data measures it; nothing is taken for a decoy without rows.

    Attributes:
        kind: which.
        share: as ``Decoy.share_of`` says, in [0, 1].
        since_ms, until_ms: when; until 0 while it lasts.
        detail: a name for people: the outage, the holiday, the notice.
        rows: where it comes from.
    """

    kind: DecoyKind
    share: float
    since_ms: int
    until_ms: int
    detail: str
    rows: tuple[SourceRows, ...]

    def __post_init__(self) -> None:
        if not self.rows:
            raise EvaluationError("a decoy must say from which rows it comes")
        if not 0 <= self.share <= 1:
            raise EvaluationError(f"the share of a decoy must lie between 0 and 1, got {self.share}")


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """A piece of advice for one store, with who does it and on which day it is judged by which reading."""

    advice: Advice
    store_id: str
    judged_by: str
    check_ms: int


@dataclass(frozen=True, slots=True)
class FunnelFinding:
    """What a rule came to for a store in a period.

    Attributes:
        scenario: the rule.
        standing: found, replaced by a decoy, not enough to say, or absent.
        strength: 1 less the chance that a store which is as it always was shows as much by chance; 1 for facts, 0 unless found or replaced.
        evidence: conditions that hold, with the reading behind each.
        against: conditions that fail.
        unknown: conditions that cannot be judged.
        instead: decoys that take its place, the first checked first.
        also_possible: decoys to be named next to it.
        unchecked: decoys that nobody could look for, for want of data.
        actions: only of what is found.
        rows: of all readings that it looked at.
    """

    scenario: Scenario
    standing: Standing
    strength: float
    evidence: tuple[Ground, ...]
    against: tuple[Ground, ...]
    unknown: tuple[Ground, ...]
    instead: tuple[DecoyEvidence, ...]
    also_possible: tuple[DecoyEvidence, ...]
    unchecked: tuple[DecoyKind, ...]
    actions: tuple[PlannedAction, ...]
    rows: tuple[SourceRows, ...]


def find_all(
    store_id: str,
    readings: Readings,
    decoys: Sequence[DecoyEvidence],
    checked: Collection[DecoyKind],
    end_ms: int,
    next_end_ms: int = 0,
) -> tuple[FunnelFinding, ...]:
    """What every scenario came to, and then what is far below usual and part of none that is seen.

    What is seen comes first, the surest evidence before the others, and what is so or not after what changed.

    Args:
        store_id: of the store.
        readings: of its period.
        decoys: all that were seen.
        checked: kinds that could be looked for; what was not checked is said with the finding.
        end_ms: the end of the period: check dates count from it.
        next_end_ms: the end of the next period: none comes before it, for until then nothing can be compared.
    """
    seen = sorted(decoys, key=lambda one: (tuple(DecoyKind).index(one.kind), one.since_ms, one.detail))
    checks = end_ms, next_end_ms
    looked_for = {*checked, *(one.kind for one in seen)}

    def find(scenario: Scenario) -> FunnelFinding:
        return _find(store_id, scenario, readings, seen, looked_for, checks)

    found = tuple(sorted(map(find, SCENARIOS), key=_place))
    said = [one.scenario for one in found if one.standing in _SAID]
    taken = {reading for one in said for condition in one.conditions for reading in condition.all_readings}
    singles = [
        one
        for one in map(find, SINGLE_RULES)
        if one.standing in _SAID and one.evidence[0].reading not in taken
    ]
    surest = sorted(singles, key=lambda one: -one.strength)[:MOST_SINGLES]
    whole = (*found, *(one for one in singles if one in surest))
    return tuple(sorted(whole, key=lambda one: _place(one)[:2]))  # what is so comes after every change


def _place(finding: FunnelFinding) -> tuple[bool, bool, float]:
    is_fact = all(one.level is ReadingLevel.TRUE for one in finding.scenario.conditions)
    return finding.standing not in _SAID, is_fact, -finding.strength


def _find(
    store_id: str,
    scenario: Scenario,
    readings: Readings,
    decoys: Sequence[DecoyEvidence],
    checked: Collection[DecoyKind],
    checks: tuple[int, int],
) -> FunnelFinding:
    grounds = [look(condition, readings) for condition in scenario.conditions]
    by_truth = {truth: _each_once(ground for ground in grounds if ground.truth is truth) for truth in Truth}
    fitting = [one for one in decoys if one.kind in scenario.may_be]
    instead = tuple(one for one in fitting if one.share >= DECOY_BY_KIND[one.kind].instead)
    next_to = tuple(
        one for one in fitting if DECOY_BY_KIND[one.kind].next_to <= one.share and one not in instead
    )
    chance = _chance(by_truth[Truth.HOLDS])
    standing = _standing(by_truth, bool(instead), is_by_chance=MOST_BY_CHANCE < chance < 1)
    is_said = standing in _SAID
    looked = [readings.by_id[ground.reading] for ground in grounds if ground.reading]
    return FunnelFinding(
        scenario,
        standing,
        (1 - chance % 1) if is_said else 0.0,
        by_truth[Truth.HOLDS],
        by_truth[Truth.FAILS],
        by_truth[Truth.UNKNOWN],
        instead if is_said else (),
        next_to if is_said else (),
        tuple(kind for kind in scenario.may_be if kind not in checked) if is_said else (),
        _actions(store_id, scenario, readings, checks) if standing is Standing.FOUND else (),
        tuple(row for reading in looked for row in reading.rows),
    )


def _each_once(grounds: Iterable[Ground]) -> tuple[Ground, ...]:
    """Without a second ground of the same reading: two conditions may look at one step."""
    found: dict[str, Ground] = {}
    for ground in grounds:
        found.setdefault(ground.reading or ground.condition.readings[0], ground)
    return tuple(found.values())


def _standing(
    by_truth: Mapping[Truth, tuple[Ground, ...]], is_replaced: bool, *, is_by_chance: bool
) -> Standing:
    if by_truth[Truth.FAILS]:
        return Standing.ABSENT
    if by_truth[Truth.UNKNOWN] or is_by_chance:
        return Standing.NOT_ENOUGH
    return Standing.REPLACED if is_replaced else Standing.FOUND


def _chance(grounds: Sequence[Ground]) -> float:
    """The chance that all evidence together is as strong by chance; 1 where none of it is evidence of a change."""
    changed = [ground for ground in grounds if ground.chance < 1]

    def correlation(one: int, other: int) -> float:
        are_volumes = all(changed[at].reading.startswith(VOLUME) for at in (one, other))
        return SAME_DEMAND if are_volumes else SAME_STORE

    return together([ground.chance for ground in changed], correlation)


def _actions(
    store_id: str, scenario: Scenario, readings: Readings, checks: tuple[int, int]
) -> tuple[PlannedAction, ...]:
    """The advice that can be judged: what no reading would judge is not given."""
    end_ms, next_end_ms = checks
    planned = []
    for advice in scenario.advice:
        judged_by = next((name for name in advice.judged_by if name in readings.by_id), None)
        if judged_by is not None:
            check_ms = max(end_ms + advice.after_days * DAY_MS, next_end_ms)
            planned.append(PlannedAction(advice, store_id, judged_by, check_ms))
    return tuple(planned)
