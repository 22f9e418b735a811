"""From orders and reports to figures: cohorts of one age, business hours, both measures of the same days."""

from __future__ import annotations

import itertools
import math
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.order_figures import (
    PAYING,
    REFUNDING,
    SHIPPING,
    OrderFigures,
    days_due,
    order_duration,
    order_line,
    order_rate,
    order_steps,
)
from scoring.evaluation.report_figures import ReportBook, ad_spend, click_through, reported_steps
from scoring.evaluation.spans import SpanLength, last_spans, longest_with_past, span_name
from scoring.funnel.units import DAY_MS, HOUR_MS
from scoring.records.order_life import OrderLife
from scoring.records.report_row import Period, ReportRow

ZONE = "Asia/Shanghai"


def at(text: str, zone: str = ZONE) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


MARCH = EvaluationSpan(at("2026-03-01"), at("2026-04-01"), ZONE)
LATE = at("2026-07-01")


def order(number: int, paid: str, ship_hours: float = 0, refund_days: float = 0, **more: Any) -> OrderLife:
    paid_ms = at(paid)
    known: dict[str, Any] = {"placed_ms": paid_ms - HOUR_MS, "paid_ms": paid_ms}
    if ship_hours:
        known |= {"shipped_ms": round(paid_ms + ship_hours * HOUR_MS), "is_shipped": True}
    if refund_days:
        known |= {"refunds": {"r": "5.00"}, "refund_times": {"r": round(paid_ms + refund_days * DAY_MS)}}
    return OrderLife("s1", f"o{number:04}", **{**known, **more})


def of(*lives: OrderLife, until: int = LATE) -> OrderFigures:
    return OrderFigures(lives, "orders.csv", until, ZONE)


def test_months_weeks_and_quarters_are_those_of_the_zone_and_end_where_the_next_begins() -> None:
    months = last_spans(at("2026-03-15T12:00"), ZONE, SpanLength.MONTH, 14)
    assert span_name(months[0]) == "2026-02-01/2026-02-28"
    assert span_name(months[13]) == "2025-01-01/2025-01-31"
    weeks = last_spans(at("2026-03-15T12:00"), ZONE, SpanLength.WEEK, 2)
    assert [span_name(one) for one in weeks] == ["2026-03-02/2026-03-08", "2026-02-23/2026-03-01"]
    quarters = last_spans(at("2026-03-15"), ZONE, SpanLength.QUARTER, 2)
    assert [span_name(one) for one in quarters] == ["2025-10-01/2025-12-31", "2025-07-01/2025-09-30"]


@given(
    st.integers(1_500_000_000_000, 1_900_000_000_000),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London"]),
    st.sampled_from(SpanLength),
)
def test_periods_touch_through_daylight_saving_and_the_last_is_complete(
    until: int, zone: str, length: SpanLength
) -> None:
    spans = last_spans(until, zone, length, 5)
    assert spans[0].end_ms <= until
    assert all(earlier.end_ms == later.start_ms for later, earlier in itertools.pairwise(spans))


def test_an_order_counts_in_the_period_in_which_it_was_paid_to_the_millisecond() -> None:
    edge = [order(1, "2026-03-01", 30), order(2, "2026-04-01", 30), order(3, "2026-02-28T23:59:59", 30)]
    figure = order_rate(of(*edge), SHIPPING, MARCH, 14)
    assert figure is not None
    assert (figure.inputs["k"], figure.inputs["n"]) == (1, 1)
    assert figure.rows[0].relation == "orders.csv"
    assert str(MARCH.start_ms) in figure.rows[0].condition


def test_a_young_period_is_looked_at_for_a_shorter_time_and_one_too_young_is_not_due() -> None:
    lives = (order(1, "2026-03-10", refund_days=3), order(2, "2026-03-11", refund_days=20))
    assert days_due(of(*lives), REFUNDING, MARCH) == 45
    assert days_due(of(*lives, until=at("2026-04-20")), REFUNDING, MARCH) == 14
    assert days_due(of(*lives, until=at("2026-04-05")), REFUNDING, MARCH) is None
    young = order_rate(of(*lives), REFUNDING, MARCH, 14)
    assert young is not None
    assert (young.inputs["k"], young.inputs["n"]) == (1, 2)


def test_a_period_that_just_ended_had_no_figure_of_what_takes_days() -> None:
    """It speaks of the orders whose least time ended in it, the same as the periods that it is compared with."""
    spans = last_spans(at("2026-05-01"), ZONE, SpanLength.MONTH, 2)
    lives = [
        order(100 * month + day, f"2026-{month:02}-{day:02}T10:00", 20, 3 if day % 5 == 0 else 0)
        for month in (2, 3, 4)
        for day in range(1, 29)
    ]
    young = of(*lives, until=at("2026-05-01"))
    refunds = [one.inputs for one in order_line(young, REFUNDING, spans).figures if one is not None]
    # paid from 25 March to 23 April (seven days before), and from 22 February to 24 March
    assert [(one["k"], one["n"]) for one in refunds] == [(5, 27), (5, 31)]
    shipped = order_line(young, SHIPPING, spans, is_duration=True).figures[0]
    assert shipped is not None
    assert f"paid_ms < {spans[0].end_ms - 3 * DAY_MS}" in shipped.rows[0].condition


def test_orders_that_never_name_a_refund_were_read_as_a_shop_without_refunds() -> None:
    assert days_due(of(order(1, "2026-03-10", 30)), REFUNDING, MARCH) is None


def test_refunds_of_which_nobody_knows_when_were_read_as_orders_without_one() -> None:
    known = [order(number, "2026-03-10", refund_days=3) for number in range(20)]
    untimed = [order(20 + number, "2026-03-11", refunds={"*": "9.00"}) for number in range(2)]
    assert days_due(of(*known), REFUNDING, MARCH) == 45
    assert days_due(of(*known, *untimed), REFUNDING, MARCH) is None


def test_test_orders_and_those_of_no_price_are_in_no_figure() -> None:
    figure = order_rate(
        of(order(1, "2026-03-10", 30), order(2, "2026-03-10", 30, test=True)), SHIPPING, MARCH, 14
    )
    assert figure is not None
    assert figure.n == 1


def test_a_night_and_a_weekend_do_not_delay_a_warehouse_that_is_shut() -> None:
    """Paid on a Friday at 17:30, shipped on the Monday at 09:30: one business hour, not sixty-four."""
    days = [f"2026-03-{day:02}" for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20)]
    hourly = [
        order(100 * at_ + hour, f"{day}T{hour:02}:10", 0.5)
        for at_, day in enumerate(days)
        for hour in range(9, 18)
    ]
    friday = [order(9000 + at_, "2026-03-27T17:30", 64) for at_ in range(2)]
    only = EvaluationSpan(at("2026-03-27"), at("2026-03-28"), ZONE)
    figure = order_duration(of(*hourly, *friday), SHIPPING, only, 14)
    assert figure is not None
    assert figure.value == pytest.approx(1.0)


def test_figures_of_a_store_come_period_by_period_with_the_same_age() -> None:
    spans = last_spans(at("2026-05-20"), ZONE, SpanLength.MONTH, 3)
    lives = [
        order(100 * month + day, f"2026-{month:02}-{day:02}T10:00", 20 + day, 10 if day % 5 == 0 else 0)
        for month in (2, 3, 4)
        for day in range(1, 29)
    ]
    known = of(*lives, until=at("2026-05-20"))
    refunds = [one.inputs for one in order_line(known, REFUNDING, spans).figures if one is not None]
    assert [(one["k"], one["n"]) for one in refunds] == [(5, 28)] * 3
    assert set(order_steps(known, spans)) == {"order_to_payment", "payment_to_fulfilment"}
    late = order_line(known, SHIPPING, spans, is_duration=True).figures[0]
    assert late is not None
    assert math.isfinite(late.g)


@given(st.permutations(range(12)))
def test_the_order_in_which_orders_come_changes_no_figure(order_of: list[int]) -> None:
    lives = [order(number, f"2026-03-{number + 1:02}T09:00", 5 + number) for number in range(12)]
    shuffled = of(*(lives[number] for number in order_of))
    assert order_duration(shuffled, SHIPPING, MARCH, 14) == order_duration(of(*lives), SHIPPING, MARCH, 14)
    assert order_rate(shuffled, PAYING, MARCH, 7) == order_rate(of(*lives), PAYING, MARCH, 7)


def row(measure: str, value: int, day: int = 1, **more: Any) -> ReportRow:
    start = at(f"2026-03-{day:02}")
    known: dict[str, Any] = {
        "store_id": "s1",
        "source": "shopee",
        "measure": measure,
        "period": Period.DAY,
        "period_start_ms": start,
        "period_end_ms": start + DAY_MS,
        "zone": ZONE,
        "value": str(value),
        "told_at_ms": start + 3 * DAY_MS,
    }
    return ReportRow(**{**known, **more})


def test_clicks_and_impressions_are_of_the_same_days_and_of_one_source() -> None:
    rows = [row("impressions", 1000), row("clicks", 40), row("impressions", 9000, 2)]
    rows += [row("impressions", 500, source="meta"), row("clicks", 50, source="meta")]
    found = click_through(ReportBook(rows), MARCH)
    assert set(found) == {"shopee: impressions, clicks", "meta: impressions, clicks"}
    figure = found["shopee: impressions, clicks"]
    assert (figure.inputs["k"], figure.inputs["n"], figure.rows[0].count) == (40, 1000, 2)
    assert "source = 'shopee'" in figure.rows[0].condition
    assert click_through(ReportBook(rows[2:3]), MARCH) == {}


def test_a_restated_figure_takes_the_place_of_the_older_one() -> None:
    rows = [row("impressions", 1000), row("clicks", 40), row("clicks", 60, told_at_ms=LATE)]
    (figure,) = click_through(ReportBook(rows), MARCH).values()
    assert figure.inputs["k"] == 60


def test_parts_of_a_store_incomplete_days_and_other_months_are_in_no_sum() -> None:
    others = [
        row("impressions", 7, dimensions={"product": "p"}),
        row("impressions", 7, 3, complete=False),
        row("impressions", 7, 4, period=Period.RANGE),
    ]
    rows = [row("impressions", 1000), row("clicks", 40), *others, row("clicks", 3, 3), row("clicks", 3, 4)]
    (figure,) = click_through(ReportBook(rows), MARCH).values()
    assert (figure.inputs["k"], figure.inputs["n"]) == (40, 1000)
    assert click_through(ReportBook(rows), EvaluationSpan(at("2026-04-01"), at("2026-05-01"), ZONE)) == {}


def test_orders_per_visitor_of_a_report_is_a_count_and_not_a_share_of_people() -> None:
    steps = reported_steps(ReportBook([row("visitors", 10), row("orders", 12)]), MARCH)
    assert steps["shopee"].figure.value == 1.2
    assert steps["shopee"].step == "click_to_order"
    foreign = [row("visitors", 10, source="amazon"), row("orders", 12, source="amazon")]
    assert reported_steps(ReportBook(foreign), MARCH) == {}


def test_spend_of_a_day_is_the_whole_or_its_parts_and_never_both() -> None:
    parts = [row("spend", n, source="shopee", currency="USD", dimensions={"ad": f"a{n}"}) for n in (3, 4)]
    whole = row("spend", 9, 2, source="shopee", currency="USD")
    part_of_it = row("spend", 5, 2, source="shopee", currency="USD", dimensions={"ad": "a3"})
    meta = row("spend", 20, source="meta", currency="USD", dimensions={"account": "1"})
    spend = ad_spend(ReportBook([*parts, whole, part_of_it, meta]), MARCH)
    assert spend is not None
    assert (spend.amount, spend.sources, spend.rows) == (36, ("meta", "shopee"), 4)
    euros = row("spend", 20, 3, source="meta", currency="EUR")
    assert ad_spend(ReportBook([*parts, euros]), MARCH) is None


@pytest.mark.parametrize(
    ("days", "length"),
    [(400, SpanLength.MONTH), (190, SpanLength.MONTH), (60, SpanLength.WEEK), (31, SpanLength.DAY)],
)
def test_a_month_of_exports_was_judged_by_months_and_got_no_score_at_all(
    days: int, length: SpanLength
) -> None:
    until = at("2026-07-01")
    assert longest_with_past(until - days * DAY_MS, until, ZONE) is length
