"""The stages of the funnel, in order, and the steps between them: which steps a store has is decided here.

Most steps lead to the next stage. Where a platform does not supply a stage, the step passes over it: a marketplace without
carts has ``click_to_order``, whose rate is its main one.

On the path of an event: used by every file after ``scoring/events/event.py``.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Stage(StrEnum):
    """A stage of the funnel. The order of the members is the order of the funnel."""

    IMPRESSION = "impression"
    CLICK = "click"
    ADD_TO_CART = "add_to_cart"
    ORDER = "order"
    PAYMENT = "payment"
    FULFILMENT = "fulfilment"
    REPURCHASE = "repurchase"


STAGES: tuple[Stage, ...] = tuple(Stage)
#: position of a stage, 0 for impression: the column of every count vector
STAGE_INDEX: dict[str, int] = {stage.value: index for index, stage in enumerate(STAGES)}
#: what a visit may hold, and what an order goes through once it is placed
VISIT_STAGES: tuple[Stage, ...] = STAGES[: STAGE_INDEX[Stage.ORDER] + 1]
_LAST_OF_PAGE = Stage.ADD_TO_CART
ORDER_STAGES: tuple[Stage, ...] = STAGES[STAGE_INDEX[Stage.ORDER] : STAGE_INDEX[Stage.FULFILMENT] + 1]


def is_of_page(stage: str) -> bool:
    """Whether it is what a page reports: orders, and all that becomes of them, are reported without one, too."""
    return STAGE_INDEX[stage] < STAGE_INDEX[Stage.ORDER]


@dataclass(frozen=True, slots=True)
class Step:
    """One transition from a stage to the next one that a store supplies."""

    upstream: Stage
    downstream: Stage

    @property
    def id(self) -> str:
        """The name others rely on, for example ``order_to_payment``."""
        return f"{self.upstream}_to_{self.downstream}"

    @property
    def is_fast(self) -> bool:
        """True for the steps up to payment, which are scored in the stream every minute."""
        return STAGE_INDEX[self.downstream] <= STAGE_INDEX[Stage.PAYMENT]

    @property
    def is_from_page(self) -> bool:
        """Whether it begins with what a page reports: orders that no page led to are then no part of it."""
        return is_of_page(self.upstream)

    def advanced(self, counts: Mapping[str, float], pageless: Mapping[str, float]) -> float:
        """The events at its end that are part of it, out of all by stage, and those of orders without a page."""
        whole = counts.get(self.downstream.value, 0)
        return whole - pageless.get(self.downstream.value, 0) if self.is_from_page else whole


#: the steps between neighbours
STEPS: tuple[Step, ...] = tuple(Step(a, b) for a, b in itertools.pairwise(STAGES))
FAST_STEPS: tuple[Step, ...] = tuple(step for step in STEPS if step.is_fast)
#: the steps that pass over a stage, by their end, the shorter first; fulfilment is measured from orders where there are no payments
STEPS_OVER: tuple[Step, ...] = (
    *(
        Step(STAGES[up], down)
        for place, down in enumerate(STAGES)
        if place <= STAGE_INDEX[Stage.PAYMENT]
        for up in range(place - 2, -1, -1)
    ),
    Step(Stage.ORDER, Stage.FULFILMENT),
)
#: every step's id begins with its upstream stage; those that end in one of these are judged in business hours
_SLOW_ENDS = tuple(f"_to_{stage}" for stage in STAGES if STAGE_INDEX[stage] > STAGE_INDEX[Stage.PAYMENT])
#: every step that can be judged, by the stage it leads to
STEP_BY_ID: dict[str, Step] = {
    step.id: step for step in sorted((*STEPS, *STEPS_OVER), key=lambda step: STAGE_INDEX[step.downstream])
}
#: a stage with less than this share of the events of the next one is not the way there: a few carts of a tester in a shop
#: whose platform reports none
CARRYING_SHARE = 0.05


def is_fast(step_id: str) -> bool:
    """Whether a step (also one that passes over stages, as click_to_order) is judged every minute and not in business hours."""
    return not step_id.endswith(_SLOW_ENDS)


def supplied_stages(
    counts: Mapping[str, float], pageless: Mapping[str, float] = MappingProxyType({})
) -> tuple[Stage, ...]:
    """The stages that a store supplies, by its events of weeks by stage: those seen, up to payment only those that carry the next.

    Args:
        counts: all of them.
        pageless: those of orders that no page led to, which what a page reports need not carry.
    """
    found: list[Stage] = []
    following = 0.0
    for stage in reversed(STAGES):
        count = counts.get(stage.value, 0.0)
        if found and stage is _LAST_OF_PAGE:
            following -= pageless.get(found[-1].value, 0.0)
        if STAGE_INDEX[stage] > STAGE_INDEX[Stage.PAYMENT]:
            if count > 0:
                found.append(stage)
        elif count > 0 and count >= CARRYING_SHARE * following:
            found.append(stage)
            following = count
    return tuple(reversed(found))


def steps_of(stages: Iterable[str]) -> tuple[Step, ...]:
    """The steps of a store that supplies ``stages``: each leads from one to the next, over those it does not supply.

    Fulfilment is measured from payments, or from orders where there are none; repurchase from fulfilment only.
    """
    supplied = set(stages)
    found = []
    for place, down in enumerate(STAGES):
        before = [stage for stage in STAGES[:place] if stage in supplied]
        if down not in supplied or not before:
            continue
        step = STEP_BY_ID.get(f"{before[-1]}_to_{down}")
        if step is not None:
            found.append(step)
    return tuple(found)


def steps_to_show(stages: Iterable[str], judged: Collection[str] = ()) -> tuple[Step, ...]:
    """One step to each stage but the first, for people.

    The one that is judged, else the one that a store with ``stages`` has, else the one from the neighbour: that is not supplied.

    Args:
        stages: what the store supplies.
        judged: ids of steps that have scores.
    """
    own = {step.downstream: step for step in steps_of(stages)}
    for step in reversed(STEP_BY_ID.values()):  # of several that are judged, the shortest
        if step.id in judged:
            own[step.downstream] = step
    return tuple(own.get(step.downstream, step) for step in STEPS)
