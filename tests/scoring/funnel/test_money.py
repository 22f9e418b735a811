"""The money that a lost event stands for."""

from scoring.funnel.money import worth_of_step

COUNTS = {"impression": 100_000, "click": 10_000, "add_to_cart": 1000, "order": 250, "payment": 200}
WORTH = {"order": 40.0, "payment": 50.0}


def test_a_lost_payment_is_worth_a_payment_and_a_lost_order_an_order() -> None:
    assert worth_of_step("order_to_payment", COUNTS, WORTH) == 50.0
    assert worth_of_step("add_to_cart_to_order", COUNTS, WORTH) == 40.0


def test_a_lost_click_is_worth_its_chance_of_becoming_an_order() -> None:
    """Not a whole order: that would make every drop of traffic critical."""
    assert worth_of_step("impression_to_click", COUNTS, WORTH) == 40.0 * 250 / 10_000
    assert worth_of_step("click_to_add_to_cart", COUNTS, WORTH) == 40.0 * 250 / 1000


def test_a_shop_that_reports_payments_only_is_weighed_by_them() -> None:
    assert worth_of_step("impression_to_click", {"click": 100, "payment": 2}, {"payment": 50.0}) == 1.0


def test_what_is_not_known_or_not_lost_has_no_worth() -> None:
    assert worth_of_step("impression_to_click", {"click": 100}, WORTH) is None
    assert worth_of_step("order_to_payment", COUNTS, {}) is None
    assert worth_of_step("payment_to_fulfilment", COUNTS, WORTH) is None
    assert worth_of_step("click", COUNTS, WORTH) is None
