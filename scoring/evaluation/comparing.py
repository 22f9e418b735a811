"""Comparing stores: only what is defined alike, and a rank only where neither weights nor noise can overturn it.

A rank is drawn ``DRAWS`` times: each weight within a quarter of what it is, one of three normalisations (standard deviations, share of
the range, place), each figure within its sampling error (OECD/JRC Handbook on composite indicators, 2008, chapter 7). A line is drawn
between two groups of stores where every store above came out above every store below in at least 95 % of the draws; within a group
stores are equal, whatever their means are.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np

from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.figure import Figure
from scoring.evaluation.indicator import Indicator
from scoring.evaluation.weights import INDICATOR_WEIGHTS, LEAST_COVERAGE
from scoring.funnel.arrays import Floats

DRAWS, HOLDS_SHARE, WEIGHT_RANGE = 2000, 0.95, 0.25


@dataclass(frozen=True, slots=True)
class MeasureDefinition:
    """What a compared measure means for one store. Two are alike if all of it is the same.

    Attributes:
        upstream, downstream: measures or stages that its rate is made of.
        counted_by: whose figures: events, or a platform's report, by name.
        unit_up, unit_down: what is counted of each: sessions, visitors, orders, order items.
        window: within which time the one must follow the other.
        currency: of money, or the base currency it was brought to; empty for no money.
        tax: of money: with, without, or none.
        bots: whether bots are left out.
        time: what the rows are dated by: event time, day of payment, day of the report.
    """

    upstream: str
    downstream: str
    counted_by: str
    unit_up: str
    unit_down: str
    window: str = ""
    currency: str = ""
    tax: str = ""
    bots: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class DefinitionDifference:
    """One field in which two stores' definitions differ, with what each says."""

    aspect: str
    one: str
    other: str
    of_one: str
    of_other: str


def definition_of(figure: Figure) -> MeasureDefinition:
    """What a figure means: of what kind it is, what counts it, and which measures are over which."""
    counted_by, _, measures = figure.rows[0].counted_by.partition(": ")
    upstream, _, downstream = measures.partition(", ")
    return MeasureDefinition(upstream, downstream, counted_by, figure.kind.value, "")


def differences(definitions: Mapping[str, MeasureDefinition]) -> tuple[DefinitionDifference, ...]:
    """Everything in which definitions differ from that of most stores; empty if they can be compared.

    Args:
        definitions: by the name of the store.
    """
    found = []
    names = sorted(definitions)
    for aspect in (field.name for field in fields(MeasureDefinition)):
        said = {name: getattr(definitions[name], aspect) for name in names}
        counts = {text: sum(other == text for other in said.values()) for text in said.values()}
        usual = max(sorted(counts), key=lambda text: counts[text], default="")
        holder = next((name for name in names if said[name] == usual), "")
        found += [
            DefinitionDifference(aspect, holder, name, usual, said[name])
            for name in names
            if said[name] != usual
        ]
    return tuple(found)


class NoRank(StrEnum):
    """Why stores are not ranked."""

    TOO_FEW = "too_few"
    DEFINITIONS_DIFFER = "definitions_differ"
    TOO_LITTLE_IN_COMMON = "too_little_in_common"


@dataclass(frozen=True, slots=True)
class RankedGroup:
    """Stores that are equal: of the places ``first`` to ``last``, in the order of their names."""

    first: int
    last: int
    stores: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Stores in groups, the best first, or why there is no rank.

    Attributes:
        groups: empty where there is no rank; one group where none differs for sure.
        reason: why there is none.
        differences: in their definitions.
        indicators: what was compared: what all of them have.
        left_out: what not all of them have.
        draws: how many draws it rests on.
    """

    groups: tuple[RankedGroup, ...]
    reason: NoRank | None
    differences: tuple[DefinitionDifference, ...]
    indicators: tuple[str, ...]
    left_out: tuple[str, ...]
    draws: int = DRAWS

    @property
    def differ(self) -> bool:
        """Whether any two stores surely differ."""
        return len(self.groups) > 1


def rank_stores(
    figures: Mapping[str, Mapping[str, Figure]],
    indicators: Sequence[Indicator],
    definitions: Mapping[str, Mapping[str, MeasureDefinition]],
    random: np.random.Generator,
) -> Ranking:
    """Stores by what all of them have.

    Args:
        figures: by store, then by indicator.
        indicators: what they are compared by.
        definitions: by indicator, then by store; an indicator that is not in it means the same for every store.
        random: seeded by the caller: the same seed gives the same rank.

    Raises:
        EvaluationError: an indicator without a weight.
    """
    stores = sorted(figures)
    known = {one.id: one for one in indicators}
    without = sorted(name for name in known if name not in INDICATOR_WEIGHTS)
    if without:
        raise EvaluationError(f"{without[0]} has no weight")
    common = sorted(name for name in known if all(name in figures[store] for store in stores))
    left_out = tuple(sorted(known.keys() - set(common)))
    unlike = tuple(
        difference
        for name in common
        for difference in differences({s: d for s, d in definitions.get(name, {}).items() if s in figures})
    )
    total = sum(INDICATOR_WEIGHTS[name].weight for name in known)
    measured = sum(INDICATOR_WEIGHTS[name].weight for name in common)
    reason = None
    if len(stores) < 2:
        reason = NoRank.TOO_FEW
    elif unlike:
        reason = NoRank.DEFINITIONS_DIFFER
    elif not common or measured < LEAST_COVERAGE * total:
        reason = NoRank.TOO_LITTLE_IN_COMMON
    if reason is not None:
        return Ranking((), reason, unlike, tuple(common), left_out)
    above, mean = _draw(stores, [known[name] for name in common], figures, random)
    order = sorted(range(len(stores)), key=lambda at: (-mean[at], stores[at]))
    return Ranking(_groups(stores, order, above), None, (), tuple(common), left_out)


def _draw(
    stores: Sequence[str],
    indicators: Sequence[Indicator],
    figures: Mapping[str, Mapping[str, Figure]],
    random: np.random.Generator,
) -> tuple[Floats, Floats]:
    """(stores, stores) how often the one came out above the other, and (stores,) the mean place from the bottom."""
    table = [[figures[store][one.id] for one in indicators] for store in stores]
    way = np.array([float(one.direction) for one in indicators])
    g = np.array([[figure.g for figure in line] for line in table]) * way
    error = np.sqrt([[figure.variance for figure in line] for line in table])
    weights = np.array([float(INDICATOR_WEIGHTS[one.id].weight) for one in indicators])
    count, width = g.shape
    drawn = g + error * random.standard_normal((DRAWS, count, width))
    bent = weights * random.uniform(1 - WEIGHT_RANGE, 1 + WEIGHT_RANGE, (DRAWS, width))
    ways = (_by_spread(drawn), _by_range(drawn), _by_place(drawn))
    chosen = random.integers(0, len(ways), DRAWS)
    normal = np.choose(chosen[:, None, None], ways)
    points = np.einsum("dsi,di->ds", normal, bent)
    above = (points[:, :, None] > points[:, None, :]).mean(axis=0)
    return above, above.sum(axis=1)


def _by_spread(values: Floats) -> Floats:
    spread = values.std(axis=1, keepdims=True)
    return np.asarray((values - values.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0))


def _by_range(values: Floats) -> Floats:
    low = values.min(axis=1, keepdims=True)
    width = values.max(axis=1, keepdims=True) - low
    return np.asarray((values - low) / np.where(width > 0, width, 1.0))


def _by_place(values: Floats) -> Floats:
    return np.asarray(values.argsort(axis=1).argsort(axis=1) / max(values.shape[1] - 1, 1), dtype=np.float64)


def _groups(stores: Sequence[str], order: Sequence[int], above: Floats) -> tuple[RankedGroup, ...]:
    """Cuts the order wherever all above came out above all below often enough."""
    cuts = [0]
    for place in range(1, len(order)):
        if above[np.ix_(order[:place], order[place:])].min() >= HOLDS_SHARE:
            cuts.append(place)
    cuts.append(len(order))
    return tuple(
        RankedGroup(first + 1, last, tuple(sorted(stores[at] for at in order[first:last])))
        for first, last in itertools.pairwise(cuts)
    )
