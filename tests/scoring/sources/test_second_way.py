"""Days by two ways: what the second way does not say is neither agreement nor difference."""

from __future__ import annotations

from scoring.sources.second_way import DayDifference, DayFigures, days_of, differences


def day(name: str, **figures: str) -> DayFigures:
    return DayFigures(name, {key.replace("_", " "): value for key, value in figures.items()})


def test_the_same_figures_written_otherwise_agree() -> None:
    stored = [day("2026-11-01", orders="31", money_USD="1204.50")]
    assert differences(stored, [day("2026-11-01", orders="31.0", money_USD="1204.5")]) == ()


def test_a_cent_of_rounding_is_not_a_difference_two_are() -> None:
    stored = [day("2026-11-01", money_USD="10.00")]
    assert differences(stored, [day("2026-11-01", money_USD="10.01")]) == ()
    assert len(differences(stored, [day("2026-11-01", money_USD="10.02")])) == 1


def test_orders_that_are_missing_or_too_many_differ_with_their_day() -> None:
    stored = [day("2026-11-01", orders="30"), day("2026-11-02", orders="4")]
    found = differences(stored, [day("2026-11-02", orders="4"), day("2026-11-01", orders="31")])
    assert found == (DayDifference("2026-11-01", "orders", "30", "31"),)
    assert days_of(found) == ("2026-11-01",)


def test_a_day_that_is_not_stored_at_all_is_zero() -> None:
    assert differences([], [day("2026-11-01", orders="1")]) == (
        DayDifference("2026-11-01", "orders", "0", "1"),
    )
    assert differences([], [day("2026-11-01", orders="0")]) == ()


def test_what_the_second_way_does_not_say_is_left_out() -> None:
    stored = [day("2026-11-01", orders="3", paid="2", money_USD="5"), day("2026-11-02", orders="9")]
    assert differences(stored, [day("2026-11-01", orders="3")]) == ()


def test_what_a_push_said_may_be_more_than_the_row_says_but_not_less() -> None:
    stored = [day("2026-11-01", shipped_of_them="7")]
    assert differences(stored, [day("2026-11-01", at_least_shipped_of_them="6")]) == ()
    assert len(differences(stored, [day("2026-11-01", at_least_shipped_of_them="8")])) == 1


def test_money_before_taxes_differs_only_where_it_has_another_size() -> None:
    stored = [day("2026-11-01", money_USD="120")]
    assert differences(stored, [day("2026-11-01", about_money_USD="100")]) == ()
    assert len(differences(stored, [day("2026-11-01", about_money_USD="1.2")])) == 1
    assert len(differences(stored, [day("2026-11-01", about_money_CNY="100")])) == 2


def test_money_in_another_currency_differs_twice() -> None:
    found = differences([day("2026-11-01", money_CNY="5")], [day("2026-11-01", money_USD="5")])
    assert [(one.figure, one.stored, one.second) for one in found] == [
        ("money CNY", "5", "0"),
        ("money USD", "0", "5"),
    ]
