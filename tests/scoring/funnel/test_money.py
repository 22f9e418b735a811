"""The money that a lost event stands for."""

from dataclasses import dataclass

import pytest

from scoring.funnel.money import UNKNOWN_WORTH, Worth, price, worth_of_step

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


@dataclass(frozen=True)
class Lost:
    step: str
    lost: float = 100.0
    lost_low: float = -5.0
    lost_high: float = 150.0
    kind: str = "conversion"


def test_an_alert_is_priced_with_a_range_that_never_falls_below_nothing() -> None:
    money = price(Lost("click_to_add_to_cart"), Worth(COUNTS, WORTH, "EUR", 1.1, "USD"))
    assert money is not None
    assert (money.lost, money.low, money.high) == (pytest.approx(1000), 0.0, pytest.approx(1500))
    assert (money.currency, money.base, money.base_currency) == ("EUR", pytest.approx(1100), "USD")


def test_what_rose_was_not_lost_and_an_unknown_worth_is_not_a_price() -> None:
    worth = Worth(COUNTS, WORTH, "EUR")
    assert price(Lost("order_to_payment", kind="surge"), worth) is None
    assert price(Lost("order_to_payment", lost=-3.0), worth) is None
    assert price(Lost("payment_to_fulfilment"), worth) is None
    assert price(Lost("order_to_payment"), UNKNOWN_WORTH) is None
