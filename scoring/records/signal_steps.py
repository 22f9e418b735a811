"""Where in the funnel a signal is felt: at which stage, and at which step of those that a store has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scoring.funnel.stages import STAGE_INDEX, STEP_BY_ID, Stage
from scoring.records.signal import SignalKind

#: the first stage that fewer, or other, people reach by it; what is not listed is of a connection and not of the shop
FELT_AT: Mapping[SignalKind, Stage] = {
    SignalKind.AD_BUDGET_SPENT: Stage.CLICK,
    SignalKind.AD_REJECTED: Stage.CLICK,
    SignalKind.LISTING_SUPPRESSED: Stage.CLICK,
    SignalKind.LISTING_ISSUE: Stage.CLICK,
    SignalKind.ACCOUNT_AT_RISK: Stage.CLICK,
    SignalKind.SHOP_CLOSED: Stage.ADD_TO_CART,
    SignalKind.STOCK_OUT: Stage.ADD_TO_CART,
    SignalKind.STOCK_LOW: Stage.ADD_TO_CART,
    SignalKind.FEATURED_OFFER_LOST: Stage.ADD_TO_CART,
    SignalKind.PRICE_UNCOMPETITIVE: Stage.ADD_TO_CART,
    SignalKind.RELEASE: Stage.ADD_TO_CART,
    SignalKind.PROMOTION: Stage.ORDER,
    SignalKind.CHECKOUT_ERROR: Stage.ORDER,
    SignalKind.PAYMENT_DECLINED: Stage.PAYMENT,
    SignalKind.DISPUTE: Stage.FULFILMENT,
}


def step_of_signal(kind: str, steps: Sequence[str]) -> str:
    """The first of a store's steps that ends at or behind where a signal is felt; empty where it has none, or it is not of the shop.

    Args:
        kind: of the signal.
        steps: ids of the steps that the store has.
    """
    stage = next((stage for known, stage in FELT_AT.items() if known == kind), None)
    if stage is None:
        return ""
    known = [STEP_BY_ID[step] for step in steps if step in STEP_BY_ID]
    behind = [step for step in known if STAGE_INDEX[step.downstream] >= STAGE_INDEX[stage]]
    return min(behind, key=lambda step: STAGE_INDEX[step.downstream]).id if behind else ""
