"""What ads cost against the orders of the same days, and what the platforms claim of them."""

from __future__ import annotations

from decimal import Decimal

from scoring.evaluation.attribution.ads import AdSum
from scoring.evaluation.attribution.credits import CENT, Ranged, counted_range, money_range
from scoring.evaluation.attribution.lines import AttributionLack, AttributionRefusal, Compared
from scoring.evaluation.attribution.priced import OrdersMoney, PricedFacts

#: orders from which on a cost per order, and a return on spend, is given
LEAST_ORDERS, LEAST_PRICED = 10, 30
#: part of the orders whose way must be known before they are held against spend
LEAST_KNOWN = 0.5


def compared_in_all(work: PricedFacts, orders: OrdersMoney) -> Compared:
    """All paid visits against all that is spent, in one currency."""
    ads = work.facts.ads.sources
    if not ads:
        none = AttributionRefusal(AttributionLack.NO_SPEND)
        return Compared(None, "", None, none, none, None, None, none, none)
    amounts = [work.in_currency(one.spend, one.currency) for one in ads]
    claims = [one.orders for one in ads if one.orders is not None]
    money = [(one.money, one.currency) for one in ads if one.money is not None]
    if any(amount is None for amount in amounts):
        rate = AttributionRefusal(AttributionLack.NO_RATE)
        orders_claimed = sum(claims, Decimal(0)) if claims else None
        return Compared(None, "", orders.orders, rate, rate, orders_claimed, None, rate, rate)
    claimed = [work.in_currency(amount, currency) for amount, currency in money]
    whole = AdSum(
        "",
        "",
        sum((one for one in amounts if one is not None), Decimal(0)),
        work.facts.currency,
        sum(claims, Decimal(0)) if claims else None,
        sum((one for one in claimed if one is not None), Decimal(0)) if claimed else None,
        0,
        0,
        (),
    )
    return compared_with(work, whole, orders, None)


def compared_with(
    work: PricedFacts, ad: AdSum, orders: OrdersMoney, lack: AttributionRefusal | None
) -> Compared:
    spend = work.in_currency(ad.spend, ad.currency)
    lack = lack or _not_comparable(work, spend)
    claimed_roas: float | AttributionRefusal = AttributionRefusal(AttributionLack.NO_CLAIM)
    if ad.money is not None and ad.spend > 0:
        claimed_roas = float(ad.money / ad.spend)
    share: Ranged | AttributionRefusal = AttributionRefusal(AttributionLack.NO_CLAIM)
    if ad.orders is not None:
        share = lack or _share_of(ad.orders, orders.orders)
    return Compared(
        ad.spend.quantize(CENT),
        ad.currency,
        None if lack is not None else orders.orders,
        lack or _cost_of(spend or Decimal(0), orders.orders),
        lack or _roas_of(spend or Decimal(0), orders),
        ad.orders,
        None if ad.money is None else ad.money.quantize(CENT),
        claimed_roas,
        share,
    )


def _not_comparable(work: PricedFacts, spend: Decimal | None) -> AttributionRefusal | None:
    """Why spend cannot be held against the orders of its days; None: it can."""
    if spend is None:
        return AttributionRefusal(AttributionLack.NO_RATE)
    if spend <= 0:
        return AttributionRefusal(AttributionLack.NO_SPEND)
    orders, known = work.of_days
    if not known:
        return AttributionRefusal(AttributionLack.NO_WAYS)
    if known < LEAST_KNOWN * orders:
        return AttributionRefusal(AttributionLack.FEW_WAYS, known, LEAST_KNOWN * orders)
    return None


def _cost_of(spend: Decimal, orders: int) -> Ranged | AttributionRefusal:
    if orders < LEAST_ORDERS:
        return AttributionRefusal(AttributionLack.BELOW_FLOOR, orders, LEAST_ORDERS)
    low, high = counted_range(orders, orders)
    return Ranged(float(spend) / orders, float(spend) / high, float(spend) / low)


def _roas_of(spend: Decimal, orders: OrdersMoney) -> Ranged | AttributionRefusal:
    if orders.money is None:
        return AttributionRefusal(AttributionLack.NO_RATE)
    if orders.unpriced:
        return AttributionRefusal(AttributionLack.NO_AMOUNTS, orders.orders - orders.unpriced, orders.orders)
    if orders.orders < LEAST_PRICED:
        return AttributionRefusal(AttributionLack.BELOW_FLOOR, orders.orders, LEAST_PRICED)
    low, high = money_range(float(orders.money), float(orders.squares), float(orders.cubes))
    return Ranged(float(orders.money / spend), low / float(spend), high / float(spend))


def _share_of(claimed: Decimal, orders: int) -> Ranged | AttributionRefusal:
    if orders < LEAST_ORDERS:
        return AttributionRefusal(AttributionLack.BELOW_FLOOR, orders, LEAST_ORDERS)
    low, high = counted_range(orders, orders)
    return Ranged(float(claimed) / orders, float(claimed) / high, float(claimed) / low)
