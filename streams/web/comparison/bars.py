"""The small multiples of a comparison: of each step one picture, with the same stores in the same order, on one scale."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.funnel.stages import STEP_BY_ID
from streams.web.comparison.answers import PlatformGroup, StepComparison, StoreComparison

#: the scale of a change runs from minus to plus this
CHANGE_SPAN = 0.5


@dataclass(frozen=True, slots=True)
class ChangeBar:
    """A bar from the expectation (at 50) to what was observed, in percent of the width; ``is_cut``: it ends at the edge."""

    start: float
    width: float
    is_cut: bool = False


def change_bar(observed: float, expected: float) -> ChangeBar:
    """Observed against expected on a scale of ±``CHANGE_SPAN``; what lies beyond ends at the edge."""
    exact = (observed / expected - 1) / CHANGE_SPAN
    change = max(-1.0, min(1.0, exact))
    return ChangeBar(round(50 + min(0.0, 50 * change), 1), round(abs(50 * change), 1), abs(exact) > 1)


@dataclass(frozen=True, slots=True)
class ComparedStore:
    """One store of a picture.

    Attributes:
        store: it.
        step: its figures.
        change: None where nothing is expected.
        rate: its conversion rate in percent of the best of the picture; None where rates must not be set side by side.
    """

    store: StoreComparison
    step: StepComparison
    change: ChangeBar | None
    rate: float | None


@dataclass(frozen=True, slots=True)
class StepPicture:
    """One step of all stores of a platform that have it."""

    step: str
    rows: tuple[ComparedStore, ...]


def pictures(group: PlatformGroup) -> tuple[StepPicture, ...]:
    """The pictures of a platform, in the order of the funnel; stores in the order of the group, in each. None where nothing came in and nothing is expected."""
    if all(one.observed is None and not one.drop_known for store in group.stores for one in store.steps):
        return ()
    found = []
    for step in STEP_BY_ID:
        pairs = [
            (store, one)
            for store in group.stores
            for one in store.steps
            if one.step == step and one.state != "missing_stage"
        ]
        if not pairs:
            continue
        rates = [one.conversion_rate or 0.0 for _, one in pairs]
        best = max(rates) if group.comparable == "same" and len(pairs) > 1 else 0.0
        rows = tuple(
            ComparedStore(
                store,
                one,
                change_bar(one.observed, one.expected) if one.observed is not None and one.expected else None,
                100 * one.conversion_rate / best if best and one.conversion_rate is not None else None,
            )
            for store, one in pairs
        )
        found.append(StepPicture(step, rows))
    return tuple(found)
