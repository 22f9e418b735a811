"""The stages of the funnel, in order, and the steps between neighbours.

On the path of an event: used by every file after ``scoring/events/event.py``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Step:
    """One transition between neighbour stages."""

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


STEPS: tuple[Step, ...] = tuple(Step(a, b) for a, b in itertools.pairwise(STAGES))
FAST_STEPS: tuple[Step, ...] = tuple(step for step in STEPS if step.is_fast)
#: every step's id begins with its upstream stage; those that end in one of these are judged in business hours
_SLOW_ENDS = tuple(f"_to_{stage}" for stage in STAGES if STAGE_INDEX[stage] > STAGE_INDEX[Stage.PAYMENT])
STEP_BY_ID: dict[str, Step] = {step.id: step for step in STEPS}


def is_fast(step_id: str) -> bool:
    """Whether a step (also one that passes over stages, as click_to_order) is judged every minute and not in business hours."""
    return not step_id.endswith(_SLOW_ENDS)
