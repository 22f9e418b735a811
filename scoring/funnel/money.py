"""What a lost event is worth: its chance of becoming an order, times what an order brings. The only price there is.

Page, API, card, severity, mail, digest and Grafana all price an alert by ``price``; what it needs of a store (``Worth``) is read by
one query, ``streams/incidents/worth.py``, over one span: the ``WORTH_DAYS`` before the alert opened (counts by whole hours, amounts to
the minute). So the incident itself does not lower its own price, and the figure does not depend on who asks. A shop that had no order
with a price before its alert is priced by those of the day after it.

Orders without a price (samples, exchanges, gifts) say nothing of what an order brings: they are left out of its mean amount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.stages import STAGE_INDEX, STEP_BY_ID, Stage

#: days before an alert over which counts and amounts are taken
WORTH_DAYS = 14


@dataclass(frozen=True, slots=True)
class Worth:
    """What a store's (or a pool's) events brought before an alert.

    Attributes:
        counts: events by stage.
        amounts: mean amount of an ``order`` and of a ``payment`` that had a price, in ``currency``.
        currency: ISO 4217; empty where the stores of a pool share none, and then there are no amounts.
        base_rate: how much of ``base_currency`` one unit of ``currency`` is, None if there is no rate.
        base_day: the day of that rate; None where both are the same.
    """

    counts: Mapping[str, float] = field(default_factory=dict)
    amounts: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""
    base_rate: float | None = None
    base_currency: str = ""
    base_day: date | None = None


#: the kind of alert of which ``lost`` is money, in the store's currency
_BURNT = "ad_spend"
#: of a store whose amounts nobody knows
UNKNOWN_WORTH = Worth()


@dataclass(frozen=True, slots=True)
class MoneyLost:
    """A shortfall in money: ``lost`` with its range, in ``currency``; ``base`` is ``lost`` in the base currency.

    The range carries only the uncertainty of the count (90 %), not that of the mean amount.
    """

    lost: float
    low: float
    high: float
    currency: str
    base: float | None = None
    base_currency: str = ""
    base_day: date | None = None


class Shortfall(Protocol):
    """What of an alert decides its price; an ``AlertTransition`` is one."""

    @property
    def step(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def lost(self) -> float: ...
    @property
    def lost_low(self) -> float: ...
    @property
    def lost_high(self) -> float: ...


def worth_of_step(step: str, counts: Mapping[str, float], amounts: Mapping[str, float]) -> float | None:
    """The money that one arrival at the end of ``step`` brings on average: (orders / arrivals) × mean amount.

    None for steps behind payment (a parcel not sent is not money lost), for anything that is not a step, and where the counts or
    the amounts do not say.

    Args:
        step: id of the step.
        counts: events by stage over the time of the amounts.
        amounts: mean amount of an ``order`` and of a ``payment``, and by the name of its measure of what a report counts, in the
            store's currency.
    """
    reported = PERIOD_STEP_BY_ID.get(step)
    if reported is not None:  # what one of what the report counts brings: an item is less than an order
        each = amounts.get(reported.downstream)
        by_order = amounts.get(reported.stage.value) if reported.downstream == "orders" else None
        return each or by_order or None
    known = STEP_BY_ID.get(step)
    if known is None or STAGE_INDEX[known.downstream] > STAGE_INDEX[Stage.PAYMENT]:
        return None
    stage = known.downstream
    each = amounts.get(stage.value) or amounts.get(Stage.ORDER.value) or amounts.get(Stage.PAYMENT.value)
    if not each:
        return None
    if STAGE_INDEX[stage] >= STAGE_INDEX[Stage.ORDER]:
        return each
    arrivals = counts.get(stage.value, 0)
    orders = counts.get(Stage.ORDER.value, 0) or counts.get(Stage.PAYMENT.value, 0)
    return min(1.0, orders / arrivals) * each if arrivals > 0 and orders > 0 else None


def worth_of_pool(step: str, parts: Sequence[tuple[float, Worth]]) -> Worth | None:
    """What one lost arrival of a pool is worth in the base currency: that of each store, by its share of the loss.

    For pools whose stores sell in several currencies. A store without a price or a rate adds nothing, so the figure is rather too
    small than too large; None where none has both.
    """
    known = STEP_BY_ID.get(step)
    priced = [
        (share * each * worth.base_rate, worth)
        for share, worth in parts
        if (each := worth_of_step(step, worth.counts, worth.amounts)) and worth.base_rate
    ]
    if known is None or not priced:
        return None
    base = priced[0][1].base_currency
    stage, days = known.downstream.value, [worth.base_day for _, worth in priced if worth.base_day]
    return Worth(
        counts={stage: 1.0, Stage.ORDER.value: 1.0},
        amounts={stage: sum(value for value, _ in priced)},
        currency=base,
        base_rate=1.0,
        base_currency=base,
        base_day=min(days, default=None),
    )


def price(alert: Shortfall, worth: Worth) -> MoneyLost | None:
    """What the alert's lost events would have brought: lost events × worth of one; of an alert on ad spend, what has burnt.

    None where the worth is unknown, where nothing is lost, and for a surge (more than expected is not a loss).
    """
    if alert.kind == _BURNT:  # is money already
        each: float | None = 1.0 if worth.currency else None
    else:
        each = worth_of_step(alert.step, worth.counts, worth.amounts)
    if each is None or alert.lost <= 0 or alert.kind == "surge":
        return None
    lost = alert.lost * each
    return MoneyLost(
        lost,
        max(0.0, alert.lost_low) * each,
        alert.lost_high * each,
        worth.currency,
        None if worth.base_rate is None else lost * worth.base_rate,
        worth.base_currency,
        worth.base_day,
    )


def price_sql(
    step: str, kind: str, lost: str, counts: str, order: str, payment: str, reported: str = "0."
) -> str:
    """``price(…).lost`` as a ClickHouse expression, for dashboards; a test compares the two on the engine.

    Args:
        step, kind, lost: columns of the alert.
        counts: an ``Array(Float64)`` of events by stage, in the order of ``STAGES``; may be empty.
        order, payment: mean amounts, 0 or NULL where unknown.
        reported: of an alert on a report, what one of what it counts brings by the report itself; 0 or NULL where unknown.
    """
    priced = [known for known in STEP_BY_ID.values() if known.is_fast]
    ids = ", ".join(f"'{s.id}'" for s in priced)
    places = ", ".join(str(STAGE_INDEX[s.downstream] + 1) for s in priced)
    place = f"transform({step}, [{ids}], [{places}], 0)"
    at_order, at_payment = STAGE_INDEX[Stage.ORDER] + 1, STAGE_INDEX[Stage.PAYMENT] + 1
    any_amount = f"coalesce(nullIf({order}, 0), nullIf({payment}, 0))"
    each = f"if({place} = {at_payment}, coalesce(nullIf({payment}, 0), {any_amount}), {any_amount})"
    orders = f"if({counts}[{at_order}] > 0, {counts}[{at_order}], {counts}[{at_payment}])"
    chance = f"if({orders} > 0 AND {counts}[{place}] > 0, least(1., {orders} / {counts}[{place}]), NULL)"
    on_reports = ", ".join(f"'{one}'" for one in PERIOD_STEP_BY_ID)
    of_orders = ", ".join(f"'{s.id}'" for s in PERIOD_STEP_BY_ID.values() if s.downstream == "orders")
    by_report = f"coalesce(nullIf({reported}, 0), if({step} IN ({of_orders}), nullIf({order}, 0), NULL))"
    return (
        f"multiIf({lost} <= 0 OR toString({kind}) = 'surge', NULL, toString({kind}) = '{_BURNT}', {lost}, {step} IN ({on_reports}), {lost} * {by_report}, "
        f"{place} = 0, NULL, {lost} * {each} * if({place} >= {at_order}, 1., {chance}))"
    )
