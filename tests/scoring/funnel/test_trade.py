"""What stores sold today against the same hours of earlier days."""

from __future__ import annotations

import pytest

from scoring.funnel.trade import Trade, TradeFigure, trade_figures

EVERYBODY = frozenset({"a", "b", "new"})


def test_a_day_is_compared_with_the_day_and_the_week_before() -> None:
    figures = trade_figures(
        {"a": Trade(200, 10, 500.0, 10)},
        {"a": Trade(100, 10, 1000.0, 10)},
        {"a": Trade(400, 5, 250.0, 5)},
        EVERYBODY,
        EVERYBODY,
    )
    assert figures.sales == TradeFigure(500.0, 0.5, 2.0)
    assert figures.orders == TradeFigure(10, 1.0, 2.0)
    assert figures.visits == TradeFigure(200, 2.0, 0.5)
    assert figures.conversion == TradeFigure(0.05, 0.5, 4.0)


def test_a_new_store_was_a_rise_of_the_others() -> None:
    now = {"a": Trade(100, 10, 100.0, 10), "new": Trade(900, 90, 900.0, 90)}
    opened_late = {"a": Trade(100, 20, 200.0, 20), "new": Trade(1, 1, 1.0, 1)}
    figures = trade_figures(now, opened_late, {}, {"a"}, frozenset())
    assert figures.orders == TradeFigure(100, 0.5, None)
    assert figures.sales == TradeFigure(1000.0, 0.5, None)


def test_what_is_not_supplied_does_not_count_as_zero() -> None:
    figures = trade_figures({"a": Trade(0, 7), "b": Trade(50, 5)}, {}, {}, EVERYBODY, EVERYBODY)
    assert figures.sales == TradeFigure(None)
    assert figures.visits.value == 50
    assert figures.conversion.value == pytest.approx(0.1), (
        "orders of a store without visits are in no conversion"
    )
    nothing = trade_figures({}, {}, {}, EVERYBODY, EVERYBODY)
    assert nothing.orders == nothing.visits == TradeFigure(None)


def test_the_value_of_an_order_is_over_the_orders_that_have_a_price() -> None:
    figures = trade_figures(
        {"a": Trade(100, 10, 800.0, 8), "free": Trade(50, 5)},
        {"a": Trade(100, 10, 500.0, 10), "free": Trade(50, 5)},
        {},
        EVERYBODY,
        EVERYBODY,
    )
    assert (figures.order_value.value, figures.order_value.day, figures.order_value.week) == (
        100.0,
        2.0,
        None,
    )
    assert trade_figures({"free": Trade(50, 5)}, {}, {}, EVERYBODY, EVERYBODY).order_value.value is None


def test_orders_that_no_page_led_to_were_missing_from_what_was_sold() -> None:
    sold = {"a": Trade(100, 12, 600.0, 12, pageless=2), "till": Trade(0, 5, 50.0, 5, pageless=5)}
    figures = trade_figures(sold, {}, {}, EVERYBODY, EVERYBODY)
    assert (figures.orders.value, figures.sales.value) == (17, 650.0)
    assert figures.conversion.value == pytest.approx(0.1), "they are part of no conversion"


def test_the_amounts_of_a_hundredth_of_the_orders_were_called_sales() -> None:
    imported = {"a": Trade(1000, 2000, 900.0, 20), "b": Trade(100, 10, 500.0, 8)}
    figures = trade_figures(imported, {}, {}, EVERYBODY, EVERYBODY)
    assert figures.sales.value == 500.0
    assert trade_figures({"a": imported["a"]}, {}, {}, EVERYBODY, EVERYBODY).sales.value is None
