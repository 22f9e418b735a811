"""Duties: who can do something about an indicator or a step, and what share of its loss is put down to each.

The shares are an agreement between people and not a finding: who can do something about it, never who is to blame for it. They are
written once, add up to 1 for everything that is judged, and a loss is shared out to the last cent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from scoring.evaluation.errors import EvaluationError
from scoring.funnel.stages import STAGES, STEP_BY_ID, STEPS, Step

K = TypeVar("K")


class Duty(StrEnum):
    """A role in a shop; the ids are those of ``scoring/wording/catalogue.py``."""

    OPERATIONS = "operations"
    DESIGN = "design"
    SUPPORT = "support"
    LOGISTICS = "logistics"
    SUPPLY = "supply"
    ENGINEERING = "engineering"


def shared(**tenths: int) -> Mapping[Duty, Fraction]:
    """Shares from tenths by the id of the duty.

    Raises:
        EvaluationError: they do not add up to ten tenths, or one is not positive.
    """
    if sum(tenths.values()) != 10 or any(part <= 0 for part in tenths.values()):
        raise EvaluationError(f"shares must be positive and add up to ten tenths, got {tenths}")
    return {Duty(name): Fraction(part, 10) for name, part in tenths.items()}


#: of each step between neighbours. Advertising is part of operations, payment part of engineering: six roles, as shops have them
_NEIGHBOUR_SHARES: Mapping[str, Mapping[Duty, Fraction]] = {
    "impression_to_click": shared(operations=6, design=4),
    "click_to_add_to_cart": shared(operations=4, design=3, engineering=2, supply=1),
    "add_to_cart_to_order": shared(operations=5, engineering=3, support=2),
    "order_to_payment": shared(engineering=6, operations=2, support=2),
    "payment_to_fulfilment": shared(logistics=6, supply=4),
    "fulfilment_to_repurchase": shared(operations=4, support=3, logistics=2, supply=1),
}


def shares_of_step(step: Step) -> Mapping[Duty, Fraction]:
    """Whose a step is; of one that passes over stages, the mean of the steps that it passes over."""
    first, last = STAGES.index(step.upstream), STAGES.index(step.downstream)
    parts = [_NEIGHBOUR_SHARES[part.id] for part in STEPS[first:last]]
    found: dict[Duty, Fraction] = {}
    for part in parts:
        for duty, share in part.items():
            found[duty] = found.get(duty, Fraction(0)) + share / len(parts)
    return {duty: found[duty] for duty in Duty if duty in found}


def steps_of_duty(steps: Sequence[str], duty: Duty) -> tuple[Step, ...]:
    """The steps of which a duty has a share, in the order given."""
    return tuple(STEP_BY_ID[step] for step in steps if duty in shares_of_step(STEP_BY_ID[step]))


def share_out(total: Decimal, shares: Mapping[K, Fraction]) -> dict[K, Decimal]:
    """``total`` by ``shares``, in units of its last digit: the parts add up to it exactly.

    By the largest remainder (Hamilton), ties in the order of the shares.

    Raises:
        EvaluationError: the shares do not add up to 1.
    """
    if sum(shares.values(), Fraction(0)) != 1:
        raise EvaluationError("shares must add up to 1")
    exponent = total.as_tuple().exponent
    unit = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    units = int(total / unit)
    exact = {key: units * share for key, share in shares.items()}
    whole = {key: math.floor(part) for key, part in exact.items()}
    left = units - sum(whole.values())
    by_remainder = sorted(exact, key=lambda key: whole[key] - exact[key])
    for key in by_remainder[:left]:
        whole[key] += 1
    return {key: unit * part for key, part in whole.items()}


def rounded_parts(parts: Sequence[float], unit: Decimal) -> tuple[Decimal, ...]:
    """``parts`` in whole ``unit``s that add up to their rounded sum: each at most one unit from its own value."""
    exact = [Decimal(part) / unit for part in parts]
    whole = [part.to_integral_value(ROUND_FLOOR) for part in exact]
    total = (Decimal(math.fsum(parts)) / unit).to_integral_value(ROUND_HALF_EVEN)
    left = int(total - sum(whole))
    by_remainder = sorted(range(len(parts)), key=lambda at: whole[at] - exact[at])
    for at in by_remainder[:left]:
        whole[at] += 1
    return tuple(part * unit for part in whole)
