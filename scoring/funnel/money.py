"""What a lost event of a stage would have been worth: its chance of becoming an order, times what an order brings.

Used by ``streams/notifier`` for the money on a card, and so for an alert's severity.
"""

from __future__ import annotations

from collections.abc import Mapping

from scoring.funnel.stages import STAGE_INDEX, STEP_BY_ID, Stage


def worth_of_step(step: str, counts: Mapping[str, float], worth: Mapping[str, float]) -> float | None:
    """The money that one arrival at the end of ``step`` brings on average: (orders / arrivals) × mean amount.

    None for steps behind payment (a parcel not sent is not money lost), for anything that is no step, and where the counts or
    the amounts do not say.

    Args:
        step: id of the step.
        counts: events by stage over the time of the amounts.
        worth: mean amount of an ``order`` and of a ``payment``, in the store's currency.
    """
    known = STEP_BY_ID.get(step)
    if known is None or STAGE_INDEX[known.downstream] > STAGE_INDEX[Stage.PAYMENT]:
        return None
    stage = known.downstream
    each = worth.get(stage.value) or worth.get(Stage.ORDER.value) or worth.get(Stage.PAYMENT.value)
    if not each:
        return None
    if STAGE_INDEX[stage] >= STAGE_INDEX[Stage.ORDER]:
        return each
    arrivals = counts.get(stage.value, 0)
    orders = counts.get(Stage.ORDER.value, 0) or counts.get(Stage.PAYMENT.value, 0)
    return min(1.0, orders / arrivals) * each if arrivals > 0 and orders > 0 else None
