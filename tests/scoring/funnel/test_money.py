"""The money that a lost event stands for."""

from dataclasses import dataclass
from datetime import date

import pytest

from scoring.funnel.money import UNKNOWN_WORTH, Worth, price, price_sql, worth_of_pool, worth_of_step

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


@pytest.mark.parametrize(
    ("step", "counts", "amounts", "worth"),
    [
        ("click_to_add_to_cart", {"add_to_cart": 10, "order": 20}, {"order": 40.0}, 40.0),  # never more than one order
        ("click_to_add_to_cart", {"order": 20}, {"order": 40.0}, None),
        ("click_to_add_to_cart", {"add_to_cart": 0.5, "order": 0.25}, {"order": 40.0}, 20.0),
        ("click_to_add_to_cart", {"add_to_cart": 10}, {"order": 40.0}, None),
        ("click_to_add_to_cart", {"add_to_cart": 10, "order": 5, "payment": 1}, {"payment": 50.0}, 25.0),
        ("click_to_add_to_cart", {"add_to_cart": 10, "order": 5}, {"order": 0.0, "payment": 50.0}, 25.0),
        ("add_to_cart_to_order", {}, {"order": 40.0}, 40.0),
        ("add_to_cart_to_order", {}, {"payment": 50.0}, 50.0),
        ("order_to_payment", {}, {"order": 40.0}, 40.0),
        ("fulfilment_to_repurchase", COUNTS, WORTH, None),
    ],
)  # fmt: skip
def test_an_arrival_is_worth_its_chance_of_an_order_times_what_one_brings(
    step: str, counts: dict[str, float], amounts: dict[str, float], worth: float | None
) -> None:
    assert worth_of_step(step, counts, amounts) == worth


def test_nothing_lost_has_no_price_and_a_fraction_of_an_event_has() -> None:
    worth = Worth(COUNTS, WORTH, "EUR")
    assert price(Lost("order_to_payment", lost=0.0), worth) is None
    money = price(Lost("order_to_payment", lost=0.5, lost_low=0.25, lost_high=1.0), worth)
    assert money is not None
    assert (money.lost, money.low, money.high, money.base) == (25.0, 12.5, 50.0, None)


def test_the_price_of_dashboards_counts_stages_from_one_and_knows_the_steps_up_to_payment() -> None:
    sql = price_sql("step", "kind", "lost", "counts", "o", "p")
    ids = (
        "'impression_to_click', 'click_to_add_to_cart', 'impression_to_add_to_cart', 'add_to_cart_to_order', 'click_to_order', "
        "'impression_to_order', 'order_to_payment', 'add_to_cart_to_payment', 'click_to_payment', 'impression_to_payment'"
    )
    place = f"transform(step, [{ids}], [2, 3, 3, 4, 4, 4, 5, 5, 5, 5], 0)"
    assert sql.startswith(
        "multiIf(lost <= 0 OR toString(kind) = 'surge', NULL, toString(kind) = 'ad_spend', lost, step IN ("
    )
    assert f", {place} = 0, NULL, " in sql
    assert "lost * coalesce(nullIf(0., 0), if(step IN ('shopee:visitors_to_orders', " in sql
    assert f"if({place} = 5, coalesce(nullIf(p, 0), " in sql
    assert "if(counts[4] > 0, counts[4], counts[5])" in sql
    assert f"if({place} >= 4, 1., " in sql


def test_an_item_of_a_report_is_worth_what_the_report_says_and_no_order_of_events() -> None:
    items, orders = "amazon:sessions_to_order_items", "shopee:visitors_to_orders"
    assert worth_of_step(items, COUNTS, {"order": 50.0}) is None
    assert worth_of_step(items, COUNTS, {"order": 50.0, "order_items": 20.0}) == 20.0
    assert worth_of_step(orders, COUNTS, {"order": 50.0}) == 50.0
    assert worth_of_step(orders, COUNTS, {"order": 50.0, "orders": 30.0}) == 30.0


def test_a_pool_of_stores_with_several_currencies_had_no_money() -> None:
    """Each store's loss is its share at its own price, in the base currency."""
    us = Worth({"click": 100, "order": 10}, {"order": 50.0}, "USD", 1.0, "USD")
    vn = Worth({"click": 100, "order": 5}, {"order": 500_000.0}, "VND", 0.00004, "USD", date(2026, 11, 28))
    unknown = Worth({"click": 100, "order": 5}, {"order": 9.0}, "XXX", None, "USD")
    for step, us_each, vn_each in (("impression_to_click", 5.0, 1.0), ("add_to_cart_to_order", 50.0, 20.0)):
        worth = worth_of_pool(step, [(0.5, us), (0.3, vn), (0.2, unknown)])
        assert worth is not None
        assert (worth.currency, worth.base_day) == ("USD", date(2026, 11, 28))
        lost = price(Lost(step), worth)
        assert lost is not None
        assert lost.lost == pytest.approx(100 * (0.5 * us_each + 0.3 * vn_each))
        assert lost.base == pytest.approx(lost.lost)
    assert worth_of_pool("impression_to_click", [(1.0, unknown)]) is None
    assert worth_of_pool("payment_to_fulfilment", [(1.0, us)]) is None
