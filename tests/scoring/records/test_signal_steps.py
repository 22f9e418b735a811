"""A signal is shown where it is felt, whatever stages a store has."""

import pytest

from scoring.funnel.stages import STEP_BY_ID
from scoring.records.signal import SignalKind
from scoring.records.signal_steps import FELT_AT, step_of_signal

SHOP = ("impression_to_click", "click_to_add_to_cart", "add_to_cart_to_order", "order_to_payment")
MARKET = ("impression_to_click", "click_to_order", "order_to_payment")


@pytest.mark.parametrize(
    ("kind", "shop", "market"),
    [
        (SignalKind.AD_REJECTED, "impression_to_click", "impression_to_click"),
        (SignalKind.STOCK_OUT, "click_to_add_to_cart", "click_to_order"),
        (SignalKind.CHECKOUT_ERROR, "add_to_cart_to_order", "click_to_order"),
        (SignalKind.PAYMENT_DECLINED, "order_to_payment", "order_to_payment"),
        (SignalKind.DISPUTE, "", ""),
        (SignalKind.QUOTA_LOW, "", ""),
    ],
)
def test_a_signal_is_felt_at_the_first_step_that_leads_past_it(
    kind: SignalKind, shop: str, market: str
) -> None:
    assert (step_of_signal(kind, SHOP), step_of_signal(kind, MARKET)) == (shop, market)


def test_every_signal_of_a_shop_has_its_place_in_the_whole_funnel() -> None:
    assert [kind for kind in FELT_AT if not step_of_signal(kind, tuple(STEP_BY_ID))] == []
    assert step_of_signal("of another release", SHOP) == ""
